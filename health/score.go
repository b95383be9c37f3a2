package health

import (
	"math/bits"
	"slices"
)

// How evidence is weighed.
const (
	// leak is the score of "something else": what a cause has to be better than.
	leak = 0.1
	// minScore is what a cause needs to be told. One piece of required evidence with
	// its usual weight has eight times as much.
	minScore = 2 * leak
	// contradicted is what is left when what is required is known not to hold: not
	// nothing, since observations are wrong at times.
	contradicted = 0.02
	// absent is what is left when it is not known whether what is required holds.
	absent = 0.5
	// lowCoverage is the share of the usual evidence below which little is known.
	lowCoverage = 0.3
	// singleVantage is the highest confidence in a cause that lies in the network when
	// one vantage only looks: it may be its own network.
	singleVantage = 0.7
)

// hypothesis is what speaks for a cause at a gateway now.
type hypothesis struct {
	cause       int
	score       float64
	probability float64 // against those that explain the same
	margin      float64 // to the next of them
	confidence  float64
	coverage    float64 // share of the cause's evidence that is known, by weight
	sources     uint16  // bits: who says so
	witnesses   witnesses
	used        signalSet
	single      bool
	lacking     bool // something that it requires is not known to hold
	seen        bool // all that it requires is a failure that was seen: none is that something works
	explained   bool // by another
	beaten      bool // by another that explains the same
}

// held tells whether a term holds by the readings, and what of it does.
func (e *Engine) held(t *term) (truth, *side, *condition) {
	best := missing
	var by *side
	var what *condition
	for i := range t.any {
		c := &t.any[i]
		v, s := e.readings[c.signal].meets(&e.book.signals[c.signal], c)
		if v > best || v == yes && best == yes && s.strength > by.strength {
			best, by, what = v, s, c
		}
	}
	return best, by, what
}

// weigh computes the score of a cause: a noisy-or of what speaks for it, times what each
// contradiction leaves. It is false for causes that no failure which they require speaks
// for; that something works can be asked for, and is never a reason alone.
func (e *Engine) weigh(n int, h *hypothesis) bool {
	c := &e.book.causes[n]
	*h = hypothesis{cause: n, seen: true}
	doubt, factor := 1.0, c.prior
	var all, known float64
	holds := false
	for role := range numRoles {
		for i := range c.roles[role] {
			t := &c.roles[role][i]
			v, by, what := e.held(t)
			share := t.weight
			if role == Required {
				share *= 3 // what a cause cannot be without says most about how well it was looked at
			}
			all += share
			if v != missing {
				known += share
			}
			switch {
			case v == yes && role == Contradicting:
				factor *= 1 - t.weight*float64(by.strength)
			case v == yes && by == &e.readings[what.signal].sides[sideBad]:
				holds = holds || role == Required
				doubt *= 1 - t.weight*float64(by.strength)
				h.sources |= by.sources
				if !h.used.has(what.signal) {
					h.used.add(what.signal)
					h.witnesses.add(by.witnesses)
				}
				h.single = h.single || e.readings[what.signal].single(&e.book.signals[what.signal])
			case v == yes && role == Supporting:
				doubt *= 1 - t.weight*float64(by.strength)
			case role == Required && v == no:
				factor *= contradicted
			case role == Required && v == missing:
				factor *= absent
			}
			if role == Required {
				h.lacking = h.lacking || v != yes
				h.seen = h.seen && v == yes && by == &e.readings[what.signal].sides[sideBad]
			}
		}
		if role == Required && !holds {
			return false
		}
	}
	if c.state != Healthy && !h.witnesses.agree() {
		return false
	}
	h.score = min(1, factor*(1-doubt))
	h.coverage = known / all
	return true
}

