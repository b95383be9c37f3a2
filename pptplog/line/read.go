package line

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// reader reads one program, and collects what is wrong.
type reader struct {
	source string
	errs   []error
}

func (r *reader) fail(n *yaml.Node, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s:%d: "+format, append([]any{r.source, n.Line}, args...)...))
}

// fields visits the keys of a map.
func (r *reader) fields(n *yaml.Node, what string, known []string, visit func(key string, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.fail(n, "%s: must be a map of %s", what, strings.Join(known, ", "))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if !slices.Contains(known, key.Value) {
			r.fail(key, "%s: no such key %q: %s", what, key.Value, suggest.OneOf(key.Value, known))
			continue
		}
		visit(key.Value, n.Content[i+1])
	}
}

// decode reads a value into a Go one.
func (r *reader) decode(n *yaml.Node, what string, into any) {
	if err := n.Decode(into); err != nil {
		r.fail(n, "%s: %q does not fit: %v", what, n.Value, err)
	}
}

func (r *reader) program(l *library, n *yaml.Node) {
	var name, pre, role string
	var tags []string
	var patterns *yaml.Node
	r.fields(n, "patterns", []string{"program", "tags", "prefix", "role", "patterns"}, func(key string, v *yaml.Node) {
		switch key {
		case "program":
			r.decode(v, key, &name)
		case "tags":
			r.decode(v, key, &tags)
		case "prefix":
			r.decode(v, key, &pre)
			if _, ok := prefixes[pre]; !ok {
				r.fail(v, "prefix: no such prefix %q: %s", pre, suggest.OneOf(pre, slices.Sorted(maps.Keys(prefixes))))
			}
		case "role":
			r.decode(v, key, &role)
		case "patterns":
			patterns = v
		}
	})
	if name == "" {
		r.fail(n, "program: missing; name the program whose lines these are, such as pppd")
		return
	}
	b := l.books[name]
	if b == nil {
		if len(l.books) == maxPrograms {
			r.fail(n, "program: %q is one more than %d programs", name, maxPrograms)
			return
		}
		b = &book{name: name, number: len(l.books), prefix: prefixes[pre], byWord: map[string][]*pattern{}, windows: map[int]windowsEvent{}}
		if len(tags) == 0 {
			tags = []string{name}
		}
		l.books[name] = b
		l.order = append(l.order, b)
	} else if pre != "" {
		r.fail(n, "prefix: %s is built in, with its prefix; leave this out", name)
	}
	if role != "" {
		b.role = r.role(n, role)
	}
	for _, tag := range tags {
		if !slices.Contains(b.tags, tag) {
			b.tags = append(b.tags, tag)
			l.byTag[tag] = append(l.byTag[tag], b)
			// A prefix that must be there decides whose the line is, where a tag
			// has two owners.
			slices.SortStableFunc(l.byTag[tag], func(a, b *book) int { return boolToInt(a.prefix == nil) - boolToInt(b.prefix == nil) })
		}
	}
	if patterns == nil {
		return
	}
	if patterns.Kind != yaml.SequenceNode {
		r.fail(patterns, "patterns: must be a list")
		return
	}
	r.patterns(b, patterns)
}

func (r *reader) patterns(b *book, n *yaml.Node) {
	fresh := &book{byWord: map[string][]*pattern{}}
	for _, e := range n.Content {
		if ru := r.rule(b, e); ru != nil {
			b.rules = append(b.rules, ru)
			for _, p := range ru.texts {
				fresh.add(p)
			}
		}
	}
	for word, ps := range fresh.byWord {
		b.byWord[word] = append(ps, b.byWord[word]...)
	}
	b.open = append(fresh.open, b.open...)
}

var ruleKeys = []string{"event", "text", "examples", "noise", "role", "count_once", "continuation", "secret", "reason", "id", "data"}

func (r *reader) rule(b *book, n *yaml.Node) *rule {
	ru := &rule{source: r.source, line: n.Line}
	form := pattern{role: b.role}
	var w windowsEvent
	var ids []int
	noise := false
	errs := len(r.errs)
	r.fields(n, "pattern", ruleKeys, func(key string, v *yaml.Node) {
		switch key {
		case "event":
			t, ok := event.ParseType(v.Value)
			if !ok || t == event.Unclassified {
				r.fail(v, "event: no such event %q: %s", v.Value, suggest.OneOf(v.Value, event.Names()[1:]))
			}
			form.event = t
		case "text":
			r.list(v, key, &ru.written)
		case "examples":
			r.examples(v, &ru.examples)
		case "noise":
			r.decode(v, key, &noise)
		case "role":
			form.role = r.role(v, v.Value)
		case "count_once":
			r.decode(v, key, &form.group)
		case "continuation":
			r.decode(v, key, &form.continuation)
		case "reason":
			r.decode(v, key, &form.reason)
		case "secret":
			r.decode(v, key, &form.secret)
		case "id":
			r.list(v, key, &ids)
		case "data":
			w.data = r.data(v)
		}
	})
	if form.event == event.Unclassified {
		form.event = event.Benign
		if !noise && len(r.errs) == errs {
			r.fail(n, "pattern: name its event, or say noise: true")
		}
	}
	if form.class = form.event.Class(); noise {
		form.class = event.ClassNoise
	}
	if len(ru.written) == 0 && len(ids) == 0 && len(r.errs) == errs {
		r.fail(n, "text: missing; write the message, with fields such as {user} in it")
	}
	for _, text := range ru.written {
		p := form
		if err := p.compile(text); err != nil {
			r.fail(n, "text: %w", err)
			continue
		}
		ru.texts = append(ru.texts, &p)
	}
	w.pattern = form
	for _, id := range ids {
		b.windows[id] = w
	}
	if len(r.errs) > errs {
		return nil
	}
	return ru
}

func (r *reader) examples(n *yaml.Node, into *[]example) {
	if n.Kind != yaml.SequenceNode {
		r.fail(n, "examples: must be a list of line and want")
		return
	}
	for _, e := range n.Content {
		var ex example
		r.fields(e, "examples", []string{"line", "want"}, func(key string, v *yaml.Node) {
			if key == "line" {
				r.decode(v, key, &ex.line)
				return
			}
			r.decode(v, key, &ex.want)
			for name := range ex.want {
				if indexOf(fieldNames[1:], name) < 0 {
					r.fail(v, "want: no such field %q: %s", name, suggest.OneOf(name, fieldNames[1:]))
				}
			}
		})
		*into = append(*into, ex)
	}
}

func (r *reader) role(n *yaml.Node, name string) event.Role {
	switch name {
	case event.Server.String():
		return event.Server
	case event.Client.String():
		return event.Client
	}
	r.fail(n, "role: %s", suggest.OneOf(name, []string{"server", "client"}))
	return event.Server
}

// list reads one value, or a list of them.
func (r *reader) list(n *yaml.Node, what string, into any) {
	if n.Kind == yaml.ScalarNode {
		n = &yaml.Node{Kind: yaml.SequenceNode, Line: n.Line, Content: []*yaml.Node{n}}
	}
	r.decode(n, what, into)
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
