package pptpprobe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/internal/tunnel"
)

const (
	// mppeOverhead is what encryption adds to a frame: the MPPE header and the
	// protocol field inside it.
	mppeOverhead = 4

	// Buffers of a TCP connection whose speed is measured. One buffer a round trip
	// is the limit of what can be measured: 80 Mbit/s down and 20 up at 100 ms.
	transferReceive = 1 << 20
	transferSend    = 256 << 10
)

// runChecks runs the checks of the target through the tunnel. They block, so
// they run beside the session, which goes on moving packets for them.
func (s *session) runChecks() {
	s.stages.begin(StageApp, time.Now())
	// Some servers negotiate IPCP anew at once, and until that is over there is no address.
	if !s.pump(s.t.Budgets.IPCP, func() bool { return s.link.Negotiated().LocalIP.IsValid() }) {
		s.failUnlessFailed(StageApp, CauseIPCPTimeout, "the server negotiates IPCP anew, and does not complete it")
		return
	}
	n := s.link.Negotiated()
	// What we may send, and what we may be sent: TCP tells the other side the
	// latter, and a search for the MTU needs the answer to pass as well.
	mtu := min(int(n.PeerMRU), int(n.MRU), maxMRU)
	if n.MPPE != 0 {
		mtu -= mppeOverhead
	}
	out := make(chan *input, outboxIP)
	ctx, cancel := context.WithCancel(s.ctx)
	tun, err := tunnel.New(n.LocalIP, max(mtu, tunnel.MinMTU), func(packet []byte) {
		select {
		case out <- newInput(packet):
		case <-ctx.Done():
		}
	}, tunnelOptions(s.t.Checks)...)
	if err != nil {
		cancel()
		s.failWith(StageApp, CauseIPCPBadAddress, "the IP stack does not accept the address of the server: "+err.Error(), err)
		return
	}
	s.tun, s.ipOut = tun, out
	s.settle()
	results := make(chan []CheckResult, 1)
	go func() {
		results <- s.checks(ctx, tun, n.PeerIP, n.DNS)
		s.wakeUp()
	}()
	s.pump(s.t.Timeout, func() bool {
		select {
		case s.res.Checks = <-results:
			return true
		default:
			return false
		}
	})
	cancel()
	tun.Close()
	if s.res.Checks == nil { // the session ended under the checks
		s.res.Checks = <-results
	}
	s.tun, s.ipOut, s.echoes = nil, nil, nil
	s.judgeChecks()
	if s.fail == nil {
		s.stages.done(time.Now())
	}
}

// judgeChecks makes the first failure of a check that of the session, and the
// warnings of all checks warnings of the session.
func (s *session) judgeChecks() {
	if s.fail == nil && s.seen.pending != nil {
		s.fail = s.seen.pending // the end of the session explains the checks, and not they it
	}
	for i := range s.res.Checks {
		c := &s.res.Checks[i]
		for _, w := range c.Warnings {
			s.warn(w.Stage, w.Cause, w.Detail)
		}
		// Time that is over because of checks that failed says less than they do.
		if c.Failure != nil && (s.fail == nil || errors.Is(s.fail.Err, errDeadline)) {
			s.explainPath(c.Failure)
			s.fail = c.Failure
		}
	}
}

// tunnelOptions gives connections that are to be fast the memory for it.
func tunnelOptions(checks []Check) []tunnel.Option {
	if slices.ContainsFunc(checks, func(c Check) bool { return c.Kind == CheckThroughput }) {
		return []tunnel.Option{tunnel.WithTCPBuffers(transferReceive, transferSend)}
	}
	return nil
}

// settleTime bounds how long the checks wait for the server's first LCP Echo-Reply.
const settleTime = time.Second

// settle waits until the server has taken note of the end of IPCP: pppd drops
// packets that arrive before it has configured its interface, and answers LCP
// echo requests after that. The reply also tells a dead path from a filter when
// a check fails. Servers that do not answer cost a second.
func (s *session) settle() {
	now := time.Now()
	s.link.Echo(now)
	s.ctrl.Echo(now)
	s.pump(settleTime, func() bool { return len(s.res.LCPEchoRTTs) > 0 })
}

// explainPath adds what LCP says about the path to the failure of a check.
func (s *session) explainPath(f *Failure) {
	if f.Cause != CauseAppPeerUnreachable && f.Cause != CauseAppBeyondUnreachable {
		return
	}
	if len(s.res.LCPEchoRTTs) > 0 {
		f.Detail += "; the server does answer LCP echo requests in the same tunnel"
		return
	}
	f.Detail += "; the server does not answer LCP echo requests in the same tunnel either"
}

// checkEnv is what the checks of a session work with.
type checkEnv struct {
	ctx  context.Context // ends with the session, while that of a check ends with its time
	tun  *tunnel.Tunnel
	peer netip.Addr
	dns  []netip.Addr
	// do has the session's own goroutine run a function. It returns false if ctx
	// has ended before.
	do func(ctx context.Context, job func(s *session, now time.Time)) bool
}

// checks runs all checks, one after the other. It runs beside the session and
// must not touch its state.
func (s *session) checks(ctx context.Context, tun *tunnel.Tunnel, peer netip.Addr, dns []netip.Addr) []CheckResult {
	e := &checkEnv{ctx: ctx, tun: tun, peer: peer, dns: dns, do: s.inLoop}
	results := make([]CheckResult, 0, len(s.t.Checks))
	for _, c := range s.t.Checks {
		c = c.withDefaults(peer)
		r := CheckResult{Check: c, Start: time.Now()}
		e.run(ctx, &r)
		r.Duration = time.Since(r.Start)
		if ctx.Err() != nil && r.Failure != nil { // the session ended under it: not a verdict on the check
			break
		}
		results = append(results, r)
	}
	return results
}

// run runs one check.
func (e *checkEnv) run(ctx context.Context, r *CheckResult) {
	ctx, cancel := context.WithTimeout(ctx, r.Check.Timeout)
	defer cancel()
	switch r.Check.Kind {
	case CheckICMP:
		e.checkICMP(ctx, r)
	case CheckHTTP:
		e.checkHTTP(ctx, r)
	case CheckTCP:
		e.checkTCP(ctx, r)
	case CheckDNS:
		e.checkDNS(ctx, r)
	case CheckThroughput:
		e.checkThroughput(ctx, r)
	case CheckMTU:
		e.checkMTU(ctx, r)
	case CheckEcho:
		e.checkEcho(ctx, r)
	}
}

// inLoop runs job in the goroutine of the session and waits for it, because the
// state machines belong to that one. It returns false if ctx has ended before.
func (s *session) inLoop(ctx context.Context, job func(s *session, now time.Time)) bool {
	done := make(chan struct{})
	select {
	case s.jobs <- func(now time.Time) { job(s, now); close(done) }:
		<-done
		return true
	case <-ctx.Done():
		return false
	}
}

// unreachable says whether err is a router's word that there is no way.
func unreachable(err error) bool {
	return errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)
}

func timedOut(err error) bool {
	var ne net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, syscall.ETIMEDOUT) || errors.As(err, &ne) && ne.Timeout()
}

// receivedIP takes one IPv4 packet out of the tunnel.
func (s *session) receivedIP(packet []byte) {
	if s.tun != nil {
		s.tun.Deliver(packet)
	}
}

// wakeUp makes pump look at its condition.
func (s *session) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
