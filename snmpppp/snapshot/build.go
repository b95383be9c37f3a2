package snapshot

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

// Input is what was read of an agent.
type Input struct {
	Time     time.Time
	Duration time.Duration
	Agent    Agent
	Profiles []*profile.Compiled // that the agent has
	Scalars  []ScalarRead
	Tables   []TableRead
	Partial  []Partial // what failed besides tables
	Stats    walk.Stats
	Options  Options
	// LastSource is the Source of the snapshot before this one. It stays the source
	// unless a vendor's table comes up, so that snapshots can be compared.
	LastSource string
}

// ScalarRead is a scalar that was read.
type ScalarRead struct {
	Scalar *profile.Scalar
	Value  walk.Value
}

// TableRead is a table that was read, or the attempt.
type TableRead struct {
	Profile *profile.Compiled
	Table   *profile.CompiledTable
	Data    *walk.Table // not nil, and with what was read before an error
	Err     error
	// Before and After are the agent's count of rows, read before and after the table;
	// absent if there is none.
	Before, After walk.Value
}

// Options are what a target's configuration says about its interfaces.
type Options struct {
	AssumePPTP       bool
	Include, Exclude []*regexp.Regexp
}

// builder makes a snapshot.
type builder struct {
	*Snapshot
	in    *Input
	cells []profile.Cell
	ifs   interfaces
	lists []list // of sessions, one for each source
}

// list is the sessions of one source.
type list struct {
	profile, table string
	priority       int
	sessions       []Session
	complete       bool
	denied         bool
}

func (l *list) name() string { return l.profile + "/" + l.table }

// Build makes a snapshot of what was read.
func Build(in Input) *Snapshot {
	b := &builder{Snapshot: &Snapshot{
		Time: in.Time, Duration: in.Duration, Agent: in.Agent, Stats: in.Stats, Partial: slices.Clone(in.Partial),
	}, in: &in, ifs: interfaces{byIndex: map[uint32]*Interface{}}}
	for _, p := range in.Profiles {
		b.Profiles = append(b.Profiles, p.Name)
	}
	for i := range in.Scalars {
		b.scalar(&in.Scalars[i])
	}
	// Interfaces first: other tables speak of them.
	for _, pass := range []bool{true, false} {
		for i := range in.Tables {
			if r := &in.Tables[i]; (r.Table.Of == profile.KindInterface) == pass {
				b.table(r)
			}
		}
	}
	b.finishInterfaces()
	b.chooseSessions()
	slices.SortStableFunc(b.Measures, func(x, y Measure) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.Label, y.Label))
	})
	return b.Snapshot
}

func (b *builder) scalar(r *ScalarRead) {
	m, _ := profile.MeasureOf(r.Scalar.As)
	typ := profile.TypeNumber
	if m.Counter {
		typ = profile.TypeCounter
	}
	col := profile.Column{As: r.Scalar.As, Scale: r.Scalar.Scale}
	c, ok, wrong := col.Decode(typ, r.Value)
	if wrong {
		b.WrongType++
	}
	if ok {
		b.measure(c, r.Scalar.Label)
	}
}

func (b *builder) measure(c profile.Cell, label string) {
	m, _ := profile.MeasureOf(c.Field)
	x := Measure{Name: m.Name, Label: label, Value: c.Num, Counter: m.Counter}
	if m.Counter {
		x.Count = Counter{Value: c.Count, Valid: true, Wraps: c.Wraps}
	}
	b.Measures = append(b.Measures, x)
}

