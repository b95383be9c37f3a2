package pptpcorrelationprocessor

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/batchprocessor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/internal/inventory"
	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/internal/metadata"
)

// otherMetrics are of hosts: no evidence.
func otherMetrics(points int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("host.name", "web-1")
	sm := rm.ScopeMetrics().AppendEmpty()
	for i := range points / 10 {
		m := sm.Metrics().AppendEmpty()
		m.SetName(fmt.Sprintf("http.server.request.count.%d", i))
		sum := m.SetEmptySum()
		for range 10 {
			dp := sum.DataPoints().AppendEmpty()
			dp.SetIntValue(1)
			dp.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
			dp.Attributes().PutStr("http.route", "/index")
		}
	}
	return md
}

func benchmarkFleet(b *testing.B, size int) *correlator {
	b.Helper()
	cfg := createDefaultConfig().(*Config)
	for i := range size {
		cfg.Gateways = append(cfg.Gateways, inventory.Gateway{ID: fmt.Sprintf("gw-%05d", i), RADIUS: []string{fmt.Sprintf("r%d", i/100)}})
	}
	set := processortest.NewNopSettings(metadata.Type)
	c, err := newCorrelator(set, cfg)
	require.NoError(b, err)
	c.addMetrics(set, consumertest.NewNop())
	c.addLogs(consumertest.NewNop())
	return c
}

// BenchmarkPassing is the cost of points and records that pass, by what they are: no evidence, or the metrics of
// sessions of a probe. The processor must take <= 1 us for each, and allocate nothing for what is no evidence.
func BenchmarkPassing(b *testing.B) {
	c := benchmarkFleet(b, 1000)
	b.Run("metrics/other", func(b *testing.B) {
		md := otherMetrics(1000)
		b.ReportAllocs()
		for b.Loop() {
			_, _ = c.processMetrics(context.Background(), md)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/point")
	})
	b.Run("metrics/evidence", func(b *testing.B) {
		md := pmetric.NewMetrics()
		for i := range 100 {
			probeMetrics(fmt.Sprintf("gw-%05d", i), "lon", "", "").ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
		}
		points := md.DataPointCount()
		b.ReportAllocs()
		for b.Loop() {
			now := pcommon.NewTimestampFromTime(time.Now())
			for _, rm := range md.ResourceMetrics().All() {
				for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
					m.Sum().DataPoints().At(0).SetTimestamp(now)
				}
			}
			_, _ = c.processMetrics(context.Background(), md)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(points), "ns/point")
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/session")
	})
	b.Run("logs/other", func(b *testing.B) {
		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		for range 1000 {
			records.AppendEmpty().Body().SetStr("GET /index.html 200")
		}
		b.ReportAllocs()
		for b.Loop() {
			_, _ = c.processLogs(context.Background(), ld)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
	})
}

// TestPassingAllocatesNothing: of what is no evidence.
func TestPassingAllocatesNothing(t *testing.T) {
	cfg := testConfig()
	c, err := newCorrelator(processortest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	md, ld := otherMetrics(100), plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().SetEventName("http.request")
	require.Zero(t, testing.AllocsPerRun(100, func() {
		_, _ = c.processMetrics(context.Background(), md)
		_, _ = c.processLogs(context.Background(), ld)
	}))
}

// BenchmarkPipeline is a bare pipeline, batch only, and the same with this processor before it: one point in fifty
// is evidence, as in a collector that watches other things, too. The difference is what the processor costs.
func BenchmarkPipeline(b *testing.B) {
	host := componenttest.NewNopHost()
	batch := func(b *testing.B) consumer.Metrics {
		f := batchprocessor.NewFactory()
		cfg := f.CreateDefaultConfig().(*batchprocessor.Config)
		p, err := f.CreateMetrics(b.Context(), processortest.NewNopSettings(f.Type()), cfg, consumertest.NewNop())
		require.NoError(b, err)
		require.NoError(b, p.Start(b.Context(), host))
		b.Cleanup(func() { require.NoError(b, p.Shutdown(context.Background())) })
		return p
	}
	source := otherMetrics(980)
	for i := range 10 {
		probeMetrics(fmt.Sprintf("gw-%05d", i), "lon", "", "").ResourceMetrics().MoveAndAppendTo(source.ResourceMetrics())
	}
	cfg := createDefaultConfig().(*Config)
	cfg.Learn = true
	set := processortest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	bare := batch(b)
	with, err := NewFactory().CreateMetrics(b.Context(), set, cfg, batch(b))
	require.NoError(b, err)
	require.NoError(b, with.Start(b.Context(), host))
	b.Cleanup(func() { require.NoError(b, with.Shutdown(context.Background())) })
	// Turn by turn, so that what else the machine does meanwhile falls on both.
	var took [2]time.Duration
	for b.Loop() {
		for i, p := range []consumer.Metrics{bare, with} {
			begin := time.Now()
			for range 10 {
				md := pmetric.NewMetrics() // what a receiver makes, each time
				source.CopyTo(md)
				require.NoError(b, p.ConsumeMetrics(context.Background(), md))
			}
			took[i] += time.Since(begin)
		}
	}
	n := float64(b.N) * 10 * float64(source.DataPointCount())
	b.ReportMetric(float64(took[0].Nanoseconds())/n, "ns/point_bare")
	b.ReportMetric(float64(took[1].Nanoseconds())/n, "ns/point_with")
	b.ReportMetric(100*float64(took[1]-took[0])/float64(took[0]), "%more")
}

// BenchmarkEvaluation is one evaluation of 10,000 gateways about which probes at two vantages report, and the report of
// the metrics of all.
func BenchmarkEvaluation(b *testing.B) {
	const size = 10_000
	c := benchmarkFleet(b, size)
	feed := func(at time.Time) {
		for i := range size {
			for _, vantage := range []string{"lon", "ams"} {
				md := probeMetrics(fmt.Sprintf("gw-%05d", i), vantage, "", "")
				c.now = at
				c.reader.Metrics(at, md, c.observe)
			}
		}
	}
	feed(time.Now())
	b.Run("evaluate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.evaluate(time.Now(), false)
		}
	})
	b.Run("evaluate and report", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			now := time.Now()
			found := c.evaluate(now, true)
			c.maker.make(now, found.verdicts)
		}
	})
}

// BenchmarkMemory is what 10,000 gateways take, with all sources: the engine's share, and that of the reader.
func BenchmarkMemory(b *testing.B) {
	const size = 10_000
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		c := benchmarkFleet(b, size)
		now := time.Now()
		c.now = now
		for i := range size {
			id := fmt.Sprintf("gw-%05d", i)
			for _, vantage := range []string{"lon", "ams"} {
				c.reader.Metrics(now, probeMetrics(id, vantage, "", ""), c.observe)
			}
			for _, s := range []string{"snmp.agent", "snmp.daemon", "snmp.load", "snmp.pool", "snmp.sessions", "snmp.interface", "netflow.gre", "netflow.traffic", "log.activity", "log.sessions"} {
				c.observe(&health.Evidence{Gateway: id, Signal: s, Value: "ok", At: now})
			}
		}
		c.evaluate(now, true)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
		runtime.KeepAlive(c)
	}
}
