package netflow

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

func TestVersions(t *testing.T) {
	for _, version := range []int{9, 10} {
		e := newExporter(version)
		b := newBench(t, Config{})
		r := b.one(e.send(1, e.data(256, gre()...)...))
		require.Equal(t, flow.Exporter{Addr: router, Version: flow.Version(version), Domain: 7}, r.Exporter)
		require.Equal(t, "198.51.100.1", r.Src.String())
		require.Equal(t, "203.0.113.1", r.Dst.String())
		require.True(t, r.IsGRE())
		require.Equal(t, []uint64{10, 1000}, []uint64{r.Packets, r.Bytes})
		require.Equal(t, []uint32{3, 4}, []uint32{r.In, r.Out})
		require.Equal(t, flow.Ingress, r.Direction)
		require.Equal(t, flow.EndActive, r.EndReason)
		require.Equal(t, noon.UnixNano(), r.Export)
		require.Equal(t, noon.UnixNano(), r.Arrival)
		require.False(t, r.Biflow)
	}
	r := newBench(t, Config{}).one(newExporter(5).v5(0, recordOfV5("198.51.100.1", "203.0.113.1", 6, 40000, 1723)))
	require.Equal(t, flow.Exporter{Addr: router, Version: flow.NetFlow5, Domain: 7}, r.Exporter)
	require.True(t, r.IsControl())
	require.Equal(t, []uint64{10, 1000, 3, 4, 0x12}, []uint64{r.Packets, r.Bytes, uint64(r.In), uint64(r.Out), uint64(r.TCPFlags)})
	require.Equal(t, noon.UnixNano()-5e9, r.Start)
	require.Equal(t, noon.UnixNano()-1e9, r.End)
}

func TestBadHeaders(t *testing.T) {
	v5 := newExporter(5).v5(0, recordOfV5("198.51.100.1", "203.0.113.1", 47, 0, 0))
	lying := append([]byte(nil), v5...)
	be.PutUint16(lying[2:], 2)
	e := newExporter(10)
	ipfix := e.send(1, e.data(256, gre()...)...)
	long := append([]byte(nil), ipfix...)
	be.PutUint16(long[2:], uint16(len(long)+8))
	tiny := append([]byte(nil), ipfix...)
	be.PutUint16(tiny[2:], 15)
	for name, tc := range map[string]struct {
		why      Reason
		datagram []byte
		records  int
	}{
		"empty":                        {ReasonShort, nil, 0},
		"a byte":                       {ReasonShort, []byte{0}, 0},
		"another version":              {ReasonVersion, []byte{0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0},
		"v5 header cut off":            {ReasonShort, v5[:23], 0},
		"v5 count beyond the datagram": {ReasonCount, lying, 0},
		"v5 record cut off":            {ReasonCount, v5[:len(v5)-1], 0},
		"v9 header cut off":            {ReasonShort, newExporter(9).send(0)[:19], 0},
		"IPFIX length below header":    {ReasonMessageLength, tiny, 0},
		"IPFIX length beyond datagram": {ReasonMessageLength, long, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Config{})
			b.refuse(tc.why, tc.datagram)
			require.Len(t, b.records, tc.records)
			require.Equal(t, uint64(1), b.Stats().Errors[tc.why])
			require.Equal(t, uint64(len(tc.datagram)), b.Stats().Bytes)
		})
	}
}

func TestIPFIXEndsWhereItsHeaderSays(t *testing.T) {
	e := newExporter(10)
	b := newBench(t, Config{})
	datagram := e.send(1, e.data(256, gre()...)...)
	b.one(append(datagram, set(256, record(gre()...))...))
}

// A v9 header counts records or sets, and neither is to be trusted.
func TestV9CountIsIgnored(t *testing.T) {
	for _, count := range []uint16{0, 1, 65535} {
		e := newExporter(9)
		datagram := e.send(1, e.data(256, gre()...)...)
		be.PutUint16(datagram[2:], count)
		newBench(t, Config{}).one(datagram)
	}
}

