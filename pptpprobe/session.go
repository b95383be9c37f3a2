package pptpprobe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/internal/tunnel"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe/internal/capture"
)

const (
	inboxLen = 128 // packets of the server that wait for the session
	quietLen = 32  // the same where no traffic but PPP's own is expected
	outboxIP = 64  // packets of the IP stack that wait for the session
	maxEarly = 16  // packets kept until the call is connected
)

// session is one run. All of its state machines are driven by the goroutine
// that called Run, in pump; other goroutines only put things into its channels.
type session struct {
	p   *Probe
	t   *Target // that of res
	res *Result

	peer netip.Addr // which address of the name to use; zero: the first

	stages stageClock
	ctrl   *control.Client
	link   *ppp.Link
	gre    *gre.Endpoint
	sock   greSocket
	conn   net.Conn
	rec    *capture.Recorder // nil: off
	tun    *tunnel.Tunnel
	echoes *EchoResult // of the check that runs, if it is one of these

	inbox  chan *input
	early  []*input // packets that overtook the Outgoing-Call-Reply
	tcpIn  chan tcpChunk
	ipOut  chan *input
	wake   chan struct{}
	jobs   chan func(now time.Time) // run by the session's goroutine
	timer  *time.Timer
	strays strays
	// peerCall and heldAddr are read by the registry, which writes onTap.
	peerCall atomic.Uint32
	heldAddr atomic.Pointer[netip.Addr]
	onTap    atomic.Uint32 // packets that were seen on the wire, while it was watched

	held     *holder // nil: not to be held
	serial   uint64  // of this probe's sessions
	loggedIn time.Time

	seen       seen
	registered bool
	fail       *Failure
	sendBuf    []byte
	ctx        context.Context // of one run; every stage needs it
	parent     context.Context // the caller's, without the time-out
}

// seen is what the state machines reported so far, on which the steps wait and
// from which failures are told.
type seen struct {
	sccrp, ocrp bool
	gre         bool // any GRE packet of the server for this call
	firstFrame  bool // a GRE data packet of the server was accepted

	lcpUp, authUp, authNone bool
	authGivenUp             string // methods the server asked for before it opened LCP without
	authChallenges          int
	ccpDone, ccpUp, ipcpUp  bool
	dead                    bool       // PPP is finished
	terminated              *ppp.Event // the server's first Terminate-Request

	cdn, stopReply, termAck bool
	tcpEnd                  error // how the control connection ended, nil while it lives

	sendErr   error
	sendErrs  int // in a row
	icmpCount int
	icmpFirst time.Time
	icmpLast  *ICMPError

	pending      *Failure // a failure that waits for a better explanation
	pendingUntil time.Time
}

type tcpChunk struct {
	data []byte
	err  error
}

// newSession takes the target by reference, and is not inlined: copies of it on the
// stack of [Probe.Run] would stay there for as long as the session lives.
//
//go:noinline
func newSession(p *Probe, t *Target) *session {
	res := &Result{Target: t.withDefaults(), Start: time.Now(), Stages: make([]StageResult, 0, len(stageOrder))}
	s := &session{p: p, t: &res.Target, res: res}
	s.stages.res = s.res
	s.serial = p.serials.Add(1)
	if s.t.Hold != nil {
		s.held = &holder{cfg: s.t.Hold}
	}
	return s
}

// run takes the session through its stages, as far as the target wants and the
// gateway lets it, and tears it down.
func (s *session) run(ctx context.Context) {
	s.parent = ctx
	ctx, cancel := context.WithTimeoutCause(ctx, s.t.Timeout, errDeadline)
	defer cancel()
	s.ctx = ctx
	if !s.valid() {
		return
	}
	if s.t.Depth == DepthApplication {
		s.inbox = make(chan *input, inboxLen)
		s.wake, s.jobs = make(chan struct{}, 1), make(chan func(time.Time))
	} else {
		s.inbox = make(chan *input, quietLen)
	}
	s.timer = time.NewTimer(time.Hour)
	defer s.timer.Stop()
	for _, step := range s.steps() {
		if step(); s.fail != nil {
			break
		}
	}
	if s.fail == nil && s.res.Connect == 0 && s.seen.ipcpUp {
		s.res.Connect = time.Since(s.res.Start)
	}
	s.stages.end(time.Now(), s.fail)
	s.res.Failure = s.fail
	s.assess()
	s.teardown()
	s.res.Duration = time.Since(s.res.Start)
	s.saveCapture()
}

