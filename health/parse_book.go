package health

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
)

var signalFields = []string{"says", "values", "quorum", "path", "regular", "after", "ttl", "rate", "rounds", "sure", "peers", "share", "from"}

// signals reads all signals, then what they are derived from: that may stand later.
func (p *parser) signals(n *yaml.Node) {
	derived := make(map[string]*yaml.Node)
	p.fields(n, "signals", nil, func(name string, v *yaml.Node) {
		source, ok := sourceOf(name)
		if !ok {
			p.fail(v, "signals.%s: begin with a source and write a name: %s", name, suggest.OneOf(name, sourceNames[1:]))
			return
		}
		i, known := p.book.signalByID[name]
		if !known {
			if len(p.book.signals) >= maxSignals {
				p.fail(v, "signals.%s: more than %d signals", name, maxSignals)
				return
			}
			i = len(p.book.signals)
			p.book.signals = append(p.book.signals, signal{name: name, source: source, kinds: commonKinds, ttl: defaultTTL})
			p.book.signalByID[name] = i
		}
		s := &p.book.signals[i]
		s.line = v.Line
		p.fields(v, "signals."+name, signalFields, func(field string, v *yaml.Node) {
			what := "signals." + name + "." + field
			if field == "from" {
				derived[name] = v
				return
			}
			p.signalField(s, field, what, v)
		})
	})
	for _, name := range sortedKeys(derived) {
		s := &p.book.signals[p.book.signalByID[name]]
		s.from = nil
		p.list(derived[name], "signals."+name+".from", maxTerms, func(e *yaml.Node) {
			if c, ok := p.condition(e, "signals."+name+".from"); ok {
				s.from = append(s.from, c)
			}
		})
		if s.share == "" || s.source != Fleet {
			p.failAt(s.line, "signals.%s.from: only a fleet signal with `share` is derived", name)
		}
	}
}

func (p *parser) signalField(s *signal, field, what string, v *yaml.Node) {
	switch field {
	case "says":
		s.says = p.text(v, what)
	case "values":
		p.values(s, what, v)
	case "quorum":
		s.quorum = p.yes(v, what)
	case "path":
		s.path = p.yes(v, what)
	case "regular":
		s.regular = p.yes(v, what)
	case "after":
		s.after = p.text(v, what)
	case "ttl":
		s.ttl = p.span(v, what)
	case "rate":
		s.rate = p.number(v, what, 0, 0.99)
	case "rounds":
		s.rounds = uint8(p.whole(v, what, 1, keptObservations))
	case "sure":
		s.sure = p.yes(v, what)
	case "peers":
		s.peers = p.whole(v, what, 0, keptObservations)
	case "share":
		if s.share = p.text(v, what); !validName(s.share) {
			p.fail(v, "%s: %q must be a word of a-z, 0-9 and _, the kind of what is shared", what, s.share)
		}
	}
}

// values adds to those that there are: causes may ask for them.
func (p *parser) values(s *signal, what string, n *yaml.Node) {
	kinds := slices.Clone(s.kinds)
	p.list(n, what, maxKinds-numCommonKinds, func(e *yaml.Node) {
		name := p.text(e, what)
		switch {
		case !validName(name) || slices.Contains(commonKinds, name) || name == "partial" || name == "any_ok":
			p.fail(e, "%s: %q must be a word of a-z, 0-9 and _, and none that every signal has", what, name)
		case slices.Contains(kinds, name):
		case len(kinds) == maxKinds:
			p.fail(e, "%s: more than %d values", what, maxKinds-numCommonKinds)
		default:
			kinds = append(kinds, name)
		}
	})
	s.kinds = kinds
}

var causeFields = []string{"title", "hint", "state", "severity", "prior", "network", "disabled", "shared",
	"required", "supporting", "contradicting", "explains", "becomes", "severity_when"}

func (p *parser) causes(n *yaml.Node) {
	p.fields(n, "causes", nil, func(name string, v *yaml.Node) {
		i, known := p.book.causeByID[name]
		if !known {
			if !validName(name) || len(p.book.causes) >= maxCauses {
				p.fail(v, "causes.%s: at most %d causes, each a word of a-z, 0-9 and _", name, maxCauses)
				return
			}
			i = len(p.book.causes)
			p.book.causes = append(p.book.causes, cause{name: name, title: name, prior: 1, state: Degraded, severity: Warning})
			p.book.causeByID[name] = i
		}
		c := &p.book.causes[i]
		c.line = v.Line
		p.fields(v, "causes."+name, causeFields, func(field string, v *yaml.Node) {
			p.causeField(c, field, "causes."+name+"."+field, v)
		})
	})
}

