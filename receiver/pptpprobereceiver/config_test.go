package pptpprobereceiver

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// load reads one configuration of testdata/config.yaml.
func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	require.True(t, conf.IsSet("pptp_probe/"+name), "no such configuration")
	sub, err := conf.Sub("pptp_probe/" + name)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	if err := sub.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

func valid(t *testing.T, name string) *Config {
	t.Helper()
	cfg, err := load(t, name)
	require.NoError(t, err)
	return cfg
}

func TestConfigDefaults(t *testing.T) {
	cfg := valid(t, "minimal")
	want := createDefaultConfig().(*Config)
	session := want.Session.clone()
	session.Depth = "gre" // without credentials, no attempt to log in
	want.Targets = []TargetConfig{{Endpoint: "vpn1.example.com", Session: session}}
	assert.Equal(t, want, cfg)

	tgt := &cfg.Targets[0]
	assert.Equal(t, "vpn1.example.com", tgt.displayName())
	assert.Equal(t, "vpn1.example.com", tgt.gatewayID("vpn1.example.com"))
	assert.Equal(t, time.Minute, tgt.interval(cfg))
	probe := tgt.target()
	require.NoError(t, probe.Validate())
	assert.Equal(t, uint16(1723), probe.Port)
	assert.Equal(t, pptpprobe.DepthGRE, probe.Depth)
	assert.Equal(t, ppp.MPPEPrefer, probe.MPPE.Mode)
	assert.False(t, probe.NoLinkInfo)
}

func TestConfigCredentialsSetTheDepth(t *testing.T) {
	cfg := valid(t, "credentials")
	first, second := &cfg.Targets[0], &cfg.Targets[1]
	assert.Equal(t, "network", first.Session.Depth)
	assert.Equal(t, configopaque.String("0123"), first.Session.Password, "not turned into a number")
	assert.Equal(t, pptpprobe.Secret("0123"), first.target().Password)

	assert.Equal(t, "control", second.Session.Depth)
	assert.Equal(t, "second", second.displayName())
	assert.Equal(t, "gw-2", second.gatewayID("vpn2.example.com"))
	assert.Equal(t, uint16(1724), second.target().Port)
	assert.Empty(t, second.target().Password, "a session that does not log in does not get the password")
}

func TestConfigTargetsOverrideDefaults(t *testing.T) {
	cfg := valid(t, "override")
	first := cfg.Targets[0].target()
	assert.Equal(t, []chap.Method{chap.MethodMSCHAPv2, chap.MethodMSCHAPv1}, first.Auth)
	assert.Equal(t, ppp.MPPERequire, first.MPPE.Mode)
	assert.True(t, first.MPPE.Stateful)
	assert.Equal(t, 3*time.Second, first.Budgets.TCP)
	assert.Equal(t, 15*time.Second, first.Budgets.Auth, "the default survives beside a budget that is set")
	assert.Equal(t, 2*time.Second, first.Thresholds.Auth)
	require.Len(t, first.Checks, 1)
	assert.Equal(t, "icmp gateway", first.Checks[0].Name)

	second := cfg.Targets[1]
	assert.Equal(t, 5*time.Minute, second.interval(cfg))
	p := second.target()
	assert.Equal(t, time.Minute, p.Timeout)
	assert.Equal(t, []chap.Method{chap.MethodPAP}, p.Auth)
	assert.Equal(t, ppp.MPPEPrefer, p.MPPE.Mode)
	assert.Len(t, p.MPPE.Strengths, 2, "keys of mppe that the target does not mention are inherited")
	assert.True(t, p.MPPE.Stateful)
	assert.Equal(t, 3*time.Second, p.Budgets.TCP)
	assert.Equal(t, 20*time.Second, p.Budgets.Auth)
	assert.Equal(t, 2*time.Second, p.Thresholds.Auth)
	assert.Zero(t, p.Thresholds.GRELoss)
	assert.Equal(t, "probe", p.Username)
	assert.Equal(t, pptpprobe.Secret("secret-two"), p.Password)
	assert.Equal(t, "192.0.2.9", p.LocalAddr.String())
	assert.Equal(t, "10.0.0.9", p.Address.String())
	assert.True(t, p.NoLinkInfo)
	assert.Equal(t, "branch", p.HostName)
	assert.Equal(t, "acme", p.Vendor)
	require.Len(t, p.Checks, 1)
	assert.Equal(t, pptpprobe.Check{Kind: pptpprobe.CheckHTTP, Name: "http http://intranet.example.com/",
		URL: "http://intranet.example.com/", Status: 204, Timeout: 2 * time.Second}, p.Checks[0])

	assert.Empty(t, cfg.Targets[2].Session.Checks, "checks for all do not reach a target without traffic")
	assert.Equal(t, pptpprobe.DepthGRE, cfg.Targets[3].target().Depth)
	assert.Equal(t, "icmp", cfg.Session.Checks[0].Type, "the defaults are not touched")
}

