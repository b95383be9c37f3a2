package health

import (
	"slices"
	"time"
)

// Verdict is what is said of a gateway.
type Verdict struct {
	Gateway string
	State   State
	Below   State // the state without maintenance and flapping
	Since   time.Time
	// Cause is the codebook's name of what is wrong, empty if nothing is. It can be set
	// while the state is healthy: a single client has trouble.
	Cause, Title, Hint string
	Severity           Severity
	Confidence         float64  // 0 to 1: [HighConfidence] and [MediumConfidence] are the buckets
	Probability        float64  // 0 to 1, against the other causes
	Margin             float64  // to the next best of them
	Coverage           float64  // 0 to 1, share of the usual evidence that is there
	Also               []string // causes that stand beside it
	// ExplainedBy is what this gateway shares with others that fail likewise:
	// "radius:name" or "vantage:name".
	ExplainedBy string
	Maintenance string // the window, if there is one
	IncidentID  string // of the open incident
	// Evidence is each line of the cause: what spoke for it, against, and is missing.
	// It stays as it was last when the cause held while the gateway recovers.
	Evidence    []Contribution
	Transitions uint64 // changes of State so far
}

// The lower bounds of high and medium confidence.
const (
	HighConfidence   = 0.8
	MediumConfidence = 0.5
)

// Finding is what became of a line of evidence.
type Finding uint8

// The findings.
const (
	NotKnown Finding = iota // nothing fresh says
	Refuted                 // it is known not to hold
	Holds
)

var findingNames = []string{"missing", "refuted", "holds"}

func (f Finding) String() string { return nameOf(findingNames, int(f)) }

// Contribution is a line of a cause's evidence, and what was found. The fields
// after Weight are those of the newest observation that says so, if there is one.
type Contribution struct {
	Role       Role
	Text       string // "probe.tcp: timeout or unreachable"
	Finding    Finding
	Weight     float64
	Strength   float64
	Signal     string
	Value      string
	Source     Source
	Vantage    string
	At         time.Time
	Bad, Total uint32 // counts that came with it
	Saw, Of    int    // vantages or sources that saw it, of those that looked
	TraceID    [16]byte
	SpanID     [8]byte
}

// contributions appends each line of a cause.
func (e *Engine) contributions(dst []Contribution, n int) []Contribution {
	c := &e.book.causes[n]
	for role := range numRoles {
		for i := range c.roles[role] {
			t := &c.roles[role][i]
			v, by, what := e.held(t)
			line := Contribution{Role: role, Text: e.texts[n][role][i], Weight: t.weight, Finding: Finding(v)}
			if what != nil {
				e.quote(&line, what.signal, by)
			}
			dst = append(dst, line)
		}
	}
	return dst
}

// quote fills in the newest observation of a side.
func (e *Engine) quote(line *Contribution, signal int, by *side) {
	s, r := &e.book.signals[signal], &e.readings[signal]
	line.Signal, line.Strength, line.Of = s.name, float64(by.strength), int(r.known)
	line.Saw = int(r.kinds[kindOK])
	if by == &r.sides[sideBad] {
		line.Saw = int(r.bad + r.few)
	}
	it := by.newest
	if it == nil { // derived
		return
	}
	line.Value, line.Source, line.Vantage = s.kinds[it.kind], it.key.source(), e.vantages.name(it.key.vantage())
	line.At, line.Bad, line.Total = time.Unix(0, it.at).UTC(), it.bad, it.total
	line.TraceID, line.SpanID = it.trace, it.span
}

// traces are the sessions that spoke for the cause.
func traces(evidence []Contribution) [][16]byte {
	var out [][16]byte
	for i := range evidence {
		c := &evidence[i]
		if c.Finding == Holds && c.Role != Contradicting && c.TraceID != [16]byte{} && !slices.Contains(out, c.TraceID) {
			out = append(out, c.TraceID)
		}
	}
	return out
}

// Verdict returns what the last evaluation said of a gateway.
func (e *Engine) Verdict(id string) (Verdict, bool) {
	g := e.gateways[id]
	if g == nil {
		return Verdict{}, false
	}
	return e.verdict(g), true
}

// Knows tells whether a gateway is configured, or learned and not forgotten.
func (e *Engine) Knows(id string) bool { return e.gateways[id] != nil }

// Verdicts calls yield with the verdict of each gateway, by id, until it returns
// false.
func (e *Engine) Verdicts(yield func(Verdict) bool) {
	for _, g := range e.order {
		if !yield(e.verdict(g)) {
			return
		}
	}
}

func (e *Engine) verdict(g *gateway) Verdict {
	v := Verdict{
		Gateway: g.id, State: g.state, Below: g.below, Since: time.Unix(0, g.shownSince).UTC(), Severity: g.severity,
		Confidence: g.confidence, Probability: g.probability, Margin: g.margin, Coverage: g.coverage,
		ExplainedBy: g.explainedBy, Maintenance: g.window, Transitions: g.transitions,
		Evidence: slices.Clone(g.evidence),
	}
	if g.cause >= 0 {
		c := &e.book.causes[g.cause]
		v.Cause, v.Title, v.Hint = c.name, c.title, c.hint
	}
	for _, n := range g.also {
		v.Also = append(v.Also, e.book.causes[n].name)
	}
	if g.incident != nil {
		v.IncidentID = g.incident.ID
	}
	return v
}

// EvidenceAge returns how old the newest evidence of each source about a gateway is;
// sources that never said anything are left out.
func (e *Engine) EvidenceAge(id string, now time.Time) map[Source]time.Duration {
	g := e.gateways[id]
	if g == nil {
		return nil
	}
	ages := make(map[Source]time.Duration)
	for i := range g.items {
		it := &g.items[i]
		age := now.Sub(time.Unix(0, it.at))
		if old, ok := ages[it.key.source()]; !ok || age < old {
			ages[it.key.source()] = age
		}
	}
	return ages
}
