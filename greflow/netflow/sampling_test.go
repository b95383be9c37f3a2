package netflow

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// rateOf returns the sampling of a record without any field of sampling, after that option data.
func rateOf(t *testing.T, version, scopes int, option []spec, fields ...spec) float64 {
	t.Helper()
	e := newExporter(version)
	b := newBench(t, Config{})
	b.take(e.send(1, e.options(300, scopes, option...)...))
	r := b.one(e.send(1, e.data(256, append(gre(), fields...)...)...))
	return r.Sampling
}

func TestSamplingFromOptionData(t *testing.T) {
	system := num(1, 4, 0) // scope
	for name, tc := range map[string]struct {
		option []spec
		want   float64
	}{
		"34":                          {[]spec{system, num(34, 4, 1000), num(35, 1, 1)}, 1000},
		"34 of two bytes":             {[]spec{system, num(34, 2, 1000)}, 1000},
		"34 of 1":                     {[]spec{system, num(34, 4, 1)}, 1},
		"34 of 0 tells nothing":       {[]spec{system, num(34, 4, 0), num(35, 1, 0)}, 0},
		"50 and 49, without an ID":    {[]spec{system, num(49, 1, 2), num(50, 4, 512)}, 512},
		"305 and 306":                 {[]spec{system, num(304, 2, 1), num(305, 4, 1), num(306, 4, 99)}, 100},
		"305 and 306 of other widths": {[]spec{system, num(305, 2, 2), num(306, 8, 98)}, 50},
		"305 and 306 of unsampled":    {[]spec{system, num(304, 2, 1), num(305, 4, 1), num(306, 4, 0)}, 1},
		"305 alone tells nothing":     {[]spec{system, num(305, 4, 100)}, 0},
		"307 and 308":                 {[]spec{system, num(307, 4, 10), num(308, 4, 990)}, 100},
		"309 and 310":                 {[]spec{system, num(309, 4, 1), num(310, 4, 256)}, 256},
		"309 and 310 of a Cisco ASR9k": {[]spec{
			system, num(304, 2, 3), num(309, 4, 1), num(310, 4, 256), num(305, 4, 1),
		}, 256},
		"309 of 0":                        {[]spec{system, num(309, 4, 0), num(310, 4, 256)}, 0},
		"310 below 309":                   {[]spec{system, num(309, 4, 256), num(310, 4, 1)}, 0},
		"311, double":                     {[]spec{system, num(311, 8, math.Float64bits(0.01))}, 100},
		"311, float":                      {[]spec{system, num(311, 4, uint64(math.Float32bits(0.25)))}, 4},
		"311 of 0":                        {[]spec{system, num(311, 8, 0)}, 0},
		"311 that is no number":           {[]spec{system, num(311, 8, math.Float64bits(math.NaN()))}, 0},
		"318 and 319, measured":           {[]spec{system, num(318, 8, 5000), num(319, 8, 10), num(34, 4, 1000)}, 500},
		"318 and 319 of an idle exporter": {[]spec{system, num(318, 8, 0), num(319, 8, 0), num(34, 4, 1000)}, 1000},
		"beyond all sense":                {[]spec{system, num(34, 8, 1<<40)}, 0},
		"in the scope":                    {[]spec{num(34, 4, 64)}, 64},
	} {
		t.Run(name, func(t *testing.T) {
			option := tc.option
			if name == "in the scope" {
				require.InDelta(t, tc.want, rateOf(t, 10, 1, option), 1e-6)
				return
			}
			require.InDelta(t, tc.want, rateOf(t, 9, 1, option), 1e-6)
			require.InDelta(t, tc.want, rateOf(t, 10, 1, with([]spec{num(149, 4, 7)}, option[1:]...)), 1e-6)
		})
	}
}

// In NetFlow v9 the numbers of scope fields are their own: 1 is the system, not a byte counter.
func TestScopeFieldsOfV9(t *testing.T) {
	require.InDelta(t, 64, rateOf(t, 9, 1, []spec{num(2, 4, 3), num(34, 4, 64)}), 0, "interface 3, through which it came in")
	require.InDelta(t, 64, rateOf(t, 9, 1, []spec{num(2, 4, 4), num(34, 4, 64)}), 0, "interface 4, through which it went out")
	require.Zero(t, rateOf(t, 9, 1, []spec{num(2, 4, 5), num(34, 4, 64)}), "interface 5")
	require.InDelta(t, 64, rateOf(t, 9, 1, []spec{num(34, 4, 3), num(34, 4, 64)}), 0, "34 is no scope")
}

