package pptpprobereceiver

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// hostPause is the least time between two session starts at one host. Gateways
// accept control connections one after the other, and some count a burst of
// them as an attack.
const hostPause = time.Second

// skipReason says why a run was left out.
type skipReason string

const (
	skipRunning skipReason = "running"  // the last session has not ended
	skipWaiting skipReason = "waiting"  // the last one has not even begun
	skipResting skipReason = "rejected" // the gateway refused the credentials not long ago
)

// job is something to be run again and again.
type job struct {
	// host is whom the job loads; starts at one host keep hostPause.
	host string
	// interval is the time from one start to the next, jitter the most by which
	// each is delayed at random.
	interval, jitter time.Duration
	// run does the work. It must return soon after its context is cancelled.
	run func(context.Context)
	// rests says that the job is not to run now, and repeat is called instead; nil: it always may.
	rests  func(now time.Time) bool
	repeat func(context.Context)

	// The rest belongs to the loop.
	nominal time.Time // the next start, without jitter
	due     time.Time // the next start
	waiting bool      // in the queue
	running bool
	since   time.Time // since when it waits
}

// schedulerHooks are called from the loop, which waits for them. Each may be nil.
type schedulerHooks struct {
	started func(delay time.Duration)
	skipped func(skipReason)
}

// scheduler starts jobs at their times, at most limit at once, at most one per
// hostPause and host, and never one that still runs. The load is bounded: a job
// waits for its turn at most once, and runs for which there is no time are left out.
type scheduler struct {
	jobs   []*job
	limit  int
	delay  time.Duration // until the first start
	hooks  schedulerHooks
	random func() float64 // in [0,1)

	cancel context.CancelFunc
	done   chan struct{} // closed when the loop and all runs have ended

	active, queued atomic.Int64
}

func newScheduler(jobs []*job, limit int, delay time.Duration, hooks schedulerHooks) *scheduler {
	return &scheduler{jobs: jobs, limit: limit, delay: delay, hooks: hooks, random: rand.Float64}
}

// start begins; it must be called at most once.
func (s *scheduler) start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.done = make(chan struct{})
	go s.loop(ctx, time.Now())
}

// stop cancels all runs and waits until they have returned, or ctx is done. It
// may be called several times, and without start.
func (s *scheduler) stop(ctx context.Context) error {
	if s.cancel == nil {
		return nil
	}
	s.cancel()
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
	}
	select { // both may have been ready
	case <-s.done:
		return nil
	default:
		return ctx.Err()
	}
}

// stopped is closed when all runs have returned after stop; nil if never started.
func (s *scheduler) stopped() <-chan struct{} { return s.done }

// counts returns how many jobs run and how many wait for their turn.
func (s *scheduler) counts() (active, queued int64) { return s.active.Load(), s.queued.Load() }

// plan sets the first starts: one after the other, a second apart, or closer
// if the shortest interval would not hold them all. Later starts keep these
// distances but for the jitter.
func (s *scheduler) plan(now time.Time) agenda {
	step := hostPause
	for _, j := range s.jobs {
		step = min(step, j.interval/time.Duration(len(s.jobs)))
	}
	a := make(agenda, 0, len(s.jobs))
	for i, j := range s.jobs {
		j.nominal = now.Add(s.delay + time.Duration(i)*step)
		j.due = j.nominal
		a = append(a, j)
	}
	heap.Init(&a)
	return a
}

// advance moves the job to its next start after now.
func (s *scheduler) advance(j *job, now time.Time) {
	j.nominal = j.nominal.Add(j.interval)
	// After the host slept, or the clock jumped, do not run what was missed.
	if late := now.Sub(j.nominal); late > 0 {
		j.nominal = j.nominal.Add((late/j.interval + 1) * j.interval)
	}
	j.due = j.nominal.Add(time.Duration(s.random() * float64(j.jitter)))
}

func (s *scheduler) loop(ctx context.Context, now time.Time) {
	var wg sync.WaitGroup
	defer close(s.done)
	defer wg.Wait()

	var (
		agenda   = s.plan(now)
		queue    []*job
		lastAt   = make(map[string]time.Time) // last start by host; bounded by the number of hosts
		finished = make(chan *job, len(s.jobs))
		running  int
		timer    = time.NewTimer(0)
	)
	defer timer.Stop()
	for {
		now := time.Now()
		for len(agenda) > 0 && !agenda[0].due.After(now) {
			j := agenda[0]
			switch {
			case j.running:
				s.skip(skipRunning)
			case j.waiting:
				s.skip(skipWaiting)
			case j.rests != nil && j.rests(now):
				s.skip(skipResting)
				wg.Go(func() { j.repeat(ctx) })
			default:
				j.waiting, j.since = true, j.due
				queue = append(queue, j)
			}
			s.advance(j, now)
			heap.Fix(&agenda, 0)
		}

		// Start whatever may start, oldest first; a host in its pause holds up nobody else.
		var wake time.Time // when the first pause of a waiting job ends
		kept := queue[:0]
		for i, j := range queue {
			if running >= s.limit {
				kept = append(kept, queue[i:]...)
				break
			}
			if last, ok := lastAt[j.host]; ok && now.Before(last.Add(hostPause)) {
				if w := last.Add(hostPause); wake.IsZero() || w.Before(wake) {
					wake = w
				}
				kept = append(kept, j)
				continue
			}
			lastAt[j.host] = now
			j.waiting, j.running = false, true
			running++
			s.active.Add(1)
			if s.hooks.started != nil {
				s.hooks.started(now.Sub(j.since))
			}
			wg.Go(func() {
				defer func() {
					s.active.Add(-1)
					finished <- j // never blocks: room for every job
				}()
				j.run(ctx)
			})
		}
		clear(queue[len(kept):])
		queue = kept
		s.queued.Store(int64(len(queue)))

		if len(agenda) > 0 && (wake.IsZero() || agenda[0].due.Before(wake)) {
			wake = agenda[0].due
		}
		if wake.IsZero() { // there is no job at all
			wake = now.Add(time.Hour)
		}
		timer.Reset(time.Until(wake))
		select {
		case <-ctx.Done():
			s.queued.Store(0)
			return
		case <-timer.C:
		case j := <-finished:
			j.running = false
			running--
		}
	}
}

func (s *scheduler) skip(r skipReason) {
	if s.hooks.skipped != nil {
		s.hooks.skipped(r)
	}
}

// agenda is a heap of jobs by the time of their next start.
type agenda []*job

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, k int) bool { return a[i].due.Before(a[k].due) }
func (a agenda) Swap(i, k int)      { a[i], a[k] = a[k], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(*job)) }
func (a *agenda) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}
