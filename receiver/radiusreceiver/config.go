package radiusreceiver

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/radiusreceiver/internal/metadata"
)

// Config is the configuration of the receiver. The README explains every key.
type Config struct {
	// CollectionInterval is the time from one round of checks of a server to the next.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`
	// InitialDelay is the time until the first round.
	InitialDelay time.Duration `mapstructure:"initial_delay"`
	// Jitter is the share of the interval by which rounds are delayed at random, 0 to 0.5.
	Jitter float64 `mapstructure:"jitter"`
	// RejectedInterval is the least time from a rejected login to the next one, of all
	// servers that are asked with the same account.
	RejectedInterval time.Duration `mapstructure:"rejected_interval"`
	// MaxConcurrent is how many servers are checked at once.
	MaxConcurrent int `mapstructure:"max_concurrent"`
	// Vantage says where the checks are made from.
	Vantage string `mapstructure:"vantage"`
	// IncludeUsername puts the account of the check on spans and events.
	IncludeUsername bool `mapstructure:"include_username"`

	// Check holds the defaults of all servers.
	Check CheckConfig `mapstructure:",squash"`
	// Servers are what to check. After unmarshalling, their Check is complete.
	Servers []ServerConfig `mapstructure:"servers"`
	// Accounting is the listener; it is off without an endpoint.
	Accounting AccountingConfig `mapstructure:"accounting"`

	Metrics    metadata.MetricsBuilderConfig `mapstructure:",squash"`
	Logs       metadata.LogsBuilderConfig    `mapstructure:",squash"`
	Histograms HistogramsConfig              `mapstructure:"histograms"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// CheckConfig says how a server is asked. It may be given for all servers and overridden
// key by key for each.
type CheckConfig struct {
	// Secret is shared with the server.
	Secret configopaque.String `mapstructure:"secret"`
	// Methods are how to ask; empty: Status-Server, and MS-CHAPv2 if there is a user name.
	Methods  []string            `mapstructure:"methods"`
	Username string              `mapstructure:"username"`
	Password configopaque.String `mapstructure:"password"`
	// MessageAuthenticator is "always", "never" or "compare".
	MessageAuthenticator string `mapstructure:"message_authenticator"`
	// RequireMessageAuthenticator makes replies without it a failure.
	RequireMessageAuthenticator bool `mapstructure:"require_message_authenticator"`
	// RequireMPPEKeys makes an Access-Accept to MS-CHAPv2 without keys a failure.
	RequireMPPEKeys bool `mapstructure:"require_mppe_keys"`

	Timeout time.Duration `mapstructure:"timeout"`
	Retries int           `mapstructure:"retries"`
	// Slow is the time from which on an answer is slow; 0: never.
	Slow time.Duration `mapstructure:"slow"`

	NAS NASConfig `mapstructure:"nas"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// NASConfig is what the server is told of the gateway that seems to ask.
type NASConfig struct {
	Identifier       string `mapstructure:"identifier"`
	Address          string `mapstructure:"address"`
	Port             uint32 `mapstructure:"port"`
	CallingStationID string `mapstructure:"calling_station_id"`
	CalledStationID  string `mapstructure:"called_station_id"`
	TunnelAttributes bool   `mapstructure:"tunnel_attributes"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// ServerConfig is one server.
type ServerConfig struct {
	// Endpoint is host or host:port of authentication.
	Endpoint string `mapstructure:"endpoint"`
	// AccountingEndpoint is host or host:port of accounting, for status_accounting.
	AccountingEndpoint string `mapstructure:"accounting_endpoint"`
	// Name identifies the server; it defaults to the endpoint as written.
	Name string `mapstructure:"name"`
	// GatewayID is for checks on behalf of one gateway.
	GatewayID string `mapstructure:"gateway_id"`
	// CollectionInterval overrides that of the receiver; zero takes it.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`
	// Statistics reads those of FreeRADIUS; it is off without an endpoint.
	Statistics StatisticsConfig `mapstructure:"statistics"`

	Check CheckConfig `mapstructure:",squash"`

	// raw is what the user wrote, until Config.Unmarshal has applied it on top of the defaults.
	raw *confmap.Conf
}

// StatisticsConfig is a listener of FreeRADIUS for Status-Server.
type StatisticsConfig struct {
	Endpoint string              `mapstructure:"endpoint"`
	Secret   configopaque.String `mapstructure:"secret"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// HistogramsConfig switches the histograms on and off, as `metrics` does for all other metrics.
type HistogramsConfig struct {
	CheckDuration  HistogramConfig `mapstructure:"radius.check.duration"`
	CheckWait      HistogramConfig `mapstructure:"radius.check.wait.duration"`
	ServerDuration HistogramConfig `mapstructure:"radius.server.request.duration"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// HistogramConfig is the configuration of one histogram.
type HistogramConfig struct {
	Enabled bool `mapstructure:"enabled"`
}

// The default ports (RFC 2865, RFC 2866), and that of FreeRADIUS's sites-available/status.
const (
	authPort       = 1812
	acctPort       = 1813
	statisticsPort = 18121
)

func createDefaultConfig() component.Config {
	on := HistogramConfig{Enabled: true}
	return &Config{
		CollectionInterval: time.Minute,
		InitialDelay:       time.Second,
		Jitter:             0.1,
		RejectedInterval:   5 * time.Minute,
		MaxConcurrent:      16,
		Check: CheckConfig{
			MessageAuthenticator: string(radiuscheck.Always),
			RequireMPPEKeys:      true,
			Timeout:              3 * time.Second,
			Retries:              2,
			Slow:                 time.Second,
			NAS:                  NASConfig{Identifier: "otelcol-pptp"},
		},
		Accounting: defaultAccounting(),
		Metrics:    metadata.NewDefaultMetricsBuilderConfig(),
		Logs:       metadata.DefaultLogsBuilderConfig(),
		Histograms: HistogramsConfig{CheckDuration: on, CheckWait: on, ServerDuration: on},
	}
}

// Unmarshal implements [confmap.Unmarshaler]. It completes every server with the
// defaults given for all.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(c); err != nil {
		return err
	}
	for i := range c.Servers {
		if err := c.Servers[i].complete(c.Check); err != nil {
			return err
		}
	}
	return nil
}