// valid takes note of a target that is not. It is not inlined, as newSession is not.
//
//go:noinline
func (s *session) valid() bool {
	err := s.t.Validate()
	if err != nil {
		s.invalid(err)
	}
	return err == nil
}

func (s *session) steps() []func() {
	steps := []func(){s.resolve, s.connect, s.startControl}
	if s.t.Depth >= DepthGRE {
		steps = append(steps, s.placeCall, s.awaitFrame, s.openLCP)
	}
	if s.t.Depth >= DepthAuth {
		steps = append(steps, s.authenticate)
	}
	if s.t.Depth >= DepthNetwork {
		steps = append(steps, s.openCCP, s.openIPCP)
	}
	if s.t.Depth >= DepthApplication && s.held == nil {
		steps = append(steps, s.runChecks)
	}
	if s.t.Depth >= DepthApplication && s.held != nil {
		steps = append(steps, s.firstChecks)
	}
	if s.held != nil {
		steps = append(steps, s.hold)
	}
	return steps
}

func (s *session) invalid(err error) {
	s.res.Failure = &Failure{
		Stage: StageDNS, Detail: "the target is not valid: " + err.Error(), Err: err,
		ResultCode: -1, ErrorCode: -1,
	}
}

var errDeadline = errors.New("the time-out of the target is over")

// reached is the stage that the session has really got to: one batch of packets
// can complete several stages before the steps take note.
func (s *session) reached() Stage {
	current := s.stages.current()
	switch {
	case current != StageLCP && current != StageAuth && current != StageCCP:
		return current
	case !s.seen.lcpUp:
		return StageLCP
	case !s.seen.authUp && (!s.seen.authNone || current == StageAuth):
		return StageAuth
	case !s.seen.ccpDone && s.t.MPPE.Mode != ppp.MPPERefuse:
		return StageCCP
	}
	return StageIPCP
}

// pump runs the session until done, a failure, or the end of the budget; it
// returns true if done.
func (s *session) pump(budget time.Duration, done func() bool) bool {
	until := time.Now().Add(budget)
	for {
		now := time.Now()
		s.step(now)
		switch {
		case s.fail != nil:
			return false
		case done():
			return true
		case !now.Before(until):
			return false
		}
		s.wait(s.ctx, s.nextDeadline(until))
	}
}

// step runs the timers, takes the events and sends what the state machines want sent.
func (s *session) step(now time.Time) {
	if s.ctrl != nil {
		s.ctrl.Tick(now)
	}
	if s.gre != nil {
		s.gre.Tick(now, s.frame)
		s.link.Tick(now)
	}
	s.events(now)
	s.flush(now)
	if p := s.seen.pending; p != nil && s.fail == nil && !now.Before(s.seen.pendingUntil) {
		s.fail = p
	}
}

