// Package polling is what receivers share that ask targets again and again: when to ask,
// and what it says of the receiver that none of them answers.
package polling

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Job is one target.
type Job struct {
	Interval time.Duration
	// Longest is how long Run takes at most, if that is known. The jitter leaves room for it.
	Longest time.Duration
	// Run asks; late is how much later than planned. It must return soon after ctx is done.
	Run func(ctx context.Context, late time.Duration)
}

// Config is what all jobs have in common.
type Config struct {
	Delay         time.Duration // until the first job runs
	Jitter        float64       // share of the interval by which runs are delayed at random
	MaxConcurrent int
	Skipped       func(n int64)  // is told of runs that were left out
	Random        func() float64 // in [0,1); nil: the usual one
}

// Schedule runs each job at its own interval, a limited number at once, and never one
// that still runs. A run waits for its turn at most once: those for which there is no
// time are left out. It is safe for concurrent use.
type Schedule struct {
	cfg             Config
	jobs            []Job
	slots           chan struct{}
	active, waiting atomic.Int64
}

// New returns a schedule that does not run yet.
func New(cfg Config, jobs []Job) *Schedule {
	if cfg.Random == nil {
		cfg.Random = rand.Float64
	}
	return &Schedule{cfg: cfg, jobs: jobs, slots: make(chan struct{}, cfg.MaxConcurrent)}
}

// Active is how many jobs run.
func (s *Schedule) Active() int64 { return s.active.Load() }

// Waiting is how many are due and wait for MaxConcurrent.
func (s *Schedule) Waiting() int64 { return s.waiting.Load() }

// firstStep is the most by which the first runs of two jobs are apart.
const firstStep = time.Second

// Run runs the jobs until ctx is done, and returns when the last one has ended. The
// first runs are one after the other, evenly over the shortest interval if there are
// many jobs; later ones keep these distances but for the jitter. It is called once.
func (s *Schedule) Run(ctx context.Context) {
	step := firstStep
	for i := range s.jobs {
		step = min(step, s.jobs[i].Interval/time.Duration(len(s.jobs)))
	}
	start := time.Now()
	var wg sync.WaitGroup
	for i := range s.jobs {
		wg.Go(func() { s.follow(ctx, &s.jobs[i], start.Add(s.cfg.Delay+time.Duration(i)*step)) })
	}
	wg.Wait()
}

// follow runs one job. Waiting costs a goroutine, not a socket.
func (s *Schedule) follow(ctx context.Context, j *Job, nominal time.Time) {
	// So much that a run still ends before the next one is due.
	jitter := max(0, min(s.cfg.Jitter*float64(j.Interval), float64(j.Interval-j.Longest)))
	timer := time.NewTimer(time.Until(nominal))
	defer timer.Stop()
	for due := nominal; ; {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		s.waiting.Add(1)
		select {
		case s.slots <- struct{}{}:
			s.waiting.Add(-1)
		case <-ctx.Done():
			s.waiting.Add(-1)
			return
		}
		s.active.Add(1)
		j.Run(ctx, time.Since(due))
		s.active.Add(-1)
		<-s.slots
		nominal = s.next(nominal, j.Interval, time.Now())
		due = nominal.Add(time.Duration(s.cfg.Random() * jitter))
		timer.Reset(time.Until(due))
	}
}

// next is the first time after now in the rhythm of nominal.
func (s *Schedule) next(nominal time.Time, interval time.Duration, now time.Time) time.Time {
	nominal = nominal.Add(interval)
	if late := now.Sub(nominal); late > 0 {
		missed := late/interval + 1
		s.cfg.Skipped(int64(missed))
		nominal = nominal.Add(missed * interval)
	}
	return nominal
}
