package snmpppp

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

// DefaultWorkers is how many agents a [Fleet] polls at the same time.
const DefaultWorkers = 64

// Result is the outcome of one poll of a [Fleet].
type Result struct {
	Target   Target
	Snapshot *snapshot.Snapshot // nil: Err tells why
	Delta    snapshot.Delta     // of Snapshot to the ones before it
	Err      error              // an [*Error], or nil
	Stats    walk.Stats         // of the poll, also of one that failed
	Start    time.Time
	Duration time.Duration
	// Late is how long after its time the poll began, because all workers were busy.
	Late time.Duration
}

// Fleet polls many agents, each at its own interval, at a moment in it that depends on
// its ID only, so that they are spread evenly and at the same moment after a restart.
// Polls of one agent do not overlap: one that takes longer than the interval skips.
type Fleet struct {
	agents  []*agentOf
	workers int
	result  func(Result)
}

// agentOf is an agent of a fleet.
type agentOf struct {
	poller  *Poller
	tracker *snapshot.Tracker
}

// NewFleet returns a fleet. Workers is how many agents are polled at the same time, 1
// to 4,096; 0: [DefaultWorkers]. Result is called after each poll, by several goroutines
// at the same time, but never for one agent by two; the next poll of the agent waits
// for it. The IDs of targets must differ.
func NewFleet(targets []Target, workers int, tracking snapshot.Tracking, result func(Result)) (*Fleet, error) {
	if workers == 0 {
		workers = DefaultWorkers
	}
	if workers < 1 || workers > 4096 {
		return nil, fmt.Errorf("workers %d: use 1 to 4096", workers)
	}
	f := &Fleet{workers: workers, result: result}
	var errs []error
	seen := map[string]bool{}
	for _, t := range targets {
		p, err := New(t)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if id := p.target.ID; seen[id] {
			errs = append(errs, fmt.Errorf("agent %q: id: is there twice: give each agent its own", id))
		} else {
			seen[id] = true
		}
		f.agents = append(f.agents, &agentOf{poller: p, tracker: snapshot.NewTracker(tracking)})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return f, nil
}

// Run polls until ctx is done, and returns when the last poll has ended.
func (f *Fleet) Run(ctx context.Context) {
	slots := make(chan struct{}, f.workers)
	var wg sync.WaitGroup
	for _, a := range f.agents {
		wg.Go(func() { f.follow(ctx, a, slots) })
	}
	wg.Wait()
}

// follow polls one agent. Waiting costs a goroutine, not a socket.
func (f *Fleet) follow(ctx context.Context, a *agentOf, slots chan struct{}) {
	interval := a.poller.target.Interval
	due := time.Now().Add(phase(a.poller.target.ID, interval))
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		r := a.poll(ctx, due)
		<-slots
		if ctx.Err() != nil {
			return // what was interrupted by us says nothing about the agent
		}
		f.result(r)
		due = next(due, interval, time.Now())
		timer.Reset(time.Until(due))
	}
}

func (a *agentOf) poll(ctx context.Context, due time.Time) Result {
	r := Result{Target: a.poller.target, Start: time.Now()}
	r.Late = r.Start.Sub(due)
	r.Snapshot, r.Err = a.poller.Poll(ctx)
	r.Stats = a.poller.Stats()
	r.Duration = time.Since(r.Start)
	if r.Err == nil {
		r.Delta = a.tracker.Observe(r.Snapshot)
	}
	return r
}

// next is the first time after now in the rhythm of due.
func next(due time.Time, interval time.Duration, now time.Time) time.Time {
	due = due.Add(interval)
	if late := now.Sub(due); late > 0 {
		due = due.Add((late/interval + 1) * interval)
	}
	return due
}

// phase spreads agents over an interval.
func phase(id string, interval time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // a hash does not fail
	return time.Duration(h.Sum64() % uint64(interval))
}
