//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// target is a session up to the address: MS-CHAPv2 and MPPE with 128 bit.
func target(gw *child) pptpprobe.Target {
	return pptpprobe.Target{
		Name: "load", Host: gw.addr.Addr().String(), Port: gw.addr.Port(), Depth: pptpprobe.DepthNetwork,
		Username: user, Password: password, MPPE: pptpprobe.MPPE{Mode: ppp.MPPERequire},
	}
}

// tally collects the results of sessions.
type tally struct {
	mu       sync.Mutex
	ok       int
	failed   map[pptpprobe.Cause]int
	first    error
	connect  []time.Duration // until the address was there
	retries  int             // PPP requests and control messages sent again
	warnings map[pptpprobe.Cause]int
	lost     int // pings through the tunnel, and LCP echoes
	// Of held sessions: how often the checks were repeated, and the checks that failed.
	rounds, roundsFailed int
}

func newTally() *tally {
	return &tally{failed: make(map[pptpprobe.Cause]int), warnings: make(map[pptpprobe.Cause]int)}
}

func (t *tally) add(r *pptpprobe.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range r.Warnings {
		t.warnings[w.Cause]++
	}
	for _, s := range r.Stages {
		t.retries += s.Retransmits
	}
	for _, c := range r.Checks {
		if c.Ping != nil {
			t.lost += c.Ping.Sent - c.Ping.Received
		}
	}
	if r.Hold != nil {
		t.lost += int(r.Hold.EchoLost)
		t.rounds += r.Hold.Checks
		t.roundsFailed += r.Hold.ChecksFailed
	}
	if f := r.Failure; f != nil {
		t.failed[f.Cause]++
		if t.first == nil {
			t.first = fmt.Errorf("stage %s, %s: %s", f.Stage, f.Cause, f.Detail)
		}
		return
	}
	t.ok++
	t.connect = append(t.connect, r.Connect)
}

// err says what went wrong in the sessions, if anything did.
func (t *tally) err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.failed) == 0 {
		return nil
	}
	return fmt.Errorf("sessions failed: %v; the first: %w", t.failed, t.first)
}

// slots bounds the sessions that are on their way up, and paces their start.
type slots struct {
	free chan struct{}
	tick *time.Ticker // nil: no pace
}

func newSlots(o options) *slots {
	s := &slots{free: make(chan struct{}, o.parallel)}
	if o.rate > 0 {
		s.tick = time.NewTicker(time.Duration(float64(time.Second) / o.rate))
	}
	return s
}

var errInterrupted = errors.New("interrupted")

func (s *slots) take(ctx context.Context) error {
	if s.tick != nil {
		select {
		case <-s.tick.C:
		case <-ctx.Done():
			return errInterrupted
		}
	}
	select {
	case s.free <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errInterrupted
	}
}

func (s *slots) release() { <-s.free }

func (s *slots) stop() {
	if s.tick != nil {
		s.tick.Stop()
	}
}
