package detect

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect/internal/sim"
)

// Our clock is set while 50 busy tunnels are up: nothing may be made of it, and a
// blackhole after that is found.
func TestOurClockSteps(t *testing.T) {
	for _, step := range []time.Duration{
		3 * time.Second, 12 * time.Second, 29 * time.Second, 31 * time.Second, 3 * time.Minute, 24 * time.Hour, 20 * 365 * 24 * time.Hour,
		-500 * time.Millisecond, -5 * time.Second, -40 * time.Second, -time.Hour, -20 * 365 * 24 * time.Hour,
	} {
		t.Run(step.String(), func(t *testing.T) {
			w := newWorld(t, gatewayConfig())
			e := w.exporter(nil)
			for i := range 50 {
				u := w.tunnel(clientAddr(i), gw1, e)
				u.Rate = [2]float64{20, 30}
				w.run(time.Second)
			}
			w.run(5 * time.Minute)
			w.skew += step
			w.run(8 * time.Minute)
			require.Zero(t, w.blackholes())
			w.tunnels[7].Blocked[ToClient] = true
			w.until(clientAddr(7), gw1, InboundOnly, 4*time.Minute)
			require.WithinDuration(t, w.now.Add(w.skew), w.last().At, 2*time.Second)
		})
	}
}

func TestExporterClockSteps(t *testing.T) {
	for _, step := range []time.Duration{20 * time.Second, 5 * time.Minute, 26 * time.Hour, -20 * time.Second, -5 * time.Minute, -26 * time.Hour} {
		t.Run(step.String(), func(t *testing.T) {
			w := newWorld(t, gatewayConfig())
			e := w.exporter(func(c *sim.Config) { c.Ahead = -3 * time.Hour })
			for i := range 50 {
				u := w.tunnel(clientAddr(i), gw1, e)
				u.Rate = [2]float64{20, 30}
				w.run(time.Second)
			}
			w.run(5 * time.Minute)
			e.Ahead += step
			w.run(12 * time.Minute)
			require.Zero(t, w.blackholes())
			w.tunnels[7].Blocked[ToClient] = true
			w.until(clientAddr(7), gw1, InboundOnly, 5*time.Minute)
		})
	}
}

func TestClock(t *testing.T) {
	var c clock
	at := began.UnixNano()
	require.False(t, c.advance(at))
	require.Equal(t, origin, c.now())
	require.False(t, c.advance(at+int64(20*time.Second)))
	require.Equal(t, origin+20*second, c.now())
	require.True(t, c.advance(at+int64(time.Hour)), "nobody watched")
	require.Equal(t, origin+20*second, c.now())
	require.False(t, c.advance(at), "backwards nothing is missed")
	require.Equal(t, origin+20*second, c.now())
	require.False(t, c.advance(at-int64(900*time.Millisecond)), "another socket")
	require.Equal(t, origin+20*second, c.now())
	require.False(t, c.advance(at+int64(time.Second)))
	require.Equal(t, origin+21*second, c.now())
	require.EqualValues(t, 2, c.steps)
	require.Equal(t, at+int64(time.Second), c.wallAt(c.now()).UnixNano())
}

func TestLearnedTimeouts(t *testing.T) {
	for _, c := range []struct{ active, idle time.Duration }{{time.Minute, 15 * time.Second}, {5 * time.Minute, 30 * time.Second}, {30 * time.Minute, time.Minute}} {
		for _, reasons := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s reasons %v", c.active, reasons), func(t *testing.T) {
				w := newWorld(t, gatewayConfig())
				e := w.exporter(func(s *sim.Config) { s.Active, s.Idle, s.Reasons, s.Silent = c.active, c.idle, reasons, true })
				for i := range 10 {
					w.tunnel(clientAddr(i), gw1, e)
				}
				w.run(5 * c.active)
				x := w.d.exporters.all[0]
				require.InEpsilon(t, c.active.Seconds(), x.period.duration().Seconds(), 0.15)
				require.GreaterOrEqual(t, x.delay.duration(), c.active)
				require.LessOrEqual(t, x.delay.duration(), c.active*115/100+c.idle+20*time.Second)
			})
		}
	}
}
