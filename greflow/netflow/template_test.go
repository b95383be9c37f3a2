package netflow

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

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
