package netflow

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// stream is an exporter that sends to a decoder, with a template known.
type stream struct {
	*exporter
	b *bench
}

func newStream(t *testing.T, version int) *stream { return newStreamAt(t, version, 5000) }

func newStreamAt(t *testing.T, version int, sequence uint32) *stream {
	s := &stream{exporter: newExporter(version), b: newBench(t, Config{})}
	s.sequence = sequence
	if version != 5 {
		sets := s.data(256, gre()...)
		s.b.take(s.send(0, sets[0]))
	}
	return s
}

// datagram makes one of n records.
func (s *stream) datagram(n int) []byte {
	var records [][]byte
	if s.version == 5 {
		for range n {
			records = append(records, recordOfV5("198.51.100.1", "203.0.113.1", 47, 0, 0))
		}
		return s.v5(0, records...)
	}
	for range n {
		records = append(records, record(gre()...))
	}
	return s.send(n, set(256, records...))
}

func (s *stream) run(datagrams, records int) {
	for range datagrams {
		s.b.take(s.datagram(records))
	}
}

// losses are the amounts that were noted.
func (s *stream) losses() (out []float64) {
	for _, n := range s.b.notes {
		if n.Kind == flow.NoteLoss {
			out = append(out, n.Amount)
		}
	}
	return out
}

// of are the records that came before each loss, since the one before.
func (s *stream) of() (out []float64) {
	for _, n := range s.b.notes {
		if n.Kind == flow.NoteLoss {
			out = append(out, n.Of)
		}
	}
	return out
}

func TestLossIsAnAmountOfRecords(t *testing.T) {
	for _, version := range []int{5, 9, 10} {
		for name, sequence := range map[string]uint32{"": 5000, ", over the wrap": 1<<32 - 150} {
			t.Run(flow.Version(version).String()+name, func(t *testing.T) {
				s := newStreamAt(t, version, sequence)
				s.run(100, 10)
				require.Empty(t, s.losses())
				for range 3 {
					s.datagram(10) // is lost
				}
				s.run(10, 10)
				require.Len(t, s.losses(), 1)
				require.InDelta(t, 30, s.losses()[0], 1)
				require.InDelta(t, 30, s.b.Stats().RecordsLost, 1)
				s.datagram(10)
				s.run(1, 10)
				require.Equal(t, []float64{1000, 100}, s.of())
				require.Zero(t, s.b.Stats().Restarts)
				require.Zero(t, s.b.Stats().DatagramsLate)
			})
		}
	}
}

// Option data is counted, templates are not (RFC 7011 section 3.1).
func TestIPFIXSequenceCountsOptionData(t *testing.T) {
	s := newStream(t, 10)
	s.run(2, 3)
	s.b.take(s.send(1, s.options(300, 1, num(149, 4, 7), num(36, 4, 60))...))
	s.b.take(s.send(0, s.data(301, gre()...)[0]))
	s.run(2, 3)
	require.Empty(t, s.losses())
	require.Zero(t, s.b.Stats().DatagramsLate)
}

func TestV9SequenceCountsDatagrams(t *testing.T) {
	s := newStream(t, 9)
	s.run(5, 3)
	s.run(5, 7)
	s.b.take(s.send(0, s.data(301, gre()...)[0]))
	s.run(5, 1)
	require.Empty(t, s.losses())
}

func TestDisorderIsNoRestart(t *testing.T) {
	for _, version := range []int{5, 9, 10} {
		s := newStream(t, version)
		s.run(20, 10)
		first, second := s.datagram(10), s.datagram(10)
		s.b.take(second)
		s.b.take(first)
		s.b.take(first) // a duplicate
		s.run(5, 10)
		require.Equal(t, uint64(2), s.b.Stats().DatagramsLate)
		require.Zero(t, s.b.Stats().Restarts)
		require.Len(t, s.losses(), 1, "the gap, before it was filled")
	}
}

// A set without its template has an unknown number of records.
func TestLossIsNotTalliedWhileATemplateIsMissing(t *testing.T) {
	for version, uncertain := range map[int]uint64{9: 0, 10: 2} {
		s := newStream(t, version)
		s.run(5, 10)
		other := set(999, record(gre()...))
		s.b.take(s.send(1, other))
		s.b.take(s.send(1, other))
		s.run(5, 10)
		require.Empty(t, s.losses())
		require.Zero(t, s.b.Stats().DatagramsLate)
		require.Equal(t, uncertain, s.b.Stats().SequenceUncertain)
		s.datagram(10)
		s.run(1, 10)
		require.Len(t, s.losses(), 1, "and then it is")
	}
}