// table takes in one table.
func (b *builder) table(r *TableRead) {
	before := len(b.Partial)
	b.judge(r)
	l := list{profile: r.Profile.Name, table: r.Table.Name, priority: r.Profile.Priority, complete: len(b.Partial) == before,
		denied: walk.KindOf(r.Err) == walk.KindAccess}
	if r.Table.Of == profile.KindInterface {
		b.ifs.read(r)
	}
	if r.Table.Of == profile.KindSession {
		l.sessions = make([]Session, 0, r.Data.Rows())
	}
	for row := range r.Data.Rows() {
		cells, keep, wrong := r.Table.Row(r.Data, row, b.cells)
		b.cells = cells
		b.WrongType += wrong
		if !keep {
			continue
		}
		index := r.Data.Index[row]
		switch r.Table.Of {
		case profile.KindInterface:
			b.ifs.add(index, cells)
		case profile.KindLink:
			b.ifs.link(index, cells)
		case profile.KindSession:
			l.sessions = append(l.sessions, b.session(index, cells))
		case profile.KindTunnel:
			b.Tunnels = append(b.Tunnels, b.tunnel(r.Profile.Name, index, cells))
		case profile.KindProcess:
			b.process(r.Table, index, cells)
		case profile.KindConnection:
			b.connection(r.Table, cells)
		case profile.KindFailure:
			b.Failures = append(b.Failures, b.failure(index, cells))
		case profile.KindStorage:
			b.storage(cells)
		case profile.KindMeasure:
			b.measures(index, cells)
		}
	}
	switch r.Table.Of {
	case profile.KindSession:
		b.lists = append(b.lists, l)
	case profile.KindProcess:
		l.sessions = b.processSessions()
		if !b.poptop() && b.in.LastSource != l.name() {
			l.priority = 0 // other daemons have no process for each client
		}
		b.lists = append(b.lists, l)
	case profile.KindConnection:
		if b.Control == nil {
			b.Control = &Control{Port: r.Table.LocalPort, Connections: map[string]int{}}
		}
		slices.SortFunc(b.Control.Peers, func(x, y addr) int { return x.Compare(y) })
		b.Control.Peers = slices.Compact(b.Control.Peers)
	case profile.KindLink:
		b.linkSource(r, l)
	}
}

// judge adds what is wrong with a table to Partial.
func (b *builder) judge(r *TableRead) {
	p := Partial{Profile: r.Profile.Name, Table: r.Table.Name, Rows: r.Data.Rows()}
	if r.Err != nil {
		p.Kind, p.Detail = walk.KindOf(r.Err), r.Err.Error()
		b.Partial = append(b.Partial, p)
		return
	}
	if want := r.wanted(); uint64(p.Rows) < want {
		p.Kind = walk.KindIncomplete
		p.Detail = "by the agent's own count there must be at least " + strconv.FormatUint(want, 10) + " rows"
		b.Partial = append(b.Partial, p)
	}
}

// wanted is how many rows a table must have at least by the agent's own count; 0: there
// is none. Sessions come and go while a table is read: one row, or 2 %.
func (r *TableRead) wanted() uint64 {
	first, ok1 := r.Before.Uint()
	last, ok2 := r.After.Uint()
	if !ok1 || !ok2 {
		return 0
	}
	want := min(first, last, math.MaxInt32)
	return want - min(want, max(1, want/50))
}

func (b *builder) measures(index string, cells []profile.Cell) {
	label := index
	for _, c := range cells {
		if c.Field == "label" {
			label = c.Text
		}
	}
	for _, c := range cells {
		if c.Field == "label" {
			continue
		}
		b.measure(c, strings.TrimSpace(c.Label+" "+label))
	}
}

func (b *builder) storage(cells []profile.Cell) {
	var unit, size, used float64
	for _, c := range cells {
		switch c.Field {
		case "unit":
			unit = c.Num
		case "size":
			size = c.Num
		case "used":
			used = c.Num
		}
	}
	if size > 0 {
		b.Measures = append(b.Measures, Measure{Name: "memory.total", Label: "ram", Value: size * unit},
			Measure{Name: "memory.used", Label: "ram", Value: used * unit})
	}
}

func number32(n float64) uint32 {
	if n >= 0 && n <= math.MaxUint32 {
		return uint32(n)
	}
	return 0
}

func seconds(n float64) time.Duration {
	if n < 0 || n > 1e9 { // 31 years
		return 0
	}
	return time.Duration(n * float64(time.Second))
}

func counter(c profile.Cell) Counter { return Counter{Value: c.Count, Valid: true, Wraps: c.Wraps} }
