package netflow

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// Post counters are of the other direction on some firewalls, of the same on others.
func TestPostCountersAreNotRead(t *testing.T) {
	for _, fields := range [][]spec{
		append(gre(), num(23, 4, 0), num(24, 4, 0)),
		append([]spec{num(23, 8, 7), num(24, 4, 7)}, gre()...),
	} {
		r := decodeOne(t, 9, fields...)
		require.Equal(t, []uint64{10, 1000, 0, 0}, []uint64{r.Packets, r.Bytes, r.RevPackets, r.RevBytes})
		require.False(t, r.Biflow)
	}
}

func TestReverseElements(t *testing.T) {
	rev := func(id, length uint16, v uint64) spec { return pen(reversePEN, num(id, length, v)) }
	for name, tc := range map[string]struct {
		fields []spec
		want   [4]uint64 // packets, bytes and reverse
	}{
		"deltas":                  {append(gre(), rev(2, 4, 20), rev(1, 8, 2000)), [4]uint64{10, 1000, 20, 2000}},
		"totals":                  {append(gre(), rev(86, 4, 20), rev(85, 8, 2000)), [4]uint64{10, 1000, 20, 2000}},
		"delta before total":      {append(gre(), rev(86, 4, 9), rev(2, 4, 20)), [4]uint64{10, 1000, 20, 0}},
		"nothing forward is data": {with(gre(), num(2, 4, 0), num(1, 4, 0), rev(2, 4, 200), rev(1, 4, 9000)), [4]uint64{0, 0, 200, 9000}},
		"nothing back is data":    {append(gre(), rev(2, 4, 0)), [4]uint64{10, 1000, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			r := decodeOne(t, 10, append(tc.fields, rev(6, 1, 0x11), rev(136, 1, 5), rev(89, 1, 130), rev(61, 1, 1))...)
			require.Equal(t, tc.want, [4]uint64{r.Packets, r.Bytes, r.RevPackets, r.RevBytes})
			require.True(t, r.Biflow)
			require.Equal(t, uint8(0x11), r.RevTCPFlags)
			require.Equal(t, flow.EndActive, r.EndReason)
			require.Equal(t, flow.NotDropped, r.Drop)
			require.Equal(t, flow.Ingress, r.Direction)
		})
	}
}

// Cisco's NSEL, and others, count by initiator and responder.
func TestInitiatorAndResponder(t *testing.T) {
	base := without(gre(), 1, 2)
	for name, tc := range map[string]struct {
		fields []spec
		want   [4]uint64
		biflow bool
	}{
		"all four":                 {append(base, num(231, 4, 5), num(232, 4, 6), num(298, 8, 7), num(299, 8, 8)), [4]uint64{7, 5, 8, 6}, true},
		"bytes":                    {append(base, num(231, 4, 5), num(232, 2, 6)), [4]uint64{0, 5, 0, 6}, true},
		"nothing came back":        {append(base, num(231, 4, 5), num(232, 4, 0)), [4]uint64{0, 5, 0, 0}, true},
		"the initiator's alone":    {append(base, num(231, 4, 5), num(298, 4, 6)), [4]uint64{6, 5, 0, 0}, false},
		"beside deltas":            {append(gre(), num(231, 4, 5), num(232, 4, 6)), [4]uint64{10, 5, 0, 6}, true},
		"the initiator's besides":  {append([]spec{num(231, 4, 5), num(298, 4, 6)}, gre()...), [4]uint64{10, 1000, 0, 0}, false},
		"the responder's besides":  {append(gre(), num(232, 4, 6)), [4]uint64{10, 1000, 0, 6}, true},
		"responder of zero length": {append(gre(), num(232, 0, 0)), [4]uint64{10, 1000, 0, 0}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := decodeOne(t, 9, tc.fields...)
			require.Equal(t, tc.want, [4]uint64{r.Packets, r.Bytes, r.RevPackets, r.RevBytes})
			require.Equal(t, tc.biflow, r.Biflow)
		})
	}
}

