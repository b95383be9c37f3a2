//go:build real && linux

package uml_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/collector"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/uml"
)

const exporter = "127.0.0.1:9464" // in the namespace of the run

// The built collector against poptop: it says that the gateway works, then that
// its GRE does not come through, and then that it works again.
func TestCollector(t *testing.T) {
	binary := os.Getenv("COLLECTOR")
	if binary == "" {
		binary = "../../bin/otelcol-pptp"
	}
	gw := uml.StartGateway(t, uml.Options{})
	config := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
receivers:
  pptp_probe:
    collection_interval: 9s
    initial_delay: 100ms
    jitter: 0
    timeout: 6s
    budgets: {control: 5s, gre: 3s, lcp: 5s, auth: 5s, ccp: 5s, ipcp: 5s, teardown: 3s}
    username: %s
    password: ${env:PPTP_PASSWORD}
    depth: application
    mppe: {mode: require}
    checks:
      - {type: http, url: "http://%s/"}
    targets:
      - endpoint: %s
exporters:
  prometheus: {endpoint: %s}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    metrics: {receivers: [pptp_probe], exporters: [prometheus]}
`, uml.User, uml.TunnelIP, gw.IP, exporter), 0o600))
	p, err := collector.Start(collector.Options{Binary: binary, Args: []string{"--config", config}, Env: []string{"PPTP_PASSWORD=" + uml.Password}})
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, p.Stop(20*time.Second))
		assert.NotContains(t, p.Log(), uml.Password)
	})

	awaitSeries(t, "pptp_probe_up{", " 1")
	awaitSeries(t, "pptp_gre_data_ok{", " 1")
	awaitSeries(t, "pptp_auth_success_total{", " ")
	awaitSeries(t, "pptp_connect_duration_seconds_count{", " ")
	undo := gw.Inject(t, uml.GREOutDropped)
	awaitSeries(t, "pptp_probe_up{", " 0")
	awaitSeries(t, `pptp_probe_failing{error_type="gre.no_reply"`, " 1")
	undo()
	awaitSeries(t, "pptp_probe_up{", " 1")
	awaitSeries(t, `pptp_probe_failing{error_type="gre.no_reply"`, " 0")
}

// awaitSeries waits until the exporter has a line with that beginning and end;
// an end of just a space stands for any value.
func awaitSeries(t *testing.T, begin, end string) {
	t.Helper()
	var page string
	require.Eventually(t, func() bool {
		resp, err := http.Get("http://" + exporter + "/metrics")
		if err != nil {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return false
		}
		page = string(b)
		for line := range strings.Lines(page) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, begin) && (end == " " || strings.HasSuffix(line, end)) {
				return true
			}
		}
		return false
	}, time.Minute, 200*time.Millisecond, "no %s…%s", begin, end)
}
