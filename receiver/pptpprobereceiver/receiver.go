package pptpprobereceiver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
)

// format and transport are what the collector's own metrics call our data.
const (
	format    = "pptp_probe"
	transport = "pptp"
)

// probeReceiver runs the sessions of one configuration and feeds all signals
// that are wired. Each target has at most one session at a time.
type probeReceiver struct {
	cfg       *Config
	pool      *probePool
	logger    *zap.Logger
	telemetry *telemetry
	random    func() uint64

	// Set before Start; nil if the signal is not wired.
	metrics *metricsSink
	logs    *logsSink
	traces  *tracesSink

	scheduler *scheduler
	host      component.Host
	stopPush  context.CancelFunc
	pushCtx   context.Context // of everything that is passed on; cancelled when Shutdown gives up or is done

	captures *pptpprobe.Captures // nil: off
	released chan struct{}       // closed when the probe has been given back
	faults   faults
	holds    holds
}

// metricsSink, logsSink and tracesSink are one wired signal each.
type metricsSink struct {
	maker *metricsMaker
	obs   *receiverhelper.ObsReport
	next  consumer.Metrics
}

type logsSink struct {
	maker *logsMaker
	obs   *receiverhelper.ObsReport
	next  consumer.Logs
}

type tracesSink struct {
	maker *tracesMaker
	obs   *receiverhelper.ObsReport
	next  consumer.Traces
}

// probeTarget is a target at run time, as one vantage sees it, or one address of
// its name.
type probeTarget struct {
	id              string // service.instance.id, which no other has
	probe           pptpprobe.Target
	where           string // host:port, with the name if it says more
	resource        pcommon.Resource
	includeUsername bool
	metrics         *targetMetrics
	rest            rest
}

func newProbeReceiver(set receiver.Settings, cfg *Config, pool *probePool) (*probeReceiver, error) {
	t, err := newTelemetry(set)
	if err != nil {
		return nil, err
	}
	return &probeReceiver{cfg: cfg, pool: pool, logger: set.Logger, telemetry: t, random: rand.Uint64}, nil
}

func newObsReport(set receiver.Settings) (*receiverhelper.ObsReport, error) {
	return receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: set.ID, Transport: transport, ReceiverCreateSettings: set,
	})
}

func (r *probeReceiver) addMetrics(set receiver.Settings, next consumer.Metrics) error {
	obs, err := newObsReport(set)
	if err != nil {
		return err
	}
	r.metrics = &metricsSink{maker: newMetricsMaker(r.cfg, set), obs: obs, next: next}
	return nil
}

func (r *probeReceiver) addLogs(set receiver.Settings, next consumer.Logs) error {
	obs, err := newObsReport(set)
	if err != nil {
		return err
	}
	r.logs = &logsSink{maker: newLogsMaker(r.cfg, set), obs: obs, next: next}
	return nil
}

func (r *probeReceiver) addTraces(set receiver.Settings, next consumer.Traces) error {
	obs, err := newObsReport(set)
	if err != nil {
		return err
	}
	r.traces = &tracesSink{maker: newTracesMaker(set), obs: obs, next: next}
	return nil
}

