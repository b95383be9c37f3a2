package snmppppreceiver

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-pptp/otelcol-pptp/internal/polling"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadata"
)

// dropReason says why something got no series.
type dropReason string

const (
	dropSessions dropReason = "sessions"
	dropIdentity dropReason = "identity"
	dropLabels   dropReason = "labels"
	dropTracked  dropReason = "tracked"
)

// telemetry is what the receiver tells of itself. It is safe for concurrent use.
type telemetry struct {
	tb      *metadata.TelemetryBuilder
	self    metric.MeasurementOption // the attributes of every point
	dropped map[dropReason]metric.MeasurementOption
}

func newTelemetry(set receiver.Settings) (*telemetry, error) {
	tb, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	id := attribute.String("receiver", set.ID.String())
	t := &telemetry{tb: tb, self: metric.WithAttributeSet(attribute.NewSet(id)), dropped: make(map[dropReason]metric.MeasurementOption)}
	for _, r := range []dropReason{dropSessions, dropIdentity, dropLabels, dropTracked} {
		t.dropped[r] = metric.WithAttributeSet(attribute.NewSet(id, attribute.String("reason", string(r))))
	}
	return t, nil
}

// observe registers what is read when it is asked for.
func (t *telemetry) observe(r *snmpReceiver, s *polling.Schedule) error {
	for _, o := range []struct {
		register func(metric.Int64Callback) error
		value    func() int64
	}{
		{t.tb.RegisterSnmpPppAgentsCallback, func() int64 { return int64(len(r.cfg.Agents)) }},
		{t.tb.RegisterSnmpPppAgentsFailingCallback, func() int64 { return int64(r.status.Failing()) }},
		{t.tb.RegisterSnmpPppPollsActiveCallback, s.Active},
		{t.tb.RegisterSnmpPppPollsLimitCallback, func() int64 { return int64(r.cfg.MaxConcurrent) }},
		{t.tb.RegisterSnmpPppQueueSizeCallback, s.Waiting},
		{t.tb.RegisterSnmpPppSessionSeriesCallback, func() int64 {
			if r.metrics == nil {
				return 0
			}
			return r.metrics.maker.series.count()
		}},
		{t.tb.RegisterSnmpPppSessionSeriesLimitCallback, func() int64 { return int64(r.cfg.SessionMetrics.MaxTotal) }},
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

func (t *telemetry) pollStarted(late time.Duration) {
	ctx := context.Background()
	t.tb.SnmpPppPollsStarted.Add(ctx, 1, t.self)
	t.tb.SnmpPppStartDelay.Record(ctx, late.Seconds(), t.self)
}

func (t *telemetry) pollEnded(r *result) {
	ctx := context.Background()
	t.tb.SnmpPppPollDuration.Record(ctx, r.duration.Seconds(), t.self)
	t.tb.SnmpPppRequests.Add(ctx, int64(r.stats.Requests), t.self)
	if r.snapshot == nil {
		t.tb.SnmpPppPollsFailed.Add(ctx, 1, t.self)
		return
	}
	t.seriesDropped(dropTracked, r.delta.Dropped)
}

func (t *telemetry) pollsSkipped(n int64) {
	t.tb.SnmpPppPollsSkipped.Add(context.Background(), n, t.self)
}

func (t *telemetry) eventsDropped(n int) {
	t.tb.SnmpPppEventsDropped.Add(context.Background(), int64(n), t.self)
}

func (t *telemetry) seriesDropped(why dropReason, n int) {
	if n > 0 {
		t.tb.SnmpPppSeriesDropped.Add(context.Background(), int64(n), t.dropped[why])
	}
}
