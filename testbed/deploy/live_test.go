//go:build real && linux

package deploy

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"

	catalogue "github.com/otelcol-pptp/otelcol-pptp/deploy"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/collector"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/flowexport"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/privilege"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
)

const (
	gatewayAddr    = "127.0.60.2:1723"
	flowAddr       = "127.0.60.3:2055"
	accountingAddr = "127.0.60.4:1813"
	password       = "s3cret-of-the-test"
)

// config is a collector with all components, in a hurry. What logs and flows tell is about another gateway than the probe.
const config = `
receivers:
  pptp_probe/a: &probe
    collection_interval: 3s
    initial_delay: 100ms
    jitter: 0
    vantage: a
    depth: application
    timeout: 2s
    budgets: {control: 1s, gre: 1s, lcp: 1s, auth: 1s, ccp: 1s, ipcp: 1s, teardown: 500ms}
    username: probe
    password: ${env:PPTP_PASSWORD}
    targets:
      - endpoint: %[1]s
        name: t
        gateway_id: gw-1
        checks:
          - {type: icmp, count: 2, interval: 20ms, timeout: 500ms}
          - {type: http, url: "http://10.99.0.1/", timeout: 1s}
  pptp_probe/b:
    <<: *probe
    vantage: b
  snmp_ppp:
    collection_interval: 3s
    initial_delay: 100ms
    timeout: 500ms
    community: public
    agents: [{endpoint: "%[2]s", gateway_id: gw-1}]
  gre_flow:
    listeners: [{endpoint: "%[3]s"}]
    exporters: [127.0.0.0/8]
    gateways: [{id: gw-2, addresses: [203.0.113.1]}]
    collection_interval: 1s
  file_log:
    include: ["%[7]s"]
    start_at: beginning
  radius:
    collection_interval: 5s
    initial_delay: 100ms
    secret: ${env:PPTP_PASSWORD}
    username: probe
    password: ${env:PPTP_PASSWORD}
    servers: [{endpoint: "%[8]s", name: radius-a, methods: [pap], timeout: 500ms, retries: 0}]
    accounting:
      endpoint: "%[9]s"
      clients: [{cidr: 127.0.0.0/8, secret: "${env:PPTP_PASSWORD}"}]
connectors:
  pptp_log:
    interval: 1s
    gateways: [{id: gw-2}]
processors:
  pptp_correlation:
    interval: 1s
    metrics_interval: 1s
    gateways:
      - {id: gw-1, name: Berlin, site: ber, radius: [radius-a], group: east}
      - {id: gw-2, name: Hamburg, site: ham, group: north}
    verdict: {min_hold: 1s, settle: 1s}
exporters:
  debug:
  prometheus: {endpoint: "%[4]s", resource_to_telemetry_conversion: {enabled: true}}
service:
  telemetry:
    logs: {level: warn}
    metrics:
      level: detailed
      readers:
        - pull: {exporter: {prometheus: {host: %[5]s, port: %[6]s, without_scope_info: true, without_type_suffix: true, without_units: true}}}
  pipelines:
    logs/lines: {receivers: [file_log], exporters: [pptp_log]}
    metrics: &all {receivers: [pptp_probe/a, pptp_probe/b, snmp_ppp, gre_flow, radius, pptp_log], processors: [pptp_correlation], exporters: [prometheus]}
    logs: {<<: *all, exporters: [debug]}
`

func startGateway(t *testing.T) *gateway.Gateway {
	gw, err := gateway.Start(t.Context(), gateway.Config{
		Listen: netip.MustParseAddrPort(gatewayAddr), Users: map[string]string{"probe": password}, MPPE: gateway.MPPEConfig{Mode: gateway.MPPERequire},
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, gw.Close()) })
	return gw
}

