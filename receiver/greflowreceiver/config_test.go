package greflowreceiver

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/netflow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/sflow"
)

// load reads one configuration of testdata/config.yaml.
func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	require.Contains(t, conf.ToStringMap(), "gre_flow/"+name)
	sub, err := conf.Sub("gre_flow/" + name)
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
	want := createDefaultConfig().(*Config)
	want.Gateways = []GatewayConfig{{ID: "gw-1", Addresses: []string{"203.0.113.1"}}}
	assert.Equal(t, want, valid(t, "minimal"))
	assert.True(t, valid(t, "learn").LearnGateways)
}

func TestConfigListenersHaveDefaults(t *testing.T) {
	assert.Equal(t, []ListenerConfig{
		{Endpoint: "0.0.0.0:2055", Sockets: 2, ReceiveBuffer: 16 << 20},
		{Endpoint: "[::1]:6343", Sockets: 1, ReceiveBuffer: 1 << 20},
		{Endpoint: "localhost:2055", Sockets: 1, ReceiveBuffer: 16 << 20},
	}, valid(t, "listeners").Listeners)
}

// Every key gets to where it counts.
func TestConfigAll(t *testing.T) {
	cfg := valid(t, "all")
	assert.Equal(t, []netip.Prefix{
		netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("192.0.2.128/25"),
		netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("198.51.100.9/32"),
	}, parsePrefixes(cfg.Exporters))
	assert.Equal(t, []detect.Gateway{
		{ID: "gw-1", Name: "Berlin", Addresses: []netip.Prefix{netip.MustParsePrefix("203.0.113.1/32")}},
		{ID: "gw-2", Addresses: []netip.Prefix{netip.MustParsePrefix("203.0.113.16/28"), netip.MustParsePrefix("2001:db8::1/128")}},
	}, cfg.gateways())
	storage := component.MustNewIDWithName("file_storage", "flows")
	assert.Equal(t, &storage, cfg.Storage)
	assert.Equal(t, time.Minute, cfg.SaveInterval)
	assert.Equal(t, FlowsConfig{Enabled: true, QueueSize: 5}, cfg.Flows)
	assert.Equal(t, "0042", string(cfg.HashKey), "not turned into a number")
	assert.Equal(t, netflow.Config{
		MaxExporters: 10, MaxTemplates: 11, MaxFields: 12, MaxBytes: 1048577, TemplateTTL: 2 * time.Hour,
		PendingBytes: 13, PendingAge: 3 * time.Minute,
	}, cfg.Limits.netflow())
	assert.Equal(t, sflow.Config{MaxExporters: 10, MaxSources: 14, TTL: 2 * time.Hour}, cfg.Limits.sflow())
	assert.Equal(t, detect.Config{
		MaxPairs: 64, MaxExporters: 10, MaxGateways: 15, MaxPending: 17,
		Active: time.Minute, Idle: 10 * time.Second, Lag: 2 * time.Second, MinWindow: 90 * time.Second,
		ControlWindow: 140 * time.Second, Grace: 40 * time.Second, OrphanAfter: 4 * time.Minute,
		EchoInterval: 30 * time.Second, Visibility: 12 * time.Hour, FalseAlarm: 1e-6, Passes: 3,
		EvalInterval: 5 * time.Second, GatewayShare: 0.3, GatewayPairs: 3,
	}, cfg.Detection.detect(&cfg.Limits))
}

