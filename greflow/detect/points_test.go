package detect

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect/internal/sim"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// What two exporters see, or one coming in and going out, is counted once.
func TestSeenByManyIsCountedOnce(t *testing.T) {
	alone := countTo(t, func(w *world, u *sim.Tunnel) {
		u.SeenBy(w.exporter(nil), true, true)
	})
	require.InDelta(t, 60*60, float64(alone.Packets[ToGateway]), 100)
	require.Equal(t, 100*alone.Packets[ToGateway], alone.Bytes[ToGateway])
	for name, see := range map[string]func(*world, *sim.Tunnel){
		"two exporters": func(w *world, u *sim.Tunnel) {
			u.SeenBy(w.exporter(nil), true, true).SeenBy(w.exporter(nil), true, true)
		},
		"three exporters, one with other time-outs, one lossy": func(w *world, u *sim.Tunnel) {
			u.SeenBy(w.exporter(nil), true, true)
			u.SeenBy(w.exporter(func(c *sim.Config) { c.Active = 5 * time.Minute }), true, true)
			u.SeenBy(w.exporter(func(c *sim.Config) { c.Loss = 0.05 }), true, true)
		},
		"in and out": func(w *world, u *sim.Tunnel) {
			for _, dir := range []flow.Direction{flow.Ingress, flow.Egress} {
				u.SeenBy(w.exporter(func(c *sim.Config) {
					c.Exporter, c.In, c.Out, c.Direction = exporterAt(1), 3, 4, dir
				}), true, true)
			}
		},
		"one sampled": func(w *world, u *sim.Tunnel) {
			u.SeenBy(w.exporter(func(c *sim.Config) { c.Sampling = 20 }), true, true)
			u.SeenBy(w.exporter(nil), true, true)
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := countTo(t, see)
			for way := range got.Packets {
				require.InEpsilon(t, alone.Packets[way], got.Packets[way], 0.05)
				require.InEpsilon(t, alone.Bytes[way], got.Bytes[way], 0.05)
			}
		})
	}
}

// countTo runs a tunnel for an hour, with a packet a second each way.
func countTo(t *testing.T, see func(*world, *sim.Tunnel)) GatewaySummary {
	t.Helper()
	w := newWorld(t, gatewayConfig())
	u := sim.NewTunnel(client1, gw1, 40000)
	see(w, u)
	u.Rate = [2]float64{1, 1}
	w.tunnels = append(w.tunnels, u)
	u.Dial(w.now)
	w.run(time.Hour)
	require.Equal(t, Healthy, w.state(client1, gw1))
	for _, e := range w.exporters {
		e.Flush(w.now)
	}
	return w.d.Gateways(nil)[0]
}

func TestScaledBySampling(t *testing.T) {
	w := newWorld(t, gatewayConfig())
	u := w.tunnel(client1, gw1, w.exporter(func(c *sim.Config) { c.Sampling = 50 }))
	u.Rate = [2]float64{100, 200}
	w.run(time.Hour)
	s := w.d.Gateways(nil)[0]
	require.InEpsilon(t, 3600*100, s.ScaledPackets[ToGateway], 0.1)
	require.InEpsilon(t, 3600*200, s.ScaledPackets[ToClient], 0.1)
	require.InEpsilon(t, 3600*4, float64(s.Packets[ToClient]), 0.1)
}

// An exporter that is restarted while another goes on takes nothing from its evidence.
func TestTwoExportersOneWayEach(t *testing.T) {
	w := newWorld(t, gatewayConfig())
	u := sim.NewTunnel(client1, gw1, 40000)
	u.SeenBy(w.exporter(nil), true, false).SeenBy(w.exporter(nil), false, true)
	u.Rate = [2]float64{3, 3}
	w.tunnels = append(w.tunnels, u)
	u.Dial(w.now)
	w.run(10 * time.Minute)
	require.Equal(t, Healthy, w.state(client1, gw1))
	w.exporters[1].Restart(w.now, 24*time.Hour)
	w.run(time.Hour)
	require.Equal(t, Unknown, w.state(client1, gw1), "the exporter is gone, not the GRE")
	require.Zero(t, w.blackholes())
}

