package packet

import (
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"
)

var (
	client  = netip.MustParseAddr("198.51.100.7")
	gateway = netip.MustParseAddr("203.0.113.1")
	router  = netip.MustParseAddr("192.0.2.9")
	client6 = netip.MustParseAddr("2001:db8::7")
	gate6   = netip.MustParseAddr("2001:db8::1")
)

// join writes layers after each other, with lengths and checksums.
func join(tb testing.TB, parts ...gopacket.SerializableLayer) []byte {
	tb.Helper()
	b := gopacket.NewSerializeBuffer()
	require.NoError(tb, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, parts...))
	return b.Bytes()
}

func ether(typ layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: []byte{2, 0, 0, 0, 0, 1}, DstMAC: []byte{2, 0, 0, 0, 0, 2}, EthernetType: typ}
}

func vlan(id uint16, typ layers.EthernetType) *layers.Dot1Q {
	return &layers.Dot1Q{VLANIdentifier: id, Type: typ}
}

func ip4(src, dst netip.Addr, proto layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, IHL: 5, TTL: 60, SrcIP: src.AsSlice(), DstIP: dst.AsSlice(), Protocol: proto}
}

func ip6(src, dst netip.Addr, next layers.IPProtocol) *layers.IPv6 {
	src16, dst16 := src.As16(), dst.As16()
	return &layers.IPv6{Version: 6, HopLimit: 60, SrcIP: src16[:], DstIP: dst16[:], NextHeader: next}
}

// enhanced is the GRE header of PPTP with a sequence number.
func enhanced(callID uint16) *layers.GRE {
	return &layers.GRE{KeyPresent: true, SeqPresent: true, Version: 1, Protocol: layers.EthernetTypePPP, Key: 1400<<16 | uint32(callID), Seq: 1}
}

// grePacket is an IPv4 packet of a tunnel, with a payload.
func grePacket(tb testing.TB, src, dst netip.Addr, callID uint16) []byte {
	return join(tb, ip4(src, dst, layers.IPProtocolGRE), enhanced(callID), gopacket.Payload(make([]byte, 40)))
}

// tcpPacket is an IPv4 packet of the control connection, with a payload.
func tcpPacket(tb testing.TB, src, dst netip.Addr, sport, dport uint16) []byte {
	ip := ip4(src, dst, layers.IPProtocolTCP)
	tcp := &layers.TCP{SrcPort: layers.TCPPort(sport), DstPort: layers.TCPPort(dport), PSH: true, ACK: true, Window: 1000}
	require.NoError(tb, tcp.SetNetworkLayerForChecksum(ip))
	return join(tb, ip, tcp, gopacket.Payload(make([]byte, 16)))
}

// unreachable is an ICMP destination unreachable that quotes a packet.
func unreachable(tb testing.TB, src, dst netip.Addr, code uint8, quoted []byte) []byte {
	return join(tb, ip4(src, dst, layers.IPProtocolICMPv4),
		&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, code)},
		gopacket.Payload(quoted))
}

// framed puts an Ethernet header before a packet.
func framed(tb testing.TB, packet []byte) []byte {
	typ := layers.EthernetTypeIPv4
	if packet[0]>>4 == 6 {
		typ = layers.EthernetTypeIPv6
	}
	return join(tb, ether(typ), gopacket.Payload(packet))
}
