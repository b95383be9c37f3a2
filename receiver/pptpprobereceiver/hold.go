package pptpprobereceiver

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// holdQueue is how many reports of held sessions may wait for the pipelines.
const holdQueue = 1024

// rejectedPause is the least time between two logins with credentials that the
// gateway has refused.
const rejectedPause = 5 * time.Minute

// holds runs the held targets of a receiver. What their sessions report waits in
// a queue, because a session stands still while it reports; one goroutine empties it.
type holds struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when all sessions have ended and been reported
	queue  chan func()
	pauses hostPauses
}

// start begins; it must be called once.
func (h *holds) start(r *probeReceiver, probe prober, targets []*heldTarget) {
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel, h.done, h.queue = cancel, make(chan struct{}), make(chan func(), holdQueue)
	h.pauses.last = make(map[string]time.Time)
	var running sync.WaitGroup
	for i, t := range targets {
		first := time.Now().Add(r.cfg.InitialDelay + time.Duration(i)*min(hostPause, t.interval/time.Duration(len(targets))))
		running.Go(func() { t.run(ctx, probe, first) })
	}
	go func() {
		running.Wait()
		close(h.queue)
	}()
	go func() {
		defer close(h.done)
		for report := range h.queue {
			report()
		}
	}()
}

// wait waits until everything has ended, or ctx has.
func (h *holds) wait(ctx context.Context) error {
	select {
	case <-h.done:
		return nil
	case <-ctx.Done():
	}
	select { // both may have been ready
	case <-h.done:
		return nil
	default:
		return ctx.Err()
	}
}

// hostPauses keeps the starts at one host hostPause apart.
type hostPauses struct {
	mu   sync.Mutex
	last map[string]time.Time // last start by host, or the one that was promised; bounded by the hosts
}