// startAgent answers as a poptop gateway does.
func startAgent(t *testing.T) string {
	f, err := os.Open("../../snmpppp/testdata/agents/linux-poptop.rows")
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	rows, err := agent.Load(f)
	require.NoError(t, err)
	a, err := agent.Start(rows, agent.Config{Address: "127.0.60.2:0"})
	require.NoError(t, err)
	t.Cleanup(a.Close)
	return a.Addr().String()
}

// exportFlows tells of a healthy tunnel to the other gateway, every second.
func exportFlows(t *testing.T) {
	conn, err := net.Dial("udp", flowAddr)
	require.NoError(t, err)
	x := flowexport.Exporter{Version: flow.NetFlow5, Boot: time.Now().Add(-time.Hour)}
	tunnel := flowexport.Tunnel{Client: netip.MustParseAddr("198.51.100.1"), Gateway: netip.MustParseAddr("203.0.113.1"), Port: 40000}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for every := time.NewTicker(time.Second); ; {
			now := time.Now()
			x.Export(now, tunnel.Flows(nil, now.Add(-10*time.Second), now), func(b []byte) { _, _ = conn.Write(b) })
			select {
			case <-every.C:
			case <-stop:
				every.Stop()
				return
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-done
		_ = conn.Close()
	})
}

// lines are a session of a user that works, and one that does not, as poptop and pppd log them.
const lines = `
pptpd[100]: CTRL: Client 198.51.100.7 control connection started
pptpd[100]: CTRL: Starting call (launching pppd, opening GRE)
pppd[101]: pppd 2.4.9 started by root, uid 0
pppd[101]: Using interface ppp0
pppd[101]: Connect: ppp0 <--> /dev/pts/0
pppd[101]: peer from calling number 198.51.100.7 authorized
pppd[101]: MPPE 128-bit stateless compression enabled
pppd[101]: local  IP address 192.0.2.1
pppd[101]: remote IP address 192.0.2.10
pppd[101]: LCP terminated by peer
pppd[101]: Connect time 0.5 minutes.
pppd[101]: Sent 1000 bytes, received 2000 bytes.
pppd[101]: Exit.
pptpd[100]: CTRL: Reaping child PPP[101]
pptpd[100]: CTRL: Client 198.51.100.7 control connection finished
pptpd[100]: a line that nobody knows
pptpd[200]: CTRL: Client 198.51.100.8 control connection started
pptpd[200]: CTRL: Starting call (launching pppd, opening GRE)
pptpd[200]: CTRL: Client 198.51.100.8 control connection finished
`

func writeLog(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "daemon.log")
	var b strings.Builder
	for line := range strings.Lines(strings.TrimPrefix(lines, "\n")) {
		b.WriteString(time.Now().Format(time.RFC3339) + " gw-2 " + line)
	}
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

// startRADIUS accepts everybody.
func startRADIUS(t *testing.T) string {
	conn, err := net.ListenPacket("udp", "127.0.60.4:0")
	require.NoError(t, err)
	s := &radius.PacketServer{SecretSource: radius.StaticSecretSource([]byte(password)), Handler: radius.HandlerFunc(func(w radius.ResponseWriter, r *radius.Request) {
		assert.NoError(t, w.Write(r.Response(radius.CodeAccessAccept)))
	})}
	done := make(chan error)
	go func() { done <- s.Serve(conn) }()
	t.Cleanup(func() {
		assert.NoError(t, s.Shutdown(context.Background()))
		assert.ErrorIs(t, <-done, radius.ErrServerShutdown)
	})
	return conn.LocalAddr().String()
}