// Exporters count what they should not; softflowd has the records to the end of
// the datagram, without those of option data.
func TestUnitOfSequenceIsLearned(t *testing.T) {
	for name, tc := range map[string]struct {
		version int
		step    func(before, now, options int) int
	}{
		"v5 as it should":                         {5, func(before, _, _ int) int { return before }},
		"v5 to the end":                           {5, func(_, now, _ int) int { return now }},
		"v9 as it should":                         {9, func(int, int, int) int { return 1 }},
		"v9 that counts flows":                    {9, func(before, _, _ int) int { return before }},
		"v9 that counts flows to the end":         {9, func(_, now, _ int) int { return now }},
		"IPFIX as it should":                      {10, func(before, _, _ int) int { return before }},
		"IPFIX that counts messages":              {10, func(int, int, int) int { return 1 }},
		"IPFIX to the end":                        {10, func(_, now, _ int) int { return now }},
		"IPFIX to the end without option data":    {10, func(_, now, options int) int { return now - options }},
		"IPFIX over the wrap, to the end as well": {10, func(_, now, _ int) int { return now }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStreamAt(t, tc.version, 70_000)
			if strings.Contains(name, "wrap") {
				s = newStreamAt(t, tc.version, 1<<32-600)
			}
			if tc.version != 5 {
				s.b.take(s.send(0, s.options(300, 1, num(1, 4, 7), num(36, 4, 60))[0]))
			}
			before, at := 0, s.sequence
			next := func(i int, lost bool) {
				n, options := 1+i*7%23, 0
				if i%10 == 0 && tc.version != 5 {
					options = 2
				}
				at += uint32(tc.step(before, n+options, options))
				before = n + options
				s.sequence = at
				datagram := s.datagram(n)
				if options > 0 {
					option := record(num(1, 4, 7), num(36, 4, 60))
					s.sequence = at
					datagram = s.send(n+options, datagram[map[int]int{9: headerV9, 10: headerIPFIX}[tc.version]:], set(300, option, option))
				}
				if !lost {
					s.b.take(datagram)
				}
			}
			for i := range 150 {
				next(i, false)
			}
			require.Zero(t, s.b.Stats().Restarts)
			require.Empty(t, s.losses())
			late := s.b.Stats().DatagramsLate
			for i := range 150 {
				next(i, i == 77)
			}
			require.Len(t, s.losses(), 1)
			require.InDelta(t, 1+77*7%23, s.losses()[0], 12, "of datagrams, the mean")
			require.Equal(t, late, s.b.Stats().DatagramsLate)
		})
	}
}

func TestRestartBySequence(t *testing.T) {
	for _, version := range []int{5, 9, 10} {
		for name, to := range map[string]uint32{"from zero": 0, "from anywhere before": 100, "from far ahead": 1 << 30} {
			t.Run(flow.Version(version).String()+" "+name, func(t *testing.T) {
				s := newStreamAt(t, version, 100_000)
				s.run(20, 10)
				s.sequence = to
				s.run(20, 10)
				require.Equal(t, uint64(1), s.b.Stats().Restarts)
				require.Empty(t, s.losses())
				require.Equal(t, 1, count(s.b.kinds(), flow.NoteRestart))
			})
		}
	}
}

func count(kinds []flow.NoteKind, k flow.NoteKind) (n int) {
	for _, x := range kinds {
		if x == k {
			n++
		}
	}
	return n
}

// An exporter that had not sent much when it restarted seems to be late at first.
func TestRestartSoonAfterTheStart(t *testing.T) {
	for _, version := range []int{5, 9, 10} {
		s := newStream(t, version)
		s.run(40, 10)
		s.sequence = 5001
		s.run(40, 10)
		require.Equal(t, uint64(1), s.b.Stats().Restarts)
		require.Empty(t, s.losses())
	}
}

func TestRestartFromZeroIsToldAtOnce(t *testing.T) {
	for _, version := range []int{5, 9, 10} {
		s := newStreamAt(t, version, 0)
		s.run(60, 10)
		s.sequence = 0
		s.run(1, 10)
		require.Equal(t, uint64(1), s.b.Stats().Restarts)
	}
}

func TestRestartByBootTime(t *testing.T) {
	for _, version := range []int{5, 9} {
		for name, tc := range map[string]struct {
			clock  time.Duration // by which the exporter's moves on
			uptime int64         // by which sysUpTime moves on, in ms
			ours   time.Duration
			want   uint64
		}{
			"all is well":                      {time.Minute, 60_000, time.Minute, 0},
			"rounding and skew":                {time.Minute, 58_500, time.Minute, 0},
			"sysUpTime begins anew":            {time.Minute, -uptime + 10_000, time.Minute, 1},
			"sysUpTime is less than went by":   {time.Hour, 60_000, time.Hour, 1},
			"sysUpTime wraps":                  {50 * 24 * time.Hour, 50 * 24 * 3600_000, 50 * 24 * time.Hour, 0},
			"the clock is set forward":         {time.Hour, 60_000, time.Minute, 0},
			"the clock is set back":            {-time.Hour, 60_000, time.Minute, 0},
			"a datagram from before came late": {-2 * time.Second, -2000, time.Second, 0},
		} {
			t.Run(flow.Version(version).String()+" "+name, func(t *testing.T) {
				s := newStream(t, version)
				s.run(1, 1)
				s.at, s.uptime = s.at.Add(tc.clock), uint32(int64(s.uptime)+tc.uptime)
				require.NoError(t, s.b.Decode(router, noon.Add(tc.ours), s.datagram(1), &s.b.collected))
				require.Equal(t, tc.want, s.b.Stats().Restarts)
				require.Len(t, s.b.records, 2, "templates outlast it")
			})
		}
	}
}

