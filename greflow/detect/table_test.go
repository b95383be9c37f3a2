package detect

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// control is a record of a control connection, from a scanner or a client.
func controlRecord(src, dst netip.Addr, at time.Time) *flow.Record {
	return &flow.Record{
		Exporter: exporterAt(1), Src: src, Dst: dst, Proto: flow.ProtoTCP, SrcPort: 4000, DstPort: flow.PPTPPort, Packets: 1,
		Start: at.UnixNano(), End: at.UnixNano(), Export: at.UnixNano(), Arrival: at.UnixNano(),
	}
}

func greRecord(src, dst netip.Addr, at time.Time) *flow.Record {
	r := controlRecord(src, dst, at)
	r.Proto, r.SrcPort, r.DstPort = flow.ProtoGRE, 0, 0
	return r
}

// Spoofed clients push out each other, and not those that are known to be healthy.
func TestEvictionOrder(t *testing.T) {
	cfg := gatewayConfig()
	cfg.MaxPairs = 64
	w := newWorld(t, cfg)
	e := w.exporter(nil)
	for i := range 10 {
		w.tunnel(clientAddr(i), gw1, e)
	}
	gone := w.tunnel(clientAddr(10), gw1, e)
	w.run(5 * time.Minute)
	gone.Hangup(w.now)
	gone.Rate, gone.Echo = [2]float64{}, 0
	w.until(clientAddr(10), gw1, Idle, 3*time.Minute)
	for i := range 10_000 {
		w.d.Record(controlRecord(clientAddr(1000+i), gw1, w.now))
		require.LessOrEqual(t, w.d.Stats().Pairs, 64)
	}
	s := w.d.Stats()
	require.Equal(t, 64, s.Pairs)
	require.EqualValues(t, 1, s.EvictedIdle, "the idle one first")
	require.EqualValues(t, 10_000+11-64-1, s.EvictedUnknown)
	require.Zero(t, s.EvictedLeastUsed)
	for i := range 10 {
		require.Equal(t, Healthy, w.state(clientAddr(i), gw1))
	}
	require.Equal(t, 10, w.d.Gateways(nil)[0].Pairs[Healthy])
	require.Equal(t, 54, w.d.Gateways(nil)[0].Pairs[Unknown])
}

func TestLeastRecentlySeenGoesWhenAllAreHealthy(t *testing.T) {
	cfg := gatewayConfig()
	cfg.MaxPairs = 64
	w := newWorld(t, cfg)
	e := w.exporter(nil)
	for i := range 64 {
		w.tunnel(clientAddr(i), gw1, e)
	}
	w.run(5 * time.Minute)
	require.Equal(t, 64, w.d.Gateways(nil)[0].Pairs[Healthy])
	quiet := w.tunnels[5]
	quiet.Rate, quiet.Echo, quiet.Up = [2]float64{}, 0, false
	w.run(60 * time.Second)
	require.Equal(t, Healthy, w.state(clientAddr(5), gw1))
	w.d.Record(controlRecord(clientAddr(1000), gw1, w.now))
	require.EqualValues(t, 1, w.d.Stats().EvictedLeastUsed, "%+v", w.d.Stats())
	require.Nil(t, w.d.at(clientAddr(5), gw1))
}

func TestSlotHoldsNumberOfEveryPair(t *testing.T) {
	_, err := New(Config{MaxPairs: numberMask + 1})
	require.ErrorContains(t, err, "max_pairs")
}

func TestExpiry(t *testing.T) {
	cfg := gatewayConfig()
	cfg.Visibility = time.Hour
	w := newWorld(t, cfg)
	e := w.exporter(nil)
	w.tunnel(client2, gw1, e)
	u := w.tunnel(client1, gw1, e)
	w.run(5 * time.Minute)
	u.Hangup(w.now)
	u.Rate, u.Echo = [2]float64{}, 0
	w.run(70 * time.Minute)
	require.EqualValues(t, 1, w.d.Stats().Expired)
	require.Equal(t, 1, w.d.Stats().Pairs)
	u.Rate, u.Echo = [2]float64{1, 1}, 30*time.Second
	u.Dial(w.now)
	w.until(client1, gw1, Healthy, 3*time.Minute)
}