// account tells of two sessions, of which one has ended.
func account(t *testing.T) {
	for i, status := range []rfc2866.AcctStatusType{rfc2866.AcctStatusType_Value_Start, rfc2866.AcctStatusType_Value_Start, rfc2866.AcctStatusType_Value_Stop} {
		p := radius.New(radius.CodeAccountingRequest, []byte(password))
		require.NoError(t, rfc2866.AcctStatusType_Set(p, status))
		require.NoError(t, rfc2866.AcctSessionID_SetString(p, fmt.Sprintf("s%d", i%2)))
		require.NoError(t, rfc2865.NASIdentifier_SetString(p, "gw-2"))
		require.NoError(t, rfc2865.UserName_SetString(p, "alice"))
		if status == rfc2866.AcctStatusType_Value_Stop {
			require.NoError(t, rfc2866.AcctTerminateCause_Set(p, rfc2866.AcctTerminateCause_Value_UserRequest))
		}
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			ctx, stop := context.WithTimeout(t.Context(), time.Second)
			defer stop()
			_, err := radius.Exchange(ctx, p, accountingAddr)
			assert.NoError(c, err)
		}, patience, tick)
	}
}

func startCollector(t *testing.T, agent, gateways, own string) {
	bin := os.Getenv("COLLECTOR")
	if bin == "" {
		bin = "../../bin/otelcol-pptp"
	}
	bin, err := filepath.Abs(bin)
	require.NoError(t, err)
	host, port, err := net.SplitHostPort(own)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, config, gatewayAddr, agent, flowAddr, gateways, host, port, writeLog(t), startRADIUS(t), accountingAddr), 0o600))
	p, err := collector.Start(collector.Options{Binary: bin, Args: []string{"--config", path}, Env: []string{"PPTP_PASSWORD=" + password}})
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, p.Stop(20*time.Second))
		if t.Failed() {
			t.Log(p.Log())
		}
	})
}

// A gateway loses GRE and is repaired. Whoever is on call is told once that it is so, once that it is over, and of
// nothing else; and all dashboards have data.
func TestAlertFiresOnceAndResolves(t *testing.T) {
	privilege.RawGRE(t)
	Program(t, "prometheus")
	gw, gateways, own, people := startGateway(t), freePort(t), freePort(t), listen(t)
	startCollector(t, startAgent(t), gateways, own)
	exportFlows(t)
	account(t)
	alertmanager := startAlertmanager(t, people)
	p := startPrometheus(t, alertmanager, gateways, own)

	is := func(expr string) func() bool {
		return func() bool { r, ok := p.query(t, expr); return ok && len(r) > 0 }
	}
	state := func(s string) func() bool {
		return is(fmt.Sprintf(`pptp_gateway_status{pptp_gateway_id="gw-1", pptp_gateway_state=%q} == 1`, s))
	}
	require.Eventually(t, state("healthy"), patience, tick, "the verdict of a gateway that works")
	require.Eventually(t, is(`gateway:pptp_probe_failed:ratio1h{pptp_gateway_id="gw-1"} == 0`), patience, tick)
	assert.Empty(t, people.heard(), "nobody is told anything while nothing is wrong")

	fault, ok := gateway.FaultByName("gre_blocked")
	require.True(t, ok)
	gw.SetFaults(fault)
	require.Eventually(t, state("down"), patience, tick)
	require.Eventually(t, func() bool { return slices.Contains(people.heard(), "on-call firing PPTPGREBlocked gw-1") }, patience, tick)
	require.Eventually(t, func() bool { return slices.Contains(inhibited(t, alertmanager), "PPTPErrorBudgetBurnsFast gw-1") }, patience, tick,
		"that probes fail is held back by the verdict that says why")
	checkDashboards(t, p)

	gw.SetFaults(gateway.Faults{})
	require.Eventually(t, state("healthy"), patience, tick)
	require.Eventually(t, func() bool { return slices.Contains(people.heard(), "on-call resolved PPTPGREBlocked gw-1") }, patience, tick)
	assert.Equal(t, []string{"on-call firing PPTPGREBlocked gw-1", "on-call resolved PPTPGREBlocked gw-1"}, people.heard())
	people.mu.Lock()
	defer people.mu.Unlock()
	first := people.told[0].Alerts[0]
	assert.Equal(t, "gre_blackhole_bidirectional", first.Labels["pptp_root_cause"])
	assert.Equal(t, "radius-a", first.Labels["radius_domain"])
	assert.Equal(t, "east", first.Labels["correlation_group"])
	assert.True(t, strings.HasSuffix(first.Annotations["runbook_url"], "/docs/runbook/gre_blackhole_bidirectional.md"), first.Annotations)
}