// Two tunnels of one address: GRE without Call IDs is one stream.
func TestPartialVisibility(t *testing.T) {
	w := newWorld(t, gatewayConfig())
	e := w.exporter(nil)
	w.tunnel(client1, gw1, e)
	second := w.tunnel(client1, gw1, e)
	second.Blocked[ToClient] = true
	w.run(20 * time.Minute)
	require.Equal(t, PartialVisibility.String(), w.reason(client1, gw1))
	s := w.d.Gateways(nil)[0]
	require.Equal(t, 1, s.Partial)
	require.Equal(t, 2, s.ControlSessions)
	second.Hangup(w.now)
	second.Rate, second.Echo = [2]float64{}, 0
	w.until(client1, gw1, Healthy, 2*time.Minute)
	require.Zero(t, w.d.Gateways(nil)[0].Partial)

	w.tunnels[0].Blocked[ToClient] = true
	third := w.tunnel(client1, gw1, e)
	third.Blocked[ToClient] = true
	w.until(client1, gw1, InboundOnly, 6*time.Minute)
	require.True(t, w.last().Evidence.Partial, "all of them are blackholed, and this can be told")
}

// With Call IDs it is seen that one of two has no answer.
func TestCallIDs(t *testing.T) {
	for _, c := range oneWay {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, gatewayConfig())
			e := w.exporter(nil)
			w.tunnel(client1, gw1, e).Calls(11, 12)
			second := w.tunnel(client1, gw1, e).Calls(21, 22)
			w.run(10 * time.Minute)
			require.Equal(t, Healthy, w.state(client1, gw1))
			require.Equal(t, [2]int{2, 2}, w.last().Evidence.Calls)
			second.Blocked[c.blocked] = true
			took := w.until(client1, gw1, c.state, 8*time.Minute)
			t.Log(took, w.last().Summary())
			second.Blocked[c.blocked] = false
			w.until(client1, gw1, Healthy, 3*time.Minute)
			require.Equal(t, 1, w.blackholes())
		})
	}
}

// An exporter inside of a network sees the private address, one outside the public
// one, and a NAT event tells that they are the same.
func TestTranslatedAddresses(t *testing.T) {
	inside := netip.MustParseAddr("192.168.7.7")
	w := newWorld(t, gatewayConfig())
	u := sim.NewTunnel(client1, gw1, 40000).SeenBy(w.exporter(nil), false, true)
	u.SeenAs(w.exporter(nil), inside, true, false)
	u.Rate = [2]float64{2, 2}
	w.tunnels = append(w.tunnels, u)
	u.Dial(w.now)
	w.run(5 * time.Minute)
	require.Equal(t, 2, w.d.Stats().Pairs)
	require.Equal(t, Unknown, w.state(client1, gw1))
	at := w.now.UnixNano()
	w.d.Record(&flow.Record{
		Exporter: exporterAt(2), Src: inside, Dst: gw1, PostSrc: client1, PostDst: gw1, Proto: flow.ProtoTCP,
		SrcPort: 40000, DstPort: flow.PPTPPort, Packets: 1, Start: at, End: at, Export: at, Arrival: at,
	})
	w.until(client1, gw1, Healthy, 5*time.Minute)
	require.Same(t, w.pair(client1, gw1), w.pair(inside, gw1))
	u.Blocked[ToGateway] = true
	w.until(client1, gw1, OutboundOnly, 5*time.Minute)
	require.Equal(t, client1, w.last().Client)
	s := w.d.Gateways(nil)[0]
	require.Equal(t, 1, s.Pairs[OutboundOnly])
	require.Zero(t, s.Pairs[Unknown])

	require.Equal(t, 1, s.ControlSessions)
}
