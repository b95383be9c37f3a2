package profile

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/oid"
)

// Bounds of what a user can write.
const (
	maxProfiles = 256
	maxScalars  = 256
	maxTables   = 32
	maxColumns  = 64
	maxPatterns = 64
)

// Compiled is a checked [Profile].
type Compiled struct {
	Profile
	Tables []*CompiledTable // instead of Profile.Tables
}

// CompiledTable is a checked [Table].
type CompiledTable struct {
	Table
	OIDs     []string // of Columns, in full
	patterns []*regexp.Regexp
}

// Source is the name of a table in snapshots: profile/table.
func (c *Compiled) Source(t *CompiledTable) string { return c.Name + "/" + t.Name }

// checker collects what is wrong with a profile, and where.
type checker struct {
	where []string
	errs  []error
}

func (c *checker) in(format string, args ...any) func() {
	c.where = append(c.where, fmt.Sprintf(format, args...))
	return func() { c.where = c.where[:len(c.where)-1] }
}

func (c *checker) bad(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("%s: %w", strings.Join(c.where, ": "), fmt.Errorf(format, args...)))
}

// oid checks an OID that is asked for: of an object, or of a subtree.
func (c *checker) oid(key, s string, subtree bool) {
	if err := oid.Check(s); err != nil {
		c.bad("%s: %w", key, err)
		return
	}
	f, denied := oid.Denied(s)
	if subtree && !denied {
		f, denied = oid.DeniedRange(s)
	}
	if denied {
		c.bad("%s: %s is never asked for: %s is %s: remove it", key, s, f.Root, f.Why)
	}
}

