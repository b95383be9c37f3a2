package greflowreceiver

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/greflowreceiver/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/flowexport"
)

var (
	noon    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	router  = netip.MustParseAddrPort("192.0.2.1:50000")
	gateway = netip.MustParseAddr("203.0.113.1")
)

// bench is a receiver with both signals and an exporter, in a time of its own,
// without sockets and loops.
type bench struct {
	*flowReceiver
	metricsSink consumertest.MetricsSink
	logsSink    consumertest.LogsSink
	exporter    flowexport.Exporter
	now         time.Time
}

func testConfig() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Gateways = []GatewayConfig{
		{ID: "gw-1", Name: "Berlin", Site: "berlin", Addresses: []string{"203.0.113.1"}},
		{ID: "gw-2", Addresses: []string{"203.0.113.16/28"}},
	}
	cfg.Detection.ActiveTimeout = time.Minute
	cfg.ClientAddress = privacy.Plain // as in the golden files
	return cfg
}

func newBench(tb testing.TB, change func(*Config)) *bench {
	tb.Helper()
	cfg := testConfig()
	if change != nil {
		change(cfg)
	}
	require.NoError(tb, cfg.Validate())
	b := &bench{now: noon, exporter: flowexport.Exporter{Version: flow.IPFIX, Boot: noon.Add(-time.Hour)}}
	set := receivertest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	var err error
	b.flowReceiver, err = newFlowReceiver(set, cfg)
	require.NoError(tb, err)
	require.NoError(tb, b.addMetrics(set, &b.metricsSink))
	require.NoError(tb, b.addLogs(set, &b.logsSink))
	require.NoError(tb, b.begin(noon))
	b.ingest(router, b.now, b.exporter.Template(nil, b.now))
	return b
}

// run lets minutes pass, in each of which the exporter tells of the tunnels.
func (b *bench) run(minutes int, tunnels ...*flowexport.Tunnel) {
	for range minutes {
		for range 60 {
			b.now = b.now.Add(time.Second)
			b.tick(b.now)
		}
		var flows []flowexport.Flow
		for _, t := range tunnels {
			flows = t.Flows(flows, b.now.Add(-time.Minute), b.now)
		}
		b.exporter.Export(b.now, flows, func(d []byte) { b.ingest(router, b.now, d) })
	}
}

func (b *bench) metricsNow(tb testing.TB) pmetric.Metrics {
	b.metricsSink.Reset()
	b.pushMetrics(tb.Context(), b.now)
	require.Len(tb, b.metricsSink.AllMetrics(), 1)
	return b.metricsSink.AllMetrics()[0]
}

// events returns what was to be told since it was last called.
func (b *bench) events(tb testing.TB) plog.Logs {
	b.logsSink.Reset()
	b.pushLogs(tb.Context(), b.now)
	out := plog.NewLogs()
	for _, ld := range b.logsSink.AllLogs() {
		ld.ResourceLogs().MoveAndAppendTo(out.ResourceLogs())
	}
	return out
}

// tunnel is that of the nth client.
func tunnel(n int) *flowexport.Tunnel {
	return &flowexport.Tunnel{Client: netip.AddrFrom4([4]byte{198, 51, byte(100 + n/256), byte(n)}), Gateway: gateway, Port: 40000}
}
