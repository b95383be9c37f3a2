package health

import (
	_ "embed"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"
)

// Bounds of a codebook: what a gateway's evaluation costs in time and memory follows from them.
const (
	maxSignals  = 128 // a bit each
	maxCauses   = 256
	maxKinds    = 16 // values of a signal, with the four that all have
	maxTerms    = 16 // of a cause, for each role
	maxAny      = 8
	maxFileSize = 1 << 20
)

// The kinds of value that every signal has; its own follow. The higher of two
// wins where evidence of the same instant disagrees.
const (
	kindUnknown = iota
	kindOK
	kindBad
	kindFewPeers
	numCommonKinds
)

var commonKinds = []string{"unknown", "ok", "bad", "few_peers"}

// unknownCause is told when sessions fail and nothing explains it.
const unknownCause = "unknown"

//go:embed codebook.yaml
var defaultBook []byte

// Codebook is what can be observed and what it means. It does not change once
// made, and may be used by several engines at the same time.
type Codebook struct {
	signals    []signal
	causes     []cause
	signalByID map[string]int
	causeByID  map[string]int
}

// signal is something that evidence can be about.
type signal struct {
	name, says string
	source     Source
	kinds      []string // kindUnknown and so on, then its own
	quorum     bool
	path       bool
	regular    bool
	after      string
	afterIndex int   // -1: none
	later      []int // stages that follow
	rounds     uint8 // of its last three in which it must be bad; 0: not said
	ttl        time.Duration
	rate       float64
	peers      int
	sure       bool // one observation is enough
	share      string
	from       []condition
	line       int
}

func (s *signal) kind(name string) (uint8, bool) {
	i := indexOf(s.kinds, name)
	return uint8(i), i >= 0
}

// test is what a condition asks of a signal.
type test uint8

const (
	testKinds   test = iota // at quorum, any of the kinds
	testPartial             // bad at some vantages, fewer than the quorum
	testAnyOK               // ok at one vantage at least
)

// condition is something that the evidence about one signal can meet.
type condition struct {
	signal int
	test   test
	kinds  uint16 // bits, of testKinds
	// partial adds testPartial to the kinds: [bad, partial] is "anything wrong".
	partial bool
}

// term is a line of evidence: one of its conditions must hold.
type term struct {
	any    []condition
	weight float64
}

type escalation struct {
	when     condition
	severity Severity
}

type cause struct {
	name, title, hint string
	state             State
	severity          Severity
	prior             float64
	network           bool
	disabled          bool
	shared            string
	sharedIndex       int // the derived signal that tells of a common cause, or -1
	roles             [numRoles][]term
	explains          []string
	explained         []int
	becomes           []string
	later             []int
	escalations       []escalation
	line              int
}

// Role is how evidence stands to a cause.
type Role uint8

// The roles.
const (
	Required Role = iota
	Supporting
	Contradicting
	numRoles
)

var roleNames = []string{"required", "supporting", "contradicting"}

func (r Role) String() string { return nameOf(roleNames, int(r)) }

var roleWeights = [numRoles]float64{0.8, 0.5, 0.8}

// DefaultCodebook returns the causes and signals that this package comes with.
func DefaultCodebook() *Codebook { return defaultCodebook() }

var defaultCodebook = sync.OnceValue(func() *Codebook {
	empty := &Codebook{signalByID: map[string]int{}, causeByID: map[string]int{}}
	b, err := empty.Extend("codebook.yaml", defaultBook)
	if err != nil {
		panic(fmt.Sprintf("health: %v", err)) // embedded, and a test reads it
	}
	return b
})

// DefaultYAML returns the text of the codebook that this package comes with, to
// show as a model.
func DefaultYAML() []byte { return append([]byte(nil), defaultBook...) }

// Cause is what the codebook says of a cause, for documentation.
type Cause struct {
	Name, Title, Hint string
	State             State
	Severity          Severity
	// Evidence has a line per role and term: "probe.tcp: timeout or unreachable".
	Required, Supporting, Contradicting []string
	Explains                            []string
}

// Signal is what the codebook says of a signal, for documentation and for the
// tables that turn telemetry into evidence.
type Signal struct {
	Name, Says string
	Source     Source
	Values     []string // its own, apart from ok, bad, unknown and few_peers
	TTL        time.Duration
	Vantages   bool // seen from several vantages
	Peers      int  // clients that must show it; 0: clients are not told apart
	Regular    bool // comes at intervals
	Derived    bool // made by the engine; not for Observe
}

// Causes returns the causes in the codebook's order, without disabled ones.
func (b *Codebook) Causes() []Cause {
	out := make([]Cause, 0, len(b.causes))
	for i := range b.causes {
		c := &b.causes[i]
		if c.disabled {
			continue
		}
		d := Cause{Name: c.name, Title: c.title, Hint: c.hint, State: c.state, Severity: c.severity, Explains: c.explains}
		for role, lines := range []*[]string{&d.Required, &d.Supporting, &d.Contradicting} {
			for j := range c.roles[role] {
				*lines = append(*lines, b.termText(&c.roles[role][j]))
			}
		}
		out = append(out, d)
	}
	return out
}

// Signals returns the signals in the codebook's order.
func (b *Codebook) Signals() []Signal {
	out := make([]Signal, 0, len(b.signals))
	for i := range b.signals {
		s := &b.signals[i]
		out = append(out, Signal{
			Name: s.name, Says: s.says, Source: s.source, Values: append([]string(nil), s.kinds[numCommonKinds:]...),
			TTL: s.ttl, Vantages: s.quorum, Peers: s.peers, Regular: s.regular, Derived: s.source == Fleet || s.source == Self,
		})
	}
	return out
}

func (b *Codebook) termText(t *term) string {
	parts := make([]string, len(t.any))
	for i := range t.any {
		parts[i] = b.conditionText(&t.any[i])
	}
	return strings.Join(parts, "; or ")
}

func (b *Codebook) conditionText(c *condition) string {
	s := &b.signals[c.signal]
	var values []string
	switch c.test {
	case testPartial:
		values = []string{"partial"}
	case testAnyOK:
		values = []string{"any_ok"}
	default:
		if c.kinds == badKinds(s) { // what is written as bad is every kind of it
			values = []string{"bad"}
			break
		}
		for k, name := range s.kinds {
			if c.kinds&(1<<k) != 0 {
				values = append(values, name)
			}
		}
	}
	if c.partial {
		values = append(values, "partial")
	}
	return s.name + ": " + strings.Join(values, " or ")
}

// badKinds are the kinds that "bad" stands for: few_peers is the opposite of a quorum.
func badKinds(s *signal) uint16 {
	return uint16(1<<len(s.kinds)-1) &^ (1<<kindUnknown | 1<<kindOK | 1<<kindFewPeers)
}

// matching returns the indices of the causes that a pattern like "gre_*" stands for.
func (b *Codebook) matching(pattern string) []int {
	var out []int
	for i := range b.causes {
		if ok, err := path.Match(pattern, b.causes[i].name); err == nil && ok {
			out = append(out, i)
		}
	}
	return out
}
