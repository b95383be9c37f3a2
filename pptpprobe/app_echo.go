package pptpprobe

import (
	"context"
	"time"
)

// checkEcho asks the server over the link and over the control connection, both
// without IP: what these say, the tunnel says, whatever is behind it.
func (e *checkEnv) checkEcho(ctx context.Context, r *CheckResult) {
	c := r.Check
	res := &EchoResult{}
	r.Echo = res
	if !e.do(ctx, func(s *session, _ time.Time) { s.echoes = &EchoResult{} }) {
		r.fail(CauseLocalDeadline, ctx.Err(), "there was no time for echo requests")
		return
	}
	tick := time.NewTicker(c.Interval)
	defer tick.Stop()
	for i := range c.Count {
		if i > 0 {
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
		if !e.do(ctx, func(s *session, now time.Time) { s.sendEchoes(now) }) {
			break
		}
	}
	e.awaitEchoes(ctx, tick, res)

	switch {
	case res.LCP.Received == 0:
		r.fail(CauseLCPEchoTimeout, nil, "none of %d LCP Echo-Requests was answered; on the control connection %d of %d were",
			res.LCP.Sent, res.Control.Received, res.Control.Sent)
	case res.Control.Received == 0:
		r.fail(CauseControlEchoTimeout, nil, "none of %d Echo-Requests on the control connection was answered; of LCP %d of %d were",
			res.Control.Sent, res.LCP.Received, res.LCP.Sent)
	}
}

// awaitEchoes waits until all is answered or ctx ends, and copies the result.
func (e *checkEnv) awaitEchoes(ctx context.Context, tick *time.Ticker, to *EchoResult) {
	take := func(s *session, _ time.Time) {
		if s.echoes != nil {
			*to = *s.echoes
		}
	}
	done := func() bool { return to.LCP.Received == to.LCP.Sent && to.Control.Received == to.Control.Sent }
	for e.do(ctx, take) && !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	// The check's time may be over, but the session's is not: this takes no time.
	last, cancel := context.WithTimeout(e.ctx, time.Second)
	defer cancel()
	e.do(last, func(s *session, now time.Time) { take(s, now); s.echoes = nil })
}

// sendEchoes sends one of each, unless the last one on the control connection is
// still out there: the state machine has one at a time.
func (s *session) sendEchoes(now time.Time) {
	if s.echoes == nil {
		return
	}
	s.echoes.LCP.Sent++
	s.link.Echo(now)
	if c := &s.echoes.Control; c.Received == c.Sent {
		c.Sent++
		s.ctrl.Echo(now)
	}
}

func (s *session) lcpEchoReplied(rtt time.Duration) {
	if s.echoes != nil {
		s.echoes.LCP.replied(rtt)
	}
}

func (s *session) controlEchoReplied(rtt time.Duration) {
	if s.echoes != nil {
		s.echoes.Control.replied(rtt)
	}
}
