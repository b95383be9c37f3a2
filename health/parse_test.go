package health

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExtendAddsAndOverrides(t *testing.T) {
	book, err := DefaultCodebook().Extend("own.yaml", []byte(`
signals:
  snmp.fan: {says: fans, values: [stopped], regular: true}
causes:
  overheated:
    title: Too hot
    state: degraded
    severity: major
    required: [{snmp.fan: stopped, weight: 0.9}]
  gateway_unreachable: {severity: major, hint: Call the data centre.}
  client_side: {disabled: true}
`))
	require.NoError(t, err)
	causes := make(map[string]Cause)
	for _, c := range book.Causes() {
		causes[c.Name] = c
	}
	assert.Equal(t, Cause{Name: "overheated", Title: "Too hot", State: Degraded, Severity: Major, Required: []string{"snmp.fan: stopped"}}, causes["overheated"])
	assert.Equal(t, "Call the data centre.", causes["gateway_unreachable"].Hint)
	assert.Equal(t, []string{"probe.tcp: timeout or unreachable"}, causes["gateway_unreachable"].Required, "what is not named stays")
	assert.NotContains(t, causes, "client_side")
	assert.Len(t, DefaultCodebook().Causes(), 32, "the book that was extended is as it was")

	b := newBench(t, Config{Codebook: book})
	b.rounds(4, both("data", "ok")+"snmp.fan=stopped")
	b.expect(Degraded, "overheated")
}

func TestValuesAreAddedToThoseThatThereAre(t *testing.T) {
	book, err := DefaultCodebook().Extend("own.yaml", []byte("signals: {probe.tcp: {values: [tarpit]}}"))
	require.NoError(t, err)
	b := newBench(t, Config{Codebook: book})
	b.rounds(5, both("tcp", "tarpit"))
	b.expect(Degraded, "unknown")
	b.rounds(20, down)
	b.expect(Down, "gateway_unreachable")
}

func TestErrorsNameFileLineAndWhatWasMeant(t *testing.T) {
	for name, c := range map[string]struct{ yaml, want string }{
		"signal":         {"causes:\n  a:\n    required:\n      - probe.tcpp: timeout", `f.yaml:4: causes.a.required: unknown signal "probe.tcpp": did you mean "probe.tcp"?`},
		"value":          {"causes:\n  a:\n    required:\n      - probe.tcp: timout", `(did you mean "timeout"?)`},
		"field":          {"causes:\n  a:\n    requird: []", `f.yaml:3: causes.a: unknown field "requird": use one of`},
		"explains":       {"causes:\n  a:\n    required: [{probe.tcp: bad}]\n    explains: [gre_initfailure]", `did you mean "gre_init_failure"?`},
		"state":          {"causes: {a: {state: dwon}}", `(did you mean "down"?)`},
		"severity":       {"causes: {a: {severity: majr}}", `(did you mean "major"?)`},
		"source":         {"signals: {prob.x: {}}", `(did you mean "probe"?)`},
		"no required":    {"causes: {a: {title: b}}", "causes.a.required: name what must hold"},
		"weight":         {"causes: {a: {required: [{probe.tcp: bad, weight: 2}]}}", "not a number in [0.01, 0.99]"},
		"NaN":            {"causes: {a: {prior: .nan}}", "not a number"},
		"partial":        {"causes: {a: {required: [{log.pool: partial}]}}", "for signals with a quorum"},
		"circle":         {"signals: {probe.tcp: {after: probe.lcp}}", "go round in a circle"},
		"after":          {"signals: {probe.x: {after: probe.tcpp}}", `did you mean "probe.tcp"?`},
		"ttl":            {"signals: {probe.x: {ttl: 1}}", "not a duration in [1s, 24h0m0s]"},
		"rounds":         {"signals: {probe.x: {rounds: 4}}", "not a number in [1, 3]"},
		"half a round":   {"signals: {probe.x: {rounds: 1.5}}", "not a whole number in [1, 3]"},
		"sure":           {"signals: {probe.x: {sure: 2}}", "neither true nor false"},
		"twice":          {"causes:\n  a: {title: b,\n    title: c}", "f.yaml:3: causes.a: title is there twice"},
		"alias":          {"causes: &a\n  b: *a", "aliases are not read"},
		"version":        {"version: 2", `version: "2" is not 1`},
		"no mapping":     {"- a", "write it as `name: value` lines"},
		"unknown":        {"causes: {unknown: {disabled: true}}", "what is told when nothing else fits"},
		"no YAML":        {"a: [", "f.yaml: yaml:"},
		"shared":         {"causes: {a: {required: [{probe.tcp: bad}], shared: probe.tcp}}", "is not a signal with `share`"},
		"derived":        {"signals: {probe.x: {from: [{probe.tcp: bad}]}}", "only a fleet signal"},
		"severity_when":  {"causes: {a: {severity_when: [{probe.tcp: bad}]}}", "name the severity beside"},
		"two at a time":  {"causes: {a: {required: [{probe.tcp: bad, probe.lcp: bad}]}}", "write one `signal: value`"},
		"too large":      {strings.Repeat("#", maxFileSize+1), "are more than"},
		"too many terms": {"causes: {a: {required: [" + strings.Repeat("{probe.tcp: bad},", maxTerms+1) + "]}}", "17 entries are more than 16"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DefaultCodebook().Extend("f.yaml", []byte(c.yaml))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestAllErrorsOfAFileAreTold(t *testing.T) {
	_, err := DefaultCodebook().Extend("f.yaml", []byte("version: 3\ncauses:\n  a: {state: x}\n  b: {severity: y}"))
	for _, want := range []string{"f.yaml:1:", "f.yaml:3:", "f.yaml:4:"} {
		require.ErrorContains(t, err, want)
	}
}