func TestConfigTelemetrySwitches(t *testing.T) {
	cfg := valid(t, "telemetry")
	assert.False(t, cfg.Metrics.Metrics.PptpProbeUp.Enabled)
	assert.False(t, cfg.Histograms.enabled()[connectDuration])
	assert.True(t, cfg.Histograms.enabled()[probeDuration])
	assert.False(t, cfg.Logs.Events.PptpSessionClosed.Enabled)
	assert.False(t, cfg.Metrics.ResourceAttributes.PptpVantage.Enabled)
	assert.False(t, cfg.Logs.ResourceAttributes.PptpVantage.Enabled)
	valid(t, "same_endpoint_two_names")
}

func TestConfigErrors(t *testing.T) {
	const t0 = "targets[0] (vpn1.example.com): "
	tests := []struct {
		name string
		want []string // all of them, in this order, and no other
	}{
		{"no_targets", []string{"targets: is empty; give at least one, such as {endpoint: vpn.example.com}"}},
		{"empty_endpoint", []string{"targets[0] (vpn1): endpoint: is empty; use host or host:port, such as vpn.example.com:1723"}},
		{"null_target", []string{"targets[0] (): endpoint: is empty; use host or host:port, such as vpn.example.com:1723"}},
		{"url_endpoint", []string{`targets[0] (pptp://vpn1.example.com): endpoint: "pptp://vpn1.example.com" is a URL; use host or host:port, such as vpn.example.com:1723`}},
		{"bad_port", []string{`targets[0] (vpn1.example.com:99999): endpoint: "vpn1.example.com:99999" has no valid port; use 1 to 65535, or leave it out for 1723`}},
		{"zero_port", []string{`targets[0] (vpn1.example.com:0): endpoint: "vpn1.example.com:0" has no valid port; use 1 to 65535, or leave it out for 1723`}},
		{"bad_host", []string{`targets[0] (vpn 1:1723): endpoint: "vpn 1:1723" has no valid host; use host or host:port, such as vpn.example.com:1723`}},
		{"no_host", []string{`targets[0] (:1723): endpoint: ":1723" has no valid host; use host or host:port, such as vpn.example.com:1723`}},
		{"ipv6", []string{`targets[0] (2001:db8::1): endpoint: "2001:db8::1" is an IPv6 address, and PPTP runs over IPv4 only; use a host name or an IPv4 address`}},
		{"ipv6_brackets", []string{`targets[0] ([2001:db8::1]:1723): endpoint: "[2001:db8::1]:1723" is an IPv6 address, and PPTP runs over IPv4 only; use a host name or an IPv4 address`}},
		{"duplicate_endpoint", []string{`targets[1] (VPN1.example.com:1723): endpoint: "VPN1.example.com:1723" is probed by targets[0] too; remove one, or give both a name`}},
		{"duplicate_name", []string{`targets[1] (vpn): name: "vpn" is the name of targets[0] too; give each target its own`}},
		{"unknown_depth", []string{t0 + `depth: "netwrk" is unknown; use one of control, gre, auth, network, application (did you mean "network"?)`}},
		{"unknown_depth_everywhere", []string{`depth: "deep" is unknown; use one of control, gre, auth, network, application`}},
		{"unknown_auth", []string{t0 + `auth: "mschapv2" is unknown; use one of mschap_v2, mschap_v1, chap_md5, pap (did you mean "mschap_v2"?)`}},
		{"eap", []string{`auth: "eap" is not supported; use one of mschap_v2, mschap_v1, chap_md5, pap`}},
		{"no_auth", []string{`auth: is empty; use one of mschap_v2, mschap_v1, chap_md5, pap`}},
		{"mppe_without_keys", []string{t0 + `mppe::mode: "require" needs encryption keys, which pap and chap_md5 cannot give; add mschap_v2 to auth, or use mode: prefer or refuse`}},
		{"mppe_mode", []string{`mppe::mode: "required" is unknown; use one of require, prefer, refuse (did you mean "require"?)`}},
		{"mppe_strength", []string{`mppe::strengths: 256 bit does not exist; use some of 128, 56, 40`}},
		{"mppe_no_strength", []string{`mppe::strengths: is empty; use some of 128, 56, 40`}},
		{"interval_too_short", []string{t0 + `collection_interval: 30s is shorter than a session can take, timeout 30s and budgets::teardown 4s; use at least 34s, or a shorter timeout`}},
		{"target_interval_too_short", []string{t0 + `collection_interval: 10s is shorter than a session can take, timeout 30s and budgets::teardown 4s; use at least 34s, or a shorter timeout`}},
		{"interval_below_a_second", []string{
			`collection_interval: 10ms is too short; use at least 1s`,
			t0 + `collection_interval: 20ms is too short; use at least 1s`,
		}},
		{"checks_beyond_depth", []string{t0 + `checks: 1 given, but depth gre ends before any traffic; use depth: application, or remove the checks`}},
		{"checks_for_nobody", []string{`checks: 1 given, but no target has depth application, and only that sends traffic; set depth: application, or remove the checks`}},
		{"no_checks", []string{t0 + `checks: none given; depth application needs at least one, such as {type: icmp}, or use depth: network`}},
		{"no_username", []string{t0 + `username: is empty; depth auth logs in, so set username and password, or use depth: gre`}},
		{"no_password", []string{t0 + `password: is empty; depth network logs in, so set it, best from the environment as ${env:PPTP_PASSWORD}, or use depth: gre`}},
		{"check_type", []string{`checks[0]::type: "ping" is unknown; use one of icmp, http, tcp, dns, throughput, mtu, echo`}},
		{"check_icmp", []string{
			`checks[0]::timeout: -1s is negative; use for example 5s`,
			`checks[0]::address: "example.com" is not an IPv4 address; use for example 10.0.0.1, or leave it out to ping the gateway's end of the tunnel`,
			`checks[0]::count: -1 is out of range; use 1 to 1000`,
			`checks[0]::interval: -1s is negative; use for example 200ms`,
			`checks[0]::size: 9000 is out of range; use 0 to 1372`,
			`checks[0]::max_loss: 2 is out of range; use 0 to 1, where 0 switches the warning off`,
			`checks[0]::max_jitter: -1s is negative; use 0s to switch the warning off`,
			`checks[0]::url: "http://me:xxxxx@x/" is for type http or throughput, not for icmp; remove it, or change the type`,
		}},
		{"check_http", []string{
			`checks[0]::url: "intranet" is not an absolute URL; use for example http://intranet.example.com/health`,
			`checks[0]::status: 42 is not an HTTP status code; use 100 to 599, or leave it out to accept 200 to 399`,
			"checks[0]::body_pattern: \"(\" is not a regular expression (error parsing regexp: missing closing ): `(`); use the syntax of RE2",
			`checks[0]::count: "3" is for type icmp or echo, not for http; remove it, or change the type`,
		}},
		{"check_tcp", []string{
			`checks[0]::endpoint: "" is not host:port; use for example 10.0.0.1:443 or intranet.example.com:22`,
			`checks[1]::endpoint: "10.0.0.1" is not host:port; use for example 10.0.0.1:443 or intranet.example.com:22`,
			`checks[2]::endpoint: "10.0.0.1:0" is not host:port; use for example 10.0.0.1:443 or intranet.example.com:22`,
			`checks[3]::endpoint: "[::1]:22" is not an IPv4 address; tunnels carry IPv4 only, use for example 10.0.0.1:443`,
			`checks[3]::server: "10.0.0.1" is for type dns, not for tcp; remove it, or change the type`,
		}},
		{"check_dns", []string{
			`checks[0]::query: "" is not a name; use for example intranet.example.com`,
			`checks[1]::query_type: "mx" is unknown; use one of A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, TXT`,
			`checks[1]::server: "ns1" is not an IPv4 address; use for example 10.0.0.1, or leave it out to ask each server that the gateway pushed`,
		}},
		{"check_only_probe_knows", []string{t0 + `target: checks[0]: query: "a..b" is not a domain name; each part has 1 to 63 bytes`}},
		{"check_throughput", []string{
			`checks[0]::url: "" is not an absolute URL; use for example http://intranet.example.com/10MB.bin`,
			`checks[0]::direction: "uplaod" is unknown; use one of download, upload (did you mean "upload"?)`,
			`checks[0]::max_bytes: -1 is out of range; use 1 to 1073741824`,
			`checks[0]::min_rate: -1 is negative; use bytes a second, or 0 to switch the warning off`,
			`checks[0]::timeout: 1ms is too short to measure a rate; use at least 100ms`,
			`checks[0]::query: "x" is for type dns, not for throughput; remove it, or change the type`,
		}},
		{"check_mtu_echo", []string{
			`checks[0]::address: "gw" is not an IPv4 address; use for example 10.0.0.1, or leave it out to test the path to the gateway's end of the tunnel`,
			`checks[0]::size: "1400" is for type icmp, not for mtu; remove it, or change the type`,
			`checks[1]::count: 200 is out of range; use 1 to 100`,
			`checks[1]::interval: 1ms is too short; use at least 100ms`,
			`checks[1]::insecure_skip_verify: "true" is for type http or throughput, not for echo; remove it, or change the type`,
			`checks[2]::interval: -1s is negative; use for example 200ms`,
		}},
		{"check_twice", []string{`checks[1]::name: "icmp gateway" is the name of checks[0] too; give each check its own`}},
		{"vantages", []string{
			`vantage: "here" is given, and vantages too, each of which has a name; remove one of the two`,
			`vantages[1]::name: "isp-a" is the name of vantages[0] too; give each its own`,
			`vantages[1]::local_address: "192.0.2.10" is that of vantages[0] too; give each its own`,
			`vantages[2]::name: is empty; say where this looks from, such as isp-a`,
			`vantages[2]::local_address: "::1" is not an IPv4 address; use one of this host, for example 192.0.2.1`,
			t0 + `local_address: "192.0.2.1" is given, and vantages too, each of which has one; remove one of the two`,
		}},
		{"addresses", []string{
			t0 + `addresses: "al" is unknown; use one of first, all (did you mean "all"?)`,
			`targets[1] (vpn2.example.com): addresses: "all" and hold: a held session has one address; make each address a target of its own, or use addresses: first`,
		}},
		{"capture", []string{
			`capture::max_files: 0 is out of range; use a positive number, or leave it out`,
			`capture::max_bytes: -1 is out of range; use a positive number, or leave it out`,
			`capture::session_bytes: 0 is out of range; use a positive number, or leave it out`,
		}},
		{"capture_too_small", []string{`capture: capture bytes per session: 100 is too few; use at least 16384, or 0 for 262144`}},
		{"numbers", []string{
			`initial_delay: -1s is negative; use 0s or more`,
			`rejected_interval: -1s is negative; use 0s to log in at every interval even if the gateway refuses`,
			`jitter: 0.6 is out of range; use 0 to 0.5`,
			`max_concurrent: 0 is out of range; use 1 to 10000`,
			`timeout: 0s is not a time; use for example 30s`,
			`mru: 100 is out of range; use 576 to 1500`,
			`local_address: "::1" is not an IPv4 address; use for example 192.0.2.1`,
			`request_address: "nonsense" is not an IPv4 address; use for example 192.0.2.1`,
			`host_name: "0123456789012345678901234567890123456789012345678901234567890123" is 64 bytes long; use at most 63`,
			`budgets::tcp: 0s is not a time; use for example 5s, or leave it out`,
			`thresholds::tcp_connect: -1s is negative; use 0s to switch the warning off`,
			`thresholds::auth: -1s is negative; use 0s to switch the warning off`,
			`thresholds::gre_loss: 2 is out of range; use 0 to 1, where 0 switches the warning off`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(t, tt.name)
			require.Error(t, err)
			assert.Equal(t, tt.want, strings.Split(err.Error(), "\n"))
		})
	}
}

