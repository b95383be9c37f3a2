package packet

import (
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// BenchmarkParse has beside it gopacket's fastest way.
func BenchmarkParse(b *testing.B) {
	for _, bb := range []struct {
		name  string
		frame []byte
	}{
		{"gre", framed(b, grePacket(b, client, gateway, 61))},
		{"tcp_1723", framed(b, tcpPacket(b, client, gateway, 40000, 1723))},
		{"tcp_other", framed(b, tcpPacket(b, client, gateway, 40000, 443))},
		{"icmp_quoting_gre", framed(b, unreachable(b, gateway, client, 2, grePacket(b, client, gateway, 61)))},
	} {
		b.Run(bb.name+"/ours", func(b *testing.B) {
			var r flow.Record
			b.ReportAllocs()
			for b.Loop() {
				Parse(&r, LinkEthernet, bb.frame)
			}
		})
		b.Run(bb.name+"/ours_filtered", func(b *testing.B) {
			var r flow.Record
			b.ReportAllocs()
			for b.Loop() {
				if h, ok := Find(LinkEthernet, bb.frame); ok && h.Relevant() {
					h.Fill(&r)
				}
			}
		})
		b.Run(bb.name+"/gopacket", func(b *testing.B) {
			var eth layers.Ethernet
			var ip layers.IPv4
			var tcp layers.TCP
			var gre layers.GRE
			var icmp layers.ICMPv4
			parser := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &eth, &ip, &tcp, &gre, &icmp)
			parser.IgnoreUnsupported = true
			var decoded []gopacket.LayerType
			b.ReportAllocs()
			for b.Loop() {
				_ = parser.DecodeLayers(bb.frame, &decoded)
			}
		})
	}
}
