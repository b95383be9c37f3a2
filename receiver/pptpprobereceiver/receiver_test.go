package pptpprobereceiver

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadatatest"
)

// always is a prober that returns one kind of result.
func always(result func() *pptpprobe.Result) *fakeProber {
	return &fakeProber{results: func(int, pptpprobe.Target) *pptpprobe.Result { return result() }}
}

func (f *fakeProber) factory() receiver.Factory {
	return newFactory(newProbePool(func() prober { return f }))
}

func targets(cfg *Config, names ...string) *Config {
	cfg.Jitter = 0
	for _, n := range names {
		s := cfg.Session.clone()
		s.Depth = "gre"
		cfg.Targets = append(cfg.Targets, TargetConfig{Endpoint: n, Session: s})
	}
	return cfg
}

func defaultConfig() *Config { return createDefaultConfig().(*Config) }

// statusHost remembers what the component reports.
type statusHost struct {
	component.Host
	mu     sync.Mutex
	events []*componentstatus.Event
}

func newStatusHost() *statusHost { return &statusHost{Host: componenttest.NewNopHost()} }

func (h *statusHost) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *statusHost) statuses() (out []componentstatus.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		out = append(out, e.Status())
	}
	return out
}

func TestOneSessionFeedsAllSignals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := always(goodResult)
		f, cfg := probe.factory(), targets(defaultConfig(), "vpn1.example.com")
		var (
			metrics consumertest.MetricsSink
			logs    consumertest.LogsSink
			traces  consumertest.TracesSink
			set     = receivertest.NewNopSettings(metadata.Type)
			host    = componenttest.NewNopHost()
		)
		m, err := f.CreateMetrics(t.Context(), set, cfg, &metrics)
		require.NoError(t, err)
		l, err := f.CreateLogs(t.Context(), set, cfg, &logs)
		require.NoError(t, err)
		tr, err := f.CreateTraces(t.Context(), set, cfg, &traces)
		require.NoError(t, err)
		for _, c := range []component.Component{m, l, tr} {
			require.NoError(t, c.Start(t.Context(), host))
		}
		pass(3 * time.Minute)
		for _, c := range []component.Component{m, l, tr} {
			require.NoError(t, c.Shutdown(t.Context()))
		}
		runs, closed := probe.count()
		assert.Equal(t, 3, runs, "one session a minute, whatever the number of signals")
		assert.Equal(t, 1, closed)
		require.Len(t, metrics.AllMetrics(), 3)
		require.Len(t, logs.AllLogs(), 3)
		require.Len(t, traces.AllTraces(), 3)

		root := traces.AllTraces()[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
		records := logs.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
		for i := range records.Len() {
			assert.Equal(t, root.TraceID(), records.At(i).TraceID(), "joined by the trace id")
		}
		other := traces.AllTraces()[1].ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
		assert.NotEqual(t, root.TraceID(), other.TraceID())
		assert.Equal(t, traces.AllTraces()[0].ResourceSpans().At(0).Resource().Attributes().AsRaw(),
			metrics.AllMetrics()[0].ResourceMetrics().At(0).Resource().Attributes().AsRaw())
	})
}

func TestPrometheusNamesAndKinds(t *testing.T) {
	b := newBench(t, nil)
	b.run(goodResult())
	found := map[string]pmetric.Metric{}
	list := b.lastMetrics().ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for i := range list.Len() {
		found[list.At(i).Name()] = list.At(i)
	}
	// pptp_connect_duration_seconds
	connect := found["pptp.connect.duration"]
	assert.Equal(t, "s", connect.Unit())
	assert.Equal(t, pmetric.AggregationTemporalityCumulative, connect.Histogram().AggregationTemporality())
	// pptp_auth_success_total
	auth := found["pptp.auth.success"]
	assert.Equal(t, "{attempt}", auth.Unit())
	assert.True(t, auth.Sum().IsMonotonic())
	// pptp_gre_data_ok: a gauge with unit 1 would become _ratio, a monotonic sum _total
	for _, name := range []string{"pptp.gre.data.ok", "pptp.probe.up", "pptp.probe.failing"} {
		if m, ok := found[name]; ok {
			assert.Equal(t, "1", m.Unit())
			assert.Equal(t, pmetric.MetricTypeSum, m.Type())
			assert.False(t, m.Sum().IsMonotonic())
		}
	}
	for _, m := range found {
		if m.Type() == pmetric.MetricTypeHistogram {
			assert.Equal(t, bounds, m.Histogram().DataPoints().At(0).ExplicitBounds().AsRaw())
		}
	}
}

