package detect

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect/internal/sim"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

func TestHealthyThenIdle(t *testing.T) {
	w := newWorld(t, gatewayConfig())
	u := w.tunnel(client1, gw1, w.exporter(nil))
	w.until(client1, gw1, Healthy, 2*time.Minute)
	w.run(time.Hour)
	u.Rate = [2]float64{}
	w.run(time.Hour)
	require.Equal(t, Healthy, w.state(client1, gw1), "the echo of LCP is enough")
	u.Hangup(w.now)
	u.Echo = 0
	w.until(client1, gw1, Idle, time.Minute)
	w.run(time.Hour)
	require.Zero(t, w.blackholes())
	require.Len(t, w.changes, 2)
	require.Equal(t, Healthy, w.changes[1].From)
	require.Equal(t, client1, w.changes[1].Client)
	require.Equal(t, GatewayID{ID: "gw-1", Addr: gw1}, w.changes[1].Gateway)
}

// oneWay are the two directions, with what the exporter sees of the other.
var oneWay = []struct {
	name    string
	blocked Way
	state   State
}{
	{"inbound_only", ToClient, InboundOnly},
	{"outbound_only", ToGateway, OutboundOnly},
}

func TestOneWayAfterHealthy(t *testing.T) {
	for _, c := range oneWay {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, gatewayConfig())
			u := w.tunnel(client1, gw1, w.exporter(nil))
			w.run(10 * time.Minute)
			u.Blocked[c.blocked] = true
			took := w.until(client1, gw1, c.state, 4*time.Minute)
			e := w.last().Evidence
			t.Log(took, w.last().Summary())
			require.Equal(t, Healthy, w.last().From)
			require.Greater(t, e.Confidence, 1-3.5e-7)
			require.InDelta(t, took, e.LastGRE[c.blocked], float64(2*time.Second))
			require.Less(t, e.LastGRE[1-c.blocked], 80*time.Second)
			require.Equal(t, 1, e.ControlSessions)
			require.Equal(t, 1, e.Exporters)
			require.InDelta(t, 1, e.Sampling, 0)
			require.GreaterOrEqual(t, e.Lambda, 14.9)
			require.NotContains(t, w.last().Summary(), client1.String())
			w.run(30 * time.Minute)
			require.Equal(t, c.state, w.state(client1, gw1), "it stays")
			u.Blocked[c.blocked] = false
			w.until(client1, gw1, Healthy, 2*time.Minute)
			require.Equal(t, 1, w.blackholes())
		})
	}
}

// One packet in 3 s is LCP: requests that are not answered.
func TestOneWayFromTheStart(t *testing.T) {
	for _, c := range oneWay {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, gatewayConfig())
			u := w.tunnel(client1, gw1, w.exporter(nil))
			u.Blocked[c.blocked] = true
			u.Rate = [2]float64{1. / 3, 1. / 3}
			took := w.until(client1, gw1, c.state, 4*time.Minute)
			t.Log(took, w.last().Summary())
			require.Negative(t, w.last().Evidence.LastGRE[c.blocked])
		})
	}
}

func TestControlOnly(t *testing.T) {
	w := newWorld(t, gatewayConfig())
	u := w.tunnel(client1, gw1, w.exporter(nil))
	u.Blocked = [2]bool{true, true}
	took := w.until(client1, gw1, ControlOnly, 3*time.Minute)
	t.Log(took, w.last().Summary())
	u.Blocked = [2]bool{}
	w.until(client1, gw1, Healthy, 2*time.Minute)
}

// A client that gives up LCP after half a minute and dials again never has a
// control connection for long.
func TestRedialing(t *testing.T) {
	for _, c := range []struct {
		name    string
		blocked [2]bool
		state   State
	}{
		{"control_only", [2]bool{true, true}, ControlOnly},
		{"inbound_only", [2]bool{false, true}, InboundOnly},
		{"healthy", [2]bool{}, Healthy},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, gatewayConfig())
			e := w.exporter(nil)
			for i := range 12 {
				u := w.tunnel(client1, gw1, e)
				u.Rate, u.Blocked = [2]float64{1. / 3, 1. / 3}, c.blocked
				w.run(32 * time.Second)
				u.Hangup(w.now)
				u.Rate, u.Echo = [2]float64{}, 0
				w.run(5 * time.Second)
				if i > 9 {
					require.Equal(t, c.state, w.state(client1, gw1), w.reason(client1, gw1))
				}
			}
			w.run(10 * time.Minute)
			require.Equal(t, Idle, w.state(client1, gw1))
		})
	}
}

