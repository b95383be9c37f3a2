package observe

import (
	"fmt"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/scenario/world"
)

// RADIUS is a radius receiver: checks of one server, and the accounting of its gateways.
type RADIUS struct {
	Server   *world.Server
	Interval time.Duration
	Offset   time.Duration
	// Compare: one check goes without a Message-Authenticator, as the gateways do.
	Compare bool
	// SharesSecret: the server knows it by the same entry as the gateways.
	SharesSecret bool
	// SharesUser: it checks with the account of the probes.
	SharesUser bool

	failing map[string]map[string]bool // error types by method
	took    map[string]*histogram
	nas     map[string]*nas
}

// The checks' patience: three tries.
const checkPatience = 9 * time.Second

// Look checks when it is time to, and tells the accounting of each step.
func (r *RADIUS) Look(w *world.World, to *Telemetry) {
	if r.failing == nil {
		r.failing, r.took = make(map[string]map[string]bool), make(map[string]*histogram)
		r.nas = make(map[string]*nas)
	}
	if w.Blind {
		return
	}
	r.accounting(w, to)
	if !w.Now.Add(r.Offset).Truncate(r.Interval).After(w.Now.Add(r.Offset - world.Step)) {
		return
	}
	m := to.metrics(w.Now, "service.name", "radius", "pptp.radius.server", r.Server.Name)
	e := to.events("service.name", "radius", "pptp.radius.server", r.Server.Name)
	r.check(w, m, e, "status", "always")
	r.check(w, m, e, "mschapv2", "always")
	if r.Compare {
		r.check(w, m, e, "mschapv2", "never")
	}
}

// check is one request, and what became of it.
func (r *RADIUS) check(w *world.World, m metrics, e events, method, authenticator string) {
	failure, took := r.ask(w, method, authenticator)
	id := method + "/" + authenticator
	if r.failing[id] == nil {
		r.failing[id], r.took[id] = make(map[string]bool), &histogram{}
	}
	a := []string{"radius.method", method, "radius.message_authenticator", authenticator}
	up := 1.0
	if failure != "" {
		if failure != "radius.slow" { // which is a warning
			up = 0
		}
		if !r.failing[id][failure] {
			e.event("radius.check.failed", w.Now, append(a, "error.type", failure)...)
		}
		r.failing[id][failure] = true
	}
	m.state("radius.check.up", up, a...)
	for _, f := range keys(r.failing[id]) {
		now := 0.0
		if f == failure {
			now = 1
		}
		m.state("radius.check.failing", now, append(a, "error.type", f)...)
	}
	if took < checkPatience {
		r.took[id].add(took)
		m.histogram("radius.check.duration", *r.took[id], append(a, "radius.code", "accept")...)
	}
	if method == "mschapv2" && failure == "" {
		m.state("radius.check.mppe_keys", 1, a...)
	}
}

func (r *RADIUS) ask(w *world.World, method, authenticator string) (failure string, took time.Duration) {
	s := r.Server
	took = 5*time.Millisecond + time.Duration(float64(s.Delay)*(0.7+0.6*w.Rand.Float64()))
	if method == "status" {
		took = 5*time.Millisecond + s.Delay/20 // no directory is asked
	}
	switch {
	case s.Down && s.ICMP:
		return "radius.unreachable", checkPatience
	case s.Down, took > checkPatience:
		return "radius.timeout", checkPatience
	case w.Rand.Float64() < s.Loss*s.Loss*s.Loss:
		return "radius.timeout", checkPatience
	case s.Secret && r.SharesSecret:
		return "radius.bad_authenticator", took
	case s.Demands && authenticator == "never":
		return "radius.message_authenticator_required", checkPatience
	case method == "status":
		return "", took
	case s.PolicyBars, s.ProbeBars && r.SharesUser:
		return "radius.rejected", took
	case s.NoKeys:
		return "radius.no_mppe_keys", took
	case took > 2*time.Second:
		return "radius.slow", took
	}
	return "", took
}

// Limits of the receiver: how many stops within a minute, and which share of the sessions, are a mass.
const (
	massStops = 5
	massShare = 0.3
)

// accounting counts the records of each gateway, and tells what is odd.
func (r *RADIUS) accounting(w *world.World, to *Telemetry) {
	for _, g := range w.Gateways {
		if g.Server != r.Server || g.AcctGone {
			continue
		}
		n := r.nas[g.ID]
		if n == nil {
			n = &nas{stops: make(map[string]int)}
			r.nas[g.ID] = n
		}
		for i := range g.Seen.Stops {
			stop := &g.Seen.Stops[i]
			n.stops[stop.Cause]++
			n.lately = append(n.lately, w.Now)
			if stop.Astray {
				n.astray++
				r.anomaly(w, to, g, "stop_without_start", fmt.Sprintf("%s-%d", g.ID, n.astray))
			}
		}
		for len(n.lately) > 0 && w.Now.Sub(n.lately[0]) >= time.Minute {
			n.lately = n.lately[1:]
		}
		ended := len(n.lately)
		mass := ended >= massStops && float64(ended) >= massShare*float64(g.Seen.Up+ended)
		if mass && !n.mass {
			r.anomaly(w, to, g, "mass_stop", "")
		}
		n.mass = mass
		if g.Software != world.Poptop && g.Started.Equal(w.Now) { // Accounting-On; pppd's plugin has none
			to.events("service.name", "radius", "pptp.radius.server", r.Server.Name).
				event("radius.accounting.nas_restarted", w.Now, "radius.nas", g.ID, "radius.nas.address", g.Addr.String())
		}
		if w.Now.Equal(w.Now.Truncate(30 * time.Second)) {
			n.tell(to.metrics(w.Now, "service.name", "radius", "pptp.radius.server", r.Server.Name), g)
		}
	}
}

// nas is what is known of one gateway.
type nas struct {
	stops  map[string]int // by cause
	lately []time.Time    // stops of the last minute
	astray int
	mass   bool
}

func (r *RADIUS) anomaly(w *world.World, to *Telemetry, g *world.Gateway, kind, session string) {
	to.events("service.name", "radius", "pptp.radius.server", r.Server.Name).
		event("radius.accounting.anomaly", w.Now, "radius.anomaly", kind, "radius.nas", g.ID, "radius.nas.address", g.Addr.String(), "radius.session.id", session)
}

func (n *nas) tell(m metrics, g *world.Gateway) {
	for _, cause := range keys(n.stops) {
		m.count("radius.accounting.stops", float64(n.stops[cause]), "radius.terminate_cause", cause, "radius.nas", g.ID)
	}
	m.state("radius.accounting.sessions", float64(g.Seen.Up), "radius.nas", g.ID)
}
