package detect

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect/internal/sim"
)

// TestDay is two hours of 500 pairs; with the build tag slow, TestWholeDay is a day of
// 10,000:
//
//	go test -tags slow -run TestWholeDay -v -timeout 60m ./greflow/detect
func TestDay(t *testing.T) {
	day{pairs: 500, length: 2 * time.Hour, inject: 50 * time.Minute, victims: 6}.run(t)
}

// site is a gateway, the exporters that see it, and how.
type site struct {
	name      string
	exporters []sim.Config
	asymmetry bool          // the first sees what goes to the gateway, the second what goes to clients
	restart   time.Duration // how often an exporter starts again
	told      bool          // control is known to be alive from elsewhere
	noEcho    bool          // LCP echo is off
	rate      float64       // of what goes on into a blackhole, if not 2 a second
	// What the delays of a blackhole should be at most: one way, and both (0: not decidable).
	one, both time.Duration
}

func exports(active, idle time.Duration, edit func(*sim.Config)) sim.Config {
	c := sim.Config{Active: active, Idle: idle, Reasons: true}
	if edit != nil {
		edit(&c)
	}
	return c
}

func sites() []site {
	minute, short := time.Minute, 15*time.Second
	lossy := func(loss float64) func(*sim.Config) {
		return func(c *sim.Config) { c.Loss, c.Jitter = loss, 3*time.Second }
	}
	sampled := func(n int) func(*sim.Config) {
		return func(c *sim.Config) { c.Sampling, c.Loss, c.Jitter = n, 0.001, time.Second }
	}
	return []site{
		{name: "60/15 s", exporters: []sim.Config{exports(minute, short, nil)}, one: 4 * minute, both: 10 * minute},
		{name: "looks when a packet comes", exporters: []sim.Config{exports(minute, short, func(c *sim.Config) { c.Lazy = true })}, one: 4 * minute, both: 10 * minute},
		{name: "both ways in one entry", exporters: []sim.Config{exports(minute, short, func(c *sim.Config) { c.Joint = true })}, one: 6 * minute, both: 10 * minute},
		{name: "10/5 s", exporters: []sim.Config{exports(10*time.Second, 5*time.Second, nil)}, one: 10 * minute},
		{name: "30/15 s", exporters: []sim.Config{exports(30*time.Second, short, nil)}, one: 5 * minute, both: 10 * minute},
		{name: "loss 0.1 %", exporters: []sim.Config{exports(minute, short, lossy(0.001))}, one: 6 * minute, both: 30 * minute},
		{
			name: "loss 1 %, seen twice", one: 9 * minute, both: 30 * minute,
			exporters: []sim.Config{exports(minute, short, lossy(0.01)), exports(minute, short, lossy(0.01))},
		},
		{
			name: "1800/15 s, no reasons", one: 62 * minute,
			exporters: []sim.Config{exports(30*minute, short, func(c *sim.Config) { c.Reasons = false })},
		},
		{
			name: "asymmetric, clocks off", asymmetry: true, one: 6 * minute, both: 12 * minute,
			exporters: []sim.Config{
				exports(minute, short, func(c *sim.Config) { c.Ahead = 7 * time.Hour }),
				exports(2*minute, short, func(c *sim.Config) { c.Ahead = -40 * time.Second }),
			},
		},
		{
			name: "biflow 300/30 s", one: 16 * minute, both: 20 * minute,
			exporters: []sim.Config{exports(5*minute, 30*time.Second, func(c *sim.Config) { c.Biflow = true })},
		},
		{name: "restarts, loss 0.5 %", exporters: []sim.Config{exports(minute, short, lossy(0.005))}, restart: 40 * minute, one: 12 * minute},
		{name: "1:10, told", exporters: []sim.Config{exports(minute, short, sampled(10))}, told: true, one: 35 * minute},
		{name: "1:100, told", exporters: []sim.Config{exports(minute, short, sampled(100))}, told: true, rate: 20, one: 35 * minute},
		{name: "1:1000, told", exporters: []sim.Config{exports(minute, short, sampled(1000))}, told: true, rate: 20},
		{name: "1:100", exporters: []sim.Config{exports(minute, short, sampled(100))}},
	}
}

// day runs pairs of all sites in one detector.
type day struct {
	pairs   int
	length  time.Duration
	inject  time.Duration // when the blackholes begin
	victims int           // of each kind and site
	noEcho  bool          // a site without LCP echo, of which the false stalls are only told
}