func compile(p Profile) (*Compiled, error) {
	c := &checker{}
	defer c.in("profile %q", p.Name)()
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`).MatchString(p.Name) {
		c.bad("name: write 1 to 64 of a-z, 0-9, dot, dash and underline")
	}
	if len(p.Detect.Roots) == 0 && len(p.Detect.ObjectIDs) == 0 {
		c.bad("detect: is empty: write in roots an OID that agents with these tables have")
	}
	for _, r := range p.Detect.Roots {
		if err := oid.Check(r); err != nil {
			c.bad("detect: roots: %w", err)
		} else if f, denied := oid.Denied(r); denied {
			c.bad("detect: roots: %s is never asked for: %s is %s: remove it", r, f.Root, f.Why)
		}
	}
	for _, r := range p.Detect.ObjectIDs {
		if err := oid.Check(r); err != nil {
			c.bad("detect: object_ids: %w", err)
		}
	}
	if p.Priority < 0 || p.Priority > 100 {
		c.bad("priority %d: use 0 to 100", p.Priority)
	}
	if len(p.Scalars) > maxScalars || len(p.Tables) > maxTables {
		c.bad("has %d scalars and %d tables: at most %d and %d are possible", len(p.Scalars), len(p.Tables), maxScalars, maxTables)
	}
	for i, s := range p.Scalars {
		done := c.in("scalars[%d] %q", i, s.As)
		c.oid("oid", s.OID, false)
		c.measure(s.As)
		done()
	}
	out := &Compiled{Profile: p}
	names := map[string]bool{}
	for i := range p.Tables {
		done := c.in("tables[%d] %q", i, p.Tables[i].Name)
		if names[p.Tables[i].Name] || p.Tables[i].Name == "" {
			c.bad("name: is empty, or that of another table: choose one")
		}
		names[p.Tables[i].Name] = true
		out.Tables = append(out.Tables, c.table(p.Tables[i]))
		done()
	}
	return out, errors.Join(c.errs...)
}

func (c *checker) measure(as string) {
	if _, ok := measures[as]; !ok {
		c.bad("as %q: is no measure: %s", as, suggest.OneOf(as, slices.Sorted(maps.Keys(measures))))
	}
}

func (c *checker) table(t Table) *CompiledTable {
	ct := &CompiledTable{Table: t}
	known, ok := fields[t.Of]
	if !ok {
		c.bad("of %q: %s", t.Of, suggest.OneOf(string(t.Of), kindNames()))
		return ct
	}
	if t.Root != "" {
		if err := oid.Check(t.Root); err != nil {
			c.bad("root: %w", err)
			return ct
		}
	}
	if t.Count != "" {
		c.oid("count", t.Count, false)
	}
	if t.Under != "" {
		if _, _, err := oid.Arc(t.Under); err != nil || oid.Check("1."+t.Under) != nil {
			c.bad("under %q: write the first arcs of the index, like 3", t.Under)
			return ct
		}
	}
	if t.MaxRows < 0 {
		c.bad("max_rows %d: use 1 or more, or leave it out", t.MaxRows)
	}
	filled := c.index(t, known)
	if len(t.Columns) == 0 || len(t.Columns) > maxColumns {
		c.bad("columns: there are %d: use 1 to %d", len(t.Columns), maxColumns)
	}
	for i, col := range t.Columns {
		done := c.in("columns[%d] %q", i, col.As)
		ct.OIDs = append(ct.OIDs, c.column(t, col, known))
		filled[col.As] = true
		done()
	}
	for _, k := range t.Keep {
		if !filled[k.Field] {
			c.bad("keep: field %q: no column and no part of the index fills it: add one", k.Field)
		}
		if len(k.In) == 0 {
			c.bad("keep: field %q: in is empty: write the values to keep", k.Field)
		}
	}
	if t.LocalPort != 0 && (t.Of != KindConnection || len(t.Columns) != 1 || len(t.Index) < 2 ||
		t.Index[0].Type != oid.PartIPv4 && t.Index[0].Type != oid.PartInet || t.Index[1].Type != oid.PartInt) {
		c.bad("local_port %d: is for a table of connections with one column, whose index begins with ipv4 or inet, and int", t.LocalPort)
	}
	c.patterns(ct)
	return ct
}

// index checks the parts of the index, and returns the fields that they fill.
func (c *checker) index(t Table, known map[string]Type) map[string]bool {
	filled := map[string]bool{}
	for i, p := range t.Index {
		done := c.in("index[%d] %q", i, p.As)
		if !slices.Contains(oid.Parts(), string(p.Type)) {
			c.bad("type %q: %s", p.Type, suggest.OneOf(string(p.Type), oid.Parts()))
		}
		if p.As != "" {
			typ, ok := known[p.As]
			if !ok {
				c.bad("as: %s", suggest.OneOf(p.As, slices.Sorted(maps.Keys(known))))
			}
			c.values(t.Of, typ, p.Values)
			filled[p.As] = true
		}
		done()
	}
	return filled
}

func (c *checker) column(t Table, col Column, known map[string]Type) string {
	full := col.OID
	if !strings.Contains(full, ".") {
		full = t.Root + "." + full
	}
	c.oid("oid", full, true)
	typ, ok := known[col.As]
	switch {
	case ok:
		c.values(t.Of, typ, col.Values)
	case t.Of == KindMeasure:
		c.measure(col.As)
	default:
		c.bad("as: is no field of a %s: %s", t.Of, suggest.OneOf(col.As, slices.Sorted(maps.Keys(known))))
	}
	if col.Label != "" && t.Of != KindMeasure {
		c.bad("label %q: only tables of measures have labels: remove it", col.Label)
	}
	return full
}

func (c *checker) values(k Kind, typ Type, values map[string]string) {
	if typ == TypeState && len(values) == 0 {
		c.bad("values: write what each number means: %s", strings.Join(states[k], ", "))
	}
	for n, v := range values {
		if _, err := strconv.ParseInt(n, 10, 64); err != nil && n != "*" && typ != TypeText {
			c.bad("values: %q: is no number: write the number of the enumeration, or \"*\" for all others", n)
		}
		if typ == TypeState && !slices.Contains(states[k], v) {
			c.bad("values: %s: %q: %s", n, v, suggest.OneOf(v, states[k]))
		}
	}
}

// What a pattern can find.
var (
	patternAs = map[Kind][]string{
		KindInterface: {"pptp", "ppp", "tunnel", "unknown", "ignore"},
		KindProcess:   {"daemon", "session", "link", "ignore"},
	}
	patternGroups = []string{"user", "peer", "address", "name"}
)

func (c *checker) patterns(ct *CompiledTable) {
	if len(ct.Patterns) > maxPatterns {
		c.bad("patterns: there are %d: at most %d are possible", len(ct.Patterns), maxPatterns)
	}
	if len(ct.Patterns) > 0 && ct.Of != KindInterface && ct.Of != KindProcess {
		c.bad("patterns: are for tables of interfaces and processes: remove them")
	}
	for i, p := range ct.Patterns {
		done := c.in("patterns[%d]", i)
		if !slices.Contains(patternAs[ct.Of], p.As) {
			c.bad("as %q: %s", p.As, suggest.OneOf(p.As, patternAs[ct.Of]))
		}
		re, err := regexp.Compile(p.Match)
		if err != nil {
			c.bad("match %q: is not a regular expression: %w", p.Match, err)
			re = regexp.MustCompile("$^")
		}
		for _, g := range re.SubexpNames() {
			if g != "" && !slices.Contains(patternGroups, g) {
				c.bad("match %q: group %q: %s", p.Match, g, suggest.OneOf(g, patternGroups))
			}
		}
		ct.patterns = append(ct.patterns, re)
		done()
	}
}

func kindNames() []string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, string(k))
	}
	return names
}
