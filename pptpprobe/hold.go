package pptpprobe

import (
	"errors"
	"fmt"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// Hold asks for a session that, once it has reached its depth, is kept up and
// watched until the context of [Probe.Run] ends, which is no failure, or until
// it is lost, which is one. Zero values take the defaults.
type Hold struct {
	// EchoInterval is the time from one LCP Echo-Request to the next; 0 is 15 s.
	// Up to 20 s it keeps the state of GRE in firewalls alive, which without a
	// PPTP helper forget after 30 s.
	EchoInterval time.Duration
	// EchoFailure is how many LCP echoes in a row may go unanswered; 0 is 3.
	EchoFailure int
	// ControlEcho is the silence on the control connection after which it is sent
	// an Echo-Request, which has 60 s for its answer; 0 is 60 s (RFC 2637 section 3.1.4).
	ControlEcho time.Duration
	// CheckInterval is the time from one round of the target's Checks to the next,
	// at DepthApplication; 0 is 60 s. A check that fails is reported, and does not
	// end the session.
	CheckInterval time.Duration
	// ReportInterval is the time from one HoldStatus to the next; 0 is 60 s.
	ReportInterval time.Duration
	// DegradedLoss, a share, and DegradedRTT, the mean of the LCP echoes, are
	// compared with each report interval: above, the session is degraded. 0 is never.
	DegradedLoss float64
	DegradedRTT  time.Duration
	// Report is told what happens, on the goroutine that called Run: while it runs
	// the session stands still. What it gets is its own. Nil: nobody is told.
	Report func(HoldReport)
}

// The defaults of a [Hold].
const (
	defaultEchoInterval = 15 * time.Second
	defaultEchoFailure  = 3
	defaultControlEcho  = time.Minute
	defaultHoldInterval = time.Minute
)

func (h Hold) validate(d Depth) error {
	var errs []error
	if d != DepthNetwork && d != DepthApplication {
		errs = append(errs, fmt.Errorf("hold: depth %s has no session to hold; use network or application", d))
	}
	if h.EchoInterval < 0 || h.ControlEcho < 0 || h.CheckInterval < 0 || h.ReportInterval < 0 || h.DegradedRTT < 0 || h.EchoFailure < 0 {
		errs = append(errs, errors.New("hold: intervals, echo failure and degraded RTT must not be negative"))
	}
	if !(h.DegradedLoss >= 0 && h.DegradedLoss <= 1) {
		errs = append(errs, fmt.Errorf("hold: degraded loss %g is not a share; use 0 to 1", h.DegradedLoss))
	}
	return errors.Join(errs...)
}

// withDefaults returns a copy that is complete.
func (h Hold) withDefaults() *Hold {
	for _, d := range []struct {
		v   *time.Duration
		def time.Duration
	}{
		{&h.EchoInterval, defaultEchoInterval}, {&h.ControlEcho, defaultControlEcho},
		{&h.CheckInterval, defaultHoldInterval}, {&h.ReportInterval, defaultHoldInterval},
	} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	if h.EchoFailure == 0 {
		h.EchoFailure = defaultEchoFailure
	}
	return &h
}

// HoldKind says what a [HoldReport] is about.
type HoldKind string

// What is reported of a held session.
const (
	HoldEstablished     HoldKind = "established"     // Session
	HoldRenegotiated    HoldKind = "renegotiated"    // the gateway negotiated Detail anew: "lcp" and all above it, "ccp" or "ipcp"
	HoldReauthenticated HoldKind = "reauthenticated" // the gateway asked again who we are, and was content
	HoldDegraded        HoldKind = "degraded"        // Status and Detail; once, until HoldRecovered
	HoldRecovered       HoldKind = "recovered"       // Status
	HoldChecked         HoldKind = "checked"         // Checks
	HoldStatusReport    HoldKind = "status"          // Status, once each ReportInterval
	HoldLost            HoldKind = "lost"            // Failure, and the Status since the last one
)

// HoldReport is one thing that happened to a held session.
type HoldReport struct {
	At     time.Time
	Kind   HoldKind
	Detail string
	// Session is a copy of the result so far, with HoldEstablished.
	Session *Result
	Status  HoldStatus
	Checks  []CheckResult
	Failure *Failure
}

// HoldStatus is how the session did from Since to the time of its report.
type HoldStatus struct {
	Since time.Time
	// GRE are the counters of this time alone. Of AckRTT, only Count and Sum are;
	// the first and last arrivals are those of the whole session.
	GRE gre.Stats
	// PPP are the counters of the session from its beginning.
	PPP ppp.Stats
	// EchoSent are the LCP Echo-Requests whose fate is known, EchoLost those of
	// them without a reply.
	EchoSent, EchoLost uint64
	// LCPEcho and ControlEcho are the round trips of this time, and the slices the
	// last 64 of them each.
	LCPEcho, ControlEcho         gre.RTT
	LCPEchoRTTs, ControlEchoRTTs []time.Duration
}

// Loss is the share of packets lost, 0..1. An echo may be lost on its way out,
// which nothing else tells, or its reply on the way back, which is a gap in the
// gateway's numbers as well and is counted once.
func (s *HoldStatus) Loss() float64 {
	lost := max(s.GRE.RxLost, s.EchoLost)
	if lost == 0 {
		return 0
	}
	return float64(lost) / float64(s.GRE.Rx.Packets+lost)
}

// HoldResult sums up a held session. It is of constant size, however long the
// session was.
type HoldResult struct {
	Established time.Time
	// Renegotiated, Reauthenticated and Degraded count these events, Checks the
	// rounds of checks, ChecksFailed the checks in them that failed.
	Renegotiated, Reauthenticated, Degraded int
	Checks, ChecksFailed                    int
	// EchoSent, EchoLost, LCPEcho and ControlEcho are as in [HoldStatus], of the whole time.
	EchoSent, EchoLost   uint64
	LCPEcho, ControlEcho gre.RTT
}

// errHoldOver stands in for a failure when the caller ends a held session.
var errHoldOver = &Failure{Stage: StageHold}

// maxHoldQueue bounds the reports of what a gateway does that wait.
const maxHoldQueue = 16

// holder is what a session knows only when it is held.
type holder struct {
	cfg    *Hold
	sum    *HoldResult
	active bool // the session has reached its depth
	queue  []HoldReport
	told   time.Time // by how much reports are ahead of one a second

	nextReport, nextCheck time.Time
	degraded              bool

	// The report interval so far, and the counters at its beginning.
	since               time.Time
	greBase             gre.Stats
	sentBase, replyBase uint64
	sentAtReply         uint64 // LCP echoes that had been sent when the last reply came
	lcp, ctl            gre.RTT

	restoreBy    time.Time // until when a negotiation must be over; zero: none is in progress
	rechallenged bool
	silent       time.Time // when LCP echoes were given up, and control was asked; zero: not
	controlGone  time.Time // when the control connection ended
	cdn          *Failure  // the gateway's Call-Disconnect-Notify
}

// holding says whether the session is up and kept.
func (s *session) holding() bool { return s.held != nil && s.held.active }

// hold keeps the session until the context ends or it is lost. What it does while
// nothing happens has a small stack frame, which lives as long as the session; so
// the functions with large ones are not inlined.
func (s *session) hold() {
	s.beginHold()
	for s.fail == nil {
		s.pump(time.Until(s.held.due(s.t)), func() bool { return len(s.held.queue) > 0 })
		s.holdOn()
	}
	s.endHold()
}

//go:noinline
func (s *session) beginHold() {
	h, now := s.held, time.Now()
	s.ctx = s.parent // the time-out of the target was for the way here
	h.active = true
	h.sum = &HoldResult{Established: now}
	s.res.Hold = h.sum
	s.stages.begin(StageHold, now)
	h.nextReport, h.nextCheck = now.Add(h.cfg.ReportInterval), now.Add(h.cfg.CheckInterval)
	s.beginPeriod(now)
	s.link.Echo(now) // the first round trip need not wait for the interval
	h.report(HoldReport{At: now, Kind: HoldEstablished, Session: s.snapshot(now)})
}

// holdOn does what is due, after something has happened or its time has come.
//
//go:noinline
func (s *session) holdOn() {
	h, now := s.held, time.Now()
	for len(h.queue) > 0 {
		r := h.queue[0]
		h.queue = h.queue[:copy(h.queue, h.queue[1:])]
		h.report(r)
	}
	switch {
	case s.fail != nil:
	case s.seen.dead && s.seen.pending == nil:
		s.failWith(StageHold, CausePPPTerminatedByPeer, "the PPP link ended", nil)
	case !h.restoreBy.IsZero() && !now.Before(h.restoreBy):
		s.failRestore()
	case !now.Before(h.nextReport):
		s.status(now)
	case s.t.Depth == DepthApplication && !now.Before(h.nextCheck):
		s.repeatChecks()
	}
}

//go:noinline
func (s *session) endHold() {
	h, now := s.held, time.Now()
	if s.fail == errHoldOver {
		s.fail = nil
		s.sumPeriod()
		s.stages.done(now)
		return
	}
	s.fail = s.lossOf(now, s.fail)
	s.fail.Stage = StageHold
	f := *s.fail
	h.report(HoldReport{At: now, Kind: HoldLost, Detail: f.Detail, Status: s.sumPeriod(), Failure: &f})
}

// due is when hold has something to do by itself.
func (h *holder) due(t *Target) time.Time {
	next := h.nextReport
	if t.Depth == DepthApplication {
		next = earliest(next, h.nextCheck)
	}
	if !h.restoreBy.IsZero() {
		next = earliest(next, h.restoreBy)
	}
	return next
}

func (h *holder) report(r HoldReport) {
	if h.cfg.Report != nil {
		h.cfg.Report(r)
	}
}

// later queues a report of an event that is being worked on. A gateway can cause
// these at will: beyond maxHoldQueue at once and one a second, they are only counted.
func (h *holder) later(r HoldReport) {
	if full := r.At.Add(-maxHoldQueue * time.Second); h.told.Before(full) {
		h.told = full
	}
	if next := h.told.Add(time.Second); !next.After(r.At) {
		h.told = next
		h.queue = append(h.queue, r)
	}
}

// snapshot is a copy of the result so far, which the session does not touch again.
func (s *session) snapshot(now time.Time) *Result {
	r := *s.res
	r.Duration = now.Sub(r.Start)
	r.Negotiated = s.link.Negotiated()
	r.GRE, r.PPP = s.gre.Stats(), s.link.Stats()
	r.Stages = append([]StageResult(nil), r.Stages[:len(r.Stages)-1]...) // without the hold that has just begun
	r.Warnings = append([]Warning(nil), r.Warnings...)
	r.Checks = append([]CheckResult(nil), r.Checks...)
	r.ICMPErrors = append([]ICMPError(nil), r.ICMPErrors...)
	r.ControlEchoRTTs = append([]time.Duration(nil), r.ControlEchoRTTs...)
	r.LCPEchoRTTs = append([]time.Duration(nil), r.LCPEchoRTTs...)
	r.Hold = nil
	return &r
}
