package pptplogconnector

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/otelcol-pptp/otelcol-pptp/connector/pptplogconnector/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/internal/inventory"
)

func TestLoadConfig(t *testing.T) {
	full := createDefaultConfig().(*Config)
	full.Gateways = []inventory.Gateway{{ID: "berlin", Name: "Berlin", Addresses: []string{"gw1", "203.0.113.1"}, RADIUS: []string{"nps1"}}}
	full.Location, full.PatternsFile = "Europe/Berlin", "testdata/patterns.yaml"
	full.UserName, full.ClientAddress, full.HashKey = "hash", "plain", "key"
	full.RefuseUntagged, full.KeepOriginal, full.UnclassifiedEvents = true, true, true
	full.Interval, full.MaxSessions, full.MaxHosts, full.MaxPending = 30*time.Second, 100, 20, 300
	full.SessionTTL, full.Linger = time.Hour, time.Second
	full.Histograms.SessionDuration.Enabled = false
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	for _, tt := range []struct {
		name, problem string
		want          *Config
	}{
		{"pptp_log", "", createDefaultConfig().(*Config)},
		{"pptp_log/full", "", full},
		{"pptp_log/location", `location: "Mars" is no time zone; use UTC, Local or a name such as Europe/Berlin`, nil},
		{"pptp_log/user", `user_name: "hashed" is unknown; use one of plain, hash, drop (did you mean "hash"?)`, nil},
		{"pptp_log/client", `client_address: "no" is unknown`, nil},
		{"pptp_log/interval", "interval: 10ms is out of range; use 1s to 24h0m0s", nil},
		{"pptp_log/sessions", "max_sessions: 1 is out of range; use 10 to 10000000", nil},
		{"pptp_log/gateway", "gateways[0].id: write a name", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sub, err := conf.Sub(tt.name)
			require.NoError(t, err)
			cfg := createDefaultConfig()
			require.NoError(t, sub.Unmarshal(cfg))
			err = confmap.Validate(cfg)
			if tt.problem != "" {
				require.ErrorContains(t, err, tt.problem)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, cfg)
		})
	}
}

func TestPatternsFile(t *testing.T) {
	create := func(file string) error {
		cfg := createDefaultConfig().(*Config)
		cfg.PatternsFile = file
		c, err := NewFactory().CreateLogsToLogs(t.Context(), connectortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
		if err == nil {
			require.NoError(t, c.Shutdown(t.Context()))
		}
		return err
	}
	require.NoError(t, create(filepath.Join("testdata", "patterns.yaml")))
	require.ErrorContains(t, create("nowhere.yaml"), "patterns_file: open nowhere.yaml")
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(bad, []byte("program: x\npatterns: [{event: no_such_event, text: y}]"), 0o600))
	require.ErrorContains(t, create(bad), "no_such_event")

	r := newRig(t, func(c *Config) { c.PatternsFile = filepath.Join("testdata", "patterns.yaml") })
	r.send(lines("Nov 22 12:00:00 gw1 vpnd[7]: client 198.51.100.7 is here"))
	assert.Equal(t, []string{"pptp.session.opened"}, r.names())
}

func TestUntagged(t *testing.T) {
	const text = "CTRL: Client 198.51.100.7 control connection started"
	for _, refuse := range []bool{false, true} {
		r := newRig(t, func(c *Config) { c.RefuseUntagged = refuse })
		r.send(lines(text)).stop()
		if refuse {
			assert.Empty(t, r.measures.AllMetrics())
		} else {
			assert.EqualValues(t, 1, r.value("pptp.log.lines"))
		}
	}
}

func TestOneInstance(t *testing.T) {
	f := NewFactory()
	cfg := f.CreateDefaultConfig()
	set := connectortest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	a, err := f.CreateLogsToLogs(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	b, err := f.CreateLogsToMetrics(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	assert.Same(t, a.(*node).Unwrap(), b.(*node).Unwrap())
	require.NoError(t, a.Shutdown(t.Context()))
	require.NoError(t, b.Shutdown(t.Context()))
}
