package packet

import (
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

func TestIPv6(t *testing.T) {
	gre := join(t, enhanced(61))
	// ext is an extension header of 8 bytes times (more + 1).
	ext := func(next, more byte) gopacket.Payload {
		return append(gopacket.Payload{next, more}, make([]byte, 6+8*int(more))...)
	}
	part := func(next byte, offset uint16) gopacket.Payload {
		return gopacket.Payload{next, 0, byte(offset >> 5), byte(offset << 3), 0, 0, 0, 1}
	}
	packet := func(next layers.IPProtocol, parts ...gopacket.SerializableLayer) []byte {
		return join(t, append([]gopacket.SerializableLayer{ip6(client6, gate6, next)}, parts...)...)
	}
	many := make([]gopacket.SerializableLayer, 0, maxExtensions+1)
	for range maxExtensions {
		many = append(many, ext(extDestination, 0))
	}
	most := append(append([]gopacket.SerializableLayer{}, many[:maxExtensions-2]...), ext(flow.ProtoGRE, 0), gopacket.Payload(gre))
	jumbo := packet(flow.ProtoGRE, gopacket.Payload(gre))
	jumbo[4], jumbo[5] = 0, 0
	short := packet(flow.ProtoGRE, gopacket.Payload(gre))
	short[5] = 7

	plain := flow.Record{Src: client6, Dst: gate6, Proto: flow.ProtoGRE}
	known := greRecord(client6, gate6, 61)
	of := func(proto uint8) flow.Record { return flow.Record{Src: client6, Dst: gate6, Proto: proto} }
	quote := packet(flow.ProtoGRE, gopacket.Payload(gre))
	dropped := known
	dropped.Drop, dropped.Code, dropped.DropBy = flow.DropICMP, 1, gate6

	for _, tt := range []struct {
		name string
		b    []byte
		want flow.Record
	}{
		{"GRE", packet(flow.ProtoGRE, gopacket.Payload(gre)), known},
		{"payload length 0", jumbo, known},
		{"payload length ends before the Call ID", short, plain},
		{"hop-by-hop and destination options", packet(extHopByHop, ext(extDestination, 2), ext(flow.ProtoGRE, 1), gopacket.Payload(gre)), known},
		{"authentication header", packet(extAuth, gopacket.Payload{flow.ProtoGRE, 4}, gopacket.Payload(make([]byte, 22)), gopacket.Payload(gre)), known},
		{"first fragment", packet(extFragment, part(flow.ProtoGRE, 0), gopacket.Payload(gre)), known},
		{"later fragment", packet(extFragment, part(flow.ProtoGRE, 99), gopacket.Payload(gre)), plain},
		{"as many extensions as are followed", packet(extDestination, most...), known},
		{"more extensions than are followed", packet(extDestination, append(many, ext(flow.ProtoGRE, 0), gopacket.Payload(gre))...), of(extDestination)},
		{"extension cut off", packet(extRouting)[:40], of(extRouting)},
		{"extension longer than what is there", packet(extRouting, gopacket.Payload{flow.ProtoGRE, 200}), plain},
		{"fragment header cut off", packet(extFragment, gopacket.Payload{flow.ProtoGRE, 0, 0}), of(extFragment)},
		{"quotes GRE", join(t, ip6(gate6, client6, 58), gopacket.Payload{1, 1, 0, 0, 0, 0, 0, 0}, gopacket.Payload(quote)), dropped},
		{
			"packet too big is no refusal", join(t, ip6(gate6, client6, 58), gopacket.Payload{2, 0, 0, 0, 0, 0, 5, 0}, gopacket.Payload(quote)),
			flow.Record{Src: gate6, Dst: client6, Proto: flow.ProtoICMPv6, ICMPType: 2, HasICMP: true},
		},
		{
			"IPv4-mapped", join(t, ip6(netip.AddrFrom16(client.As16()), netip.AddrFrom16(gateway.As16()), flow.ProtoGRE), gopacket.Payload(gre)),
			greRecord(client, gateway, 61),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r flow.Record
			require.True(t, Parse(&r, LinkIP, tt.b))
			assert.Equal(t, tt.want, r)
		})
	}
}
