package pptpprobe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/internal/tunnel"
)

// lateInterval is from one echo request to the next when all that were asked for
// have been sent, and there is only silence.
const lateInterval = time.Second

// checkICMP sends echo requests, Interval apart, and waits for their replies until
// the check's time is over. As long as there is only silence, it goes on asking:
// a server whose last IPCP packet was lost opens the tunnel some seconds later.
func (e *checkEnv) checkICMP(ctx context.Context, r *CheckResult) {
	c := r.Check
	p := &PingResult{}
	r.Ping = p
	type answer struct {
		request int
		rtt     time.Duration
		err     error
	}
	answers := make(chan answer)
	var rtts []time.Duration
	var errs []error
	send := func() {
		i := p.Sent
		p.Sent++
		rtts, errs = append(rtts, 0), append(errs, nil)
		go func() {
			reply, err := e.tun.Ping(ctx, c.Address, uint16(i), c.Size, false)
			answers <- answer{i, reply.RTT, err}
		}()
	}
	tick := time.NewTicker(c.Interval)
	defer tick.Stop()
	send()
	for outstanding, answered := 1, false; outstanding > 0 || p.Sent < c.Count && ctx.Err() == nil; {
		select {
		case a := <-answers:
			outstanding--
			rtts[a.request], errs[a.request] = a.rtt, a.err
			answered = answered || a.err == nil
		case <-tick.C:
			if p.Sent == c.Count {
				tick.Reset(max(c.Interval, lateInterval))
			}
			if ctx.Err() == nil && (p.Sent < c.Count || !answered) {
				send()
				outstanding++
			}
		}
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
		r.Failure = e.pingFailure(c.Address, p.Sent, errors.Join(errs[:p.Sent]...))
		return
	}
	if c.MaxLoss > 0 && p.Loss() > c.MaxLoss {
		r.warn(CauseAppICMPLoss, "%d of %d echo requests to %s were not answered, more than %.3g %%", p.Sent-p.Received, p.Sent, c.Address, c.MaxLoss*100)
	}
	if c.MaxJitter > 0 && p.Jitter > c.MaxJitter {
		r.warn(CauseAppJitter, "the jitter of the replies of %s was %s, more than %s", c.Address, p.Jitter.Round(10*time.Microsecond), c.MaxJitter)
	}
}

// pingFailure tells an unreachable server from an unreachable network behind it.
func (e *checkEnv) pingFailure(to netip.Addr, sent int, err error) *Failure {
	detail := fmt.Sprintf("none of %d echo requests to %s was answered", sent, to)
	var icmp *tunnel.ICMPError
	if errors.As(err, &icmp) {
		detail += fmt.Sprintf("; %s sent ICMP type %d code %d", icmp.From, icmp.Type, icmp.Code)
	}
	cause := CauseAppPeerUnreachable
	if to != e.peer {
		if e.peerAnswers() {
			cause = CauseAppBeyondUnreachable
			detail += fmt.Sprintf(", but the server's end of the tunnel, %s, answers", e.peer)
		} else {
			detail += fmt.Sprintf(", and neither does the server's end of the tunnel, %s", e.peer)
		}
	}
	f := newFailure(StageApp, cause, detail, err)
	f.ICMP = icmpSeen(icmp)
	return f
}

// icmpSeen is an ICMP error of the tunnel as results have it.
func icmpSeen(e *tunnel.ICMPError) *ICMPError {
	if e == nil {
		return nil
	}
	return &ICMPError{Type: e.Type, Code: e.Code, From: e.From, MTU: e.MTU, At: time.Now()}
}

// peerAnswers pings the server's end of the tunnel. The time of the check that
// failed is over, so this has a second of its own.
func (e *checkEnv) peerAnswers() bool {
	ctx, cancel := context.WithTimeout(e.ctx, time.Second)
	defer cancel()
	for seq := range uint16(2) {
		if _, err := e.tun.Ping(ctx, e.peer, seq, defaultPingSize, false); err == nil {
			return true
		}
	}
	return false
}
