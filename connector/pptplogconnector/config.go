package pptplogconnector

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/otelcol-pptp/otelcol-pptp/connector/pptplogconnector/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/internal/inventory"
	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/line"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/session"
)

// Config is the configuration of the connector. The README explains every key.
type Config struct {
	// Gateways is the inventory: hosts that write logs are found in it by name and address.
	Gateways []inventory.Gateway `mapstructure:"gateways"`
	// Location is the time zone of stamps that have none: a name, UTC or Local.
	Location string `mapstructure:"location"`
	// PatternsFile has patterns that go before those that are built in.
	PatternsFile string `mapstructure:"patterns_file"`
	// RefuseUntagged leaves lines alone that name no program.
	RefuseUntagged bool `mapstructure:"refuse_untagged"`

	// UserName and ClientAddress say how they are told: "plain", "hash" or "drop".
	UserName      string `mapstructure:"user_name"`
	ClientAddress string `mapstructure:"client_address"`
	// HashKey is the key of "hash"; empty: a random one that lasts until the connector ends.
	HashKey configopaque.String `mapstructure:"hash_key"`
	// KeepOriginal puts the line on events of the daemon, with all that it says.
	KeepOriginal bool `mapstructure:"keep_original"`
	// UnclassifiedEvents makes events of lines that no pattern knows.
	UnclassifiedEvents bool `mapstructure:"unclassified_events"`

	// Interval is the time between two reports of metrics.
	Interval time.Duration `mapstructure:"interval"`
	// MaxSessions, MaxHosts and MaxPending bound what is followed, and what waits.
	MaxSessions int `mapstructure:"max_sessions"`
	MaxHosts    int `mapstructure:"max_hosts"`
	MaxPending  int `mapstructure:"max_pending"`
	// SessionTTL is after how long a silence a session is given up.
	SessionTTL time.Duration `mapstructure:"session_ttl"`
	// Linger is for how long after a session's end its other lines are waited for.
	Linger time.Duration `mapstructure:"linger"`

	// SessionDuration is the one metric that is not generated.
	Histograms HistogramsConfig              `mapstructure:"histograms"`
	Metrics    metadata.MetricsBuilderConfig `mapstructure:",squash"`
	Logs       metadata.LogsBuilderConfig    `mapstructure:",squash"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// HistogramsConfig switches histograms off.
type HistogramsConfig struct {
	SessionDuration HistogramConfig `mapstructure:"pptp.log.session.duration"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// HistogramConfig is one histogram.
type HistogramConfig struct {
	Enabled bool `mapstructure:"enabled"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func createDefaultConfig() component.Config {
	return &Config{
		Location:      "UTC",
		UserName:      privacy.Drop,
		ClientAddress: privacy.Hash,
		Interval:      time.Minute,
		MaxSessions:   session.DefaultMaxSessions,
		MaxHosts:      1000,
		MaxPending:    10_000,
		SessionTTL:    session.DefaultTTL,
		Linger:        session.DefaultLinger,
		Histograms:    HistogramsConfig{SessionDuration: HistogramConfig{Enabled: true}},
		Metrics:       metadata.NewDefaultMetricsBuilderConfig(),
		Logs:          metadata.DefaultLogsBuilderConfig(),
	}
}

// Validate implements [confmap.Validator]. It reports everything that is wrong, not
// just the first.
func (c *Config) Validate() error {
	var errs []error
	add := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if err := inventory.Validate(c.Gateways); err != nil {
		errs = append(errs, err)
	}
	if _, err := time.LoadLocation(c.Location); err != nil {
		add("location: %q is no time zone; use UTC, Local or a name such as Europe/Berlin", c.Location)
	}
	for _, m := range []struct{ key, value string }{{"user_name", c.UserName}, {"client_address", c.ClientAddress}} {
		if !slices.Contains(privacy.Modes, m.value) {
			add("%s: %q is unknown; %s", m.key, m.value, suggest.OneOf(m.value, privacy.Modes))
		}
	}
	for _, n := range []struct {
		key       string
		value     int
		low, high int
	}{
		{"max_sessions", c.MaxSessions, 10, 10_000_000},
		{"max_hosts", c.MaxHosts, 1, 10_000},
		{"max_pending", c.MaxPending, 1, 1_000_000},
	} {
		if n.value < n.low || n.value > n.high {
			add("%s: %d is out of range; use %d to %d", n.key, n.value, n.low, n.high)
		}
	}
	for _, d := range []struct {
		key       string
		value     time.Duration
		low, high time.Duration
	}{
		{"interval", c.Interval, time.Second, 24 * time.Hour},
		{"session_ttl", c.SessionTTL, time.Minute, 30 * 24 * time.Hour},
		{"linger", c.Linger, 100 * time.Millisecond, time.Minute},
	} {
		if d.value < d.low || d.value > d.high {
			add("%s: %s is out of range; use %s to %s", d.key, d.value, d.low, d.high)
		}
	}
	return errors.Join(errs...)
}

// parser is what the configuration says of lines.
func (c *Config) parser() (line.Config, error) {
	l := line.Config{RefuseUntagged: c.RefuseUntagged}
	var err error
	if l.Location, err = time.LoadLocation(c.Location); err != nil {
		return l, fmt.Errorf("location: %w", err)
	}
	if c.PatternsFile == "" {
		return l, nil
	}
	if l.Patterns, err = os.ReadFile(c.PatternsFile); err != nil {
		return l, fmt.Errorf("patterns_file: %w", err)
	}
	return l, nil
}