func TestConfigMadeInGo(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Targets = []TargetConfig{{Endpoint: "vpn1.example.com", Session: cfg.Session.clone()}}
	require.EqualError(t, cfg.Validate(),
		"targets[0] (vpn1.example.com): depth: is empty; use one of control, gre, auth, network, application")
	cfg.Targets[0].Session.Depth = "gre"
	cfg.Targets[0].Session.MPPE.Mode = "refuse"
	require.NoError(t, cfg.Validate())
	assert.Equal(t, ppp.MPPERefuse, cfg.Targets[0].target().MPPE.Mode)
	cfg.Targets[0].Name = "berlin"
	assert.Equal(t, "berlin", cfg.Targets[0].gatewayID("vpn1.example.com"))
}

func TestCheckNameHidesCredentials(t *testing.T) {
	c := CheckConfig{Type: "http", URL: "http://user:" + thePassword + "@intranet.example.com/"}
	assert.Equal(t, "http http://user:xxxxx@intranet.example.com/", c.displayName())
	c.URL = "http://[" // does not parse
	assert.Equal(t, "http ", c.displayName())
}

func TestConfigEveryCheck(t *testing.T) {
	cfg := valid(t, "every_check")
	upload := pptpprobe.Upload
	assert.Equal(t, []pptpprobe.Check{
		{Kind: pptpprobe.CheckICMP, Name: "icmp 10.0.0.9", Address: netip.MustParseAddr("10.0.0.9"), Count: 5, Interval: 100 * time.Millisecond,
			Size: 100, MaxLoss: 0.2, MaxJitter: 20 * time.Millisecond},
		{Kind: pptpprobe.CheckTCP, Name: "tcp intranet.example.com:22", Endpoint: "intranet.example.com:22"},
		{Kind: pptpprobe.CheckHTTP, Name: "http https://intranet.example.com/", URL: "https://intranet.example.com/", Body: "ok", InsecureSkipVerify: true},
		{Kind: pptpprobe.CheckDNS, Name: "dns intranet.example.com", Query: "intranet.example.com"},
		{Kind: pptpprobe.CheckDNS, Name: "dns example.com MX at 10.0.0.53", Query: "example.com", QueryType: "MX",
			Server: netip.MustParseAddr("10.0.0.53"), Timeout: 2 * time.Second},
		{Kind: pptpprobe.CheckThroughput, Name: "throughput download http://me:xxxxx@intranet.example.com/big", URL: "http://me:secret@intranet.example.com/big"},
		{Kind: pptpprobe.CheckThroughput, Name: "throughput upload http://intranet.example.com/sink", URL: "http://intranet.example.com/sink",
			Direction: upload, MaxBytes: 1000000, MinRate: 125000},
		{Kind: pptpprobe.CheckMTU, Name: "mtu gateway"},
		{Kind: pptpprobe.CheckEcho, Name: "echo", Count: 2, Interval: 500 * time.Millisecond},
	}, cfg.Targets[0].target().Checks)
}

