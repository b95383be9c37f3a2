package pptpprobe

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
)

func TestHoldDegraded(t *testing.T) {
	for name, tt := range map[string]struct {
		hold   Hold
		worsen func(*fakeGateway)
		better func(*fakeGateway)
		why    string
	}{
		"loss": {Hold{DegradedLoss: 0.1, EchoInterval: 5 * time.Second}, func(g *fakeGateway) { g.lossEvery.Store(3) },
			func(g *fakeGateway) { g.lossEvery.Store(0) }, "of the packets were lost"},
		"silence": {Hold{DegradedLoss: 0.5, EchoFailure: 100}, func(g *fakeGateway) { g.greSilent.Store(true) },
			func(g *fakeGateway) { g.greSilent.Store(false) }, "% of the packets were lost, more than 50.0 %"},
		"delay": {Hold{DegradedRTT: 100 * time.Millisecond}, func(g *fakeGateway) { g.delay.Store(int64(150 * time.Millisecond)) },
			func(g *fakeGateway) { g.delay.Store(0) }, "more than 100ms"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := holdSession(t, func(_ *fakeGateway, tg *Target) { tg.Hold = &tt.hold })
				h.pass(2 * time.Minute)
				require.Equal(t, []HoldKind{HoldEstablished}, h.kinds())
				tt.worsen(h.g)
				h.pass(3 * time.Minute)
				require.Equal(t, []HoldKind{HoldEstablished, HoldDegraded}, h.kinds(), "once")
				assert.Contains(t, h.of(HoldDegraded)[0].Detail, tt.why)
				tt.better(h.g)
				h.pass(3 * time.Minute)
				require.Equal(t, []HoldKind{HoldEstablished, HoldDegraded, HoldRecovered}, h.kinds())
				assert.Equal(t, 1, h.stop().Hold.Degraded)
			})
		})
	}
}

func TestHoldLossOfAStatus(t *testing.T) {
	s := HoldStatus{}
	assert.Zero(t, s.Loss())
	s.EchoSent, s.EchoLost = 4, 4
	assert.InDelta(t, 1.0, s.Loss(), 1e-9, "nothing came back")
	s.GRE.Rx.Packets, s.GRE.RxLost, s.EchoLost = 16, 4, 4
	assert.InDelta(t, 0.2, s.Loss(), 1e-9, "the gaps are the replies")
}

func TestGRESince(t *testing.T) {
	base := gre.Stats{Tx: gre.Direction{Packets: 2, Bytes: 20}, RxLost: 1, AckRTT: gre.RTT{Count: 1, Sum: time.Second, Min: 1}}
	now := gre.Stats{Tx: gre.Direction{Packets: 5, Bytes: 60}, RxLost: 3, AckRTT: gre.RTT{Count: 3, Sum: 5 * time.Second, Min: 1}}
	assert.Equal(t, gre.Stats{Tx: gre.Direction{Packets: 3, Bytes: 40}, RxLost: 2, AckRTT: gre.RTT{Count: 2, Sum: 4 * time.Second}}, greSince(now, base))
}

func TestKeepRTT(t *testing.T) {
	var list []time.Duration
	for i := range 3 * maxKeptRTTs {
		list = keepRTT(list, time.Duration(i))
	}
	assert.Len(t, list, maxKeptRTTs)
	assert.True(t, slices.IsSorted(list))
	assert.EqualValues(t, 3*maxKeptRTTs-1, list[maxKeptRTTs-1])
}

// A held session is small, and stays so: here with the server's end of it, and
// with all that it had to say.
func TestHoldMemory(t *testing.T) {
	const sessions = 200
	g, p := newFakeGateway()
	ctx, cancel := context.WithCancel(context.Background())
	var up, ended sync.WaitGroup
	tg := g.target(&Hold{Report: func(r HoldReport) {
		if r.Kind == HoldEstablished {
			up.Done()
		}
	}})
	before := memory()
	for range sessions {
		up.Add(1)
		ended.Go(func() { p.Run(ctx, tg) })
	}
	up.Wait()
	each := max(memory()-before, 0) / sessions
	t.Logf("%d bytes for a held session and the server's end of it", each)
	assert.Less(t, each, int64(48<<10))
	assert.Equal(t, sessions, p.Stats().Sessions)
	cancel()
	ended.Wait()
	require.NoError(t, p.Close())
}

// memory is what the heap and all stacks take.
func memory() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
