package snmppppreceiver

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/otelcol-pptp/otelcol-pptp/internal/polling"
)

// format and transport are what the collector's own metrics call our data.
const (
	format    = "snmp_ppp"
	transport = "snmp"
)

// noneAnswers is what to look at when no agent does.
const noneAnswers = "agents answers; look at the network of this host, and at the credentials"

// snmpReceiver polls the agents of one configuration and feeds all signals that
// are wired.
type snmpReceiver struct {
	id        component.ID
	cfg       *Config
	dial      dialer
	logger    *zap.Logger
	telemetry *telemetry
	status    *polling.Status
	tell      *teller

	// Set before Start; nil if the signal is not wired.
	metrics *metricsSink
	logs    *logsSink

	stop     context.CancelFunc // ends the polls; nil before Start
	stopPush context.CancelFunc // ends what is being passed on
	pushCtx  context.Context
	done     chan struct{} // closed when all polls have ended
}

// metricsSink and logsSink are one wired signal each.
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

func newSNMPReceiver(set receiver.Settings, cfg *Config, dial dialer) (*snmpReceiver, error) {
	t, err := newTelemetry(set)
	if err != nil {
		return nil, err
	}
	return &snmpReceiver{id: set.ID, cfg: cfg, dial: dial, logger: set.Logger, telemetry: t, tell: newTeller(cfg)}, nil
}

func newObsReport(set receiver.Settings) (*receiverhelper.ObsReport, error) {
	return receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: set.ID, Transport: transport, ReceiverCreateSettings: set,
	})
}

func (r *snmpReceiver) addMetrics(set receiver.Settings, next consumer.Metrics) error {
	obs, err := newObsReport(set)
	if err != nil {
		return err
	}
	r.metrics = &metricsSink{maker: newMetricsMaker(r.cfg, set, r.tell, r.telemetry), obs: obs, next: next}
	return nil
}

func (r *snmpReceiver) addLogs(set receiver.Settings, next consumer.Logs) error {
	obs, err := newObsReport(set)
	if err != nil {
		return err
	}
	r.logs = &logsSink{maker: newLogsMaker(r.cfg, set, r.tell, r.telemetry), obs: obs, next: next}
	return nil
}

// Start implements [component.Component].
func (r *snmpReceiver) Start(_ context.Context, host component.Host) error {
	profiles, err := r.cfg.profileSet()
	if err != nil {
		return err
	}
	start := time.Now()
	jobs := make([]polling.Job, 0, len(r.cfg.Agents))
	for i := range r.cfg.Agents {
		c := &r.cfg.Agents[i]
		a, err := r.newAgent(c, profiles, start)
		if err != nil {
			return err
		}
		jobs = append(jobs, polling.Job{
			Interval: c.interval(r.cfg),
			Run:      func(ctx context.Context, late time.Duration) { r.poll(ctx, a, late) },
		})
	}
	s := polling.New(polling.Config{
		Delay: r.cfg.InitialDelay, Jitter: r.cfg.Jitter, MaxConcurrent: r.cfg.MaxConcurrent, Skipped: r.telemetry.pollsSkipped,
	}, jobs)
	r.status = polling.NewStatus(host, len(jobs), noneAnswers)
	if err := r.telemetry.observe(r, s); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	r.pushCtx, r.stopPush = context.WithCancel(context.Background())
	r.stop, r.done = stop, make(chan struct{})
	go func() {
		defer close(r.done)
		s.Run(ctx)
	}()
	r.logger.Info("Polling SNMP agents", zap.Int("agents", len(jobs)), zap.Duration("interval", r.cfg.CollectionInterval))
	return nil
}

// Shutdown implements [component.Component]. It ends the running polls, whose
// results are not reported, and waits for them unless ctx is done before.
func (r *snmpReceiver) Shutdown(ctx context.Context) error {
	defer r.telemetry.shutdown()
	if r.stop == nil {
		return nil
	}
	r.stop()
	defer r.stopPush()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the end of running polls: %w", ctx.Err())
	}
}

// poll polls an agent and reports what it says.
func (r *snmpReceiver) poll(ctx context.Context, a *agent, late time.Duration) {
	r.telemetry.pollStarted(late)
	res := result{start: time.Now()}
	res.snapshot, res.err = a.poller.Poll(ctx)
	res.stats = a.poller.Stats()
	res.duration = time.Since(res.start)
	if ctx.Err() != nil {
		return // ended by our Shutdown: that says nothing of the agent
	}
	if res.snapshot != nil {
		res.delta = a.tracker.Observe(res.snapshot)
	}
	r.telemetry.pollEnded(&res)
	r.status.Update(a.name, res.err)
	r.report(a, &res)
}

// report passes a result on to all wired signals. What one of them refuses does
// not keep it from the other, and does not stop the schedule: the next poll brings
// the cumulative metrics again.
func (r *snmpReceiver) report(a *agent, res *result) {
	if s := res.snapshot; s != nil {
		a.answered = s.Agent
		a.daemons.update(a, s)
	}
	if k := r.metrics; k != nil {
		r.pushMetrics(a, k.maker.make(a, res))
	}
	if k := r.logs; k != nil {
		r.pushLogs(a, res)
	}
}

func (r *snmpReceiver) pushMetrics(a *agent, md pmetric.Metrics) {
	k, n := r.metrics, md.DataPointCount()
	if n == 0 {
		return
	}
	ctx := k.obs.StartMetricsOp(r.pushCtx)
	err := k.next.ConsumeMetrics(ctx, md)
	k.obs.EndMetricsOp(ctx, format, n, err)
	r.refused("metrics", a, err)
}

func (r *snmpReceiver) pushLogs(a *agent, res *result) {
	k := r.logs
	ld, dropped := k.maker.make(a, res)
	if dropped > 0 {
		r.logger.Warn("More happened in one poll than max_events: not all of it is reported",
			zap.String("agent", a.name), zap.Int("dropped", dropped))
	}
	n := ld.LogRecordCount()
	if n == 0 {
		return
	}
	ctx := k.obs.StartLogsOp(r.pushCtx)
	err := k.next.ConsumeLogs(ctx, ld)
	k.obs.EndLogsOp(ctx, format, n, err)
	r.refused("logs", a, err)
}

func (r *snmpReceiver) refused(signal string, a *agent, err error) {
	if err != nil {
		r.logger.Warn("The pipeline did not accept the result of a poll", zap.String("signal", signal),
			zap.String("agent", a.name), zap.Error(err))
	}
}