// What a check can be told is in the README and in the example.
func TestEveryKeyOfACheckIsDocumented(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	example, err := os.ReadFile(filepath.Join("..", "..", "examples", "pptp_probe-full.yaml"))
	require.NoError(t, err)
	for _, k := range (&CheckConfig{}).keys() {
		assert.Contains(t, string(readme), "| `"+k.name+"` |")
		assert.Contains(t, string(example), "            "+k.name+": ")
	}
	for _, kind := range pptpprobe.CheckKinds() {
		assert.Contains(t, string(readme), "| `"+kind+"` |")
		assert.Contains(t, string(readme), "`pptp.app."+kind+"`")
		assert.Contains(t, string(example), "- type: "+kind)
	}
	typ := reflect.TypeFor[CheckConfig]()
	var keys []string
	for i := range typ.NumField() {
		if k := typ.Field(i).Tag.Get("mapstructure"); k != "" {
			keys = append(keys, k)
		}
	}
	assert.Len(t, keys, 3+len((&CheckConfig{}).keys()), "type, name and timeout are for all, the others are listed")
}

func TestConfigUnknownKey(t *testing.T) {
	_, err := load(t, "unknown_key")
	require.ErrorContains(t, err, "user")
}

func TestConfigErrorsHideThePassword(t *testing.T) {
	cfg := valid(t, "override")
	cfg.MaxConcurrent = 0
	cfg.Targets[1].Session.MRU = 1
	err := cfg.Validate()
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "secret")
}

