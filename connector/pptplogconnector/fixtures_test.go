package pptplogconnector

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/connector/pptplogconnector/internal/metadata"
)

// rig is a connector with both signals wired.
type rig struct {
	t        *testing.T
	cfg      *Config
	logs     connector.Logs // the node for logs; nil: not wired
	metrics  connector.Logs // the node for metrics; nil: not wired
	events   *consumertest.LogsSink
	measures *consumertest.MetricsSink
}

// newRig starts a connector; change may change its configuration.
func newRig(t *testing.T, change func(*Config)) *rig {
	r := &rig{t: t, cfg: createDefaultConfig().(*Config), events: new(consumertest.LogsSink), measures: new(consumertest.MetricsSink)}
	r.cfg.HashKey = "key"
	if change != nil {
		change(r.cfg)
	}
	require.NoError(t, r.cfg.Validate())
	f := NewFactory()
	set := connectortest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	var err error
	r.logs, err = f.CreateLogsToLogs(t.Context(), set, r.cfg, r.events)
	require.NoError(t, err)
	r.metrics, err = f.CreateLogsToMetrics(t.Context(), set, r.cfg, r.measures)
	require.NoError(t, err)
	for _, n := range []connector.Logs{r.logs, r.metrics} {
		require.NoError(t, n.Start(t.Context(), componenttest.NewNopHost()))
		t.Cleanup(func() { require.NoError(t, n.Shutdown(context.Background())) })
	}
	return r
}

// send gives records to both nodes, as the collector does.
func (r *rig) send(ld plog.Logs) *rig {
	r.t.Helper()
	require.NoError(r.t, r.logs.ConsumeLogs(r.t.Context(), ld))
	require.NoError(r.t, r.metrics.ConsumeLogs(r.t.Context(), ld))
	return r
}

// stop ends the connector, so that everything has been told.
func (r *rig) stop() *rig {
	r.t.Helper()
	require.NoError(r.t, r.logs.Shutdown(r.t.Context()))
	require.NoError(r.t, r.metrics.Shutdown(r.t.Context()))
	return r
}

// all are the events that have come out, in their order, with their resource.
func (r *rig) all() (list []emitted) {
	for _, ld := range r.events.AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					list = append(list, emitted{lr, rl.Resource().Attributes()})
				}
			}
		}
	}
	return list
}

type emitted struct {
	plog.LogRecord

	resource pcommon.Map
}

func (e emitted) text(key string) string {
	v, ok := e.Attributes().Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}

// names are the names of all events, with the cause of those that have one.
func (r *rig) names() (names []string) {
	for _, e := range r.all() {
		names = append(names, strings.TrimSpace(e.EventName()+" "+e.text("error.type")))
	}
	return names
}

// value is the sum of a metric's last points with these attributes, "key=value".
func (r *rig) value(name string, attributes ...string) (sum int64) {
	r.t.Helper()
	all := r.measures.AllMetrics()
	require.NotEmpty(r.t, all)
	for _, rm := range all[len(all)-1].ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if m.Name() != name {
					continue
				}
				points := pmetric.NewNumberDataPointSlice()
				switch m.Type() {
				case pmetric.MetricTypeSum:
					points = m.Sum().DataPoints()
				case pmetric.MetricTypeGauge:
					points = m.Gauge().DataPoints()
				default:
					require.Fail(r.t, "not a number", name)
				}
				for _, p := range points.All() {
					if has(p.Attributes(), attributes) {
						sum += p.IntValue()
					}
				}
			}
		}
	}
	return sum
}

func has(m pcommon.Map, attributes []string) bool {
	for _, a := range attributes {
		k, want, _ := strings.Cut(a, "=")
		if v, ok := m.Get(k); !ok || v.AsString() != want {
			return false
		}
	}
	return true
}

// lines makes records of lines, as file_log does.
func lines(text string) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" {
			records.AppendEmpty().Body().SetStr(l)
		}
	}
	return ld
}

// poptop is what poptop logged in the testbed.
func poptop(t testing.TB, name string) string {
	text, err := os.ReadFile(filepath.Join("..", "..", "pptplog", "testdata", "poptop", name+".log"))
	require.NoError(t, err)
	return string(text)
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