// Start implements [component.Component].
func (r *probeReceiver) Start(_ context.Context, host component.Host) error {
	r.host = host
	r.pushCtx, r.stopPush = context.WithCancel(context.Background())
	if r.metrics != nil {
		r.metrics.maker.begin(pcommon.NewTimestampFromTime(time.Now()))
	}
	if o := r.cfg.Capture.options(); o != nil {
		var err error
		if r.captures, err = pptpprobe.NewCaptures(*o); err != nil {
			return err
		}
	}
	probe, release := r.pool.acquire()
	jobs := make([]*job, 0, len(r.cfg.Targets))
	var held []*heldTarget
	for i := range r.cfg.Targets {
		c := &r.cfg.Targets[i]
		interval := c.interval(r.cfg)
		for _, from := range r.cfg.vantages() {
			t := r.newTarget(c, from, netip.Addr{})
			if t.probe.Hold != nil {
				held = append(held, r.newHeldTarget(t, &c.Session.Hold, interval))
				continue
			}
			run := func(ctx context.Context) { r.session(ctx, probe, t) }
			if c.Session.Addresses == allAddresses {
				g := &addressGroup{r: r, config: c, from: from, name: t, targets: make(map[netip.Addr]*probeTarget)}
				run = func(ctx context.Context) { g.sessions(ctx, probe) }
			}
			jobs = append(jobs, &job{
				host:     strings.ToLower(t.probe.Host),
				interval: interval,
				jitter:   jitterOf(interval, c.Session.longest(), r.cfg.Jitter),
				run:      run,
				rests:    t.rest.resting,
				repeat:   func(ctx context.Context) { r.repeat(ctx, t) },
			})
		}
	}
	s := newScheduler(jobs, r.cfg.MaxConcurrent, r.cfg.InitialDelay, schedulerHooks{
		started: r.telemetry.sessionStarted,
		skipped: r.telemetry.sessionSkipped,
	})
	if err := r.telemetry.observe(s, r.cfg.MaxConcurrent, len(jobs), probe); err != nil {
		return errors.Join(err, release())
	}
	r.released = make(chan struct{})
	r.scheduler = s
	s.start()
	r.holds.start(r, probe, held)
	go func() {
		// Given back only when no session uses it any more, which may be after a
		// Shutdown that could not wait.
		<-s.stopped()
		<-r.holds.done
		if err := release(); err != nil {
			r.logger.Warn("Closing the GRE socket", zap.Error(err))
		}
		close(r.released)
	}()
	r.logger.Info("Probing PPTP gateways", zap.Int("targets", len(jobs)), zap.Int("held", len(held)), zap.Duration("interval", r.cfg.CollectionInterval))
	return nil
}

// Shutdown implements [component.Component]. It ends the running sessions and
// waits for their teardown, unless ctx is done before.
func (r *probeReceiver) Shutdown(ctx context.Context) error {
	if r.scheduler == nil {
		r.telemetry.shutdown()
		return nil
	}
	r.holds.cancel()
	err := errors.Join(r.scheduler.stop(ctx), r.holds.wait(ctx))
	r.stopPush()
	r.telemetry.shutdown()
	if err != nil {
		return fmt.Errorf("waiting for the teardown of running sessions: %w", err)
	}
	<-r.released
	return nil
}

// newTarget prepares what does not change from session to session. address is that
// of one of several targets of a name.
func (r *probeReceiver) newTarget(c *TargetConfig, from VantageConfig, address netip.Addr) *probeTarget {
	t := &probeTarget{probe: c.target(), includeUsername: r.cfg.IncludeUsername}
	t.probe.Capture = r.captures
	if from.LocalAddress != "" {
		t.probe.LocalAddr = parseAddr(from.LocalAddress)
	}
	t.where = fmt.Sprintf("%s:%d", t.probe.Host, t.probe.Port)
	if t.probe.Name != t.probe.Host && t.probe.Name != t.where {
		t.where = t.probe.Name + " (" + t.where + ")"
	}
	t.id = t.probe.Name
	rb := metadata.NewResourceBuilder(r.cfg.Metrics.ResourceAttributes)
	rb.SetPptpGatewayID(c.gatewayID(t.probe.Host))
	rb.SetPptpTarget(t.probe.Name)
	if address.IsValid() {
		rb.SetNetworkPeerAddress(address.String())
		t.id += "/" + address.String()
	}
	if from.Name != "" {
		rb.SetPptpVantage(from.Name)
		t.id += "@" + from.Name
	}
	rb.SetServerAddress(t.probe.Host)
	rb.SetServerPort(int64(t.probe.Port))
	rb.SetNetworkProtocolNamePptp()
	rb.SetNetworkProtocolVersion("1.0")
	rb.SetNetworkTypeIpv4()
	rb.SetServiceName("pptp")
	rb.SetServiceInstanceID(t.id)
	t.resource = rb.Emit()
	if r.metrics != nil {
		t.metrics = newTargetMetrics()
		if t.probe.Hold != nil {
			t.metrics.held = &heldMetrics{lost: make(map[pptpprobe.Cause]int64)}
		}
	}
	return t
}

