package greflowreceiver

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-pptp/otelcol-pptp/greflow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/netflow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/sflow"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/greflowreceiver/internal/metadata"
)

// telemetry is what the receiver tells of itself.
type telemetry struct {
	tb   *metadata.TelemetryBuilder
	self attribute.KeyValue
}

func newTelemetry(set receiver.Settings) (*telemetry, error) {
	tb, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &telemetry{tb: tb, self: attribute.String("receiver", set.ID.String())}, nil
}

func (t *telemetry) shutdown() { t.tb.Shutdown() }

// point is one value and what it is of; an empty key is nothing in particular.
type point struct {
	key, of string
	value   int64
}

// observe registers what is read when it is asked for.
func (t *telemetry) observe(r *flowReceiver) error {
	stats := func(read func(*greflow.Stats) []point) func() []point {
		return func() []point {
			s := r.engine.Stats()
			return read(&s)
		}
	}
	single := func(read func(*greflow.Stats) int64) func() []point {
		return stats(func(s *greflow.Stats) []point { return []point{{value: read(s)}} })
	}
	limit := func(n int64) func() []point {
		return func() []point { return []point{{value: n}} }
	}
	l := &r.cfg.Limits
	var errs []error
	for _, o := range []struct {
		register func(metric.Int64Callback) error
		read     func() []point
	}{
		{t.tb.RegisterGreFlowDatagramsCallback, stats(datagrams)},
		{t.tb.RegisterGreFlowRecordsCallback, stats(records)},
		{t.tb.RegisterGreFlowRecordsUsedCallback, stats(recordsUsed)},
		{t.tb.RegisterGreFlowErrorsCallback, stats(failures)},
		{t.tb.RegisterGreFlowEvictionsCallback, stats(evictions)},
		{t.tb.RegisterGreFlowExpirationsCallback, stats(expirations)},
		{t.tb.RegisterGreFlowTemplateMissesCallback, single(func(s *greflow.Stats) int64 { return int64(s.NetFlow.TemplateMisses) })},
		{t.tb.RegisterGreFlowPendingDroppedCallback, single(func(s *greflow.Stats) int64 { return int64(s.NetFlow.PendingDropped) })},
		{t.tb.RegisterGreFlowRecordsLostCallback, single(recordsLost)},
		{t.tb.RegisterGreFlowRestartsCallback, single(func(s *greflow.Stats) int64 { return int64(s.NetFlow.Restarts + s.SFlow.Restarts) })},
		{t.tb.RegisterGreFlowTemplatesCallback, single(func(s *greflow.Stats) int64 { return int64(s.NetFlow.Templates) })},
		{t.tb.RegisterGreFlowStateSizeCallback, single(func(s *greflow.Stats) int64 { return s.NetFlow.StateBytes })},
		{t.tb.RegisterGreFlowStateSizeLimitCallback, limit(l.TemplateMemory)},
		{t.tb.RegisterGreFlowExportersCallback, single(func(s *greflow.Stats) int64 { return int64(s.Detect.Exporters) })},
		{t.tb.RegisterGreFlowExportersLimitCallback, limit(int64(l.Exporters))},
		{t.tb.RegisterGreFlowPairsCallback, single(func(s *greflow.Stats) int64 { return int64(s.Detect.Pairs) })},
		{t.tb.RegisterGreFlowPairsLimitCallback, limit(int64(l.Pairs))},
		{t.tb.RegisterGreFlowChangesDroppedCallback, single(func(s *greflow.Stats) int64 { return int64(s.ChangesLost) })},
		{t.tb.RegisterGreFlowFlowsDroppedCallback, func() []point { return []point{{value: int64(r.flows.lost())}} }},
		{t.tb.RegisterGreFlowKernelDropsCallback, r.sockets.kernelDrops},
		{t.tb.RegisterGreFlowReceiveBufferCallback, r.sockets.receiveBuffers},
	} {
		errs = append(errs, o.register(func(_ context.Context, obs metric.Int64Observer) error {
			for _, p := range o.read() {
				set := attribute.NewSet(t.self)
				if p.key != "" {
					set = attribute.NewSet(t.self, attribute.String(p.key, p.of))
				}
				obs.Observe(p.value, metric.WithAttributeSet(set))
			}
			return nil
		}))
	}
	return errors.Join(errs...)
}

// byVersion makes a point for each format.
func byVersion(v5, v9, ipfix, sflow5 uint64) []point {
	const key = "version"
	return []point{
		{key, flow.NetFlow5.String(), int64(v5)}, {key, flow.NetFlow9.String(), int64(v9)},
		{key, flow.IPFIX.String(), int64(ipfix)}, {key, flow.SFlow5.String(), int64(sflow5)},
	}
}

func datagrams(s *greflow.Stats) []point {
	return byVersion(s.NetFlow.V5.Datagrams, s.NetFlow.V9.Datagrams, s.NetFlow.IPFIX.Datagrams, s.SFlow.Datagrams)
}

func records(s *greflow.Stats) []point {
	return byVersion(s.NetFlow.V5.Records, s.NetFlow.V9.Records, s.NetFlow.IPFIX.Records, s.SFlow.Records)
}

func recordsUsed(s *greflow.Stats) []point {
	return byVersion(s.NetFlow.V5.Delivered, s.NetFlow.V9.Delivered, s.NetFlow.IPFIX.Delivered, s.SFlow.Delivered)
}

// recordsLost is an estimate; a sample of sFlow is a record here.
func recordsLost(s *greflow.Stats) int64 {
	return int64(s.NetFlow.RecordsLost + s.SFlow.SamplesLost + s.SFlow.DiscardsLost)
}

// failures sums up by name: some reasons are those of several decoders.
func failures(s *greflow.Stats) []point {
	const key = "reason"
	out := []point{
		{key, greflow.ReasonNotAllowed, int64(s.NotAllowed)},
		{key, greflow.ReasonVersion, int64(s.Unknown)},
	}
	add := func(name string, n uint64) {
		for i := range out {
			if out[i].of == name {
				out[i].value += int64(n)
				return
			}
		}
		out = append(out, point{key, name, int64(n)})
	}
	for reason, n := range s.NetFlow.Errors {
		add(netflow.Reason(reason).String(), n)
	}
	for reason, n := range s.SFlow.Errors {
		add(sflow.Reason(reason).String(), n)
	}
	return out
}

// evictions are what had to go, and what was not let in, for want of room.
func evictions(s *greflow.Stats) []point {
	const key = "table"
	d := &s.Detect
	return []point{
		{key, "exporters", int64(s.NetFlow.ExportersEvicted + s.SFlow.ExportersEvicted + d.ExporterRefused)},
		{key, "templates", int64(s.NetFlow.TemplatesEvicted)},
		{key, "sources", int64(s.SFlow.SourcesEvicted)},
		{key, "gateways", int64(d.GatewayRefused)},
		{key, "pairs", int64(d.EvictedIdle + d.EvictedUnknown + d.EvictedLeastUsed)},
		{key, "candidates", int64(d.PendingOverwrites)},
	}
}

// expirations are what was forgotten for its age.
func expirations(s *greflow.Stats) []point {
	const key = "table"
	return []point{
		{key, "exporters", int64(s.NetFlow.ExportersExpired + s.SFlow.ExportersExpired)},
		{key, "templates", int64(s.NetFlow.TemplatesExpired)},
		{key, "sources", int64(s.SFlow.SourcesExpired)},
		{key, "gateways", int64(s.Detect.GatewaysExpired)},
		{key, "pairs", int64(s.Detect.Expired)},
	}
}
