package radiusreceiver

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing to them")

func TestGolden(t *testing.T) {
	const status, pap, ms = radiuscheck.Status, radiuscheck.PAP, radiuscheck.MSCHAPv2
	unsigned := func(r radiuscheck.Result) radiuscheck.Result {
		r.Signing = radiuscheck.Never
		return r
	}
	tests := []struct {
		name   string
		rounds []*finding
		change func(*Config)
	}{
		{"good", []*finding{found(good(status), good(ms))}, nil},
		{"rejected", []*finding{found(good(status), good(ms)), found(good(status), failed(ms, radiuscheck.Rejected)), found(good(status))}, func(c *Config) { c.IncludeUsername = true }},
		{"recovered", []*finding{found(failed(status, radiuscheck.Timeout), good(ms)), found(failed(status, radiuscheck.Unreachable)), found(good(status), slow(ms))}, nil},
		{
			"compare",
			[]*finding{found(good(pap), unsigned(failed(pap, radiuscheck.MessageAuthenticatorRequired)))},
			func(c *Config) { c.Vantage = ""; c.Servers[0].GatewayID = "gw-1" },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, tt.change)
			b.rounds(tt.rounds...)
			metrics, logs, traces := last(t, b.metrics.AllMetrics()), b.events(), last(t, b.traces.AllTraces())
			compare(t, tt.name, metrics, logs, traces)
		})
	}
}

func TestGoldenStatistics(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Servers[0].Statistics.Endpoint = "127.0.0.1" })
	start := uint32(noon.Unix()) - 3600
	b.rounds(
		&finding{statistics: statistics(t, start, 0xffff_fff0)},
		&finding{statisticsErr: &radiuscheck.StatisticsError{Failure: *failure(radiuscheck.Timeout)}},
		&finding{statistics: statistics(t, start, 0x10)}, // wrapped
	)
	all := b.metrics.AllMetrics()
	v, ok := value(all[1], "radius.server.statistics.up", map[string]any{})
	require.True(t, ok)
	require.Zero(t, v)
	v, _ = value(all[1], "radius.server.statistics.failing", map[string]any{"error.type": "radius.timeout"})
	require.InDelta(t, 1, v, 0)
	_, ok = value(all[1], "radius.server.requests", map[string]any{"radius.request.section": "auth", "radius.request.result": "requests"})
	require.False(t, ok, "nothing is known of it")
	v, _ = value(all[2], "radius.server.requests", map[string]any{"radius.request.section": "auth", "radius.request.result": "requests"})
	require.InDelta(t, float64(1<<32+16), v, 0)
	b.rounds(&finding{statistics: statistics(t, start+1800, 5)})
	file := filepath.Join("testdata", "golden", "statistics_metrics.yaml")
	metrics := last(t, b.metrics.AllMetrics())
	require.Equal(t, []string{"radius.server.restarted"}, names(b.events()))
	if *update {
		require.NoError(t, golden.WriteMetrics(t, file, metrics, golden.SkipMetricTimestampNormalization()))
		return
	}
	want, err := golden.ReadMetrics(file)
	require.NoError(t, err)
	require.NoError(t, pmetrictest.CompareMetrics(want, metrics, pmetrictest.IgnoreMetricsOrder(), pmetrictest.IgnoreMetricDataPointsOrder()))
}

func compare(t *testing.T, name string, metrics pmetric.Metrics, logs plog.Logs, traces ptrace.Traces) {
	file := func(kind string) string { return filepath.Join("testdata", "golden", name+"_"+kind+".yaml") }
	if *update {
		require.NoError(t, golden.WriteMetrics(t, file("metrics"), metrics, golden.SkipMetricTimestampNormalization()))
		require.NoError(t, golden.WriteLogs(t, file("logs"), logs))
		require.NoError(t, golden.WriteTraces(t, file("traces"), traces))
		return
	}
	wantMetrics, err := golden.ReadMetrics(file("metrics"))
	require.NoError(t, err)
	require.NoError(t, pmetrictest.CompareMetrics(wantMetrics, metrics, pmetrictest.IgnoreMetricsOrder(), pmetrictest.IgnoreMetricDataPointsOrder()))
	wantLogs, err := golden.ReadLogs(file("logs"))
	require.NoError(t, err)
	require.NoError(t, plogtest.CompareLogs(wantLogs, logs))
	wantTraces, err := golden.ReadTraces(file("traces"))
	require.NoError(t, err)
	require.NoError(t, ptracetest.CompareTraces(wantTraces, traces))
}
