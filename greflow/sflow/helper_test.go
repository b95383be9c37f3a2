package sflow

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

var (
	sender  = netip.MustParseAddr("192.0.2.1")
	agent   = netip.MustParseAddr("192.0.2.2")
	client  = netip.MustParseAddr("198.51.100.7")
	gateway = netip.MustParseAddr("203.0.113.1")
	start   = time.Unix(1_800_000_000, 0)
)

// collect is a sink that keeps what it gets.
type collect struct {
	records []flow.Record
	notes   []flow.Note
}

func (c *collect) Record(r *flow.Record) { c.records = append(c.records, *r) }
func (c *collect) Note(n flow.Note)      { c.notes = append(c.notes, n) }

// kinds are the kinds and amounts of the notes.
func (c *collect) kinds() map[flow.NoteKind]float64 {
	m := map[flow.NoteKind]float64{}
	for _, n := range c.notes {
		m[n.Kind] += n.Amount
	}
	return m
}

func u32(values ...uint32) (b []byte) {
	for _, v := range values {
		b = be.AppendUint32(b, v)
	}
	return b
}

func concat(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// opaque writes a structure with its format and length, padded.
func opaque(format uint32, parts ...[]byte) []byte {
	body := concat(parts...)
	b := append(u32(format, uint32(len(body))), body...)
	return append(b, make([]byte, -len(body)&3)...)
}

func address(a netip.Addr) []byte {
	switch {
	case !a.IsValid():
		return u32(0)
	case a.Is4():
		return append(u32(1), a.AsSlice()...)
	}
	return append(u32(2), a.AsSlice()...)
}

// header is what a datagram begins with.
type header struct {
	agent                 netip.Addr
	subAgent, seq, uptime uint32
}

func (h header) datagram(samples ...[]byte) []byte {
	return concat(u32(5), address(h.agent), u32(h.subAgent, h.seq, h.uptime, uint32(len(samples))), concat(samples...))
}

// datagram has the given samples and otherwise nothing of note.
func datagram(samples ...[]byte) []byte {
	return header{agent: agent, seq: 1, uptime: 1000}.datagram(samples...)
}

// sampled is the fixed part of a sample.
type sampled struct {
	seq, source, rate, drops, in, out uint32
}

// usual is a sample at its first interface, 1 in 100.
var usual = sampled{seq: 1, source: 3, rate: 100, in: 3, out: 4}

func (s sampled) flow(records ...[]byte) []byte {
	return opaque(formatFlow, u32(s.seq, s.source, s.rate, 5000, s.drops, s.in, s.out, uint32(len(records))), concat(records...))
}

// expanded takes the formats of the interfaces from their upper bits.
func (s sampled) expanded(records ...[]byte) []byte {
	return opaque(formatFlowExpanded, u32(s.seq, s.source>>24, s.source&0xFFFFFF, s.rate, 5000, s.drops,
		s.in>>30, s.in&noInterface, s.out>>30, s.out&noInterface, uint32(len(records))), concat(records...))
}

func (s sampled) discard(reason uint32, records ...[]byte) []byte {
	return opaque(formatDiscard, u32(s.seq, s.source>>24, s.source&0xFFFFFF, s.drops, s.in, s.out, reason, uint32(len(records))), concat(records...))
}

// raw is a record of the first bytes of a packet.
func raw(protocol, frameLength uint32, b []byte) []byte {
	return opaque(recordHeader, u32(protocol, frameLength, 4, uint32(len(b))), b, make([]byte, -len(b)&3))
}

func fields4(length, proto uint32, src, dst netip.Addr, sport, dport, flags uint32) []byte {
	return opaque(recordIPv4, u32(length, proto), src.AsSlice(), dst.AsSlice(), u32(sport, dport, flags, 0))
}

func fields6(length, proto uint32, src, dst netip.Addr, sport, dport, flags uint32) []byte {
	s, d := src.As16(), dst.As16()
	return opaque(recordIPv6, u32(length, proto), s[:], d[:], u32(sport, dport, flags, 0))
}

func nat(src, dst netip.Addr) []byte { return opaque(recordNAT, address(src), address(dst)) }

// join writes layers after each other, with lengths and checksums.
func join(tb testing.TB, parts ...gopacket.SerializableLayer) []byte {
	tb.Helper()
	b := gopacket.NewSerializeBuffer()
	require.NoError(tb, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, parts...))
	return b.Bytes()
}

func ip4(src, dst netip.Addr, proto layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, IHL: 5, TTL: 60, SrcIP: src.AsSlice(), DstIP: dst.AsSlice(), Protocol: proto}
}

// ether puts an Ethernet header before a packet.
func ether(tb testing.TB, packet []byte) []byte {
	return join(tb, &layers.Ethernet{SrcMAC: []byte{2, 0, 0, 0, 0, 1}, DstMAC: []byte{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}, gopacket.Payload(packet))
}

// grePacket is a packet of a tunnel, from the IP header on.
func grePacket(tb testing.TB, src, dst netip.Addr, callID uint16) []byte {
	gre := &layers.GRE{KeyPresent: true, SeqPresent: true, Version: 1, Protocol: layers.EthernetTypePPP, Key: 40<<16 | uint32(callID)}
	return join(tb, ip4(src, dst, layers.IPProtocolGRE), gre, gopacket.Payload(make([]byte, 40)))
}

func tcpPacket(tb testing.TB, src, dst netip.Addr, sport, dport uint16) []byte {
	ip := ip4(src, dst, layers.IPProtocolTCP)
	tcp := &layers.TCP{SrcPort: layers.TCPPort(sport), DstPort: layers.TCPPort(dport), ACK: true}
	require.NoError(tb, tcp.SetNetworkLayerForChecksum(ip))
	return join(tb, ip, tcp, gopacket.Payload(make([]byte, 40)))
}

// unreachable is an ICMP destination unreachable that quotes a packet.
func unreachable(tb testing.TB, src, dst netip.Addr, code uint8, quoted []byte) []byte {
	return join(tb, ip4(src, dst, layers.IPProtocolICMPv4),
		&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, code)}, gopacket.Payload(quoted))
}

// decodeOne decodes one datagram with a new decoder.
func decodeOne(tb testing.TB, cfg Config, b []byte) (*collect, Stats) {
	tb.Helper()
	d, got := NewDecoder(cfg), &collect{}
	require.NoError(tb, d.Decode(sender, start, b, got))
	return got, d.Stats()
}