func TestOneSignalAlone(t *testing.T) {
	set := receivertest.NewNopSettings(metadata.Type)
	tests := map[string]struct {
		create func(receiver.Factory, *Config) (component.Component, func() int, error)
	}{
		"metrics": {create: func(f receiver.Factory, c *Config) (component.Component, func() int, error) {
			s := new(consumertest.MetricsSink)
			r, err := f.CreateMetrics(t.Context(), set, c, s)
			return r, func() int { return len(s.AllMetrics()) }, err
		}},
		"logs": {create: func(f receiver.Factory, c *Config) (component.Component, func() int, error) {
			s := new(consumertest.LogsSink)
			r, err := f.CreateLogs(t.Context(), set, c, s)
			return r, func() int { return len(s.AllLogs()) }, err
		}},
		"traces": {create: func(f receiver.Factory, c *Config) (component.Component, func() int, error) {
			s := new(consumertest.TracesSink)
			r, err := f.CreateTraces(t.Context(), set, c, s)
			return r, func() int { return len(s.AllTraces()) }, err
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, count, err := tt.create(always(greResult).factory(), targets(defaultConfig(), "vpn1.example.com"))
				require.NoError(t, err)
				require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
				pass(30 * time.Second)
				require.NoError(t, r.Shutdown(t.Context()))
				assert.Equal(t, 1, count())
			})
		})
	}
}

var errRefused = errors.New("refused")

func TestDownstreamErrorsDoNotStopTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
		set := metadatatest.NewSettings(tel)
		f, cfg := always(goodResult).factory(), targets(defaultConfig(), "vpn1.example.com")
		m, err := f.CreateMetrics(t.Context(), set, cfg, consumertest.NewErr(errRefused))
		require.NoError(t, err)
		_, err = f.CreateLogs(t.Context(), set, cfg, consumertest.NewErr(errRefused))
		require.NoError(t, err)
		var traces consumertest.TracesSink
		_, err = f.CreateTraces(t.Context(), set, cfg, &traces)
		require.NoError(t, err)
		require.NoError(t, m.Start(t.Context(), componenttest.NewNopHost()))
		pass(5 * time.Minute)
		require.NoError(t, m.Shutdown(t.Context()))
		assert.Len(t, traces.AllTraces(), 5, "what one signal refuses reaches the others")

		refused, err := tel.GetMetric("otelcol_receiver_refused_log_records")
		require.NoError(t, err)
		assert.Positive(t, refused.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
		accepted, err := tel.GetMetric("otelcol_receiver_accepted_spans")
		require.NoError(t, err)
		assert.Equal(t, int64(traces.SpanCount()), accepted.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
	})
}

func TestSelfTelemetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
		probe := &fakeProber{takes: 70 * time.Second, results: func(n int, _ pptpprobe.Target) *pptpprobe.Result {
			if n == 0 {
				return greResult()
			}
			return goodResult()
		}}
		set := metadatatest.NewSettings(tel)
		cfg := targets(defaultConfig(), "vpn1.example.com", "vpn2.example.com")
		cfg.MaxConcurrent = 1
		r, err := probe.factory().CreateMetrics(t.Context(), set, cfg, consumertest.NewNop())
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
		pass(130 * time.Second)

		id := attribute.NewSet(attribute.String("receiver", set.ID.String()))
		point := func(v int64) []metricdata.DataPoint[int64] {
			return []metricdata.DataPoint[int64]{{Attributes: id, Value: v}}
		}
		opt := metricdatatest.IgnoreTimestamp()
		metadatatest.AssertEqualPptpProbeSessionsActive(t, tel, point(1), opt)
		metadatatest.AssertEqualPptpProbeSessionsLimit(t, tel, point(1), opt)
		metadatatest.AssertEqualPptpProbeQueueCapacity(t, tel, point(2), opt)
		metadatatest.AssertEqualPptpProbeQueueSize(t, tel, point(1), opt)
		metadatatest.AssertEqualPptpProbeSessionsStarted(t, tel, point(2), opt)
		metadatatest.AssertEqualPptpProbeSessionsFailed(t, tel, point(1), opt)
		metadatatest.AssertEqualPptpProbeGreReceived(t, tel, point(7), opt)
		metadatatest.AssertEqualPptpProbeGreUnknown(t, tel, point(2), opt)
		metadatatest.AssertEqualPptpProbeGreDropped(t, tel, point(1), opt)
		skipped, err := tel.GetMetric("otelcol_pptp_probe_sessions_skipped")
		require.NoError(t, err)
		assert.NotEmpty(t, skipped.Data.(metricdata.Sum[int64]).DataPoints)

		require.NoError(t, r.Shutdown(t.Context()))
		metadatatest.AssertEqualPptpProbeSessionsCancelled(t, tel, point(1), opt)
	})
}

func TestNothingIsPassedOnIfNothingIsWanted(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.Metrics.Metrics = metadata.MetricsConfig{}
		c.Histograms = HistogramsConfig{}
		c.Logs.Events = metadata.EventsConfig{}
	})
	b.run(goodResult(), greResult())
	assert.Empty(t, b.sinks.metrics.AllMetrics())
	assert.Empty(t, b.sinks.logs.AllLogs())
	assert.Len(t, b.sinks.traces.AllTraces(), 2)
}

func TestHistogramsAlone(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.Metrics.Metrics = metadata.MetricsConfig{}
		c.Histograms = HistogramsConfig{ConnectDuration: HistogramConfig{Enabled: true}}
	})
	b.run(goodResult())
	require.Equal(t, 1, b.lastMetrics().MetricCount())
	assert.Equal(t, "pptp.connect.duration",
		b.lastMetrics().ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Name())
}

func TestExemplarsOnlyWithTraces(t *testing.T) {
	b := newBench(t, nil)
	b.probeReceiver.traces = nil
	b.run(goodResult())
	list := b.lastMetrics().ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for i := range list.Len() {
		if m := list.At(i); m.Type() == pmetric.MetricTypeHistogram {
			assert.Zero(t, m.Histogram().DataPoints().At(0).Exemplars().Len(), m.Name())
		}
	}
}

func recordsOf(logs plog.Logs, name string) (out []plog.LogRecord) {
	list := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	for i := range list.Len() {
		if list.At(i).EventName() == name {
			out = append(out, list.At(i))
		}
	}
	return out
}

func TestJitterLeavesRoomForASession(t *testing.T) {
	assert.Equal(t, 6*time.Second, jitterOf(time.Minute, 34*time.Second, 0.1))
	assert.Equal(t, 2*time.Second, jitterOf(36*time.Second, 34*time.Second, 0.1))
	assert.Zero(t, jitterOf(34*time.Second, 34*time.Second, 0.1))
}

func TestRealProbeNeedsNoPrivilegeForDepthControl(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	closed := l.Addr().String() // nobody listens there any more
	require.NoError(t, l.Close())

	cfg := targets(defaultConfig(), closed)
	cfg.InitialDelay = 0
	cfg.Targets[0].Session.Depth = "control"
	require.NoError(t, cfg.Validate())
	var logs consumertest.LogsSink
	r, err := NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), cfg, &logs)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	require.Eventually(t, func() bool { return logs.LogRecordCount() > 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, r.Shutdown(t.Context()))
	failed := recordsOf(logs.AllLogs()[0], "pptp.session.failed")
	require.Len(t, failed, 1)
	v, _ := failed[0].Attributes().Get("error.type")
	assert.Equal(t, string(pptpprobe.CauseTCPRefused), v.Str())
}