// user is what a client does.
type user struct {
	*sim.Tunnel
	site    *site
	state   string
	until   time.Time
	victim  bool
	blocked [2]bool
	found   time.Duration
}

// kinds of blackholes, and the states they should give.
var kinds = []struct {
	name    string
	blocked [2]bool
	state   State
}{
	{"inbound_only", [2]bool{false, true}, InboundOnly},
	{"outbound_only", [2]bool{true, false}, OutboundOnly},
	{"stalled", [2]bool{true, true}, Stalled},
}

const dayStep = 5 * time.Second

func (c day) run(t *testing.T) {
	all := sites()
	if c.noEcho {
		all = append(all, site{name: "no LCP echo", exporters: []sim.Config{exports(time.Minute, 15*time.Second, nil)}, noEcho: true})
	}
	random := rand.New(rand.NewPCG(1, 1723))
	w := &world{t: t, now: began, step: dayStep}
	users := make(map[netip.Addr]*user)
	wrong := make(map[string]int)
	var injected time.Time
	cfg := Config{OnChange: func(ch Change) {
		if ch.OfGateway() || !ch.To.Blackholed() && ch.To != Orphan {
			return
		}
		u := users[ch.Client]
		if u.victim && u.blocked != [2]bool{} {
			if u.found == 0 && ch.To == u.expected() {
				u.found = w.now.Sub(injected)
			}
			return
		}
		wrong[u.site.name+" "+ch.To.String()]++
		if !u.site.noEcho {
			p := w.pair(u.Client, u.Gateway)
			t.Logf("false alarm at %s (%d), %s, user is %s: %s\nclear %d control %d conns %+v gre %+v", w.now.Format(time.TimeOnly),
				w.d.clock.now(), u.site.name, u.state, ch.Summary(), p.clear, p.control, p.conns, p.gre)
		}
	}}
	for i := range all {
		cfg.Gateways = append(cfg.Gateways, Gateway{ID: all[i].name, Addresses: []netip.Prefix{netip.PrefixFrom(dayGateway(i), 32)}})
	}
	d, err := New(cfg)
	require.NoError(t, err)
	w.d = d
	d.Tick(w.now)
	order := c.populate(w, all, users, random)
	restarts := w.now
	for end := w.now.Add(c.length); w.now.Before(end); {
		since := w.now.Sub(began)
		if injected.IsZero() && since >= c.inject {
			injected = w.now
			c.strike(order)
		}
		for _, u := range order {
			u.live(w.now, random)
			u.Step(w.now, dayStep)
			if u.site.told && u.Up && since%time.Minute == 0 {
				d.TellControl(u.Client, u.Gateway, w.now.Add(2*time.Minute))
			}
		}
		w.now = w.now.Add(dayStep)
		if w.now.Sub(restarts) >= 40*time.Minute {
			restarts = w.now
			c.restart(w, all)
		}
		for _, e := range w.exporters {
			e.Run(w.now)
		}
		d.Tick(w.now)
	}
	c.report(t, d, all, order, wrong)
}

func dayGateway(i int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, byte(i + 1)}) }

// populate adds the exporters and users of all sites.
func (c day) populate(w *world, all []site, users map[netip.Addr]*user, random *rand.Rand) []*user {
	var order []*user
	for i := range all {
		s := &all[i]
		var seen []*sim.Exporter
		for _, cfg := range s.exporters {
			cfg.Exporter = exporterAt(byte(len(w.exporters) + 1))
			e := sim.New(cfg, w, uint64(len(w.exporters)+1))
			w.exporters = append(w.exporters, e)
			seen = append(seen, e)
		}
		for range c.pairs / len(all) {
			client := clientAddr(len(order))
			tunnel := sim.NewTunnel(client, dayGateway(i), uint16(1024+len(order)%60000))
			for k, e := range seen {
				tunnel.SeenBy(e, !s.asymmetry || k == 0, !s.asymmetry || k == 1)
			}
			if !s.noEcho {
				tunnel.Echo = 30 * time.Second
			}
			u := &user{Tunnel: tunnel, site: s, state: "off", until: w.now.Add(time.Duration(random.Int64N(int64(10 * time.Minute))))}
			users[client], order = u, append(order, u)
		}
	}
	return order
}

