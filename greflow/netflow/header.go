package netflow

import (
	"encoding/binary"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// header is that of a datagram, of any version.
type header struct {
	version  uint16
	exporter flow.Exporter
	clock    clock
	sequence uint32
	count    int     // of records, v5
	rate     float64 // of sampling, v5; 0 is not told
	length   int     // of the header
	end      int     // of what is to be decoded
}

const (
	headerV5    = 24
	headerV9    = 20
	headerIPFIX = 16
	recordV5    = 48
)

// header reads the header of a datagram.
func (d *Decoder) header(version uint16, b []byte) (h header, ok bool) {
	h.version, h.end = version, len(b)
	switch version {
	case 5:
		h.length, h.exporter.Version = headerV5, flow.NetFlow5
	case 9:
		h.length, h.exporter.Version = headerV9, flow.NetFlow9
	case 10:
		h.length, h.exporter.Version = headerIPFIX, flow.IPFIX
	default:
		d.fail(ReasonVersion)
		return h, false
	}
	if len(b) < h.length {
		d.fail(ReasonShort)
		return h, false
	}
	be := binary.BigEndian
	seconds := func(at int) int64 { return int64(be.Uint32(b[at:])) * int64(time.Second) }
	switch version {
	case 5:
		h.count = int(be.Uint16(b[2:]))
		h.clock.uptime, h.clock.hasUptime = be.Uint32(b[4:]), true
		h.clock.export = seconds(8) + int64(be.Uint32(b[12:]))
		h.sequence = be.Uint32(b[16:])
		h.exporter.Domain = uint32(be.Uint16(b[20:])) // engine type and ID
		// Two bits of mode, which exporters leave at 0 even if they sample, and 14 of interval.
		h.rate = float64(be.Uint16(b[22:]) & 0x3fff)
		if h.count > (len(b)-headerV5)/recordV5 {
			d.fail(ReasonCount)
			return h, false
		}
	case 9:
		// The count is of records or of sets, by exporter: not read.
		h.clock.uptime, h.clock.hasUptime = be.Uint32(b[4:]), true
		h.clock.export = seconds(8)
		h.sequence, h.exporter.Domain = be.Uint32(b[12:]), be.Uint32(b[16:])
	case 10:
		h.clock.export = seconds(4)
		h.sequence, h.exporter.Domain = be.Uint32(b[8:]), be.Uint32(b[12:])
		switch length := int(be.Uint16(b[2:])); {
		case length < headerIPFIX:
			d.fail(ReasonMessageLength)
			return h, false
		case length > len(b):
			d.fail(ReasonMessageLength) // what there is may still be good
		default:
			h.end = length
		}
	}
	return h, true
}

// bootTolerance is how much the boot time may move without a restart: the export
// time has seconds only, and clocks are set.
const bootTolerance = 3 * time.Second

// boot follows when an exporter with sysUpTime in its headers has started.
type boot struct {
	known   bool
	at      uint32 // ms since the epoch, modulo 2^32, as sysUpTime is
	uptime  uint32
	arrival int64
}

// restarted says whether h is from after a restart. The boot time must have moved
// on, which it also does when the clock is set; so sysUpTime must not have gone on by our clock either.
func (o *boot) restarted(h *header) bool {
	if !h.clock.hasUptime {
		return false
	}
	before := *o
	*o = boot{
		known: true, at: uint32(h.clock.export/int64(time.Millisecond)) - h.clock.uptime,
		uptime: h.clock.uptime, arrival: h.clock.arrival,
	}
	if !before.known || int64(int32(o.at-before.at)) <= int64(bootTolerance/time.Millisecond) {
		return false
	}
	ran := int64(int32(o.uptime - before.uptime))
	passed := (o.arrival - before.arrival) / int64(time.Millisecond)
	return abs(ran-passed) > int64(bootTolerance/time.Millisecond)+passed/100
}
