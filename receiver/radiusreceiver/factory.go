package radiusreceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/otelcol-pptp/otelcol-pptp/internal/shared"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/radiusreceiver/internal/metadata"
)

// NewFactory returns the factory of the receiver.
func NewFactory() receiver.Factory { return newFactory(newChecker) }

func newFactory(dial dialer) receiver.Factory {
	f := &factory{dial: dial}
	return receiver.NewFactory(metadata.Type, createDefaultConfig,
		receiver.WithMetrics(f.createMetrics, metadata.MetricsStability),
		receiver.WithLogs(f.createLogs, metadata.LogsStability),
		receiver.WithTraces(f.createTraces, metadata.TracesStability))
}

// factory creates one receiver per configuration, whatever the number of its signals: a
// server is asked once and feeds them all.
type factory struct {
	dial      dialer
	instances shared.Map[*Config, *radiusReceiver]
}

func (f *factory) load(set receiver.Settings, cfg component.Config) (*shared.Component[*radiusReceiver], error) {
	c := cfg.(*Config)
	return f.instances.LoadOrCreate(c, func() (*radiusReceiver, error) { return newRadiusReceiver(set, c, f.dial) })
}

func (f *factory) createMetrics(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	c, err := f.load(set, cfg)
	if err != nil {
		return nil, err
	}
	return c, c.Unwrap().out.addMetrics(set, next)
}

func (f *factory) createLogs(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
	c, err := f.load(set, cfg)
	if err != nil {
		return nil, err
	}
	return c, c.Unwrap().out.addLogs(set, next)
}

func (f *factory) createTraces(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
	c, err := f.load(set, cfg)
	if err != nil {
		return nil, err
	}
	return c, c.Unwrap().out.addTraces(set, next)
}
