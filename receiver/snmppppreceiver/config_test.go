package snmppppreceiver

import (
	"os"
	"path/filepath"
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

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
)

// load reads one configuration of testdata/config.yaml.
func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	require.True(t, conf.IsSet("snmp_ppp/"+name), "no such configuration")
	sub, err := conf.Sub("snmp_ppp/" + name)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	if err := sub.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

func mustLoad(t *testing.T, name string) *Config {
	t.Helper()
	cfg, err := load(t, name)
	require.NoError(t, err)
	return cfg
}

func target(cfg *Config, i int) snmpppp.Target { return cfg.Agents[i].target(cfg, profile.Default()) }

func TestConfigDefaults(t *testing.T) {
	cfg := mustLoad(t, "minimal")
	want := createDefaultConfig().(*Config)
	want.Poll.Community = "public"
	want.Agents = []AgentConfig{{Endpoint: "vpn1.example.com", Poll: want.Poll.clone()}}
	assert.Equal(t, want, cfg)

	a, tgt := &cfg.Agents[0], target(cfg, 0)
	require.NoError(t, tgt.Validate())
	assert.Equal(t, "vpn1.example.com", a.displayName())
	assert.Equal(t, "vpn1.example.com", a.gatewayID(tgt.Host))
	assert.Equal(t, uint16(161), tgt.Port)
	assert.Equal(t, time.Minute, tgt.Interval)
	assert.Equal(t, 45*time.Second, tgt.Budget)
	assert.Equal(t, 2, tgt.Retries)
	assert.Equal(t, "public", tgt.Auth.Community)
}

func TestConfigAgentsOverrideDefaults(t *testing.T) {
	cfg := mustLoad(t, "override")
	first := target(cfg, 0)
	assert.Equal(t, "vpn1.example.com", first.ID)
	assert.Equal(t, snmpppp.Auth{Community: "public"}, first.Auth)
	assert.Equal(t, 2*time.Second, first.Timeout)
	assert.Equal(t, []string{"^lan"}, first.Exclude)
	assert.Equal(t, 10*time.Second, first.Budget, "no longer than the interval")

	second := target(cfg, 1)
	assert.Equal(t, "munich", second.ID)
	assert.Equal(t, "gw-munich", cfg.Agents[1].gatewayID(second.Host))
	assert.Equal(t, "192.0.2.7", second.Host)
	assert.Equal(t, uint16(1161), second.Port)
	assert.Equal(t, snmpppp.Auth{User: "monitor", AuthPassphrase: "secret-one", PrivPassphrase: "secret-two", PrivProtocol: "AES256C", Context: "vpn"},
		second.Auth, "the community of the defaults is not of v3")
	assert.Equal(t, 5*time.Minute, second.Interval)
	assert.Equal(t, 20*time.Second, second.Timeout)
	assert.Equal(t, 30*time.Second, second.Budget)
	assert.Equal(t, -1, second.Retries, "none")
	assert.Equal(t, "tcp", second.Transport)
	assert.Equal(t, 10*time.Millisecond, second.Pause)
	assert.True(t, second.Costly)
	assert.True(t, second.AssumePPTP)
	assert.Equal(t, []string{"^lan"}, second.Exclude, "keys that the agent does not mention are inherited")
	assert.Equal(t, []string{"^vpn"}, second.Include)
	assert.Equal(t, 500, second.MaxRows)
	assert.Equal(t, 3, second.Reprobe)

	assert.Equal(t, "2001:db8::1", target(cfg, 2).Host)
	assert.Equal(t, "2001:db8::2", target(cfg, 3).Host)
	assert.Equal(t, uint16(1161), target(cfg, 3).Port)
	assert.Equal(t, []string{"^lan"}, cfg.Poll.Exclude, "the defaults are not touched")
}

func TestConfigCredentialsOfAnotherVersionAreNotInherited(t *testing.T) {
	cfg := mustLoad(t, "v3_by_default")
	assert.Equal(t, "monitor", target(cfg, 0).Auth.User)
	assert.Equal(t, snmpppp.Auth{Community: "old"}, target(cfg, 1).Auth)
	assert.Equal(t, snmpppp.Auth{Version: snmpppp.V1, Community: "older"}, target(cfg, 2).Auth)
	assert.Equal(t, snmpppp.Auth{User: "other", AuthPassphrase: "secret-one"}, target(cfg, 3).Auth, "but those of the same are")
	assert.Equal(t, snmpppp.V3, target(cfg, 4).Auth.Version)
}

func TestConfigProfiles(t *testing.T) {
	cfg := mustLoad(t, "profiles")
	set, err := cfg.profileSet()
	require.NoError(t, err)
	acme := set.Get("acme-pptp")
	require.NotNil(t, acme)
	assert.Equal(t, "1.3.6.1.4.1.99999.1.2.1.2", acme.Tables[0].OIDs[0], "a column number need not be a text")
	assert.Equal(t, "closing", acme.Tables[0].Columns[1].Values["3"])
	assert.Nil(t, set.Get("hr-processes"), "switched off")
	assert.NotNil(t, set.Get("if-mib"))
}

