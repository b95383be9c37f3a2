//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// warmUp is how many sessions run before a measurement, so that pools and
// stacks have their size.
const warmUp = 32

// warmUp is o with the sessions of a warm-up.
func (o options) warmUp() options {
	o.sessions, o.rate = warmUp, 0
	return o
}

// measureSetup sets sessions up and tears them down again.
func measureSetup(ctx context.Context, o options, gw *child, out io.Writer) error {
	p := pptpprobe.New(pptpprobe.Options{})
	defer func() { _ = p.Close() }()
	if _, err := setUp(ctx, p, o.warmUp(), gw); err != nil {
		return err
	}
	gwBefore, err := gw.ask()
	if err != nil {
		return err
	}
	before, start := readUsage(), time.Now()
	t, err := setUp(ctx, p, o, gw)
	took, after := time.Since(start), readUsage()
	if err != nil {
		return err
	}
	n := time.Duration(o.sessions)
	table := newTable(out)
	table.row("sessions, set up and torn down", fmt.Sprint(t.ok))
	table.row("sessions per second", fmt.Sprintf("%.0f", float64(o.sessions)/took.Seconds()))
	table.row("client CPU per session", ((after.CPU - before.CPU) / n).Round(time.Microsecond).String())
	gwAfter, err := gw.ask()
	if err != nil {
		return err
	}
	if gw.cmd != nil {
		table.row("gateway CPU per session", ((gwAfter.Use.CPU - gwBefore.Use.CPU) / n).Round(time.Microsecond).String())
	}
	table.times("start to address", t.connect)
	table.result(t, p.Stats())
	return table.flush()
}

// setUp runs o.sessions sessions to their address and ends them.
func setUp(ctx context.Context, p *pptpprobe.Probe, o options, gw *child) (*tally, error) {
	t, s := newTally(), newSlots(o)
	defer s.stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	for range o.sessions {
		if err := s.take(ctx); err != nil {
			return t, err
		}
		wg.Go(func() {
			defer s.release()
			t.add(p.Run(ctx, target(gw)))
		})
	}
	wg.Wait()
	return t, t.err()
}