func TestSamplingBySamplerThenInterfaceThenDomain(t *testing.T) {
	e := newExporter(10)
	b := newBench(t, Config{})
	domain := func(v uint64) [][]byte { return e.options(300, 1, num(149, 4, 7), num(34, 4, v)) }
	iface := func(id, v uint64) [][]byte { return e.options(301, 1, num(10, 4, id), num(34, 4, v)) }
	bySampler := func(id, v uint64) [][]byte { return e.options(302, 1, num(48, 2, id), num(50, 4, v)) }
	bySelector := func(id, v uint64) [][]byte { return e.options(303, 1, num(302, 8, id), num(309, 4, 1), num(310, 4, v)) }
	for _, sets := range [][][]byte{domain(10), iface(3, 20), bySampler(1, 30), bySampler(2, 40), bySelector(9, 50)} {
		b.take(e.send(1, sets...))
	}
	rate := func(id uint16, fields ...spec) float64 {
		r := b.one(e.send(1, e.data(id, fields...)...))
		return r.Sampling
	}
	require.InDelta(t, 30, rate(256, append(gre(), num(48, 1, 1))...), 0)
	require.InDelta(t, 40, rate(256, append(gre(), num(48, 1, 2))...), 0)
	require.InDelta(t, 50, rate(257, append(gre(), num(302, 4, 9))...), 0, "another width")
	require.InDelta(t, 50, rate(257, append(gre(), num(302, 4, 9), num(48, 1, 1))...), 0, "the selector's, which replaces the sampler's")
	require.InDelta(t, 20, rate(256, append(gre(), num(48, 1, 77))...), 0, "unknown sampler: of the interface")
	require.InDelta(t, 20, rate(258, gre()...), 0)
	require.InDelta(t, 10, rate(258, with(gre(), num(10, 4, 8))...), 0, "other interface: of the domain")
	require.InDelta(t, 7, rate(259, append(gre(), num(48, 1, 1), num(34, 4, 7))...), 0, "of the record itself")
	require.InDelta(t, 30, rate(259, append(gre(), num(48, 1, 1), num(34, 4, 0))...), 0, "which tells nothing with 0")
	require.InDelta(t, 100, rate(260, append(gre(), num(305, 4, 1), num(306, 4, 99))...), 0)
}

func TestSamplingOfDomainZeroIsOfTheWholeExporter(t *testing.T) {
	zero, e, other := newExporter(9), newExporter(9), newExporter(10)
	zero.domain = 0
	b := newBench(t, Config{})
	b.take(zero.send(1, zero.options(300, 1, num(1, 4, 0), num(34, 4, 64))...))
	b.take(zero.send(1, zero.options(301, 1, num(1, 4, 0), num(48, 1, 5), num(50, 4, 32))...))
	require.InDelta(t, 64, b.one(e.send(1, e.data(256, gre()...)...)).Sampling, 0)
	require.InDelta(t, 32, b.one(e.send(1, e.data(257, append(gre(), num(48, 1, 5))...)...)).Sampling, 0)
	require.Zero(t, b.one(other.send(1, other.data(256, gre()...)...)).Sampling, "of another version")
	b.take(e.send(1, e.options(300, 1, num(1, 4, 0), num(34, 4, 16))...))
	require.InDelta(t, 16, b.one(e.send(1, set(256, record(gre()...)))).Sampling, 0)
}

