package pptpcorrelationprocessor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/internal/metadata"
)

func TestIncidentFromTheFirstFailureToTheRepair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Gateways = cfg.Gateways[:1]
		r := newRig(t, cfg, nil)
		defer r.stop()
		begin := time.Now()
		r.refused(6)
		got := r.events()
		require.GreaterOrEqual(t, len(got), 2)
		assert.Equal(t, []string{"pptp.gateway.verdict.changed", "pptp.gateway.incident.opened"}, names(got)[:2])
		first := got[1]
		assert.Equal(t, "control_port_down", attr(first, "pptp.root_cause"))
		assert.Equal(t, "down", attr(first, "pptp.gateway.state"))
		assert.Equal(t, "critical", attr(first, "pptp.severity"))
		assert.LessOrEqual(t, first.Timestamp().AsTime().Sub(begin), 50*time.Second, "two rounds and the dwell")
		for range 20 {
			pass(9 * time.Second)
			r.probe("vpn-1", "lon", "", "")
			r.probe("vpn-1", "ams", "", "")
			pass(time.Second)
		}
		got = r.events()
		last := got[len(got)-1]
		assert.Equal(t, "pptp.gateway.incident.closed", last.EventName())
		assert.Equal(t, attr(first, "pptp.incident.id"), attr(last, "pptp.incident.id"))
		assert.Equal(t, "healthy", attr(last, "pptp.gateway.state"))
		assert.Equal(t, "control_port_down", attr(last, "pptp.root_cause"))
	})
}

// TestNothingIsTold of gateways that work, nor at the start, of what has not reported yet.
func TestNothingIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(), nil)
		defer r.stop()
		for i := range 100 {
			pass(10 * time.Second)
			r.probe("vpn-1", "lon", "", "")
			if i%6 == 5 { // the other one reports once a minute
				r.probe("vpn-2", "lon", "", "")
			}
		}
		synctest.Wait()
		assert.Empty(t, opened(r.events()))
	})
}

func TestStateSeries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Gateways = cfg.Gateways[:1]
		r := newRig(t, cfg, nil)
		r.refused(6)
		r.stop()
		all := r.metricsSink.AllMetrics()
		values := make(map[string]float64)
		for _, md := range all {
			for _, rm := range md.ResourceMetrics().All() {
				for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
					for _, dp := range points(m).All() {
						key := m.Name()
						for _, v := range dp.Attributes().All() {
							key += "/" + v.AsString()
						}
						values[key] = float64(dp.IntValue()) + dp.DoubleValue()
					}
				}
			}
		}
		assert.InDelta(t, 1, values["pptp.gateway.status/down"], 0)
		assert.InDelta(t, 0, values["pptp.gateway.status/healthy"], 0)
		assert.Contains(t, values, "pptp.gateway.status/flapping")
		assert.InDelta(t, 1, values["pptp.gateway.cause.status/control_port_down"], 0)
		assert.InDelta(t, 4, values["pptp.gateway.verdict.severity"], 0)
		assert.InDelta(t, 1, values["pptp.gateway.incidents"], 0)
		assert.Greater(t, values["pptp.gateway.verdict.confidence"], 0.5)
		assert.Contains(t, values, "pptp.gateway.evidence.age/probe")
	})
}

func points(m pmetric.Metric) pmetric.NumberDataPointSlice {
	if m.Type() == pmetric.MetricTypeGauge {
		return m.Gauge().DataPoints()
	}
	return m.Sum().DataPoints()
}

func TestAnnotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Annotate.Enabled = true
		r := newRig(t, cfg, nil)
		defer r.stop()
		assert.True(t, r.metrics.Capabilities().MutatesData)
		r.refused(6)
		md := probeMetrics("vpn-1", "lon", "", "")
		require.NoError(t, r.metrics.ConsumeMetrics(t.Context(), md))
		a := md.ResourceMetrics().At(0).Resource().Attributes().AsRaw()
		assert.Equal(t, "down", a["pptp.gateway.state"])
		assert.Equal(t, "control_port_down", a["pptp.root_cause"])
		assert.NotEmpty(t, a["pptp.incident.id"])
	})
	r := newRig(t, testConfig(), nil)
	assert.False(t, r.metrics.Capabilities().MutatesData)
	r.stop()
}

func TestMaintenanceFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Maintenance.File = filepath.Join(t.TempDir(), "maintenance.yaml")
		write := func(text string) { require.NoError(t, os.WriteFile(cfg.Maintenance.File, []byte(text), 0o600)) }
		r := newRig(t, cfg, nil)
		defer r.stop()
		write("windows:\n  - {name: move, gateways: [\"vpn-*\"], start: \"1999-01-01T00:00:00Z\", end: \"2100-01-01T00:00:00Z\"}\n")
		r.refused(6)
		assert.Empty(t, opened(r.events()), "maintenance")
		write("windows: [{name: move, begin: x}]\n")
		r.refused(3)
		assert.Empty(t, opened(r.events()), "a file with a mistake changes nothing")
		require.NoError(t, os.Remove(cfg.Maintenance.File))
		for range 40 {
			r.refused(1)
		}
		assert.NotEmpty(t, opened(r.events()), "it is over, and so is the time to recover")
	})
}

