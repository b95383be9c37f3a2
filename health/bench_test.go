package health

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const fleetSize = 10_000

// fleet is an engine with many gateways, which share RADIUS servers by a hundred, and a
// full round of evidence about each: 42 items from two vantages and all sources.
func fleet(tb testing.TB, size int) (*Engine, []Evidence) {
	tb.Helper()
	c := Config{MaxGateways: size}
	for i := range size {
		c.Gateways = append(c.Gateways, Gateway{ID: fmt.Sprintf("gw-%05d", i), Shares: map[string][]string{"radius": {fmt.Sprintf("r%d", i/100)}}})
	}
	e, err := New(c)
	require.NoError(tb, err)
	round := parse(works, start)
	for i := range 3 {
		tellAll(tb, e, c.Gateways, round, start.Add(time.Duration(i)*10*time.Second))
	}
	return e, round
}

func tellAll(tb testing.TB, e *Engine, gateways []Gateway, round []Evidence, now time.Time) {
	tb.Helper()
	for _, g := range gateways {
		for i := range round {
			ev := round[i]
			ev.Gateway, ev.At = g.ID, now
			if o := e.Observe(now, &ev); o != Accepted {
				tb.Fatal(o)
			}
		}
	}
}

// BenchmarkObserve is evidence about gateways, signals and vantages that are known.
func BenchmarkObserve(b *testing.B) {
	e, round := fleet(b, fleetSize)
	now := start
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		ev := &round[i%len(round)]
		ev.Gateway = e.order[i/len(round)%fleetSize].id
		if i%(len(round)*fleetSize) == 0 {
			now = now.Add(10 * time.Second)
		}
		ev.At = now
		e.Observe(now, ev)
	}
}

// BenchmarkEvaluate is an evaluation of 10,000 gateways, all healthy, or one in ten with a
// fault.
func BenchmarkEvaluate(b *testing.B) {
	for _, faulty := range []int{0, fleetSize / 10} {
		b.Run(fmt.Sprintf("faulty=%d", faulty), func(b *testing.B) {
			e, _ := fleet(b, fleetSize)
			now := start.Add(20 * time.Second)
			gateways := e.config.Gateways[:faulty]
			for i := range 3 {
				at := now.Add(time.Duration(i+1) * time.Second)
				tellAll(b, e, gateways, parse(noGRE+"netflow.gre=none log.lcp=timeout", at), at)
			}
			now = now.Add(5 * time.Second)
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				now = now.Add(time.Millisecond)
				e.Evaluate(now)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/fleetSize, "ns/gateway")
		})
	}
}

// BenchmarkMemory is what 10,000 gateways take.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		e, _ := fleet(b, fleetSize)
		e.Evaluate(start.Add(20 * time.Second))
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
		runtime.KeepAlive(e)
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	e, round := fleet(t, 2)
	now := start.Add(20 * time.Second)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		now = now.Add(time.Second)
		for i := range round {
			ev := round[i]
			ev.Gateway, ev.At, ev.Peer = "gw-00001", now, "client"
			e.Observe(now, &ev)
		}
	}))
}
