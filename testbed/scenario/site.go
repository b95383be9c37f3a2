package main

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/internal/inventory"
	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/evidence"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/scenario/observe"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/scenario/world"
)

// sources says which observers there are.
type sources struct{ probe, snmp, flows, logs, radius bool }

var everything = sources{true, true, true, true, true}

func (s sources) String() string {
	var out []string
	for _, x := range []struct {
		on   bool
		name string
	}{{s.probe, "probe"}, {s.snmp, "SNMP"}, {s.flows, "flows"}, {s.logs, "logs"}, {s.radius, "RADIUS"}} {
		if x.on {
			out = append(out, x.name)
		}
	}
	return strings.Join(out, " + ")
}

// site is a world, those who look at it, and the correlation that is fed with what they tell.
type site struct {
	w        *world.World
	have     sources
	probes   []*observe.Probe
	agents   []*observe.SNMP
	logs     []*observe.Log
	radius   []*observe.RADIUS
	flows    *observe.Flows
	reader   *evidence.Reader
	engine   *health.Engine
	noise    *noise
	rivals   *rivals
	events   []health.Event
	pieces   int
	outcomes [16]int
}

// epoch is when worlds begin: a Sunday at midnight.
var epoch = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// plan is how a site is made.
type plan struct {
	seed              uint64
	gateways, clients int
	vantages          int
	have              sources
	noise             noiseLevel
	slowest           time.Duration // interval of the probes; 0: drawn
	windows           []health.Window
	start             time.Duration // since epoch
}

// newSite makes a site whose observers differ by the seed: how often, from where, and how deeply they look.
func newSite(p plan) (*site, error) {
	w := world.New(p.seed, p.gateways, p.clients, epoch.Add(p.start))
	s := &site{w: w, have: p.have}
	r := w.Rand
	for i := range p.vantages {
		w.Vantages = append(w.Vantages, &world.Vantage{
			Name: fmt.Sprintf("vantage-%d", i+1), Addr: netip.AddrFrom4([4]byte{198, 51, 100, byte(i + 1)}),
			Out: world.Path{Delay: time.Duration(5+r.IntN(60)) * time.Millisecond, Loss: 0.002 * r.Float64()},
		})
	}
	pick := func(of ...time.Duration) time.Duration { return of[r.IntN(len(of))] }
	offset := func() time.Duration { return time.Duration(r.IntN(6)) * world.Step }
	every := pick(10*time.Second, 30*time.Second, 60*time.Second)
	if p.slowest > 0 {
		every = p.slowest
	}
	data := r.Float64() < 0.9
	patience, authPatience := pick(6*time.Second, 9*time.Second), pick(5*time.Second, 15*time.Second)
	for _, g := range w.Gateways {
		for _, v := range w.Vantages {
			if p.have.probe {
				s.probes = append(s.probes, &observe.Probe{Vantage: v, Gateway: g, Interval: every, Offset: offset(),
					Data: data, Large: data && r.Float64() < 0.8, Patience: patience, AuthPatience: authPatience})
			}
		}
		if p.have.snmp {
			s.agents = append(s.agents, &observe.SNMP{Gateway: g, Interval: pick(30*time.Second, 60*time.Second), Offset: offset(), Timeouts: 0.002})
		}
		if p.have.logs {
			s.logs = append(s.logs, &observe.Log{Gateway: g, Delay: pick(0, 2*time.Second, 10*time.Second)})
		}
	}
	for _, server := range w.Servers {
		if p.have.radius {
			s.radius = append(s.radius, &observe.RADIUS{Server: server, Interval: pick(10*time.Second, 30*time.Second), Offset: offset(),
				Compare: r.Float64() < 0.7, SharesSecret: r.Float64() < 0.5, SharesUser: r.Float64() < 0.3})
		}
	}
	if p.have.flows {
		s.flows = &observe.Flows{Gateways: w.Gateways, Interval: 10 * time.Second, Active: pick(30*time.Second, 60*time.Second), Late: pick(0, 5*time.Second)}
	}
	s.noise = newNoise(p.noise, p.seed)
	return s, s.correlate(p.windows)
}

// correlate makes the engine, as the processor does.
func (s *site) correlate(windows []health.Window) (err error) {
	var gateways []inventory.Gateway
	for _, g := range s.w.Gateways {
		entry := inventory.Gateway{ID: g.ID, Addresses: []string{g.Addr.String()}}
		if g.Server != nil {
			entry.RADIUS = []string{g.Server.Name}
		}
		gateways = append(gateways, entry)
	}
	if s.reader, err = evidence.NewReader(evidence.Config{Gateways: gateways}); err != nil {
		return err
	}
	s.engine, err = health.New(health.Config{
		Gateways: evidence.HealthGateways(gateways), Windows: windows,
		OnEvent: func(ev *health.Event) { s.events = append(s.events, *ev) },
	})
	s.rivals = newRivals()
	return err
}

// step goes on by one: the world, those who look, the verdict.
func (s *site) step() error {
	s.w.Step()
	t := observe.New()
	for _, p := range s.probes {
		p.Look(s.w, t)
	}
	for _, a := range s.agents {
		a.Look(s.w, t)
	}
	if s.flows != nil {
		if err := s.flows.Look(s.w, t); err != nil {
			return err
		}
	}
	for _, l := range s.logs {
		l.Look(s.w, t)
	}
	for _, r := range s.radius {
		r.Look(s.w, t)
	}
	now := s.w.Now
	take := func(ev *health.Evidence) { s.noise.pass(now, ev, s.observe) }
	s.reader.Metrics(now, t.Metrics, take)
	s.reader.Logs(now, t.Logs, take)
	s.reader.Tick(now, take)
	for _, g := range s.w.Gateways {
		s.noise.invent(now, g.ID, s.w.Vantages[0].Name, s.observe)
	}
	s.noise.release(now, s.observe)
	s.engine.Evaluate(now)
	return nil
}

func (s *site) observe(ev *health.Evidence) {
	s.pieces++
	s.outcomes[s.engine.Observe(s.w.Now, ev)]++
	s.rivals.observe(s.w.Now, ev)
}
