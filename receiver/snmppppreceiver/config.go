package snmppppreceiver

import (
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
)

// Config is the configuration of the receiver. The README explains every key.
type Config struct {
	// CollectionInterval is the time from one poll of an agent to the next.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`
	// InitialDelay is the time until the first poll.
	InitialDelay time.Duration `mapstructure:"initial_delay"`
	// Jitter is the share of the interval by which polls are delayed at random, 0 to 0.5.
	Jitter float64 `mapstructure:"jitter"`
	// MaxConcurrent is how many agents are polled at once.
	MaxConcurrent int `mapstructure:"max_concurrent"`
	// Vantage says where the agents are polled from.
	Vantage string `mapstructure:"vantage"`

	// UserName is how the names of users are told: "plain", "hash" or "drop".
	UserName string `mapstructure:"user_name"`
	// ClientAddress is how the addresses of clients are told: "plain", "hash" or "drop".
	ClientAddress string `mapstructure:"client_address"`
	// HashKey is the key of "hash"; empty: a random one that lasts until the receiver ends.
	HashKey configopaque.String `mapstructure:"hash_key"`
	// MaxEvents bounds the events of one poll of an agent.
	MaxEvents int `mapstructure:"max_events"`
	// SessionMetrics says which sessions have series of their own.
	SessionMetrics SessionMetricsConfig `mapstructure:"session_metrics"`

	// Profiles are added to the built-in ones, or replace those of the same name.
	Profiles []map[string]any `mapstructure:"profiles"`

	// Poll holds the defaults of all agents.
	Poll PollConfig `mapstructure:",squash"`
	// Agents are what to poll. After unmarshalling, their Poll is complete: the
	// defaults, overridden by what the agent itself says.
	Agents []AgentConfig `mapstructure:"agents"`

	Metrics metadata.MetricsBuilderConfig `mapstructure:",squash"`
	Logs    metadata.LogsBuilderConfig    `mapstructure:",squash"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// PollConfig says how an agent is polled. It may be given for all agents and
// overridden key by key for each.
type PollConfig struct {
	// Version is v1, v2c or v3; empty: v3 with a user, else v2c.
	Version   string              `mapstructure:"version"`
	Community configopaque.String `mapstructure:"community"`
	// User is the security name of v3.
	User           string              `mapstructure:"user"`
	AuthProtocol   string              `mapstructure:"auth_protocol"`
	AuthPassphrase configopaque.String `mapstructure:"auth_passphrase"`
	PrivProtocol   string              `mapstructure:"priv_protocol"`
	PrivPassphrase configopaque.String `mapstructure:"priv_passphrase"`
	// Context is the contextName of v3, EngineID its contextEngineID.
	Context  string `mapstructure:"context"`
	EngineID string `mapstructure:"engine_id"`

	// Transport is udp or tcp.
	Transport string `mapstructure:"transport"`
	// Timeout is how long to wait for one answer.
	Timeout time.Duration `mapstructure:"timeout"`
	// Retries is how often a request is sent again.
	Retries int `mapstructure:"retries"`
	// Budget bounds one poll; zero: 45 s, or the interval if that is shorter.
	Budget time.Duration `mapstructure:"budget"`
	// Pause is the time between two requests.
	Pause time.Duration `mapstructure:"pause"`
	// MaxRows bounds the rows of one table.
	MaxRows int `mapstructure:"max_rows"`
	// Reprobe is after how many polls to look again for tables that were not there.
	Reprobe int `mapstructure:"reprobe"`
	// Costly reads tables that are a burden for the gateway.
	Costly bool `mapstructure:"costly"`

	// AssumePPTP takes PPP interfaces that may be anything for PPTP sessions.
	AssumePPTP bool `mapstructure:"assume_pptp"`
	// Include and Exclude are regular expressions on names of interfaces.
	Include []string `mapstructure:"include"`
	Exclude []string `mapstructure:"exclude"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// AgentConfig is one agent.
type AgentConfig struct {
	// Endpoint is host or host:port.
	Endpoint string `mapstructure:"endpoint"`
	// Name identifies the agent; it defaults to the endpoint as written.
	Name string `mapstructure:"name"`
	// GatewayID identifies the gateway in all components; it defaults to the name, or else the host.
	GatewayID string `mapstructure:"gateway_id"`
	// CollectionInterval overrides that of the receiver; zero takes it.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`

	Poll PollConfig `mapstructure:",squash"`

	// raw is what the user wrote, until Config.Unmarshal has applied it on top
	// of the defaults.
	raw *confmap.Conf
}

// SessionMetricsConfig says which sessions have series of their own.
type SessionMetricsConfig struct {
	// Mode is "none", "top" (those with the most octets) or "match".
	Mode string `mapstructure:"mode"`
	// Top is how many of an agent.
	Top int `mapstructure:"top"`
	// Match are regular expressions on the name of the user, the interface, or the client's address.
	Match []string `mapstructure:"match"`
	// MaxSessions of one agent, and MaxTotal of all, have series at most.
	MaxSessions int `mapstructure:"max_sessions"`
	MaxTotal    int `mapstructure:"max_total"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// The values of session_metrics::mode.
const (
	sessionsNone  = "none"
	sessionsTop   = "top"
	sessionsMatch = "match"
)

func createDefaultConfig() component.Config {
	return &Config{
		CollectionInterval: time.Minute,
		InitialDelay:       time.Second,
		Jitter:             0.1,
		MaxConcurrent:      snmpppp.DefaultWorkers,
		UserName:           privacy.Drop,
		ClientAddress:      privacy.Hash,
		MaxEvents:          1000,
		SessionMetrics:     SessionMetricsConfig{Mode: sessionsNone, Top: 20, MaxSessions: 1000, MaxTotal: 10_000},
		Poll: PollConfig{
			Transport: "udp",
			Timeout:   snmpppp.DefaultTimeout,
			Retries:   snmpppp.DefaultRetries,
			MaxRows:   snmpppp.DefaultMaxRows,
			Reprobe:   snmpppp.DefaultReprobe,
		},
		Metrics: metadata.NewDefaultMetricsBuilderConfig(),
		Logs:    metadata.DefaultLogsBuilderConfig(),
	}
}

// Unmarshal implements [confmap.Unmarshaler]. It completes every agent with the
// defaults given for all.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(c); err != nil {
		return err
	}
	for i := range c.Agents {
		if err := c.Agents[i].complete(c.Poll); err != nil {
			return err
		}
	}
	return nil
}

// Unmarshal implements [confmap.Unmarshaler]. The receiver's defaults are not
// known here, so this only finds unknown keys, and keeps what was written.
func (a *AgentConfig) Unmarshal(conf *confmap.Conf) error {
	a.raw = conf
	return conf.Unmarshal(a)
}

// complete applies what the user wrote for the agent on top of defaults.
func (a *AgentConfig) complete(defaults PollConfig) error {
	raw := a.raw
	if raw == nil { // a null in the list of agents
		raw = confmap.New()
	}
	*a = AgentConfig{Poll: defaults.clone()}
	a.Poll.dropOtherCredentials(raw)
	if err := raw.Unmarshal(a); err != nil {
		return err
	}
	a.raw = nil
	return nil
}

// dropOtherCredentials takes the defaults' credentials away if the agent is of
// another version of SNMP.
func (p *PollConfig) dropOtherCredentials(raw *confmap.Conf) {
	version, _ := raw.Get("version").(string)
	switch {
	case version == string(snmpppp.V3) || version == "" && raw.IsSet("user"):
		p.Version, p.Community = "", ""
	case version != "" || raw.IsSet("community"):
		if p.User != "" || p.Version == string(snmpppp.V3) {
			p.Version = ""
		}
		p.User, p.AuthProtocol, p.AuthPassphrase, p.PrivProtocol, p.PrivPassphrase = "", "", "", "", ""
		p.Context, p.EngineID = "", ""
	}
}

// clone returns a copy that shares no memory with p.
func (p PollConfig) clone() PollConfig {
	p.Include = slices.Clone(p.Include)
	p.Exclude = slices.Clone(p.Exclude)
	return p
}

// profileSet makes the set of all profiles.
func (c *Config) profileSet() (*profile.Set, error) {
	if len(c.Profiles) == 0 {
		return profile.Default(), nil
	}
	// The form of a profile is that of its YAML: as a map from the configuration, a
	// number where a text is meant would be refused.
	text, err := yaml.Marshal(map[string]any{"profiles": c.Profiles})
	if err != nil {
		return nil, fmt.Errorf("profiles: %w", err)
	}
	list, err := profile.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("profiles: %w", err)
	}
	return profile.NewSet(list...)
}

// displayName is the name, or else the endpoint as written.
func (a *AgentConfig) displayName() string {
	if a.Name != "" {
		return a.Name
	}
	return a.Endpoint
}

// gatewayID is the gateway id, or else the name, or else the host.
func (a *AgentConfig) gatewayID(host string) string {
	switch {
	case a.GatewayID != "":
		return a.GatewayID
	case a.Name != "":
		return a.Name
	}
	return host
}

// interval is the time from one poll of the agent to the next.
func (a *AgentConfig) interval(c *Config) time.Duration {
	if a.CollectionInterval != 0 {
		return a.CollectionInterval
	}
	return c.CollectionInterval
}

// target translates the configuration into what the poller takes.
func (a *AgentConfig) target(c *Config, profiles *profile.Set) snmpppp.Target {
	p := &a.Poll
	host, port, _ := splitEndpoint(a.Endpoint)
	t := snmpppp.Target{
		ID: a.displayName(), Host: host, Port: port, Transport: p.Transport,
		Auth: snmpppp.Auth{
			Version: snmpppp.Version(p.Version), Community: string(p.Community), User: p.User,
			AuthProtocol: p.AuthProtocol, AuthPassphrase: string(p.AuthPassphrase),
			PrivProtocol: p.PrivProtocol, PrivPassphrase: string(p.PrivPassphrase),
			Context: p.Context, EngineID: p.EngineID,
		},
		Timeout: p.Timeout, Retries: p.Retries, Budget: p.Budget, Interval: a.interval(c), Pause: p.Pause,
		MaxRows: p.MaxRows, Reprobe: p.Reprobe, Costly: p.Costly,
		Profiles: profiles, AssumePPTP: p.AssumePPTP, Include: p.Include, Exclude: p.Exclude,
	}
	if t.Retries == 0 { // what a user writes as 0 is none
		t.Retries = -1
	}
	if t.Budget == 0 {
		t.Budget = max(t.Timeout, min(snmpppp.DefaultBudget, t.Interval))
	}
	return t
}