// What looks whether the port is open is no client.
func TestPortChecksAreNoBlackhole(t *testing.T) {
	w := newWorld(t, gatewayConfig())
	e := w.exporter(nil)
	for range 60 {
		u := w.tunnel(client1, gw1, e)
		u.Rate, u.Echo = [2]float64{}, 0
		w.run(time.Second)
		u.Hangup(w.now)
		w.run(29 * time.Second)
	}
	require.Zero(t, w.blackholes())
}

func TestStalled(t *testing.T) {
	w := newWorld(t, gatewayConfig())
	u := w.tunnel(client1, gw1, w.exporter(nil))
	w.run(2 * time.Minute)
	u.Blocked = [2]bool{true, true}
	took := w.until(client1, gw1, Stalled, 8*time.Minute)
	t.Log(took, w.last().Summary())
	e := w.last().Evidence
	require.InDelta(t, took, e.LastGRE[ToGateway], float64(2*time.Second))
	require.InDelta(t, took, e.LastGRE[ToClient], float64(2*time.Second))
	u.Blocked = [2]bool{}
	w.until(client1, gw1, Healthy, 2*time.Minute)
}

// The flows are said to be over (end reason 1), and flows of this gateway that were
// so far came back sooner than this one.
func TestStalledFast(t *testing.T) {
	w := newWorld(t, gatewayConfig())
	e := w.exporter(nil)
	u := w.tunnel(client1, gw1, e)
	for i := range 60 {
		idle := w.tunnel(clientAddr(i), gw1, e)
		idle.Rate = [2]float64{}
		idle.Echo = 20 * time.Second
	}
	w.run(5*time.Minute + 20*time.Second)
	u.Blocked = [2]bool{true, true}
	took := w.until(client1, gw1, Stalled, 2*time.Minute)
	t.Log(took, w.last().Summary())
	require.Less(t, took, 95*time.Second)
	require.Less(t, w.last().Evidence.Confidence, 0.9999)
	require.Greater(t, w.last().Evidence.Confidence, 0.98)
	require.Equal(t, 1, w.blackholes())
}

func TestOrphan(t *testing.T) {
	for name, hangup := range map[string]bool{"closed": true, "vanished": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, gatewayConfig())
			u := w.tunnel(client1, gw1, w.exporter(nil))
			w.run(5 * time.Minute)
			if hangup {
				u.Hangup(w.now)
			}
			u.Up = false
			took := w.until(client1, gw1, Orphan, 8*time.Minute)
			t.Log(took, w.last().Summary())
			require.GreaterOrEqual(t, took, 180*time.Second)
			u.Dial(w.now)
			w.until(client1, gw1, Healthy, 3*time.Minute)
		})
	}
}