// diagnose fills e.hypotheses with what can explain the readings, and returns the
// best, or nil. Causes compete when the same evidence speaks for them; others stand
// side by side, and of those the worst for the users is told first.
func (e *Engine) diagnose() *hypothesis {
	hs := e.hypotheses[:0]
	for n := range e.book.causes {
		if e.book.causes[n].disabled || !e.needs[n].meets(&e.wrong) {
			continue
		}
		hs = append(hs, hypothesis{})
		if !e.weigh(n, &hs[len(hs)-1]) {
			hs = hs[:len(hs)-1]
		}
	}
	e.hypotheses = hs
	e.explain(hs)
	var best *hypothesis
	for i := range hs {
		e.compare(hs, i)
		if h := &hs[i]; h.candidate() && (best == nil || e.worse(h, best)) {
			best = h
		}
	}
	return best
}

// became tells whether what is likeliest now is only how the cause that is told looks after a while: its failures were
// seen, and nothing of what would contradict it holds. A cause that was told since something still works - sessions go
// on - was never more than likely, and goes with that.
func (e *Engine) became(g *gateway, now int) bool {
	if g.cause < 0 || !g.seen || !slices.Contains(e.book.causes[g.cause].later, now) {
		return false
	}
	contradictions := e.book.causes[g.cause].roles[Contradicting]
	return !slices.ContainsFunc(contradictions, func(t term) bool {
		v, _, _ := e.held(&t)
		return v == yes
	})
}

// candidate tells whether the hypothesis may be told.
func (h *hypothesis) candidate() bool { return h.score >= minScore && !h.explained && !h.beaten }

// explain takes out what follows from a cause that is at least as likely to be. A cause that is itself but a guess, since
// nothing says whether all that it requires holds, explains nothing: sites without the source that would know lost the
// cause that they could tell to it.
func (e *Engine) explain(hs []hypothesis) {
	for i := range hs {
		if hs[i].score < minScore || hs[i].lacking {
			continue
		}
		for j := range hs {
			for _, follows := range e.book.causes[hs[i].cause].explained {
				if hs[j].cause == follows && hs[i].score >= hs[j].score/2 && !e.mutual(hs[i].cause, follows) {
					hs[j].explained = true
				}
			}
		}
	}
}

// mutual tells whether b explains a, too: then neither takes the other out.
func (e *Engine) mutual(a, b int) bool {
	for _, n := range e.book.causes[b].explained {
		if n == a {
			return true
		}
	}
	return false
}

// compare computes probability, margin and confidence of one hypothesis.
func (e *Engine) compare(hs []hypothesis, i int) {
	h := &hs[i]
	sum, second := leak+h.score, leak
	for j := range hs {
		o := &hs[j]
		if j == i || o.explained || !o.used.meets(&h.used) {
			continue
		}
		sum += o.score
		second = max(second, o.score)
		if o.score > h.score || o.score == h.score && j < i {
			h.beaten = true
		}
	}
	h.probability = h.score / sum
	h.margin = (h.score - second) / sum
	// Half of the confidence does not depend on what else could be looked at: most
	// gateways do not have all sources.
	h.confidence = h.probability * (0.5 + 0.5*h.coverage) * min(1, 0.75+max(0, h.margin))
	if h.single && e.book.causes[h.cause].network {
		h.confidence = min(h.confidence, singleVantage)
	}
}

// worse tells whether a is to be told rather than b.
func (e *Engine) worse(a, b *hypothesis) bool {
	x, y := &e.book.causes[a.cause], &e.book.causes[b.cause]
	switch {
	case x.state != y.state:
		return x.state > y.state
	case x.severity != y.severity:
		return x.severity > y.severity
	}
	return a.probability > b.probability
}

// severityOf is the cause's, or a higher or lower one for what holds now.
func (e *Engine) severityOf(c *cause) Severity {
	severity := c.severity
	for i := range c.escalations {
		x := &c.escalations[i]
		if v, _ := e.readings[x.when.signal].meets(&e.book.signals[x.when.signal], &x.when); v == yes {
			severity = x.severity
		}
	}
	return severity
}

func (h *hypothesis) agreeing() int { return bits.OnesCount16(h.sources &^ (1<<Fleet | 1<<Self)) }
