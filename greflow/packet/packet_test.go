package packet

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// greRecord is what is told of grePacket.
func greRecord(src, dst netip.Addr, callID uint16) flow.Record {
	return flow.Record{Src: src, Dst: dst, Proto: flow.ProtoGRE, CallID: callID, HasCallID: true}
}

func TestLinks(t *testing.T) {
	ip := grePacket(t, client, gateway, 61)
	rest := gopacket.Payload(ip)
	label := func(bottom bool) *layers.MPLS { return &layers.MPLS{Label: 100, StackBottom: bottom, TTL: 9} }
	pppoe := &layers.PPPoE{Version: 1, Type: 1, Code: layers.PPPoECodeSession, SessionId: 5}
	for _, tt := range []struct {
		name string
		link Link
		b    []byte
	}{
		{"ethernet", LinkEthernet, join(t, ether(layers.EthernetTypeIPv4), rest)},
		{"802.1Q", LinkEthernet, join(t, ether(layers.EthernetTypeDot1Q), vlan(7, layers.EthernetTypeIPv4), rest)},
		{"802.1ad", LinkEthernet, join(t, ether(layers.EthernetTypeQinQ), vlan(7, layers.EthernetTypeDot1Q), vlan(8, layers.EthernetTypeIPv4), rest)},
		{"old QinQ", LinkEthernet, join(t, ether(0x9100), vlan(7, layers.EthernetTypeDot1Q), vlan(8, layers.EthernetTypeIPv4), rest)},
		{"PPPoE", LinkEthernet, join(t, ether(layers.EthernetTypePPPoESession), pppoe, &layers.PPP{PPPType: layers.PPPTypeIPv4}, rest)},
		{"PPPoE in a VLAN", LinkEthernet, join(t, ether(layers.EthernetTypeDot1Q), vlan(7, layers.EthernetTypePPPoESession), pppoe, &layers.PPP{PPPType: layers.PPPTypeIPv4}, rest)},
		{"MPLS in ethernet", LinkEthernet, join(t, ether(layers.EthernetTypeMPLSUnicast), label(false), label(true), rest)},
		{"MPLS", LinkMPLS, join(t, label(true), rest)},
		{"IP", LinkIP, ip},
		{"PPP", LinkPPP, append([]byte{0x00, 0x21}, ip...)},
		{"PPP with compressed protocol", LinkPPP, append([]byte{0x21}, ip...)},
		{"PPP in HDLC-like framing", LinkPPP, append([]byte{0xFF, 0x03, 0x00, 0x21}, ip...)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r flow.Record
			require.True(t, Parse(&r, tt.link, tt.b))
			assert.Equal(t, greRecord(client, gateway, 61), r)
		})
	}
}

func TestNoPacket(t *testing.T) {
	ip := grePacket(t, client, gateway, 61)
	edited := func(at int, value byte) []byte {
		b := append([]byte(nil), ip...)
		b[at] = value
		return b
	}
	tag := []byte{0, 7, 0x81, 0}
	tagged := append(make([]byte, 12), 0x81, 0)
	for range maxTags {
		tagged = append(tagged, tag...)
	}
	tagged = append(append(tagged, 0, 7, 8, 0), ip...)
	for _, tt := range []struct {
		name string
		link Link
		b    []byte
	}{
		{"nothing", LinkEthernet, nil},
		{"ethernet header alone", LinkEthernet, framed(t, ip)[:14]},
		{"ethernet cut off", LinkEthernet, framed(t, ip)[:13]},
		{"ARP", LinkEthernet, join(t, ether(layers.EthernetTypeARP), gopacket.Payload(ip))},
		{"IPv6 type on an IPv4 packet", LinkEthernet, join(t, ether(layers.EthernetTypeIPv6), gopacket.Payload(ip))},
		{"IPv4 type on an IPv6 packet", LinkEthernet, join(t, ether(layers.EthernetTypeIPv4), ip6(client6, gate6, layers.IPProtocolUDP), gopacket.Payload("x"))},
		{"VLAN tag cut off", LinkEthernet, framed(t, ip)[:12:12]},
		{"more VLAN tags than are followed", LinkEthernet, tagged},
		{"PPPoE discovery", LinkEthernet, join(t, ether(layers.EthernetTypePPPoESession), gopacket.Payload{0x11, 0x09, 0, 0, 0, 0, 0, 0x21}, gopacket.Payload(ip))},
		{"PPPoE cut off", LinkEthernet, join(t, ether(layers.EthernetTypePPPoESession), gopacket.Payload{0x11, 0, 0})},
		{"PPP of another protocol", LinkPPP, append([]byte{0xC0, 0x21}, ip...)},
		{"PPP cut off", LinkPPP, []byte{0xFF, 0x03, 0x00}},
		{"labels without end", LinkMPLS, make([]byte, 400)},
		{"labels cut off", LinkMPLS, []byte{0, 0, 0, 9, 0}},
		{"no IP after the labels", LinkMPLS, []byte{0, 0, 1, 9, 0, 0, 0, 0}},
		{"unknown link", Link(99), ip},
		{"no IP", LinkIP, nil},
		{"version 5", LinkIP, edited(0, 0x55)},
		{"header length 16", LinkIP, edited(0, 0x44)},
		{"IPv4 cut off", LinkIP, ip[:19]},
		{"IPv6 cut off", LinkIP, join(t, ip6(client6, gate6, layers.IPProtocolUDP))[:39]},
		{"total length less than the header", LinkIP, edited(3, 19)[:40:40]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := flow.Record{In: 3, Proto: 17, SrcPort: 9}
			before := r
			assert.False(t, Parse(&r, tt.link, tt.b))
			assert.Equal(t, before, r, "a record is left alone")
		})
	}
}

