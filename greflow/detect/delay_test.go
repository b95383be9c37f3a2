package detect

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect/internal/sim"
)

// A tunnel in use, whose control connection speaks once in an active time-out, or so that the idle time-out ends
// its flow: GRE that is lost one way is found within two active time-outs, whenever it begins.
func TestTwoActiveTimeouts(t *testing.T) {
	for _, c := range []struct {
		name                    string
		active, idle, keepAlive time.Duration
		edit                    func(*sim.Config)
		slack                   time.Duration // of the evaluation, and of an exporter that looks once a second
	}{
		{"10/5", 10 * time.Second, 5 * time.Second, time.Second, nil, 4 * time.Second},
		{"10/5 joint", 10 * time.Second, 5 * time.Second, time.Second, func(c *sim.Config) { c.Joint = true }, 4 * time.Second},
		{"10/5 biflow", 10 * time.Second, 5 * time.Second, time.Second, func(c *sim.Config) { c.Biflow = true }, 4 * time.Second},
		{"30/15", 30 * time.Second, 15 * time.Second, time.Second, nil, 0},
		{"30/15 joint", 30 * time.Second, 15 * time.Second, time.Second, func(c *sim.Config) { c.Joint = true }, 4 * time.Second},
		{"60/15", time.Minute, 15 * time.Second, time.Minute, nil, 0},
		{"60/15 lazy", time.Minute, 15 * time.Second, time.Minute, func(c *sim.Config) { c.Lazy = true }, 0},
		{"60/15 joint", time.Minute, 15 * time.Second, 30 * time.Second, func(c *sim.Config) { c.Joint = true }, 4 * time.Second},
		{"300/15", 5 * time.Minute, 15 * time.Second, time.Minute, nil, 0},
	} {
		for _, d := range oneWay {
			t.Run(c.name+" "+d.name, func(t *testing.T) {
				cfg := gatewayConfig()
				cfg.Lag = 2 * time.Second
				cfg.EvalInterval = time.Second
				w := newWorld(t, cfg)
				u := w.tunnel(client1, gw1, w.exporter(func(s *sim.Config) {
					s.Active, s.Idle = c.active, c.idle
					if c.edit != nil {
						c.edit(s)
					}
				}))
				u.Rate, u.KeepAlive = [2]float64{20, 20}, c.keepAlive
				w.run(25 * c.active)
				random := rand.New(rand.NewPCG(1, 1723))
				var most, sum time.Duration
				n := 0
				for range 40 {
					w.run(6*c.active + time.Duration(random.Int64N(int64(2*c.active))))
					require.Equal(t, Healthy, w.state(client1, gw1))
					u.Blocked[d.blocked] = true
					took := w.until(client1, gw1, d.state, 6*c.active)
					u.Blocked[d.blocked] = false
					most, sum, n = max(most, took), sum+took, n+1
					w.until(client1, gw1, Healthy, 3*c.active)
				}
				active := c.active.Seconds()
				t.Logf("most %s, %.1f active time-outs, mean %.1f", most, most.Seconds()/active, sum.Seconds()/float64(n)/active)
				assert.LessOrEqual(t, most, 2*c.active+c.slack)
				require.Equal(t, n, w.blackholes())
			})
		}
	}
}
