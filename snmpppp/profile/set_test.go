package profile

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/oid"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

func TestBuiltin(t *testing.T) {
	require.Greater(t, len(Builtin()), 20)
	set, err := NewSet()
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, p := range set.All() {
		assert.False(t, seen[p.Name], p.Name)
		seen[p.Name] = true
		assert.NotEmpty(t, p.Title)
		assert.Same(t, p, set.Get(p.Name))
		for _, r := range p.Replaces {
			assert.NotNil(t, set.Get(r), "%s replaces %s", p.Name, r)
		}
	}
	assert.Nil(t, set.Get("net-snmp-extend"), "reading it runs commands")
	assert.Nil(t, set.Get("nothing"))
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

const acme = `
name: acme
title: ACME
detect: {roots: [1.3.6.1.4.1.99999.1.2]}
priority: 80
scalars:
  - {oid: 1.3.6.1.4.1.99999.1.1.0, as: sessions.active}
tables:
  - name: sessions
    of: session
    root: 1.3.6.1.4.1.99999.1.2.1
    columns:
      - {oid: 2, as: user}
      - {oid: 3, as: state, values: {1: up, 2: closing}}
`

func TestCustom(t *testing.T) {
	list, err := Parse([]byte(acme))
	require.NoError(t, err)
	set, err := NewSet(list...)
	require.NoError(t, err)
	p := set.Get("acme")
	require.NotNil(t, p)
	assert.Equal(t, []string{"1.3.6.1.4.1.99999.1.2.1.2", "1.3.6.1.4.1.99999.1.2.1.3"}, p.Tables[0].OIDs)
	assert.Equal(t, "acme/sessions", p.Source(p.Tables[0]))

	t.Run("replaces a built-in one", func(t *testing.T) {
		list, err := Parse([]byte(strings.Replace(acme, "name: acme", "name: mikrotik", 1)))
		require.NoError(t, err)
		set, err := NewSet(list...)
		require.NoError(t, err)
		assert.Equal(t, "ACME", set.Get("mikrotik").Title)
		assert.Len(t, set.All(), len(Default().All()))
	})
	t.Run("switches", func(t *testing.T) {
		list, err := Parse([]byte("profiles:\n  - {name: mikrotik, disabled: true}\n  - {name: net-snmp-extend}\n"))
		require.NoError(t, err)
		set, err := NewSet(list...)
		require.NoError(t, err)
		assert.Nil(t, set.Get("mikrotik"))
		assert.NotNil(t, set.Get("net-snmp-extend"))
	})
}

// TestMistakes are what users write; the error has to name it, and help.
func TestMistakes(t *testing.T) {
	for _, tc := range []struct {
		name, old, new string
		want           []string
	}{
		{"name", "name: acme", "name: ACME PPTP", []string{`profile "ACME PPTP"`, "a-z"}},
		{"no detection", "detect: {roots: [1.3.6.1.4.1.99999.1.2]}", "", []string{"detect", "roots"}},
		{"detection", "roots: [1.3.6.1.4.1.99999.1.2]", "roots: [.1.3.6]", []string{"detect: roots", "without the leading dot"}},
		{"object id", "roots: [1.3.6.1.4.1.99999.1.2]", "object_ids: [1.x]", []string{"detect: object_ids", `"1.x"`}},
		{"secret", "1.3.6.1.4.1.99999.1.1.0", "1.3.6.1.2.1.10.23.2.3.2.1.6.1.1", []string{"scalars[0]", "never asked for", "PPP-SEC"}},
		{"secret as detection", "roots: [1.3.6.1.4.1.99999.1.2]", "roots: [1.3.6.1.6.3.15]", []string{"never asked for"}},
		{"walk through secrets", "root: 1.3.6.1.4.1.99999.1.2.1", "root: 1.3.6.1.2.1.10.23", []string{"columns[0]", "never asked for", "PPP-SEC"}},
		{"measure", "as: sessions.active", "as: session.active", []string{`scalars[0] "session.active"`, `did you mean "sessions.active"`}},
		{"kind", "of: session", "of: sesion", []string{`tables[0] "sessions"`, `"sesion"`, `did you mean "session"`}},
		{"field", "as: user", "as: usr", []string{"columns[0]", `did you mean "user"`}},
		{"state without values", ", values: {1: up, 2: closing}", "", []string{"columns[1]", "values", "starting, up, closing"}},
		{"state", "1: up", "1: upp", []string{`"upp"`, `did you mean "up"`}},
		{"number", "1: up", "one: up", []string{`"one"`, "no number"}},
		{"priority", "priority: 80", "priority: 101", []string{"priority 101", "0 to 100"}},
		{"key", "priority: 80", "prio: 80", []string{"prio"}},
		{"table without name", "- name: sessions", "- name: ''", []string{"name: is empty"}},
		{"root", "root: 1.3.6.1.4.1.99999.1.2.1", "root: 1.3..6", []string{"root", `"1.3..6"`}},
		{"count", "root: 1.3.6.1.4.1.99999.1.2.1", "root: 1.3.6.1.4.1.99999.1.2.1\n    count: x", []string{"count"}},
		{"under", "root: 1.3.6.1.4.1.99999.1.2.1", "root: 1.3.6.1.4.1.99999.1.2.1\n    under: x", []string{"under"}},
		{"rows", "root: 1.3.6.1.4.1.99999.1.2.1", "root: 1.3.6.1.4.1.99999.1.2.1\n    max_rows: -1", []string{"max_rows -1"}},
		{"port", "root: 1.3.6.1.4.1.99999.1.2.1", "root: 1.3.6.1.4.1.99999.1.2.1\n    local_port: 1723", []string{"local_port 1723"}},
		{"index", "    columns:", "    index: [{as: user, type: strng}]\n    columns:", []string{"index[0]", `did you mean "string"`}},
		{"index field", "    columns:", "    index: [{as: usre, type: string}]\n    columns:", []string{"index[0]", `did you mean "user"`}},
		{"keep", "    columns:", "    keep: [{field: protocol, in: [pptp]}]\n    columns:", []string{"keep", `"protocol"`, "no column"}},
		{"keep nothing", "    columns:", "    keep: [{field: user}]\n    columns:", []string{"keep", "in is empty"}},
		{"patterns", "    columns:", "    patterns: [{match: x, as: pptp}]\n    columns:", []string{"patterns", "interfaces and processes"}},
		{"label", "as: user}", "as: user, label: x}", []string{"label", "measures"}},
		{"no columns", "      - {oid: 2, as: user}\n      - {oid: 3, as: state, values: {1: up, 2: closing}}\n", "      []\n", []string{"columns", "0"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.Contains(t, acme, tc.old)
			list, err := Parse([]byte(strings.Replace(acme, tc.old, tc.new, 1)))
			if err == nil {
				_, err = NewSet(list...)
			}
			require.Error(t, err)
			for _, w := range tc.want {
				assert.Contains(t, err.Error(), w)
			}
		})
	}
	_, err := NewSet(Profile{Name: "twice", Disabled: true}, Profile{Name: "twice", Disabled: true})
	require.ErrorContains(t, err, "twice")
	_, err = Parse([]byte(acme + "profiles: []\n"))
	require.ErrorContains(t, err, "one or the other")
	_, err = Parse(make([]byte, MaxYAML+1))
	require.Error(t, err)
}

func TestPatternMistakes(t *testing.T) {
	for pattern, want := range map[string]string{
		"{match: '(', as: pptp}":          "not a regular expression",
		"{match: 'x', as: tunel}":         `did you mean "tunnel"`,
		"{match: '(?P<usr>x)', as: pptp}": `did you mean "user"`,
	} {
		list, err := Parse([]byte(strings.Replace(strings.Replace(acme, "of: session", "of: interface\n    patterns: ["+pattern+"]", 1), "as: state", "as: oper", 1)))
		require.NoError(t, err)
		_, err = NewSet(list...)
		require.ErrorContains(t, err, want, pattern)
	}
}

func TestLists(t *testing.T) {
	for _, k := range Kinds() {
		assert.NotEmpty(t, Fields(k))
		for _, typ := range Fields(k) {
			if typ == TypeState {
				assert.NotEmpty(t, States(k))
			}
		}
	}
	for _, m := range Measures() {
		got, ok := MeasureOf(m.Name)
		assert.True(t, ok)
		assert.Equal(t, m, got)
		assert.NotEmpty(t, m.Unit)
		assert.NotEmpty(t, m.Help)
	}
}

func TestDecode(t *testing.T) {
	num := func(t walk.Type, n uint64) walk.Value { return walk.Number(t, n) }
	text := func(s string) walk.Value { return walk.Text(walk.TypeString, s) }
	for _, tc := range []struct {
		name      string
		typ       Type
		col       Column
		value     walk.Value
		want      Cell
		ok, wrong bool
	}{
		{"absent", TypeText, Column{}, walk.Value{}, Cell{}, false, false},
		{"text", TypeText, Column{}, text(" alice\x00"), Cell{Text: "alice"}, true, false},
		{"empty text", TypeText, Column{}, text(""), Cell{}, false, false},
		{"cyrillic", TypeText, Column{}, text("Иван"), Cell{Text: "Иван"}, true, false},
		{"latin-1", TypeText, Column{}, text("M\xfcller"), Cell{Text: "Müller"}, true, false},
		{"controls", TypeText, Column{}, text("a\x1b[31mb\r\n"), Cell{Text: "a[31mb"}, true, false},
		{"long text", TypeText, Column{}, text(strings.Repeat("ü", 200)), Cell{Text: strings.Repeat("ü", 128)}, true, false},
		{"number as text", TypeText, Column{}, num(walk.TypeInt, 7), Cell{Text: "7"}, true, false},
		{"state", TypeState, Column{Values: map[string]string{"1": "up"}}, num(walk.TypeInt, 1), Cell{Text: "up"}, true, false},
		{"unknown state", TypeState, Column{Values: map[string]string{"1": "up"}}, num(walk.TypeInt, 9), Cell{Text: "unknown"}, true, false},
		{"all other states", TypeState, Column{Values: map[string]string{"*": "up"}}, num(walk.TypeGauge, 9), Cell{Text: "up"}, true, false},
		{"unknown value", TypeText, Column{Values: map[string]string{"1": "a"}}, num(walk.TypeInt, 9), Cell{}, false, false},
		{"number", TypeNumber, Column{Scale: 1024}, num(walk.TypeInt, 3), Cell{Num: 3072}, true, false},
		{"number in text", TypeNumber, Column{}, text("0.25"), Cell{Num: 0.25}, true, false},
		{"not a number", TypeNumber, Column{}, text("many"), Cell{}, false, true},
		{"NaN", TypeNumber, Column{}, text("NaN"), Cell{}, false, true},
		{"negative", TypeNumber, Column{}, num(walk.TypeInt, ^uint64(0)), Cell{}, false, true},
		{"seconds", TypeSeconds, Column{}, num(walk.TypeGauge, 90), Cell{Num: 90}, true, false},
		{"ticks", TypeSeconds, Column{}, num(walk.TypeTicks, 9000), Cell{Num: 90}, true, false},
		{"counter", TypeCounter, Column{}, num(walk.TypeCounter, 5), Cell{Num: 5, Count: 5, Wraps: true}, true, false},
		{"counter of 64 bits", TypeCounter, Column{}, num(walk.TypeCounter64, 1<<63), Cell{Num: 1 << 63, Count: 1 << 63}, true, false},
		{"counter as text", TypeCounter, Column{}, text("5"), Cell{}, false, true},
		{"address", TypeAddress, Column{}, walk.Text(walk.TypeAddress, "10.0.0.1"), Cell{Addr: addr("10.0.0.1")}, true, false},
		{"4 octets", TypeAddress, Column{}, text("\x0a\x00\x00\x01"), Cell{Addr: addr("10.0.0.1")}, true, false},
		{"16 octets", TypeAddress, Column{}, text("\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"), Cell{Addr: addr("2001:db8::1")}, true, false},
		{"address as text", TypeAddress, Column{}, text("10.0.0.1\x00"), Cell{Addr: addr("10.0.0.1")}, true, false},
		{"no address", TypeAddress, Column{}, walk.Text(walk.TypeAddress, "0.0.0.0"), Cell{}, true, false},
		{"no address either", TypeAddress, Column{}, num(walk.TypeInt, 1), Cell{}, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, ok, wrong := tc.col.Decode(tc.typ, tc.value)
			assert.Equal(t, tc.ok, ok)
			assert.Equal(t, tc.wrong, wrong)
			if ok {
				assert.Equal(t, tc.want, c)
			}
		})
	}
}