func TestSetLength(t *testing.T) {
	for name, length := range map[string]uint16{"below its header": 3, "zero": 0, "beyond the datagram": 200} {
		t.Run(name, func(t *testing.T) {
			e := newExporter(9)
			sets := e.data(256, gre()...)
			bad := set(256, record(gre()...))
			be.PutUint16(bad[2:], length)
			b := newBench(t, Config{})
			b.refuse(ReasonSetLength, e.send(1, append(sets, bad, set(256, record(gre()...)))...))
			require.Len(t, b.records, 1, "what came before is delivered, what comes after is not looked for")
		})
	}
}

func TestReservedSet(t *testing.T) {
	for version, ids := range map[int][]uint16{9: {2, 3, 255}, 10: {0, 1, 4, 255}} {
		for _, id := range ids {
			e := newExporter(version)
			b := newBench(t, Config{})
			b.refuse(ReasonSetID, e.send(1, append([][]byte{set(id, make([]byte, 8))}, e.data(256, gre()...)...)...))
			require.Len(t, b.records, 1, "the others are decoded")
		}
	}
}

func TestPadding(t *testing.T) {
	for _, version := range []int{9, 10} {
		for n := range 4 {
			e := newExporter(version)
			sets := e.data(256, gre()...)
			sets[0] = set(be.Uint16(sets[0]), sets[0][4:], make([]byte, n))
			sets[1] = set(256, sets[1][4:], make([]byte, n))
			newBench(t, Config{}).one(e.send(1, sets...))
		}
		e := newExporter(version)
		sets := e.data(256, gre()...)
		long := make([]byte, len(sets[1])-4-1) // anything shorter than a record
		newBench(t, Config{}).one(e.send(1, sets[0], set(256, sets[1][4:], long)))
	}
}

func TestSeveralTemplatesAndRecords(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{})
	control := with(gre(), num(4, 1, 6), num(11, 2, 1723))
	b.take(e.send(4,
		set(setTemplateV9, layout(256, gre()...), layout(300, control...)),
		set(300, record(control...)), set(256, record(gre()...), record(gre()...)), set(300, record(control...))))
	require.Len(t, b.records, 4)
	require.Equal(t, VersionStats{Datagrams: 1, Records: 4, Delivered: 4}, b.Stats().V9)
	require.Equal(t, 2, b.Stats().Templates)
	require.Equal(t, []bool{true, false, false, true}, []bool{
		b.records[0].IsControl(), b.records[1].IsControl(), b.records[2].IsControl(), b.records[3].IsControl(),
	})
}

func TestZeroSizeTemplateIsRejected(t *testing.T) {
	for name, tc := range map[string]struct {
		version int
		set     []byte
	}{
		"v9 without fields":          {9, set(setTemplateV9, layout(256))},
		"v9 of zero-length fields":   {9, set(setTemplateV9, layout(256, num(8, 0, 0), num(12, 0, 0)))},
		"IPFIX of zero length":       {10, set(setTemplateIPFIX, layout(256, num(150, 0, 0)))},
		"v9 options without fields":  {9, set(setOptionsV9, optionLayout(9, 256, 0))},
		"v9 options of zero length":  {9, set(setOptionsV9, optionLayout(9, 256, 1, num(1, 0, 0), num(34, 0, 0)))},
		"IPFIX options of no length": {10, set(setOptionsIPFIX, optionLayout(10, 256, 1, num(149, 0, 0), num(34, 0, 0)))},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExporter(tc.version)
			b := newBench(t, Config{All: true})
			b.refuse(ReasonTemplateSize, e.send(0, tc.set))
			require.Zero(t, b.Stats().Templates)
			b.take(e.send(1, set(256, make([]byte, 40))))
			require.Empty(t, b.records)
			require.Equal(t, uint64(1), b.Stats().TemplateMisses)
		})
	}
}

func TestZeroSizeTemplateTakesTheOldOneAway(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{})
	b.take(e.send(1, e.data(256, gre()...)...))
	b.refuse(ReasonTemplateSize, e.send(0, set(setTemplateV9, layout(256, num(8, 0, 0)))))
	b.take(e.send(1, set(256, record(gre()...))))
	require.Len(t, b.records, 1)
}