// nextDeadline is the earliest of until and the timers of the state machines.
func (s *session) nextDeadline(until time.Time) time.Time {
	next := until
	earlier := func(t time.Time) {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	if s.ctrl != nil {
		earlier(s.ctrl.Deadline())
	}
	if s.gre != nil {
		earlier(s.gre.Deadline())
		earlier(s.link.Deadline())
	}
	if s.seen.pending != nil {
		earlier(s.seen.pendingUntil)
	}
	return next
}

// wait blocks until something arrives, until next, or until ctx is done.
func (s *session) wait(ctx context.Context, next time.Time) {
	s.timer.Reset(time.Until(next))
	select {
	case in := <-s.inbox:
		s.take(in)
		s.takeMore()
	case c := <-s.tcpIn:
		s.tcp(c)
	case out := <-s.ipOut:
		s.sendIP(out)
	case <-s.wake:
	case job := <-s.jobs:
		job(time.Now())
	case <-s.timer.C:
	case <-ctx.Done():
		s.cancelled()
	}
}

// takeMore takes what else has arrived, so that a burst costs one round of the loop.
func (s *session) takeMore() {
	for range inboxLen {
		select {
		case in := <-s.inbox:
			s.take(in)
		case out := <-s.ipOut:
			s.sendIP(out)
		default:
			return
		}
	}
}

// cancelled ends the session because its time is over or the caller gave up.
func (s *session) cancelled() {
	stage := s.stages.current()
	detail := "the session was cancelled in stage " + string(stage)
	if errors.Is(context.Cause(s.ctx), errDeadline) {
		detail = "the time-out of " + s.t.Timeout.String() + " was over in stage " + string(stage)
	}
	if s.seen.pending != nil {
		s.fail = s.seen.pending
		return
	}
	if s.holding() {
		s.fail = errHoldOver
		return
	}
	s.failWith(stage, CauseLocalDeadline, detail, context.Cause(s.ctx))
}

// take handles one item of the inbox.
func (s *session) take(in *input) {
	now := time.Now()
	if in.icmp != nil {
		s.icmp(now, *in.icmp)
		return
	}
	s.captureGREReceived(now, in)
	s.seen.gre = true
	if s.gre == nil {
		// GRE and TCP take different ways: the server's first frame may be here
		// before its Outgoing-Call-Reply.
		if len(s.early) < maxEarly {
			s.early = append(s.early, in)
		} else {
			in.free()
		}
		return
	}
	defer in.free()
	p, err := gre.Parse(in.buf[:in.n])
	if err != nil {
		s.gre.Malformed(err)
		return
	}
	s.gre.Receive(now, p, s.frame)
}

// frame takes one PPP frame, in order.
func (s *session) frame(payload []byte) {
	s.seen.firstFrame = true
	s.link.Receive(time.Now(), payload)
}

// tcp takes bytes, or the end, of the control connection.
func (s *session) tcp(c tcpChunk) {
	now := time.Now()
	s.captureControlReceived(now, c)
	if len(c.data) > 0 {
		s.ctrl.Receive(now, c.data)
	}
	if c.err != nil {
		s.tcpIn = nil // the reader has ended
		s.events(now) // what came before the end explains it
		s.seen.tcpEnd = c.err
		s.controlEnded(now)
	}
}

// flush sends what the state machines have queued.
func (s *session) flush(now time.Time) {
	if s.conn != nil && s.seen.tcpEnd == nil {
		for m := s.ctrl.NextMessage(); m != nil; m = s.ctrl.NextMessage() {
			// One write for each message: middleboxes look at the first of a segment only.
			if err := s.conn.SetWriteDeadline(now.Add(s.t.Budgets.Control)); err == nil {
				n, _ := s.conn.Write(m) // a failure shows as the end of the stream
				s.captureControlSent(m[:n])
			}
		}
	}
	if s.gre == nil {
		return
	}
	for f := s.link.NextFrame(); f != nil; f = s.link.NextFrame() {
		s.sendBuf = s.gre.Send(now, s.sendBuf[:0], f)
		s.send(s.sendBuf)
	}
	if b, due := s.gre.AppendAck(now, s.sendBuf[:0]); due {
		s.sendBuf = b
		s.send(b)
	}
}

// sendIP sends one packet of the IP stack through the tunnel.
func (s *session) sendIP(out *input) {
	defer out.free()
	// Not on the stack, which would keep the size that this one call needs.
	frame := inputs.Get().(*input)
	defer inputs.Put(frame)
	f, err := s.link.SendIP(frame.buf[:0], out.buf[:out.n])
	if err != nil {
		return
	}
	s.sendBuf = s.gre.Send(time.Now(), s.sendBuf[:0], f)
	s.send(s.sendBuf)
}

func (s *session) send(packet []byte) {
	err := s.sock.Send(packet, s.res.LocalAddr, s.res.PeerAddr)
	if err != nil {
		s.seen.sendErr = err
		s.seen.sendErrs++
		return
	}
	s.seen.sendErrs = 0
	s.captureGRESent(packet)
}
