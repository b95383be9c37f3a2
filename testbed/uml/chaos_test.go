//go:build real && linux

package uml_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/collector"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/uml"
)

// chaos is a fault of the real gateway, and the root cause that the collector has to name.
type chaos struct {
	fault   uml.Fault
	gateway string // which one it is about; default [vpn]
	cause   string
	more    bool // only with PPTP_CHAOS=all
}

// The gateways of the inventory: one guest, by two of its addresses.
const (
	vpn       = "vpn"
	vpnRADIUS = "vpn-radius"
)

var chaoses = []chaos{
	{fault: cutOff, cause: "gateway_unreachable"},
	{fault: oneVantageDropped, cause: "upstream_path_or_vantage", more: true},
	{fault: uml.DaemonHung, cause: "control_plane_hung"},
	{fault: uml.ControlForbidden, cause: "control_rejected", more: true},
	{fault: uml.GREDropped, cause: "gre_blackhole_bidirectional"},
	{fault: uml.GREInDropped, cause: "gre_blackhole_client_to_server", more: true},
	{fault: uml.GREUnreachable, cause: "gre_rejected_icmp"},
	{fault: otherAuthentication, cause: "lcp_negotiation_failure", more: true},
	{fault: uml.SecretChanged, cause: "synthetic_credential_invalid", more: true},
	{fault: uml.RADIUSHung, gateway: vpnRADIUS, cause: "auth_backend_down"},
	{fault: noEncryption, cause: "mppe_negotiation_failure", more: true},
	{fault: uml.PPPDWithoutIP, cause: "ipcp_failure", more: true},
	{fault: uml.TunnelDropped, cause: "data_plane_loss", more: true},
	{fault: uml.SmallMTUBehindSilent, cause: "mtu_black_hole"},
	{fault: uml.PPPDFails, cause: "config_error"},
	{fault: uml.DaemonDown, cause: "control_port_down"},
}

// Faults that only this test has.
var (
	// cutOff leaves nothing of the guest but its control channel.
	cutOff = uml.Fault{
		Name:  "gateway cut off",
		Apply: "iptables -I INPUT -p tcp --dport 8022 -j ACCEPT\niptables -A INPUT -i eth0 -j DROP",
		Undo:  "iptables -D INPUT -i eth0 -j DROP\niptables -D INPUT -p tcp --dport 8022 -j ACCEPT",
	}
	oneVantageDropped = uml.Fault{
		Name:  "port 1723 dropped for one vantage",
		Apply: "iptables -A INPUT -s " + uml.Host2IP + " -p tcp --dport 1723 -j DROP",
		Undo:  "iptables -D INPUT -s " + uml.Host2IP + " -p tcp --dport 1723 -j DROP",
	}
	otherAuthentication = uml.Fault{
		Name:  "PAP required",
		Apply: "cp " + options + " /tmp/before\nsed -i 's/^refuse-pap/require-pap/; s/^require-mschap-v2/refuse-mschap-v2/; s/^require-mppe-128/nomppe/' " + options,
		Undo:  "cat /tmp/before > " + options,
	}
	noEncryption = uml.Fault{
		Name:  "MPPE refused",
		Apply: "sed -i s/^require-mppe-128/nomppe/ " + options,
		Undo:  "sed -i s/^nomppe/require-mppe-128/ " + options,
	}
)

const options = "/inst/options." + uml.PolicyMSCHAPv2

