package snmpppp

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
)

// A fleet polls every agent again and again: those that do not answer too, and without
// holding up the others.
func TestFleet(t *testing.T) {
	var busy, most atomic.Int32
	track := agent.Config{Mangle: func(*agent.Request, *agent.Answer) {
		n := busy.Add(1)
		defer busy.Add(-1)
		for {
			m := most.Load()
			if n <= m || most.CompareAndSwap(m, n) {
				return
			}
		}
	}}
	good := serve(t, rowsOf(t, "cisco-ios"), track)
	silent := serve(t, rowsOf(t, "ups"), agent.Config{Drop: func(*agent.Request) bool { return true }})
	var targets []Target
	for i := range 12 {
		target := targetOf(good)
		if i%4 == 0 {
			target = targetOf(silent)
		}
		target.ID = fmt.Sprintf("gw-%d", i)
		target.Interval, target.Timeout = time.Second, 10*time.Second
		if i%4 == 0 {
			target.Timeout, target.Retries = 100*time.Millisecond, -1
		}
		targets = append(targets, target)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var mu sync.Mutex
	seen := map[string]int{}
	f, err := NewFleet(targets, 4, snapshot.Tracking{}, func(r Result) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.Target.ID]++
		if r.Target.Port == silent.Addr().Port() {
			assert.Equal(t, walk.KindTimeout, KindOf(r.Err))
			assert.Nil(t, r.Snapshot)
		} else if assert.NoError(t, r.Err) {
			assert.Len(t, r.Snapshot.Sessions, 3)
			assert.Equal(t, seen[r.Target.ID] > 1, r.Delta.Compared)
		}
		if len(seen) == len(targets) {
			for _, n := range seen {
				if n < 2 {
					return
				}
			}
			cancel()
		}
	})
	require.NoError(t, err)
	f.Run(ctx)
	assert.Len(t, seen, len(targets))
	assert.LessOrEqual(t, most.Load(), int32(4))
}

func TestFleetMistakes(t *testing.T) {
	good := Target{Host: "192.0.2.1", Auth: Auth{Community: "x"}}
	_, err := NewFleet([]Target{good, good, {Host: ""}}, 0, snapshot.Tracking{}, nil)
	require.ErrorContains(t, err, "twice")
	require.ErrorContains(t, err, "host")
	_, err = NewFleet(nil, -1, snapshot.Tracking{}, nil)
	require.ErrorContains(t, err, "workers -1")
}

func TestRhythm(t *testing.T) {
	due := time.Unix(1000, 0)
	for after, want := range map[time.Duration]time.Duration{0: 60, 59 * time.Second: 60, 61 * time.Second: 120, 200 * time.Second: 240} {
		assert.Equal(t, due.Add(want*time.Second), next(due, time.Minute, due.Add(after)), after)
	}
	var early int
	for i := range 1000 {
		p := phase(fmt.Sprint("gw-", i), time.Minute)
		assert.Less(t, p, time.Minute)
		if p < 30*time.Second {
			early++
		}
	}
	assert.InDelta(t, 500, early, 80, "agents are spread over the interval")
}