// TestOneKindOfPipeline: it works with what it gets.
func TestOneKindOfPipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink consumertest.MetricsSink
		p, err := NewFactory().CreateMetrics(t.Context(), processortest.NewNopSettings(metadata.Type), testConfig(), &sink)
		require.NoError(t, err)
		require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
		for range 6 {
			pass(10 * time.Second)
			require.NoError(t, p.ConsumeMetrics(t.Context(), probeMetrics("vpn-1", "lon", "tcp.refused", "tcp")))
		}
		synctest.Wait()
		require.NoError(t, p.Shutdown(t.Context()))
		assert.Greater(t, sink.DataPointCount(), 6*3+20)
	})
	synctest.Test(t, func(t *testing.T) {
		var sink consumertest.LogsSink
		p, err := NewFactory().CreateLogs(t.Context(), processortest.NewNopSettings(metadata.Type), testConfig(), &sink)
		require.NoError(t, err)
		require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
		for i := range 6 {
			pass(10 * time.Second)
			ld := plog.NewLogs()
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("pptp.gateway.id", "vpn-1")
			lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			lr.SetEventName("pptp.session.failed")
			lr.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
			lr.SetTraceID(pcommon.TraceID{byte(i + 1)})
			lr.Attributes().PutStr("pptp.depth", "network")
			lr.Attributes().PutStr("error.type", "tcp.refused")
			lr.Attributes().PutStr("pptp.stage", "tcp")
			require.NoError(t, p.ConsumeLogs(t.Context(), ld))
		}
		synctest.Wait()
		require.NoError(t, p.Shutdown(t.Context()))
		var got plog.LogRecord
		for _, ld := range sink.AllLogs() {
			for _, rl := range ld.ResourceLogs().All() {
				if lr := rl.ScopeLogs().At(0).LogRecords().At(0); lr.EventName() == "pptp.gateway.incident.opened" && attr(lr, "pptp.gateway.id") == "vpn-1" {
					got = lr
				}
			}
		}
		require.NotZero(t, got)
		assert.False(t, got.TraceID().IsEmpty(), "joined to the session that decided")
		assert.NotEmpty(t, attr(got, "pptp.evidence.trace_ids"))
	})
}

// TestPipelinesEndInAnyOrder: nothing comes out of one that has ended, and the other goes on.
func TestPipelinesEndInAnyOrder(t *testing.T) {
	for _, logsFirst := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, testConfig(), nil)
			r.refused(2)
			first, second := component.Component(r.metrics), component.Component(r.logs)
			if logsFirst {
				first, second = second, first
			}
			require.NoError(t, first.Shutdown(t.Context()))
			events, data := len(r.logsSink.AllLogs()), r.metricsSink.DataPointCount()
			pass(5 * time.Minute)
			if logsFirst {
				assert.Len(t, r.logsSink.AllLogs(), events)
				assert.Greater(t, r.metricsSink.DataPointCount(), data)
			} else {
				assert.Equal(t, data, r.metricsSink.DataPointCount())
			}
			require.NoError(t, second.Shutdown(t.Context()))
			require.NoError(t, first.Shutdown(t.Context()), "twice")
		})
	}
}

func TestEventsWaitForAPipelineThatRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Gateways = cfg.Gateways[:1]
		r := newRig(t, cfg, nil)
		r.logsSink.refuse(errors.New("full"))
		r.refused(6)
		require.Empty(t, r.events())
		r.logsSink.refuse(nil)
		r.refused(1)
		assert.Len(t, opened(r.events()), 1)
		r.stop()
	})
}

// TestBadEvidence: contradictory, duplicated, late, future-dated evidence, and of unknown gateways, is counted, and leads
// to no incident.
func TestBadEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Gateways = cfg.Gateways[:1]
		set := processortest.NewNopSettings(metadata.Type)
		c, err := newCorrelator(set, cfg)
		require.NoError(t, err)
		defer c.telemetry.shutdown()
		c.addLogs(consumertest.NewNop())
		stamped := func(md pmetric.Metrics, offset time.Duration) pmetric.Metrics {
			for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
				m.Sum().DataPoints().At(0).SetTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(offset)))
			}
			return md
		}
		for range 60 {
			pass(10 * time.Second)
			for _, md := range []pmetric.Metrics{
				probeMetrics("vpn-1", "lon", "", ""), probeMetrics("vpn-1", "lon", "", ""),
				stamped(probeMetrics("vpn-1", "ams", "tcp.refused", "tcp"), -time.Hour),
				stamped(probeMetrics("vpn-1", "ber", "tcp.refused", "tcp"), time.Hour),
				stamped(probeMetrics("vpn-1", "rom", "tcp.refused", "tcp"), 200*365*24*time.Hour),
				probeMetrics("vpn-9", "lon", "tcp.refused", "tcp"),
				probeMetrics("vpn-1", "lon", "no.such_type", "tcp"),
			} {
				_, err := c.processMetrics(context.Background(), md)
				require.NoError(t, err)
			}
			c.evaluate(time.Now(), false)
		}
		s := c.stats()
		assert.Zero(t, s.engine.OpenIncidents)
		for _, o := range []health.Outcome{health.Accepted, health.Duplicate, health.Late, health.Future, health.UnknownGateway} {
			assert.NotZero(t, s.engine.Evidence[o], o.String())
		}
		assert.NotZero(t, s.reader.Dropped[2], "unknown error.type")
	})
}
