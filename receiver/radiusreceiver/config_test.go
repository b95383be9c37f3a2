package radiusreceiver

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

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/accounting"
)

var _ component.Config = (*Config)(nil)

// load reads one configuration of testdata/config.yaml.
func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	require.True(t, conf.IsSet("radius/"+name), "no such configuration")
	sub, err := conf.Sub("radius/" + name)
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

func TestConfigDefaults(t *testing.T) {
	cfg := mustLoad(t, "minimal")
	want := createDefaultConfig().(*Config)
	want.Check.Secret = "testing123"
	want.Servers = []ServerConfig{{Endpoint: "radius.example.com", Check: want.Check}}
	want.Servers[0].Check.Methods = []string{"status"}
	assert.Equal(t, want, cfg)
	assert.Equal(t, radiuscheck.Config{
		Host: "radius.example.com", Port: 1812, Secret: "testing123", Methods: []radiuscheck.Method{radiuscheck.Status},
		Signing: radiuscheck.Always, RequireKeys: true, Timeout: 3 * time.Second, Retries: 2, Slow: time.Second,
		NAS: radiuscheck.NAS{Identifier: "otelcol-pptp"},
	}, cfg.Servers[0].checker())
}

func TestConfigOverrides(t *testing.T) {
	cfg := mustLoad(t, "two")
	require.Len(t, cfg.Servers, 2)
	one, two := cfg.Servers[0].checker(), cfg.Servers[1].checker()
	assert.Equal(t, []radiuscheck.Method{radiuscheck.Status, radiuscheck.StatusAccounting, radiuscheck.MSCHAPv2}, one.Methods, "the defaults")
	assert.Equal(t, "radius1.example.com", one.AccountingHost)
	assert.Equal(t, uint16(1813), one.AccountingPort)
	assert.Equal(t, "monitor", one.Username)
	assert.Equal(t, radiuscheck.Compare, one.Signing)
	assert.Equal(t, "gw", one.NAS.Identifier)

	assert.Equal(t, []radiuscheck.Method{radiuscheck.PAP}, two.Methods)
	assert.Equal(t, "2001:db8::1", two.Host)
	assert.Equal(t, uint16(11812), two.Port)
	assert.Equal(t, "other", two.Secret)
	assert.Equal(t, "stat", two.StatusSecret)
	assert.Equal(t, uint16(18121), two.StatusPort)
	assert.Equal(t, 10*time.Second, two.Timeout)
	assert.Equal(t, radiuscheck.Compare, two.Signing, "that of all")
	assert.Equal(t, "192.0.2.1", two.NAS.Address.String())
	assert.Equal(t, "gw", two.NAS.Identifier)
	assert.Equal(t, 2*time.Minute, cfg.Servers[1].interval(cfg))
}

func TestConfigAccounting(t *testing.T) {
	cfg := mustLoad(t, "accounting")
	l, tr := cfg.Accounting.listener(), cfg.Accounting.tracker()
	require.NoError(t, l.Validate())
	require.NoError(t, tr.Validate())
	assert.True(t, l.Silent)
	require.Len(t, l.Clients, 2)
	assert.Equal(t, "192.0.2.7/32", l.Clients[1].Prefix.String())
	assert.InDelta(t, 0.5, tr.Noisy.UserShare, 0)
	assert.InDelta(t, accounting.Disabled, tr.EmptyShare, 0)
	assert.Equal(t, 50, cfg.Accounting.MaxEvents)
}

// TestAccountingDefaults keeps ours in step with those of the domain.
func TestAccountingDefaults(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	c := cfg.Accounting.tracker()
	require.NoError(t, c.Validate())
	tracker, err := accounting.New(accounting.Config{})
	require.NoError(t, err)
	stats := tracker.Stats()
	assert.Equal(t, stats.MaxSessions, c.MaxSessions)
	assert.Equal(t, stats.MaxNAS, c.MaxNAS)
}