// fragment makes a fragment of an IPv4 packet of it.
func fragment(offset uint16, more bool, packet []byte) []byte {
	if more {
		offset |= 0x2000
	}
	binary.BigEndian.PutUint16(packet[6:], offset)
	return packet
}

func TestTransport(t *testing.T) {
	tcp := tcpPacket(t, client, gateway, 40000, 1723)
	gre := grePacket(t, gateway, client, 7)
	udp := join(t, ip4(client, gateway, layers.IPProtocolUDP), gopacket.Payload{0x10, 0x00, 0x20, 0x00, 0, 8, 0, 0})
	options := ip4(client, gateway, layers.IPProtocolGRE)
	options.Options = []layers.IPv4Option{{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}}
	withOptions := join(t, options, enhanced(9))
	greFlags := func(flags ...byte) []byte {
		return join(t, ip4(client, gateway, layers.IPProtocolGRE), gopacket.Payload(flags), gopacket.Payload{0, 0, 0, 9, 0, 0, 0, 0})
	}
	record := func(proto uint8, sport, dport uint16, flags uint8) flow.Record {
		return flow.Record{Src: client, Dst: gateway, Proto: proto, SrcPort: sport, DstPort: dport, TCPFlags: flags}
	}
	padded := append(append([]byte(nil), tcp[:22]...), make([]byte, 26)...)
	binary.BigEndian.PutUint16(padded[2:], 22)
	offload := append([]byte(nil), tcp...)
	offload[2], offload[3] = 0, 0

	for _, tt := range []struct {
		name string
		b    []byte
		want flow.Record
	}{
		{"control", tcp, record(6, 40000, 1723, 0x18)},
		{"control without total length", offload, record(6, 40000, 1723, 0x18)},
		{"control, cut before the flags", tcp[:33], record(6, 40000, 1723, 0)},
		{"control, cut before the ports", tcp[:23], record(6, 0, 0, 0)},
		{"what the link padded is not read", padded, record(6, 0, 0, 0)},
		{"first fragment", fragment(0, true, append([]byte(nil), tcp...)), record(6, 40000, 1723, 0x18)},
		{"later fragment", fragment(10, true, append([]byte(nil), tcp...)), record(6, 0, 0, 0)},
		{"last fragment", fragment(10, false, append([]byte(nil), tcp...)), record(6, 0, 0, 0)},
		{"UDP", udp, record(17, 0x1000, 0x2000, 0)},
		{"another protocol", join(t, ip4(client, gateway, 50), gopacket.Payload("12345678")), record(50, 0, 0, 0)},
		{"Enhanced GRE", gre, greRecord(gateway, client, 7)},
		{"Enhanced GRE after options", withOptions, greRecord(client, gateway, 9)},
		{"options cut off", withOptions[:22], record(47, 0, 0, 0)},
		{"Enhanced GRE, cut before the Call ID", withOptions[:31], record(47, 0, 0, 0)},
		{"acknowledgement only", greFlags(0x20, 0x81, 0x88, 0x0B), greRecord(client, gateway, 9)},
		{"GRE version 0 with a key", greFlags(0x20, 0, 0x08, 0), record(47, 0, 0, 0)},
		{"version 1 of another protocol", greFlags(0x20, 1, 0x08, 0), record(47, 0, 0, 0)},
		{"version 1 with a checksum, which it cannot have", greFlags(0xA0, 1, 0x88, 0x0B), record(47, 0, 0, 0)},
		{"version 1 without a key", greFlags(0x10, 1, 0x88, 0x0B), record(47, 0, 0, 0)},
		{"later fragment of GRE", fragment(99, false, append([]byte(nil), gre...)), flow.Record{Src: gateway, Dst: client, Proto: 47}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// What was in the record before is not left in it.
			r := flow.Record{SrcPort: 1, DstPort: 2, TCPFlags: 3, ICMPType: 4, ICMPCode: 5, HasICMP: true, CallID: 6, HasCallID: true}
			require.True(t, Parse(&r, LinkIP, tt.b))
			assert.Equal(t, tt.want, r)
		})
	}
}

