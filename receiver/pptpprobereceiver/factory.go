package pptpprobereceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/otelcol-pptp/otelcol-pptp/internal/shared"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
)

// processProbe is the one probe, and with it the one raw GRE socket, that all
// receivers of the process share.
var processProbe = newProbePool(newProbe)

// NewFactory returns the factory of the receiver.
func NewFactory() receiver.Factory { return newFactory(processProbe) }

func newFactory(pool *probePool) receiver.Factory {
	f := &factory{pool: pool}
	return receiver.NewFactory(metadata.Type, createDefaultConfig,
		receiver.WithMetrics(f.createMetrics, metadata.MetricsStability),
		receiver.WithLogs(f.createLogs, metadata.LogsStability),
		receiver.WithTraces(f.createTraces, metadata.TracesStability))
}

// factory creates one receiver per configuration, whatever the number of its
// signals: a session is dialled once and feeds them all.
type factory struct {
	pool      *probePool
	instances shared.Map[*Config, *probeReceiver]
}

func (f *factory) load(set receiver.Settings, cfg component.Config) (*shared.Component[*probeReceiver], error) {
	c := cfg.(*Config)
	return f.instances.LoadOrCreate(c, func() (*probeReceiver, error) { return newProbeReceiver(set, c, f.pool) })
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

func (f *factory) createTraces(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
	c, err := f.load(set, cfg)
	if err != nil {
		return nil, err
	}
	return c, c.Unwrap().addTraces(set, next)
}
