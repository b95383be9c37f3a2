//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

const (
	pollEvery = 20 * time.Millisecond
	// Held sessions end in groups, one after the other, so that their end does not
	// lose packets, and a context of its own does not add to what a session takes.
	endGroup = 50
	endEvery = 25 * time.Millisecond
)

// herd is the sessions of one measurement.
type herd struct {
	p       *pptpprobe.Probe
	o       options
	gw      *child
	results *tally
	running sync.WaitGroup
	started int
	group   context.Context // of the sessions that are being started
	ends    []context.CancelFunc
}

// measureHold brings o.sessions sessions up, measures while they are, and ends them.
func measureHold(ctx context.Context, o options, gw *child, out io.Writer) error {
	if gw.cmd == nil {
		return errors.New("hold needs a gateway of its own: leave -gateway away")
	}
	p := pptpprobe.New(pptpprobe.Options{})
	defer func() { _ = p.Close() }()
	if _, err := setUp(ctx, p, o.warmUp(), gw); err != nil {
		return err
	}
	h := &herd{p: p, o: o, gw: gw, results: newTally()}
	ctx, cancel := context.WithCancel(ctx)
	defer h.running.Wait()
	defer cancel()

	var m holdMeasure
	var err error
	if m.gwBefore, err = gw.ask(); err != nil {
		return err
	}
	m.before = live()
	began := time.Now()
	if err := h.raise(ctx); err != nil {
		return err
	}
	m.took, m.up = time.Since(began), readUsage()
	if m.gwUp, err = gw.ask(); err != nil {
		return err
	}
	if err := h.watch(ctx, out); err != nil {
		return err
	}
	m.idle = readUsage()
	m.held = live()
	if o.mem != "" {
		if err := writeHeap(o.mem); err != nil {
			return err
		}
	}
	if n := p.Stats().Sessions; n != o.sessions {
		return errors.Join(fmt.Errorf("%d of %d sessions are up at the end of the measurement: with -stack, use a longer -for", n, o.sessions), h.results.err())
	}
	if err := h.end(ctx); err != nil {
		return err
	}
	m.left = live()
	return errors.Join(m.print(h, out), h.results.err())
}

// raise starts the sessions and returns when the gateway has them all. Those that
// are on their way up are at most o.parallel, as far as the last poll knows.
func (h *herd) raise(ctx context.Context) error {
	base, err := h.gw.established()
	if err != nil {
		return err
	}
	began := time.Now()
	for up := 0; up < h.o.sessions; {
		if err := h.results.err(); err != nil {
			return err
		}
		due := h.o.sessions
		if h.o.rate > 0 {
			due = min(due, int(h.o.rate*time.Since(began).Seconds())+1)
		}
		for h.started < min(due, up+h.o.parallel) {
			h.start(ctx)
		}
		if err := pause(ctx, pollEvery); err != nil {
			return err
		}
		n, err := h.gw.established()
		if err != nil {
			return err
		}
		up = int(n - base)
	}
	return nil
}

func (h *herd) start(ctx context.Context) {
	if h.started%endGroup == 0 {
		group, end := context.WithCancel(ctx)
		h.group, h.ends = group, append(h.ends, end)
	}
	h.started++
	group := h.group
	h.running.Go(func() { h.results.add(h.p.Run(group, *h.target())) })
}

// target is a session that is held; or, with a TCP/IP stack, one that fetches a
// page, which makes the stack, and pings, at once and again when it has been up
// for o.hold: the stack is there for as long as the checks run.
func (h *herd) target() *pptpprobe.Target {
	t := target(h.gw)
	page := pptpprobe.Check{Kind: pptpprobe.CheckHTTP, URL: "http://" + pool.Addr().Next().String() + "/", Timeout: 20 * time.Second}
	switch {
	case h.o.stack:
		t.Depth = pptpprobe.DepthApplication
		t.Timeout = h.o.hold + time.Minute
		t.Checks = []pptpprobe.Check{page,
			{Kind: pptpprobe.CheckICMP, Count: 2, Interval: h.o.hold, Timeout: h.o.hold + 20*time.Second}}
	case h.o.checks > 0:
		t.Depth = pptpprobe.DepthApplication
		t.Hold = &pptpprobe.Hold{CheckInterval: h.o.checks}
		t.Checks = []pptpprobe.Check{page, {Kind: pptpprobe.CheckICMP}}
	default:
		t.Hold = &pptpprobe.Hold{}
	}
	return &t
}

