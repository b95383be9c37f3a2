package line

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// chain is the usual way: a regular expression for the envelope, then those of
// the program one after another.
type chain struct {
	envelope *regexp.Regexp
	programs map[string][]*regexp.Regexp
}

func newChain(tb testing.TB) *chain {
	tb.Helper()
	p, err := New(Config{})
	require.NoError(tb, err)
	c := &chain{
		envelope: regexp.MustCompile(`^(?P<time>\w{3} [ \d]\d \d\d:\d\d:\d\d) (?P<host>\S+) (?P<program>[^\s\[:]+)(?:\[(?P<pid>\d+)\])?: ?(?P<text>.*)$`),
		programs: map[string][]*regexp.Regexp{},
	}
	for _, name := range []string{programPoptop, programPPPD} {
		for _, r := range p.library.books[name].rules {
			for _, t := range r.texts {
				c.programs[name] = append(c.programs[name], regexp.MustCompile(t.expression()))
			}
		}
	}
	return c
}

func (c *chain) parse(line string) []string {
	head := c.envelope.FindStringSubmatch(line)
	if head == nil {
		return nil
	}
	for _, r := range c.programs[head[3]] {
		if m := r.FindStringSubmatch(head[5]); m != nil {
			return m
		}
	}
	return nil
}

// expression is a pattern as a regular expression with named groups.
func (p *pattern) expression() string {
	var b strings.Builder
	b.WriteString("^" + regexp.QuoteMeta(p.first))
	for _, v := range p.values[:p.n] {
		value := map[kind]string{
			kindAny: ".+?", kindWord: `\S+`, kindInt: `-?\d+`, kindIP: `[\da-fA-F.:]+`, kindGreedy: ".+", kindQuoted: ".+",
			kindRest: ".*", kindSeconds: `[\d.]+`, kindMinutes: `[\d.]+`,
		}[v.kind]
		b.WriteString("(?P<" + strings.ReplaceAll(fieldNames[v.field], "_", "x") + ">" + value + ")" + regexp.QuoteMeta(v.until))
	}
	return b.String() + "$"
}

// chainLines are a line of each format, and the same lines of another program.
func chainLines(tb testing.TB) (ours, other []string) {
	tb.Helper()
	for _, f := range formats(tb) {
		ours = append(ours, "Jan 12 09:15:01 gw1 "+f.program+"[2211]: "+f.message)
		other = append(other, "Jan 12 09:15:01 gw1 sshd[2211]: "+f.message)
	}
	return ours, other
}

// TestChain shows that what BenchmarkChain compares does the same.
func TestChain(t *testing.T) {
	ours, other := chainLines(t)
	c := newChain(t)
	p, err := New(Config{})
	require.NoError(t, err)
	for i := range ours {
		var e event.Event
		require.True(t, p.ParseString(&e, ours[i], time.Time{}))
		require.NotEqual(t, event.Unclassified, e.Type, ours[i])
		require.NotNil(t, c.parse(ours[i]), ours[i])
		require.False(t, p.ParseString(&e, other[i], time.Time{}))
		require.Nil(t, c.parse(other[i]), other[i])
	}
}

// BenchmarkChain takes each line from its envelope to the fields of its event.
func BenchmarkChain(b *testing.B) {
	ours, other := chainLines(b)
	arrival := time.Date(2025, 5, 1, 12, 0, 0, 0, time.UTC)
	c := newChain(b)
	p, err := New(Config{})
	require.NoError(b, err)
	for _, set := range []struct {
		name  string
		lines []string
	}{{"ours", ours}, {"other", other}} {
		b.Run(set.name+"/line", func(b *testing.B) {
			var e event.Event
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				p.ParseString(&e, set.lines[i%len(set.lines)], arrival)
			}
		})
		b.Run(set.name+"/regexp", func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				c.parse(set.lines[i%len(set.lines)])
			}
		})
	}
}