func TestAdmission(t *testing.T) {
	third := netip.MustParseAddr("192.0.2.77")
	for _, c := range []struct {
		name    string
		learn   bool
		records []*flow.Record
		pairs   int
		pending int
		learned int
	}{
		{"known gateway, at once", false, []*flow.Record{controlRecord(client1, gw1, began)}, 1, 0, 0},
		{"known gateway, GRE first", false, []*flow.Record{greRecord(gw1, client1, began)}, 1, 0, 0},
		{"another, not learned", false, []*flow.Record{controlRecord(client1, gw2, began), greRecord(client1, gw2, began)}, 0, 0, 0},
		{"control only", true, []*flow.Record{controlRecord(client1, gw2, began)}, 0, 1, 0},
		{"GRE only, both ways", true, []*flow.Record{greRecord(client1, gw2, began), greRecord(gw2, client1, began)}, 0, 1, 0},
		{"control, then GRE back", true, []*flow.Record{controlRecord(client1, gw2, began), greRecord(gw2, client1, began)}, 1, 0, 1},
		{"GRE, then control", true, []*flow.Record{greRecord(client1, gw2, began), controlRecord(client1, gw2, began)}, 1, 0, 1},
		{"GRE and control of others", true, []*flow.Record{greRecord(client1, gw2, began), controlRecord(client1, third, began)}, 0, 2, 0},
		{"two gateways, one is the client", false, []*flow.Record{greRecord(gw1, third, began), controlRecord(gw1, third, began)}, 1, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := gatewayConfig()
			cfg.Learn = c.learn
			d, err := New(cfg)
			require.NoError(t, err)
			for _, r := range c.records {
				d.Record(r)
			}
			s := d.Stats()
			require.Equal(t, c.pairs, s.Pairs)
			require.Equal(t, c.pending, s.Pending)
			require.Equal(t, 1+c.learned, s.Gateways)
			if c.learned > 0 {
				require.Equal(t, GatewayID{ID: gw2.String(), Addr: gw2, Learned: true}, d.Gateways(nil)[1].Gateway)
				p := d.at(client1, gw2)
				client, server := p.addrs()
				require.Equal(t, client1, client)
				require.Equal(t, gw2, server)
			}
		})
	}
}

// A flood of addresses that speak with nobody we know fills a table of its own,
// which forgets the oldest.
func TestPendingIsBounded(t *testing.T) {
	d, err := New(Config{Learn: true, MaxPending: 100, MaxGateways: 3})
	require.NoError(t, err)
	for i := range 10_000 {
		d.Record(greRecord(clientAddr(i), clientAddr(i+1_000_000), began))
	}
	s := d.Stats()
	require.Equal(t, 100, s.Pending)
	require.EqualValues(t, 9_900, s.PendingOverwrites)
	require.Zero(t, s.Pairs)
	for i := 9_990; i < 10_000; i++ {
		d.Record(controlRecord(clientAddr(i), clientAddr(i+1_000_000), began))
	}
	s = d.Stats()
	require.Equal(t, 3, s.Pairs, "as many gateways as there is room for")
	require.Equal(t, 3, s.Gateways)
	require.EqualValues(t, 7, s.GatewayRefused)
}

// A gateway that was learned is forgotten when nobody has used it for long, and its place is taken again.
func TestLearnedGatewaysExpire(t *testing.T) {
	cfg := gatewayConfig()
	cfg.Learn, cfg.Visibility, cfg.MaxGateways = true, time.Hour, 1
	d, err := New(cfg)
	require.NoError(t, err)
	at := began
	pass := func(length time.Duration) {
		for end := at.Add(length); at.Before(end); {
			at = at.Add(10 * time.Second)
			d.Tick(at)
		}
	}
	dial := func(gateway netip.Addr) {
		d.Record(controlRecord(client1, gateway, at))
		d.Record(greRecord(client1, gateway, at))
		d.Record(greRecord(client1, gateway, at))
	}
	dial(gw2)
	require.Equal(t, 2, d.Stats().Gateways)
	pass(90 * time.Minute)
	require.Equal(t, 2, d.Stats().Gateways, "its pair may still have other names")
	gw3 := netip.MustParseAddr("203.0.113.3")
	dial(gw3)
	require.EqualValues(t, 1, d.Stats().GatewayRefused)
	pass(40 * time.Minute)
	s := d.Stats()
	require.Equal(t, 1, s.Gateways, "the configured one stays")
	require.EqualValues(t, 1, s.GatewaysExpired)
	require.Len(t, d.Gateways(nil), 1)
	dial(gw3)
	all := d.Gateways(nil)
	require.Len(t, all, 2)
	require.Equal(t, gw3, all[1].Gateway.Addr)
	require.Equal(t, 1, all[1].Pairs[Unknown])
}

func TestExportersAreBounded(t *testing.T) {
	cfg := gatewayConfig()
	cfg.MaxExporters, cfg.Visibility = 2, time.Hour
	d, err := New(cfg)
	require.NoError(t, err)
	at := began
	send := func(n byte) {
		r := controlRecord(client1, gw1, at)
		r.Exporter = exporterAt(n)
		d.Record(r)
	}
	send(1)
	send(2)
	send(3)
	require.EqualValues(t, 1, d.Stats().ExporterRefused)
	for range 200 {
		at = at.Add(20 * time.Second)
		send(2)
	}
	send(3)
	require.EqualValues(t, 1, d.Stats().ExporterRefused, "the first has not been heard for an hour")
	require.Equal(t, 2, d.Stats().Exporters)
}

