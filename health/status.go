package health

// status is where a gateway stands between evaluations.
type status struct {
	state, below          State
	shownSince, since     int64 // of state and of below, ns
	cause                 int   // -1: none
	seen                  bool  // all failures that the cause requires were seen since it is told
	severity              Severity
	confidence            float64
	probability, margin   float64
	coverage              float64
	explainedBy           string
	window                string // maintenance
	maintained            int64  // when maintenance was last on, ns
	also                  []int
	evidence              []Contribution
	transitions           uint64
	ill, down             uint8 // evaluations in a row
	clean, blind, lighter uint8
	nextCause             int // that asks to be told instead
	nextRuns              uint8
	flaps                 flaps
	incident              *Incident
}

func newStatus() status { return status{state: Unknown, below: Unknown, cause: -1, nextCause: -1} }

// verdictNow is what one evaluation says, before dwell.
type verdictNow struct {
	state    State
	cause    int // -1: none
	agreeing int // sources
	best     *hypothesis
}

func count(n *uint8, condition bool) {
	switch {
	case !condition:
		*n = 0
	case *n < 255:
		*n++
	}
}

// dwell moves the state below when enough evaluations agree. While settling, evidence
// is still coming in: nothing gets better, and nothing is called unknown.
func (e *Engine) dwell(g *gateway, v *verdictNow, now int64, settling bool) {
	count(&g.ill, v.state.ill())
	count(&g.down, v.state == Down)
	count(&g.clean, v.state == Healthy)
	count(&g.blind, v.state == Unknown)
	count(&g.lighter, v.state == Degraded)
	g.flaps.add(v.state)

	c := &e.config
	blind := int(g.blind) >= c.DownAfter && !settling && now >= e.started.UnixNano()
	held := now-g.since >= int64(c.MinHold)
	downSure := int(g.down) >= c.DownAfter || v.agreeing >= 2
	to := g.below
	switch v.state {
	case Down:
		if downSure {
			to = Down
		}
	case Degraded:
		switch {
		case g.below == Down:
			if int(g.lighter) >= c.DownAfter && held && !settling {
				to = Degraded
			}
		case int(g.ill) >= c.DegradedAfter:
			to = Degraded
		}
	case Healthy:
		switch {
		case g.below == Unknown && (g.cause < 0 || int(g.clean) >= c.HealthyAfter):
			to = Healthy
		case g.below.ill() && int(g.clean) >= c.HealthyAfter && held && !settling:
			to = Healthy
		}
	default:
		if blind && (held || !g.below.ill()) {
			to = Unknown
		}
	}
	if to != g.below || to == Unknown && g.cause < 0 && v.cause >= 0 && blind {
		g.below, g.since = to, now
		g.cause, g.nextCause, g.nextRuns = v.cause, -1, 0
		return
	}
	if v.state == Unknown && !blind {
		return // what has not come yet may still come
	}
	e.dwellCause(g, v, settling)
}

// minMargin is how much likelier another cause must be, in two evaluations, to be
// told instead.
const minMargin = 0.15

func (e *Engine) dwellCause(g *gateway, v *verdictNow, settling bool) {
	switch {
	case v.state == Healthy && g.below == Healthy:
		g.cause = v.cause // whether a client has trouble is no incident
		return
	case v.cause < 0 || v.cause == g.cause || settling || v.state != g.below,
		v.best != nil && v.best.margin <= minMargin && e.hypothesisOf(g.cause) != nil:
		g.nextCause, g.nextRuns = -1, 0
		return
	case v.cause != g.nextCause:
		g.nextCause, g.nextRuns = v.cause, 1
	default:
		g.nextRuns++
	}
	if g.nextRuns >= 2 {
		g.cause, g.nextCause, g.nextRuns = v.cause, -1, 0
	}
}

func (e *Engine) hypothesisOf(cause int) *hypothesis {
	for i := range e.hypotheses {
		if e.hypotheses[i].cause == cause {
			return &e.hypotheses[i]
		}
	}
	return nil
}

// show lays flapping and maintenance over the state below.
func (e *Engine) show(g *gateway, now int64) {
	state := g.below
	if g.flaps.on {
		state = Flapping
	}
	g.window = e.windows.active(g.id)
	if g.window != "" {
		g.maintained = now
	}
	inGrace := g.maintained > 0 && now-g.maintained < int64(e.config.Grace) && g.maintained <= now
	if g.window != "" || inGrace && (g.below.ill() || g.flaps.on) {
		state = Maintenance
	}
	g.severity = None
	if g.cause >= 0 && state != Maintenance {
		g.severity = e.severityOf(&e.book.causes[g.cause])
		if state == Flapping {
			g.severity = min(g.severity, Warning)
		}
	}
	if state == Flapping {
		g.severity = max(g.severity, Warning)
	}
	if state != g.state {
		g.state, g.shownSince = state, now
		g.transitions++
		e.stats.Transitions++
	}
}
