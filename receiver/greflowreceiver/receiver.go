package greflowreceiver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/otelcol-pptp/otelcol-pptp/greflow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// format and transport are what the collector's own metrics call our data.
const (
	format    = "gre_flow"
	transport = "udp"
)

// tickInterval is how often the detector evaluates a share of its pairs, and
// how long an event may wait.
const tickInterval = time.Second

// flowReceiver listens to exporters and feeds all signals that are wired.
// Datagrams are decoded where they are read; what the pipelines are slow to take
// waits in bounded queues, so that no pipeline holds the sockets up.
type flowReceiver struct {
	id        component.ID
	cfg       *Config
	logger    *zap.Logger
	telemetry *telemetry
	engine    *greflow.Engine
	resources *resources
	warnings  throttle
	flows     flowQueue
	sockets   sockets
	templates keeper
	status    status

	// Set before Start; nil if the signal is not wired.
	metrics *metricsSink
	logs    *logsSink

	stop     context.CancelFunc // ends the loops; nil before Start
	stopPush context.CancelFunc // ends what is being passed on
	wake     chan struct{}      // tells that there may be something to pass on
	done     chan struct{}      // closed when all loops have ended
}

// metricsSink and logsSink are one wired signal each.
type metricsSink struct {
	maker    *metricsMaker
	obs      *receiverhelper.ObsReport
	next     consumer.Metrics
	gateways []detect.GatewaySummary
}

type logsSink struct {
	maker   *logsMaker
	obs     *receiverhelper.ObsReport
	next    consumer.Logs
	changes []detect.Change
	flows   []flow.Record
}

func newFlowReceiver(set receiver.Settings, cfg *Config) (*flowReceiver, error) {
	t, err := newTelemetry(set)
	if err != nil {
		return nil, err
	}
	r := &flowReceiver{
		id: set.ID, cfg: cfg, logger: set.Logger, telemetry: t,
		resources: newResources(cfg, set.ID),
		flows:     flowQueue{limit: cfg.Flows.QueueSize},
		wake:      make(chan struct{}, 1),
	}
	return r, nil
}

func newObsReport(set receiver.Settings) (*receiverhelper.ObsReport, error) {
	return receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: set.ID, Transport: transport, LongLivedCtx: true, ReceiverCreateSettings: set,
	})
}

func (r *flowReceiver) addMetrics(set receiver.Settings, next consumer.Metrics) error {
	obs, err := newObsReport(set)
	if err != nil {
		return err
	}
	r.metrics = &metricsSink{maker: newMetricsMaker(r.cfg, set, r.resources), obs: obs, next: next}
	return nil
}

func (r *flowReceiver) addLogs(set receiver.Settings, next consumer.Logs) error {
	obs, err := newObsReport(set)
	if err != nil {
		return err
	}
	r.logs = &logsSink{maker: newLogsMaker(r.cfg, set, r.resources), obs: obs, next: next}
	return nil
}

// begin makes the engine: what is queued depends on which signals are wired.
func (r *flowReceiver) begin(now time.Time) error {
	cfg := greflow.Config{
		Exporters: parsePrefixes(r.cfg.Exporters),
		NetFlow:   r.cfg.Limits.netflow(), SFlow: r.cfg.Limits.sflow(),
		Detect: r.cfg.Detection.detect(&r.cfg.Limits),
		OnNote: r.note,
	}
	cfg.Detect.Gateways, cfg.Detect.Learn = r.cfg.gateways(), r.cfg.LearnGateways
	if r.logs != nil {
		cfg.MaxChanges = r.cfg.Limits.Events
		if r.cfg.Flows.Enabled {
			cfg.OnRecord = r.flows.add
		}
	}
	var err error
	if r.engine, err = greflow.New(cfg); err != nil {
		return err
	}
	if r.metrics != nil {
		r.metrics.maker.begin(now)
	}
	return nil
}

// Start implements [component.Component].
func (r *flowReceiver) Start(ctx context.Context, host component.Host) error {
	r.status.host = host
	now := time.Now()
	if err := r.begin(now); err != nil {
		return err
	}
	if err := r.templates.open(ctx, r, host, now); err != nil {
		return err
	}
	if err := r.sockets.open(ctx, r); err != nil {
		return errors.Join(err, r.templates.close(ctx))
	}
	if err := r.telemetry.observe(r); err != nil {
		return errors.Join(err, r.sockets.close(), r.templates.close(ctx))
	}

	loopCtx, stop := context.WithCancel(context.Background())
	pushCtx, stopPush := context.WithCancel(context.Background())
	r.stop, r.stopPush, r.done = stop, stopPush, make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { every(loopCtx, tickInterval, r.tick) })
	if r.metrics != nil {
		wg.Go(func() {
			every(loopCtx, r.cfg.CollectionInterval, func(now time.Time) { r.pushMetrics(pushCtx, now) })
		})
	}
	if r.logs != nil {
		wg.Go(func() { r.pushWhenWoken(loopCtx, pushCtx) })
	}
	if r.templates.client != nil {
		wg.Go(func() { every(loopCtx, r.cfg.SaveInterval, func(time.Time) { r.templates.save(pushCtx, r) }) })
	}
	go func() {
		wg.Wait()
		close(r.done)
	}()
	return nil
}