// chaosConfig has every component look at the guest. What is remembered of starts of the daemon is short, so that
// the gateway counts as healthy again soon after the daemon was repaired.
const chaosConfig = `
receivers:
  pptp_probe:
    collection_interval: %[1]s
    initial_delay: 100ms
    jitter: 0
    timeout: 7s
    rejected_interval: 0s
    budgets: {tcp: 3s, control: 4s, gre: 4s, lcp: 4s, auth: 5s, ccp: 4s, ipcp: 4s, teardown: 2s}
    username: %[2]s
    password: ${env:PPTP_PASSWORD}
    depth: application
    mppe: {mode: require}
    checks:
      - {type: icmp, count: 2, interval: 100ms, timeout: 2s}
      - {type: mtu, address: %[3]s, timeout: 3s}
    vantages:
      - {name: here, local_address: %[4]s}
      - {name: there, local_address: %[5]s}
    targets:
      - {endpoint: %[6]s, gateway_id: vpn}
  pptp_probe/radius:
    collection_interval: %[1]s
    initial_delay: 3s
    jitter: 0
    timeout: 7s
    rejected_interval: 0s
    budgets: {tcp: 3s, control: 4s, gre: 4s, lcp: 4s, auth: 5s, ccp: 4s, ipcp: 4s, teardown: 2s}
    username: %[2]s
    password: ${env:PPTP_PASSWORD}
    depth: network
    vantage: here
    local_address: %[4]s
    targets:
      - {endpoint: %[7]s, gateway_id: vpn-radius}
  snmp_ppp:
    collection_interval: 10s
    community: public
    timeout: 2s
    retries: 1
    agents:
      - {endpoint: %[6]s, gateway_id: vpn}
  gre_flow:
    collection_interval: 3s
    listeners: [{endpoint: "%[4]s:2055"}]
    detection: {active_timeout: 10s, idle_timeout: 5s, export_lag: 2s}
    gateways: &gateways
      - {id: vpn, name: %[8]s, addresses: [%[6]s]}
      - {id: vpn-radius, addresses: [%[7]s], radius: [radius-1]}
  radius:
    collection_interval: 10s
    secret: ${env:RADIUS_SECRET}
    methods: [status, mschapv2]
    username: %[2]s
    password: ${env:PPTP_PASSWORD}
    timeout: 2s
    retries: 1
    servers: [{name: radius-1, endpoint: %[6]s}]
  file_log:
    include: [%[9]s]
    poll_interval: 500ms
connectors:
  pptp_log:
    gateways: *gateways
processors:
  pptp_correlation:
    gateways: *gateways
    interval: 3s
    metrics_interval: 3s
    verdict: {min_hold: 10s}
    codebook: {text: "signals: {log.start: {ttl: 20s}, snmp.uptime: {ttl: 20s}}"}
exporters:
  prometheus:
    endpoint: %[10]s
    resource_to_telemetry_conversion: {enabled: true}
  file: {path: %[11]s}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    logs/gateway: {receivers: [file_log], exporters: [pptp_log]}
    metrics: {receivers: [pptp_probe, pptp_probe/radius, snmp_ppp, gre_flow, radius, pptp_log], processors: [pptp_correlation], exporters: [prometheus]}
    logs: {receivers: [pptp_probe, pptp_probe/radius, snmp_ppp, gre_flow, radius, pptp_log], processors: [pptp_correlation], exporters: [file]}
`

// The collector with all of its components tells what was done to a real gateway, within two rounds of the probes, and
// that it works again; and while nothing is done, nothing is told. PPTP_CHAOS_INTERVAL and PPTP_CHAOS_QUIET make it
// slower and longer, PPTP_CHAOS=all has more faults.
func TestChaos(t *testing.T) {
	interval, quiet := duration(t, "PPTP_CHAOS_INTERVAL", 10*time.Second), duration(t, "PPTP_CHAOS_QUIET", time.Minute)
	binary := os.Getenv("COLLECTOR")
	if binary == "" {
		binary = "../../bin/otelcol-pptp"
	}
	gw := uml.StartGateway(t, uml.Options{Env: []string{"UML_ROUTER=1", "UML_RADIUS=1"}})
	folder := t.TempDir()
	config, events := filepath.Join(folder, "config.yaml"), filepath.Join(folder, "events.json")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, chaosConfig, interval, uml.User, uml.BehindIP, uml.HostIP, uml.Host2IP,
		gw.IP, gw.Address(t, uml.PolicyRADIUS), gw.Name, filepath.Join(gw.Dir, "syslog"), exporter, events), 0o600))
	p, err := collector.Start(collector.Options{
		Binary: binary, Args: []string{"--config", config}, Env: []string{"PPTP_PASSWORD=" + uml.Password, "RADIUS_SECRET=testing123"},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, p.Stop(20*time.Second))
		assert.NotContains(t, p.Log(), uml.Password)
		if t.Failed() {
			t.Log(p.Log())
			story(t, events)
		}
	})
	for _, id := range []string{vpn, vpnRADIUS} {
		awaitVerdict(t, id, "healthy", "")
	}
	t.Run("quiet", func(t *testing.T) { stayQuiet(t, quiet) })
	for _, c := range chaoses {
		if c.more && os.Getenv("PPTP_CHAOS") != "all" {
			continue
		}
		t.Run(c.fault.Name, func(t *testing.T) {
			id := c.gateway
			if id == "" {
				id = vpn
			}
			before, began := sessionsOf(t, id), time.Now()
			undo := gw.Inject(t, c.fault)
			awaitVerdict(t, id, "", c.cause)
			// Of each vantage the session that was under way, and two that failed; the metrics of the one after may be
			// there already.
			rounds := (sessionsOf(t, id) - before) / vantagesOf(id)
			t.Logf("%s after %s, %.1f sessions of each vantage", c.cause, time.Since(began).Round(time.Second), rounds)
			assert.LessOrEqual(t, rounds, 4.0)
			undo()
			began = time.Now()
			awaitVerdict(t, id, "healthy", "")
			t.Logf("healthy after %s", time.Since(began).Round(time.Second))
		})
	}
}

