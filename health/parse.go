package health

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
)

// bookVersion is the version of the YAML form that this package reads.
const bookVersion = "1"

// maxErrors is how many errors of a file are told.
const maxErrors = 20

// Extend returns the codebook with what a file adds and overrides: what the file
// says of a cause or signal that exists replaces only those fields. "disabled:
// true" takes a cause out. file names the origin in errors; each error has its
// line, and the name that was probably meant. b is not changed.
func (b *Codebook) Extend(file string, data []byte) (*Codebook, error) {
	if len(data) > maxFileSize {
		return nil, fmt.Errorf("%s: %d bytes are more than the %d that are read", file, len(data), maxFileSize)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	p := parser{file: file, book: b.clone()}
	if len(doc.Content) == 1 {
		p.document(doc.Content[0])
	}
	p.resolve()
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return p.book, nil
}

func (b *Codebook) clone() *Codebook {
	return &Codebook{
		signals: slices.Clone(b.signals), causes: slices.Clone(b.causes),
		signalByID: maps.Clone(b.signalByID), causeByID: maps.Clone(b.causeByID),
	}
}

// parser reads one file into a book. It keeps going after an error, to tell all.
type parser struct {
	file string
	book *Codebook
	errs []error
}

func (p *parser) failAt(line int, format string, args ...any) {
	if len(p.errs) < maxErrors {
		p.errs = append(p.errs, fmt.Errorf("%s:%d: %s", p.file, line, fmt.Sprintf(format, args...)))
	}
}

func (p *parser) fail(n *yaml.Node, format string, args ...any) { p.failAt(n.Line, format, args...) }

// fields calls each for the fields of a mapping; valid nil takes any name.
func (p *parser) fields(n *yaml.Node, what string, valid []string, each func(key string, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.fail(n, "%s: write it as `name: value` lines", what)
		return
	}
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			p.fail(key, "%s: the name of a field must be a word", what)
		case value.Kind == yaml.AliasNode:
			p.fail(value, "%s: %s: aliases are not read, write it out", what, key.Value)
		case seen[key.Value]:
			p.fail(key, "%s: %s is there twice", what, key.Value)
		case valid != nil && !slices.Contains(valid, key.Value):
			p.fail(key, "%s: unknown field %q: %s", what, key.Value, suggest.OneOf(key.Value, valid))
		default:
			seen[key.Value] = true
			each(key.Value, value)
		}
	}
}

// list calls each for the elements of a sequence, at most limit of them.
func (p *parser) list(n *yaml.Node, what string, limit int, each func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		p.fail(n, "%s: write it as a list", what)
		return
	}
	if len(n.Content) > limit {
		p.fail(n, "%s: %d entries are more than %d", what, len(n.Content), limit)
		return
	}
	for _, e := range n.Content {
		if e.Kind == yaml.AliasNode {
			p.fail(e, "%s: aliases are not read, write it out", what)
			continue
		}
		each(e)
	}
}

func (p *parser) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode {
		p.fail(n, "%s: write a text", what)
		return ""
	}
	return n.Value
}

func (p *parser) yes(n *yaml.Node, what string) bool {
	if n.Kind == yaml.ScalarNode && (n.Value == "true" || n.Value == "false") {
		return n.Value == "true"
	}
	p.fail(n, "%s: %q is neither true nor false", what, n.Value)
	return false
}

func (p *parser) number(n *yaml.Node, what string, lowest, highest float64) float64 {
	v, err := strconv.ParseFloat(p.text(n, what), 64)
	if err != nil || !(v >= lowest && v <= highest) {
		p.fail(n, "%s: %q is not a number in [%g, %g]", what, n.Value, lowest, highest)
		return lowest
	}
	return v
}

// whole is number for what is counted.
func (p *parser) whole(n *yaml.Node, what string, lowest, highest int) int {
	v := p.number(n, what, float64(lowest), float64(highest))
	if v != math.Trunc(v) {
		p.fail(n, "%s: %q is not a whole number in [%d, %d]", what, n.Value, lowest, highest)
	}
	return int(v)
}

func (p *parser) span(n *yaml.Node, what string) time.Duration {
	d, err := time.ParseDuration(p.text(n, what))
	if err != nil || d < minTTL || d > maxTTL {
		p.fail(n, "%s: %q is not a duration in [%s, %s], such as 90s", what, n.Value, minTTL, maxTTL)
		return minTTL
	}
	return d
}

