package radiusreceiver

import (
	"net/netip"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/accounting"
)

// AccountingConfig is the listener for accounting.
type AccountingConfig struct {
	// Endpoint is host:port to listen on; empty: the listener is off.
	Endpoint string `mapstructure:"endpoint"`
	// Clients are who may send.
	Clients []ClientConfig `mapstructure:"clients"`
	// Respond answers; false is for the target of a tee.
	Respond bool `mapstructure:"respond"`
	// ReceiveBuffer of the socket in bytes; 0: that of the system.
	ReceiveBuffer int `mapstructure:"receive_buffer"`
	// Server is the name of the server that this stands for, if it is for one.
	Server string `mapstructure:"server"`

	// UserName and ClientAddress are "plain", "hash" or "drop".
	UserName      string `mapstructure:"user_name"`
	ClientAddress string `mapstructure:"client_address"`
	// HashKey is the key of hashes; empty: a random one.
	HashKey configopaque.String `mapstructure:"hash_key"`
	// MaxEvents bounds the events of a second.
	MaxEvents int `mapstructure:"max_events"`

	MaxSessions     int           `mapstructure:"max_sessions"`
	MaxNAS          int           `mapstructure:"max_nas"`
	SessionTTL      time.Duration `mapstructure:"session_ttl"`
	DuplicateWindow time.Duration `mapstructure:"duplicate_window"`
	InterimInterval time.Duration `mapstructure:"interim_interval"`

	// Thresholds say from where on something is odd.
	Thresholds AccountingThresholdsConfig `mapstructure:"thresholds"`
	// Noisy says who is too much for the others; all limits are off by default.
	Noisy NoisyConfig `mapstructure:"noisy"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// ClientConfig is who may send accounting.
type ClientConfig struct {
	CIDR   string              `mapstructure:"cidr"`
	Secret configopaque.String `mapstructure:"secret"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// AccountingThresholdsConfig are those of the anomalies. Minus one switches one off.
type AccountingThresholdsConfig struct {
	Window        time.Duration `mapstructure:"window"`
	MinStops      int           `mapstructure:"min_stops"`
	EmptyShare    float64       `mapstructure:"empty_share"`
	CauseDistance float64       `mapstructure:"cause_distance"`
	InterimGap    float64       `mapstructure:"interim_gap"`
	MassStopShare float64       `mapstructure:"mass_stop_share"`
	MassStopMin   int           `mapstructure:"mass_stop_min"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// NoisyConfig are limits per user and per subnet; zero switches one off.
type NoisyConfig struct {
	Window       time.Duration `mapstructure:"window"`
	UserShare    float64       `mapstructure:"user_share"`
	SubnetShare  float64       `mapstructure:"subnet_share"`
	UserStarts   int           `mapstructure:"user_starts"`
	SubnetStarts int           `mapstructure:"subnet_starts"`
	SubnetBits   int           `mapstructure:"subnet_bits"`
	MinBytes     uint64        `mapstructure:"min_bytes"`
	UserQuota    uint64        `mapstructure:"user_quota"`
	QuotaWindow  time.Duration `mapstructure:"quota_window"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func defaultAccounting() AccountingConfig {
	return AccountingConfig{
		Respond: true, UserName: privacy.Hash, ClientAddress: privacy.Hash, MaxEvents: 100,
		MaxSessions: 100_000, MaxNAS: 1024, SessionTTL: 24 * time.Hour, DuplicateWindow: 5 * time.Minute,
		Thresholds: AccountingThresholdsConfig{
			Window: 5 * time.Minute, MinStops: 20, EmptyShare: 0.3, CauseDistance: 0.5, InterimGap: 2.5, MassStopShare: 0.3, MassStopMin: 5,
		},
		Noisy: NoisyConfig{Window: 15 * time.Minute, SubnetBits: 24, MinBytes: 100 << 20, QuotaWindow: 24 * time.Hour},
	}
}

// tracker is what the domain takes.
func (c *AccountingConfig) tracker() accounting.Config {
	t, n := &c.Thresholds, &c.Noisy
	return accounting.Config{
		MaxSessions: c.MaxSessions, MaxNAS: c.MaxNAS, SessionTTL: c.SessionTTL, DuplicateWindow: c.DuplicateWindow, InterimInterval: c.InterimInterval,
		Window: t.Window, MinStops: t.MinStops, EmptyShare: t.EmptyShare, CauseDistance: t.CauseDistance, InterimGap: t.InterimGap,
		MassStopShare: t.MassStopShare, MassStopMin: t.MassStopMin,
		Noisy: accounting.NoisyConfig{
			Window: n.Window, UserShare: n.UserShare, SubnetShare: n.SubnetShare, UserStarts: n.UserStarts, SubnetStarts: n.SubnetStarts,
			SubnetBits: n.SubnetBits, MinBytes: n.MinBytes, UserQuota: n.UserQuota, QuotaWindow: n.QuotaWindow,
		},
	}
}

// listener is what the domain takes.
func (c *AccountingConfig) listener() accounting.ServerConfig {
	out := accounting.ServerConfig{Address: c.Endpoint, Silent: !c.Respond, ReceiveBuffer: c.ReceiveBuffer}
	for i := range c.Clients {
		p, _ := c.Clients[i].prefix() // Validate has looked
		out.Clients = append(out.Clients, accounting.Client{Prefix: p, Secret: []byte(c.Clients[i].Secret)})
	}
	return out
}

// prefix reads a prefix or an address.
func (c *ClientConfig) prefix() (netip.Prefix, error) {
	if a, err := netip.ParseAddr(c.CIDR); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(c.CIDR)
}
