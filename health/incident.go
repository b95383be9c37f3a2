package health

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// Incident is a time in which a gateway, or what several share, was not well.
type Incident struct {
	ID string // the same after a restart
	// Subject is the gateway's id, or "radius:name" and the like for what Gateways share.
	Subject  string
	Gateways []string
	Opened   time.Time
	Updated  time.Time
	Closed   time.Time // zero while it is open
	State    State
	Worst    Severity // the highest so far
	Severity Severity
	Cause    string
	Title    string
	Hint     string
	// ExplainedBy is the subject of the incident that this one follows from.
	ExplainedBy string
	Confidence  float64
	Evidence    []Contribution // when it was last told
	TraceIDs    [][16]byte     // the sessions that decided, when it was last told
}

// Duration is how long it lasted, or has lasted by now.
func (in *Incident) Duration(now time.Time) time.Duration {
	if !in.Closed.IsZero() {
		now = in.Closed
	}
	return max(0, now.Sub(in.Opened))
}

// incidentID is the same for the same incident, wherever it is computed.
func incidentID(subject string, opened int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", subject, opened))
	return hex.EncodeToString(sum[:8])
}

// EventKind is what an event tells.
type EventKind uint8

// The kinds of event.
const (
	VerdictChanged EventKind = iota
	IncidentOpened
	IncidentUpdated
	IncidentClosed
	numEventKinds
)

var eventNames = []string{"verdict_changed", "incident_opened", "incident_updated", "incident_closed"}

func (k EventKind) String() string { return nameOf(eventNames, int(k)) }

// Event is something to be told. Verdict is of the gateway it is about, and nil for
// the incident of what gateways share; Incident is nil for VerdictChanged.
type Event struct {
	Kind          EventKind
	At            time.Time
	Verdict       *Verdict
	PreviousState State
	PreviousCause string
	Incident      *Incident
}

func (e *Engine) emit(ev *Event) {
	e.stats.Events[ev.Kind]++
	if e.config.OnEvent != nil {
		e.config.OnEvent(ev)
	}
}

// tell emits what changed of a gateway since the evaluation before.
func (e *Engine) tell(g *gateway, before *status, now int64) {
	if g.state != before.state || g.cause != before.cause || g.explainedBy != before.explainedBy {
		v := e.verdict(g)
		previous := ""
		if before.cause >= 0 {
			previous = e.book.causes[before.cause].name
		}
		e.emit(&Event{Kind: VerdictChanged, At: time.Unix(0, now).UTC(), Verdict: &v, PreviousState: before.state, PreviousCause: previous})
	}
	trouble := g.state.ill() || g.state == Flapping || g.state == Unknown && g.cause >= 0
	switch {
	case trouble && g.incident == nil:
		g.incident = &Incident{
			ID: incidentID(g.id, now), Subject: g.id, Gateways: []string{g.id}, Opened: time.Unix(0, now).UTC(),
		}
		e.updateIncident(g, IncidentOpened, now)
	case trouble && e.differs(g):
		e.updateIncident(g, IncidentUpdated, now)
	case !trouble && g.incident != nil && g.state != Maintenance:
		in := g.incident
		g.incident = nil
		e.closeIncident(in, g, now)
	}
}

func (e *Engine) causeName(n int) string {
	if n < 0 {
		return ""
	}
	return e.book.causes[n].name
}

// differs tells whether the incident as told is no longer true.
func (e *Engine) differs(g *gateway) bool {
	in := g.incident
	return in.State != g.state || in.Severity != g.severity || in.Cause != e.causeName(g.cause) || in.ExplainedBy != g.explainedBy
}

func (e *Engine) updateIncident(g *gateway, kind EventKind, now int64) {
	in := *g.incident
	in.Updated = time.Unix(0, now).UTC()
	in.State, in.Severity, in.Worst = g.state, g.severity, max(in.Worst, g.severity)
	in.ExplainedBy, in.Confidence = g.explainedBy, g.confidence
	in.Cause, in.Title, in.Hint = "", "", ""
	if g.cause >= 0 {
		c := &e.book.causes[g.cause]
		in.Cause, in.Title, in.Hint = c.name, c.title, c.hint
	}
	in.Evidence = slices.Clone(g.evidence)
	in.TraceIDs = traces(in.Evidence)
	e.told(g, &in, kind, now)
}

// told keeps the incident as it is told.
func (e *Engine) told(g *gateway, in *Incident, kind EventKind, now int64) {
	g.incident = in
	v := e.verdict(g)
	e.emit(&Event{Kind: kind, At: time.Unix(0, now).UTC(), Verdict: &v, Incident: in})
}

// closeIncident tells that an incident is over; g is nil for one that is shared.
func (e *Engine) closeIncident(old *Incident, g *gateway, now int64) {
	in := *old
	in.Closed = time.Unix(0, now).UTC()
	in.Updated = in.Closed
	ev := &Event{Kind: IncidentClosed, At: in.Closed, Incident: &in}
	if g != nil {
		v := e.verdict(g)
		ev.Verdict = &v
	}
	e.emit(ev)
}

// openShared opens the incident of what these gateways share, or tells that there are
// more or fewer of them.
func (e *Engine) openShared(name string, gateways []string, example *gateway, now int64) {
	at := time.Unix(0, now).UTC()
	kind, old := IncidentUpdated, e.sharedIncidents[name]
	switch {
	case old == nil:
		kind = IncidentOpened
		old = &Incident{ID: incidentID(name, now), Subject: name, Opened: at}
	case slices.Equal(old.Gateways, gateways):
		return
	}
	in := *old
	of := example.incident
	in.Gateways, in.Updated = gateways, at
	in.State, in.Severity, in.Worst = of.State, of.Severity, max(in.Worst, of.Severity)
	in.Cause, in.Title, in.Hint, in.Confidence = of.Cause, of.Title, of.Hint, of.Confidence
	in.Evidence, in.TraceIDs = of.Evidence, of.TraceIDs
	e.sharedIncidents[name] = &in
	e.emit(&Event{Kind: kind, At: at, Incident: &in})
}

// Incidents returns the open incidents, by subject.
func (e *Engine) Incidents() []*Incident {
	var out []*Incident
	for _, g := range e.order {
		if g.incident != nil {
			out = append(out, g.incident)
		}
	}
	for _, name := range sortedKeys(e.sharedIncidents) {
		out = append(out, e.sharedIncidents[name])
	}
	return out
}