func TestForwardingStatus(t *testing.T) {
	for name, tc := range map[string]struct {
		length uint16
		value  uint64
		drop   flow.Drop
		code   uint16
	}{
		"unknown":                  {1, 0, flow.NotDropped, 0},
		"forwarded":                {1, 64, flow.NotDropped, 0},
		"denied by an ACL":         {1, 129, flow.DropForwarding, 129},
		"consumed":                 {1, 192, flow.NotDropped, 0},
		"forwarded, low byte":      {4, 64, flow.NotDropped, 0},
		"no route, low byte":       {4, 131, flow.DropForwarding, 131},
		"no route, top byte":       {4, 131 << 24, flow.DropForwarding, 131},
		"forwarded, top byte":      {4, 66 << 24, flow.NotDropped, 0},
		"of three wide, low byte":  {3, 143, flow.DropForwarding, 143},
		"of variable length":       {variableLength, 0, flow.DropForwarding, 138},
		"consumed in the top byte": {4, 193<<24 | 7, flow.NotDropped, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := num(89, tc.length, tc.value)
			if tc.length == variableLength {
				f.bytes = []byte{138}
			}
			r := decodeOne(t, 9, append(gre(), f)...)
			require.Equal(t, tc.drop, r.Drop)
			require.Equal(t, tc.code, r.Code)
		})
	}
}

// A record must not inherit the drop of the one before it.
func TestStateDoesNotLeakBetweenRecords(t *testing.T) {
	e := newExporter(10)
	dropped := append(gre(), num(89, 1, 130), num(233, 1, 3), num(33002&0x7fff, 2, 1001), num(296, 4, 0x00200007), num(32, 2, 0x0302),
		addr(225, "192.0.2.9"), addr(130, "192.0.2.77"), num(149, 4, 99))
	plain := with(dropped, num(89, 1, 64), num(233, 1, 1), num(296, 4, 0), num(4, 1, 6), num(11, 2, 1723),
		addr(225, "0.0.0.0"), addr(130, "0.0.0.0"))
	icmp := with(plain, num(4, 1, 1))
	b := newBench(t, Config{})
	b.take(e.send(3, set(setTemplateIPFIX, layout(256, dropped...)), set(256, record(icmp...), record(dropped...), record(plain...))))
	require.Len(t, b.records, 3)
	alone := newBench(t, Config{})
	alone.take(newExporter(10).send(1, set(setTemplateIPFIX, layout(256, dropped...)), set(256, record(plain...))))
	require.Equal(t, alone.records[0], b.records[2])
	require.True(t, b.records[0].HasICMP)
	require.False(t, b.records[1].HasICMP)
	require.True(t, b.records[1].HasCallID)
	require.Equal(t, flow.DropFirewall, b.records[1].Drop)
}

func TestDropDoesNotLeakWithoutForwardingStatus(t *testing.T) {
	denied, created := append(gre(), num(233, 1, 3)), append(gre(), num(233, 1, 1))
	e := newExporter(9)
	b := newBench(t, Config{})
	b.take(e.send(2, set(setTemplateV9, layout(256, denied...)), set(256, record(denied...), record(created...))))
	require.Len(t, b.records, 2)
	require.Equal(t, []flow.Drop{flow.DropFirewall, flow.NotDropped}, []flow.Drop{b.records[0].Drop, b.records[1].Drop})
}

func TestFirewallEvents(t *testing.T) {
	for name, tc := range map[string]struct {
		event uint64
		drop  flow.Drop
		code  uint16
	}{
		"create": {1, flow.NotDropped, 0}, "delete": {2, flow.NotDropped, 0}, "denied": {3, flow.DropFirewall, 1001},
		"alert": {4, flow.NotDropped, 0}, "update": {5, flow.NotDropped, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := decodeOne(t, 9, append(gre(), num(233, 1, tc.event), num(33002, 2, 1001))...)
			require.Equal(t, tc.drop, r.Drop)
			require.Equal(t, tc.code, r.Code)
			r = decodeOne(t, 9, append(gre(), num(40005, 1, tc.event))...)
			require.Equal(t, tc.drop, r.Drop, "of ASA before 8.4")
		})
	}
}