func TestConfigTelemetrySwitches(t *testing.T) {
	cfg := mustLoad(t, "telemetry")
	assert.False(t, cfg.Metrics.Metrics.SnmpAgentUp.Enabled)
	assert.True(t, cfg.Metrics.Metrics.SnmpAgentCapability.Enabled)
	assert.False(t, cfg.Logs.Events.PptpSessionOpened.Enabled)
	assert.True(t, cfg.Metrics.ResourceAttributes.SnmpAgentDescription.Enabled)
	assert.True(t, cfg.Logs.ResourceAttributes.SnmpAgentDescription.Enabled)
	mustLoad(t, "same_endpoint_two_names")
}

func TestConfigErrors(t *testing.T) {
	const a0 = "agents[0] (vpn1.example.com): "
	tests := []struct {
		name string
		want []string // all of them, in this order, and no other
	}{
		{"no_agents", []string{"agents: is empty; give at least one, such as {endpoint: vpn.example.com}"}},
		{"null_agent", []string{"agents[0] (): endpoint: is empty; use host or host:port, such as vpn.example.com:161"}},
		{"endpoints", []string{
			`agents[0] (udp://vpn1.example.com): endpoint: "udp://vpn1.example.com" is a URL; use host or host:port, such as vpn.example.com:161, and transport for udp or tcp`,
			`agents[1] (vpn1.example.com:99999): endpoint: "vpn1.example.com:99999" has no valid port; use 1 to 65535, or leave it out for 161`,
			`agents[2] (vpn1.example.com:0): endpoint: "vpn1.example.com:0" has no valid port; use 1 to 65535, or leave it out for 161`,
			`agents[3] (vpn 1): endpoint: "vpn 1" has no valid host; use host or host:port, such as vpn.example.com:161`,
			`agents[4] (:161): endpoint: ":161" has no valid host; use host or host:port, such as vpn.example.com:161`,
		}},
		{"duplicate_endpoint", []string{`agents[1] (VPN1.example.com:161): endpoint: "VPN1.example.com:161" is polled by agents[0] too; remove one, or give both a name`}},
		{"duplicate_name", []string{`agents[1] (vpn): name: "vpn" is the name of agents[0] too; give each agent its own`}},
		{"no_community", []string{a0 + "community: is needed for version v2c"}},
		{"no_community_anywhere", []string{"agents[0] (vpn1.example.com) and 2 more: community: is needed for version v2c"}},
		{"v3", []string{
			a0 + `user: has 0 octets: version v3 needs a name of 1 to 32 (RFC 3414 section 5)`,
			a0 + `auth_protocol "SHA265": use one of MD5, SHA, SHA224, SHA256, SHA384, SHA512`,
			a0 + `priv_passphrase: has 5 octets: agents want at least 8 (RFC 3414 section 11.2)`,
			a0 + `engine_id "xyz": write 5 to 32 octets in hexadecimal, like 80001f8803001122334455`,
		}},
		{"version", []string{a0 + `version "v2": use one of v1, v2c, v3 (did you mean "v1"?)`}},
		{"numbers", []string{
			"collection_interval: 10ms is out of range; use 1s to 24h0m0s",
			"initial_delay: -1s is out of range; use 0s to 24h0m0s",
			"jitter: 0.6 is out of range; use 0 to 0.5",
			"max_concurrent: 0 is out of range; use 1 to 4096",
			"max_events: 0 is out of range; use 1 to 1000000",
			"session_metrics::max_sessions: 0 is out of range; use 1 to 100000",
			"session_metrics::max_total: 0 is out of range; use 1 to 1000000",
			"session_metrics::top: 0 is out of range; use 1 to 100000",
			a0 + "collection_interval: 1ms is out of range; use 1s to 24h0m0s",
			a0 + "retries: 11 is out of range; use 0 to 10",
			a0 + "timeout 2m0s: use 1ms to 1m",
			a0 + "pause 2s: use 0 to 1s",
			a0 + "max_rows -1: use 1 to 1000000",
			a0 + "reprobe -1: use 1 to 10000 polls",
		}},
		{"budget", []string{a0 + "budget: 2m0s is longer than the interval between two polls, 1m0s; use less, or a longer collection_interval"}},
		{"timeout", []string{a0 + "timeout: 20s is longer than the interval between two polls, 10s; use less, or a longer collection_interval"}},
		{"expressions", []string{
			"session_metrics::match[0]: \"(\" is not a regular expression; use RE2, such as ^vip-: error parsing regexp: missing closing ): `(`",
			a0 + "include \"(\": is not a regular expression: error parsing regexp: missing closing ): `(`",
		}},
		{"telling", []string{
			`user_name: "hashed" is unknown; use one of plain, hash, drop (did you mean "hash"?)`,
			"hash_key: is given, but nothing is hashed; use user_name: hash or client_address: hash, or leave the key out",
		}},
		{"session_metrics", []string{
			`session_metrics::mode: "tops" is unknown; use one of none, top, match (did you mean "top"?)`,
			`session_metrics::match: is given, but mode is tops; use mode: match, or leave it out`,
		}},
		{"no_match", []string{"session_metrics::match: is empty; give regular expressions on the name of the user, the interface, or the client's address, such as ^vip-"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(t, tt.name)
			require.Error(t, err)
			assert.Equal(t, tt.want, strings.Split(err.Error(), "\n"))
		})
	}
}