func TestPrefixesOfGateways(t *testing.T) {
	cfg := Config{Gateways: []Gateway{
		{ID: "net", Addresses: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")}},
		{ID: "one", Addresses: []netip.Prefix{netip.MustParsePrefix("203.0.113.9/32"), netip.MustParsePrefix("203.0.113.128/25")}},
	}}
	d, err := New(cfg)
	require.NoError(t, err)
	for addr, id := range map[string]int32{
		"203.0.113.8": 0, "203.0.113.9": 1, "203.0.113.200": 1, "2001:db8::1": 0, "203.0.114.1": noGateway, "2001:db9::1": noGateway,
	} {
		require.Equal(t, id, d.gateways.find(netip.MustParseAddr(addr)), addr)
	}
	require.Len(t, d.Gateways(nil), 2, "those without pairs, too")
}

func TestGatewayState(t *testing.T) {
	w := newWorld(t, gatewayConfig())
	e := w.exporter(nil)
	for i := range 10 {
		w.tunnel(clientAddr(i), gw1, e)
	}
	w.run(10 * time.Minute)
	state := func() State { return w.d.Gateways(nil)[0].State }
	require.Equal(t, Healthy, state())
	w.tunnels[0].Blocked[ToClient] = true
	w.run(10 * time.Minute)
	require.Equal(t, Healthy, state(), "one client may have its own trouble")
	require.InDelta(t, 0.1, w.d.Gateways(nil)[0].Share, 1e-3)
	for _, u := range w.tunnels[:7] {
		u.Blocked[ToClient] = true
	}
	w.run(5 * time.Minute)
	require.Equal(t, InboundOnly, state())
	change := w.gateways[len(w.gateways)-1]
	require.True(t, change.OfGateway())
	require.Equal(t, 7, change.Evidence.Blackholed)
	require.Equal(t, 10, change.Evidence.Judged)
	require.InDelta(t, 0.7, change.Evidence.Share, 1e-3)
	t.Log(change.Summary())
	for _, u := range w.tunnels[:4] {
		u.Blocked[ToClient] = false
	}
	w.run(5 * time.Minute)
	require.Equal(t, InboundOnly, state(), "three of ten are more than half of what it took")
	for _, u := range w.tunnels {
		u.Blocked[ToClient] = false
	}
	w.run(3 * time.Minute)
	require.Equal(t, Healthy, state())
	require.Len(t, w.gateways, 3)
}

func TestConfigValidate(t *testing.T) {
	prefix := netip.MustParsePrefix("203.0.113.1/32")
	for _, c := range []struct {
		name string
		cfg  Config
		err  string
	}{
		{"zero", Config{}, ""},
		{"pairs", Config{MaxPairs: 5}, "max_pairs"},
		{"passes", Config{Passes: 9}, "passes"},
		{"negative", Config{Active: -time.Second}, "active"},
		{"false alarm", Config{FalseAlarm: 0.5}, "false_alarm"},
		{"share", Config{GatewayShare: 1.5}, "gateway_share"},
		{"no id", Config{Gateways: []Gateway{{Addresses: []netip.Prefix{prefix}}}}, "gateways[0].id"},
		{"no address", Config{Gateways: []Gateway{{ID: "a"}}}, "gateways[0].addresses"},
		{"taken", Config{Gateways: []Gateway{{ID: "a", Addresses: []netip.Prefix{prefix}}, {ID: "b", Addresses: []netip.Prefix{prefix}}}}, "belongs to a"},
		{"mapped", Config{Gateways: []Gateway{{ID: "a", Addresses: []netip.Prefix{netip.MustParsePrefix("::ffff:203.0.113.1/128")}}}}, "not an IPv4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(c.cfg)
			if c.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.err)
		})
	}
}

// The rounds of evaluation are spread over Ticks, and bounded each.
func TestTickIsBounded(t *testing.T) {
	cfg := gatewayConfig()
	cfg.EvalInterval = 10 * time.Second
	d, err := New(cfg)
	require.NoError(t, err)
	load(d, 50_000, began)
	at := began.Add(time.Second)
	d.Tick(at)
	start := d.Stats().Evaluations
	before := start
	for range 10 {
		at = at.Add(time.Second)
		d.Tick(at)
		n := d.Stats().Evaluations
		require.LessOrEqual(t, n-before, uint64(5001))
		before = n
	}
	require.InDelta(t, 50_000, float64(before-start), 5001)
	d.Tick(at.Add(29 * time.Second))
	require.LessOrEqual(t, d.Stats().Evaluations-before, uint64(20_000), "a fifth of what fits")
}
