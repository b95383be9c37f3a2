package pptpcorrelationprocessor

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/evidence"
	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/internal/metadata"
)

// What can fail, besides evidence.
const (
	failedLoad = iota
	failedSave
	failedSend
	numFailures
)

var failureNames = [numFailures]string{"load", "save", "send"}

// telemetry is what the processor tells of itself.
type telemetry struct {
	tb       *metadata.TelemetryBuilder
	self     attribute.KeyValue
	failures [numFailures]atomic.Int64
	lost     atomic.Int64
}

// point is one value and what it is of; an empty key is nothing in particular.
type point struct {
	key, of string
	value   int64
}

func newTelemetry(set processor.Settings, c *correlator) (*telemetry, error) {
	tb, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	t := &telemetry{tb: tb, self: attribute.String("processor", set.ID.String())}
	var errs []error
	for _, o := range []struct {
		register func(metric.Int64Callback) error
		read     func() []point
	}{
		{tb.RegisterPptpCorrelationEvidenceCallback, c.outcomes},
		{tb.RegisterPptpCorrelationEvidenceDroppedCallback, c.drops},
		{tb.RegisterPptpCorrelationEvidenceStaleCallback, func() []point { return []point{{value: int64(c.stats().engine.Stale)}} }},
		{tb.RegisterPptpCorrelationEventsCallback, c.eventCounts},
		{tb.RegisterPptpCorrelationEventsPendingCallback, func() []point { return []point{{value: c.waitingCount.Load()}} }},
		{tb.RegisterPptpCorrelationEventsDroppedCallback, func() []point { return []point{{value: t.lost.Load()}} }},
		{tb.RegisterPptpCorrelationFailuresCallback, t.failureCounts},
		{tb.RegisterPptpCorrelationIncidentsCallback, func() []point { return []point{{value: int64(c.stats().engine.OpenIncidents)}} }},
		{tb.RegisterPptpCorrelationTableSizeCallback, c.tableSizes},
		{tb.RegisterPptpCorrelationTableLimitCallback, c.tableLimits},
		{tb.RegisterPptpCorrelationTableEvictionsCallback, c.tableEvictions},
	} {
		errs = append(errs, o.register(func(_ context.Context, obs metric.Int64Observer) error {
			for _, p := range o.read() {
				if p.key == "" {
					obs.Observe(p.value, metric.WithAttributes(t.self))
				} else {
					obs.Observe(p.value, metric.WithAttributes(t.self, attribute.String(p.key, p.of)))
				}
			}
			return nil
		}))
	}
	return t, errors.Join(errs...)
}

func (t *telemetry) shutdown() { t.tb.Shutdown() }

func (t *telemetry) evaluated(d time.Duration) {
	t.tb.PptpCorrelationEvaluationDuration.Record(context.Background(), d.Seconds(), metric.WithAttributes(t.self))
}

func (t *telemetry) failed(what int) { t.failures[what].Add(1) }
func (t *telemetry) dropped(n int)   { t.lost.Add(int64(n)) }

func (t *telemetry) failureCounts() (out []point) {
	for i, name := range failureNames {
		out = append(out, point{"operation", name, t.failures[i].Load()})
	}
	return out
}

type stats struct {
	engine health.Stats
	reader evidence.Stats
}

func (c *correlator) stats() stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return stats{c.engine.Stats(), c.reader.Stats()}
}

func (c *correlator) outcomes() (out []point) {
	s := c.stats()
	for o, n := range s.engine.Evidence {
		out = append(out, point{"outcome", health.Outcome(o).String(), int64(n)})
	}
	return out
}

func (c *correlator) drops() (out []point) {
	s := c.stats()
	for i, name := range evidence.DroppedNames {
		out = append(out, point{"reason", name, int64(s.reader.Dropped[i])})
	}
	return out
}

func (c *correlator) eventCounts() (out []point) {
	s := c.stats()
	for k, n := range s.engine.Events {
		out = append(out, point{"kind", health.EventKind(k).String(), int64(n)})
	}
	return out
}

func (c *correlator) tableSizes() []point {
	s := c.stats()
	return []point{
		{"table", "gateways", int64(s.engine.Gateways)}, {"table", "items", int64(s.engine.Items)},
		{"table", "vantages", int64(s.engine.Vantages)}, {"table", "sessions", int64(s.reader.Sessions)},
		{"table", "series", int64(s.reader.Series)}, {"table", "streams", int64(s.reader.Streams)}, {"table", "windows", int64(s.reader.Windows)},
	}
}

func (c *correlator) tableLimits() []point {
	l := &c.cfg.Limits
	return []point{
		{"table", "gateways", int64(l.MaxGateways)}, {"table", "items", int64(l.MaxItems)}, {"table", "vantages", int64(l.MaxVantages)},
		{"table", "sessions", int64(l.MaxSessions)}, {"table", "series", int64(l.MaxSeries)},
		{"table", "streams", int64(l.MaxSessions) * evidence.StreamsPerSession}, {"table", "windows", 2 * int64(l.MaxSessions)},
	}
}

func (c *correlator) tableEvictions() []point {
	s := c.stats()
	return []point{
		{"table", "gateways", int64(s.engine.GatewaysForgotten)}, {"table", "vantages", int64(s.engine.VantagesForgotten)},
		{"table", "items", int64(s.engine.ItemsEvicted + s.engine.ItemsForgotten + s.engine.FutureDropped)},
		{"table", "reader", int64(s.reader.Forgotten)},
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