// Cisco and others have templates with a field of no length in them.
func TestSingleZeroLengthFieldIsAccepted(t *testing.T) {
	for _, version := range []int{9, 10} {
		fields := append([]spec{num(150, 0, 0), num(4, 0, 0)}, gre()...)
		r := decodeOne(t, version, append(fields, num(151, 0, 0), num(0, 0, 0))...)
		require.True(t, r.IsGRE())
		require.Equal(t, uint64(10), r.Packets)
	}
}

// The outer header comes first (RFC 7011 section 8).
func TestFirstOfDuplicatesWins(t *testing.T) {
	r := decodeOne(t, 10, append(gre(), num(4, 1, 17), addr(8, "10.0.0.1"), num(1, 8, 99), num(7, 2, 53))...)
	require.True(t, r.IsGRE())
	require.Equal(t, "198.51.100.1", r.Src.String())
	require.Equal(t, uint64(1000), r.Bytes)
	require.Zero(t, r.SrcPort)
}

func TestDeltaBeforeTotal(t *testing.T) {
	for _, fields := range [][]spec{
		{num(86, 8, 777), num(2, 4, 10), num(85, 8, 888), num(1, 4, 11)},
		{num(2, 4, 10), num(86, 8, 777), num(1, 4, 11), num(85, 8, 888), num(352, 8, 999)},
	} {
		r := decodeOne(t, 10, append([]spec{num(4, 1, 47)}, fields...)...)
		require.Equal(t, []uint64{10, 11}, []uint64{r.Packets, r.Bytes})
	}
	r := decodeOne(t, 10, num(4, 1, 47), num(86, 8, 777), num(352, 4, 999))
	require.Equal(t, []uint64{777, 999}, []uint64{r.Packets, r.Bytes})
}

func TestEveryWidthOfNumbers(t *testing.T) {
	for n := uint16(1); n <= 8; n++ {
		v := uint64(0x1122334455667788) >> (8 * (8 - n))
		r := decodeOne(t, 10, append([]spec{num(1, n, v), num(2, n, v+1)}, without(gre(), 1, 2)...)...)
		require.Equal(t, v, r.Bytes)
		require.Equal(t, v+1, r.Packets)
	}
	r := decodeOne(t, 10, num(1, 16, 0x1122334455667788), num(4, 2, 47), num(10, 2, 9), num(6, 2, 0x1ff))
	require.Equal(t, uint64(0x1122334455667788), r.Bytes)
	require.True(t, r.IsGRE())
	require.Equal(t, uint32(9), r.In)
	require.Equal(t, uint8(0xff), r.TCPFlags)
}

func TestVariableLength(t *testing.T) {
	long := make([]byte, 300)
	for name, fields := range map[string][]spec{
		"before":             append([]spec{vary(96, []byte("pptp"))}, gre()...),
		"after":              append(gre(), vary(96, []byte("pptp"))),
		"long form":          append([]spec{vary(96, long)}, gre()...),
		"empty":              append([]spec{vary(96, nil)}, gre()...),
		"several":            append([]spec{vary(96, nil), vary(94, long)}, append(gre(), vary(95, []byte{1}))...),
		"a number":           with(gre(), vary(1, []byte{3, 0xe8}), vary(2, []byte{10})),
		"of an unknown kind": append([]spec{pen(9, vary(12232, []byte("x")))}, gre()...),
	} {
		t.Run(name, func(t *testing.T) {
			e := newExporter(10)
			sets := e.data(256, fields...)
			b := newBench(t, Config{})
			b.take(e.send(2, sets[0], set(256, sets[1][4:], sets[1][4:], []byte{0, 0, 0})))
			require.Len(t, b.records, 2)
			require.Equal(t, b.records[0], b.records[1])
			require.Equal(t, []uint64{10, 1000}, []uint64{b.records[0].Packets, b.records[0].Bytes})
		})
	}
}

