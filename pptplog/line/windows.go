package line

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// windowsEvent is what the unnamed data of an event of Windows RRAS mean, by
// position.
type windowsEvent struct {
	pattern pattern
	data    []value
}

// data reads the names of an event's positions.
func (r *reader) data(n *yaml.Node) []value {
	var names []string
	r.decode(n, "data", &names)
	if len(names) > maxFields {
		r.fail(n, "data: more than %d", maxFields)
		return nil
	}
	values := make([]value, len(names))
	for i, name := range names {
		if err := values[i].parse(name); err != nil {
			r.fail(n, "data: %w", err)
		}
	}
	return values
}

// ParseWindows reads an event of Windows' Routing and Remote Access service:
// its id and the values of EventData, in order. Time, host and severity come
// from the header, as in ParseMessage. It returns true: an id that is not known,
// or data that do not fit it, make an unclassified event, with the id as Value.
//
// The first value is the connection's id, and since Server 2012 some events have
// the routing domain before it. Events without one have none.
func (p *Parser) ParseWindows(dst *event.Event, h Header, id int, data []string) bool {
	p.stats.Lines++
	p.envelope = envelope{}
	b := p.library.books[programWindows]
	p.base(dst, &h)
	dst.Program = b.name
	w, ok := b.windows[id]
	if !ok {
		dst.Value = int64(id)
		return p.count(b, dst)
	}
	for i := range 2 {
		if len(data) > i*len(w.data) && connectionID(data[0]) {
			dst.Session = session(data[0])
			data = data[1:]
		}
	}
	for i := range min(len(data), len(w.data)) {
		v, d := w.data[i], strings.TrimSpace(data[i])
		if d == "" || d == "{NA}" || d == "-" {
			continue
		}
		if !v.kind.accepts(d) || !v.field.set(dst, v.kind, d) {
			p.base(dst, &h)
			dst.Program, dst.Value = b.name, int64(id)
			return p.count(b, dst)
		}
	}
	f := &w.pattern
	f.mark(dst)
	return p.count(b, dst)
}

// session is a CoID, or nothing where it is not known.
func session(id string) string {
	if id == "{NA}" {
		return ""
	}
	return id
}

// connectionID tells whether a value is a CoID or a routing domain: a GUID in
// braces, or {NA}. RRAS lets no user choose it.
func connectionID(s string) bool {
	if s == "{NA}" {
		return true
	}
	if len(s) != len("{00000000-0000-0000-0000-000000000000}") || s[0] != '{' || s[len(s)-1] != '}' {
		return false
	}
	for i := 1; i < len(s)-1; i++ {
		switch c := s[i] | 0x20; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', s[i] == '-':
		default:
			return false
		}
	}
	return true
}
