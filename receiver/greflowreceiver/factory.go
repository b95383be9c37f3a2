package greflowreceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/otelcol-pptp/otelcol-pptp/internal/shared"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/greflowreceiver/internal/metadata"
)

// NewFactory returns the factory of the receiver.
func NewFactory() receiver.Factory {
	f := new(factory)
	return receiver.NewFactory(metadata.Type, createDefaultConfig,
		receiver.WithMetrics(f.createMetrics, metadata.MetricsStability),
		receiver.WithLogs(f.createLogs, metadata.LogsStability))
}

// factory creates one receiver per configuration, whatever the number of its
// signals: a port is bound once, and a flow is judged once.
type factory struct {
	instances shared.Map[*Config, *flowReceiver]
}

func (f *factory) load(set receiver.Settings, cfg component.Config) (*shared.Component[*flowReceiver], error) {
	c := cfg.(*Config)
	return f.instances.LoadOrCreate(c, func() (*flowReceiver, error) { return newFlowReceiver(set, c) })
}

func (f *factory) createMetrics(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	c, err := f.load(set, cfg)
	if err != nil {
		return nil, err
	}
	return c, c.Unwrap().addMetrics(set, next)
}

func (f *factory) createLogs(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
	c, err := f.load(set, cfg)
	if err != nil {
		return nil, err
	}
	return c, c.Unwrap().addLogs(set, next)
}