func TestConfigErrors(t *testing.T) {
	tests := []struct {
		name string
		want []string
	}{
		{"nothing_to_watch", []string{
			"gateways: is empty, so nothing would be watched; list them, such as {id: gw-1, addresses: [192.0.2.1]}, or use learn_gateways: true",
		}},
		{"no_listeners", []string{"listeners: is empty; give at least one, such as {endpoint: localhost:2055}, or leave it out"}},
		{"bad_listeners", []string{
			`listeners[0]::endpoint: "localhost" is not host:port; use for example localhost:2055 or 192.0.2.10:2055`,
			`listeners[1]::endpoint: "localhost:70000" is not host:port; use for example localhost:2055 or 192.0.2.10:2055`,
			"listeners[1]::sockets: 0 is out of range; use 1 to 64",
			"listeners[2]::receive_buffer: 1 is out of range; use 4096 to 1073741824",
			`listeners[3]::endpoint: "localhost:2055" is that of listeners[2] too; remove one, or raise its sockets`,
		}},
		{"bad_addresses", []string{
			`exporters[0]: "router1" is neither an address nor a prefix; use for example 192.0.2.1 or 192.0.2.0/24`,
			`exporters[1]: "192.0.2.0/33" is neither an address nor a prefix; use for example 192.0.2.1 or 192.0.2.0/24`,
			"gateways[0]::id: is empty; use the id that the other receivers have for this gateway",
			`gateways[1]::addresses: is empty; give those on which "gw-1" takes PPTP, as the exporters see them`,
			`gateways[2]::id: "gw-1" is that of gateways[1] too; give one of them all the addresses`,
			`gateways[2]::addresses[0]: "vpn.example.com" is neither an address nor a prefix; use for example 192.0.2.1 or 192.0.2.0/28`,
			`gateways[2]::addresses[1]: "203.0.113.1" is that of gateways[0] too; an address belongs to one gateway`,
		}},
		{"bad_words", []string{
			`client_address: "hashed" is unknown; use one of plain, hash, drop (did you mean "hash"?)`,
			"hash_key: is given, but client_address is hashed; use client_address: hash, or leave the key out",
		}},
		{"bad_numbers", []string{
			"collection_interval: 0s is out of range; use 1s to 24h0m0s",
			"save_interval: 100h0m0s is out of range; use 1s to 24h0m0s",
			"flows::queue_size: 0 is out of range; use 1 to 1000000",
			"detection::active_timeout: 0s is out of range; use 1s to 168h0m0s",
			"detection::idle_timeout: 1ms is out of range; use 1s to 168h0m0s",
			"detection::export_lag: 2h0m0s is out of range; use 1s to 1h0m0s",
			"detection::min_window: 0s is out of range; use 1s to 24h0m0s",
			"detection::control_window: 25h0m0s is out of range; use 1s to 24h0m0s",
			"detection::setup_grace: -1s is out of range; use 1s to 24h0m0s",
			"detection::orphan_after: 0s is out of range; use 1s to 24h0m0s",
			"detection::echo_interval: 0s is out of range; use 1s to 24h0m0s",
			"detection::visibility: 1s is out of range; use 1m0s to 8736h0m0s",
			"detection::evaluation_interval: 0s is out of range; use 1s to 1h0m0s",
			"detection::false_alarm: NaN is out of range; use 1e-15 to 0.1",
			"detection::passes: 6 is out of range; use 1 to 5",
			"detection::gateway_share: 0 is out of range; use 0.01 to 1",
			"detection::gateway_pairs: 0 is out of range; use 1 to 1000000",
			"limits::exporters: 0 is out of range; use 1 to 65534",
			"limits::templates: 70000 is out of range; use 1 to 65280",
			"limits::template_fields: 0 is out of range; use 1 to 16384",
			"limits::pending_bytes: 0 is out of range; use 1 to 67108864",
			"limits::sflow_sources: 0 is out of range; use 1 to 16000000",
			"limits::gateways: 0 is out of range; use 1 to 100000",
			"limits::pairs: 1 is out of range; use 64 to 16000000",
			"limits::candidates: 0 is out of range; use 1 to 16000000",
			"limits::events: 0 is out of range; use 1 to 1000000",
			"limits::template_memory: 1 is out of range; use 1048576 to 68719476736",
			"limits::template_age: 0s is out of range; use 1m0s to 8736h0m0s",
			"limits::pending_age: 0s is out of range; use 1s to 24h0m0s",
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

// Whatever is at the edge of what the receiver takes, the library takes too.
func TestConfigAtItsBounds(t *testing.T) {
	for _, high := range []bool{false, true} {
		cfg := createDefaultConfig().(*Config)
		pick := func(low, top int) int {
			if high {
				return top
			}
			return low
		}
		span := func(low, top time.Duration) time.Duration { return time.Duration(pick(int(low), int(top))) }
		d, l := &cfg.Detection, &cfg.Limits
		d.ActiveTimeout, d.IdleTimeout, d.ExportLag = span(time.Second, week), span(time.Second, week), span(time.Second, time.Hour)
		for _, v := range []*time.Duration{&d.MinWindow, &d.ControlWindow, &d.SetupGrace, &d.OrphanAfter, &d.EchoInterval} {
			*v = span(time.Second, 24*time.Hour)
		}
		d.Visibility, d.EvaluationInterval = span(time.Minute, 52*week), span(time.Second, time.Hour)
		d.Passes, d.GatewayPairs = pick(1, 5), pick(1, 1_000_000)
		d.FalseAlarm, d.GatewayShare = 1e-15, 0.01
		if high {
			d.FalseAlarm, d.GatewayShare = 0.1, 1
		}
		l.Exporters, l.Gateways, l.Pairs, l.Candidates = pick(1, 65_534), pick(1, 100_000), pick(64, 16_000_000), pick(1, 16_000_000)
		cfg.LearnGateways = true
		require.NoError(t, cfg.Validate())
		require.NoError(t, cfg.Detection.detect(&cfg.Limits).Validate())
	}
}

func TestConfigUnknownKeys(t *testing.T) {
	_, err := load(t, "unknown_key")
	require.ErrorContains(t, err, "exporter")
	_, err = load(t, "unknown_listener_key")
	require.ErrorContains(t, err, "address")
}

func TestConfigErrorsHideTheKey(t *testing.T) {
	_, err := load(t, "bad_words")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "something")
}

func TestExamples(t *testing.T) {
	for _, name := range []string{"gre_flow.yaml", "gre_flow-full.yaml"} {
		t.Run(name, func(t *testing.T) {
			conf, err := confmaptest.LoadConf(filepath.Join("..", "..", "examples", name))
			require.NoError(t, err)
			sub, err := conf.Sub("receivers::gre_flow")
			require.NoError(t, err)
			cfg := NewFactory().CreateDefaultConfig()
			require.NoError(t, sub.Unmarshal(cfg))
			require.NoError(t, confmap.Validate(cfg))
		})
	}
}

// keys are those of the configuration, one of each kind of generated section.
func keys(t *testing.T) (out []string) {
	t.Helper()
	have := confmap.New()
	cfg := createDefaultConfig().(*Config)
	cfg.Gateways = []GatewayConfig{{}}
	require.NoError(t, have.Marshal(cfg))
	for _, key := range have.AllKeys() {
		switch section, _, _ := strings.Cut(key, "::"); section {
		case "metrics", "events", "resource_attributes":
			key = section
		}
		out = append(out, key)
	}
	return out
}

func TestFullExampleHasEveryKey(t *testing.T) {
	file := filepath.Join("..", "..", "examples", "gre_flow-full.yaml")
	conf, err := confmaptest.LoadConf(file)
	require.NoError(t, err)
	sub, err := conf.Sub("receivers::gre_flow")
	require.NoError(t, err)
	for _, key := range keys(t) {
		assert.True(t, sub.IsSet(key), key)
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, key := range []string{"endpoint", "sockets", "receive_buffer", "id", "name", "addresses", "site"} {
		assert.Contains(t, string(text), key+": ")
	}
}

func TestREADMEIsComplete(t *testing.T) {
	b, err := os.ReadFile("README.md")
	require.NoError(t, err)
	readme := string(b)
	for _, key := range append(keys(t), "endpoint", "sockets", "receive_buffer", "id", "name", "addresses", "site") {
		assert.Contains(t, readme, "`"+key+"`")
	}
	for s := range detect.State(detect.NumStates) {
		assert.Contains(t, readme, "`"+s.String()+"`")
	}
	for r := detect.Reason(1); int(r) < detect.NumReasons; r++ {
		assert.Contains(t, readme, "`"+r.String()+"`")
	}
	for r := range netflow.Reason(netflow.Reasons) {
		assert.Contains(t, readme, "`"+r.String()+"`")
	}
	for r := range sflow.Reason(sflow.Reasons) {
		assert.Contains(t, readme, "`"+r.String()+"`")
	}
}
