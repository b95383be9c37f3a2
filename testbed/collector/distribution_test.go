//go:build distribution && linux

package collector_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/collector"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
)

const (
	user, password = "probe", "s3cret-of-the-test"
	patience       = 60 * time.Second
	shutdown       = 20 * time.Second
)

// binary is the collector under test, and the folder of the examples.
func binary(t *testing.T) string {
	b := os.Getenv("COLLECTOR")
	if b == "" {
		b = "../../bin/otelcol-pptp"
	}
	_, err := os.Stat(b)
	require.NoError(t, err, "build it first: make build")
	b, err = filepath.Abs(b)
	require.NoError(t, err)
	return b
}

func start(t *testing.T, o collector.Options) *collector.Process {
	t.Helper()
	p, err := collector.Start(o)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, p.Stop(shutdown))
		assert.NotContains(t, p.Log(), password)
		if t.Failed() {
			t.Log(p.Log())
		}
	})
	return p
}

func startGateway(t *testing.T, listen, fault string) {
	t.Helper()
	cfg := gateway.Config{
		Listen: netip.MustParseAddrPort(listen), Users: map[string]string{user: password},
		MPPE: gateway.MPPEConfig{Mode: gateway.MPPERequire},
	}
	if fault != "" {
		f, ok := gateway.FaultByName(fault)
		require.True(t, ok)
		cfg.Faults = f
	}
	gw, err := gateway.Start(context.Background(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, gw.Close()) })
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// A session is exported to a second collector, where it arrives as metrics,
// logs and a trace that share one trace id.
func TestSessionReachesAnotherCollector(t *testing.T) {
	bin := binary(t)
	good, bad := "127.0.51.2:1723", "127.0.51.3:1723"
	startGateway(t, good, "")
	startGateway(t, bad, "wrong_keys")
	otlp, prometheus, dir := freePort(t), freePort(t), t.TempDir()

	start(t, collector.Options{Binary: bin, Args: []string{"--config", write(t, "backend.yaml", fmt.Sprintf(`
receivers:
  otlp: {protocols: {grpc: {endpoint: %[1]s}}}
exporters:
  file/metrics: {path: %[2]s/metrics.json, flush_interval: 100ms}
  file/logs: {path: %[2]s/logs.json, flush_interval: 100ms}
  file/traces: {path: %[2]s/traces.json, flush_interval: 100ms}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    metrics: {receivers: [otlp], exporters: [file/metrics]}
    logs: {receivers: [otlp], exporters: [file/logs]}
    traces: {receivers: [otlp], exporters: [file/traces]}
`, otlp, dir))}})

	start(t, collector.Options{Binary: bin, Env: []string{"PPTP_PASSWORD=" + password}, Args: []string{"--config", write(t, "probe.yaml", fmt.Sprintf(`
receivers:
  pptp_probe:
    collection_interval: 60s
    initial_delay: 100ms
    timeout: 20s
    username: %[1]s
    password: ${env:PPTP_PASSWORD}
    depth: application
    mppe: {mode: require}
    checks:
      - {type: icmp, timeout: 2s}
      - {type: http, url: "http://10.99.0.1/"}
    targets:
      - {endpoint: "%[2]s", gateway_id: good}
      - {endpoint: "%[3]s", gateway_id: bad}
exporters:
  otlp_grpc: {endpoint: %[4]s, tls: {insecure: true}}
  prometheus: {endpoint: %[5]s}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    metrics: {receivers: [pptp_probe], exporters: [otlp_grpc, prometheus]}
    logs: {receivers: [pptp_probe], exporters: [otlp_grpc]}
    traces: {receivers: [pptp_probe], exporters: [otlp_grpc]}
`, user, good, bad, otlp, prometheus))}})

	t.Run("good", func(t *testing.T) {
		root := awaitSession(t, dir, "good")
		assert.Equal(t, ptrace.StatusCodeUnset, root.Status().Code())
		requireOneTrace(t, dir, "good", root.TraceID(), "pptp.session.established")
	})
	t.Run("bad", func(t *testing.T) {
		root := awaitSession(t, dir, "bad")
		assert.Equal(t, ptrace.StatusCodeError, root.Status().Code())
		requireOneTrace(t, dir, "bad", root.TraceID(), "pptp.session.failed")
		cause, _ := root.Attributes().Get("error.type")
		assert.Equal(t, "mppe.key_mismatch", cause.AsString())
	})
	t.Run("Prometheus", func(t *testing.T) {
		page := scrape(t, "http://"+prometheus+"/metrics")
		for _, name := range []string{"pptp_connect_duration_seconds_bucket{", "pptp_connect_duration_seconds_sum{", "pptp_auth_success_total{", "pptp_gre_data_ok{"} {
			assert.Contains(t, page, "\n"+name)
		}
	})
	for _, name := range []string{"metrics.json", "logs.json", "traces.json"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.NotContains(t, string(b), password)
	}
}

func gatewayID(r pcommon.Resource) string {
	v, _ := r.Attributes().Get("pptp.gateway.id")
	return v.AsString()
}

// awaitSession waits for the root span of a gateway's session.
func awaitSession(t *testing.T, dir, id string) (root ptrace.Span) {
	t.Helper()
	found := false
	require.Eventually(t, func() bool {
		each(t, filepath.Join(dir, "traces.json"), func(b []byte) {
			td, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(b)
			require.NoError(t, err)
			for _, rs := range td.ResourceSpans().All() {
				for _, ss := range rs.ScopeSpans().All() {
					for _, s := range ss.Spans().All() {
						if gatewayID(rs.Resource()) == id && s.ParentSpanID().IsEmpty() && !found {
							root, found = s, true
						}
					}
				}
			}
		})
		return found
	}, patience, 200*time.Millisecond, "no session of %s arrived", id)
	return root
}