func TestDroppedCounters(t *testing.T) {
	for name, tc := range map[string]struct {
		fields []spec
		drop   flow.Drop
	}{
		"none":              {[]spec{num(133, 4, 0), num(132, 4, 0)}, flow.NotDropped},
		"some":              {[]spec{num(133, 4, 9)}, flow.NotDropped},
		"all":               {[]spec{num(133, 4, 10)}, flow.DropForwarding},
		"bytes, some":       {[]spec{num(132, 4, 999)}, flow.NotDropped},
		"bytes, all":        {[]spec{num(132, 4, 1000)}, flow.DropForwarding},
		"packets go before": {[]spec{num(132, 4, 1000), num(133, 4, 9)}, flow.NotDropped},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.drop, func() flow.Drop { r := decodeOne(t, 9, append(gre(), tc.fields...)...); return r.Drop }())
		})
	}
}

func TestICMP(t *testing.T) {
	icmp := with(gre(), num(4, 1, 1))
	for name, tc := range map[string]struct {
		version int
		fields  []spec
		want    [2]uint8
		has     bool
	}{
		"IE 32":              {10, append(icmp, num(32, 2, 0x0302)), [2]uint8{3, 2}, true},
		"IE 139":             {10, append(icmp, num(139, 2, 0x030d)), [2]uint8{3, 13}, true},
		"IE 176 and 177":     {10, append(icmp, num(176, 1, 3), num(177, 1, 2)), [2]uint8{3, 2}, true},
		"IE 178 and 179":     {10, append(icmp, num(178, 1, 3), num(179, 1, 1)), [2]uint8{3, 1}, true},
		"v9 port":            {9, with(icmp, num(11, 2, 0x0302)), [2]uint8{3, 2}, true},
		"v9 port and IE 32":  {9, append(with(icmp, num(11, 2, 0x0800)), num(32, 2, 0x0302)), [2]uint8{3, 2}, true},
		"IPFIX port":         {10, with(icmp, num(11, 2, 0x0302)), [2]uint8{3, 2}, true},
		"IPFIX port and IE":  {10, append(with(icmp, num(11, 2, 0x0302)), num(176, 1, 8)), [2]uint8{8, 0}, true},
		"port 0":             {9, icmp, [2]uint8{}, false},
		"v9 without port":    {9, without(icmp, 11), [2]uint8{}, false},
		"type 0":             {10, append(icmp, num(32, 2, 0)), [2]uint8{}, true},
		"not ICMP":           {9, append(gre(), num(32, 2, 0x0302)), [2]uint8{}, false},
		"ICMPv6, its own IE": {10, append(with(gre(), num(4, 1, 58)), num(139, 2, 0x0104)), [2]uint8{1, 4}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := decodeOne(t, tc.version, tc.fields...)
			require.Equal(t, tc.want, [2]uint8{r.ICMPType, r.ICMPCode})
			require.Equal(t, tc.has, r.HasICMP)
			require.Equal(t, flow.NotDropped, r.Drop, "nobody knows what it is about")
		})
	}
	r := newBench(t, Config{}).one(newExporter(5).v5(0, recordOfV5("203.0.113.1", "198.51.100.1", 1, 0, 0x0302)))
	require.Equal(t, []uint8{3, 2}, []uint8{r.ICMPType, r.ICMPCode})
}

func TestNAT(t *testing.T) {
	r := decodeOne(t, 9, append(gre(), num(230, 1, 1), addr(225, "192.0.2.9"), addr(226, "203.0.113.1"), num(227, 2, 9), num(228, 2, 8))...)
	require.Equal(t, "192.0.2.9", r.PostSrc.String())
	require.Equal(t, "203.0.113.1", r.PostDst.String())
	r = decodeOne(t, 10, append(gre(), addr(281, "2001:db8::1"), addr(282, "::ffff:192.0.2.7"))...)
	require.Equal(t, "2001:db8::1", r.PostSrc.String())
	require.Equal(t, "192.0.2.7", r.PostDst.String())
	r = decodeOne(t, 9, append(gre(), addr(40001, "192.0.2.9"), addr(40002, "203.0.113.1"))...)
	require.Equal(t, "192.0.2.9", r.PostSrc.String(), "of ASA before 8.4")
	r = decodeOne(t, 9, append(gre(), addr(225, "0.0.0.0"))...)
	require.False(t, r.PostSrc.IsValid())
}

