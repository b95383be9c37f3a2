package pptplogconnector

import (
	"flag"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

var update = flag.Bool("update", false, "write the golden files")

// What comes out for what poptop logged under a few faults. In virtual time, so that the
// times at which lines were read are always the same.
func TestGolden(t *testing.T) {
	for _, name := range []string{
		"radius_hangs", "gre_dropped_both_ways", "small_mtu", "pppd_option_no-such-option", "no_address_for_the_account", "daemon_hangs",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(c *Config) { c.UserName, c.ClientAddress = "plain", "plain" })
				r.send(lines(poptop(t, name))).stop()
				logs, metrics := plog.NewLogs(), pmetric.NewMetrics()
				for _, ld := range r.events.AllLogs() {
					ld.ResourceLogs().MoveAndAppendTo(logs.ResourceLogs())
				}
				for _, md := range r.measures.AllMetrics() {
					md.ResourceMetrics().MoveAndAppendTo(metrics.ResourceMetrics())
				}
				logsFile := filepath.Join("testdata", "golden", name+"_logs.yaml")
				metricsFile := filepath.Join("testdata", "golden", name+"_metrics.yaml")
				if *update {
					require.NoError(t, golden.WriteLogs(t, logsFile, logs))
					require.NoError(t, golden.WriteMetrics(t, metricsFile, metrics))
					return
				}
				wantLogs, err := golden.ReadLogs(logsFile)
				require.NoError(t, err)
				require.NoError(t, plogtest.CompareLogs(wantLogs, logs))
				wantMetrics, err := golden.ReadMetrics(metricsFile)
				require.NoError(t, err)
				require.NoError(t, pmetrictest.CompareMetrics(wantMetrics, metrics,
					pmetrictest.IgnoreTimestamp(), pmetrictest.IgnoreStartTimestamp(), pmetrictest.IgnoreMetricsOrder(), pmetrictest.IgnoreMetricDataPointsOrder()))
			})
		})
	}
}
