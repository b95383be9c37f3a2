package polling

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// plan runs a schedule in virtual time, and returns when each job ran, in seconds.
func plan(t *testing.T, cfg Config, last time.Duration, takes time.Duration, jobs ...Job) (ran [][]float64, skipped int64) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ran = make([][]float64, len(jobs))
		for i := range jobs {
			jobs[i].Run = func(ctx context.Context, _ time.Duration) {
				ran[i] = append(ran[i], time.Since(start).Seconds())
				select {
				case <-time.After(takes):
				case <-ctx.Done():
				}
			}
		}
		cfg.Skipped = func(n int64) { skipped += n }
		cfg.Random = func() float64 { return 1 }
		s := New(cfg, jobs)
		ctx, cancel := context.WithTimeout(t.Context(), last)
		defer cancel()
		s.Run(ctx)
		assert.Zero(t, s.Active()+s.Waiting())
	})
	return ran, skipped
}

func every(intervals ...time.Duration) (jobs []Job) {
	for _, d := range intervals {
		jobs = append(jobs, Job{Interval: d})
	}
	return jobs
}

func TestSchedule(t *testing.T) {
	cfg := Config{Delay: time.Second, MaxConcurrent: 2}
	m := time.Minute
	ran, skipped := plan(t, cfg, 150*time.Second, time.Second, every(m, m, 2*m)...)
	assert.Equal(t, [][]float64{{1, 61, 121}, {2, 62, 122}, {3, 123}}, ran, "a second apart, and then at their intervals")
	assert.Zero(t, skipped)

	s := 2 * time.Second
	ran, _ = plan(t, cfg, 2*time.Second+700*time.Millisecond, 0, every(s, s, s, s)...)
	assert.Equal(t, [][]float64{{1}, {1.5}, {2}, {2.5}}, ran, "closer if the interval would not hold them all")
}

func TestScheduleJitterKeepsTheRhythm(t *testing.T) {
	cfg := Config{Delay: time.Second, MaxConcurrent: 1, Jitter: 0.1}
	ran, _ := plan(t, cfg, 200*time.Second, time.Second, every(time.Minute)...)
	assert.Equal(t, [][]float64{{1, 67, 127, 187}}, ran)
}

func TestScheduleJitterLeavesRoom(t *testing.T) {
	cfg := Config{MaxConcurrent: 1, Jitter: 0.5}
	for longest, want := range map[time.Duration][]float64{0: {0, 90, 150}, 50 * time.Second: {0, 70, 130, 190}, 2 * time.Minute: {0, 60, 120, 180}} {
		ran, _ := plan(t, cfg, 200*time.Second, time.Second, Job{Interval: time.Minute, Longest: longest})
		assert.Equal(t, [][]float64{want}, ran, longest)
	}
}

func TestScheduleLeavesOutWhatIsLate(t *testing.T) {
	cfg := Config{MaxConcurrent: 1}
	ran, skipped := plan(t, cfg, 200*time.Second, 70*time.Second, every(time.Minute)...)
	assert.Equal(t, [][]float64{{0, 120}}, ran)
	assert.Equal(t, int64(2), skipped)

	// Three that have to wait for each other, in the order in which they came; what is
	// due while one waits or runs is left out.
	ran, skipped = plan(t, cfg, 179*time.Second, 30*time.Second, every(time.Minute, time.Minute, time.Minute)...)
	assert.Equal(t, [][]float64{{0, 90, 150}, {30, 120}, {60}}, ran)
	assert.Equal(t, int64(2), skipped)
}