func TestExamples(t *testing.T) {
	// A password that looks like a number must stay a string on its way through
	// the environment.
	t.Setenv("PPTP_PASSWORD", "0042")
	for _, name := range []string{"pptp_probe-minimal.yaml", "pptp_probe-full.yaml"} {
		t.Run(name, func(t *testing.T) {
			r, err := confmap.NewResolver(confmap.ResolverSettings{
				URIs:              []string{"file:" + filepath.Join("..", "..", "examples", name)},
				ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory(), envprovider.NewFactory()},
				DefaultScheme:     "env",
			})
			require.NoError(t, err)
			conf, err := r.Resolve(t.Context())
			require.NoError(t, err)
			sub, err := conf.Sub("receivers::pptp_probe")
			require.NoError(t, err)
			cfg := NewFactory().CreateDefaultConfig()
			require.NoError(t, sub.Unmarshal(cfg))
			require.NoError(t, confmap.Validate(cfg))
			for _, tgt := range cfg.(*Config).Targets {
				if tgt.Session.Username != "" {
					assert.Equal(t, configopaque.String("0042"), tgt.Session.Password)
				}
			}
			require.NoError(t, r.Shutdown(t.Context()))
		})
	}
}

func TestFullExampleHasEveryKey(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("..", "..", "examples", "pptp_probe-full.yaml"))
	require.NoError(t, err)
	sub, err := conf.Sub("receivers::pptp_probe")
	require.NoError(t, err)
	have := confmap.New()
	require.NoError(t, have.Marshal(createDefaultConfig()))
	for _, key := range have.AllKeys() {
		if strings.HasPrefix(key, "metrics::") || strings.HasPrefix(key, "events::") || strings.HasPrefix(key, "resource_attributes::") ||
			strings.HasPrefix(key, "histograms::") {
			key, _, _ = strings.Cut(key, "::") // one of each kind shows how
		}
		assert.True(t, sub.IsSet(key), key)
	}
}

var _ component.Config = (*Config)(nil)
