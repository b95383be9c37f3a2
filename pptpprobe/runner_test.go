package pptpprobe

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runs plays results one after the other, each for its time, and returns the
// pauses between them; the last result is repeated.
func runs(t *testing.T, r *Runner, total time.Duration, results ...*Result) (pauses []time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), total)
		defer cancel()
		n := 0
		var ended time.Time
		r.Target = Target{Host: "192.0.2.1", Depth: DepthNetwork, Username: "probe"}
		r.Run = func(ctx context.Context, _ Target) *Result {
			if !ended.IsZero() {
				pauses = append(pauses, time.Since(ended))
			}
			res := results[min(n, len(results)-1)]
			n++
			select {
			case <-time.After(res.Duration):
			case <-ctx.Done():
			}
			ended = time.Now()
			return res
		}
		require.NoError(t, r.Loop(ctx))
	})
	return pauses
}

func lostAfter(d time.Duration, c Cause) *Result {
	return &Result{
		Duration: d, Failure: newFailure(StageHold, c, "", nil),
		Stages: []StageResult{{Stage: StageHold, Duration: d}},
	}
}

func seconds(n ...int) (out []time.Duration) {
	for _, x := range n {
		out = append(out, time.Duration(x)*time.Second)
	}
	return out
}

func TestRunnerBacksOff(t *testing.T) {
	short := lostAfter(time.Second, CauseHoldDataLost)
	t.Run("least", func(t *testing.T) {
		got := runs(t, &Runner{random: func() float64 { return 0 }}, time.Hour, short)
		require.Greater(t, len(got), 10)
		assert.Equal(t, seconds(5, 10, 20, 40, 80, 150, 150, 150), got[:8])
	})
	t.Run("most", func(t *testing.T) {
		got := runs(t, &Runner{random: func() float64 { return 0.999999999 }}, time.Hour, short)
		for i, want := range seconds(10, 20, 40, 80, 160, 300, 300) {
			assert.InDelta(t, float64(want), float64(got[i]), float64(time.Millisecond))
			assert.LessOrEqual(t, got[i], 5*time.Minute)
		}
	})
	t.Run("at random", func(t *testing.T) {
		got := runs(t, &Runner{}, 10*time.Hour, short)
		seen := map[time.Duration]bool{}
		for _, d := range got {
			assert.GreaterOrEqual(t, d, 5*time.Second)
			assert.LessOrEqual(t, d, 5*time.Minute)
			seen[d] = true
		}
		assert.Greater(t, len(seen), len(got)/2)
	})
	t.Run("begins anew after a long session", func(t *testing.T) {
		got := runs(t, &Runner{random: func() float64 { return 0 }}, time.Hour,
			short, short, short, lostAfter(6*time.Minute, CauseHoldDataLost), short, short)
		assert.Equal(t, seconds(5, 10, 20, 5, 10, 20), got[:6])
	})
	t.Run("bounds of its own", func(t *testing.T) {
		got := runs(t, &Runner{BackoffMin: time.Second, BackoffMax: 3 * time.Second, random: func() float64 { return 0 }}, time.Minute, short)
		assert.Equal(t, []time.Duration{time.Second, 1500 * time.Millisecond, 1500 * time.Millisecond}, got[:3])
	})
}

// A rejected password is not tried more often than once in five minutes, whatever
// the back-off.
func TestRunnerDoesNoHarm(t *testing.T) {
	for _, c := range credentialCauses {
		rejected := lostAfter(time.Second, c)
		rejected.Stages = nil
		got := runs(t, &Runner{BackoffMax: time.Minute, Rejected: time.Second}, time.Hour, rejected)
		require.Len(t, got, 11, c)
		for _, d := range got {
			assert.Equal(t, 5*time.Minute, d, c)
		}
	}
	got := runs(t, &Runner{Rejected: 20 * time.Minute}, time.Hour, lostAfter(time.Second, CauseAuthRejected))
	assert.Equal(t, []time.Duration{20 * time.Minute, 20 * time.Minute}, got)
}

func TestRunnerHooks(t *testing.T) {
	good := Target{Host: "192.0.2.1", Depth: DepthNetwork, Username: "probe"}
	closed := errors.New("closed")
	r := &Runner{Target: good, Before: func(context.Context) error { return closed }}
	require.ErrorIs(t, r.Loop(context.Background()), closed)
	r = &Runner{Target: Target{}}
	require.ErrorContains(t, r.Loop(context.Background()), "host")

	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		var next []time.Time
		n := 0
		r := &Runner{
			Target: good,
			Run: func(context.Context, Target) *Result {
				if n++; n == 2 {
					cancel()
				}
				return lostAfter(0, CauseHoldDataLost)
			},
			Ended: func(_ *Result, at time.Time) { next = append(next, at) },
		}
		require.NoError(t, r.Loop(ctx))
		require.Len(t, next, 2)
		assert.False(t, next[0].IsZero())
		assert.True(t, next[1].IsZero(), "no further session")
	})
}

// The whole thing: lost, and back.
func TestRunnerReestablishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, p := newFakeGateway()
		ctx, cancel := context.WithCancel(context.Background())
		var kinds []HoldKind
		up := make(chan struct{}, 8)
		tg := g.target(&Hold{ReportInterval: time.Hour, Report: func(r HoldReport) {
			kinds = append(kinds, r.Kind)
			if r.Kind == HoldEstablished {
				up <- struct{}{}
			}
		}})
		done := make(chan error, 1)
		r := &Runner{Run: p.Run, Target: tg}
		go func() { done <- r.Loop(ctx) }()
		<-up
		_ = g.session(0).conn.Close()
		<-up
		cancel()
		require.NoError(t, <-done)
		assert.Equal(t, []HoldKind{HoldEstablished, HoldLost, HoldEstablished}, kinds)
		assert.Zero(t, p.Stats().Sessions)
	})
}
