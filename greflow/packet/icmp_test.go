package packet

import (
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

func TestICMP(t *testing.T) {
	gre := grePacket(t, client, gateway, 61)
	control := tcpPacket(t, gateway, client, 1723, 40000)
	web := tcpPacket(t, client, gateway, 40000, 443)
	message := func(code uint8) flow.Record {
		return flow.Record{Src: router, Dst: client, Proto: flow.ProtoICMP, ICMPType: 3, ICMPCode: code, HasICMP: true}
	}
	dropped := func(r flow.Record, code uint16) flow.Record {
		r.Drop, r.Code, r.DropBy = flow.DropICMP, code, router
		return r
	}
	echo := join(t, ip4(client, gateway, layers.IPProtocolICMPv4), &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0)}, gopacket.Payload(gre))
	exceeded := join(t, ip4(router, client, layers.IPProtocolICMPv4), &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(11, 0)}, gopacket.Payload(gre))
	bare := flow.Record{Src: client, Dst: gateway, Proto: flow.ProtoGRE}

	for _, tt := range []struct {
		name     string
		b        []byte
		want     flow.Record
		relevant bool
	}{
		{"quotes GRE", unreachable(t, router, client, 2, gre), dropped(greRecord(client, gateway, 61), 2), true},
		{"quotes GRE, prohibited", unreachable(t, router, client, 13, gre), dropped(greRecord(client, gateway, 61), 13), true},
		{"quotes GRE, fragmentation needed", unreachable(t, router, client, flow.ICMPTooBig, gre), dropped(greRecord(client, gateway, 61), flow.ICMPTooBig), true},
		{"quotes 8 bytes of GRE, as of old", unreachable(t, router, client, 2, gre[:28]), dropped(greRecord(client, gateway, 61), 2), true},
		{"quotes the header of GRE only", unreachable(t, router, client, 2, gre[:20]), dropped(bare, 2), true},
		{"quotes a later fragment of GRE", unreachable(t, router, client, 2, fragment(100, false, append([]byte(nil), gre...))), dropped(bare, 2), true},
		{
			"quotes 8 bytes of control", unreachable(t, router, gateway, 1, control[:28]),
			dropped(flow.Record{Src: gateway, Dst: client, Proto: flow.ProtoTCP, SrcPort: 1723, DstPort: 40000}, 1), true,
		},
		{
			"quotes all of control", unreachable(t, router, gateway, 1, control),
			dropped(flow.Record{Src: gateway, Dst: client, Proto: flow.ProtoTCP, SrcPort: 1723, DstPort: 40000, TCPFlags: 0x18}, 1), true,
		},
		{"quotes other TCP", unreachable(t, router, client, 3, web), message(3), false},
		{"quotes TCP without ports", unreachable(t, router, client, 3, web[:22]), message(3), true},
		{"quotes too little", unreachable(t, router, client, 3, gre[:12]), message(3), true},
		{"quotes nothing", unreachable(t, router, client, 3, nil), message(3), true},
		{"quotes an ICMP error that quotes GRE", unreachable(t, router, client, 2, unreachable(t, router, client, 2, gre)), message(2), false},
		{"cut off before the quote", unreachable(t, router, client, 2, gre)[:24], message(2), true},
		{"cut off within the type", unreachable(t, router, client, 2, gre)[:21], flow.Record{Src: router, Dst: client, Proto: flow.ProtoICMP}, false},
		{"later fragment", fragment(3, false, unreachable(t, router, client, 2, gre)), flow.Record{Src: router, Dst: client, Proto: flow.ProtoICMP}, false},
		{"echo request", echo, flow.Record{Src: client, Dst: gateway, Proto: flow.ProtoICMP, ICMPType: 8, HasICMP: true}, false},
		{"time exceeded", exceeded, flow.Record{Src: router, Dst: client, Proto: flow.ProtoICMP, ICMPType: 11, HasICMP: true}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r flow.Record
			require.True(t, Parse(&r, LinkIP, tt.b))
			assert.Equal(t, tt.want, r)
			h, _ := Find(LinkIP, tt.b)
			assert.Equal(t, tt.relevant, h.Relevant())
		})
	}
}

func TestRelevant(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"GRE", grePacket(t, client, gateway, 1), true},
		{"to 1723", tcpPacket(t, client, gateway, 40000, 1723), true},
		{"from 1723", tcpPacket(t, gateway, client, 1723, 40000), true},
		{"other TCP", tcpPacket(t, gateway, client, 443, 40000), false},
		{"TCP without ports", tcpPacket(t, gateway, client, 1723, 40000)[:20], false},
		{"UDP 1723", join(t, ip4(client, gateway, layers.IPProtocolUDP), gopacket.Payload{0x06, 0xBB, 0x06, 0xBB}), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, ok := Find(LinkIP, tt.b)
			require.True(t, ok)
			assert.Equal(t, tt.want, h.Relevant())
		})
	}
}
