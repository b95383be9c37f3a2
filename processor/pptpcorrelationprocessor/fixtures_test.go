package pptpcorrelationprocessor

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelcol-pptp/otelcol-pptp/internal/inventory"
	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/internal/metadata"
)

// rig is a processor in a metrics and a logs pipeline, and what comes out of them.
type rig struct {
	t           testing.TB
	metrics     processor.Metrics
	logs        processor.Logs
	metricsSink consumertest.MetricsSink
	logsSink    refusingSink
}

// refusingSink is a sink that takes nothing while it has an error.
type refusingSink struct {
	consumertest.LogsSink
	mu  sync.Mutex
	err error
}

func (s *refusingSink) refuse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *refusingSink) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	s.mu.Lock()
	err := s.err
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.LogsSink.ConsumeLogs(ctx, ld)
}

func testConfig() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Gateways = []inventory.Gateway{
		{ID: "vpn-1", Name: "Headquarters", Addresses: []string{"192.0.2.1"}, Site: "lon", RADIUS: []string{"radius-1"}, Group: "emea"},
		{ID: "vpn-2", Addresses: []string{"192.0.2.2"}, RADIUS: []string{"radius-1"}},
	}
	return cfg
}

func newRig(t testing.TB, cfg *Config, host component.Host) *rig {
	t.Helper()
	r := &rig{t: t}
	require.NoError(t, cfg.Validate())
	f := NewFactory()
	set := processortest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	var err error
	r.metrics, err = f.CreateMetrics(t.Context(), set, cfg, &r.metricsSink)
	require.NoError(t, err)
	r.logs, err = f.CreateLogs(t.Context(), set, cfg, &r.logsSink)
	require.NoError(t, err)
	if host == nil {
		host = componenttest.NewNopHost()
	}
	require.NoError(t, r.metrics.Start(t.Context(), host))
	require.NoError(t, r.logs.Start(t.Context(), host))
	return r
}

func (r *rig) stop() {
	r.t.Helper()
	require.NoError(r.t, r.metrics.Shutdown(context.Background()))
	require.NoError(r.t, r.logs.Shutdown(context.Background()))
}

// probe passes on what a probe reports at the end of a session that failed, or not if errorType is empty.
func (r *rig) probe(gateway, vantage, errorType, stage string) {
	r.t.Helper()
	require.NoError(r.t, r.metrics.ConsumeMetrics(r.t.Context(), probeMetrics(gateway, vantage, errorType, stage)))
}

func probeMetrics(gateway, vantage, errorType, stage string) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	a := rm.Resource().Attributes()
	a.PutStr("pptp.gateway.id", gateway)
	a.PutStr("pptp.target", gateway)
	a.PutStr("pptp.vantage", vantage)
	list := rm.ScopeMetrics().AppendEmpty().Metrics()
	now := pcommon.NewTimestampFromTime(time.Now())
	sum := func(name string, v int64) pmetric.NumberDataPoint {
		m := list.AppendEmpty()
		m.SetName(name)
		dp := m.SetEmptySum().DataPoints().AppendEmpty()
		dp.SetTimestamp(now)
		dp.SetIntValue(v)
		return dp
	}
	sum("pptp.mppe.decrypt.errors", 0)
	if errorType == "" {
		sum("pptp.probe.up", 1)
		return md
	}
	sum("pptp.probe.up", 0)
	dp := sum("pptp.probe.failing", 1)
	dp.Attributes().PutStr("error.type", errorType)
	dp.Attributes().PutStr("pptp.stage", stage)
	return md
}

// events returns all events that came out, in their order.
func (r *rig) events() (out []plog.LogRecord) {
	for _, ld := range r.logsSink.AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					if len(lr.EventName()) > 13 && lr.EventName()[:13] == "pptp.gateway." {
						out = append(out, lr)
					}
				}
			}
		}
	}
	return out
}

// names are those of events.
func names(list []plog.LogRecord) (out []string) {
	for _, lr := range list {
		out = append(out, lr.EventName())
	}
	return out
}

func attr(lr plog.LogRecord, key string) string {
	if v, ok := lr.Attributes().Get(key); ok {
		return v.AsString()
	}
	return ""
}

// startOne starts a processor in a metrics pipeline alone.
func startOne(t *testing.T, cfg *Config, host component.Host) (processor.Metrics, error) {
	t.Helper()
	p, err := NewFactory().CreateMetrics(t.Context(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(t, err)
	return p, p.Start(t.Context(), host)
}

// pass lets time pass in a bubble of synctest, and everything that is due then happen.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