// Unmarshal implements [confmap.Unmarshaler]. The receiver's defaults are not known
// here, so this only finds unknown keys, and keeps what was written.
func (s *ServerConfig) Unmarshal(conf *confmap.Conf) error {
	s.raw = conf
	return conf.Unmarshal(s)
}

// complete applies what the user wrote for the server on top of defaults.
func (s *ServerConfig) complete(defaults CheckConfig) error {
	raw := s.raw
	if raw == nil { // a null in the list
		raw = confmap.New()
	}
	defaults.Methods = slices.Clone(defaults.Methods)
	*s = ServerConfig{Check: defaults}
	if err := raw.Unmarshal(s); err != nil {
		return err
	}
	s.raw = nil
	if len(s.Check.Methods) == 0 && s.Statistics.Endpoint == "" {
		s.Check.Methods = s.methods()
	}
	return nil
}

// methods are the default ones.
func (s *ServerConfig) methods() []string {
	list := []string{string(radiuscheck.Status)}
	if s.AccountingEndpoint != "" {
		list = append(list, string(radiuscheck.StatusAccounting))
	}
	if s.Check.Username != "" {
		list = append(list, string(radiuscheck.MSCHAPv2))
	}
	return list
}

// displayName is the name, or else the endpoint as written.
func (s *ServerConfig) displayName() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Endpoint
}

// interval is the time from one round to the next.
func (s *ServerConfig) interval(c *Config) time.Duration {
	if s.CollectionInterval != 0 {
		return s.CollectionInterval
	}
	return c.CollectionInterval
}

// checker is what the domain takes.
func (s *ServerConfig) checker() radiuscheck.Config {
	c := &s.Check
	out := radiuscheck.Config{
		Secret: string(c.Secret), Username: c.Username, Password: string(c.Password),
		Signing: radiuscheck.Signing(c.MessageAuthenticator), RequireSigned: c.RequireMessageAuthenticator, RequireKeys: c.RequireMPPEKeys,
		Timeout: c.Timeout, Retries: c.Retries, Slow: c.Slow,
		NAS: radiuscheck.NAS{
			Identifier: c.NAS.Identifier, Port: c.NAS.Port, CallingStationID: c.NAS.CallingStationID,
			CalledStationID: c.NAS.CalledStationID, Tunnel: c.NAS.TunnelAttributes,
		},
	}
	out.NAS.Address, _ = netip.ParseAddr(c.NAS.Address) // Validate has looked
	for _, m := range c.Methods {
		out.Methods = append(out.Methods, radiuscheck.Method(m))
	}
	out.Host, out.Port, _ = splitEndpoint(s.Endpoint, authPort)
	if s.AccountingEndpoint != "" {
		out.AccountingHost, out.AccountingPort, _ = splitEndpoint(s.AccountingEndpoint, acctPort)
	}
	if s.Statistics.Endpoint != "" {
		out.StatusHost, out.StatusPort, _ = splitEndpoint(s.Statistics.Endpoint, statisticsPort)
		out.StatusSecret = string(s.Statistics.Secret)
		if out.StatusSecret == "" {
			out.StatusSecret = out.Secret
		}
	}
	return out
}

// splitEndpoint divides host and port, with the default for the port. An IPv6 address
// with a port is in brackets.
func splitEndpoint(endpoint string, port uint16) (string, uint16, error) {
	if a, err := netip.ParseAddr(endpoint); err == nil {
		return a.String(), port, nil
	}
	host, p, err := net.SplitHostPort(endpoint)
	if err != nil {
		if host, _, err2 := net.SplitHostPort(endpoint + ":0"); err2 == nil {
			return host, port, nil
		}
		return "", 0, err
	}
	n, err := strconv.ParseUint(p, 10, 16)
	return host, uint16(n), err
}
