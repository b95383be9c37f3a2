package evidence

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
)

// maxRules bounds the table: each point of a metric that is named there meets all rules of that name.
const maxRules = 4096

// maxCountWindow bounds Rule.Count.
const maxCountWindow = time.Hour

// maxTimes bounds Rule.Times.
const maxTimes = 32

// sourceOf is what evidence comes from; the zero value leaves it to the signal.
type sourceOf = health.Source

// compiler checks rules against a codebook.
type compiler struct {
	signals map[string]health.Signal
	names   []string
	parsers *conditions
	errs    []error
}

func newCompiler(book *health.Codebook, set component.TelemetrySettings) *compiler {
	c := &compiler{signals: make(map[string]health.Signal), parsers: &conditions{settings: set}}
	for _, s := range book.Signals() {
		if !s.Derived {
			c.signals[s.Name] = s
			c.names = append(c.names, s.Name)
		}
	}
	return c
}

func (c *compiler) fail(item, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("%s%s", item, fmt.Sprintf(format, args...)))
}

// value checks that a signal has a value.
func (c *compiler) value(item, signal, value string) bool {
	s, ok := c.signals[signal]
	if !ok {
		return false // told already
	}
	valid := append([]string{"ok", "bad", "unknown"}, s.Values...)
	if !slices.Contains(valid, value) {
		c.fail(item, ": %s cannot be %q: %s", signal, value, suggest.OneOf(value, valid))
		return false
	}
	return true
}

func (c *compiler) signal(item, name string) bool {
	if _, ok := c.signals[name]; ok {
		return true
	}
	if name == "" {
		c.fail(item, ".signal: is empty; name what it says something about, such as probe.tcp")
		return false
	}
	hint := "the README lists all"
	if near := suggest.Nearest(name, c.names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	c.fail(item, ".signal: %q is none of the codebook: %s", name, hint)
	return false
}

// rule compiles one rule; item names it in errors.
func (c *compiler) rule(item string, r Rule) *compiled {
	out := &compiled{Rule: r, item: item, value: r.Value}
	known := c.signal(item, r.Signal)
	c.where(item, &r, out)
	out.match = c.matchers(item+".attributes", r.Attributes)
	for i, p := range r.Of {
		what := fmt.Sprintf("%s.of[%d]", item, i)
		if p.Metric == "" {
			c.fail(what, ".metric: is empty; name a metric of the same resource")
		}
		out.parts = append(out.parts, compiledPart{rule: out, match: c.matchers(what+".attributes", p.Attributes), index: i})
	}
	if r.Source != "" {
		source, ok := health.SourceByName(r.Source)
		if !ok || source >= health.Fleet {
			c.fail(item, ".source: %q: %s", r.Source, suggest.OneOf(r.Source, []string{"probe", "snmp", "netflow", "log", "radius", "change"}))
		}
		out.source = source
	}
	c.reading(item, &r, out)
	if known {
		c.values(item, &r, out)
	}
	if !(r.Strength >= 0 && r.Strength <= 1) {
		c.fail(item, ".strength: %g is not in [0, 1]", r.Strength)
	}
	switch {
	case r.Times == 0 && r.Within == 0 && len(r.Each) == 0:
	case r.Metric != "":
		c.fail(item, ".times: is for events; a metric has `read: increase`")
	case r.Times < 2 || r.Times > maxTimes:
		c.fail(item, ".times: %d is not in [2, %d]", r.Times, maxTimes)
	case r.Within < time.Second || r.Within > maxCountWindow:
		c.fail(item, ".within: %s is not in [1s, %s]", r.Within, maxCountWindow)
	}
	if r.TTL != 0 && (r.TTL < time.Second || r.TTL > 24*time.Hour) {
		c.fail(item, ".ttl: %s is not in [1s, 24h]", r.TTL)
	}
	return out
}

// where checks what the rule looks at.
func (c *compiler) where(item string, r *Rule, out *compiled) {
	switch {
	case r.Metric != "" && len(r.Event) > 0:
		c.fail(item, ": names a metric and an event; write two items")
	case r.Metric == "" && len(r.Event) == 0 && r.Condition == "":
		c.fail(item, ": names nothing to look at; set metric or event, or a condition for log records that are no events")
	}
	if r.Condition == "" {
		return
	}
	var err error
	if r.Metric != "" {
		out.points, err = c.parsers.point(r.Condition)
	} else {
		out.records, err = c.parsers.record(r.Condition)
	}
	if err != nil {
		c.fail(item, ".condition: %v", err)
	}
}

func (c *compiler) reading(item string, r *Rule, out *compiled) {
	if r.Read != "" {
		if out.read = slices.Index(readNames, r.Read); out.read < 0 {
			c.fail(item, ".read: %q: %s", r.Read, suggest.OneOf(r.Read, readNames))
			out.read = readValue
		}
	}
	switch {
	case r.Metric == "" && (r.Read != "" || len(r.Of) > 0 || r.Count != 0 || len(r.When) > 0):
		c.fail(item, ": read, of, when and count are for metrics; an event has no number, give its value")
	case len(r.Of) > 0 && out.read != readValue && out.read != readIncrease:
		c.fail(item, ".of: goes with read: value or increase")
	case r.Count != 0 && (len(r.Of) == 0 || out.read != readIncrease):
		c.fail(item, ".count: needs `read: increase` and `of`")
	case r.Count < 0 || r.Count > maxCountWindow || r.Count > 0 && r.Count < 10*time.Second:
		c.fail(item, ".count: %s is not in [10s, %s]", r.Count, maxCountWindow)
	}
}

// values checks what the rule can say.
func (c *compiler) values(item string, r *Rule, out *compiled) {
	switch {
	case r.Count != 0:
		if out.value == "" {
			out.value = "bad"
		}
	case len(r.When) > 0 && r.Value != "":
		c.fail(item, ": has value and when; value is for what does not depend on the number")
	case len(r.When) == 0 && r.Value == "":
		c.fail(item, ".value: is empty; write ok, bad or a kind of bad, or for a metric `when`")
	}
	if out.value != "" {
		c.value(item+".value", r.Signal, out.value)
	}
	for i, w := range r.When {
		what := fmt.Sprintf("%s.when[%d]", item, i)
		cmp, err := parseComparison(w)
		if err != nil {
			c.fail(what, ".is: %v", err)
		}
		if c.value(what+".value", r.Signal, w.Value) {
			out.cases = append(out.cases, cmp)
		}
	}
}

func (c *compiler) matchers(item string, attributes map[string]any) (list []matcher) {
	for key, want := range attributes {
		m := matcher{key: key}
		values, ok := want.([]any)
		if !ok {
			values = []any{want}
		}
		for _, v := range values {
			text, ok := attributeText(v)
			switch {
			case !ok:
				c.fail(item, ".%s: write a text, a number, true, false, or a list of these, not %v", key, v)
			case text == "*":
				m.any = true
			case text == "":
				m.none = true
			case text[0] == '!':
				m.not = append(m.not, text[1:])
			default:
				m.values = append(m.values, text)
			}
		}
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b matcher) int { return strings.Compare(a.key, b.key) })
	return list
}

// attributeText is how an attribute of that value is compared.
func attributeText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	case nil:
		return "", true
	}
	return "", false
}

func (c *compiler) err() error { return errors.Join(c.errs...) }
