package evidence

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// reads is what a rule says of a row of values, ten seconds apart.
func reads(t *testing.T, rule Rule, temporality pmetric.AggregationTemporality, values ...float64) (out []string) {
	t.Helper()
	rule.Metric, rule.Signal = "x", "snmp.load"
	r := newReader(t, Config{Rules: []Rule{rule}})
	for i, v := range values {
		at := start.Add(time.Duration(i) * 10 * time.Second)
		md := metricsOf(at, ofGateway, datum{"x", v, nil})
		md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().SetAggregationTemporality(temporality)
		got := collect(func(y func(*health.Evidence)) { r.Metrics(at, md, y) })
		word := "-"
		if len(got) > 0 {
			word = got[0].Value
		}
		out = append(out, word)
	}
	return out
}

func TestRead(t *testing.T) {
	above := []Case{{Is: "> 5", Value: "high"}, {Is: "else", Value: "ok"}}
	for name, c := range map[string]struct {
		read   string
		delta  bool
		least  float64
		when   []Case
		values []float64
		want   []string
	}{
		"value":                  {"", false, 0, above, []float64{1, 9, 5}, []string{"ok", "high", "ok"}},
		"increase":               {"increase", false, 0, above, []float64{100, 109, 110}, []string{"-", "high", "ok"}},
		"increase after reset":   {"increase", false, 0, above, []float64{100, 9, 10}, []string{"-", "high", "ok"}},
		"increase of deltas":     {"increase", true, 0, above, []float64{9, 1}, []string{"high", "ok"}},
		"fall":                   {"fall", false, 5, []Case{{Is: ">= 0.3", Value: "high"}, {Is: "else", Value: "ok"}}, []float64{100, 60, 60}, []string{"-", "high", "ok"}},
		"fall of few":            {"fall", false, 5, []Case{{Is: ">= 0.3", Value: "high"}, {Is: "else", Value: "ok"}}, []float64{3, 0, 0}, []string{"-", "ok", "ok"}},
		"restart":                {"restart", false, 0, []Case{{Is: "== 1", Value: "high"}}, []float64{100, 5, 15}, []string{"-", "high", "-"}},
		"not below at the start": {"restart", false, 0, []Case{{Is: "== 1", Value: "high"}}, []float64{5}, []string{"-"}},
	} {
		t.Run(name, func(t *testing.T) {
			temporality := pmetric.AggregationTemporalityCumulative
			if c.delta {
				temporality = pmetric.AggregationTemporalityDelta
			}
			assert.Equal(t, c.want, reads(t, Rule{Read: c.read, Least: c.least, When: c.when}, temporality, c.values...))
		})
	}
}

func TestReadMeanOfHistogram(t *testing.T) {
	r := newReader(t, Config{Rules: []Rule{{Metric: "x", Signal: "probe.latency", Read: "mean", When: []Case{{Is: "> 2", Value: "high"}, {Is: "else", Value: "ok"}}}}})
	read := func(at time.Duration, sum float64, count uint64) []string {
		md := pmetric.NewMetrics()
		rm := md.ResourceMetrics().AppendEmpty()
		ofGateway.put(rm.Resource().Attributes())
		m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		m.SetName("x")
		h := m.SetEmptyHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		dp := h.DataPoints().AppendEmpty()
		dp.SetTimestamp(pcommon.NewTimestampFromTime(start.Add(at)))
		dp.SetSum(sum)
		dp.SetCount(count)
		return words(collect(func(y func(*health.Evidence)) { r.Metrics(start, md, y) }))
	}
	assert.Empty(t, read(0, 100, 100))
	assert.Equal(t, []string{"probe.latency=high"}, read(time.Second, 130, 110))
	assert.Equal(t, []string{"probe.latency=ok"}, read(2*time.Second, 135, 120))
	assert.Empty(t, read(3*time.Second, 135, 120), "nothing came")
	assert.Empty(t, read(time.Second, 999, 999), "late")
}

// TestCountsSlide: increases of counters become Bad of Total over a time.
func TestCountsSlide(t *testing.T) {
	r := newReader(t, Config{})
	requests := func(at time.Duration, accepted, rejected float64) *health.Evidence {
		got := r.read(start.Add(at), ofGateway,
			datum{"pptp.auth.requests", accepted, attrs{"pptp.auth.result": "accepted"}},
			datum{"pptp.auth.requests", rejected, attrs{"pptp.auth.result": "rejected"}})
		if len(got) == 0 {
			return nil
		}
		require.Len(t, got, 1)
		return &got[0]
	}
	assert.Nil(t, requests(0, 1000, 50))
	ev := requests(time.Minute, 1010, 70)
	require.NotNil(t, ev)
	assert.Equal(t, uint32(20), ev.Bad)
	assert.Equal(t, uint32(30), ev.Total)
	assert.Equal(t, health.SNMP, ev.Source)
	ev = requests(2*time.Minute, 1020, 70)
	assert.Equal(t, uint32(20), ev.Bad)
	assert.Equal(t, uint32(40), ev.Total)
	ev = requests(10*time.Minute, 1030, 70)
	assert.Equal(t, uint32(0), ev.Bad, "what was before is out of the window")
	assert.Equal(t, uint32(10), ev.Total)
	ev = requests(11*time.Minute, 3, 4)
	assert.Equal(t, uint32(4), ev.Bad, "counters began anew")
}

// TestFlood: tables have bounds, and what is not used goes.
func TestFlood(t *testing.T) {
	r := newReader(t, Config{MaxSeries: 100, MaxSessions: 50})
	for i := range 10_000 {
		res := attrs{"pptp.gateway.id": fmt.Sprintf("gw-%d", i), "pptp.target": fmt.Sprint(i)}
		r.read(start, res, datum{"pptp.sessions", 10, attrs{"pptp.session.state": "up"}}, datum{"pptp.probe.up", 1, nil}, datum{"snmp.agent.up", 1, nil})
		r.event(start, "pptp.session.established", res, attrs{"pptp.log.program": "pptpd", "client.address": fmt.Sprint(i)})
		r.event(start, "pptp.session.opened", res, attrs{"pptp.log.program": "pptpd", "client.address": fmt.Sprint(i)})
	}
	s := r.Stats()
	assert.LessOrEqual(t, s.Series, 100)
	assert.LessOrEqual(t, s.Sessions, 50)
	assert.LessOrEqual(t, s.Streams, 50*StreamsPerSession)
	assert.LessOrEqual(t, s.Windows, 3*50)
	assert.NotZero(t, s.Dropped[DroppedSeries])
	assert.NotZero(t, s.Dropped[DroppedSessions])
	r.Tick(start.Add(48*time.Hour), func(*health.Evidence) {})
	s = r.Stats()
	assert.Zero(t, s.Series+s.Sessions+s.Streams+s.Windows)
	assert.NotZero(t, s.Forgotten)
}
