package greflowreceiver

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/netflow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/sflow"
)

// LimitsConfig bounds every table. What exceeds it is evicted or refused, and counted.
type LimitsConfig struct {
	// Exporters that are known at once.
	Exporters int `mapstructure:"exporters"`
	// Templates of one exporter and observation domain.
	Templates int `mapstructure:"templates"`
	// TemplateFields of one template.
	TemplateFields int `mapstructure:"template_fields"`
	// TemplateAge is how long a template is kept that is neither sent again nor used.
	TemplateAge time.Duration `mapstructure:"template_age"`
	// TemplateMemory is what all templates and pending data may take, in bytes.
	TemplateMemory int64 `mapstructure:"template_memory"`
	// PendingBytes is what may wait for its template, of one exporter.
	PendingBytes int `mapstructure:"pending_bytes"`
	// PendingAge is how long it may wait.
	PendingAge time.Duration `mapstructure:"pending_age"`
	// SFlowSources are the data sources of all sFlow agents.
	SFlowSources int `mapstructure:"sflow_sources"`
	// Gateways that are learned.
	Gateways int `mapstructure:"gateways"`
	// Pairs of a client and a gateway.
	Pairs int `mapstructure:"pairs"`
	// Candidates are pairs that wait to be taken for a client and a gateway.
	Candidates int `mapstructure:"candidates"`
	// Events that wait for the logs pipeline.
	Events int `mapstructure:"events"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func defaultLimits() LimitsConfig {
	return LimitsConfig{
		Exporters:      4096,
		Templates:      1024,
		TemplateFields: 256,
		TemplateAge:    24 * time.Hour,
		TemplateMemory: 64 << 20,
		PendingBytes:   64 << 10,
		PendingAge:     30 * time.Minute,
		SFlowSources:   128 << 10,
		Gateways:       4096,
		Pairs:          100_000,
		Candidates:     8192,
		Events:         10_000,
	}
}

// DetectionConfig says how the state of a pair is judged.
type DetectionConfig struct {
	// ActiveTimeout and IdleTimeout are those of exporters that neither tell theirs
	// nor show it by their records.
	ActiveTimeout time.Duration `mapstructure:"active_timeout"`
	IdleTimeout   time.Duration `mapstructure:"idle_timeout"`
	// ExportLag is how long a record may take to get here.
	ExportLag time.Duration `mapstructure:"export_lag"`
	// MinWindow is the shortest window within which GRE counts as going on.
	MinWindow time.Duration `mapstructure:"min_window"`
	// ControlWindow is how long a control connection counts as alive after its last packet.
	ControlWindow time.Duration `mapstructure:"control_window"`
	// SetupGrace is how long a new control connection has until GRE is missed.
	SetupGrace time.Duration `mapstructure:"setup_grace"`
	// OrphanAfter is how long GRE may outlive its control connection.
	OrphanAfter time.Duration `mapstructure:"orphan_after"`
	// EchoInterval is the longest pause that an idle tunnel is expected to make.
	EchoInterval time.Duration `mapstructure:"echo_interval"`
	// Visibility is how long something seen proves that what goes this way is exported.
	Visibility time.Duration `mapstructure:"visibility"`
	// FalseAlarm is the chance of a false alarm for a pair and window.
	FalseAlarm float64 `mapstructure:"false_alarm"`
	// Passes is in how many evaluations in a row a blackhole must be found.
	Passes int `mapstructure:"passes"`
	// EvaluationInterval is how often each pair is evaluated.
	EvaluationInterval time.Duration `mapstructure:"evaluation_interval"`
	// GatewayShare of the judged pairs, and GatewayPairs at least, must be blackholed
	// for the gateway to be.
	GatewayShare float64 `mapstructure:"gateway_share"`
	GatewayPairs int     `mapstructure:"gateway_pairs"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func defaultDetection() DetectionConfig {
	return DetectionConfig{
		ActiveTimeout:      30 * time.Minute,
		IdleTimeout:        15 * time.Second,
		ExportLag:          5 * time.Second,
		MinWindow:          2 * time.Minute,
		ControlWindow:      150 * time.Second,
		SetupGrace:         30 * time.Second,
		OrphanAfter:        3 * time.Minute,
		EchoInterval:       20 * time.Second,
		Visibility:         24 * time.Hour,
		FalseAlarm:         3.5e-7,
		Passes:             2,
		EvaluationInterval: 5 * time.Second,
		GatewayShare:       0.5,
		GatewayPairs:       2,
	}
}

// netflow and sflow are what the decoders take, detect what the detector does.
func (l *LimitsConfig) netflow() netflow.Config {
	return netflow.Config{
		MaxExporters: l.Exporters, MaxTemplates: l.Templates, MaxFields: l.TemplateFields, MaxBytes: l.TemplateMemory,
		TemplateTTL: l.TemplateAge, PendingBytes: l.PendingBytes, PendingAge: l.PendingAge,
	}
}

func (l *LimitsConfig) sflow() sflow.Config {
	return sflow.Config{MaxExporters: l.Exporters, MaxSources: l.SFlowSources, TTL: l.TemplateAge}
}

func (d *DetectionConfig) detect(l *LimitsConfig) detect.Config {
	return detect.Config{
		MaxPairs: l.Pairs, MaxExporters: l.Exporters, MaxGateways: l.Gateways, MaxPending: l.Candidates,
		Active: d.ActiveTimeout, Idle: d.IdleTimeout, Lag: d.ExportLag, MinWindow: d.MinWindow, ControlWindow: d.ControlWindow,
		Grace: d.SetupGrace, OrphanAfter: d.OrphanAfter, EchoInterval: d.EchoInterval, Visibility: d.Visibility,
		FalseAlarm: d.FalseAlarm, Passes: d.Passes, EvalInterval: d.EvaluationInterval,
		GatewayShare: d.GatewayShare, GatewayPairs: d.GatewayPairs,
	}
}
