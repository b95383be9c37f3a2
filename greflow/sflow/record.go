package sflow

import (
	"math"
	"net/netip"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/packet"
)

// Record formats (enterprise 0).
const (
	recordHeader = 1
	recordIPv4   = 3
	recordIPv6   = 4
	recordNAT    = 1007
)

// links are the header protocols that are known.
var links = [...]struct {
	known bool
	link  packet.Link
}{
	1:  {true, packet.LinkEthernet},
	7:  {true, packet.LinkPPP},
	11: {true, packet.LinkIP},
	12: {true, packet.LinkIP},
	13: {true, packet.LinkMPLS},
	14: {true, packet.LinkPPP}, // over SONET, in HDLC-like framing
}

// content is what the records of a sample hold.
type content struct {
	header  packet.Header
	found   bool   // header is there
	length  uint32 // of the frame
	fields  []byte // the record of the fields of an IP header
	address int    // the length of an address in it
	nat     []byte // the record of the addresses after translation
}

// decodeSample gives to the sink what is in a sample.
func (d *Decoder) decodeSample(s *sample, err *Error, sink flow.Sink) *Error {
	var c content
	err = d.readRecords(s, &c, err)
	if !c.found && c.fields == nil {
		d.stats.NoPacket++
		return err
	}
	d.stats.Records++
	if !d.cfg.All && !c.relevant() {
		return err
	}
	d.fill(s, &c)
	d.stats.Delivered++
	sink.Record(&d.record)
	return err
}

// fill sets all of the record that differs from sample to sample.
func (d *Decoder) fill(s *sample, c *content) {
	r := &d.record
	code, dropped := d.begin(s.format, s.fixed, s.source, s.rate)
	if c.found {
		r.Bytes = uint64(c.length)
		c.header.Fill(r)
	} else {
		c.fill(r)
	}
	// What an ICMP message says is about the packet it quotes, what the agent says is
	// about the message.
	if r.Drop == flow.DropICMP {
		return
	}
	if dropped {
		r.Drop, r.Code = flow.DropSFlow, code
	}
	if c.nat != nil {
		r.PostSrc, r.PostDst = readNAT(c.nat)
	}
}

// begin sets what the fixed part of a sample says, and clears what
// [packet.Header.Fill] does not. It returns why the agent dropped the packet, if it did.
func (d *Decoder) begin(format uint32, fixed []byte, source uint64, rate uint32) (code uint16, dropped bool) {
	r := &d.record
	in, out, reason, dropped := ports(format, fixed)
	r.In, r.Out = in.ifIndex(), out.ifIndex()
	r.Direction = direction(source, r.In, r.Out)
	r.Sampling = float64(rate)
	// The following are rarely set, and addresses dear to clear.
	if r.Drop != flow.NotDropped {
		r.Drop, r.Code, r.DropBy = flow.NotDropped, 0, netip.Addr{}
	}
	if r.PostSrc.IsValid() || r.PostDst.IsValid() {
		r.PostSrc, r.PostDst = netip.Addr{}, netip.Addr{}
	}
	return uint16(min(reason, math.MaxUint16)), dropped
}

// readRecords finds the records of a sample that are of use. A header is
// preferred to the fields of one.
func (d *Decoder) readRecords(s *sample, c *content, err *Error) *Error {
	b := s.records
	for n := s.count; n > 0; n-- {
		format, body, rest, ok := readOpaque(b)
		switch {
		case body == nil:
			return d.fail(err, ReasonRecordCount)
		case !ok:
			return d.fail(err, ReasonRecordLength)
		}
		b = rest
		switch format {
		case recordHeader:
			ok = c.readHeader(body)
		case recordIPv4:
			ok = c.readFields(body, 4)
		case recordIPv6:
			ok = c.readFields(body, 16)
		case recordNAT:
			c.nat = body
		}
		if !ok {
			err = d.fail(err, ReasonRecord)
		}
	}
	return err
}

// headerFixed is what stands before a header in its record.
const headerFixed = 16

// readHeader is false when the header is longer than its record.
func (c *content) readHeader(b []byte) bool {
	if len(b) < headerFixed || be.Uint32(b[12:]) > uint32(len(b)-headerFixed) {
		return false
	}
	if protocol := be.Uint32(b); !c.found && protocol < uint32(len(links)) && links[protocol].known {
		c.header, c.found = packet.Find(links[protocol].link, b[headerFixed:headerFixed+be.Uint32(b[12:])])
		c.length = be.Uint32(b[4:])
	}
	return true
}

// A record of the fields of an IP header has a length, a protocol, two addresses,
// two ports, TCP flags and a type of service; all but the addresses have 4 bytes.
const (
	fieldProtocol  = 4
	fieldAddresses = 8
	fieldsFixed    = 8 + 16
)

func (c *content) readFields(b []byte, address int) bool {
	if len(b) < fieldsFixed+2*address || be.Uint32(b[fieldProtocol:]) > math.MaxUint8 {
		return false
	}
	c.fields, c.address = b, address
	return true
}

// protocol and ports of the fields. A port that cannot be one is 0.
func (c *content) protocol() uint8 { return uint8(be.Uint32(c.fields[fieldProtocol:])) }

func (c *content) ports() (src, dst uint16) {
	b := c.afterAddresses()
	if v := be.Uint32(b); v <= math.MaxUint16 {
		src = uint16(v)
	}
	if v := be.Uint32(b[4:]); v <= math.MaxUint16 {
		dst = uint16(v)
	}
	return src, dst
}

func (c *content) afterAddresses() []byte { return c.fields[fieldAddresses+2*c.address:] }

// relevant is what [packet.Header.Relevant] is. Of ICMP the fields have neither
// type nor quote.
func (c *content) relevant() bool {
	if c.found {
		return c.header.Relevant()
	}
	switch c.protocol() {
	case flow.ProtoGRE:
		return true
	case flow.ProtoTCP:
		src, dst := c.ports()
		return src == flow.PPTPPort || dst == flow.PPTPPort
	}
	return false
}

// fill is what [packet.Header.Fill] is, from the fields of a header.
func (c *content) fill(r *flow.Record) {
	r.Bytes = uint64(be.Uint32(c.fields))
	r.Proto = c.protocol()
	r.SrcPort, r.DstPort, r.TCPFlags = 0, 0, 0
	r.ICMPType, r.ICMPCode, r.HasICMP = 0, 0, false
	r.CallID, r.HasCallID = 0, false
	src, dst := c.fields[fieldAddresses:], c.fields[fieldAddresses+c.address:]
	if c.address == 4 {
		r.Src, r.Dst = netip.AddrFrom4([4]byte(src)), netip.AddrFrom4([4]byte(dst))
	} else {
		r.Src, r.Dst = netip.AddrFrom16([16]byte(src)).Unmap(), netip.AddrFrom16([16]byte(dst)).Unmap()
	}
	// Of other protocols, the ports are what the agent takes for an equivalent.
	switch r.Proto {
	case flow.ProtoTCP:
		r.TCPFlags = c.afterAddresses()[11]
		fallthrough
	case protoUDP:
		r.SrcPort, r.DstPort = c.ports()
	}
}

const protoUDP = 17

// readNAT reads the addresses after translation; what was not translated is the
// same as before.
func readNAT(b []byte) (src, dst netip.Addr) {
	src, rest, ok := readAddress(b)
	if !ok {
		return netip.Addr{}, netip.Addr{}
	}
	dst, _, _ = readAddress(rest)
	return src, dst
}
