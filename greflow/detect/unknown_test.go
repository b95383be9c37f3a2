package detect

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect/internal/sim"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// Each case would be a blackhole, were it not for what makes it undecidable.
func TestUnknown(t *testing.T) {
	for _, c := range []struct {
		reason Reason
		cfg    func(*Config)
		play   func(w *world)
	}{
		{Warming, nil, func(w *world) {
			u := w.tunnel(client1, gw1, w.exporter(nil))
			u.Blocked[ToClient] = true
			w.run(90 * time.Second)
		}},
		{NoVisibilityOut, nil, func(w *world) {
			// The control connection is known to live from elsewhere, but nothing the gateway sends is exported.
			e := w.exporter(nil)
			u := sim.NewTunnel(client1, gw1, 4000).SeenBy(e, true, false)
			u.Rate = [2]float64{5, 5}
			w.tunnels = append(w.tunnels, u)
			u.Dial(w.now)
			require.True(w.t, w.d.TellControl(client1, gw1, w.now.Add(time.Hour)))
			w.run(20 * time.Minute)
		}},
		{NoVisibilityIn, nil, func(w *world) {
			e := w.exporter(nil)
			u := sim.NewTunnel(client1, gw1, 4000).SeenBy(e, false, true)
			u.Rate = [2]float64{5, 5}
			w.tunnels = append(w.tunnels, u)
			u.Dial(w.now)
			require.True(w.t, w.d.TellControl(client1, gw1, w.now.Add(time.Hour)))
			w.run(20 * time.Minute)
		}},
		{ControlUnseen, nil, func(w *world) {
			// Asymmetric: only what goes to the gateway passes the exporter.
			e := w.exporter(nil)
			w.tunnel(client2, gw1, e)
			u := sim.NewTunnel(client1, gw1, 4000).SeenBy(e, true, false)
			u.Rate = [2]float64{5, 5}
			w.tunnels = append(w.tunnels, u)
			u.Dial(w.now)
			w.run(20 * time.Minute)
		}},
		{Sampling, nil, func(w *world) {
			e := w.exporter(func(c *sim.Config) { c.Sampling = 100 })
			u := w.tunnel(client1, gw1, e)
			u.Rate = [2]float64{20, 20}
			w.run(10 * time.Minute)
			require.True(w.t, w.d.TellControl(client1, gw1, w.now.Add(20*time.Hour)))
			w.until(client1, gw1, Healthy, time.Minute)
			u.Rate = [2]float64{} // the user is idle; of the echo nothing is sampled
			w.run(time.Hour)
		}},
		{IdleTunnel, nil, func(w *world) {
			u := w.tunnel(client1, gw1, w.exporter(nil))
			u.Echo = 0
			for range 4 {
				u.Rate = [2]float64{5, 5}
				w.run(5 * time.Minute)
				u.Rate = [2]float64{}
				w.run(4 * time.Minute)
			}
			w.run(30 * time.Minute)
		}},
		{TooFew, nil, func(w *world) {
			e := w.exporter(nil)
			u := w.tunnel(client1, gw1, e)
			w.run(10 * time.Minute)
			u.Blocked[ToClient] = true
			u.Rate = [2]float64{1. / 60, 0}
			u.Echo = 0
			w.run(10 * time.Minute)
		}},
		{ExporterSilent, nil, func(w *world) {
			e := w.exporter(nil)
			w.tunnel(client1, gw1, e)
			w.run(10 * time.Minute)
			e.Restart(w.now, 24*time.Hour)
			w.run(time.Hour)
		}},
		{ExporterRestart, nil, func(w *world) {
			e := w.exporter(nil)
			u := w.tunnel(client1, gw1, e)
			w.run(10 * time.Minute)
			u.Blocked[ToClient] = true
			w.run(time.Minute)
			e.Restart(w.now, 20*time.Second)
			for range 15 {
				e.Restart(w.now, time.Second)
				w.run(10 * time.Second)
			}
		}},
		{TemplateMissing, nil, func(w *world) {
			e := w.exporter(nil)
			u := w.tunnel(client1, gw1, e)
			w.run(10 * time.Minute)
			w.d.Note(flow.Note{Kind: flow.NoteTemplateMissing, Exporter: e.Exporter, Arrival: w.now.UnixNano()})
			u.Blocked[ToClient] = true
			w.run(30 * time.Minute)
		}},
		{ExporterLoss, nil, func(w *world) {
			e := w.exporter(func(c *sim.Config) { c.Loss = 0.5 })
			u := w.tunnel(client1, gw1, e)
			w.run(10 * time.Minute)
			require.True(w.t, w.d.TellControl(client1, gw1, w.now.Add(time.Hour)))
			u.Blocked[ToClient] = true
			w.run(30 * time.Minute)
		}},
		{TimeInsane, nil, func(w *world) {
			e := w.exporter(nil)
			u := w.tunnel(client1, gw1, e)
			w.insane = true
			w.run(10 * time.Minute)
			u.Blocked[ToClient] = true
			w.run(30 * time.Minute)
		}},
		{PartialVisibility, nil, func(w *world) {
			e := w.exporter(nil)
			w.tunnel(client1, gw1, e)
			u := w.tunnel(client1, gw1, e)
			u.Blocked[ToClient] = true
			w.run(30 * time.Minute)
		}},
	} {
		t.Run(c.reason.String(), func(t *testing.T) {
			cfg := gatewayConfig()
			if c.cfg != nil {
				c.cfg(&cfg)
			}
			w := newWorld(t, cfg)
			c.play(w)
			require.Equal(t, Unknown.String(), w.state(client1, gw1).String())
			require.Equal(t, c.reason.String(), w.reason(client1, gw1))
			require.Zero(t, w.blackholes())
		})
	}
}