func TestPolicyDrop(t *testing.T) {
	middlebox := netip.MustParseAddr("192.0.2.200")
	for _, c := range []struct {
		name  string
		edit  func(*flow.Record)
		drops bool
		way   Way
	}{
		{"forwarding_status", func(r *flow.Record) { r.Drop, r.Code = flow.DropForwarding, 130 }, true, ToGateway},
		{"sflow_tail_drop_only", func(r *flow.Record) { r.Drop, r.Code = flow.DropSFlow, sflowNoBuffer }, false, 0},
		{"policer_only", func(r *flow.Record) { r.Drop, r.Code = flow.DropForwarding, forwardingPolicer }, false, 0},
		{"firewall_event", func(r *flow.Record) { r.Drop, r.Code = flow.DropFirewall, 1001 }, true, ToGateway},
		{"sflow_discard_back", func(r *flow.Record) {
			r.Src, r.Dst = r.Dst, r.Src
			r.Drop, r.Code = flow.DropSFlow, 258
		}, true, ToClient},
		{"icmp_quotes_gre", func(r *flow.Record) { r.Drop, r.Code, r.DropBy = flow.DropICMP, 13, middlebox }, true, ToGateway},
		{"icmp_too_big", func(r *flow.Record) { r.Drop, r.Code, r.DropBy = flow.DropICMP, flow.ICMPTooBig, middlebox }, false, 0},
		{"icmp_protocol_unreachable_from_gateway", func(r *flow.Record) {
			r.Src, r.Dst, r.Proto = r.Dst, r.Src, flow.ProtoICMP
			r.HasICMP, r.ICMPType, r.ICMPCode = true, 3, 2
		}, true, ToGateway},
		{"icmp_port_unreachable_from_gateway", func(r *flow.Record) {
			r.Src, r.Dst, r.Proto = r.Dst, r.Src, flow.ProtoICMP
			r.HasICMP, r.ICMPType, r.ICMPCode = true, 3, 3
		}, false, 0},
		{"control_dropped_is_another_matter", func(r *flow.Record) {
			r.Proto, r.SrcPort, r.DstPort = flow.ProtoTCP, 40000, flow.PPTPPort
			r.Drop, r.Code = flow.DropForwarding, 130
		}, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, gatewayConfig())
			u := w.tunnel(client1, gw1, w.exporter(nil))
			w.run(5 * time.Minute)
			u.Blocked = [2]bool{c.drops, c.drops}
			at := w.now.UnixNano()
			r := flow.Record{
				Exporter: exporterAt(1), Src: client1, Dst: gw1, Proto: flow.ProtoGRE, Packets: 1,
				Start: at, End: at, Export: at, Arrival: at,
			}
			c.edit(&r)
			w.d.Record(&r)
			if !c.drops {
				require.Equal(t, Healthy, w.state(client1, gw1))
				return
			}
			require.Equal(t, PolicyDrop, w.state(client1, gw1), "at once")
			e := w.last().Evidence
			require.InDelta(t, 1, e.Confidence, 0)
			require.Equal(t, c.way, e.DropWay)
			t.Log(w.last().Summary())
			u.Blocked = [2]bool{}
			w.until(client1, gw1, Healthy, 2*time.Minute)
		})
	}
}

// An exporter before a firewall goes on to see what the firewall drops.
func TestDropSeenWhileForwardedBefore(t *testing.T) {
	w := newWorld(t, gatewayConfig())
	u := w.tunnel(client1, gw1, w.exporter(nil))
	w.run(5 * time.Minute)
	u.Blocked[ToClient] = true
	for range 20 {
		at := w.now.UnixNano()
		w.d.Record(&flow.Record{
			Exporter: exporterAt(2), Src: client1, Dst: gw1, Proto: flow.ProtoGRE, Drop: flow.DropFirewall, Code: 1001,
			Start: at, End: at, Export: at, Arrival: at,
		})
		w.run(20 * time.Second)
		require.Equal(t, PolicyDrop, w.state(client1, gw1))
	}
}

func TestBiflowWithNothingForward(t *testing.T) {
	for _, c := range oneWay {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, gatewayConfig())
			e := w.exporter(func(c *sim.Config) { c.Biflow = true })
			u := w.tunnel(client1, gw1, e)
			u.Blocked[c.blocked] = true
			took := w.until(client1, gw1, c.state, 4*time.Minute)
			t.Log(took)
			u.Blocked[c.blocked] = false
			w.until(client1, gw1, Healthy, 2*time.Minute)
		})
	}
}

// Who is switched off sends neither GRE nor control, and is no blackhole however
// much the gateway goes on to send.
func TestVanishedClient(t *testing.T) {
	w := newWorld(t, gatewayConfig())
	e := w.exporter(nil)
	w.tunnel(client2, gw1, e)
	u := w.tunnel(client1, gw1, e)
	u.Rate = [2]float64{50, 100}
	w.run(10*time.Minute + 17*time.Second)
	u.VanishedAt = w.now
	w.run(3 * time.Minute)
	u.Up, u.Rate, u.Echo = false, [2]float64{}, 0
	w.run(20 * time.Minute)
	require.Zero(t, w.blackholes())
	require.Equal(t, Idle, w.state(client1, gw1))
}

// Time-outs of half an hour, as is the default of most routers.
func TestDefaultTimeouts(t *testing.T) {
	w := newWorld(t, gatewayConfig())
	u := w.tunnel(client1, gw1, w.exporter(func(c *sim.Config) { c.Active = 30 * time.Minute }))
	w.run(3 * time.Hour)
	u.Blocked[ToClient] = true
	took := w.until(client1, gw1, InboundOnly, 62*time.Minute)
	t.Log(took)
	require.Greater(t, took, 30*time.Minute)
}
