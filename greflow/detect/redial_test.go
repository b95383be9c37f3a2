package detect

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect/internal/sim"
)

// sessions has a probe call once each half minute, for four seconds.
func sessions(w *world, u *sim.Tunnel, n int) {
	u.Echo = 0
	for range n {
		u.Port++
		u.Rate = [2]float64{5, 5}
		u.Dial(w.now)
		w.run(4 * time.Second)
		u.Hangup(w.now)
		u.Rate = [2]float64{}
		w.run(26 * time.Second)
	}
}

// The pair of a probe is healthy as long as its sessions have GRE both ways. That of former sessions does not speak for
// those that have none.
func TestShortSessions(t *testing.T) {
	w := newWorld(t, gatewayConfig())
	u := w.tunnel(client1, gw1, w.exporter(nil))
	sessions(w, u, 20)
	require.Equal(t, Healthy, w.state(client1, gw1))
	sessions(w, u, 20)
	require.Equal(t, Healthy, w.last().To, "it stays so")

	u.Blocked = [2]bool{true, true}
	sessions(w, u, 6)
	require.Equal(t, Unknown, w.state(client1, gw1), "too short to be sure of anything")
	before := len(w.changes)
	sessions(w, u, 40)
	for _, c := range w.changes[before:] {
		require.NotEqual(t, Healthy, c.To, c.Summary())
	}

	u.Blocked = [2]bool{}
	sessions(w, u, 2)
	require.Equal(t, Healthy, w.state(client1, gw1))
	require.Zero(t, w.blackholes())
}

// So it is with the time-outs that most exporters have by default, and that this one does not show: the GRE of a session that
// is over is told of soon.
func TestShortSessionsOfAnUnknownExporter(t *testing.T) {
	w := newWorld(t, gatewayConfig())
	u := w.tunnel(client1, gw1, w.exporter(func(c *sim.Config) { c.Silent, c.Reasons = true, false }))
	sessions(w, u, 20)
	require.Equal(t, Healthy, w.state(client1, gw1))
	u.Blocked = [2]bool{true, true}
	sessions(w, u, 3)
	require.Equal(t, Unknown, w.state(client1, gw1))
}

// GRE of a session that was over does not make a pair healthy whose next ones have none.
func TestFormerSession(t *testing.T) {
	w := newWorld(t, gatewayConfig())
	u := w.tunnel(client1, gw1, w.exporter(nil))
	sessions(w, u, 1)
	w.run(time.Minute)
	require.Equal(t, Idle, w.state(client1, gw1))
	before := len(w.changes)
	u.Blocked = [2]bool{true, true}
	sessions(w, u, 3)
	require.Equal(t, Unknown, w.state(client1, gw1))
	for _, c := range w.changes[before:] {
		require.NotEqual(t, Healthy, c.To, c.Summary())
	}
}