func TestEmptyNumberOfVariableLength(t *testing.T) {
	e := newExporter(10)
	full, empty := with(gre(), vary(1, []byte{3, 0xe8})), with(gre(), vary(1, nil))
	b := newBench(t, Config{})
	b.take(e.send(2, set(setTemplateIPFIX, layout(256, full...)), set(256, record(full...), record(empty...))))
	require.Len(t, b.records, 2)
	require.Equal(t, []uint64{1000, 0}, []uint64{b.records[0].Bytes, b.records[1].Bytes})
}

// H3C sends IE 236 so.
func TestVariableLengthInV9(t *testing.T) {
	r := decodeOne(t, 9, append([]spec{vary(236, []byte("vrf-7"))}, gre()...)...)
	require.True(t, r.IsGRE())
}

func TestAllFieldsOfVariableLength(t *testing.T) {
	e := newExporter(10)
	fields := []spec{vary(96, []byte("x")), vary(4, []byte{47})}
	b := newBench(t, Config{})
	b.take(e.send(2, set(setTemplateIPFIX, layout(256, fields...)), set(256, record(fields...), record(fields...))))
	require.Len(t, b.records, 2)
}

func TestOverrunStopsTheSet(t *testing.T) {
	first := append([]spec{vary(96, []byte("a"))}, gre()...)
	last := append(gre(), vary(96, []byte("a")))
	// A record of the smallest size, so that it is no padding, but that begins like this.
	begin := func(b ...byte) []byte { return append(b, make([]byte, 1+len(record(gre()...))-len(b))...) }
	for name, tc := range map[string]struct {
		fields []spec
		bad    []byte
	}{
		"short form":            {first, begin(200)},
		"long form":             {first, begin(255, 1, 0)},
		"length cut off":        {last, append(record(gre()...), 255)},
		"of the field after it": {first, begin(1)},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExporter(10)
			b := newBench(t, Config{})
			good := record(tc.fields...)
			b.refuse(ReasonOverrun, e.send(3, set(setTemplateIPFIX, layout(256, tc.fields...)), set(256, good, tc.bad), set(256, good)))
			require.Len(t, b.records, 2, "the record before it, and the next set")
		})
	}
}

func TestEnterpriseFields(t *testing.T) {
	// The numbers are those of elements that are read, but an enterprise's.
	fields := append([]spec{pen(2636, num(4, 2, 17)), pen(9, num(8, 4, 1))}, gre()...)
	r := decodeOne(t, 10, fields...)
	require.True(t, r.IsGRE())
	require.Equal(t, "198.51.100.1", r.Src.String())
}

func TestEnterpriseFieldsInOptionTemplate(t *testing.T) {
	e := newExporter(10)
	b := newBench(t, Config{})
	b.take(e.send(1, e.options(257, 2, num(149, 4, 7), pen(9, num(34, 4, 5)), pen(9, num(36, 4, 5)), num(36, 2, 60), num(37, 2, 15))...))
	require.Equal(t, []flow.NoteKind{flow.NoteTimeouts}, b.kinds())
}

// NetFlow v9 has no enterprises: the high bit is part of the number.
func TestNoEnterpriseBitInV9(t *testing.T) {
	r := decodeOne(t, 9, append(gre(), num(33002, 2, 1001), num(233, 1, 3))...)
	require.Equal(t, flow.DropFirewall, r.Drop)
	require.Equal(t, uint16(1001), r.Code)
}