func TestConfigErrors(t *testing.T) {
	tests := []struct {
		name string
		want []string
	}{
		{"empty", []string{"servers: is empty, and so is accounting::endpoint"}},
		{"bad_general", []string{
			"collection_interval: 1s is too short; use at least 5s", "initial_delay: -1s is negative", "jitter: 0.9 is out of range; use 0 to 0.5",
			"rejected_interval: 10s is so short that the account may get locked; use at least 1m0s", "max_concurrent: 0 is out of range",
		}},
		{"bad_server", []string{
			`servers[0] (:1812): endpoint: ":1812" is not host or host:port`,
			"servers[0] (:1812): secret: is empty; set the one that the server has",
			`methods: "mschap_v2" is unknown; use one of status, status_accounting, pap, chap, mschapv2 (did you mean "mschapv2"?)`,
			"username: is empty, and pap logs in", "password: is empty, and pap logs in",
			`message_authenticator: "allways" is unknown; use one of always, never, compare (did you mean "always"?)`,
			`nas::address: "gateway" is not an address`,
			"servers[0] (:1812): collection_interval: 2s is too short",
			`servers[1] (a): statistics::endpoint: "x:y" is not host or host:port`,
			`servers[1] (a): accounting_endpoint: "a:0" is not host or host:port`,
			`servers[3] (c): methods: status_accounting needs accounting_endpoint`,
			`servers[2]::name: "a" is the name of servers[1] too`,
			"servers[4] (d): server: retries: 99 is not in [0, 10]",
			"servers[5] (e): collection_interval: 1m0s is shorter than a round can take with timeout 30s and retries 2; use at least 2m0s",
		}},
		{"bad_accounting", []string{
			`accounting::clients[0]::cidr: "everybody" is not a prefix or address`,
			`accounting::user_name: "hashed" is unknown; use one of plain, hash, drop (did you mean "hash"?)`,
			"accounting::max_events: 0 is out of range",
		}},
		{"bad_tracker", []string{"accounting::clients: none given", "accounting::max_sessions: -5 is not in"}},
		{"bad_listener", []string{
			`accounting::endpoint: "1813" is not host:port; use for example 0.0.0.0:1813`,
			"accounting::interim_interval: 500ms is too short; use at least 1s, or 0s",
			"accounting::max_events: 1000000000 is out of range; use 1 to 10000",
		}},
		{"bad_thresholds", []string{"accounting::clients[0]::secret: is empty", "accounting::thresholds::min_stops: -5 is not in [1, 1000000]"}},
		{"bad_noisy", []string{"accounting::noisy::window: 1s is not in [10s, 24h0m0s]"}},
		{"unknown_key", []string{"has invalid keys: methodes"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(t, tt.name)
			require.Error(t, err)
			for _, want := range tt.want {
				assert.Contains(t, err.Error(), want)
			}
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestSplitEndpoint(t *testing.T) {
	for _, tt := range []struct {
		in, host string
		port     uint16
	}{
		{"radius.example.com", "radius.example.com", 1812}, {"192.0.2.1:1645", "192.0.2.1", 1645},
		{"2001:db8::1", "2001:db8::1", 1812}, {"[2001:db8::1]:1645", "2001:db8::1", 1645}, {"[2001:db8::1]", "2001:db8::1", 1812},
	} {
		host, port, err := splitEndpoint(tt.in, authPort)
		require.NoError(t, err, tt.in)
		assert.Equal(t, tt.host, host, tt.in)
		assert.Equal(t, tt.port, port, tt.in)
	}
	for _, bad := range []string{"a:b:c", "host:99999", "[::1"} {
		_, _, err := splitEndpoint(bad, authPort)
		require.Error(t, err, bad)
	}
}

func TestExamples(t *testing.T) {
	// What looks like a number must stay a string on its way through the environment.
	for _, name := range []string{"RADIUS_SECRET", "RADIUS_PASSWORD", "RADIUS_ACCOUNTING_SECRET", "PPTP_HASH_KEY"} {
		t.Setenv(name, "00420042")
	}
	for _, name := range []string{"radius.yaml", "radius-full.yaml", "radius-accounting.yaml"} {
		t.Run(name, func(t *testing.T) {
			cfg := example(t, name)
			for i := range cfg.Servers {
				assert.Equal(t, configopaque.String("00420042"), cfg.Servers[i].Check.Secret)
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
	sub, err := conf.Sub("receivers::radius")
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
	conf, err := confmaptest.LoadConf(filepath.Join("..", "..", "examples", "radius-full.yaml"))
	require.NoError(t, err)
	sub, err := conf.Sub("receivers::radius")
	require.NoError(t, err)
	have := confmap.New()
	require.NoError(t, have.Marshal(createDefaultConfig()))
	for _, key := range have.AllKeys() {
		switch section, _, _ := strings.Cut(key, "::"); section {
		case "metrics", "events", "resource_attributes", "histograms":
			key = section // documentation.md lists what is below
		}
		assert.True(t, sub.IsSet(key), "example: %s", key)
		wrote("`" + key + "`")
	}
	for _, key := range []string{"endpoint", "accounting_endpoint", "name", "gateway_id", "collection_interval", "statistics::endpoint", "statistics::secret"} {
		wrote("| `" + key + "` |")
	}
	for _, c := range radiuscheck.Causes() {
		wrote("`" + string(c) + "`")
	}
	for _, m := range radiuscheck.Methods() {
		wrote("`" + string(m) + "`")
	}
	for _, k := range accounting.Kinds() {
		wrote("`" + k + "`")
	}
	documentation, err := os.ReadFile("documentation.md")
	require.NoError(t, err)
	for name := range strings.SplitSeq(string(documentation), "\n### ") {
		if name, _, _ = strings.Cut(name, "\n"); strings.HasPrefix(name, "radius.") {
			wrote("`" + name + "`")
		}
	}
	for _, name := range []string{"radius.check.duration", "radius.check.wait.duration", "radius.server.request.duration"} {
		wrote("`" + name + "`")
	}
}