// Shutdown implements [component.Component]. It passes on the events that wait
// and saves the templates, unless ctx is done before.
func (r *flowReceiver) Shutdown(ctx context.Context) error {
	defer r.telemetry.shutdown()
	if r.stop == nil {
		return nil
	}
	defer r.stopPush()
	err := r.sockets.close()
	r.stop()
	select {
	case <-r.done:
	case <-ctx.Done():
		return errors.Join(err, fmt.Errorf("waiting for the pipelines: %w", ctx.Err()))
	}
	r.templates.save(ctx, r)
	return errors.Join(err, r.templates.close(ctx))
}

// every calls f each interval until ctx is done.
func every(ctx context.Context, interval time.Duration, f func(now time.Time)) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			f(now)
		}
	}
}

// ingest takes a datagram. It is called from the goroutines of all sockets.
func (r *flowReceiver) ingest(from netip.AddrPort, arrival time.Time, datagram []byte) {
	if err := r.engine.Ingest(from, arrival, datagram); err != nil {
		r.warn(from.Addr().Unmap(), greflow.Reason(err), arrival, err)
	}
}

// notes are what is said of exporters to whoever runs the collector.
var notes = map[flow.NoteKind]struct {
	reason string
	err    error
}{
	flow.NoteTemplateMissing: {"template_missing", errors.New("data came before its template, and waits for it: let the exporter send templates every minute, and give the receiver a storage")},
	flow.NoteLoss:            {"loss", errors.New("flow records are missing: see gre_flow_kernel_drops for those that were lost here, else look at the network")},
	flow.NoteRestart:         {"restart", errors.New("exporter has started again: its silence proves nothing for a while")},
}

// note takes what an exporter, or its silence, says of itself.
func (r *flowReceiver) note(n flow.Note) {
	if x, ok := notes[n.Kind]; ok {
		r.warn(n.Exporter.Addr, x.reason, time.Unix(0, n.Arrival), x.err)
	}
}

// warn logs one line a minute for each exporter and reason at most, and never
// what the datagram holds.
func (r *flowReceiver) warn(exporter netip.Addr, reason string, now time.Time, err error) {
	heldBack, ok := r.warnings.allow(exporter, reason, now)
	if !ok {
		return
	}
	r.logger.Warn("Flow export", zap.Stringer("exporter", exporter), zap.String("reason", reason),
		zap.Uint64("held_back", heldBack), zap.Error(err))
}

// tick evaluates, and has passed on what came of it.
func (r *flowReceiver) tick(now time.Time) {
	r.engine.Tick(now)
	err := r.sockets.check()
	if err != nil {
		if _, ok := r.warnings.allow(netip.Addr{}, "read", now); ok {
			r.logger.Warn("A socket cannot be read", zap.Error(err))
		}
	}
	r.status.set(faultSockets, err)
	select {
	case r.wake <- struct{}{}:
	default: // it is awake, and will look again
	}
}

// pushWhenWoken passes events on until ctx is done, and then those that are left.
func (r *flowReceiver) pushWhenWoken(ctx, pushCtx context.Context) {
	for {
		select {
		case <-r.wake:
			r.pushLogs(pushCtx, time.Now())
		case <-ctx.Done():
			r.pushLogs(pushCtx, time.Now())
			return
		}
	}
}

func (r *flowReceiver) pushMetrics(ctx context.Context, now time.Time) {
	k := r.metrics
	k.gateways = r.engine.Gateways(k.gateways[:0])
	md := k.maker.make(now, k.gateways)
	n := md.DataPointCount()
	if n == 0 {
		return
	}
	ctx = k.obs.StartMetricsOp(ctx)
	err := k.next.ConsumeMetrics(ctx, md)
	k.obs.EndMetricsOp(ctx, format, n, err)
	if err != nil {
		r.logger.Warn("The pipeline did not accept metrics", zap.Error(err))
	}
}

func (r *flowReceiver) pushLogs(ctx context.Context, now time.Time) {
	k := r.logs
	k.changes = r.engine.Changes(k.changes[:0])
	r.push(ctx, k.maker.changes(now, k.changes))
	k.flows = r.flows.take(k.flows)
	r.push(ctx, k.maker.flows(now, k.flows))
}

func (r *flowReceiver) push(ctx context.Context, ld plog.Logs) {
	n := ld.LogRecordCount()
	if n == 0 {
		return
	}
	k := r.logs
	ctx = k.obs.StartLogsOp(ctx)
	err := k.next.ConsumeLogs(ctx, ld)
	k.obs.EndLogsOp(ctx, format, n, err)
	if err != nil {
		r.logger.Warn("The pipeline did not accept events", zap.Int("events", n), zap.Error(err))
	}
}
