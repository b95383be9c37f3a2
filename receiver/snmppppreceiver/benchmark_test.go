package snmppppreceiver

import (
	"context"
	"testing"

	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
)

// newBenchmark is a receiver whose telemetry nobody keeps, and the results of two
// polls of a gateway with 200 sessions, one of which changes.
func newBenchmark(b *testing.B, change func(*Config)) (*bench, [2]*result) {
	x := newBench(b, change)
	x.pushCtx = context.Background()
	x.metrics.next, x.logs.next = consumertest.NewNop(), consumertest.NewNop()
	var results [2]*result
	for i := range results {
		sessions := []int{i}
		for n := range 200 {
			sessions = append(sessions, n+2)
		}
		s := gateway(i, sessions...)
		results[i] = &result{snapshot: s, stats: s.Stats, start: s.Time, duration: s.Duration, delta: x.agent.tracker.Observe(s)}
	}
	b.ReportAllocs()
	return x, results
}

func (b *bench) loop(tb *testing.B, r *result) {
	for tb.Loop() {
		b.report(b.agent, r)
	}
}

func BenchmarkMetrics(b *testing.B) {
	x, r := newBenchmark(b, nil)
	x.logs = nil
	x.loop(b, r[1])
}

func BenchmarkMetricsOf200Sessions(b *testing.B) {
	x, r := newBenchmark(b, func(c *Config) {
		c.UserName, c.SessionMetrics.Mode, c.SessionMetrics.Top = privacy.Plain, sessionsTop, 200
	})
	x.logs = nil
	x.loop(b, r[1])
}

func BenchmarkLogs(b *testing.B) {
	x, r := newBenchmark(b, nil)
	x.metrics = nil
	x.loop(b, r[1])
}
