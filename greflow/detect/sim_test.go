package detect

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect/internal/sim"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

var (
	gw1     = netip.MustParseAddr("203.0.113.1")
	gw2     = netip.MustParseAddr("203.0.113.2")
	client1 = netip.MustParseAddr("198.51.100.1")
	client2 = netip.MustParseAddr("198.51.100.2")
	began   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

func gatewayConfig() Config {
	return Config{Gateways: []Gateway{{ID: "gw-1", Addresses: []netip.Prefix{netip.PrefixFrom(gw1, 32)}}}}
}

func exporterAt(last byte) flow.Exporter {
	return flow.Exporter{Addr: netip.AddrFrom4([4]byte{192, 0, 2, last}), Version: flow.IPFIX}
}

// world is a detector, exporters and tunnels in one virtual time.
type world struct {
	t         testing.TB
	d         *Detector
	now       time.Time
	step      time.Duration
	skew      time.Duration // of our own clock
	exporters []*sim.Exporter
	tunnels   []*sim.Tunnel
	changes   []Change // of pairs
	gateways  []Change
	insane    bool // the exporters' record times are
}

func newWorld(t testing.TB, cfg Config) *world {
	w := &world{t: t, now: began, step: time.Second}
	cfg.OnChange = func(c Change) {
		if c.OfGateway() {
			w.gateways = append(w.gateways, c)
			return
		}
		w.changes = append(w.changes, c)
	}
	d, err := New(cfg)
	require.NoError(t, err)
	w.d = d
	d.Tick(w.now)
	return w
}

// Record and Note are what the exporters send; our clock may be skewed.
func (w *world) Record(r *flow.Record) {
	c := *r
	c.Arrival += int64(w.skew)
	if w.insane {
		c.Start, c.End = 1, 2
	}
	w.d.Record(&c)
}

func (w *world) Note(n flow.Note) {
	n.Arrival += int64(w.skew)
	w.d.Note(n)
}

// exporter adds one with time-outs of 60 s and 15 s, but for what edit changes.
func (w *world) exporter(edit func(*sim.Config)) *sim.Exporter {
	cfg := sim.Config{
		Exporter: exporterAt(byte(len(w.exporters) + 1)), Active: time.Minute, Idle: 15 * time.Second, Reasons: true,
	}
	if edit != nil {
		edit(&cfg)
	}
	e := sim.New(cfg, w, uint64(len(w.exporters)+1))
	w.exporters = append(w.exporters, e)
	return e
}

// tunnel adds one that e sees, with a packet a second each way, and dials.
func (w *world) tunnel(client, gateway netip.Addr, e *sim.Exporter) *sim.Tunnel {
	t := sim.NewTunnel(client, gateway, uint16(40000+len(w.tunnels))).SeenBy(e, true, true)
	t.Rate = [2]float64{1, 1}
	t.Echo = 30 * time.Second
	w.tunnels = append(w.tunnels, t)
	t.Dial(w.now)
	return t
}

func (w *world) run(d time.Duration) {
	for end := w.now.Add(d); w.now.Before(end); {
		for _, t := range w.tunnels {
			t.Step(w.now, w.step)
		}
		w.now = w.now.Add(w.step)
		for _, e := range w.exporters {
			e.Run(w.now)
		}
		w.d.Tick(w.now.Add(w.skew))
	}
}

// until runs until the pair is in the state, and returns how long it took.
func (w *world) until(client, gateway netip.Addr, s State, limit time.Duration) time.Duration {
	w.t.Helper()
	from := w.now
	for w.now.Sub(from) < limit {
		if w.state(client, gateway) == s {
			return w.now.Sub(from)
		}
		w.run(w.step)
	}
	p := w.pair(client, gateway)
	require.Equal(w.t, s.String(), p.state.String(), "not within %s, reason %s", limit, p.reason)
	return limit
}

// at is the entry of two addresses, nil if there is none.
func (d *Detector) at(a, b netip.Addr) *pair {
	k, _ := keyOf(a, b)
	return d.table.get(k)
}

// pair is what is known of two addresses; a pair without evidence if nothing is.
func (w *world) pair(client, gateway netip.Addr) *pair {
	p := w.d.at(client, gateway)
	if p == nil {
		return &pair{}
	}
	return w.d.resolve(p, w.d.clock.now())
}

func (w *world) state(client, gateway netip.Addr) State { return w.pair(client, gateway).state }

func (w *world) reason(client, gateway netip.Addr) string {
	return w.pair(client, gateway).reason.String()
}

// blackholes are the changes to such a state.
func (w *world) blackholes() (n int) {
	for i := range w.changes {
		if w.changes[i].To.Blackholed() || w.changes[i].To == Orphan {
			n++
		}
	}
	return n
}

func (w *world) last() *Change {
	w.t.Helper()
	require.NotEmpty(w.t, w.changes)
	return &w.changes[len(w.changes)-1]
}