// requireOneTrace looks for the event and for metrics of the same session.
func requireOneTrace(t *testing.T, dir, id string, trace pcommon.TraceID, event string) {
	t.Helper()
	require.Eventually(t, func() bool {
		found := false
		each(t, filepath.Join(dir, "logs.json"), func(b []byte) {
			ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(b)
			require.NoError(t, err)
			for _, rl := range ld.ResourceLogs().All() {
				for _, sl := range rl.ScopeLogs().All() {
					for _, l := range sl.LogRecords().All() {
						found = found || gatewayID(rl.Resource()) == id && l.EventName() == event && l.TraceID() == trace
					}
				}
			}
		})
		return found
	}, patience, 200*time.Millisecond, "no event %s with trace id %s", event, trace)
	require.Eventually(t, func() bool {
		found := false
		each(t, filepath.Join(dir, "metrics.json"), func(b []byte) {
			md, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(b)
			require.NoError(t, err)
			for _, rm := range md.ResourceMetrics().All() {
				for _, sm := range rm.ScopeMetrics().All() {
					for _, m := range sm.Metrics().All() {
						found = found || gatewayID(rm.Resource()) == id && hasExemplar(m, trace)
					}
				}
			}
		})
		return found
	}, patience, 200*time.Millisecond, "no metric with an exemplar of trace %s", trace)
}

func hasExemplar(m pmetric.Metric, trace pcommon.TraceID) bool {
	if m.Name() != "pptp.probe.duration" {
		return false
	}
	for _, dp := range m.Histogram().DataPoints().All() {
		for _, e := range dp.Exemplars().All() {
			if e.TraceID() == trace {
				return true
			}
		}
	}
	return false
}

// each calls f for every line of a file that may not be there yet.
func each(t *testing.T, path string, f func([]byte)) {
	t.Helper()
	file, err := os.Open(path)
	if os.IsNotExist(err) {
		return
	}
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	r := bufio.NewReader(file)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return // the rest of a line is still to come
		}
		f(line)
	}
}

func scrape(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return "\n" + string(b)
}

// Without CAP_NET_RAW the control connection is still probed, and everything
// deeper says which command is missing.
func TestWithoutPrivilege(t *testing.T) {
	if os.Geteuid() != 0 {
		require.Empty(t, os.Getenv("CI"), "CI must run this test as root, which it gives up")
		t.Skip("needs root, to give it up")
	}
	startGateway(t, "127.0.51.4:1723", "")
	prometheus := freePort(t)
	const nobody = 65534
	dir, err := os.MkdirTemp("", "pptp-unprivileged") //nolint:usetesting // t.TempDir is for its owner only
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	bin, config := filepath.Join(dir, "otelcol-pptp"), filepath.Join(dir, "config.yaml")
	out, err := exec.Command("cp", binary(t), bin).CombinedOutput()
	require.NoError(t, err, string(out))
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
receivers:
  pptp_probe:
    initial_delay: 100ms
    targets:
      - {endpoint: "127.0.51.4:1723", name: shallow, depth: control}
      - {endpoint: "127.0.51.4:1723", name: deep, depth: gre}
exporters:
  debug: {verbosity: detailed}
  prometheus: {endpoint: %s, resource_to_telemetry_conversion: {enabled: true}}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    metrics: {receivers: [pptp_probe], exporters: [prometheus]}
    logs: {receivers: [pptp_probe], exporters: [debug]}
`, prometheus), 0o644))
	p := start(t, collector.Options{Binary: bin, Args: []string{"--config", config}, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}})
	require.Eventually(t, func() bool {
		return strings.Contains(p.Log(), "local.no_permission") && strings.Contains(p.Log(), "sudo setcap cap_net_raw+ep "+bin)
	}, patience, 100*time.Millisecond, "the command is not in the log")
	var page string
	require.Eventually(t, func() bool {
		page = scrape(t, "http://"+prometheus+"/metrics")
		return strings.Count(page, "\npptp_probe_up{") == 2
	}, patience, 100*time.Millisecond)
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "pptp_probe_up{") {
			want := " 0"
			if strings.Contains(line, `"shallow"`) {
				want = " 1"
			}
			assert.Contains(t, line, want)
		}
	}
}

// Every example is a configuration that the distribution accepts.
func TestExamples(t *testing.T) {
	bin := binary(t)
	examples, err := filepath.Glob("../../examples/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, examples)
	env := append(os.Environ(), "PPTP_PASSWORD=x", "PPTP_HASH_KEY=0123456789abcdef",
		"SNMP_COMMUNITY=x", "SNMP_AUTH_PASSPHRASE=x23456789", "SNMP_PRIV_PASSPHRASE=x23456789",
		"RADIUS_SECRET=x", "RADIUS_PASSWORD=x", "RADIUS_ACCOUNTING_SECRET=x",
		"DEMO_GATEWAY=127.0.0.2:1723", "DEMO_LOG=/var/log/pptpd.log", "DEMO_USER=probe", "DEMO_PASSWORD=x",
		"DEMO_PROMETHEUS=127.0.0.1:9464", "DEMO_SINK=http://127.0.0.1:4318", "DEMO_OTLP=http://127.0.0.1:4318")
	for _, example := range examples {
		t.Run(filepath.Base(example), func(t *testing.T) {
			if filepath.Base(example) == "two-tier-edge.yaml" {
				return // TestTwoTiers runs it, in a collector that has load_balancing
			}
			args := []string{"validate", "--config", example}
			if base, ok := strings.CutSuffix(example, "-otlp.yaml"); ok { // adds to another one
				args = []string{"validate", "--config", base + ".yaml", "--config", example}
			}
			cmd := exec.Command(bin, args...)
			cmd.Env = env
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
}
