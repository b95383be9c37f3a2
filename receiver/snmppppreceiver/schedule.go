package snmppppreceiver

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// job is an agent to be polled again and again.
type job struct {
	interval time.Duration
	// run polls. It must return soon after its context is done.
	run func(ctx context.Context, late time.Duration)
}

// schedule polls each agent at its own interval, at most limit at once, and never
// one that is still being polled. A poll waits for its turn at most once: those
// for which there is no time are left out.
type schedule struct {
	jobs    []job
	delay   time.Duration // until the first poll
	jitter  float64       // share of the interval
	skipped func(n int64) // polls were left out
	random  func() float64

	slots           chan struct{}
	active, waiting atomic.Int64
}

func newSchedule(jobs []job, cfg *Config, skipped func(int64)) *schedule {
	return &schedule{
		jobs: jobs, delay: cfg.InitialDelay, jitter: cfg.Jitter, skipped: skipped, random: rand.Float64,
		slots: make(chan struct{}, cfg.MaxConcurrent),
	}
}

// polls returns how many run, and how many wait for their turn.
func (s *schedule) polls() (active, waiting int64) { return s.active.Load(), s.waiting.Load() }

// firstStep is the most by which the first polls of two agents are apart.
const firstStep = time.Second

// run polls until ctx is done, and returns when the last poll has ended. The first
// polls are one after the other, evenly over the shortest interval if there are
// many agents; later ones keep these distances but for the jitter.
func (s *schedule) run(ctx context.Context) {
	step := firstStep
	for i := range s.jobs {
		step = min(step, s.jobs[i].interval/time.Duration(len(s.jobs)))
	}
	start := time.Now()
	var wg sync.WaitGroup
	for i := range s.jobs {
		wg.Go(func() { s.follow(ctx, &s.jobs[i], start.Add(s.delay+time.Duration(i)*step)) })
	}
	wg.Wait()
}

// follow polls one agent. Waiting costs a goroutine, not a socket.
func (s *schedule) follow(ctx context.Context, j *job, nominal time.Time) {
	timer := time.NewTimer(time.Until(nominal))
	defer timer.Stop()
	due := nominal
	for {
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
		j.run(ctx, time.Since(due))
		s.active.Add(-1)
		<-s.slots
		nominal = s.next(nominal, j.interval, time.Now())
		due = nominal.Add(time.Duration(s.random() * s.jitter * float64(j.interval)))
		timer.Reset(time.Until(due))
	}
}

// next is the first time after now in the rhythm of nominal.
func (s *schedule) next(nominal time.Time, interval time.Duration, now time.Time) time.Time {
	nominal = nominal.Add(interval)
	if late := now.Sub(nominal); late > 0 {
		missed := late/interval + 1
		s.skipped(int64(missed))
		nominal = nominal.Add(missed * interval)
	}
	return nominal
}
