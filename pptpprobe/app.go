package pptpprobe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/internal/tunnel"
)

// mppeOverhead is what encryption adds to a frame: the MPPE header and the
// protocol field inside it.
const mppeOverhead = 4

// runChecks runs the checks of the target through the tunnel. They block, so
// they run beside the session, which goes on moving packets for them.
func (s *session) runChecks() {
	s.stages.begin(StageApp, time.Now())
	n := s.link.Negotiated()
	mtu := min(int(n.PeerMRU), maxMRU)
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
	})
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
	s.tun, s.ipOut = nil, nil
	for i := range s.res.Checks {
		c := &s.res.Checks[i]
		if c.Failure != nil && s.fail == nil {
			s.explainPath(c.Failure)
			s.fail = c.Failure
		}
	}
	if s.fail == nil {
		s.stages.done(time.Now())
	}
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

// checks runs all checks, one after the other. It runs beside the session and
// must not touch its state.
func (s *session) checks(ctx context.Context, tun *tunnel.Tunnel, peer netip.Addr, dns []netip.Addr) []CheckResult {
	results := make([]CheckResult, 0, len(s.t.Checks))
	for _, c := range s.t.Checks {
		c = c.withDefaults(peer)
		r := CheckResult{Check: c, Start: time.Now()}
		cctx, cancel := context.WithTimeout(ctx, c.Timeout)
		switch c.Kind {
		case CheckICMP:
			checkICMP(cctx, tun, peer, &r)
		case CheckHTTP:
			checkHTTP(cctx, tun, dns, &r)
		}
		cancel()
		r.Duration = time.Since(r.Start)
		if ctx.Err() != nil { // the session ended under it: not a verdict on the check
			if r.Failure != nil {
				break
			}
		}
		results = append(results, r)
	}
	return results
}

// checkICMP sends echo requests, Interval apart, and waits for their replies
// until the check's time is over.
func checkICMP(ctx context.Context, tun *tunnel.Tunnel, peer netip.Addr, r *CheckResult) {
	c := r.Check
	p := &PingResult{}
	r.Ping = p
	rtts := make([]time.Duration, c.Count)
	errs := make([]error, c.Count)
	done := make(chan struct{}, c.Count)
	tick := time.NewTicker(c.Interval)
	defer tick.Stop()
	for p.Sent < c.Count && ctx.Err() == nil {
		i := p.Sent
		p.Sent++
		go func() {
			defer func() { done <- struct{}{} }()
			reply, err := tun.Ping(ctx, c.Address, uint16(i), c.Size, false)
			rtts[i], errs[i] = reply.RTT, err
		}()
		if p.Sent < c.Count {
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}
	for range p.Sent {
		<-done
	}
	var last time.Duration
	for i := range p.Sent {
		if errs[i] != nil {
			continue
		}
		p.Received++
		p.RTTs = append(p.RTTs, rtts[i])
		if p.Received > 1 {
			// RFC 3550 §6.4.1, with the round trip in the place of the transit time.
			p.Jitter += ((rtts[i] - last).Abs() - p.Jitter) / 16
		}
		last = rtts[i]
	}
	if p.Received == 0 {
		r.Failure = pingFailure(ctx, tun, peer, c, p.Sent, errors.Join(errs[:p.Sent]...))
	}
}

// pingFailure tells an unreachable server from an unreachable network behind it.
func pingFailure(ctx context.Context, tun *tunnel.Tunnel, peer netip.Addr, c Check, sent int, err error) *Failure {
	detail := fmt.Sprintf("none of %d echo requests to %s was answered", sent, c.Address)
	var icmp *tunnel.ICMPError
	if errors.As(err, &icmp) {
		detail += fmt.Sprintf("; %s sent ICMP type %d code %d", icmp.From, icmp.Type, icmp.Code)
	}
	cause := CauseAppPeerUnreachable
	if c.Address != peer {
		if peerAnswers(ctx, tun, peer) {
			cause = CauseAppBeyondUnreachable
			detail += fmt.Sprintf(", but the server's end of the tunnel, %s, answers", peer)
		} else {
			detail += fmt.Sprintf(", and neither does the server's end of the tunnel, %s", peer)
		}
	}
	f := newFailure(StageApp, cause, detail, err)
	if icmp != nil {
		f.ICMP = &ICMPError{Type: icmp.Type, Code: icmp.Code, From: icmp.From, MTU: icmp.MTU, At: time.Now()}
	}
	return f
}

// peerAnswers pings the server's end of the tunnel. The time of the check that
// failed is over, so this has a second of its own.
func peerAnswers(ctx context.Context, tun *tunnel.Tunnel, peer netip.Addr) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	for seq := range uint16(2) {
		if _, err := tun.Ping(ctx, peer, seq, defaultPingSize, false); err == nil {
			return true
		}
	}
	return false
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