// Many records do not tell their sampler, although the option data does.
func TestOnlySamplerIsOfAllRecords(t *testing.T) {
	require.InDelta(t, 100, rateOf(t, 9, 1, []spec{num(1, 4, 0), num(48, 1, 1), num(50, 4, 100)}), 0)
	require.Zero(t, rateOf(t, 9, 1, []spec{num(1, 4, 0), num(48, 1, 1), num(50, 4, 100)}, num(48, 1, 2)), "another one")

	e := newExporter(9)
	b := newBench(t, Config{})
	b.take(e.send(1, e.options(300, 1, num(1, 4, 0), num(48, 1, 1), num(50, 4, 100))...))
	b.take(e.send(1, e.options(300, 1, num(1, 4, 0), num(48, 1, 2), num(50, 4, 200))...))
	require.Zero(t, b.one(e.send(1, e.data(256, gre()...)...)).Sampling, "which of the two cannot be told")
}

func TestSamplersAreBounded(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{})
	for i := range uint64(1000) {
		b.take(e.send(1, e.options(300, 1, num(1, 4, 0), num(48, 4, i), num(50, 4, 100+i))...))
	}
	require.Len(t, b.last.rates.samplers, maxSamplers)
	require.InDelta(t, 1099, b.one(e.send(1, e.data(256, append(gre(), num(48, 4, 999))...)...)).Sampling, 0)
}

func TestSamplingOfV5(t *testing.T) {
	e := newExporter(5)
	b := newBench(t, Config{})
	gre := recordOfV5("198.51.100.1", "203.0.113.1", 47, 0, 0)
	require.Zero(t, b.one(e.v5(0, gre)).Sampling, "not told")
	require.InDelta(t, 100, b.one(e.v5(1<<14|100, gre)).Sampling, 0)
	require.InDelta(t, 100, b.one(e.v5(100, gre)).Sampling, 0, "without a mode")
	require.InDelta(t, 0x3fff, b.one(e.v5(0xffff, gre)).Sampling, 0)
	require.Equal(t, []flow.NoteKind{flow.NoteSampling, flow.NoteSampling}, b.kinds())
}

func TestSamplingIsNotedWhenItChanges(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{})
	measured := func(n uint64) {
		b.take(e.send(1, e.options(300, 1, num(1, 4, 0), num(318, 8, n), num(319, 8, 100))...))
	}
	for _, n := range []uint64{10000, 10000, 10100, 20000} {
		measured(n)
	}
	require.Equal(t, []flow.NoteKind{flow.NoteSampling, flow.NoteSampling}, b.kinds())
	require.InDelta(t, 200, b.notes[len(b.notes)-1].Amount, 0)
	require.InDelta(t, 200, b.one(e.send(1, e.data(256, gre()...)...)).Sampling, 0)
}

func TestTimeouts(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{})
	told := func(fields ...spec) {
		b.take(e.send(1, e.options(300, 1, append([]spec{num(1, 4, 0)}, fields...)...)...))
	}
	told(num(36, 2, 60), num(37, 2, 15))
	told(num(36, 2, 60), num(37, 2, 15))
	told(num(36, 4, 120))
	told(num(36, 4, 0), num(37, 4, 0))
	told(num(36, 8, math.MaxUint64))
	told(num(37, 2, 20))
	var got [][2]time.Duration
	for _, n := range b.notes {
		if n.Kind == flow.NoteTimeouts {
			require.Equal(t, router, n.Exporter.Addr)
			require.Equal(t, noon.UnixNano(), n.Arrival)
			got = append(got, [2]time.Duration{n.Active, n.Idle})
		}
	}
	require.Equal(t, [][2]time.Duration{
		{60 * time.Second, 15 * time.Second}, {120 * time.Second, 15 * time.Second}, {time.Duration(maxActive), 15 * time.Second},
		{time.Duration(maxActive), 20 * time.Second},
	}, got)
}

// Fortinet's option data.
func TestSamplingAndTimeoutsInOneRecord(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{})
	b.take(e.send(1, e.options(256, 1, num(1, 4, 1), num(41, 8, 9), num(34, 4, 10), num(36, 2, 1800), num(37, 2, 15))...))
	require.Equal(t, []flow.NoteKind{flow.NoteSampling, flow.NoteTimeouts}, b.kinds())
}

func TestOptionRecordsOfVariableLength(t *testing.T) {
	name := vary(84, []byte("sampler-one"))
	require.InDelta(t, 100, rateOf(t, 10, 1, []spec{num(149, 4, 7), name, num(34, 4, 100)}), 0)
}
