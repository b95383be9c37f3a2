package pptpcorrelationprocessor

import (
	"flag"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/internal/metadata"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing to them")

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// twoCauses is a codebook of two causes, so that the golden files do not change whenever the weights of the others do.
func twoCauses() string {
	text := `causes:
  control_port_down:
    title: Nothing listens on TCP port 1723
    state: down
    severity: critical
    required: [{probe.tcp: refused}]
    supporting: [{snmp.daemon: absent}, {log.daemon: exited}]
    contradicting: [{snmp.daemon: ok, weight: 0.3}]
    explains: []
    hint: Start the daemon.
  auth_backend_down:
    title: The RADIUS server does not answer
    state: down
    severity: critical
    required: [{any: [{radius.auth: timeout}, {fleet.radius: bad}]}]
    supporting: [{probe.auth: timeout}]
    contradicting: [{radius.auth: ok}]
    shared: fleet.radius
    explains: []
    hint: Bring the server back.
`
	for _, c := range health.DefaultCodebook().Causes() {
		if !slices.Contains([]string{"control_port_down", "auth_backend_down", "unknown"}, c.Name) {
			text += "  " + c.Name + ": {disabled: true}\n"
		}
	}
	return text
}

// told evaluates evidence, as signal, value, vantage and trace, about gateways, in rounds of ten seconds, and writes what is
// told of it.
type told struct {
	gateways []string
	evidence [][4]string
	rounds   int
}

func TestGolden(t *testing.T) {
	refused := [][4]string{{"probe.tcp", "refused", "lon", "a"}, {"probe.tcp", "refused", "ams", "b"}, {"snmp.agent", "ok"}, {"snmp.daemon", "absent"}}
	works := [][4]string{{"probe.tcp", "ok", "lon"}, {"probe.tcp", "ok", "ams"}, {"snmp.agent", "ok"}, {"snmp.daemon", "ok"}}
	both := []string{"vpn-1", "vpn-2"}
	for name, steps := range map[string][]told{
		"down":        {{[]string{"vpn-1"}, refused, 4}},
		"down_and_up": {{[]string{"vpn-1"}, refused, 4}, {[]string{"vpn-1"}, works, 15}},
		// One incident of the server, and those of its gateways point to it.
		"shared_radius": {{both, [][4]string{{"probe.tcp", "ok", "lon"}, {"probe.auth", "timeout", "lon", "c"}, {"radius.auth", "timeout", "radius-1"}}, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			set := processortest.NewNopSettings(metadata.Type)
			set.ID = component.NewID(metadata.Type)
			cfg := testConfig()
			cfg.Codebook.Text = twoCauses()
			c, err := newCorrelator(set, cfg)
			require.NoError(t, err)
			defer c.telemetry.shutdown()
			c.addMetrics(set, consumertest.NewNop())
			c.addLogs(consumertest.NewNop())
			now := noon
			events := plog.NewLogs()
			var last found
			for _, s := range steps {
				for range s.rounds {
					now = now.Add(10 * time.Second)
					for _, id := range s.gateways {
						for _, e := range s.evidence {
							ev := health.Evidence{Gateway: id, Signal: e[0], Value: e[1], Vantage: e[2], At: now}
							if e[3] != "" {
								ev.TraceID, ev.SpanID = [16]byte{e[3][0]}, [8]byte{e[3][0]}
							}
							require.Equal(t, health.Accepted, c.engine.Observe(now, &ev))
						}
					}
					last = c.evaluate(now, true)
					for _, ld := range last.events {
						ld.ResourceLogs().MoveAndAppendTo(events.ResourceLogs())
					}
				}
			}
			md := c.maker.make(now, last.verdicts)
			compareGolden(t, name, md, events)
		})
	}
}

func compareGolden(t *testing.T, name string, md pmetric.Metrics, ld plog.Logs) {
	t.Helper()
	metrics, logs := filepath.Join("testdata", "golden", name+"_metrics.yaml"), filepath.Join("testdata", "golden", name+"_logs.yaml")
	if *update {
		require.NoError(t, golden.WriteMetrics(t, metrics, md, golden.SkipMetricTimestampNormalization()))
		require.NoError(t, golden.WriteLogs(t, logs, ld))
	}
	wantMetrics, err := golden.ReadMetrics(metrics)
	require.NoError(t, err)
	require.NoError(t, pmetrictest.CompareMetrics(wantMetrics, md, pmetrictest.IgnoreStartTimestamp(), pmetrictest.IgnoreMetricDataPointsOrder(),
		pmetrictest.IgnoreMetricsOrder(), pmetrictest.IgnoreResourceMetricsOrder()))
	wantLogs, err := golden.ReadLogs(logs)
	require.NoError(t, err)
	require.NoError(t, plogtest.CompareLogs(wantLogs, ld, plogtest.IgnoreResourceLogsOrder()))
	for _, rl := range ld.ResourceLogs().All() {
		require.NotEqual(t, pcommon.Timestamp(0), rl.ScopeLogs().At(0).LogRecords().At(0).Timestamp())
	}
}