func vantagesOf(id string) float64 {
	if id == vpn {
		return 2
	}
	return 1
}

func duration(t *testing.T, name string, otherwise time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	d, err := time.ParseDuration(text)
	require.NoError(t, err, name)
	return d
}

// stayQuiet fails as soon as a verdict changes.
func stayQuiet(t *testing.T, long time.Duration) {
	transitions := func() float64 { return sum(page(t), "pptp_gateway_verdict_transitions_total{", "") }
	before := transitions()
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for end := time.Now().Add(long); time.Now().Before(end); <-tick.C {
		require.InDelta(t, before, transitions(), 0.1, "a verdict has changed, and nothing has happened")
	}
}

// awaitVerdict waits until a gateway is in a state, or has a cause.
func awaitVerdict(t *testing.T, id, state, cause string) {
	t.Helper()
	var last string
	if !assert.Eventually(t, func() bool {
		last = page(t)
		if state != "" && sum(last, "pptp_gateway_status{", id, `pptp_gateway_state="`+state+`"`) < 1 {
			return false
		}
		return cause == "" || sum(last, "pptp_gateway_cause_status{", id, `pptp_root_cause="`+cause+`"`) == 1
	}, 3*time.Minute, 500*time.Millisecond) {
		for line := range strings.Lines(last) {
			if strings.HasPrefix(line, "pptp_gateway_") && strings.Contains(line, `"`+id+`"`) || strings.HasPrefix(line, "pptp_probe_failing") {
				t.Log(strings.TrimSpace(line))
			}
		}
		t.Fatalf("%s is not %s%s", id, state, cause)
	}
}

// sessionsOf counts the sessions of the probes.
func sessionsOf(t *testing.T, id string) float64 {
	t.Helper()
	return sum(page(t), "pptp_probe_attempts_total{", id)
}

func page(t *testing.T) string {
	t.Helper()
	resp, err := http.Get("http://" + exporter + "/metrics")
	if err != nil {
		return ""
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return ""
	}
	return string(b)
}

// sum adds up the series of a gateway that begin and contain what is given; no gateway is all of them.
func sum(page, begin, id string, with ...string) (total float64) {
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		ok := strings.HasPrefix(line, begin) && (id == "" || strings.Contains(line, `pptp_gateway_id="`+id+`"`))
		for _, w := range with {
			ok = ok && strings.Contains(line, w)
		}
		if ok {
			v, _ := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
			total += v
		}
	}
	return total
}

// said finds what is of interest in an event about a verdict.
var said = regexp.MustCompile(`"pptp\.(?:gateway\.id|gateway\.state|root_cause)","value":\{"stringValue":"([^"]*)"|"text","value":\{"stringValue":"([^"]*)"\}\},\{"key":"finding","value":\{"stringValue":"holds"`)

// story logs what was told of verdicts, for whoever looks into a failure.
func story(t *testing.T, events string) {
	t.Helper()
	b, err := os.ReadFile(events)
	if err != nil {
		return
	}
	for line := range strings.Lines(string(b)) {
		if !strings.Contains(line, "pptp.gateway.verdict.changed") {
			continue
		}
		var words []string
		for _, m := range said.FindAllStringSubmatch(line, -1) {
			words = append(words, m[1]+m[2])
		}
		t.Log(strings.Join(words, ", "))
	}
}
