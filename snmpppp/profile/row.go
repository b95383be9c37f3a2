package profile

import (
	"slices"
	"strconv"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/oid"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

// Row returns the cells of a row that are there, those of the index first; the slice
// is cells, used again. Keep is false for a row that the profile drops. Wrong counts
// the cells of a wrong type.
func (t *CompiledTable) Row(tab *walk.Table, row int, cells []Cell) (out []Cell, keep bool, wrong int) {
	cells = cells[:0]
	index := tab.Index[row]
	for i := range t.Index {
		p := &t.Index[i]
		value, tail, err := p.Type.Take(index)
		if err != nil {
			return cells, false, 1
		}
		index = tail
		if p.As == "" {
			continue
		}
		v := walk.Text(walk.TypeString, value)
		if n, err := strconv.ParseUint(value, 10, 63); err == nil && p.Type == "int" {
			v = walk.Number(walk.TypeInt, n)
		}
		col := Column{As: p.As, Values: p.Values}
		c, ok, bad := col.Decode(t.typeOf(p.As), v)
		if ok {
			cells = append(cells, c)
		} else if bad {
			wrong++
		}
	}
	for i := range t.Columns {
		col := &t.Columns[i]
		c, ok, bad := col.Decode(t.typeOf(col.As), tab.Cell(row, i))
		if bad {
			wrong++
		}
		if ok {
			cells = append(cells, c)
		} else if col.Required {
			return cells, false, wrong
		}
	}
	for _, k := range t.Keep {
		i := slices.IndexFunc(cells, func(c Cell) bool { return c.Field == k.Field })
		if i < 0 || !slices.Contains(k.In, cells[i].Text) {
			return cells, false, wrong
		}
	}
	return cells, true, wrong
}

func (t *CompiledTable) typeOf(field string) Type {
	if typ, ok := fields[t.Of][field]; ok {
		return typ
	}
	if measures[field].Counter {
		return TypeCounter
	}
	return TypeNumber
}

// Match is what a pattern found in a name.
type Match struct {
	As                        string // empty: no pattern matches
	Name, User, Peer, Address string
}

// Recognise applies the patterns of the table to a name of an interface of a type, or
// to the command of a process (typ 0). The first pattern that matches counts.
func (t *CompiledTable) Recognise(name string, typ int) Match {
	for i, p := range t.Patterns {
		if len(p.Types) > 0 && !slices.Contains(p.Types, typ) {
			continue
		}
		found := t.patterns[i].FindStringSubmatch(name)
		if found == nil {
			continue
		}
		m := Match{As: p.As}
		for g, group := range t.patterns[i].SubexpNames() {
			switch group {
			case "user":
				m.User = found[g]
			case "peer":
				m.Peer = found[g]
			case "address":
				m.Address = found[g]
			case "name":
				m.Name = found[g]
			}
		}
		return m
	}
	return Match{}
}

// Seekable says whether a walk can jump over other ports: the rows of one port are a
// range of the index, which goes on after the port.
func (t *CompiledTable) Seekable() bool { return t.LocalPort != 0 && len(t.Index) > 2 }

// MadeBy says whether devices with this sysObjectID have the profile's objects.
func (c *Compiled) MadeBy(objectID string) bool {
	return slices.ContainsFunc(c.Detect.ObjectIDs, func(root string) bool { return oid.Under(objectID, root) })
}
