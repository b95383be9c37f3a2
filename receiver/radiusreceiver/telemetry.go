package radiusreceiver

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/accounting"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/radiusreceiver/internal/metadata"
)

// telemetry is what the receiver tells of itself. It is safe for concurrent use.
type telemetry struct {
	tb   *metadata.TelemetryBuilder
	id   attribute.KeyValue
	self metric.MeasurementOption // the attributes of every point
}

func newTelemetry(set receiver.Settings) (*telemetry, error) {
	tb, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	id := attribute.String("receiver", set.ID.String())
	return &telemetry{tb: tb, id: id, self: metric.WithAttributeSet(attribute.NewSet(id))}, nil
}

// observe registers what is read when it is asked for.
func (t *telemetry) observe(r *radiusReceiver) error {
	for _, o := range []struct {
		register func(metric.Int64Callback) error
		value    func() int64
	}{
		{t.tb.RegisterRadiusRoundsActiveCallback, r.schedule.Active},
		{t.tb.RegisterRadiusRoundsLimitCallback, func() int64 { return int64(r.cfg.MaxConcurrent) }},
		{t.tb.RegisterRadiusRoundsWaitingCallback, r.schedule.Waiting},
		{t.tb.RegisterRadiusLoginsRestingCallback, func() (n int64) {
			for _, s := range r.servers {
				n += one(s.resting.Load())
			}
			return n
		}},
	} {
		if err := o.register(func(_ context.Context, obs metric.Int64Observer) error {
			obs.Observe(o.value(), t.self)
			return nil
		}); err != nil {
			return err
		}
	}
	if r.accounting == nil {
		return nil
	}
	for _, o := range []struct {
		register func(metric.Int64Callback) error
		value    func(*table) int64
	}{
		{t.tb.RegisterRadiusAccountingEntriesCallback, func(x *table) int64 { return int64(x.entries) }},
		{t.tb.RegisterRadiusAccountingEntriesLimitCallback, func(x *table) int64 { return int64(x.limit) }},
		{t.tb.RegisterRadiusAccountingEvictedCallback, func(x *table) int64 { return int64(x.evicted) }},
	} {
		if err := o.register(func(_ context.Context, obs metric.Int64Observer) error {
			for _, x := range r.accounting.tables() {
				obs.Observe(o.value(&x), metric.WithAttributeSet(attribute.NewSet(t.id, attribute.String("table", x.name))))
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return t.tb.RegisterRadiusAccountingSocketErrorsCallback(func(_ context.Context, obs metric.Int64Observer) error {
		s := r.accounting.server.Stats()
		for _, o := range []struct {
			operation string
			errors    accounting.SocketErrors
		}{{"read", s.ReadErrors}, {"write", s.WriteErrors}} {
			for reason, n := range o.errors {
				obs.Observe(int64(n), metric.WithAttributeSet(attribute.NewSet(t.id,
					attribute.String("operation", o.operation), attribute.String("reason", accounting.Reason(reason).String()))))
			}
		}
		return nil
	})
}

func (t *telemetry) shutdown() { t.tb.Shutdown() }

func (t *telemetry) started(late time.Duration) {
	ctx := context.Background()
	t.tb.RadiusRoundsStarted.Add(ctx, 1, t.self)
	t.tb.RadiusStartDelay.Record(ctx, late.Seconds(), t.self)
}

func (t *telemetry) ended(took time.Duration, results []radiuscheck.Result) {
	ctx := context.Background()
	t.tb.RadiusRoundDuration.Record(ctx, took.Seconds(), t.self)
	for i := range results {
		if !results[i].OK() {
			t.tb.RadiusChecksFailed.Add(ctx, 1, t.self)
		}
	}
}

func (t *telemetry) skipped(n int64) { t.tb.RadiusChecksSkipped.Add(context.Background(), n, t.self) }

func (t *telemetry) cancelled() { t.tb.RadiusChecksCancelled.Add(context.Background(), 1, t.self) }

func (t *telemetry) eventDropped() { t.tb.RadiusEventsDropped.Add(context.Background(), 1, t.self) }