func (c day) restart(w *world, all []site) {
	k := 0
	for i := range all {
		for range all[i].exporters {
			if all[i].restart > 0 {
				w.exporters[k].Restart(w.now, 20*time.Second)
			}
			k++
		}
	}
}

// strike takes victims of each kind among those that are busy or can be.
func (c day) strike(order []*user) {
	left := make(map[string]int)
	for _, u := range order {
		if !u.Up || u.state == "vanished" || u.site.noEcho {
			continue
		}
		for k := range kinds {
			key := u.site.name + kinds[k].name
			if left[key] < c.victims {
				left[key]++
				u.victim, u.blocked = true, kinds[k].blocked
				u.Blocked = u.blocked
				// What is still sent: retransmissions, name queries, LCP echo.
				u.Rate = [2]float64{2, 2}
				if r := u.site.rate; r > 0 {
					u.Rate = [2]float64{r, r}
				}
				break
			}
		}
	}
}

func (u *user) expected() State {
	for _, k := range kinds {
		if k.blocked == u.blocked {
			return k.state
		}
	}
	return Unknown
}

// live lets a user do as users do: be idle, browse, stream, upload, hang up, or
// just switch off.
func (u *user) live(now time.Time, random *rand.Rand) {
	if u.victim || now.Before(u.until) {
		return
	}
	spell := func(mean time.Duration) { u.until = now.Add(time.Duration(random.ExpFloat64() * float64(mean))) }
	if !u.Up {
		u.VanishedAt = time.Time{}
		u.Port++
		u.Dial(now)
		u.state, u.Rate = "setup", [2]float64{1, 1}
		u.until = now.Add(30 * time.Second)
		return
	}
	if u.state == "vanished" {
		u.state, u.Up, u.Rate = "off", false, [2]float64{}
		spell(20 * time.Minute)
		return
	}
	pace := 0.3 + 10*random.Float64()
	switch x := random.Float64(); {
	case x < 0.04:
		u.Hangup(now)
		u.state, u.Rate = "off", [2]float64{}
		spell(20 * time.Minute)
		return
	case x < 0.05:
		// The gateway clears the connection after two minutes.
		u.state, u.VanishedAt = "vanished", now
		u.until = now.Add(2 * time.Minute)
		return
	case x < 0.45:
		u.state, u.Rate = "idle", [2]float64{}
	case x < 0.75:
		u.state, u.Rate = "browsing", [2]float64{pace, pace * (1.2 + 2.5*random.Float64())}
	case x < 0.90:
		u.state, u.Rate = "streaming", [2]float64{4 * pace, 10 * pace}
	default:
		u.state, u.Rate = "uploading", [2]float64{10 * pace, 2 * pace}
	}
	spell(4 * time.Minute)
}

func (c day) report(t *testing.T, d *Detector, all []site, order []*user, wrong map[string]int) {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-24s %-14s %7s %8s %8s %8s %9s\n", "site", "blackhole", "found", "least", "median", "most", "promised")
	for i := range all {
		for _, k := range kinds {
			var delays []time.Duration
			victims := 0
			for _, u := range order {
				if u.site != &all[i] || !u.victim || u.blocked != k.blocked {
					continue
				}
				victims++
				if u.found > 0 {
					delays = append(delays, u.found)
				}
			}
			if victims == 0 {
				continue
			}
			promised := all[i].one
			if k.state == Stalled {
				promised = all[i].both
			}
			slices.Sort(delays)
			least, median, most := time.Duration(0), time.Duration(0), time.Duration(0)
			if n := len(delays); n > 0 {
				least, median, most = delays[0], delays[n/2], delays[n-1]
			}
			fmt.Fprintf(&b, "%-24s %-14s %3d/%-3d %8s %8s %8s %9s\n", all[i].name, k.name, len(delays), victims, least, median, most, promised)
			if promised > 0 {
				assert.Len(t, delays, victims, "%s %s", all[i].name, k.name)
				assert.LessOrEqual(t, most, promised, "%s %s", all[i].name, k.name)
			}
		}
	}
	s := d.Stats()
	t.Logf("%s%d records, %d pairs, %d evaluations, false alarms: %v", b.String(), s.Records, s.Pairs, s.Evaluations, wrong)
	for name, n := range wrong {
		require.True(t, strings.HasPrefix(name, "no LCP echo"), "%d false alarms: %s", n, name)
	}
	require.Zero(t, s.ExporterRefused+s.GatewayRefused)
}
