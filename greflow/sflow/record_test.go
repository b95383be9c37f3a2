package sflow

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// base is what all records of datagram and usual have in common.
func base() flow.Record {
	now := start.UnixNano()
	return flow.Record{
		Exporter: flow.Exporter{Addr: agent, Version: flow.SFlow5},
		In:       3, Out: 4, Direction: flow.Ingress,
		Src: client, Dst: gateway, Proto: flow.ProtoGRE,
		Packets: 1, Bytes: 118, Sampling: 100,
		Start: now, End: now, Export: now, Arrival: now,
	}
}

func with(change ...func(*flow.Record)) flow.Record {
	r := base()
	for _, c := range change {
		c(&r)
	}
	return r
}

func callID(id uint16) func(*flow.Record) {
	return func(r *flow.Record) { r.CallID, r.HasCallID = id, true }
}

func interfaces(in, out uint32, d flow.Direction) func(*flow.Record) {
	return func(r *flow.Record) { r.In, r.Out, r.Direction = in, out, d }
}

func dropped(how flow.Drop, code uint16) func(*flow.Record) {
	return func(r *flow.Record) { r.Drop, r.Code = how, code }
}

func TestRecords(t *testing.T) {
	gre := grePacket(t, client, gateway, 61)
	frame := raw(1, 118, ether(t, gre))
	control := raw(1, 118, ether(t, tcpPacket(t, client, gateway, 40000, 1723)))
	six := netip.MustParseAddr("2001:db8::7")
	six2 := netip.MustParseAddr("2001:db8::1")
	router := netip.MustParseAddr("192.0.2.99")
	on := func(in, out uint32) sampled { return sampled{seq: 1, source: 3, rate: 100, in: in, out: out} }
	noDrop := func(r *flow.Record) { r.Drop, r.Code = flow.NotDropped, 0 }
	unsampled := func(r *flow.Record) { r.Sampling = 0 }
	tcp := func(r *flow.Record) { r.Proto, r.SrcPort, r.DstPort, r.TCPFlags = flow.ProtoTCP, 40000, 1723, 0x10 }

	for _, tt := range []struct {
		name   string
		sample []byte
		want   flow.Record
	}{
		{"compact", usual.flow(frame), with(callID(61))},
		{"expanded", usual.expanded(frame), with(callID(61))},
		{"control", usual.flow(control), with(tcp)},
		{"IPv4 header", usual.flow(raw(11, 118, gre)), with(callID(61))},
		{"PPP", usual.flow(raw(7, 118, append([]byte{0, 0x21}, gre...))), with(callID(61))},
		{"POS", usual.flow(raw(14, 118, append([]byte{0xFF, 3, 0, 0x21}, gre...))), with(callID(61))},
		{"MPLS", usual.flow(raw(13, 118, append([]byte{0, 0, 1, 9}, gre...))), with(callID(61))},
		{"header cut off in GRE", usual.flow(raw(11, 118, gre[:25])), with()},

		{"egress", on(2, 3).flow(frame), with(callID(61), interfaces(2, 3, flow.Egress))},
		{"in and out by the same interface", on(3, 3).flow(frame), with(callID(61), interfaces(3, 3, flow.DirectionUnknown))},
		{"source is a VLAN", sampled{seq: 1, source: 1<<24 | 3, rate: 100, in: 3, out: 4}.flow(frame), with(callID(61), interfaces(3, 4, flow.DirectionUnknown))},
		{"for the agent itself", on(3, noInterface).flow(frame), with(callID(61), interfaces(3, 0, flow.Ingress))},
		{"to several interfaces", on(3, 0x80000002).flow(frame), with(callID(61), interfaces(3, 0, flow.Ingress))},
		{"to several interfaces, expanded", on(3, 0x80000002).expanded(frame), with(callID(61), interfaces(3, 0, flow.Ingress))},
		{"discarded", on(3, 0x40000102).flow(frame), with(callID(61), interfaces(3, 0, flow.Ingress), dropped(flow.DropSFlow, 258))},
		{"discarded, expanded", on(3, 0x40000102).expanded(frame), with(callID(61), interfaces(3, 0, flow.Ingress), dropped(flow.DropSFlow, 258))},
		{"discarded for reason 0, network unreachable", on(3, 0x40000000).flow(frame), with(callID(61), interfaces(3, 0, flow.Ingress), dropped(flow.DropSFlow, 0))},
		{"discarded for a reason beyond Code", on(3, 0x7FFFFFFF).flow(frame), with(callID(61), interfaces(3, 0, flow.Ingress), dropped(flow.DropSFlow, 0xFFFF))},
		{"input cannot be discarded", on(0x40000102, 4).flow(frame), with(callID(61), interfaces(0, 4, flow.DirectionUnknown), noDrop)},

		{"discarded-packet sample", usual.discard(269, frame), with(callID(61), dropped(flow.DropSFlow, 269), unsampled)},
		{"discarded-packet sample of control", usual.discard(258, control), with(tcp, dropped(flow.DropSFlow, 258), unsampled)},
		{
			"discarded ICMP message: what it quotes was dropped elsewhere", usual.discard(258, raw(11, 118, unreachable(t, router, client, 2, gre))),
			with(callID(61), dropped(flow.DropICMP, 2), unsampled, func(r *flow.Record) { r.DropBy = router }),
		},
		{
			"ICMP", usual.flow(raw(11, 118, unreachable(t, router, client, 13, gre))),
			with(callID(61), dropped(flow.DropICMP, 13), func(r *flow.Record) { r.DropBy = router }),
		},

		{"IPv4 fields", usual.flow(fields4(118, 47, client, gateway, 7, 8, 0)), with()},
		{"IPv4 fields of control", usual.flow(fields4(118, 6, client, gateway, 40000, 1723, 0x10)), with(tcp)},
		{"IPv6 fields", usual.flow(fields6(118, 47, six, six2, 0, 0, 0)), with(func(r *flow.Record) { r.Src, r.Dst = six, six2 })},
		{"IPv6 fields, IPv4-mapped", usual.flow(fields6(118, 47, client, gateway, 0, 0, 0)), with()},
		{"header and fields", usual.flow(fields4(1, 47, router, client, 0, 0, 0), frame, fields4(1, 47, router, client, 0, 0, 0)), with(callID(61))},
		{"fields where the header is of no known link", usual.flow(raw(15, 1, gre), fields4(118, 47, client, gateway, 0, 0, 0)), with()},
		{"fields where the header holds no packet", usual.flow(raw(1, 1, gre[:10]), fields4(118, 47, client, gateway, 0, 0, 0)), with()},

		{
			"translated", usual.flow(nat(router, gateway), frame),
			with(callID(61), func(r *flow.Record) { r.PostSrc, r.PostDst = router, gateway }),
		},
		{
			"translated source only", usual.flow(frame, nat(router, netip.Addr{})),
			with(callID(61), func(r *flow.Record) { r.PostSrc = router }),
		},
		{"translation cut off", usual.flow(frame, opaque(recordNAT, u32(1))), with(callID(61))},
		{
			"translation of an ICMP message is not that of what it quotes", usual.flow(nat(router, gateway), raw(11, 118, unreachable(t, router, client, 2, gre))),
			with(callID(61), dropped(flow.DropICMP, 2), func(r *flow.Record) { r.DropBy = router }),
		},
		{
			"others are skipped", usual.flow(opaque(1001, u32(1, 2, 3, 4)), opaque(2, u32(1, 2, 3, 4, 5)), opaque(4413<<12|1, u32(9)), frame, opaque(1004, []byte("abc"))),
			with(callID(61)),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, stats := decodeOne(t, Config{}, datagram(tt.sample))
			assert.Equal(t, []flow.Record{tt.want}, got.records)
			assert.Equal(t, uint64(1), stats.Delivered)
			assert.Equal(t, uint64(1), stats.Records)
		})
	}
}