func TestMalformedTemplates(t *testing.T) {
	good := layout(300, gre()...)
	for name, tc := range map[string]struct {
		version int
		set     []byte
	}{
		"ID of a set":                 {9, set(setTemplateV9, layout(255, gre()...))},
		"v9 cut off":                  {9, set(setTemplateV9, good[:len(good)-3])},
		"v9 more fields than bytes":   {9, set(setTemplateV9, []byte{1, 44, 0xff, 0xff, 0, 4, 0, 1})},
		"IPFIX cut off":               {10, set(setTemplateIPFIX, good[:len(good)-3])},
		"IPFIX enterprise cut off":    {10, set(setTemplateIPFIX, []byte{1, 44, 0, 1, 0x80, 4, 0, 1, 0, 0})},
		"v9 options cut off":          {9, set(setOptionsV9, []byte{1, 44, 0, 4, 0, 4, 0, 1, 0, 4})},
		"v9 options, header cut off":  {9, set(setOptionsV9, []byte{1, 44, 0, 4, 0})},
		"v9 scope of half a field":    {9, set(setOptionsV9, []byte{1, 44, 0, 2, 0, 6, 0, 1, 0, 4, 0, 34, 0, 4})},
		"IPFIX options cut off":       {10, set(setOptionsIPFIX, []byte{1, 44, 0, 2, 0, 1, 0, 149, 0, 4})},
		"IPFIX more scope than field": {10, set(setOptionsIPFIX, []byte{1, 44, 0, 1, 0, 2, 0, 149, 0, 4, 0, 34, 0, 4})},
		"withdrawal of a set":         {10, set(setTemplateIPFIX, []byte{0, 5, 0, 0})},
		"withdrawal of the other all": {10, set(setTemplateIPFIX, []byte{0, 3, 0, 0})},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExporter(tc.version)
			b := newBench(t, Config{})
			b.refuse(ReasonTemplate, e.send(1, append([][]byte{tc.set}, e.data(256, gre()...)...)...))
			require.Len(t, b.records, 1, "the other sets are decoded")
			require.Equal(t, 1, b.Stats().Templates)
		})
	}
}

func TestTooManyFields(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{MaxFields: 14})
	big := append(gre(), num(5, 1, 0))
	b.refuse(ReasonFields, e.send(1, set(setTemplateV9, layout(300, big...), layout(256, gre()...)), set(256, record(gre()...))))
	require.Len(t, b.records, 1, "the next template is still found")
}

func TestTemplateChanges(t *testing.T) {
	e := newExporter(10)
	b := newBench(t, Config{})
	b.take(e.send(1, e.data(256, gre()...)...))
	other := append([]spec{num(5, 1, 1)}, gre()...)
	b.take(e.send(1, e.data(256, other...)...))
	require.Equal(t, b.records[0].Src, b.records[1].Src)
	require.Equal(t, uint64(2), b.Stats().TemplatesLearned)
	require.Equal(t, 1, b.Stats().Templates)
	b.take(e.send(1, e.data(256, other...)...))
	require.Equal(t, uint64(2), b.Stats().TemplatesLearned, "a repetition is none")

	b.take(e.send(1, e.options(256, 1, num(149, 4, 0), num(36, 4, 60))...))
	require.Len(t, b.records, 3, "from data to option data")
	require.Equal(t, uint64(1), b.Stats().IPFIX.Options)
}

func TestWithdrawal(t *testing.T) {
	withdraw := func(id uint16) []byte { return be.AppendUint16(be.AppendUint16(nil, id), 0) }
	for name, tc := range map[string]struct {
		set           []byte
		data, options bool // are still there
	}{
		"one template":                 {set(setTemplateIPFIX, withdraw(256)), false, true},
		"one options template":         {set(setOptionsIPFIX, withdraw(257)), true, false},
		"all templates":                {set(setTemplateIPFIX, withdraw(2)), false, true},
		"all options templates":        {set(setOptionsIPFIX, withdraw(3)), true, false},
		"several":                      {set(setTemplateIPFIX, withdraw(400), withdraw(256)), false, true},
		"options as a template":        {set(setTemplateIPFIX, withdraw(257)), true, true},
		"one that is not there":        {set(setTemplateIPFIX, withdraw(300)), true, true},
		"withdrawn and sent once more": {set(setTemplateIPFIX, withdraw(256), layout(256, gre()...)), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExporter(10)
			b := newBench(t, Config{})
			option := []spec{num(149, 4, 0), num(36, 2, 60)}
			b.take(e.send(1, e.data(256, gre()...)...))
			b.take(e.send(1, e.options(257, 1, option...)...))
			b.take(e.send(0, tc.set))
			b.take(e.send(1, set(256, record(gre()...))))
			b.take(e.send(1, set(257, record(option...))))
			want := map[bool]int{false: 1, true: 2}
			require.Len(t, b.records, want[tc.data])
			require.Equal(t, uint64(want[tc.options]), b.Stats().IPFIX.Options)
			if !tc.data || !tc.options {
				require.Equal(t, uint64(1), b.Stats().TemplatesWithdrawn)
			}
		})
	}
}

