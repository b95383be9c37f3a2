package greflowreceiver

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing to them")

func TestGolden(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		run    func(*bench)
	}{
		{"nothing_seen", nil, func(b *bench) { b.run(5) }},
		{"healthy", nil, func(b *bench) { b.run(10, tunnel(1), tunnel(2)) }},
		// One client's GRE is lost on its way back, and then it is not.
		{"inbound_only", nil, func(b *bench) {
			one, two := tunnel(1), tunnel(2)
			b.run(10, one, two)
			one.NoOutbound = true
			b.run(8, one, two)
		}},
		{"recovered", nil, func(b *bench) {
			one, two := tunnel(1), tunnel(2)
			b.run(10, one, two)
			one.NoOutbound = true
			b.run(8, one, two)
			one.NoOutbound = false
			b.run(5, one, two)
		}},
		{"gateway_blackholed", func(c *Config) { c.ClientAddress, c.HashKey = privacy.Hash, "key" }, func(b *bench) {
			one, two, three := tunnel(1), tunnel(2), tunnel(3)
			one.NoInbound, two.NoInbound = true, true
			b.run(15, one, two, three)
		}},
		{"learned", func(c *Config) {
			c.Gateways, c.LearnGateways, c.ClientAddress = nil, true, privacy.Drop
		}, func(b *bench) { b.run(10, tunnel(1)) }},
		{"flows", func(c *Config) { c.Flows.Enabled = true }, func(b *bench) { b.run(1, tunnel(1)) }},
		{"flows_hashed", func(c *Config) {
			c.Flows.Enabled, c.ClientAddress, c.HashKey = true, privacy.Hash, "key"
		}, func(b *bench) { b.run(1, tunnel(1)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, tt.change)
			tt.run(b)
			metrics, logs := b.metricsNow(t), b.events(t)
			file := func(signal string) string { return filepath.Join("testdata", "golden", tt.name+"_"+signal+".yaml") }
			if *update {
				require.NoError(t, golden.WriteMetrics(t, file("metrics"), metrics, golden.SkipMetricTimestampNormalization()))
				require.NoError(t, golden.WriteLogs(t, file("logs"), logs))
				return
			}
			wantMetrics, err := golden.ReadMetrics(file("metrics"))
			require.NoError(t, err)
			require.NoError(t, pmetrictest.CompareMetrics(wantMetrics, metrics, pmetrictest.IgnoreMetricsOrder(),
				pmetrictest.IgnoreMetricDataPointsOrder(), pmetrictest.IgnoreResourceMetricsOrder()))
			wantLogs, err := golden.ReadLogs(file("logs"))
			require.NoError(t, err)
			require.NoError(t, plogtest.CompareLogs(wantLogs, logs))
		})
	}
}
