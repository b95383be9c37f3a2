package pptplogconnector

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-pptp/otelcol-pptp/connector/pptplogconnector/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/connector/pptplogconnector/internal/metadatatest"
)

func TestTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(t.Context())) }()
	set := metadatatest.NewSettings(tel)
	set.ID = component.NewIDWithName(metadata.Type, "x")
	cfg := createDefaultConfig().(*Config)
	cfg.MaxPending = 2
	n, err := NewFactory().CreateLogsToLogs(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, n.ConsumeLogs(t.Context(), lines(`
		Nov 22 12:00:00 gw1 sshd[7]: hello
		Nov 22 12:00:00 gw1 pptpd[7]: CTRL: Client 198.51.100.7 control connection started
		Nov 22 12:00:00 gw1 pptpd[7]: CTRL: Client 198.51.100.8 control connection finished
		Nov 22 12:00:00 gw1 pptpd[8]: CTRL: Client 198.51.100.8 control connection started
		Nov 22 12:00:00 gw1 pptpd[9]: CTRL: Client 198.51.100.9 control connection started
		Nov 22 12:00:00 gw1 pppd[9]: CHAP authentication succeeded`)))

	id := attribute.String("connector", "pptp_log/x")
	point := func(v int64, a ...attribute.KeyValue) []metricdata.DataPoint[int64] {
		return []metricdata.DataPoint[int64]{{Value: v, Attributes: attribute.NewSet(append(a, id)...)}}
	}
	same := []metricdatatest.Option{metricdatatest.IgnoreTimestamp()}
	metadatatest.AssertEqualPptpLogLinesRead(t, tel, point(6), same...)
	metadatatest.AssertEqualPptpLogSessionsTracked(t, tel, point(3), same...)
	metadatatest.AssertEqualPptpLogSessionsTrackedLimit(t, tel, point(50_000), same...)
	metadatatest.AssertEqualPptpLogConflicts(t, tel, point(1), same...)
	metadatatest.AssertEqualPptpLogForeign(t, tel, point(1), same...)
	metadatatest.AssertEqualPptpLogEventsEmitted(t, tel, point(2), same...)
	metadatatest.AssertEqualPptpLogEventsDropped(t, tel, point(1, attribute.String("reason", "full")), same...)
	metadatatest.AssertEqualPptpLogEventsPending(t, tel, point(0), same...)
	metadatatest.AssertEqualPptpLogEventsPendingLimit(t, tel, point(2), same...)
	metadatatest.AssertEqualPptpLogHosts(t, tel, point(1), same...)
	metadatatest.AssertEqualPptpLogHostsLimit(t, tel, point(1000), same...)
	for _, check := range []func(*testing.T, *componenttest.Telemetry, []metricdata.DataPoint[int64], ...metricdatatest.Option){
		metadatatest.AssertEqualPptpLogLate, metadatatest.AssertEqualPptpLogUnattributed,
		metadatatest.AssertEqualPptpLogSessionsEvicted, metadatatest.AssertEqualPptpLogSessionsExpired,
	} {
		check(t, tel, point(0), same...)
	}
	require.NoError(t, n.Shutdown(t.Context()))
}
