package main

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/scenario/world"
)

// course follows the verdict about the first gateway.
type course struct {
	s            *site
	truth        string
	onset, ended time.Time
	told         map[string]time.Duration
	beside       map[string]bool
	sure         map[string]float64
	alerts       map[string]int
	votes        map[string]int
	last, shown  string
	changes      int
	detected     time.Duration
	ill, well    time.Duration
	flaps        bool
	lines        []string
}

func newCourse(s *site, truth string, onset time.Time) *course {
	return &course{
		s: s, truth: truth, onset: onset, told: make(map[string]time.Duration), beside: make(map[string]bool), sure: make(map[string]float64),
		alerts: make(map[string]int), votes: make(map[string]int), detected: never, ill: never, well: never,
	}
}

func (c *course) look() {
	w := c.s.w
	g := w.Gateways[0].ID
	v, _ := c.s.engine.Verdict(g)
	since := w.Now.Sub(c.onset)
	if line := v.State.String() + " " + v.Cause; line != c.shown {
		c.lines = append(c.lines, since.String()+" "+line+" "+because(v.Evidence))
		c.shown = line
	}
	if !c.ended.IsZero() && w.Now.Sub(c.ended) > graceAfter {
		if c.well == never && v.State == health.Healthy {
			c.well = w.Now.Sub(c.ended)
		}
		return
	}
	if v.Cause != "" {
		c.told[v.Cause] += world.Step
		c.sure[v.Cause] += v.Confidence
		for _, a := range v.Also {
			c.beside[a] = true
		}
		if c.ill == never {
			c.ill = since
		}
		if v.Cause == c.truth && c.detected == never {
			c.detected = since
		}
		if v.Cause != c.last && c.last != "" {
			c.changes++
		}
		c.last = v.Cause
	}
	c.flaps = c.flaps || v.State == health.Flapping
	alert, vote := c.s.rivals.judge(w.Now, g)
	c.alerts[alert]++
	c.votes[vote]++
}

// conclude says what it all was.
func (c *course) conclude(t *trial) {
	names := make([]string, 0, len(c.told))
	for name := range c.told {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := names[i], names[j]
		if c.told[a] != c.told[b] {
			return c.told[a] > c.told[b]
		}
		return a < b
	})
	if len(names) > 0 && float64(c.told[names[0]]) >= told*float64(during) {
		t.told = names[0]
		t.confidence = c.sure[t.told] / (c.told[t.told].Seconds() / world.Step.Seconds())
		t.also = names[1:]
		for a := range c.beside {
			t.also = append(t.also, a)
		}
		slices.Sort(t.also)
	}
	t.detect, t.ill, t.recover, t.changes, t.flaps, t.log = c.detected, c.ill, c.well, c.changes, c.flaps, c.lines
	t.alert, t.vote = most(c.alerts, told), most(c.votes, told)
}

// most is what was said most often, of what is something, if it was for long enough.
func most(said map[string]int, share float64) string {
	best, n, all := "", 0, 0
	for what, count := range said {
		all += count
		if what != "" && (count > n || count == n && what < best) {
			best, n = what, count
		}
	}
	if float64(n) < share*float64(all) {
		return ""
	}
	return best
}

// because is what spoke for a verdict and against it, in short.
func because(evidence []health.Contribution) string {
	out := "["
	for i := range evidence {
		if c := &evidence[i]; c.Finding == health.Holds {
			out += c.Role.String()[:1] + ":" + c.Signal + "=" + c.Value + " "
		}
	}
	return strings.TrimSpace(out) + "]"
}
