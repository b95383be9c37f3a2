package pptpcorrelationprocessor

import (
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-pptp/otelcol-pptp/internal/inventory"
	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/evidence"
	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/internal/metadata"
)

// Config is the configuration of the processor. The README explains every key.
type Config struct {
	// Interval is the time from one evaluation to the next.
	Interval time.Duration `mapstructure:"interval"`
	// MetricsInterval is the time from one report of the verdicts of all gateways to the next. What
	// changed is reported at once.
	MetricsInterval time.Duration `mapstructure:"metrics_interval"`

	// Gateways are those that are known.
	Gateways []inventory.Gateway `mapstructure:"gateways"`
	// Learn takes evidence about other gateways, too.
	Learn bool `mapstructure:"learn"`

	// ExpectAll makes it a gap that nothing ever came about a gateway that is listed. If not, it is
	// as if it were not there.
	ExpectAll bool `mapstructure:"expect_all"`

	// Evidence adds to the table of what is evidence.
	Evidence []evidence.Rule `mapstructure:"evidence"`
	// DisableEvidence names signals, metrics or events whose lines of the table do not count.
	DisableEvidence []string `mapstructure:"disable_evidence"`
	// Regular are signals whose silence says something.
	Regular []evidence.Regular `mapstructure:"regular"`
	// CountWindow is the time over which sessions of clients are counted.
	CountWindow time.Duration `mapstructure:"count_window"`

	// Codebook changes what evidence means.
	Codebook CodebookConfig `mapstructure:"codebook"`
	// Verdict says how sure is sure enough.
	Verdict VerdictConfig `mapstructure:"verdict"`
	// Maintenance is when nothing is to be told.
	Maintenance MaintenanceConfig `mapstructure:"maintenance"`

	// Annotate adds the verdict to what passes.
	Annotate AnnotateConfig `mapstructure:"annotate"`

	// Storage is the extension that keeps incidents over a restart; nil: none.
	Storage *component.ID `mapstructure:"storage"`
	// SaveInterval is the time from one saving to the next, besides those at each event.
	SaveInterval time.Duration `mapstructure:"save_interval"`

	Limits LimitsConfig `mapstructure:"limits"`

	Metrics metadata.MetricsBuilderConfig `mapstructure:",squash"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// CodebookConfig extends the codebook.
type CodebookConfig struct {
	// Files are read in their order.
	Files []string `mapstructure:"files"`
	// Text is YAML, read after the files.
	Text string `mapstructure:"text"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// VerdictConfig says how sure is sure enough.
type VerdictConfig struct {
	Quorum        float64       `mapstructure:"quorum"`
	Rounds        int           `mapstructure:"rounds"`
	VantageShare  float64       `mapstructure:"vantage_share"`
	DegradedAfter int           `mapstructure:"degraded_after"`
	DownAfter     int           `mapstructure:"down_after"`
	HealthyAfter  int           `mapstructure:"healthy_after"`
	MinHold       time.Duration `mapstructure:"min_hold"`
	Settle        time.Duration `mapstructure:"settle"`
	MaxAhead      time.Duration `mapstructure:"max_ahead"`
	Forget        time.Duration `mapstructure:"forget"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// MaintenanceConfig is when nothing is to be told.
type MaintenanceConfig struct {
	Windows []WindowConfig `mapstructure:"windows"`
	// File holds windows, too; it is read again when it changes.
	File string `mapstructure:"file"`
	// Grace is how long a gateway may take to recover after a window.
	Grace time.Duration `mapstructure:"grace"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// AnnotateConfig adds the verdict to what passes.
type AnnotateConfig struct {
	Enabled bool `mapstructure:"enabled"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// LimitsConfig bounds what is kept.
type LimitsConfig struct {
	MaxGateways int `mapstructure:"max_gateways"`
	MaxItems    int `mapstructure:"max_items"`
	MaxVantages int `mapstructure:"max_vantages"`
	MaxSeries   int `mapstructure:"max_series"`
	MaxSessions int `mapstructure:"max_sessions"`
	MaxPending  int `mapstructure:"max_pending"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func createDefaultConfig() component.Config {
	return &Config{
		Interval:        10 * time.Second,
		MetricsInterval: 30 * time.Second,
		ExpectAll:       true,
		CountWindow:     5 * time.Minute,
		Verdict: VerdictConfig{
			Quorum: 0.5, Rounds: 2, VantageShare: 0.8, DegradedAfter: 2, DownAfter: 3, HealthyAfter: 3,
			MinHold: 2 * time.Minute, Settle: 90 * time.Second, MaxAhead: 10 * time.Second, Forget: 24 * time.Hour,
		},
		Maintenance:  MaintenanceConfig{Grace: 5 * time.Minute},
		SaveInterval: time.Minute,
		Limits: LimitsConfig{
			MaxGateways: 10_000, MaxItems: 192, MaxVantages: 1024, MaxSeries: 100_000, MaxSessions: 50_000, MaxPending: 10_000,
		},
		Metrics: metadata.NewDefaultMetricsBuilderConfig(),
	}
}
