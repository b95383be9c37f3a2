package pptplogconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"

	"github.com/otelcol-pptp/otelcol-pptp/connector/pptplogconnector/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/internal/shared"
)

// NewFactory returns the factory of the connector.
func NewFactory() connector.Factory {
	f := new(factory)
	return connector.NewFactory(metadata.Type, createDefaultConfig,
		connector.WithLogsToLogs(f.createLogsToLogs, metadata.LogsToLogsStability),
		connector.WithLogsToMetrics(f.createLogsToMetrics, metadata.LogsToMetricsStability))
}

// factory creates one instance per configuration. The collector makes a node of it for
// logs and one for metrics, and gives each line to both.
type factory struct {
	instances shared.Map[*Config, *logConnector]
}

func (f *factory) load(set connector.Settings, cfg component.Config) (*shared.Component[*logConnector], error) {
	c := cfg.(*Config)
	return f.instances.LoadOrCreate(c, func() (*logConnector, error) { return newLogConnector(set, c) })
}

func (f *factory) createLogsToLogs(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Logs, error) {
	c, err := f.load(set, cfg)
	if err != nil {
		return nil, err
	}
	c.Unwrap().logs = next
	return &node{Component: c, consume: c.Unwrap().consume}, nil
}

func (f *factory) createLogsToMetrics(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Logs, error) {
	c, err := f.load(set, cfg)
	if err != nil {
		return nil, err
	}
	c.Unwrap().metrics = newMetricsMaker(set, cfg.(*Config), next)
	return &node{Component: c, consume: c.Unwrap().consumeForMetrics}, nil
}
