package line

import (
	"errors"
	"fmt"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// maxFields bounds the fields of a pattern.
const maxFields = 12

// pattern is a compiled text: a literal, then fields with a literal behind each.
type pattern struct {
	event        event.Type
	class        event.Class
	role         event.Role
	group        string
	reason       string // what the text says without saying it in a field
	continuation bool
	secret       bool

	first, end string
	values     [maxFields]value
	n          int
}

// value is a field and the literal that ends it, empty only at the end.
type value struct {
	field field
	kind  kind
	until string
}

// compile reads a text: literals, and {field} or {field:kind} between them. A
// literal brace is written twice.
func (p *pattern) compile(text string) error {
	literal := &p.first
	for text != "" {
		i := strings.IndexAny(text, "{}")
		if i < 0 {
			*literal += text
			break
		}
		*literal += text[:i]
		if i+1 < len(text) && text[i] == text[i+1] {
			*literal += text[i : i+1]
			text = text[i+2:]
			continue
		}
		end := strings.IndexByte(text, '}')
		if end < i || text[i] == '}' {
			return fmt.Errorf("%q: a brace without its other one; write {{ or }} for a literal one", text)
		}
		if p.n == maxFields {
			return fmt.Errorf("more than %d fields", maxFields)
		}
		if p.n > 0 && *literal == "" {
			return fmt.Errorf("{%s}: a literal must stand between two fields", text[i+1:end])
		}
		v := &p.values[p.n]
		if err := v.parse(text[i+1 : end]); err != nil {
			return err
		}
		p.n++
		literal = &v.until
		text = text[end+1:]
	}
	if p.first == "" && p.n == 0 {
		return errors.New("empty")
	}
	p.end = *literal
	for i := range p.n {
		if v := p.values[i]; v.kind == kindRest && (i < p.n-1 || v.until != "") {
			return fmt.Errorf("{%s:rest}: must be the end", fieldNames[v.field])
		}
	}
	return nil
}

func (v *value) parse(s string) error {
	name, k, named := strings.Cut(s, ":")
	f := indexOf(fieldNames, name)
	if f < 0 {
		return fmt.Errorf("{%s}: no such field %q: %s", s, name, suggest.OneOf(name, fieldNames))
	}
	v.field, v.kind = field(f), usual[field(f)]
	if !named {
		return nil
	}
	i := indexOf(kindNames, k)
	if i < 0 {
		return fmt.Errorf("{%s}: no such kind %q: %s", s, k, suggest.OneOf(k, kindNames))
	}
	if v.kind = kind(i); !v.field.allowed(v.kind) {
		return fmt.Errorf("{%s}: %s cannot be of kind %s; leave the kind out", s, name, k)
	}
	return nil
}

// match compares a message, all of it, and keeps the values of the fields. Each
// value's end is decided once, so the time is linear whatever a peer wrote.
func (p *pattern) match(s string, got *[maxFields]string) bool {
	// The end first: it tells most that begin with a field apart.
	if !strings.HasSuffix(s, p.end) || !strings.HasPrefix(s, p.first) {
		return false
	}
	s = s[len(p.first):]
	for i := range p.n {
		v := &p.values[i]
		var n int
		switch {
		case i == p.n-1:
			if n = len(s) - len(v.until); n < 0 || s[n:] != v.until {
				return false
			}
		case v.kind == kindGreedy || v.kind == kindQuoted:
			n = strings.LastIndex(s, v.until)
		default:
			n = strings.Index(s, v.until)
		}
		if n < 0 || !v.kind.accepts(s[:n]) {
			return false
		}
		got[i] = s[:n]
		s = s[n+len(v.until):]
	}
	return s == ""
}

// fill makes the event of a message that matched.
func (p *pattern) fill(e *event.Event, got *[maxFields]string) bool {
	for i := range p.n {
		if v := &p.values[i]; !v.field.set(e, v.kind, got[i]) {
			return false
		}
	}
	p.mark(e)
	return true
}

// mark puts into an event what the pattern says without a field.
func (p *pattern) mark(e *event.Event) {
	e.Type, e.Class, e.Role = p.event, p.class, p.role
	e.Group, e.Continuation = p.group, p.continuation
	if p.reason != "" {
		e.Reason = p.reason
	}
}

// firstWord is the word that a message must begin with, if the pattern decides
// all of it.
func (p *pattern) firstWord() (word string, ok bool) {
	word, _, ok = strings.Cut(p.first, " ")
	return word, ok || p.n == 0
}

func indexOf(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}