func TestForeign(t *testing.T) {
	const ip, tag = layers.EthernetTypeIPv4, layers.EthernetTypeDot1Q
	web := tcpPacket(t, client, gateway, 40000, 443)
	edited := func(at int, value byte) []byte {
		b := append([]byte(nil), web...)
		b[at] = value
		return join(t, ether(ip), gopacket.Payload(b))
	}
	for _, tt := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"TCP", framed(t, web), true},
		{"UDP", edited(9, 17), true},
		{"TCP in a VLAN", join(t, ether(tag), vlan(7, ip), gopacket.Payload(web)), true},
		{"no total length", edited(3, 0), true},
		{"total length of the IP header", edited(3, 20), true},
		{"total length below that", edited(3, 19), false},
		{"to PPTP's port", framed(t, tcpPacket(t, client, gateway, 40000, 1723)), false},
		{"from PPTP's port", framed(t, tcpPacket(t, gateway, client, 1723, 40000)), false},
		{"to PPTP's port in a VLAN", join(t, ether(tag), vlan(7, ip), gopacket.Payload(tcpPacket(t, client, gateway, 40000, 1723))), false},
		{"GRE", framed(t, grePacket(t, client, gateway, 61)), false},
		{"ICMP", edited(9, 1), false},
		{"another version", edited(0, 0x65), false},
		{"options", edited(0, 0x46), false},
		{"another type", join(t, ether(layers.EthernetTypeARP), gopacket.Payload(web)), false},
		{"another type in a VLAN", join(t, ether(tag), vlan(7, layers.EthernetTypeARP), gopacket.Payload(web)), false},
		{"two VLANs", join(t, ether(tag), vlan(7, tag), vlan(8, ip), gopacket.Payload(web)), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, Foreign((*[ForeignLen]byte)(tt.b)))
			h, ok := Find(LinkEthernet, tt.b)
			assert.True(t, !tt.want || ok && !h.Relevant())
		})
	}
}

func TestParseLeavesTheRest(t *testing.T) {
	r := flow.Record{In: 1, Out: 2, Packets: 3, Bytes: 4, Sampling: 5, Arrival: 6, Drop: flow.DropSFlow, Code: 258}
	want := greRecord(client, gateway, 61)
	want.In, want.Out, want.Packets, want.Bytes, want.Sampling, want.Arrival, want.Drop, want.Code = 1, 2, 3, 4, 5, 6, flow.DropSFlow, 258
	require.True(t, Parse(&r, LinkIP, grePacket(t, client, gateway, 61)))
	assert.Equal(t, want, r)
}

func TestFillPayload(t *testing.T) {
	r := flow.Record{Src: client, Dst: gateway, Proto: flow.ProtoGRE}
	FillPayload(&r, grePacket(t, client, gateway, 61)[20:])
	assert.Equal(t, greRecord(client, gateway, 61), r)

	r = flow.Record{Proto: flow.ProtoTCP, SrcPort: 1723, DstPort: 40000}
	FillPayload(&r, []byte{1})
	assert.Equal(t, flow.Record{Proto: flow.ProtoTCP, SrcPort: 1723, DstPort: 40000}, r, "what is cut off stays")
}

func TestParseAllocatesNothing(t *testing.T) {
	packets := [][]byte{
		framed(t, grePacket(t, client, gateway, 61)),
		framed(t, tcpPacket(t, client, gateway, 40000, 1723)),
		framed(t, unreachable(t, router, client, 2, grePacket(t, client, gateway, 61))),
		framed(t, join(t, ip6(client6, gate6, layers.IPProtocolGRE), enhanced(1))),
	}
	var r flow.Record
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		for _, b := range packets {
			if !Parse(&r, LinkEthernet, b) {
				t.Fatal("not parsed")
			}
		}
	}))
}
