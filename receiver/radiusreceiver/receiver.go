package radiusreceiver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"

	"github.com/otelcol-pptp/otelcol-pptp/internal/polling"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/freeradius"
)

// checker is the part of [radiuscheck.Checker] that the receiver uses.
type checker interface {
	Round(ctx context.Context) ([]radiuscheck.Result, error)
	Statistics(ctx context.Context) (*freeradius.Statistics, error)
	Resting(now time.Time) bool
	Close()
}

// dialer makes a checker.
type dialer func(radiuscheck.Config) (checker, error)

func newChecker(c radiuscheck.Config) (checker, error) { return radiuscheck.New(c) }

// nonePasses is what to look at when no server does.
const nonePasses = "servers passes; look at the network of this host, at the secret and at the account"

// radiusReceiver checks the servers of one configuration, and listens to accounting.
type radiusReceiver struct {
	id        component.ID
	cfg       *Config
	dial      dialer
	logger    *zap.Logger
	telemetry *telemetry
	out       outlet
	random    func() uint64
	jitter    func() float64 // in [0,1)

	servers    []*server
	accounting *accountant // nil: there is no listener
	schedule   *polling.Schedule
	status     *polling.Status
	stop       context.CancelFunc // nil before Start
	stopPush   context.CancelFunc
	done       chan struct{} // closed when all rounds have ended
}

func newRadiusReceiver(set receiver.Settings, cfg *Config, dial dialer) (*radiusReceiver, error) {
	t, err := newTelemetry(set)
	if err != nil {
		return nil, err
	}
	return &radiusReceiver{
		id: set.ID, cfg: cfg, dial: dial, logger: set.Logger, telemetry: t, out: outlet{cfg: cfg, logger: set.Logger},
		random: rand.Uint64, jitter: rand.Float64,
	}, nil
}

// Start implements [component.Component].
func (r *radiusReceiver) Start(ctx context.Context, host component.Host) error {
	start := time.Now()
	r.out.ctx, r.stopPush = context.WithCancel(context.Background())
	jobs := make([]polling.Job, 0, len(r.cfg.Servers))
	for i := range r.cfg.Servers {
		s, err := r.newServer(&r.cfg.Servers[i], start)
		if err != nil {
			return err
		}
		r.servers = append(r.servers, s)
		jobs = append(jobs, polling.Job{
			Interval: s.interval, Longest: s.cfg.Longest() + s.cfg.Spare,
			Run: func(ctx context.Context, late time.Duration) { r.round(ctx, s, late) },
		})
	}
	r.schedule = polling.New(polling.Config{
		Delay: r.cfg.InitialDelay, Jitter: r.cfg.Jitter, MaxConcurrent: r.cfg.MaxConcurrent, Skipped: r.telemetry.skipped, Random: r.jitter,
	}, jobs)
	r.status = polling.NewStatus(host, len(jobs), nonePasses)
	if r.cfg.Accounting.Endpoint != "" {
		a, err := r.newAccountant(ctx, start)
		if err != nil {
			return err
		}
		r.accounting = a
	}
	if err := r.telemetry.observe(r); err != nil {
		return errors.Join(err, r.accounting.close())
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop, r.done = stop, make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		r.schedule.Run(ctx)
		for _, s := range r.servers {
			s.checker.Close()
		}
	})
	if r.accounting != nil {
		running.Go(func() { r.accounting.run(ctx) })
	}
	go func() {
		running.Wait()
		close(r.done)
	}()
	r.logger.Info("Checking RADIUS servers", zap.Int("servers", len(r.servers)), zap.Bool("accounting", r.accounting != nil),
		zap.Duration("interval", r.cfg.CollectionInterval))
	return nil
}

// Shutdown implements [component.Component]. It ends the running rounds, which are not
// reported, and waits for them unless ctx is done before.
func (r *radiusReceiver) Shutdown(ctx context.Context) error {
	defer r.telemetry.shutdown()
	if r.stop == nil {
		return nil
	}
	err := r.accounting.close() // no event after this
	r.stop()
	defer r.stopPush()
	select {
	case <-r.done:
		return err
	case <-ctx.Done():
		return errors.Join(err, fmt.Errorf("waiting for the end of running checks: %w", ctx.Err()))
	}
}

// round checks a server once, and reports it.
func (r *radiusReceiver) round(ctx context.Context, s *server, late time.Duration) {
	r.telemetry.started(late)
	begin := time.Now()
	results, err := s.checker.Round(ctx)
	now := &finding{results: results}
	if err == nil && s.cfg.StatusPort != 0 {
		now.statistics, now.statisticsErr = s.checker.Statistics(ctx)
	}
	switch {
	case ctx.Err() != nil:
		r.telemetry.cancelled() // ended by our Shutdown: that says nothing of the server
		return
	case err != nil:
		r.logger.Error("A server could not be asked", zap.String("server", s.name), zap.Error(err))
		r.status.Update(s.name, err)
		return
	}
	now.at = time.Now()
	s.resting.Store(s.checker.Resting(now.at))
	r.telemetry.ended(now.at.Sub(begin), results)
	if known, err := now.outcome(); known {
		r.status.Update(s.name, err)
	}
	r.report(s, now)
}

// report passes a finding on to all wired signals.
func (r *radiusReceiver) report(s *server, f *finding) {
	told := s.add(f, r.random)
	if m := r.out.metrics; m != nil {
		r.out.pushMetrics(m.server(s, f, r.out.traces != nil))
	}
	if m := r.out.logs; m != nil {
		r.out.pushLogs(m.server(s, f, told))
	}
	if m := r.out.traces; m != nil {
		r.out.pushTraces(m.server(s, told))
	}
}

// timestamp is that of pdata.
func timestamp(t time.Time) pcommon.Timestamp { return pcommon.NewTimestampFromTime(t) }
