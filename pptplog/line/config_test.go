package line

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

func TestAddedPatterns(t *testing.T) {
	p, err := New(Config{Patterns: []byte(`
program: pppd
patterns:
  - event: auth_fail
    text: 'plugin x: {user:quoted} may not: {reason:rest}'
    examples: [{line: 'plugin x: bob may not: late', want: {user: bob, reason: late}}]
  - {noise: true, text: 'Modem hangup'} # built in as an event
---
program: myvpn
tags: [myvpnd]
role: client
patterns:
  - {event: session_stats, text: '{tx}{{out}} {rx}{{in}}'}
---
program: rras
patterns: [{event: hangup, id: 4711, data: [user]}]
`)})
	require.NoError(t, err)
	for line, want := range map[string]string{
		"pppd[1]: plugin x: a: b may not: late":                "pppd auth_fail pid=1 user=a: b reason=late",
		"pppd[1]: Modem hangup":                                "pppd benign pid=1",
		"pppd[1]: Hangup (SIGHUP)":                             "pppd hangup pid=1 group=hangup",
		"Jan 12 09:15:01 gw1 myvpnd[9]: 10{out} 20{in}":        "myvpn session_stats host=gw1 pid=9 tx=10 rx=20 role=client",
		"Jan 12 09:15:01 gw1 myvpnd[9]: 10{out} 20{in} 30{up}": "myvpn unclassified host=gw1 pid=9",
	} {
		var e event.Event
		require.True(t, p.ParseString(&e, line, time.Time{}), line)
		assert.Equal(t, want, short(&e), line)
	}
	var e event.Event
	require.True(t, p.ParseWindows(&e, Header{}, 4711, []string{"bob"}))
	assert.Equal(t, "rras hangup user=bob", short(&e))

	other, err := New(Config{})
	require.NoError(t, err)
	require.True(t, other.ParseString(&e, "pppd[1]: Modem hangup", time.Time{}))
	assert.Equal(t, event.Hangup, e.Type, "a Parser's patterns are its own")
}

func TestPatternErrors(t *testing.T) {
	for name, c := range map[string]struct{ patterns, want string }{
		"not YAML":         {"program: [", "patterns: yaml:"},
		"not a map":        {"- a", "patterns:1: patterns: must be a map of program"},
		"no program":       {"tags: [a]", "patterns:1: program: missing"},
		"unknown key":      {"program: x\npaterns: []", `patterns:2: patterns: no such key "paterns": use one of program, tags, prefix, role, patterns (did you mean "patterns"?)`},
		"unknown prefix":   {"program: x\nprefix: mpd", `patterns:2: prefix: no such prefix "mpd": use one of`},
		"prefix of ours":   {"program: pppd\nprefix: mpd5", "prefix: pppd is built in"},
		"unknown role":     {"program: x\nrole: sever", `role: use one of server, client (did you mean "server"?)`},
		"patterns no list": {"program: x\npatterns: 1", "patterns:2: patterns: must be a list"},
		"pattern no map":   {"program: x\npatterns:\n- 1", "patterns:3: pattern: must be a map of event, text"},
		"unknown event":    {"program: x\npatterns:\n- {event: session_opn, text: a}", `patterns:3: event: no such event "session_opn": use one of`},
		"event's name":     {"program: x\npatterns:\n- {event: session_opn, text: a}", `(did you mean "session_open"?)`},
		"no event":         {"program: x\npatterns:\n- {text: a}", "patterns:3: pattern: name its event, or say noise: true"},
		"no text":          {"program: x\npatterns:\n- {event: hangup}", "patterns:3: text: missing"},
		"empty text":       {"program: x\npatterns:\n- {event: hangup, text: ''}", "patterns:3: text: empty"},
		"unknown field":    {"program: x\npatterns:\n- {event: hangup, text: '{usr}'}", `{usr}: no such field "usr": use one of`},
		"unknown kind":     {"program: x\npatterns:\n- {event: hangup, text: '{user:greed}'}", `(did you mean "greedy"?)`},
		"wrong kind":       {"program: x\npatterns:\n- {event: hangup, text: '{peer:word}'}", "{peer:word}: peer cannot be of kind word; leave the kind out"},
		"fields touch":     {"program: x\npatterns:\n- {event: hangup, text: '{user}{peer}'}", "{peer}: a literal must stand between two fields"},
		"rest in between":  {"program: x\npatterns:\n- {event: hangup, text: '{user:rest} x'}", "{user:rest}: must be the end"},
		"open brace":       {"program: x\npatterns:\n- {event: hangup, text: 'a {user'}", "a brace without its other one"},
		"close brace":      {"program: x\npatterns:\n- {event: hangup, text: 'a} b'}", "a brace without its other one"},
		"many fields":      {"program: x\npatterns:\n- {event: hangup, text: '" + strings.Repeat("{_} ", 13) + "'}", "more than 12 fields"},
		"id no number":     {"program: x\npatterns:\n- {event: hangup, id: x}", `patterns:3: id: `},
		"unknown data":     {"program: x\npatterns:\n- {event: hangup, id: 1, data: [usr]}", `data: {usr}: no such field`},
		"much data":        {"program: x\npatterns:\n- {event: hangup, id: 1, data: [_,_,_,_,_,_,_,_,_,_,_,_,_]}", "data: more than 12"},
		"examples no list": {"program: x\npatterns:\n- {event: hangup, text: a, examples: a}", "examples: must be a list of line and want"},
		"unknown want":     {"program: x\npatterns:\n- {event: hangup, text: a, examples: [{line: a, want: {usr: b}}]}", `want: no such field "usr"`},
		"example differs":  {"program: x\npatterns:\n- {event: hangup, text: a, examples: [{line: b}]}", `patterns:3: example "b" matches no pattern`},
		"example's other":  {"program: x\npatterns:\n- {event: hangup, text: '{_:rest}'}\n- {event: auth_ok, text: a, examples: [{line: a}]}", `patterns:4: example "a" matches another pattern: "{_:rest}" of patterns:3`},
		"example's field":  {"program: x\npatterns:\n- {event: hangup, text: 'a {user}', examples: [{line: a b, want: {user: c}}]}", `patterns:3: example "a b" gives user "b", not "c"`},
		"too long":         {strings.Repeat("#", maxSource+1), "1048577 bytes of patterns, more than 1048576"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := New(Config{Patterns: []byte(c.patterns)})
			assert.Nil(t, p)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestManyPrograms(t *testing.T) {
	var b strings.Builder
	for i := range maxPrograms {
		b.WriteString("program: p" + strings.Repeat("x", i) + "\n---\n")
	}
	_, err := New(Config{Patterns: []byte(strings.TrimSuffix(b.String(), "---\n"))})
	assert.ErrorContains(t, err, "is one more than 64 programs")
}
