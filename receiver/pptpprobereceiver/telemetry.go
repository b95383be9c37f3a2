package pptpprobereceiver

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
)

// telemetry is what the receiver tells of itself. It is safe for concurrent use.
type telemetry struct {
	tb       *metadata.TelemetryBuilder
	id       attribute.KeyValue
	self     metric.MeasurementOption // the attributes of every point
	skippedR map[skipReason]metric.MeasurementOption
}

func newTelemetry(set receiver.Settings) (*telemetry, error) {
	tb, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	t := &telemetry{tb: tb, id: attribute.String("receiver", set.ID.String()), skippedR: make(map[skipReason]metric.MeasurementOption)}
	t.self = metric.WithAttributeSet(attribute.NewSet(t.id))
	for _, r := range []skipReason{skipRunning, skipWaiting, skipResting} {
		t.skippedR[r] = metric.WithAttributeSet(attribute.NewSet(t.id, attribute.String("reason", string(r))))
	}
	return t, nil
}

// observe registers what is read when it is asked for.
func (t *telemetry) observe(s *scheduler, limit, targets int, p prober) error {
	active := func() int64 { n, _ := s.counts(); return n }
	queued := func() int64 { _, n := s.counts(); return n }
	stat := func(f func(pptpprobe.ProbeStats) uint64) func() int64 {
		return func() int64 { return int64(f(p.Stats())) }
	}
	for _, o := range []struct {
		register func(metric.Int64Callback) error
		value    func() int64
	}{
		{t.tb.RegisterPptpProbeSessionsActiveCallback, active},
		{t.tb.RegisterPptpProbeSessionsLimitCallback, func() int64 { return int64(limit) }},
		{t.tb.RegisterPptpProbeQueueSizeCallback, queued},
		{t.tb.RegisterPptpProbeQueueCapacityCallback, func() int64 { return int64(targets) }},
		{t.tb.RegisterPptpProbeGreReceivedCallback, stat(func(s pptpprobe.ProbeStats) uint64 { return s.GREPackets })},
		{t.tb.RegisterPptpProbeGreUnknownCallback, stat(func(s pptpprobe.ProbeStats) uint64 { return s.GREUnknown })},
		{t.tb.RegisterPptpProbeGreDroppedCallback, stat(func(s pptpprobe.ProbeStats) uint64 { return s.GREQueueDrops })},
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

func (t *telemetry) sessionStarted(delay time.Duration) {
	ctx := context.Background()
	t.tb.PptpProbeSessionsStarted.Add(ctx, 1, t.self)
	t.tb.PptpProbeStartDelay.Record(ctx, delay.Seconds(), t.self)
}

func (t *telemetry) sessionSkipped(r skipReason) {
	t.tb.PptpProbeSessionsSkipped.Add(context.Background(), 1, t.skippedR[r])
}

func (t *telemetry) sessionCancelled() {
	t.tb.PptpProbeSessionsCancelled.Add(context.Background(), 1, t.self)
}

func (t *telemetry) sessionEnded(d time.Duration, ok bool) {
	ctx := context.Background()
	t.tb.PptpProbeSessionDuration.Record(ctx, d.Seconds(), t.self)
	if !ok {
		t.tb.PptpProbeSessionsFailed.Add(ctx, 1, t.self)
	}
}