// A v9 template without fields is no withdrawal, but it is of no use either.
func TestNoWithdrawalInV9(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{})
	b.refuse(ReasonTemplateSize, e.send(0, set(setTemplateV9, layout(256))))
	require.Zero(t, b.Stats().TemplatesWithdrawn)
}

func TestTemplatesAreOfTheirExporter(t *testing.T) {
	e, other := newExporter(9), newExporter(9)
	other.domain = 8
	b := newBench(t, Config{})
	b.take(e.send(1, e.data(256, gre()...)...))
	b.take(other.send(1, set(256, record(gre()...))))
	require.Len(t, b.records, 1, "another domain")
	ipfix := newExporter(10)
	b.take(ipfix.send(1, set(256, record(gre()...))))
	require.Len(t, b.records, 1, "another version")
	require.Equal(t, 3, b.Stats().Exporters)
}

func TestRelevance(t *testing.T) {
	icmp := func(typ byte, more ...spec) []spec {
		return with(gre(), append(more, num(4, 1, 1), num(32, 2, uint64(typ)<<8|2))...)
	}
	for name, tc := range map[string]struct {
		fields []spec
		want   bool
	}{
		"GRE":                        {gre(), true},
		"GRE with any ports":         {with(gre(), num(7, 2, 80), num(11, 2, 443)), true},
		"GRE without ports":          {without(gre(), 7, 11), true},
		"control to the server":      {with(gre(), num(4, 1, 6), num(7, 2, 40000), num(11, 2, 1723)), true},
		"control from the server":    {with(gre(), num(4, 1, 6), num(7, 2, 1723), num(11, 2, 40000)), true},
		"other TCP":                  {with(gre(), num(4, 1, 6), num(7, 2, 40000), num(11, 2, 443)), false},
		"UDP on the same port":       {with(gre(), num(4, 1, 17), num(11, 2, 1723)), false},
		"ports of TCP alone":         {append(without(with(gre(), num(4, 1, 6)), 7, 11), num(182, 2, 40000), num(183, 2, 1723)), true},
		"ICMP unreachable":           {icmp(3), true},
		"ICMP echo":                  {icmp(8), false},
		"no protocol":                {without(gre(), 4), false},
		"denied GRE":                 {append(gre(), num(233, 1, 3)), true},
		"NAT event of GRE":           {append(gre(), num(230, 1, 1), addr(225, "192.0.2.9")), true},
		"NAT event of something":     {with(append(gre(), num(230, 1, 1)), num(4, 1, 17)), false},
		"of variable length":         {append([]spec{vary(96, nil)}, gre()...), true},
		"other of variable length":   {with(append([]spec{vary(96, nil)}, gre()...), num(4, 1, 17)), false},
		"protocol of two bytes":      {with(gre(), num(4, 2, 47)), true},
		"protocol that ends in 47":   {with(gre(), num(4, 2, 0x12f)), true},
		"port of variable length":    {with(gre(), num(4, 1, 6), vary(11, []byte{6, 187})), true},
		"another of variable length": {with(gre(), num(4, 1, 6), vary(11, []byte{1, 187})), false},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExporter(10)
			b := newBench(t, Config{})
			b.take(e.send(1, e.data(256, tc.fields...)...))
			require.Equal(t, tc.want, len(b.records) == 1)
			require.Equal(t, uint64(1), b.Stats().IPFIX.Records)
			require.Equal(t, uint64(len(b.records)), b.Stats().IPFIX.Delivered)
			decodeOne(t, 10, tc.fields...) // Config.All delivers it anyway
		})
	}
}
