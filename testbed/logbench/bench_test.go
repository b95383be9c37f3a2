package logbench

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/entry"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/stanza/operator/parser/regex"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.yaml.in/yaml/v3"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/line"
)

const syslog = `^(?P<time>\w{3} [ \d]\d \d\d:\d\d:\d\d) (?P<host>\S+) (?P<program>[^\s\[:]+)(?:\[(?P<pid>\d+)\])?: ?(?P<text>.*)$`

var programs = []string{"pptpd", "pppd"}

// lines are a line of each format, and as many of another program.
func lines(tb testing.TB) (ours, other []string) {
	tb.Helper()
	text, err := os.ReadFile("../../pptplog/line/testdata/formats.txt")
	require.NoError(tb, err)
	for l := range strings.Lines(string(text)) {
		if f := strings.Split(strings.TrimSpace(l), "\t"); len(f) == 3 {
			ours = append(ours, "Jan 12 09:15:01 gw1 "+f[0]+"[2211]: "+f[2])
			other = append(other, "Jan 12 09:15:01 gw1 sshd[2211]: "+f[2])
		}
	}
	require.Greater(tb, len(ours), 200)
	return ours, other
}

// texts are the patterns of a program.
func texts(tb testing.TB, program string) []string {
	tb.Helper()
	source, err := os.ReadFile("../../pptplog/line/patterns/" + program + ".yaml")
	require.NoError(tb, err)
	var file struct {
		Patterns []struct {
			Text yaml.Node `yaml:"text"`
		} `yaml:"patterns"`
	}
	require.NoError(tb, yaml.Unmarshal(source, &file))
	var texts []string
	for _, p := range file.Patterns {
		one := []string{p.Text.Value}
		if p.Text.Kind == yaml.SequenceNode {
			require.NoError(tb, p.Text.Decode(&one))
		}
		texts = append(texts, one...)
	}
	return texts
}

var field = regexp.MustCompile(`\{(\w+)(?::(\w+))?\}`)

// expression writes a pattern as a regular expression with named groups.
func expression(text string) string {
	var b strings.Builder
	b.WriteString("^")
	end := 0
	for _, m := range field.FindAllStringSubmatchIndex(text, -1) {
		b.WriteString(regexp.QuoteMeta(text[end:m[0]]))
		name, kind := text[m[2]:m[3]], ""
		if m[4] >= 0 {
			kind = text[m[4]:m[5]]
		}
		if name == "_" {
			name = "unused"
		}
		value := ".+?"
		switch {
		case kind == "word":
			value = `\S+`
		case kind == "rest":
			value = ".*"
		case kind == "greedy" || kind == "quoted":
			value = ".+"
		case name == "peer" || name == "ip":
			value = `[\da-fA-F.:]+`
		case kind == "int" || name == "value" || name == "child_pid" || name == "tx" || name == "rx" || name == "capacity":
			value = `-?\d+`
		}
		b.WriteString("(?P<" + name + ">" + value + ")")
		end = m[1]
	}
	b.WriteString(regexp.QuoteMeta(text[end:]) + "$")
	if end == 0 { // regex_parser wants a group
		return "(?P<text>" + b.String() + ")"
	}
	return b.String()
}

// compiled are the patterns of both programs as regular expressions.
func compiled(tb testing.TB) map[string][]*regexp.Regexp {
	tb.Helper()
	all := map[string][]*regexp.Regexp{}
	for _, program := range programs {
		for _, text := range texts(tb, program) {
			all[program] = append(all[program], regexp.MustCompile(expression(text)))
		}
	}
	return all
}

// first is a chain of regular expressions: the envelope, the program's own, the
// first that matches.
func first(envelope *regexp.Regexp, chain map[string][]*regexp.Regexp, l string) []string {
	head := envelope.FindStringSubmatch(l)
	if head == nil {
		return nil
	}
	for _, r := range chain[head[envelope.SubexpIndex("program")]] {
		if m := r.FindStringSubmatch(head[envelope.SubexpIndex("text")]); m != nil {
			return m
		}
	}
	return nil
}

// stanza builds a regex_parser.
func stanza(tb testing.TB, expr, from string) operator.Operator {
	tb.Helper()
	c := regex.NewConfig()
	c.Regex = expr
	c.OnError = "drop"
	c.ParseFrom = entry.NewBodyField()
	if from != "" {
		c.ParseFrom = entry.NewAttributeField(from)
	}
	op, err := c.Build(componenttest.NewNopTelemetrySettings())
	require.NoError(tb, err)
	return op
}

// TestChain: what is measured does the same.
func TestChain(t *testing.T) {
	ours, other := lines(t)
	envelope, chain := regexp.MustCompile(syslog), compiled(t)
	p, err := line.New(line.Config{})
	require.NoError(t, err)
	for i := range ours {
		var e event.Event
		require.True(t, p.ParseString(&e, ours[i], time.Time{}))
		require.NotNil(t, first(envelope, chain, ours[i]), ours[i])
		require.False(t, p.ParseString(&e, other[i], time.Time{}))
		require.Nil(t, first(envelope, chain, other[i]), other[i])
	}
}

// BenchmarkLine takes each line from its envelope to the fields of its event.
func BenchmarkLine(b *testing.B) {
	ours, other := lines(b)
	arrival := time.Date(2025, 5, 1, 12, 0, 0, 0, time.UTC)
	for name, set := range map[string][]string{"ours": ours, "other": other} {
		b.Run(name+"/pptplog", func(b *testing.B) {
			p, err := line.New(line.Config{})
			require.NoError(b, err)
			var e event.Event
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				p.ParseString(&e, set[i%len(set)], arrival)
			}
		})
		b.Run(name+"/regexp", func(b *testing.B) {
			envelope, chain := regexp.MustCompile(syslog), compiled(b)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				first(envelope, chain, set[i%len(set)])
			}
		})
		b.Run(name+"/regex_parser", func(b *testing.B) {
			envelope := stanza(b, syslog, "")
			chain := map[string][]operator.Operator{}
			for _, program := range programs {
				for _, text := range texts(b, program) {
					chain[program] = append(chain[program], stanza(b, expression(text), "text"))
				}
			}
			ctx := context.Background()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				e := entry.New()
				e.Body = set[i%len(set)]
				if envelope.Process(ctx, e) != nil {
					continue
				}
				program, _ := e.Attributes["program"].(string)
				for _, op := range chain[program] {
					if op.Process(ctx, e) == nil {
						break
					}
				}
			}
		})
	}
}