func TestFilter(t *testing.T) {
	web := tcpPacket(t, client, gateway, 40000, 443)
	for _, tt := range []struct {
		name   string
		sample []byte
		proto  uint8
	}{
		{"other TCP", usual.flow(raw(11, 60, web)), 6},
		{"fields of other TCP", usual.flow(fields4(60, 6, client, gateway, 40000, 443, 0)), 6},
		{"fields of TCP with a port that is none", usual.flow(fields4(60, 6, client, gateway, 40000, 0x10000|1723, 0)), 6},
		{"fields of UDP", usual.flow(fields4(60, 17, client, gateway, 1723, 1723, 0)), 17},
		{"fields of ICMP", usual.flow(fields4(60, 1, client, gateway, 3, 2, 0)), 1},
		{"ICMP quoting other TCP", usual.flow(raw(11, 60, unreachable(t, gateway, client, 3, web))), 1},
		{"discard of other TCP", usual.discard(258, raw(11, 60, web)), 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, stats := decodeOne(t, Config{}, datagram(tt.sample))
			assert.Empty(t, got.records)
			assert.Equal(t, uint64(1), stats.Records)
			assert.Zero(t, stats.Delivered)

			got, stats = decodeOne(t, Config{All: true}, datagram(tt.sample))
			require.Len(t, got.records, 1)
			assert.Equal(t, tt.proto, got.records[0].Proto)
			assert.Equal(t, uint64(1), stats.Delivered)
		})
	}
}

func TestNoPacket(t *testing.T) {
	for _, tt := range []struct {
		name   string
		sample []byte
	}{
		{"no record", usual.flow()},
		{"ARP", usual.flow(raw(1, 64, append(make([]byte, 12), 8, 6, 0, 1)))},
		{"unknown link", usual.flow(raw(0, 64, grePacket(t, client, gateway, 1)))},
		{"ethernet fields only", usual.flow(opaque(2, u32(64, 0, 0, 0, 0x0800)))},
		{"discard", usual.discard(1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, stats := decodeOne(t, Config{All: true}, datagram(tt.sample))
			assert.Empty(t, got.records)
			assert.Equal(t, uint64(1), stats.NoPacket)
			assert.Zero(t, stats.Records)
		})
	}
}