// No built-in profile can ask for what is forbidden.
func TestBuiltinIsHarmless(t *testing.T) {
	all := append([]Profile(nil), Builtin()...)
	for i := range all {
		all[i].Disabled = false
		c, err := compile(all[i])
		require.NoError(t, err)
		for _, s := range c.Scalars {
			_, denied := oid.Denied(s.OID)
			assert.False(t, denied, s.OID)
		}
		for _, tab := range c.Tables {
			for _, o := range tab.OIDs {
				_, denied := oid.DeniedRange(o)
				assert.False(t, denied, o)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(acme))
	f.Add([]byte("profiles:\n  - {name: mikrotik, disabled: true}\n"))
	f.Add([]byte("name: x\ndetect: {roots: [1.3]}\ntables: [{name: t, of: interface, root: 1.3.6, columns: [{oid: 1, as: name}], patterns: [{match: '(?P<user>.*)', as: pptp}]}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := Parse(text)
		if err != nil {
			return
		}
		for _, raw := range list {
			p, err := compile(raw)
			if err != nil {
				continue
			}
			for _, tab := range p.Tables {
				for _, o := range tab.OIDs {
					if _, denied := oid.DeniedRange(o); denied {
						t.Fatalf("profile %q asks for %s", p.Name, o)
					}
				}
				tab.Recognise("<pptp-alice>", 23)
			}
		}
	})
}
