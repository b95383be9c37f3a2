package pptpcorrelationprocessor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/internal/metadata"
)

// TestSelfTelemetry: every metric of its own is there, with what happened.
func TestSelfTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	set := processortest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	c, err := newCorrelator(set, testConfig())
	require.NoError(t, err)
	defer c.telemetry.shutdown()
	c.addLogs(consumertest.NewNop())
	for _, gateway := range []string{"vpn-1", "nobody"} {
		_, err = c.processMetrics(t.Context(), probeMetrics(gateway, "lon", "", ""))
		require.NoError(t, err)
	}
	md := probeMetrics("vpn-1", "lon", "", "")
	md.ResourceMetrics().At(0).Resource().Attributes().Remove("pptp.gateway.id")
	md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).SetName("snmp.agent.up")
	_, err = c.processMetrics(t.Context(), md)
	require.NoError(t, err)
	c.evaluate(time.Now(), false)
	c.evaluate(time.Now().Add(time.Hour), false)

	value := func(name, key, of string) int64 {
		m, err := tel.GetMetric("otelcol_" + name)
		require.NoError(t, err, name)
		var points []metricdata.DataPoint[int64]
		switch d := m.Data.(type) {
		case metricdata.Sum[int64]:
			points = d.DataPoints
		case metricdata.Gauge[int64]:
			points = d.DataPoints
		}
		for _, p := range points {
			self, _ := p.Attributes.Value("processor")
			assert.Equal(t, "pptp_correlation", self.AsString())
			if v, ok := p.Attributes.Value(attribute.Key(key)); key == "" || ok && v.AsString() == of {
				return p.Value
			}
		}
		require.Fail(t, "not there", "%s{%s=%s}", name, key, of)
		return 0
	}
	assert.Positive(t, value("pptp_correlation_evidence", "outcome", "accepted"))
	assert.Positive(t, value("pptp_correlation_evidence", "outcome", "unknown_gateway"))
	assert.Positive(t, value("pptp_correlation_evidence_dropped", "reason", "no_gateway"))
	assert.Positive(t, value("pptp_correlation_evidence_stale", "", ""))
	assert.Equal(t, int64(2), value("pptp_correlation_table_size", "table", "gateways"))
	assert.Equal(t, int64(10_000), value("pptp_correlation_table_limit", "table", "gateways"))
	assert.Zero(t, value("pptp_correlation_table_evictions", "table", "items"))
	assert.Zero(t, value("pptp_correlation_failures", "operation", "save"))
	assert.Zero(t, value("pptp_correlation_incidents", "", ""))
	assert.Zero(t, value("pptp_correlation_events_pending", "", ""))
	assert.Zero(t, value("pptp_correlation_events_dropped", "", ""))
	assert.GreaterOrEqual(t, value("pptp_correlation_events", "kind", "verdict_changed"), int64(0))
	m, err := tel.GetMetric("otelcol_pptp_correlation_evaluation_duration")
	require.NoError(t, err)
	assert.Equal(t, uint64(2), m.Data.(metricdata.Histogram[float64]).DataPoints[0].Count)
}
