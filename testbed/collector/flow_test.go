//go:build distribution && linux

package collector_test

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/collector"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/flowexport"
)

// A router sends its template to one collector, and its data to the next, which
// has taken the template over.
func TestFlowTemplatesOutliveTheCollector(t *testing.T) {
	bin, prometheus, dir := binary(t), freePort(t), t.TempDir()
	const endpoint = "127.0.52.2:2055"
	config := write(t, "flow.yaml", fmt.Sprintf(`
receivers:
  gre_flow:
    listeners: [{endpoint: "%[1]s"}]
    exporters: [127.0.0.0/8]
    gateways: [{id: gw-1, addresses: [203.0.113.1]}]
    collection_interval: 1s
    storage: file_storage
extensions:
  file_storage: {directory: %[2]s}
exporters:
  debug: {verbosity: detailed}
  prometheus: {endpoint: %[3]s, resource_to_telemetry_conversion: {enabled: true}}
service:
  extensions: [file_storage]
  telemetry: {metrics: {level: none}}
  pipelines:
    metrics: {receivers: [gre_flow], exporters: [prometheus]}
    logs: {receivers: [gre_flow], exporters: [debug]}
`, endpoint, dir, prometheus))
	run := func() *collector.Process {
		p := start(t, collector.Options{Binary: bin, Args: []string{"--config", config}})
		require.Eventually(t, func() bool { return strings.Contains(p.Log(), "Everything is ready") }, patience, 10*time.Millisecond)
		return p
	}
	router, err := net.Dial("udp", endpoint)
	require.NoError(t, err)
	defer func() { _ = router.Close() }()
	x := flowexport.Exporter{Version: flow.NetFlow9, Boot: time.Now().Add(-time.Hour)}
	tunnel := flowexport.Tunnel{Client: netip.MustParseAddr("198.51.100.1"), Gateway: netip.MustParseAddr("203.0.113.1"), Port: 40000}

	healthy := func() bool {
		now := time.Now()
		_, err := router.Write(x.Datagram(nil, now, tunnel.Flows(nil, now.Add(-time.Minute), now)))
		require.NoError(t, err)
		for line := range strings.Lines(scrape(t, "http://"+prometheus+"/metrics")) {
			if strings.HasPrefix(line, "pptp_flow_pairs{") && strings.Contains(line, `"healthy"`) && strings.HasSuffix(line, " 1\n") {
				return true
			}
		}
		return false
	}

	first := run()
	_, err = router.Write(x.Template(nil, time.Now()))
	require.NoError(t, err)
	require.Eventually(t, healthy, patience, 500*time.Millisecond)
	require.NoError(t, first.Stop(shutdown))

	second := run()
	require.Eventually(t, healthy, patience, 500*time.Millisecond)
	require.Eventually(t, func() bool { return strings.Contains(second.Log(), "pptp.flow.pair.state.changed") }, patience, 10*time.Millisecond)
	assert.NotContains(t, second.Log(), "template_missing")
}
