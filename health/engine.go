package health

import (
	"fmt"
	"time"
)

// Engine makes verdicts of evidence. It has no clock, no goroutine and no socket, and
// is not safe for concurrent use.
type Engine struct {
	config   Config
	book     *Codebook
	gateways map[string]*gateway
	order    []*gateway // by id
	vantages vantages
	shared   []shared
	windows  windows
	stats    Stats

	at      time.Time // of the last evaluation
	settle  time.Time // until when states are held
	started time.Time // until when missing evidence may still come for the first time
	cleaned time.Time

	sharedIncidents map[string]*Incident // by subject

	vantageSignal, coverageSignal int
	unknownCause                  int
	texts                         [][numRoles][]string // of terms
	needs                         []signalSet          // what each cause requires something of

	// What one evaluation of one gateway uses.
	readings   []reading
	wrong      signalSet // signals that anybody says bad of
	hypotheses []hypothesis
	views      []view
}

// New returns an engine. It keeps Config's slices.
func New(c Config) (*Engine, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("health: %w", err)
	}
	c = c.withDefaults()
	if c.Codebook == nil {
		c.Codebook = DefaultCodebook()
	}
	e := &Engine{
		config: c, book: c.Codebook.clone(), gateways: make(map[string]*gateway), vantages: newVantages(),
		windows: windows{configured: c.Windows}, sharedIncidents: make(map[string]*Incident),
		readings:      make([]reading, len(c.Codebook.signals)),
		hypotheses:    make([]hypothesis, 0, len(c.Codebook.causes)),
		vantageSignal: c.Codebook.signalByID["fleet.vantage"], coverageSignal: c.Codebook.signalByID["self.coverage"],
		unknownCause: c.Codebook.causeByID[unknownCause],
	}
	for i := range e.book.signals {
		s := &e.book.signals[i]
		switch {
		case s.rounds > 0:
		case s.quorum || s.regular:
			s.rounds = uint8(c.Rounds)
		default:
			s.rounds = 1
		}
	}
	for i := range e.book.causes {
		var texts [numRoles][]string
		for role := range texts {
			for j := range e.book.causes[i].roles[role] {
				texts[role] = append(texts[role], e.book.termText(&e.book.causes[i].roles[role][j]))
			}
		}
		e.texts = append(e.texts, texts)
		var needs signalSet
		for _, t := range e.book.causes[i].roles[Required] {
			for _, c := range t.any {
				needs.add(c.signal)
			}
		}
		e.needs = append(e.needs, needs)
	}
	for i := range c.Gateways {
		g := e.addGateway(c.Gateways[i].ID)
		g.configured = true
		g.shares = e.sharesOf(&c.Gateways[i])
	}
	return e, nil
}

// Evaluate makes the verdicts of all gateways, and tells what changed. Call it every
// Config.Interval; the same evidence gives the same verdicts, whatever came first. When
// the clock was set back, evidence counts again from the next call on.
func (e *Engine) Evaluate(now time.Time) {
	e.clockStep(now)
	if e.at.IsZero() {
		e.started = now.Add(e.config.Settle)
	}
	e.at = now
	e.stats.Evaluations++
	t := moment{now: now.UnixNano(), latest: now.Add(e.config.MaxAhead).UnixNano()}
	if now.Before(e.cleaned) || now.Sub(e.cleaned) >= time.Minute {
		e.forget(t.now)
		e.cleaned = now
	}
	e.windows.update(now)
	e.survey(&t)
	settling := now.Before(e.settle)
	e.stats.Stale = 0
	for _, g := range e.order {
		e.judge(g, &t, settling)
	}
	e.tellShared(t.now)
}

// judge makes the verdict of one gateway.
func (e *Engine) judge(g *gateway, t *moment, settling bool) {
	coverage := e.read(g, t)
	e.derive(g, coverage)
	best := e.diagnose()
	v := verdictNow{state: Healthy, cause: -1, best: best}
	switch {
	case best != nil:
		v.cause, v.agreeing = best.cause, best.agreeing()
		if e.became(g, best.cause) {
			v.cause = g.cause
		}
		v.state = e.book.causes[v.cause].state
	case e.failing():
		v.state, v.cause = e.book.causes[e.unknownCause].state, e.unknownCause
	case coverage >= 0 && coverage < lowCoverage || !e.anythingKnown():
		v.state = Unknown
	}
	before := g.status
	g.coverage = max(0, coverage)
	e.dwell(g, &v, t.now, settling)
	if g.cause != before.cause {
		g.seen = false
	}
	if h := e.hypothesisOf(g.cause); h != nil && h.seen {
		g.seen = true
	}
	e.detail(g)
	e.show(g, t.now)
	e.tell(g, &before, t.now)
}

// failing tells whether a stage of the probe fails at quorum.
func (e *Engine) failing() bool {
	for i := range e.readings {
		s := &e.book.signals[i]
		if s.quorum && (s.path || s.afterIndex >= 0) && e.readings[i].isBad() && e.readings[i].sides[sideBad].agree() {
			return true
		}
	}
	return false
}

func (e *Engine) anythingKnown() bool {
	for i := range e.readings {
		if s := &e.book.signals[i]; s.source < Fleet && e.readings[i].known > 0 {
			return true
		}
	}
	return false
}

// unexplained is the confidence in a verdict without a cause: that sessions fail was
// seen, why was not.
const unexplained = 0.3

// detail fills in what speaks for the cause that is told. While a gateway recovers
// the evidence stays what it was.
func (e *Engine) detail(g *gateway) {
	g.also = g.also[:0]
	if g.cause < 0 {
		g.confidence, g.probability, g.margin, g.evidence, g.explainedBy = 0, 0, 0, nil, ""
		return
	}
	for i := range e.hypotheses {
		if h := &e.hypotheses[i]; h.candidate() && h.cause != g.cause {
			g.also = append(g.also, h.cause)
		}
	}
	if g.cause == e.unknownCause {
		g.confidence, g.probability, g.margin, g.evidence, g.explainedBy = unexplained, unexplained, 0, e.failures(g.evidence[:0]), ""
		return
	}
	if h := e.hypothesisOf(g.cause); h != nil {
		g.confidence, g.probability, g.margin = h.confidence, h.probability, h.margin
		g.evidence = e.contributions(g.evidence[:0], g.cause)
		g.explainedBy = e.explanation(g)
	}
}

// failures appends the stages that fail and that no cause explains.
func (e *Engine) failures(dst []Contribution) []Contribution {
	for i := range e.readings {
		s, r := &e.book.signals[i], &e.readings[i]
		if s.source < Fleet && r.isBad() {
			line := Contribution{Role: Required, Text: s.name + ": bad", Finding: Holds}
			e.quote(&line, i, &r.sides[sideBad])
			dst = append(dst, line)
		}
	}
	return dst
}