var compares = regexp.MustCompile(`[<>]|==`)

// checkDashboards runs every query. It is to succeed, and to return something if all that it selects is there.
func checkDashboards(t *testing.T, p *prometheus) {
	known, err := catalogue.Metrics("../..")
	require.NoError(t, err)
	there := map[string]bool{}
	for _, name := range p.values(t, "__name__", "") {
		there[name] = true
		if m, ok := known[name]; ok && m.Component != "" {
			series, ok := p.query(t, name)
			require.True(t, ok)
			for _, s := range series {
				for label := range s.Metric {
					if label != "__name__" && !strings.HasPrefix(label, "otel_scope_") && m.Component != "collector" {
						assert.Contains(t, m.Labels, label, "%s: deploy.Metrics does not know this label", name)
					}
				}
			}
		} else if strings.HasPrefix(name, "pptp_") || strings.HasPrefix(name, "otelcol_pptp_") || strings.HasPrefix(name, "snmp_") || strings.HasPrefix(name, "radius_") {
			assert.Contains(t, known, name, "deploy.Metrics does not know what the collector serves")
		}
	}

	paths, err := filepath.Glob(filepath.Join(files, "grafana/dashboards/*.json"))
	require.NoError(t, err)
	variables := strings.NewReplacer("$gateway", ".*", "$site", ".*", "$vantage", ".*", "$collector", ".*", "$__rate_interval", "30s")
	var all, full int
	for _, path := range paths {
		for _, d := range queries(t, path) {
			all++
			expr := variables.Replace(d)
			result, ok := p.query(t, expr)
			require.True(t, ok, "%s: %s", path, expr)
			selected, _ := catalogue.Selectors(d)
			missing := slices.ContainsFunc(selected, func(s catalogue.Selector) bool { return !there[s.Name] })
			if len(result) > 0 {
				full++
			} else if !missing && !compares.MatchString(expr) && !rare.MatchString(expr) {
				assert.Fail(t, "nothing", "%s: %s", path, expr)
			} else {
				t.Logf("empty: %s: %s", filepath.Base(path), d)
			}
		}
	}
	t.Logf("%d of %d queries have data", full, all)
	assert.Greater(t, full, all/2)
	for _, name := range needed {
		assert.True(t, there[name], "%s is not served", name)
	}
}

// rare are queries that select by a label what this gateway does not have.
var rare = regexp.MustCompile(`error_type!=""`)

// needed are metrics that this collector must serve, one of each kind and component.
var needed = []string{
	"pptp_gateway_status", "pptp_gateway_cause_status", "pptp_gateway_verdict_confidence_ratio", "pptp_gateway_verdict_severity",
	"pptp_gateway_evidence_coverage_ratio", "pptp_gateway_evidence_age_seconds", "pptp_gateway_verdict_transitions_total",
	"pptp_gateway_incidents", "pptp_gateway_maintenance", "pptp_probe_up", "pptp_probe_failing", "pptp_connect_duration_seconds_bucket",
	"pptp_auth_success_total", "pptp_gre_data_ok", "snmp_agent_up", "pptp_sessions", "pptp_flow_gateway_status",
	"radius_check_up", "radius_check_duration_seconds_bucket", "radius_accounting_sessions", "pptp_log_sessions_total", "pptp_log_lines_total",
	"pptp_log_unclassified_total", "pptp_log_session_duration_seconds_count", "otelcol_pptp_correlation_evidence", "otelcol_pptp_probe_sessions_started", "otelcol_snmp_ppp_agents", "otelcol_gre_flow_records_used",
}