func TestIPv6(t *testing.T) {
	six := append(without(gre(), 8, 12), addr(27, "2001:db8::1"), addr(28, "::ffff:203.0.113.1"))
	r := decodeOne(t, 9, six...)
	require.Equal(t, netip.MustParseAddr("2001:db8::1"), r.Src)
	require.Equal(t, netip.MustParseAddr("203.0.113.1"), r.Dst)
	both := append(with(gre(), addr(8, "0.0.0.0"), addr(12, "0.0.0.0")), addr(27, "2001:db8::1"), addr(28, "2001:db8::2"))
	r = decodeOne(t, 9, both...)
	require.Equal(t, netip.MustParseAddr("2001:db8::1"), r.Src)
	require.Equal(t, netip.MustParseAddr("2001:db8::2"), r.Dst)
	r = decodeOne(t, 9, append(gre(), addr(27, "::"), addr(28, "::"))...)
	require.Equal(t, "198.51.100.1", r.Src.String())
}

func TestAddressOfTheWrongLength(t *testing.T) {
	r := decodeOne(t, 9, append(without(gre(), 8), num(8, 8, 1), num(27, 4, 1))...)
	require.False(t, r.Src.IsValid())
	require.Equal(t, "203.0.113.1", r.Dst.String())
}

func TestPhysicalInterfaces(t *testing.T) {
	r := decodeOne(t, 9, append(gre(), num(252, 2, 77), num(253, 2, 78))...)
	require.Equal(t, []uint32{3, 4}, []uint32{r.In, r.Out})
	r = decodeOne(t, 9, append(without(gre(), 10, 14), num(252, 2, 77), num(253, 2, 78))...)
	require.Equal(t, []uint32{77, 78}, []uint32{r.In, r.Out})
}

func TestDirection(t *testing.T) {
	for v, want := range map[uint64]flow.Direction{0: flow.Ingress, 1: flow.Egress, 255: flow.DirectionUnknown} {
		r := decodeOne(t, 9, with(gre(), num(61, 1, v))...)
		require.Equal(t, want, r.Direction)
	}
	r := decodeOne(t, 9, without(gre(), 61)...)
	require.Equal(t, flow.DirectionUnknown, r.Direction)
}

func TestRelayedExporter(t *testing.T) {
	r := decodeOne(t, 10, append(gre(), addr(130, "192.0.2.200"), num(149, 4, 5))...)
	require.Equal(t, flow.Exporter{Addr: netip.MustParseAddr("192.0.2.200"), Version: flow.IPFIX, Domain: 5}, r.Exporter)
	require.Equal(t, router, r.Relay)
	r = decodeOne(t, 9, append(gre(), addr(131, "2001:db8::9"))...)
	require.Equal(t, flow.Exporter{Addr: netip.MustParseAddr("2001:db8::9"), Version: flow.NetFlow9, Domain: 7}, r.Exporter)
	r = decodeOne(t, 9, append(gre(), addr(130, router.String()), num(149, 4, 5))...)
	require.Equal(t, flow.Exporter{Addr: router, Version: flow.NetFlow9, Domain: 7}, r.Exporter)
	require.False(t, r.Relay.IsValid())
}

func TestGREKey(t *testing.T) {
	r := decodeOne(t, 10, append(gre(), num(296, 4, 0x0040_1234))...)
	require.True(t, r.HasCallID)
	require.Equal(t, uint16(0x1234), r.CallID)
	r = decodeOne(t, 10, append(with(gre(), num(4, 1, 6)), num(296, 4, 0x0040_1234))...)
	require.False(t, r.HasCallID)
}

// enhancedGRE is the first bytes of a packet of PPTP's data channel to the call 77.
func enhancedGRE() []byte {
	return []byte{
		0x45, 0, 0, 48, 0, 0, 0, 0, 64, 47, 0, 0, 198, 51, 100, 1, 203, 0, 113, 1,
		0x30, 0x01, 0x88, 0x0b, 0, 12, 0, 77, 0, 0, 0, 1, 0xff, 3, 0xc0, 0x21,
	}
}

