package world

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// ring calls a gateway on which something was changed, and returns what the caller says and what the log tells.
func ring(change func(*Gateway)) (string, []string) {
	w := New(7, 1, 4, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	g := w.Gateways[0]
	g.Software = Poptop
	change(g)
	out := w.Call(g, &Caller{
		Addr: netip.MustParseAddr("198.51.100.1"), User: "probe", Password: true, Probe: true, Patience: 9 * time.Second, AuthPatience: 5 * time.Second,
	})
	var lines []string
	for _, l := range g.Seen.Lines {
		lines = append(lines, l.Event)
	}
	return out.Error, lines
}

func TestCall(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Gateway)
		want   string
		logs   string
	}{
		"all is well":             {func(*Gateway) {}, "", "session_established"},
		"no power":                {func(g *Gateway) { g.Off = true }, "tcp.timeout", ""},
		"daemon dead":             {func(g *Gateway) { g.Daemon = Dead }, "tcp.refused", ""},
		"daemon stopped":          {func(g *Gateway) { g.Daemon = Stopped }, "control.sccrp_timeout", ""},
		"its queue is full":       {func(g *Gateway) { g.Daemon, g.Backlog = Stopped, 4 }, "tcp.timeout", ""},
		"GRE lost both ways":      {func(g *Gateway) { g.Door = Path{ToGateway: Dropped, ToCaller: Dropped} }, "gre.no_reply", "session_failed"},
		"GRE lost to the gateway": {func(g *Gateway) { g.Door.ToGateway = Dropped }, "gre.tx_lost", "session_failed"},
		"GRE lost to the caller":  {func(g *Gateway) { g.Door.ToCaller = Dropped }, "gre.no_reply", "session_failed"},
		"GRE rejected":            {func(g *Gateway) { g.Door.ToGateway = Rejected }, "gre.proto_unreachable", "session_failed"},
		"no GRE socket":           {func(g *Gateway) { g.NoGRE = true }, "ppp.server_daemon_failed", "gre_init_fail"},
		"no slot":                 {func(g *Gateway) { g.Squatters = g.Slots }, "control.sccrp_timeout", "no_call_slots"},
		"RADIUS down":             {func(g *Gateway) { g.Server.Down = true }, "auth.timeout", "radius_timeout"},
		"secret wrong":            {func(g *Gateway) { g.Server.Secret = true }, "auth.timeout", "radius_bad_secret"},
		"no module for MPPE":      {func(g *Gateway) { g.MPPE = NoModule }, "mppe.required_by_server", "session_failed"},
		"no address":              {func(g *Gateway) { g.GhostIPs = g.Pool }, "ipcp.no_address", "pool_exhausted"},
		"wrong keys":              {func(g *Gateway) { g.MPPE = WrongKeys }, "mppe.key_mismatch", "session_closed"},
	} {
		t.Run(name, func(t *testing.T) {
			got, lines := ring(c.change)
			assert.Equal(t, c.want, got)
			if c.logs == "" {
				assert.Empty(t, lines)
			} else {
				assert.Contains(t, lines, c.logs)
			}
		})
	}
}

func TestEveryFaultEnds(t *testing.T) {
	for _, cause := range Causes() {
		w := New(11, 2, 10, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
		w.Vantages = []*Vantage{{Name: "v", Addr: netip.MustParseAddr("198.51.100.1")}}
		f := w.Draw(cause)
		assert.NotEmpty(t, f.Says, cause)
		assert.NotEmpty(t, f.Gateways, cause)
		w.Do(f.Start)
		w.Step()
		w.Do(f.End)
		for range 30 {
			w.Step()
		}
		out := w.Call(w.Gateways[0], &Caller{
			Addr: netip.MustParseAddr("198.51.100.2"), User: "x", Password: true, Patience: 9 * time.Second, AuthPatience: 9 * time.Second,
		})
		assert.Empty(t, out.Error, cause)
	}
}
