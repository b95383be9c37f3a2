package pptpprobereceiver

import (
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
)

// Config is the configuration of the receiver. The README explains every key.
type Config struct {
	// CollectionInterval is the time from one session of a target to the next.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`
	// InitialDelay is the time until the first session.
	InitialDelay time.Duration `mapstructure:"initial_delay"`
	// Jitter is the share of the interval by which starts are moved at random, 0 to 0.5.
	Jitter float64 `mapstructure:"jitter"`
	// RejectedInterval is the least time from a session whose credentials the
	// gateway refused to the next one; zero: the collection interval is enough.
	RejectedInterval time.Duration `mapstructure:"rejected_interval"`
	// MaxConcurrent is how many sessions run at once.
	MaxConcurrent int `mapstructure:"max_concurrent"`
	// Vantage says where the probe looks from.
	Vantage string `mapstructure:"vantage"`
	// Vantages are addresses of this host to look from, each on its own; empty: one
	// that the system chooses, or local_address.
	Vantages []VantageConfig `mapstructure:"vantages"`
	// IncludeUsername puts the user name on spans and events.
	IncludeUsername bool `mapstructure:"include_username"`
	// Capture keeps the packets of failed sessions.
	Capture CaptureConfig `mapstructure:"capture"`

	// Session holds the defaults of all targets.
	Session SessionConfig `mapstructure:",squash"`
	// Targets are the gateways. After unmarshalling, their Session is complete:
	// the defaults, overridden by what the target itself says.
	Targets []TargetConfig `mapstructure:"targets"`

	Metrics    metadata.MetricsBuilderConfig `mapstructure:",squash"`
	Logs       metadata.LogsBuilderConfig    `mapstructure:",squash"`
	Histograms HistogramsConfig              `mapstructure:"histograms"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// SessionConfig says how a session is run. It may be given for all targets and
// overridden key by key for each.
type SessionConfig struct {
	// Addresses is "first" or "all": which addresses of a host name to probe.
	Addresses string `mapstructure:"addresses"`
	// Depth is how far sessions go; empty is "network" with a user name, "gre" without.
	Depth string `mapstructure:"depth"`
	// Timeout bounds a session without its teardown.
	Timeout time.Duration `mapstructure:"timeout"`

	Username string              `mapstructure:"username"`
	Password configopaque.String `mapstructure:"password"`
	// Auth are the authentication protocols that are accepted.
	Auth []string `mapstructure:"auth"`
	// MPPE says what is demanded of encryption.
	MPPE MPPEConfig `mapstructure:"mppe"`

	// MRU is what the gateway is asked to keep its packets below.
	MRU uint16 `mapstructure:"mru"`
	// LocalAddress is the IPv4 address to probe from; empty leaves it to the system.
	LocalAddress string `mapstructure:"local_address"`
	// RequestAddress is the address to ask for inside the tunnel; empty takes what is assigned.
	RequestAddress string `mapstructure:"request_address"`
	// SetLinkInfo sends one Set-Link-Info after the call is connected.
	SetLinkInfo bool `mapstructure:"set_link_info"`
	// HostName and Vendor are what the gateway is told of the client.
	HostName string `mapstructure:"host_name"`
	Vendor   string `mapstructure:"vendor"`

	Budgets    BudgetsConfig    `mapstructure:"budgets"`
	Thresholds ThresholdsConfig `mapstructure:"thresholds"`
	Hold       HoldConfig       `mapstructure:"hold"`

	// Checks run at depth "application". Those given for all targets apply to the targets of that depth.
	Checks []CheckConfig `mapstructure:"checks"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// MPPEConfig says what a session demands of encryption.
type MPPEConfig struct {
	// Mode is "require", "prefer" or "refuse".
	Mode string `mapstructure:"mode"`
	// Strengths are the accepted key lengths in bit.
	Strengths []int `mapstructure:"strengths"`
	// Stateful accepts stateful encryption if the gateway insists.
	Stateful bool `mapstructure:"stateful"`
}

// BudgetsConfig bounds single stages of a session.
type BudgetsConfig struct {
	DNS      time.Duration `mapstructure:"dns"`
	TCP      time.Duration `mapstructure:"tcp"`
	Control  time.Duration `mapstructure:"control"`
	Call     time.Duration `mapstructure:"call"`
	GRE      time.Duration `mapstructure:"gre"`
	LCP      time.Duration `mapstructure:"lcp"`
	Auth     time.Duration `mapstructure:"auth"`
	CCP      time.Duration `mapstructure:"ccp"`
	IPCP     time.Duration `mapstructure:"ipcp"`
	Teardown time.Duration `mapstructure:"teardown"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// ThresholdsConfig says from where on a success is degraded. Zero disables.
type ThresholdsConfig struct {
	TCPConnect time.Duration `mapstructure:"tcp_connect"`
	Auth       time.Duration `mapstructure:"auth"`
	GRELoss    float64       `mapstructure:"gre_loss"`
}

// CheckConfig is one test of the traffic through the tunnel. Which keys count
// depends on the type.
type CheckConfig struct {
	// Type is one of pptpprobe.CheckKinds.
	Type string `mapstructure:"type"`
	// Name identifies the check; it defaults to type and destination.
	Name    string        `mapstructure:"name"`
	Timeout time.Duration `mapstructure:"timeout"`

	// Address is for "icmp" and "mtu".
	Address string `mapstructure:"address"`
	// Count and Interval are for "icmp" and "echo", the others for "icmp".
	Count     int           `mapstructure:"count"`
	Interval  time.Duration `mapstructure:"interval"`
	Size      int           `mapstructure:"size"`
	MaxLoss   float64       `mapstructure:"max_loss"`
	MaxJitter time.Duration `mapstructure:"max_jitter"`

	// Endpoint is for "tcp".
	Endpoint string `mapstructure:"endpoint"`

	// URL and InsecureSkipVerify are for "http" and "throughput", the others for "http".
	URL                string `mapstructure:"url"`
	InsecureSkipVerify bool   `mapstructure:"insecure_skip_verify"`
	Status             int    `mapstructure:"status"`
	BodyPattern        string `mapstructure:"body_pattern"`

	// Query, QueryType and Server are for "dns".
	Query     string `mapstructure:"query"`
	QueryType string `mapstructure:"query_type"`
	Server    string `mapstructure:"server"`

	// Direction, MaxBytes and MinRate are for "throughput".
	Direction string  `mapstructure:"direction"`
	MaxBytes  int64   `mapstructure:"max_bytes"`
	MinRate   float64 `mapstructure:"min_rate"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// TargetConfig is one gateway.
type TargetConfig struct {
	// Endpoint is host or host:port.
	Endpoint string `mapstructure:"endpoint"`
	// Name identifies the target; it defaults to the endpoint as written.
	Name string `mapstructure:"name"`
	// GatewayID identifies the gateway in all components; it defaults to the name, or else the host.
	GatewayID string `mapstructure:"gateway_id"`
	// CollectionInterval overrides that of the receiver; zero takes it.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`

	Session SessionConfig `mapstructure:",squash"`

	// raw is what the user wrote, until Config.Unmarshal has applied it on top
	// of the defaults.
	raw *confmap.Conf
}

// HistogramsConfig switches the histograms on and off, as `metrics` does for
// all other metrics.
type HistogramsConfig struct {
	AuthDuration       HistogramConfig `mapstructure:"pptp.auth.duration"`
	ConnectDuration    HistogramConfig `mapstructure:"pptp.connect.duration"`
	ControlEchoRTT     HistogramConfig `mapstructure:"pptp.control.echo.rtt"`
	GREAckRTT          HistogramConfig `mapstructure:"pptp.gre.ack.rtt"`
	LCPEchoRTT         HistogramConfig `mapstructure:"pptp.lcp.echo.rtt"`
	ProbeDuration      HistogramConfig `mapstructure:"pptp.probe.duration"`
	StageDuration      HistogramConfig `mapstructure:"pptp.probe.stage.duration"`
	TunnelDNSDuration  HistogramConfig `mapstructure:"pptp.tunnel.dns.lookup.duration"`
	TunnelHTTPDuration HistogramConfig `mapstructure:"pptp.tunnel.http.duration"`
	TunnelICMPRTT      HistogramConfig `mapstructure:"pptp.tunnel.icmp.rtt"`
	TunnelTCPDuration  HistogramConfig `mapstructure:"pptp.tunnel.tcp.connect.duration"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// HistogramConfig is the configuration of one histogram.
type HistogramConfig struct {
	Enabled bool `mapstructure:"enabled"`
}

// VantageConfig is an address of this host to look from.
type VantageConfig struct {
	// Name becomes pptp.vantage.
	Name string `mapstructure:"name"`
	// LocalAddress is an IPv4 address of this host.
	LocalAddress string `mapstructure:"local_address"`
}

// CaptureConfig says where the packets of failed sessions go.
type CaptureConfig struct {
	// Directory takes the files; empty: there are none.
	Directory string `mapstructure:"directory"`
	// MaxFiles and MaxBytes bound the files, of which the oldest are removed first.
	MaxFiles int   `mapstructure:"max_files"`
	MaxBytes int64 `mapstructure:"max_bytes"`
	// SessionBytes bounds the memory that the packets of a running session take.
	SessionBytes int `mapstructure:"session_bytes"`
	// IncludeSecrets leaves passwords, challenges and responses in the files.
	IncludeSecrets bool `mapstructure:"include_secrets"`
}

// options are what the probe takes; nil: there is nothing to capture.
func (c *CaptureConfig) options() *pptpprobe.CaptureOptions {
	if c.Directory == "" {
		return nil
	}
	return &pptpprobe.CaptureOptions{
		Dir: c.Directory, MaxFiles: c.MaxFiles, MaxBytes: c.MaxBytes, PerSession: c.SessionBytes, Secrets: c.IncludeSecrets,
	}
}

// The values of addresses.
const (
	firstAddress = "first"
	allAddresses = "all"
)

// The names of encryption modes in the configuration.
const (
	mppeRequire = "require"
	mppePrefer  = "prefer"
	mppeRefuse  = "refuse"
)

const defaultPort = 1723

func createDefaultConfig() component.Config {
	on := HistogramConfig{Enabled: true}
	return &Config{
		CollectionInterval: time.Minute,
		InitialDelay:       time.Second,
		Jitter:             0.1,
		RejectedInterval:   5 * time.Minute,
		MaxConcurrent:      64,
		Capture:            CaptureConfig{MaxFiles: 100, MaxBytes: 64 << 20, SessionBytes: 256 << 10},
		Session: SessionConfig{
			Addresses:   firstAddress,
			Timeout:     30 * time.Second,
			Auth:        []string{"mschap_v2"},
			MPPE:        MPPEConfig{Mode: mppePrefer, Strengths: []int{128}},
			MRU:         1400,
			SetLinkInfo: true,
			Budgets: BudgetsConfig{
				DNS: 5 * time.Second, TCP: 5 * time.Second, Control: 12 * time.Second, Call: 10 * time.Second,
				GRE: 10 * time.Second, LCP: 15 * time.Second, Auth: 15 * time.Second, CCP: 10 * time.Second,
				IPCP: 10 * time.Second, Teardown: 4 * time.Second,
			},
			Thresholds: ThresholdsConfig{TCPConnect: time.Second, Auth: 5 * time.Second, GRELoss: 0.1},
			Hold:       defaultHold(),
		},
		Metrics: metadata.NewDefaultMetricsBuilderConfig(),
		Logs:    metadata.DefaultLogsBuilderConfig(),
		Histograms: HistogramsConfig{
			AuthDuration: on, ConnectDuration: on, ControlEchoRTT: on, GREAckRTT: on, LCPEchoRTT: on,
			ProbeDuration: on, StageDuration: on, TunnelDNSDuration: on, TunnelHTTPDuration: on, TunnelICMPRTT: on, TunnelTCPDuration: on,
		},
	}
}

// Unmarshal implements [confmap.Unmarshaler]. It completes every target with the
// defaults given for all.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(c); err != nil {
		return err
	}
	for i := range c.Targets {
		if err := c.Targets[i].complete(c.Session); err != nil {
			return err
		}
	}
	return nil
}

// Unmarshal implements [confmap.Unmarshaler]. The receiver's defaults are not
// known here, so this only finds unknown keys, and keeps what was written.
func (t *TargetConfig) Unmarshal(conf *confmap.Conf) error {
	t.raw = conf
	return conf.Unmarshal(t)
}

// complete applies what the user wrote for the target on top of defaults.
func (t *TargetConfig) complete(defaults SessionConfig) error {
	raw := t.raw
	if raw == nil { // a null in the list of targets
		raw = confmap.New()
	}
	*t = TargetConfig{Session: defaults.clone()}
	if err := raw.Unmarshal(t); err != nil {
		return err
	}
	t.raw = nil
	if t.Session.Depth == "" {
		t.Session.Depth = pptpprobe.DepthGRE.String()
		if t.Session.Username != "" {
			t.Session.Depth = pptpprobe.DepthNetwork.String()
		}
	}
	// Checks meant for all targets go to those that have traffic at all.
	if !raw.IsSet("checks") && t.Session.Depth != pptpprobe.DepthApplication.String() {
		t.Session.Checks = nil
	}
	return nil
}

// clone returns a copy that shares no memory with s.
func (s SessionConfig) clone() SessionConfig {
	s.Auth = slices.Clone(s.Auth)
	s.MPPE.Strengths = slices.Clone(s.MPPE.Strengths)
	s.Checks = slices.Clone(s.Checks)
	return s
}

// displayName is the name, or else the endpoint as written.
func (t *TargetConfig) displayName() string {
	if t.Name != "" {
		return t.Name
	}
	return t.Endpoint
}

// gatewayID is the gateway id, or else the name, or else the host.
func (t *TargetConfig) gatewayID(host string) string {
	switch {
	case t.GatewayID != "":
		return t.GatewayID
	case t.Name != "":
		return t.Name
	}
	return host
}

// interval is the time from one session of the target to the next.
func (t *TargetConfig) interval(c *Config) time.Duration {
	if t.CollectionInterval != 0 {
		return t.CollectionInterval
	}
	return c.CollectionInterval
}

// longest is the longest that a session with these settings can take.
func (s *SessionConfig) longest() time.Duration { return s.Timeout + s.Budgets.Teardown }