func TestConfigProfileErrors(t *testing.T) {
	for name, want := range map[string][]string{
		"profile_unknown_key": {"profiles: ", "colums"},
		"profile_forbidden":   {`profiles: profile "acme"`, "1.3.6.1.2.1.10.23.2", "is never asked for"},
		"profile_measure":     {`profiles: profile "acme"`, `"sesions.active"`, "sessions.active"},
	} {
		_, err := load(t, name)
		for _, w := range want {
			require.ErrorContains(t, err, w, name)
		}
	}
}

func TestConfigUnknownKey(t *testing.T) {
	_, err := load(t, "unknown_key")
	require.ErrorContains(t, err, "comunity")
}

func TestConfigErrorsHideSecrets(t *testing.T) {
	cfg := mustLoad(t, "override")
	cfg.MaxConcurrent = 0
	cfg.Agents[1].Poll.AuthProtocol = "none"
	err := cfg.Validate()
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "secret-")
}

func TestExamples(t *testing.T) {
	// A community that looks like a number must stay a string on its way through
	// the environment.
	for _, name := range []string{"SNMP_COMMUNITY", "SNMP_AUTH_PASSPHRASE", "SNMP_PRIV_PASSPHRASE", "PPTP_HASH_KEY"} {
		t.Setenv(name, "00420042")
	}
	for _, name := range []string{"snmp_ppp.yaml", "snmp_ppp-full.yaml", "snmp_ppp-profile.yaml"} {
		t.Run(name, func(t *testing.T) {
			cfg := example(t, name)
			for i := range cfg.Agents {
				a := cfg.Agents[i].Poll
				assert.Equal(t, configopaque.String("00420042"), a.Community+a.AuthPassphrase)
			}
		})
	}
}

// example loads a configuration as the collector does.
func example(t *testing.T, name string) *Config {
	r, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              []string{"file:" + filepath.Join("..", "..", "examples", name)},
		ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory(), envprovider.NewFactory()},
		DefaultScheme:     "env",
	})
	require.NoError(t, err)
	conf, err := r.Resolve(t.Context())
	require.NoError(t, err)
	sub, err := conf.Sub("receivers::snmp_ppp")
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	require.NoError(t, r.Shutdown(t.Context()))
	return cfg
}

func TestEveryKeyIsDocumented(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	readme := string(text)
	wrote := func(what string) { assert.True(t, strings.Contains(readme, what), "README: %s", what) } //nolint:testifylint // it would print the README
	conf, err := confmaptest.LoadConf(filepath.Join("..", "..", "examples", "snmp_ppp-full.yaml"))
	require.NoError(t, err)
	sub, err := conf.Sub("receivers::snmp_ppp")
	require.NoError(t, err)
	have := confmap.New()
	require.NoError(t, have.Marshal(createDefaultConfig()))
	for _, key := range have.AllKeys() {
		switch section, _, _ := strings.Cut(key, "::"); section {
		case "metrics", "events", "resource_attributes":
			key = section // documentation.md lists what is below
		}
		assert.True(t, sub.IsSet(key), "example: %s", key)
		wrote("`" + key + "`")
	}
	for _, key := range []string{"endpoint", "name", "gateway_id", "collection_interval"} {
		wrote("| `" + key + "` |")
	}
	for _, k := range snmpppp.Kinds() {
		wrote("`" + string(k) + "`")
	}
	for _, p := range profile.Builtin() {
		wrote("`" + p.Name + "`")
	}
	for _, m := range profile.Measures() {
		wrote("`" + m.Name + "`")
	}
	for _, k := range profile.Kinds() {
		for field := range profile.Fields(k) {
			wrote("`" + field + "`")
		}
	}
	for name := range strings.SplitSeq(documentation(t), "\n### ") {
		if name, _, _ = strings.Cut(name, "\n"); strings.Contains(name, ".") && !strings.Contains(name, " ") {
			wrote("`" + name + "`")
		}
	}
}

// documentation is what is generated of the metrics and events.
func documentation(t *testing.T) string {
	text, err := os.ReadFile("documentation.md")
	require.NoError(t, err)
	return string(text)
}

var _ component.Config = (*Config)(nil)