// watch waits while the sessions are up, and says all the while what they take.
func (h *herd) watch(ctx context.Context, out io.Writer) error {
	if h.o.sample <= 0 {
		return pause(ctx, h.o.watch)
	}
	const line = "%8s %8s %10s %8s %10s %7s   %8s %10s\n"
	_, _ = fmt.Fprintf(out, line, "up for", "sessions", "goroutines", "sockets", "in use", "RSS", "gateway", "goroutines")
	began := time.Now()
	for {
		gw, err := h.gw.ask()
		if err != nil {
			return err
		}
		u, up := live(), time.Since(began)
		mib := func(n uint64) string { return fmt.Sprintf("%.1fM", float64(n)/(1<<20)) }
		_, _ = fmt.Fprintf(out, line, up.Round(time.Second), fmt.Sprint(h.p.Stats().Sessions), fmt.Sprint(u.Goroutines),
			fmt.Sprint(u.Files), mib(u.Heap+u.Stacks), mib(u.RSS), mib(gw.Use.RSS), fmt.Sprint(gw.Use.Goroutines))
		if err := h.results.err(); err != nil {
			return err
		}
		if up >= h.o.watch {
			return nil
		}
		if err := pause(ctx, min(h.o.sample, h.o.watch-up)); err != nil {
			return err
		}
	}
}

// end ends the sessions, one after the other; those with a stack end by themselves.
func (h *herd) end(ctx context.Context) error {
	if !h.o.stack {
		pace := time.NewTicker(endEvery)
		defer pace.Stop()
		for _, end := range h.ends {
			select {
			case <-pace.C:
				end()
			case <-ctx.Done():
				return errInterrupted
			}
		}
	}
	h.running.Wait()
	return nil
}

// holdMeasure is what was measured.
type holdMeasure struct {
	before, up, idle, held, left usage
	gwBefore, gwUp               report
	took                         time.Duration
}

func (m *holdMeasure) print(h *herd, out io.Writer) error {
	n := h.o.sessions
	each := func(now, then uint64) string {
		return fmt.Sprintf("%.1f KiB", (float64(now)-float64(then))/float64(n)/1024)
	}
	per := func(now, then int) string { return fmt.Sprintf("%.2f", float64(now-then)/float64(n)) }
	cpu := func(now, then usage) string {
		return ((now.CPU - then.CPU) / time.Duration(n)).Round(time.Microsecond).String()
	}
	t := newTable(out)
	t.row("sessions held at once", fmt.Sprint(n))
	t.row("checks through the tunnels", fmt.Sprintf("%d rounds, of their checks failed %d", h.results.rounds, h.results.roundsFailed))
	t.row("sessions set up per second", fmt.Sprintf("%.0f", float64(n)/m.took.Seconds()))
	t.row("client CPU per session set up", cpu(m.up, m.before))
	t.row("client CPU, all held", fmt.Sprintf("%.1f %% of a core", 100*(m.idle.CPU-m.up.CPU).Seconds()/h.o.watch.Seconds()))
	t.row("resident memory per session", each(m.idle.RSS, m.before.RSS))
	t.row("  live heap", each(m.held.Heap, m.before.Heap))
	t.row("  goroutine stacks", each(m.held.Stacks, m.before.Stacks))
	t.row("  resident after a collection", each(m.held.RSS, m.before.RSS))
	t.row("resident memory in all", fmt.Sprintf("%.0f MiB", float64(m.idle.RSS)/(1<<20)))
	t.row("goroutines, sockets per session", per(m.idle.Goroutines, m.before.Goroutines)+", "+per(m.idle.Files, m.before.Files))
	t.row("threads", fmt.Sprintf("%d, before %d", m.idle.Threads, m.before.Threads))
	t.row("goroutines, sockets left at the end", fmt.Sprintf("%d, %d", m.left.Goroutines-m.before.Goroutines, m.left.Files-m.before.Files))
	t.row("gateway", fmt.Sprintf("%.0f MiB, CPU per session set up %s", float64(m.gwUp.Use.RSS)/(1<<20), cpu(m.gwUp.Use, m.gwBefore.Use)))
	t.times("start to address", h.results.connect)
	t.result(h.results, h.p.Stats())
	return t.flush()
}

func writeHeap(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	runtime.GC() // a profile is as of the last collection
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
