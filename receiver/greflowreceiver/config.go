package greflowreceiver

import (
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"

	"github.com/otelcol-pptp/otelcol-pptp/internal/inventory"
	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/greflowreceiver/internal/metadata"
)

// Config is the configuration of the receiver. The README explains every key.
type Config struct {
	// Listeners are where exporters send to; none: one on localhost.
	Listeners []ListenerConfig `mapstructure:"listeners"`
	// Exporters are the addresses and prefixes from which datagrams are taken; empty: any.
	Exporters []string `mapstructure:"exporters"`

	// Gateways are the PPTP gateways.
	Gateways []GatewayConfig `mapstructure:"gateways"`
	// LearnGateways takes whoever answers on TCP port 1723 for a gateway too.
	LearnGateways bool `mapstructure:"learn_gateways"`

	// CollectionInterval is the time from one report of metrics to the next.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`

	Detection DetectionConfig `mapstructure:"detection"`
	Limits    LimitsConfig    `mapstructure:"limits"`

	// Storage is the extension that keeps templates over a restart; nil: none.
	Storage *component.ID `mapstructure:"storage"`
	// SaveInterval is the time from one saving of the templates to the next.
	SaveInterval time.Duration `mapstructure:"save_interval"`

	// ClientAddress is how the addresses of clients are told in events: "plain", "hash" or "drop".
	ClientAddress string `mapstructure:"client_address"`
	// HashKey is the key of "hash"; empty: a random one that lasts until the receiver ends.
	HashKey configopaque.String `mapstructure:"hash_key"`

	// Flows passes the flow records about PPTP on.
	Flows FlowsConfig `mapstructure:"flows"`

	Metrics metadata.MetricsBuilderConfig `mapstructure:",squash"`
	Logs    metadata.LogsBuilderConfig    `mapstructure:",squash"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// ListenerConfig is one UDP port.
type ListenerConfig struct {
	// Endpoint is host:port, where host is an address, a name of this host, or empty for all its addresses.
	Endpoint string `mapstructure:"endpoint"`
	// Sockets share the port; the kernel gives each exporter to one of them.
	Sockets int `mapstructure:"sockets"`
	// ReceiveBuffer is what the kernel is asked to hold for each socket, in bytes.
	ReceiveBuffer int `mapstructure:"receive_buffer"`
}

// GatewayConfig is one gateway. Its addresses and prefixes are those that the exporters see.
type GatewayConfig = inventory.Gateway

// FlowsConfig says which flow records become log records.
type FlowsConfig struct {
	// Enabled makes a log record of each flow record about PPTP.
	Enabled bool `mapstructure:"enabled"`
	// QueueSize is how many may wait to be passed on.
	QueueSize int `mapstructure:"queue_size"`
}

const (
	defaultEndpoint      = "localhost:2055" // the port that most exporters suggest for NetFlow
	defaultReceiveBuffer = 16 << 20
)

func defaultListener() ListenerConfig {
	return ListenerConfig{Endpoint: defaultEndpoint, Sockets: 1, ReceiveBuffer: defaultReceiveBuffer}
}

func createDefaultConfig() component.Config {
	return &Config{
		Listeners:          []ListenerConfig{defaultListener()},
		CollectionInterval: time.Minute,
		Detection:          defaultDetection(),
		Limits:             defaultLimits(),
		SaveInterval:       5 * time.Minute,
		ClientAddress:      privacy.Hash,
		Flows:              FlowsConfig{QueueSize: 10000},
		Metrics:            metadata.NewDefaultMetricsBuilderConfig(),
		Logs:               metadata.DefaultLogsBuilderConfig(),
	}
}

// Unmarshal implements [confmap.Unmarshaler]: a listener that is given has the
// defaults for what it does not say.
func (l *ListenerConfig) Unmarshal(conf *confmap.Conf) error {
	*l = defaultListener()
	return conf.Unmarshal(l)
}