// Two exporters behind one address and domain seem to restart with every datagram.
func TestTwoExportersAsOne(t *testing.T) {
	for _, version := range []int{9, 10} {
		one, other := newStreamAt(t, version, 0), newStreamAt(t, version, 1_000_000)
		other.b, other.uptime = one.b, 5000
		for i := range 100 {
			one.run(1, 10)
			other.run(1, 10)
			require.LessOrEqual(t, one.b.Stats().Restarts, uint64(flapLimit))
			require.Len(t, one.b.records, 20*(i+1), "they have one template")
		}
		require.Positive(t, one.b.Stats().RestartsIgnored)

		// When they are told apart, a restart is one again.
		before := one.b.Stats().Restarts
		require.NoError(t, one.b.Decode(router, noon.Add(time.Hour), one.datagram(10), &one.b.collected))
		require.Equal(t, before+1, one.b.Stats().Restarts)
	}
}

func TestRestartByInitTime(t *testing.T) {
	s := newStream(t, 10)
	told := func(ms int64) { s.b.take(s.send(1, s.options(300, 1, num(149, 4, 7), num(160, 8, uint64(ms)))...)) }
	told(noon.UnixMilli() - uptime)
	told(noon.UnixMilli() - uptime + 1000)
	told(0)
	require.Zero(t, s.b.Stats().Restarts)
	told(noon.UnixMilli() - 5000)
	require.Equal(t, uint64(1), s.b.Stats().Restarts)
	s.b.take(s.datagram(1))
	require.Len(t, s.b.records, 1)
}

// After a restart a template may mean something else.
func TestTemplatesAreProvisionalAfterARestart(t *testing.T) {
	for name, version := range map[string]int{"v9": 9, "IPFIX": 10} {
		t.Run(name, func(t *testing.T) {
			s := newStream(t, version)
			s.b.take(s.datagram(1))
			s.sequence = 0
			s.b.take(s.datagram(3))
			require.Equal(t, uint64(1), s.b.Stats().Restarts)
			require.Len(t, s.b.records, 4, "data that fits")

			longer := append(gre(), num(148, 8, 1))
			s.b.take(s.send(1, set(256, record(longer...))))
			require.Len(t, s.b.records, 4, "data that does not")
			require.Equal(t, uint64(1), s.b.Stats().TemplateMisses)
			require.Equal(t, 1, count(s.b.kinds(), flow.NoteTemplateMissing))

			s.b.take(s.send(0, s.data(256, longer...)[0]))
			require.Len(t, s.b.records, 5, "but waits")
			require.Equal(t, 1, count(s.b.kinds(), flow.NoteTemplateArrived))
		})
	}
}

func TestTemplateIsTrustedAgainWhenAnnounced(t *testing.T) {
	s := newStream(t, 9)
	s.b.take(s.datagram(1))
	s.sequence = 0
	s.b.take(s.send(0, s.data(256, gre()...)[0]))
	require.Equal(t, uint64(1), s.b.Stats().Restarts)
	s.b.take(s.send(1, set(256, record(gre()...), make([]byte, 20)))) // padding beyond measure
	require.Len(t, s.b.records, 2)
}

func TestProvisionalTemplateOfVariableLength(t *testing.T) {
	fields := append([]spec{vary(96, []byte("pptp"))}, gre()...)
	s := newStream(t, 10)
	s.b.take(s.send(1, s.data(256, fields...)...))
	s.b.last.templates[256].provisional = true
	s.b.take(s.send(2, set(256, record(fields...), record(fields...), []byte{0, 0})))
	require.Len(t, s.b.records, 3)
	s.b.take(s.send(1, set(256, record(fields...), make([]byte, 12))))
	s.b.take(s.send(1, set(256, record(fields...)[:20])))
	bad := record(fields...)
	bad[0] = 200
	s.b.take(s.send(1, set(256, bad, bad)))
	require.Len(t, s.b.records, 3)
	require.Equal(t, uint64(3), s.b.Stats().TemplateMisses)
}
