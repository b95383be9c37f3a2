package radiusreceiver

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
)

// What was true of the statistics is told to be over, instead of not being told any more.
func TestStatisticsFailuresEnd(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Servers[0].Statistics.Endpoint = "127.0.0.1" })
	silent := &radiuscheck.StatisticsError{Failure: *failure(radiuscheck.Unreachable)}
	b.rounds(
		&finding{statisticsErr: silent},
		&finding{statisticsErr: errors.New("an answer without statistics")},
		&finding{statistics: statistics(t, uint32(noon.Unix())-60, 1)},
	)
	all := b.metrics.AllMetrics()
	for round, want := range []map[string]float64{
		{"": 0, "radius.unreachable": 1},
		{"": 0, "radius.unreachable": 0, "radius.unsupported": 1},
		{"": 1, "radius.unreachable": 0, "radius.unsupported": 0},
	} {
		for cause, v := range want {
			name, attributes := "radius.server.statistics.up", map[string]any{}
			if cause != "" {
				name, attributes = "radius.server.statistics.failing", map[string]any{"error.type": cause}
			}
			got, ok := value(all[round], name, attributes)
			require.True(t, ok, "round %d: %s", round, name)
			assert.InDelta(t, v, got, 0, "round %d: %s", round, name)
		}
	}
}

// A server whose clock is ahead of ours did not start in the future.
func TestClockOfTheServerIsAhead(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Servers[0].Statistics.Endpoint = "127.0.0.1" })
	b.rounds(&finding{statistics: statistics(t, uint32(noon.Add(time.Hour).Unix()), 1)})
	md := last(t, b.metrics.AllMetrics())
	v, ok := value(md, "radius.server.uptime", map[string]any{})
	assert.True(t, ok)
	assert.Zero(t, v)
	for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		switch m.Name() {
		case "radius.server.requests":
			p := m.Sum().DataPoints().At(0)
			assert.LessOrEqual(t, p.StartTimestamp(), p.Timestamp())
		case "radius.server.request.duration":
			p := m.Histogram().DataPoints().At(0)
			assert.LessOrEqual(t, p.StartTimestamp(), p.Timestamp())
		}
	}
}