// jitterOf bounds the jitter so that two starts are never closer than a session
// can take.
func jitterOf(interval, longest time.Duration, share float64) time.Duration {
	return max(0, min(time.Duration(share*float64(interval)), interval-longest))
}

// session runs one session and reports it.
func (r *probeReceiver) session(ctx context.Context, probe prober, t *probeTarget) {
	res := probe.Run(ctx, t.probe)
	if ctx.Err() != nil && !res.OK() {
		// Ended by our Shutdown: that says nothing of the gateway.
		r.telemetry.sessionCancelled()
		return
	}
	md := r.ended(t, res, res.Failure != nil && res.Failure.RefusesCredentials())
	t.rest.begin(time.Now(), res.Failure, r.cfg.RejectedInterval, md)
}

// ended reports a session, as [probeReceiver.report] does.
func (r *probeReceiver) ended(t *probeTarget, res *pptpprobe.Result, keep bool) pmetric.Metrics {
	r.telemetry.sessionEnded(res.Duration, res.OK())
	r.faults.update(r, t.id, res)
	if res.CaptureErr != nil {
		r.logger.Warn("The packets of a failed session could not be kept", zap.String("target", t.id), zap.Error(res.CaptureErr))
	}
	return r.report(newSession(t, res, r.random), keep)
}

// report passes the session on to all wired signals. What one of them refuses
// does not keep it from the others, and does not stop the schedule: the next
// session brings the cumulative metrics again. It returns a copy of them if the
// caller wants to keep one.
func (r *probeReceiver) report(s *session, keep bool) (kept pmetric.Metrics) {
	if r.pushCtx.Err() != nil {
		return kept // Shutdown has given up on this session; what is downstream may be gone
	}
	if k := r.metrics; k != nil {
		md := k.maker.make(s, r.exemplar(s))
		if keep {
			kept = pmetric.NewMetrics()
			md.CopyTo(kept)
		}
		r.pushMetrics(s.target, md)
	}
	if k := r.logs; k != nil {
		r.pushLogs(s, k.maker.make(s))
	}
	if k := r.traces; k != nil {
		r.pushTraces(s, k.maker.make(s))
	}
	return kept
}

// exemplar joins metrics to the trace of s, if there will be one.
func (r *probeReceiver) exemplar(s *session) *exemplar {
	if r.traces == nil {
		return nil
	}
	return &exemplar{s.traceID, s.rootID}
}

func (r *probeReceiver) pushMetrics(t *probeTarget, md pmetric.Metrics) {
	k, n := r.metrics, md.DataPointCount()
	if n == 0 {
		return
	}
	ctx := k.obs.StartMetricsOp(r.pushCtx)
	err := k.next.ConsumeMetrics(ctx, md)
	k.obs.EndMetricsOp(ctx, format, n, err)
	r.refused("metrics", t, err)
}

func (r *probeReceiver) pushLogs(s *session, ld plog.Logs) {
	k, n := r.logs, ld.LogRecordCount()
	if n == 0 {
		return
	}
	ctx := k.obs.StartLogsOp(r.pushCtx)
	err := k.next.ConsumeLogs(ctx, ld)
	k.obs.EndLogsOp(ctx, format, n, err)
	r.refused("logs", s.target, err)
}

func (r *probeReceiver) pushTraces(s *session, td ptrace.Traces) {
	k, n := r.traces, td.SpanCount()
	ctx := k.obs.StartTracesOp(r.pushCtx)
	err := k.next.ConsumeTraces(ctx, td)
	k.obs.EndTracesOp(ctx, format, n, err)
	r.refused("traces", s.target, err)
}

func (r *probeReceiver) refused(signal string, t *probeTarget, err error) {
	if err != nil {
		r.logger.Warn("The pipeline did not accept a session", zap.String("signal", signal),
			zap.String("target", t.probe.Name), zap.Error(err))
	}
}
