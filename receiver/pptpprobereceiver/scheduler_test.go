package pptpprobereceiver

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorder is what the jobs of a test did, in virtual time.
type recorder struct {
	mu      sync.Mutex
	begin   time.Time
	starts  map[string][]time.Duration // since begin, by job
	running int
	most    int
	skipped map[skipReason]int
	delays  []time.Duration
}

func newRecorder() *recorder {
	return &recorder{begin: time.Now(), starts: make(map[string][]time.Duration), skipped: make(map[skipReason]int)}
}

func (r *recorder) hooks() schedulerHooks {
	return schedulerHooks{
		started: func(d time.Duration) { r.mu.Lock(); defer r.mu.Unlock(); r.delays = append(r.delays, d) },
		skipped: func(s skipReason) { r.mu.Lock(); defer r.mu.Unlock(); r.skipped[s]++ },
	}
}

// job takes the given time, unless it is cancelled: then the time of a teardown.
func (r *recorder) job(name, host string, interval, takes time.Duration) *job {
	return &job{host: host, interval: interval, run: func(ctx context.Context) {
		r.mu.Lock()
		r.starts[name] = append(r.starts[name], time.Since(r.begin))
		r.running++
		r.most = max(r.most, r.running)
		r.mu.Unlock()
		select {
		case <-time.After(takes):
		case <-ctx.Done():
			<-time.After(teardownTime)
		}
		r.mu.Lock()
		r.running--
		r.mu.Unlock()
	}}
}

// now returns how many jobs run.
func (r *recorder) now() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.running
}

const teardownTime = 2 * time.Second

func seconds(n ...float64) []time.Duration {
	out := make([]time.Duration, len(n))
	for i, v := range n {
		out[i] = time.Duration(v * float64(time.Second))
	}
	return out
}

// pass lets virtual time pass.
func pass(d time.Duration) { <-time.After(d) }

// runFor lets the scheduler run for d and stops it.
func runFor(t *testing.T, s *scheduler, d time.Duration) {
	t.Helper()
	s.start()
	pass(d)
	require.NoError(t, s.stop(context.Background()))
}

func TestSchedulerSpreadsTheFirstStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		s := newScheduler([]*job{
			r.job("a", "a", time.Minute, time.Second/2),
			r.job("b", "b", time.Minute, time.Second/2),
			r.job("c", "c", time.Minute, time.Second/2),
		}, 10, time.Second, r.hooks())
		runFor(t, s, 2*time.Minute)
		assert.Equal(t, seconds(1, 61), r.starts["a"])
		assert.Equal(t, seconds(2, 62), r.starts["b"])
		assert.Equal(t, seconds(3, 63), r.starts["c"])
		assert.Equal(t, 1, r.most)
		assert.Empty(t, r.skipped)
	})
}

func TestSchedulerSpreadsManyOverTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		var jobs []*job
		for i := range 120 {
			jobs = append(jobs, r.job(fmt.Sprint(i), fmt.Sprint(i), time.Minute, time.Millisecond))
		}
		runFor(t, newScheduler(jobs, 10, 0, r.hooks()), time.Minute-time.Second/4)
		assert.Equal(t, seconds(0), r.starts["0"])
		assert.Equal(t, seconds(59.5), r.starts["119"], "half a second apart, so that all fit")
	})
}

func TestSchedulerJitterDelaysWithoutDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		j := r.job("a", "a", time.Minute, time.Second)
		j.jitter = 6 * time.Second
		s := newScheduler([]*job{j}, 1, 0, r.hooks())
		values := []float64{0.5, 0, 0.99, 0.25}
		s.random = func() float64 { v := values[0]; values = append(values[1:], v); return v }
		runFor(t, s, 5*time.Minute)
		assert.Equal(t, seconds(0, 63, 120, 185.94, 241.5), r.starts["a"])
	})
}

func TestSchedulerNeverRunsOneTargetTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		runFor(t, newScheduler([]*job{r.job("a", "a", 10*time.Second, 25*time.Second)}, 10, 0, r.hooks()), 65*time.Second)
		assert.Equal(t, seconds(0, 30, 60), r.starts["a"])
		assert.Equal(t, 1, r.most)
		assert.Equal(t, map[skipReason]int{skipRunning: 4}, r.skipped)
	})
}

func TestSchedulerBoundsConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		var jobs []*job
		for i := range 6 {
			jobs = append(jobs, r.job(fmt.Sprint(i), fmt.Sprint(i), 60*time.Second, 10*time.Second))
		}
		s := newScheduler(jobs, 2, 0, r.hooks())
		s.start()
		pass(6 * time.Second)
		active, queued := s.counts()
		assert.Equal(t, int64(2), active)
		assert.Equal(t, int64(4), queued)
		pass(50 * time.Second)
		require.NoError(t, s.stop(t.Context()))
		assert.Equal(t, 2, r.most)
		assert.Equal(t, seconds(0), r.starts["0"])
		assert.Equal(t, seconds(1), r.starts["1"])
		assert.Equal(t, seconds(10), r.starts["2"], "the oldest first")
		assert.Equal(t, seconds(11), r.starts["3"])
		assert.Equal(t, seconds(21), r.starts["5"])
		assert.Equal(t, seconds(0, 0, 8, 8, 16, 16), r.delays)
	})
}

func TestSchedulerWaitingRunsAreNotPiledUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		s := newScheduler([]*job{
			r.job("slow", "a", time.Hour, 35*time.Second),
			r.job("quick", "b", 10*time.Second, time.Second),
		}, 1, 0, r.hooks())
		runFor(t, s, 42*time.Second)
		assert.Equal(t, seconds(35, 41), r.starts["quick"], "one run was due while the other held the only slot")
		assert.Equal(t, 3, r.skipped[skipWaiting])
	})
}

func TestSchedulerPausesBetweenStartsAtOneHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		var jobs []*job
		for i := range 4 {
			jobs = append(jobs, r.job(fmt.Sprint(i), "same", 2*time.Second, time.Millisecond))
		}
		jobs = append(jobs, r.job("other", "other", 2*time.Second, time.Millisecond))
		runFor(t, newScheduler(jobs, 10, 0, r.hooks()), 19500*time.Millisecond)

		var all []time.Duration
		for name, starts := range r.starts {
			if name != "other" {
				all = append(all, starts...)
			}
		}
		seen := make(map[time.Duration]bool)
		for _, at := range all {
			assert.Zero(t, at%time.Second, "a start every second")
			assert.False(t, seen[at], "two starts at %s", at)
			seen[at] = true
		}
		assert.Len(t, all, 20)
		assert.Len(t, r.starts["other"], 9, "another host is not held up")
	})
}

func TestSchedulerLeavesOutWhatItSleptThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScheduler(nil, 1, 0, schedulerHooks{})
		s.random = func() float64 { return 0 }
		now := time.Now()
		j := &job{interval: time.Minute, nominal: now}
		s.advance(j, now.Add(time.Hour+time.Second))
		assert.Equal(t, now.Add(time.Hour+time.Minute), j.due)
	})
}

func TestSchedulerStopCancelsAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		s := newScheduler([]*job{r.job("a", "a", time.Hour, time.Hour)}, 1, 0, r.hooks())
		s.start()
		pass(time.Second)
		require.NoError(t, s.stop(context.Background()))
		assert.Equal(t, time.Second+teardownTime, time.Since(r.begin), "cancelled, and waited for its teardown")
		assert.Zero(t, r.now())
		require.NoError(t, s.stop(context.Background()), "twice")
		active, queued := s.counts()
		assert.Zero(t, active+queued)
	})
}

func TestSchedulerStopHonoursItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		s := newScheduler([]*job{r.job("a", "a", time.Hour, time.Hour)}, 1, 0, r.hooks())
		s.start()
		pass(time.Second)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		require.ErrorIs(t, s.stop(ctx), context.DeadlineExceeded)
		assert.Equal(t, 1, r.now())
		<-s.stopped()
		assert.Zero(t, r.now())
		done, cancelDone := context.WithCancel(context.Background())
		cancelDone()
		require.NoError(t, s.stop(done), "all has ended, so the context does not matter")
	})
}

func TestSchedulerStopWithoutStart(t *testing.T) {
	s := newScheduler(nil, 1, 0, schedulerHooks{})
	require.NoError(t, s.stop(t.Context()))
	assert.Nil(t, s.stopped())
}

func TestSchedulerNilHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		runFor(t, newScheduler([]*job{r.job("a", "a", time.Second, 3*time.Second)}, 1, 0, schedulerHooks{}), 10*time.Second)
		assert.NotEmpty(t, r.starts["a"])
	})
}
