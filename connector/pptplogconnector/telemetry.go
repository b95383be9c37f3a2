package pptplogconnector

import (
	"context"

	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-pptp/otelcol-pptp/connector/pptplogconnector/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/session"
)

// dropReason says why an event is lost.
type dropReason string

const (
	reasonRefused  dropReason = "refused"
	reasonFull     dropReason = "full"
	reasonGateways dropReason = "gateways"
)

// telemetry is what the connector tells of itself. It is safe for concurrent use.
type telemetry struct {
	tb   *metadata.TelemetryBuilder
	id   attribute.KeyValue
	self metric.MeasurementOption // the attributes of every point
}

func newTelemetry(set connector.Settings) (*telemetry, error) {
	tb, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	id := attribute.String("connector", set.ID.String())
	return &telemetry{tb: tb, id: id, self: metric.WithAttributeSet(attribute.NewSet(id))}, nil
}

// observe registers what is read when it is asked for.
func (t *telemetry) observe(c *logConnector) error {
	stats := func(value func(*session.Stats) uint64) func() int64 {
		return func() int64 {
			c.mu.Lock()
			defer c.mu.Unlock()
			s := c.engine.Stats().Sessions
			return int64(value(&s))
		}
	}
	fixed := func(n int) func() int64 { return func() int64 { return int64(n) } }
	for _, o := range []struct {
		register func(metric.Int64Callback) error
		value    func() int64
	}{
		{t.tb.RegisterPptpLogConflictsCallback, stats(func(s *session.Stats) uint64 { return s.Conflicts })},
		{t.tb.RegisterPptpLogEventsPendingCallback, func() int64 { c.mu.Lock(); defer c.mu.Unlock(); return int64(c.pending.n) }},
		{t.tb.RegisterPptpLogEventsPendingLimitCallback, fixed(c.cfg.MaxPending)},
		{t.tb.RegisterPptpLogForeignCallback, stats(func(s *session.Stats) uint64 { return s.Foreign + s.Client })},
		{t.tb.RegisterPptpLogHostsCallback, func() int64 { c.mu.Lock(); defer c.mu.Unlock(); return int64(len(c.hosts.byName)) }},
		{t.tb.RegisterPptpLogHostsLimitCallback, fixed(c.cfg.MaxHosts)},
		{t.tb.RegisterPptpLogLateCallback, stats(func(s *session.Stats) uint64 { return s.Late })},
		{t.tb.RegisterPptpLogSessionsEvictedCallback, stats(func(s *session.Stats) uint64 { return s.Evicted })},
		{t.tb.RegisterPptpLogSessionsExpiredCallback, stats(func(s *session.Stats) uint64 { return s.Expired })},
		{t.tb.RegisterPptpLogSessionsTrackedCallback, stats(func(s *session.Stats) uint64 { return uint64(s.Sessions) })},
		{t.tb.RegisterPptpLogSessionsTrackedLimitCallback, fixed(c.cfg.MaxSessions)},
		{t.tb.RegisterPptpLogUnattributedCallback, stats(func(s *session.Stats) uint64 { return s.Unattributed })},
	} {
		if err := o.register(func(_ context.Context, obs metric.Int64Observer) error {
			obs.Observe(o.value(), t.self)
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func (t *telemetry) shutdown() { t.tb.Shutdown() }

func (t *telemetry) linesRead(n int) {
	t.tb.PptpLogLinesRead.Add(context.Background(), int64(n), t.self)
}

func (t *telemetry) emitted(n int) {
	t.tb.PptpLogEventsEmitted.Add(context.Background(), int64(n), t.self)
}

func (t *telemetry) dropped(why dropReason, n int) {
	t.tb.PptpLogEventsDropped.Add(context.Background(), int64(n),
		metric.WithAttributeSet(attribute.NewSet(t.id, attribute.String("reason", string(why)))))
}