func TestPacketSections(t *testing.T) {
	ip := enhancedGRE()
	frame := append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00}, ip...)
	udp := append([]byte(nil), ip...)
	udp[9] = 17
	base := []spec{num(10, 4, 3), num(14, 4, 4), num(302, 4, 1)}
	for name, fields := range map[string][]spec{
		"IE 313":                   append(base, vary(313, ip)),
		"IE 313 of fixed length":   append(base, spec{id: 313, length: uint16(len(ip)), bytes: ip}),
		"IE 315":                   append(base, vary(315, frame)),
		"IE 104":                   append(base, vary(104, frame)),
		"IE 315 of fixed length":   append(base, spec{id: 315, length: uint16(len(frame)), bytes: frame}),
		"IE 313 before 315":        append(base, vary(315, make([]byte, 40)), vary(313, ip)),
		"IE 315 after more fields": append([]spec{vary(96, []byte("x"))}, append(base, vary(315, frame), num(148, 8, 9))...),
	} {
		t.Run(name, func(t *testing.T) {
			e := newExporter(10)
			b := newBench(t, Config{})
			r := b.one(e.send(1, e.data(256, append(fields, num(312, 2, 62))...)...))
			require.Equal(t, "198.51.100.1", r.Src.String())
			require.Equal(t, "203.0.113.1", r.Dst.String())
			require.True(t, r.IsGRE())
			require.True(t, r.HasCallID)
			require.Equal(t, uint16(77), r.CallID)
			require.Equal(t, []uint64{1, 62}, []uint64{r.Packets, r.Bytes})
			require.Equal(t, []uint32{3, 4}, []uint32{r.In, r.Out})
		})
	}
	t.Run("not ours", func(t *testing.T) {
		e := newExporter(10)
		b := newBench(t, Config{})
		b.take(e.send(1, e.data(256, append(base, vary(313, udp))...)...))
		require.Empty(t, b.records)
	})
	t.Run("not ours, but all are wanted", func(t *testing.T) {
		require.Equal(t, uint8(17), func() uint8 { r := decodeOne(t, 10, append(base, vary(313, udp))...); return r.Proto }())
	})
	t.Run("no packet in it", func(t *testing.T) {
		e := newExporter(10)
		b := newBench(t, Config{})
		b.take(e.send(1, e.data(256, append(base, vary(315, []byte{1, 2, 3}))...)...))
		require.Empty(t, b.records)
		require.Equal(t, uint64(1), b.Stats().SectionsUndecodable)
	})
	t.Run("no packet in it, but fields", func(t *testing.T) {
		e := newExporter(10)
		b := newBench(t, Config{})
		r := b.one(e.send(1, e.data(256, append(gre(), vary(315, nil))...)...))
		require.True(t, r.IsGRE())
		require.False(t, r.HasCallID)
	})
	t.Run("IE 314, the payload", func(t *testing.T) {
		e := newExporter(10)
		b := newBench(t, Config{})
		r := b.one(e.send(1, e.data(256, append(gre(), vary(314, ip[20:]))...)...))
		require.True(t, r.HasCallID)
		require.Equal(t, uint16(77), r.CallID)
		r = b.one(e.send(1, e.data(257, append(gre(), vary(314, ip[20:27]))...)...))
		require.False(t, r.HasCallID)
	})
	t.Run("ICMP that quotes GRE", func(t *testing.T) {
		unreachable := append([]byte{0x45, 0, 0, 56, 0, 0, 0, 0, 64, 1, 0, 0, 203, 0, 113, 1, 198, 51, 100, 1, 3, 2, 0, 0, 0, 0, 0, 0}, ip...)
		e := newExporter(10)
		b := newBench(t, Config{})
		b.take(e.send(2, set(setTemplateIPFIX, layout(256, vary(313, nil))), set(256, record(vary(313, unreachable)), record(vary(313, ip)))))
		require.Len(t, b.records, 2)
		require.Equal(t, flow.DropICMP, b.records[0].Drop)
		require.Equal(t, uint16(2), b.records[0].Code)
		require.True(t, b.records[0].IsGRE())
		require.Equal(t, flow.NotDropped, b.records[1].Drop)
		require.False(t, b.records[1].DropBy.IsValid())
	})
}