func (p *parser) causeField(c *cause, field, what string, v *yaml.Node) {
	switch field {
	case "title":
		c.title = p.text(v, what)
	case "hint":
		c.hint = p.text(v, what)
	case "state":
		c.state = State(p.choice(v, what, stateNames[:Flapping]))
	case "severity":
		c.severity = Severity(p.choice(v, what, severityNames))
	case "prior":
		c.prior = p.number(v, what, 0.001, 10)
	case "network":
		c.network = p.yes(v, what)
	case "disabled":
		c.disabled = p.yes(v, what)
	case "shared":
		c.shared = p.text(v, what)
	case "explains":
		c.explains = nil
		p.list(v, what, maxCauses, func(e *yaml.Node) { c.explains = append(c.explains, p.text(e, what)) })
	case "becomes":
		c.becomes = nil
		p.list(v, what, maxCauses, func(e *yaml.Node) { c.becomes = append(c.becomes, p.text(e, what)) })
	case "severity_when":
		c.escalations = nil
		p.list(v, what, maxTerms, func(e *yaml.Node) { p.escalation(c, what, e) })
	default:
		role := indexOf(roleNames, field)
		c.roles[role] = nil
		p.list(v, what, maxTerms, func(e *yaml.Node) {
			if t, ok := p.term(e, what, roleWeights[role]); ok {
				c.roles[role] = append(c.roles[role], t)
			}
		})
	}
}

func (p *parser) escalation(c *cause, what string, n *yaml.Node) {
	rest, extra := p.split(n, what, "severity")
	if extra == nil {
		p.fail(n, "%s: name the severity beside the signal", what)
		return
	}
	severity := Severity(p.choice(extra, what, severityNames))
	if when, ok := p.condition(rest, what); ok {
		c.escalations = append(c.escalations, escalation{when, severity})
	}
}

// term reads `signal: value`, or `any: [...]`, each with a weight if it likes.
func (p *parser) term(n *yaml.Node, what string, weight float64) (term, bool) {
	rest, extra := p.split(n, what, "weight")
	if extra != nil {
		weight = p.number(extra, what+".weight", 0.01, 0.99)
	}
	t := term{weight: weight}
	if len(rest.Content) == 2 && rest.Content[0].Value == "any" {
		p.list(rest.Content[1], what+".any", maxAny, func(e *yaml.Node) {
			if c, ok := p.condition(e, what+".any"); ok {
				t.any = append(t.any, c)
			}
		})
	} else if c, ok := p.condition(rest, what); ok {
		t.any = append(t.any, c)
	}
	return t, len(t.any) > 0
}

// split takes one field out of a mapping, and returns the rest and the field.
func (p *parser) split(n *yaml.Node, what, field string) (rest, extra *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		p.fail(n, "%s: write `signal: value`", what)
		return &yaml.Node{Kind: yaml.MappingNode, Line: n.Line}, nil
	}
	rest = &yaml.Node{Kind: yaml.MappingNode, Line: n.Line}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == field {
			extra = n.Content[i+1]
			continue
		}
		rest.Content = append(rest.Content, n.Content[i], n.Content[i+1])
	}
	return rest, extra
}

// condition reads `signal: value`.
func (p *parser) condition(n *yaml.Node, what string) (condition, bool) {
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
		p.fail(n, "%s: write one `signal: value`", what)
		return condition{}, false
	}
	name, value := n.Content[0], n.Content[1]
	i, ok := p.book.signalByID[name.Value]
	if !ok {
		p.fail(name, "%s: unknown signal %q: %s", what, name.Value, near(name.Value, p.book.signalByID))
		return condition{}, false
	}
	c := condition{signal: i}
	values := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode && len(value.Content) > 0 {
		values = value.Content
	}
	before := len(p.errs)
	for _, v := range values {
		p.value(&c, &p.book.signals[i], what, v, len(values) == 1)
	}
	return c, len(p.errs) == before
}

func (p *parser) value(c *condition, s *signal, what string, n *yaml.Node, alone bool) {
	valid := append([]string{"partial", "any_ok"}, s.kinds[kindOK:]...)
	v := p.text(n, what)
	kind, known := s.kind(v)
	switch {
	case v == "partial" && s.quorum:
		if c.partial = !alone; alone {
			c.test = testPartial
		}
	case v == "any_ok" && s.quorum && alone:
		c.test = testAnyOK
	case v == "partial" || v == "any_ok":
		p.fail(n, "%s: %s: %q is for signals with a quorum, and any_ok stands alone", what, s.name, v)
	case kind == kindBad:
		c.kinds |= badKinds(s)
	case known && kind != kindUnknown:
		c.kinds |= 1 << kind
	default:
		p.fail(n, "%s: %s cannot be %q: %s", what, s.name, v, suggest.OneOf(v, valid))
	}
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
