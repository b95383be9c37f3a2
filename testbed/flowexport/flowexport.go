// Package flowexport writes flow exports for tests and measurements: what the
// exporter of a router sends, in NetFlow v5, NetFlow v9 or IPFIX.
package flowexport

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// Flow is one record. Addresses are IPv4.
type Flow struct {
	Src, Dst         netip.Addr
	Proto            uint8
	SrcPort, DstPort uint16
	Flags            uint8
	Packets, Bytes   uint32
	Start, End       time.Time
}

// Exporter writes datagrams in one version, one after the other. It is not safe
// for concurrent use.
type Exporter struct {
	Version flow.Version // NetFlow5, NetFlow9 or IPFIX
	Domain  uint32
	Boot    time.Time // when its clock began
	Seq     uint32    // of the next datagram
}

// templateID is that of the one template.
const templateID = 256

// fields are those of the template, each with its length. Times differ: NetFlow
// v9 has them since boot, IPFIX since the epoch.
var fields = map[flow.Version][][2]uint16{
	flow.NetFlow9: {{8, 4}, {12, 4}, {2, 4}, {1, 4}, {22, 4}, {21, 4}, {7, 2}, {11, 2}, {6, 1}, {4, 1}, {10, 2}, {14, 2}},
	flow.IPFIX:    {{8, 4}, {12, 4}, {2, 4}, {1, 4}, {152, 8}, {153, 8}, {7, 2}, {11, 2}, {6, 1}, {4, 1}, {10, 2}, {14, 2}},
}

var be = binary.BigEndian

// Template appends a datagram with the template to b. NetFlow v5 has none.
func (x *Exporter) Template(b []byte, now time.Time) []byte {
	start := len(b)
	b = x.header(b, now, 1)
	set := len(b)
	b = be.AppendUint16(b, map[flow.Version]uint16{flow.NetFlow9: 0, flow.IPFIX: 2}[x.Version])
	b = be.AppendUint16(b, 0)
	b = be.AppendUint16(b, templateID)
	b = be.AppendUint16(b, uint16(len(fields[x.Version])))
	for _, f := range fields[x.Version] {
		b = be.AppendUint16(be.AppendUint16(b, f[0]), f[1])
	}
	return x.end(b, start, set, 0)
}

// Datagram appends a datagram with the flows to b: not more than fit, which is
// 30 in NetFlow v5.
func (x *Exporter) Datagram(b []byte, now time.Time, flows []Flow) []byte {
	start := len(b)
	b = x.header(b, now, len(flows))
	set := len(b)
	if x.Version != flow.NetFlow5 {
		b = be.AppendUint16(b, templateID)
		b = be.AppendUint16(b, 0)
	}
	for i := range flows {
		b = x.record(b, &flows[i])
	}
	return x.end(b, start, set, len(flows))
}

func (x *Exporter) header(b []byte, now time.Time, count int) []byte {
	if x.Version == flow.IPFIX {
		b = be.AppendUint16(b, 10)
		b = be.AppendUint16(b, 0) // length
		b = be.AppendUint32(b, uint32(now.Unix()))
		b = be.AppendUint32(b, x.Seq)
		return be.AppendUint32(b, x.Domain)
	}
	b = be.AppendUint16(b, uint16(x.Version))
	b = be.AppendUint16(b, uint16(count))
	// Both clocks have the same fraction of a second, as if the export were at its start.
	b = be.AppendUint32(b, x.uptime(now.Truncate(time.Second)))
	b = be.AppendUint32(b, uint32(now.Unix()))
	if x.Version == flow.NetFlow9 {
		b = be.AppendUint32(b, x.Seq)
		return be.AppendUint32(b, x.Domain)
	}
	b = be.AppendUint32(b, 0) // nanoseconds
	b = be.AppendUint32(b, x.Seq)
	return append(b, 0, byte(x.Domain), 0, 0) // engine type and ID, sampling
}

// end fills in the lengths, and counts on: v9 counts datagrams, the others records.
func (x *Exporter) end(b []byte, start, set, records int) []byte {
	if x.Version != flow.NetFlow5 {
		be.PutUint16(b[set+2:], uint16(len(b)-set))
	}
	switch x.Version {
	case flow.IPFIX:
		be.PutUint16(b[start+2:], uint16(len(b)-start))
		x.Seq += uint32(records)
	case flow.NetFlow9:
		x.Seq++
	default:
		x.Seq += uint32(records)
	}
	return b
}

func (x *Exporter) uptime(t time.Time) uint32 { return uint32(t.Sub(x.Boot).Milliseconds()) }

func (x *Exporter) record(b []byte, f *Flow) []byte {
	src, dst := f.Src.As4(), f.Dst.As4()
	b = append(append(b, src[:]...), dst[:]...)
	if x.Version == flow.NetFlow5 {
		b = append(b, 0, 0, 0, 0, 0, 1, 0, 2) // next hop, interfaces
	}
	b = be.AppendUint32(b, f.Packets)
	b = be.AppendUint32(b, f.Bytes)
	if x.Version == flow.IPFIX {
		b = be.AppendUint64(b, uint64(f.Start.UnixMilli()))
		b = be.AppendUint64(b, uint64(f.End.UnixMilli()))
	} else {
		b = be.AppendUint32(b, x.uptime(f.Start))
		b = be.AppendUint32(b, x.uptime(f.End))
	}
	b = be.AppendUint16(b, f.SrcPort)
	b = be.AppendUint16(b, f.DstPort)
	if x.Version == flow.NetFlow5 {
		return append(b, 0, f.Flags, f.Proto, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	return append(b, f.Flags, f.Proto, 0, 1, 0, 2)
}