// choice returns the index of n's value in names.
func (p *parser) choice(n *yaml.Node, what string, names []string) int {
	v := p.text(n, what)
	i := indexOf(names, v)
	if i < 0 {
		p.fail(n, "%s: %q: %s", what, v, suggest.OneOf(v, names))
		return 0
	}
	return i
}

// near says which known name was probably meant; all of them would be too many.
func near(name string, known map[string]int) string {
	if best := suggest.Nearest(name, sortedKeys(known)); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "see the codebook for what there is"
}

func (p *parser) document(root *yaml.Node) {
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return
	}
	var signals, causes *yaml.Node
	p.fields(root, "codebook", []string{"version", "signals", "causes"}, func(key string, v *yaml.Node) {
		switch key {
		case "version":
			if v.Value != bookVersion {
				p.fail(v, "version: %q is not %s, the one that is read", v.Value, bookVersion)
			}
		case "signals":
			signals = v
		case "causes":
			causes = v
		}
	})
	if signals != nil {
		p.signals(signals)
	}
	if causes != nil {
		p.causes(causes)
	}
}

// validName is a lower-case word, for names that become attributes of telemetry.
func validName(name string) bool {
	for i, r := range name {
		if !(r >= 'a' && r <= 'z' || i > 0 && (r >= '0' && r <= '9' || r == '_')) {
			return false
		}
	}
	return name != "" && len(name) <= 64
}

// resolve turns names that could stand before what they name into indices.
func (p *parser) resolve() {
	b := p.book
	for i := range b.signals {
		s := &b.signals[i]
		s.afterIndex = -1
		if s.after == "" {
			continue
		}
		if j, ok := b.signalByID[s.after]; ok {
			s.afterIndex = j
		} else {
			p.failAt(s.line, "signals.%s.after: unknown signal %q: %s", s.name, s.after, near(s.after, b.signalByID))
		}
	}
	p.resolveStages()
	for i := range b.causes {
		p.resolveCause(i)
	}
}

// resolveStages finds which stages follow which.
func (p *parser) resolveStages() {
	signals := p.book.signals
	for i := range signals {
		signals[i].later = nil
	}
	for i := range signals {
		steps := 0
		for j := signals[i].afterIndex; j >= 0; j = signals[j].afterIndex {
			if steps++; steps > len(signals) {
				p.failAt(signals[i].line, "signals.%s.after: the stages go round in a circle", signals[i].name)
				return
			}
			signals[j].later = append(signals[j].later, i)
		}
	}
}

func (p *parser) resolveCause(i int) {
	b := p.book
	c := &b.causes[i]
	c.sharedIndex = -1
	c.explained = p.causesLike(i, "explains", c.explains)
	c.later = p.causesLike(i, "becomes", c.becomes)
	if c.shared != "" {
		j, ok := b.signalByID[c.shared]
		if !ok || b.signals[j].share == "" {
			p.failAt(c.line, "causes.%s.shared: %q is not a signal with `share`", c.name, c.shared)
			return
		}
		c.sharedIndex = j
	}
	if c.name == unknownCause && c.disabled {
		p.failAt(c.line, "causes.unknown.disabled: it cannot be, it is what is told when nothing else fits")
	}
	if c.name != unknownCause && len(c.roles[Required]) == 0 && !c.disabled && len(p.errs) == 0 {
		p.failAt(c.line, "causes.%s.required: name what must hold, a cause without is never told", c.name)
	}
}

// causesLike returns the causes that patterns stand for, without the one that names them.
func (p *parser) causesLike(i int, field string, patterns []string) []int {
	c := &p.book.causes[i]
	var out []int
	for _, pattern := range patterns {
		found := p.book.matching(pattern)
		if len(found) == 0 {
			p.failAt(c.line, "causes.%s.%s: no cause is called %q: %s", c.name, field, pattern, near(pattern, p.book.causeByID))
		}
		out = append(out, found...)
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(j int) bool { return j == i })
}

// sourceOf returns the source that a signal's name begins with.
func sourceOf(name string) (Source, bool) {
	first, rest, _ := strings.Cut(name, ".")
	source, ok := SourceByName(first)
	return source, ok && validName(rest)
}
