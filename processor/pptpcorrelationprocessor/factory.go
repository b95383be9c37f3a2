package pptpcorrelationprocessor

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"

	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/internal/metadata"
)

// NewFactory returns the factory of the processor.
func NewFactory() processor.Factory {
	f := &factory{instances: make(map[*Config]*correlator)}
	return processor.NewFactory(metadata.Type, createDefaultConfig,
		processor.WithMetrics(f.createMetrics, metadata.MetricsStability),
		processor.WithLogs(f.createLogs, metadata.LogsStability))
}

// factory creates one correlator per configuration, whatever the number of pipelines that it is in. Unlike
// a receiver's it lives until the last of them ends: the order in which pipelines end is not ours.
type factory struct {
	mu        sync.Mutex
	instances map[*Config]*correlator
}

// load returns the correlator of a configuration, for one more pipeline.
func (f *factory) load(set processor.Settings, cfg *Config) (*correlator, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c, ok := f.instances[cfg]; ok {
		c.pipelines++
		return c, nil
	}
	c, err := newCorrelator(set, cfg)
	if err != nil {
		return nil, err
	}
	c.pipelines = 1
	f.instances[cfg] = c
	return c, nil
}

// release ends the correlator with the last pipeline.
func (f *factory) release(ctx context.Context, c *correlator) error {
	f.mu.Lock()
	c.pipelines--
	last := c.pipelines == 0
	if last {
		delete(f.instances, c.cfg)
	}
	f.mu.Unlock()
	if !last {
		return nil
	}
	return c.shutdown(ctx)
}

func (f *factory) createMetrics(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
	c, err := f.load(set, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	s := c.addMetrics(set, next)
	return processorhelper.NewMetrics(ctx, set, cfg, next, c.processMetrics,
		processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: c.cfg.Annotate.Enabled}),
		processorhelper.WithStart(c.start),
		processorhelper.WithShutdown(f.shutdown(c, &s.outlet)))
}

func (f *factory) createLogs(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	c, err := f.load(set, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	s := c.addLogs(next)
	return processorhelper.NewLogs(ctx, set, cfg, next, c.processLogs,
		processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: c.cfg.Annotate.Enabled}),
		processorhelper.WithStart(c.start),
		processorhelper.WithShutdown(f.shutdown(c, &s.outlet)))
}

// shutdown ends one pipeline, once.
func (f *factory) shutdown(c *correlator, o *outlet) component.ShutdownFunc {
	var once sync.Once
	return func(ctx context.Context) (err error) {
		once.Do(func() {
			c.flush()
			o.close()
			err = f.release(ctx, c)
		})
		return err
	}
}