// wait waits for a turn at host, not before first.
func (p *hostPauses) wait(ctx context.Context, host string, first time.Time) error {
	p.mu.Lock()
	at := time.Now()
	if at.Before(first) {
		at = first
	}
	if last, ok := p.last[host]; ok && at.Before(last.Add(hostPause)) {
		at = last.Add(hostPause)
	}
	p.last[host] = at
	p.mu.Unlock()
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// heldTarget is a target whose session is kept up. All but run belongs to the
// goroutine that empties the queue.
type heldTarget struct {
	*probeTarget
	r        *probeReceiver
	cfg      *HoldConfig
	interval time.Duration

	session *session        // that is up; nil: none
	ppp     ppp.Stats       // what of its counters has been reported
	failing map[string]bool // checks that failed in the last round
	warned  int             // warnings that have been reported
}

func (r *probeReceiver) newHeldTarget(t *probeTarget, cfg *HoldConfig, interval time.Duration) *heldTarget {
	h := &heldTarget{probeTarget: t, r: r, cfg: cfg, interval: interval, failing: make(map[string]bool)}
	t.probe.Hold.Report = h.report
	return h
}

// run keeps the session up until ctx ends.
func (h *heldTarget) run(ctx context.Context, probe prober, first time.Time) {
	host := strings.ToLower(h.probe.Host)
	runner := &pptpprobe.Runner{
		Run: probe.Run, Target: h.probe, BackoffMin: h.cfg.BackoffMin, BackoffMax: h.cfg.BackoffMax,
		Rejected: max(rejectedPause, h.interval),
		Before: func(ctx context.Context) error {
			err := h.r.holds.pauses.wait(ctx, host, first)
			if err == nil {
				h.r.telemetry.sessionStarted(0)
			}
			return err
		},
		Ended: func(res *pptpprobe.Result, next time.Time) {
			h.r.holds.queue <- func() { h.ended(res, next) }
		},
	}
	if err := runner.Loop(ctx); err != nil && ctx.Err() == nil {
		h.r.logger.Error("Cannot hold a session", zap.String("target", h.probe.Name), zap.Error(err))
	}
}

// report passes on what a session says. What finds no room is left out, so that
// slow pipelines do not hold up the session: the next status brings the cumulative
// values. The session's begin and end wait, since then nothing is held up.
func (h *heldTarget) report(rep pptpprobe.HoldReport) {
	job := func() { h.handle(&rep) }
	if rep.Kind == pptpprobe.HoldEstablished || rep.Kind == pptpprobe.HoldLost {
		h.r.holds.queue <- job
		return
	}
	select {
	case h.r.holds.queue <- job:
	default:
		h.r.logger.Warn("The pipelines are too slow for the reports of held sessions",
			zap.String("target", h.probe.Name), zap.String("report", string(rep.Kind)))
	}
}

// handle takes one report, in order.
func (h *heldTarget) handle(rep *pptpprobe.HoldReport) {
	if rep.Kind == pptpprobe.HoldEstablished {
		h.established(rep)
		return
	}
	if h.session == nil || h.r.pushCtx.Err() != nil {
		return
	}
	switch rep.Kind {
	case pptpprobe.HoldStatusReport:
		h.addStatus(&rep.Status)
		h.emit(h.at(rep.At, &rep.Status, nil))
	case pptpprobe.HoldLost:
		h.addStatus(&rep.Status) // the end follows
	case pptpprobe.HoldChecked:
		h.checked(rep)
	case pptpprobe.HoldDegraded, pptpprobe.HoldRecovered, pptpprobe.HoldRenegotiated, pptpprobe.HoldReauthenticated:
		h.tell(h.session.holdEvent(rep, h.probe.Hold))
	}
}

// established reports the way to the depth, which is over.
func (h *heldTarget) established(rep *pptpprobe.HoldReport) {
	s := newSession(h.probeTarget, rep.Session, h.r.random)
	s.part = setUp
	h.session, h.ppp, h.warned = s, rep.Session.PPP, len(rep.Session.Warnings)
	h.setActive(true)
	h.r.faults.update(h.r, h.id, rep.Session)
	h.r.report(s, false)
}

// ended reports the end of a session; next is when the next one begins.
func (h *heldTarget) ended(res *pptpprobe.Result, next time.Time) {
	if h.session == nil && next.IsZero() && !res.OK() {
		h.r.telemetry.sessionCancelled() // by our Shutdown, on the way up
		return
	}
	if h.session == nil { // it has never been up
		h.r.ended(h.probeTarget, res, false)
		return
	}
	h.r.telemetry.sessionEnded(res.Duration, res.OK())
	h.r.faults.update(h.r, h.id, res)
	s := newSession(h.probeTarget, res, h.r.random)
	s.endOf(h.session, h.warned, next)
	h.session = nil
	h.setActive(false)
	if h.r.pushCtx.Err() != nil {
		return
	}
	if h.metrics != nil {
		h.metrics.addEnd(s)
	}
	h.emit(s)
	if k := h.r.logs; k != nil {
		h.r.pushLogs(s, k.maker.make(s))
	}
	if k := h.r.traces; k != nil {
		h.r.pushTraces(s, k.maker.make(s))
	}
}

// checked reports a round of checks, and the checks that begin to fail.
func (h *heldTarget) checked(rep *pptpprobe.HoldReport) {
	if h.metrics != nil {
		for i := range rep.Checks {
			h.metrics.observeCheck(&rep.Checks[i])
		}
	}
	h.emit(h.at(rep.At, nil, rep.Checks))
	for i := range rep.Checks {
		c := &rep.Checks[i]
		if c.Failure != nil && !h.failing[c.Check.Name] {
			h.tell(h.session.checkEvent(rep.At, c))
		}
		h.failing[c.Check.Name] = c.Failure != nil
	}
}

// at is the session as it is at a time, with what is known of the interval before.
func (h *heldTarget) at(now time.Time, st *pptpprobe.HoldStatus, checks []pptpprobe.CheckResult) *session {
	s, r := *h.session, *h.session.result
	r.Duration, r.Checks = now.Sub(r.Start), checks
	r.GRE = greOf(st)
	s.result = &r
	return &s
}

func (h *heldTarget) emit(s *session) {
	if k := h.r.metrics; k != nil {
		h.r.pushMetrics(s.target, k.maker.emit(s, h.r.exemplar(s)))
	}
}

func (h *heldTarget) tell(e event) {
	if k := h.r.logs; k != nil {
		h.r.pushLogs(h.session, k.maker.render(h.session, []event{e}))
	}
}
