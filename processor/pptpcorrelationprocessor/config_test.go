package pptpcorrelationprocessor

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/evidence"
	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/internal/metadata"
)

func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := conf.Sub(component.NewIDWithName(metadata.Type, name).String())
	require.NoError(t, err)
	cfg := NewFactory().CreateDefaultConfig()
	if err := sub.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg.(*Config), confmap.Validate(cfg)
}

func TestConfig(t *testing.T) {
	cfg, err := load(t, "all")
	require.NoError(t, err)
	assert.Equal(t, 5*time.Second, cfg.Interval)
	assert.Equal(t, evidence.Names{"boot"}, cfg.Evidence[0].Event)
	assert.Equal(t, evidence.Names{"one", "other"}, cfg.Evidence[1].Event)
	assert.Equal(t, "radius-1", cfg.Gateways[0].RADIUS[0])
	assert.InDelta(t, 0.6, cfg.Verdict.Quorum, 0)
	assert.Equal(t, 3, cfg.Verdict.DownAfter, "the default")
	assert.True(t, cfg.Annotate.Enabled)
	assert.Equal(t, "file_storage", cfg.Storage.String())

	cfg, err = load(t, "")
	require.NoError(t, err)
	want := createDefaultConfig().(*Config)
	want.Learn = true
	assert.Equal(t, want, cfg)
}

func TestConfigErrors(t *testing.T) {
	for name, want := range map[string]string{
		"blind":            "gateways: is empty and learn is false",
		"twice":            `gateways[1].id: "vpn-1" is gateways[0], too`,
		"prefix":           `gateways[0].addresses[0]: vpn-1: "10.0.0.0/99" is no prefix`,
		"signal":           `evidence[0].signal: "prob.tcp" is none of the codebook: did you mean "probe.tcp"?`,
		"codebook":         `codebook::text:3: causes.gateway_unreachable.severity: "hihg"`,
		"codebook_file":    `testdata/codebook-bad.yaml:5: causes.portal_down.required: unknown signal "probe.tcpp": did you mean "probe.tcp"?`,
		"no_codebook_file": "codebook::files[0]: open testdata/no-such.yaml",
		"window":           `maintenance::windows[0].days: night: "sumday"`,
		"window_time":      `maintenance::windows[0].start: night: "tomorrow" is not RFC 3339`,
		"window_both":      `maintenance::windows[0].start: night: give either start and end, or at and for`,
		"interval":         "interval: 1ms is not in [100ms, 1h0m0s]",
		"limits":           "limits::max_series: 0 is not in",
		"unknown_key":      "anotate",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, name)
			require.ErrorContains(t, err, want)
		})
	}
}
