//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

const (
	pollEvery = 20 * time.Millisecond
	// quiet is how long the sessions are watched when all are up.
	quiet = 20 * time.Second
)

// heldTarget is a session that pings through the tunnel, and pings again when
// it has been up for o.hold: only a session that lived all the while passes.
func heldTarget(o options, gw *child) pptpprobe.Target {
	t := target(gw)
	t.Depth = pptpprobe.DepthApplication
	t.Timeout = o.hold + time.Minute
	if o.stack {
		t.Checks = append(t.Checks, pptpprobe.Check{
			Kind: pptpprobe.CheckHTTP, URL: "http://" + pool.Addr().Next().String() + "/", Timeout: 20 * time.Second,
		})
	}
	t.Checks = append(t.Checks, pptpprobe.Check{
		Kind: pptpprobe.CheckICMP, Count: 2, Interval: o.hold, Timeout: o.hold + 20*time.Second,
	})
	return t
}

// measureHold brings o.sessions sessions up, measures while they are, and waits
// for their end.
func measureHold(ctx context.Context, o options, gw *child, out io.Writer) error {
	if gw.cmd == nil {
		return errors.New("hold needs a gateway of its own: leave -gateway away")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := pptpprobe.New(pptpprobe.Options{})
	defer func() { _ = p.Close() }()
	if _, err := setUp(ctx, p, o.warmUp(), gw); err != nil {
		return err
	}
	gwBefore, err := gw.ask()
	if err != nil {
		return err
	}
	before, start := live(), time.Now()
	t := newTally()
	var sessions sync.WaitGroup
	defer sessions.Wait()
	if err := raise(ctx, p, o, gw, &sessions, t); err != nil {
		cancel()
		return err
	}
	took, up := time.Since(start), readUsage()
	gwUp, err := gw.ask()
	if err != nil {
		return err
	}
	if err := pause(ctx, quiet); err != nil {
		return err
	}
	idle := readUsage()
	if o.mem != "" {
		if err := writeHeap(o.mem); err != nil {
			return err
		}
	}
	held := live()
	if n := p.Stats().Sessions; n != o.sessions {
		return fmt.Errorf("only %d of %d sessions are up at once: use a longer -for", n, o.sessions)
	}
	sessions.Wait()
	left := live()

	n := uint64(o.sessions) //nolint:gosec // positive
	each := func(now, then uint64) string { return fmt.Sprintf("%.1f KiB", (float64(now)-float64(then))/float64(n)/1024) }
	table := newTable(out)
	table.row("sessions held at once", fmt.Sprint(o.sessions))
	table.row("sessions set up per second", fmt.Sprintf("%.0f", float64(o.sessions)/took.Seconds()))
	table.row("client CPU per session set up", ((up.CPU - before.CPU) / time.Duration(o.sessions)).Round(time.Microsecond).String())
	table.row("client CPU, all held", fmt.Sprintf("%.1f %% of a core", 100*(idle.CPU-up.CPU).Seconds()/quiet.Seconds()))
	table.row("resident memory per session", each(idle.RSS, before.RSS))
	table.row("  live heap", each(held.Heap, before.Heap))
	table.row("  goroutine stacks", each(held.Stacks, before.Stacks))
	table.row("resident memory in all", fmt.Sprintf("%.0f MiB", float64(idle.RSS)/(1<<20)))
	table.row("goroutines per session", fmt.Sprintf("%.2f", float64(idle.Goroutines-before.Goroutines)/float64(n)))
	table.row("sockets per session", fmt.Sprintf("%.2f", float64(idle.Files-before.Files)/float64(n)))
	table.row("threads", fmt.Sprintf("%d, before %d", idle.Threads, before.Threads))
	table.row("goroutines, sockets left at the end", fmt.Sprintf("%d, %d", left.Goroutines-before.Goroutines, left.Files-before.Files))
	table.row("gateway", fmt.Sprintf("%.0f MiB, %s of CPU per session set up", float64(gwUp.Use.RSS)/(1<<20),
		((gwUp.Use.CPU-gwBefore.Use.CPU)/time.Duration(o.sessions)).Round(time.Microsecond)))
	table.times("start to address", t.connect)
	table.row("pings through the tunnel lost", fmt.Sprintf("%d of %d", t.pingsLost, 2*o.sessions))
	table.result(t, p.Stats())
	return errors.Join(table.flush(), t.err())
}

// raise starts the sessions and returns when the gateway has them all. Those that
// are on their way up are at most o.parallel, as far as the last poll knows.
func raise(ctx context.Context, p *pptpprobe.Probe, o options, gw *child, wg *sync.WaitGroup, t *tally) error {
	base, err := gw.established()
	if err != nil {
		return err
	}
	began, started := time.Now(), 0
	for up := 0; up < o.sessions; {
		if err := t.err(); err != nil {
			return err
		}
		due := o.sessions
		if o.rate > 0 {
			due = min(due, int(o.rate*time.Since(began).Seconds())+1)
		}
		for ; started < min(due, up+o.parallel); started++ {
			wg.Go(func() { t.add(p.Run(ctx, heldTarget(o, gw))) })
		}
		if err := pause(ctx, pollEvery); err != nil {
			return err
		}
		n, err := gw.established()
		if err != nil {
			return err
		}
		up = int(n - base) //nolint:gosec // a small number
	}
	return nil
}

func writeHeap(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("heap").WriteTo(f, 0), f.Close())
}

// pause waits for d.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return errInterrupted
	}
}
