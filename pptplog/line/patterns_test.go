package line

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// eachRule visits all rules that are built in.
func eachRule(t *testing.T, visit func(p *Parser, b *book, r *rule)) {
	t.Helper()
	p, err := New(Config{})
	require.NoError(t, err)
	for _, b := range p.library.order {
		for _, r := range b.rules {
			visit(p, b, r)
		}
	}
}

func (r *rule) String() string { return fmt.Sprintf("%s:%d", r.source, r.line) }

func TestExamples(t *testing.T) {
	eachRule(t, func(p *Parser, b *book, r *rule) {
		for _, ex := range r.examples {
			if !assert.NoError(t, p.try(b, r, ex), "%s: %s", r, ex.line) {
				continue
			}
			e := event.Event{Text: ex.line}
			zero := event.Event{}
			p.find(b, &e)
			for i, name := range fieldNames {
				if f := field(i); f != fieldReason && f.text(&e) != f.text(&zero) {
					assert.Contains(t, ex.want, name, "%s: %q has a field that the example does not want", r, ex.line)
				}
			}
		}
		fields := false
		for _, c := range r.texts {
			for _, v := range c.values[:c.n] {
				fields = fields || v.field != fieldNone
			}
		}
		assert.False(t, fields && len(r.examples) == 0, "%s: has fields, but no example", r)
	})
}

// sample writes a message of a pattern, with a user of choice.
func (p *pattern) sample(user string) string {
	var b strings.Builder
	b.WriteString(p.first)
	for _, v := range p.values[:p.n] {
		switch {
		case v.field == fieldUser || p.event == event.TermByPeer && v.kind == kindGreedy:
			b.WriteString(user)
		case v.kind == kindInt, v.kind == kindSeconds, v.kind == kindMinutes:
			b.WriteString("7")
		case v.kind == kindIP:
			b.WriteString("198.51.100.7")
		case v.kind == kindWord:
			b.WriteString("ppp0")
		default:
			b.WriteString("some text")
		}
		b.WriteString(v.until)
	}
	return b.String()
}

// TestTexts writes a message for each text and demands that nothing before takes
// it: else a text could never match.
func TestTexts(t *testing.T) {
	eachRule(t, func(p *Parser, b *book, r *rule) {
		for _, c := range r.texts {
			e := event.Event{Text: c.sample("bob")}
			assert.Equal(t, b.written(c), b.written(p.find(b, &e)), e.Text)
			assert.Equal(t, c.class, e.Class)
		}
	})
}

// TestForgedNames puts the text of every message of a program in the place of a
// user's name in every other: the event stays what it is.
func TestForgedNames(t *testing.T) {
	names := map[string][]string{}
	eachRule(t, func(_ *Parser, b *book, r *rule) {
		for _, c := range r.texts {
			s := c.sample("bob")
			names[b.name] = append(names[b.name], s, "x "+s, "x) "+s, "x]: "+s, "x>: "+s, s+" x", "x ("+s, "x' "+s+" '")
		}
	})
	eachRule(t, func(p *Parser, b *book, r *rule) {
		for _, c := range r.texts {
			if c.sample("\x00") == c.sample("\x01") {
				continue
			}
			for _, name := range append(names[b.name], "a b", "a (b)", "[c]", "d] (from client x port 0)", "'", `"`, "\x1b[0m") {
				if b.name == programWindows && c.event != event.AuthFail && strings.Contains(name, ":") {
					continue // no account of Windows holds a colon; a name that failed may
				}
				text := c.sample(name)
				e := event.Event{Text: text}
				p.find(b, &e)
				if e.Type != event.Unclassified && e.Type != c.event {
					t.Errorf("%s: user %q made %q, a %s, into %s", r, name, text, c.event, e.Type)
					break
				}
			}
		}
	})
}

// TestForgedLines: a name cannot bring an envelope of its own.
func TestForgedLines(t *testing.T) {
	p, err := New(Config{})
	require.NoError(t, err)
	for _, line := range []string{
		"Jan 12 09:15:01 gw1 sshd[9]: Invalid user pptpd[1]: CTRL: Client 198.51.100.7 control connection started",
		"Jan 12 09:15:01 gw1 nginx: Jan 12 09:15:01 gw1 pptpd[1]: MGR: No free connection slots or IPs - no more clients can connect!",
		"2025-05-01T12:00:00+00:00 gw1 app: pptpd[1]: CTRL: No free Call IDs!",
		"<30>1 2025-03-01T08:00:00+00:00 gw1 app 4100 - - pptpd[1]: CTRL: No free Call IDs!",
		"Jan 12 09:15:01 gw1 app: %ASA-6-603108: Built PPTP Tunnel at outside",
		`192.0.2.1 - - [12/Jan/2025:09:15:01 +0000] "GET / HTTP/1.1" 200 1 "-" "pptpd[1]: CTRL: No free Call IDs!"`,
	} {
		var e event.Event
		assert.False(t, p.ParseString(&e, line, time.Time{}), line)
	}
}
