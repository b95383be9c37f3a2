package packet

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// TestAgainstGopacket parses random packets, many of them cut off or damaged, and
// compares with what gopacket says. It is compared only where gopacket decodes:
// it wants whole headers, of transports as well, and refuses bad options.
func TestAgainstGopacket(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	compared := map[uint8]int{}
	for range 30_000 {
		b := randomPacket(t, rnd)
		if rnd.IntN(3) == 0 {
			b = b[:rnd.IntN(len(b)+1)]
		}
		if rnd.IntN(3) == 0 && len(b) > 0 {
			b = append([]byte(nil), b...)
			for range 1 + rnd.IntN(3) {
				b[rnd.IntN(len(b))] = byte(rnd.Uint32())
			}
		}
		compared[compareWithGopacket(t, b)]++
	}
	for _, proto := range []uint8{flow.ProtoGRE, flow.ProtoTCP, protoUDP, flow.ProtoICMP} {
		require.Greater(t, compared[proto], 1000, "protocol %d must be seen", proto)
	}
}

// randomPacket is an Ethernet frame with something in it.
func randomPacket(tb testing.TB, rnd *rand.Rand) []byte {
	var parts []gopacket.SerializableLayer
	src := netip.AddrFrom4([4]byte{198, 51, 100, byte(rnd.Uint32())})
	six := rnd.IntN(3) == 0
	typ := layers.EthernetTypeIPv4
	if six {
		typ = layers.EthernetTypeIPv6
	}
	tags := rnd.IntN(3)
	if tags == 0 {
		parts = append(parts, ether(typ))
	} else {
		parts = append(parts, ether(layers.EthernetTypeDot1Q))
		for i := range tags {
			next := layers.EthernetTypeDot1Q
			if i == tags-1 {
				next = typ
			}
			parts = append(parts, vlan(uint16(rnd.IntN(4095)), next))
		}
	}
	proto := []layers.IPProtocol{layers.IPProtocolGRE, layers.IPProtocolTCP, layers.IPProtocolUDP, layers.IPProtocolICMPv4, 99}[rnd.IntN(5)]
	var network gopacket.NetworkLayer
	if six {
		ip := ip6(client6, gate6, proto)
		network = ip
		parts = append(parts, ip)
	} else {
		ip := ip4(src, gateway, proto)
		if rnd.IntN(4) == 0 {
			ip.FragOffset, ip.Flags = uint16(rnd.IntN(3)), layers.IPv4MoreFragments
		}
		if rnd.IntN(4) == 0 {
			ip.Options = []layers.IPv4Option{{OptionType: 1}, {OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}}
		}
		network = ip
		parts = append(parts, ip)
	}
	body := make(gopacket.Payload, rnd.IntN(60))
	switch proto {
	case layers.IPProtocolGRE:
		gre := enhanced(uint16(rnd.Uint32()))
		if rnd.IntN(4) == 0 {
			gre = &layers.GRE{Protocol: layers.EthernetTypeIPv4, KeyPresent: rnd.IntN(2) == 0, Version: uint8(rnd.IntN(2))}
		}
		parts = append(parts, gre)
	case layers.IPProtocolTCP:
		tcp := &layers.TCP{SrcPort: layers.TCPPort(rnd.Uint32()), DstPort: 1723, SYN: rnd.IntN(2) == 0, RST: rnd.IntN(2) == 0}
		require.NoError(tb, tcp.SetNetworkLayerForChecksum(network))
		parts = append(parts, tcp)
	case layers.IPProtocolUDP:
		udp := &layers.UDP{SrcPort: layers.UDPPort(rnd.Uint32()), DstPort: 53}
		require.NoError(tb, udp.SetNetworkLayerForChecksum(network))
		parts = append(parts, udp)
	case layers.IPProtocolICMPv4:
		parts = append(parts, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(uint8(rnd.IntN(13)), uint8(rnd.IntN(4)))})
	}
	return join(tb, append(parts, body)...)
}

// compareWithGopacket returns the protocol of what was compared, or 0.
func compareWithGopacket(t testing.TB, b []byte) uint8 {
	var r flow.Record
	ok := Parse(&r, LinkEthernet, b)
	packet := gopacket.NewPacket(b, layers.LayerTypeEthernet, gopacket.DecodeOptions{NoCopy: true})
	found := packet.Layers()
	tags := 0
	for i, layer := range found {
		// What gopacket could not decode is a layer as well, followed by one that says so.
		if i+1 < len(found) && found[i+1].LayerType() == gopacket.LayerTypeDecodeFailure {
			return 0
		}
		var want flow.Record
		switch l := layer.(type) {
		case *layers.Ethernet:
			continue
		case *layers.Dot1Q:
			if tags++; tags > maxTags {
				return 0
			}
			continue
		case *layers.IPv4:
			if l.Version != 4 { // gopacket believes the Ethernet type
				require.False(t, ok, "%x", b)
				return 0
			}
			want.Src, _ = netip.AddrFromSlice(l.SrcIP)
			want.Dst, _ = netip.AddrFromSlice(l.DstIP)
			want.Proto = uint8(l.Protocol)
		case *layers.IPv6:
			if l.Version != 6 {
				require.False(t, ok, "%x", b)
				return 0
			}
			want.Src, _ = netip.AddrFromSlice(l.SrcIP)
			want.Dst, _ = netip.AddrFromSlice(l.DstIP)
			want.Src, want.Dst = want.Src.Unmap(), want.Dst.Unmap()
			want.Proto = uint8(l.NextHeader)
			if isExtension(want.Proto) {
				return 0 // gopacket has its own idea of damaged ones; TestIPv6 has these
			}
		default:
			return 0
		}
		require.True(t, ok, "%x", b)
		if r.Drop == flow.DropICMP {
			return 0 // by chance a quote; TestICMP has these
		}
		require.Equal(t, []any{want.Src, want.Dst, want.Proto}, []any{r.Src, r.Dst, r.Proto}, "%x", b)
		if i+2 < len(found) && found[i+2].LayerType() == gopacket.LayerTypeDecodeFailure {
			return r.Proto
		}
		if i+1 < len(found) {
			compareTransport(t, found[i+1], &r, b)
		}
		return r.Proto
	}
	return 0
}

func isExtension(proto uint8) bool {
	switch proto {
	case extHopByHop, extRouting, extFragment, extAuth, extDestination, extMobility, extHIP, extShim6:
		return true
	}
	return false
}

func compareTransport(t testing.TB, layer gopacket.Layer, r *flow.Record, b []byte) {
	switch l := layer.(type) {
	case *layers.TCP:
		require.Equal(t, []uint16{uint16(l.SrcPort), uint16(l.DstPort)}, []uint16{r.SrcPort, r.DstPort}, "%x", b)
		require.Equal(t, l.Contents[13], r.TCPFlags, "%x", b)
	case *layers.UDP:
		require.Equal(t, []uint16{uint16(l.SrcPort), uint16(l.DstPort)}, []uint16{r.SrcPort, r.DstPort}, "%x", b)
	case *layers.ICMPv4:
		require.True(t, r.HasICMP, "%x", b)
		require.Equal(t, []uint8{l.TypeCode.Type(), l.TypeCode.Code()}, []uint8{r.ICMPType, r.ICMPCode}, "%x", b)
	case *layers.GRE:
		pptp := l.Version == 1 && l.Protocol == layers.EthernetTypePPP && l.KeyPresent && !l.ChecksumPresent && !l.RoutingPresent
		require.Equal(t, pptp, r.HasCallID, "%x", b)
		if pptp {
			require.Equal(t, uint16(l.Key), r.CallID, "%x", b)
		}
	}
}
