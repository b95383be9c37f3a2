package walk

import (
	"context"
	"fmt"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/oid"
)

// Table is what was read of a table: rows in the order in which the agent has them.
type Table struct {
	Index []string // of each row: what follows the column in the OID, and the prefix if one was asked for
	cells []Value  // row by row
	cols  int
	rows  map[string]int
}

// NewTable returns a table of so many columns without rows.
func NewTable(cols int) *Table { return &Table{cols: cols, rows: map[string]int{}} }

// Rows returns how many rows there are.
func (t *Table) Rows() int { return len(t.Index) }

// Cell returns a value, absent if the agent did not have it.
func (t *Table) Cell(row, col int) Value { return t.cells[row*t.cols+col] }

// Set sets a value, in a new row if there is none with this index.
func (t *Table) Set(index string, col int, v Value) { t.cells[t.row(index)*t.cols+col] = v }

func (t *Table) row(index string) int {
	if r, ok := t.rows[index]; ok {
		return r
	}
	r := len(t.Index)
	t.rows[index] = r
	t.Index = append(t.Index, index)
	for range t.cols {
		t.cells = append(t.cells, Value{})
	}
	return r
}

// maxReserve bounds the rows for which there is memory before they are seen: how many
// there will be is what the agent says.
const maxReserve = 1024

func (t *Table) reserve(rows int) {
	t.Index = make([]string, 0, rows)
	t.cells = make([]Value, 0, rows*t.cols)
	t.rows = make(map[string]int, rows)
}

// TableRequest is what to read of a table.
type TableRequest struct {
	Name    string   // for errors
	Columns []string // OIDs; they need not be of one table, but have the same index
	Prefix  string   // of the index: only rows below it
	MaxRows int      // more are an error
	Rows    int      // how many to expect, because there were as many the last time; 0: not known
}

// cursor is how far the walk of a column has come.
type cursor struct {
	root string // the column, with the prefix
	base string // the column
	last string // the OID seen last
	next int    // the row that is probably next
	rows int
	done bool
}

// Table reads the columns of a table side by side, so that the cells of a row come
// from the same moment. It returns what was read also with an error.
//
// It never asks for more rows past the end of a column than the table has been seen
// to have: a request in a table of three rows cannot run through the next tables.
func (w *Walker) Table(ctx context.Context, tr TableRequest) (*Table, error) {
	t := NewTable(len(tr.Columns))
	t.reserve(min(tr.Rows, tr.MaxRows, maxReserve))
	cursors := make([]cursor, len(tr.Columns))
	active := make([]int, len(tr.Columns))
	for i, c := range tr.Columns {
		root := oid.Join(c, tr.Prefix)
		if f, denied := oid.DeniedRange(root); denied {
			return t, &Error{Kind: KindForbidden, What: tr.Name, Err: fmt.Errorf("%s and %s (%s) overlap: it is never asked for", root, f.Root, f.Why)}
		}
		cursors[i] = cursor{root: root, base: c, last: root}
		active[i] = i
	}
	var failed error
	for len(active) > 0 {
		req, resp, err := w.exchange(ctx, tr.Name, func(varbinds int) *Request {
			return w.columns(cursors, active, tr.Rows, varbinds)
		})
		if err != nil {
			return t, err
		}
		batch := active[:len(req.OIDs)]
		if resp.Status != StatusOK {
			err := w.tableStatus(tr.Name, req, resp, cursors, batch)
			if err != nil {
				failed = err
			}
		} else if err := t.take(tr, cursors, batch, resp.Vars); err != nil {
			if KindOf(err) == KindTooManyRows {
				return t, err
			}
			failed = err
		}
		if len(resp.Vars) == len(req.OIDs)*max(req.Repetitions, 1) && len(resp.Vars) >= w.tuning.Varbinds-len(req.OIDs) {
			w.grow()
		}
		active = waiting(cursors, active, len(req.OIDs))
	}
	return t, failed
}

// columns is the next request: as many columns as fit, and as many rows.
func (w *Walker) columns(cursors []cursor, active []int, expected, varbinds int) *Request {
	n := min(len(active), varbinds, maxGet)
	r := &Request{Op: OpGetNext, OIDs: make([]string, n)}
	for i, c := range active[:n] {
		r.OIDs[i] = cursors[c].last
	}
	if w.r.Bulk() {
		r.Op = OpGetBulk
		seen := cursors[active[0]].rows
		r.Repetitions = expected + 1 - seen // one more finds the end
		if r.Repetitions <= 0 {
			r.Repetitions = seen
		}
		r.Repetitions = max(min(r.Repetitions, varbinds/n), 1)
	}
	return r
}

// waiting returns the columns that are not done, those that were not in the last
// request of n first.
func waiting(cursors []cursor, active []int, n int) []int {
	next := make([]int, 0, len(active))
	for i := range active {
		if c := active[(i+n)%len(active)]; !cursors[c].done {
			next = append(next, c)
		}
	}
	return next
}

// tableStatus deals with a request that failed as a whole.
func (w *Walker) tableStatus(what string, req *Request, resp *Response, cursors []cursor, batch []int) error {
	// A row that the agent cannot read spoils all that is in its PDU: ask for single rows.
	if resp.Status == StatusGenErr && req.Repetitions > 1 {
		w.stats.Retries++
		w.tuning.Varbinds = len(req.OIDs)
		return nil
	}
	i, err := w.culprit(what, resp, len(batch))
	if err != nil {
		for _, c := range batch {
			cursors[c].done = true
		}
		return err
	}
	cursors[batch[i]].done = true
	if resp.Status == StatusNoSuchName { // the end of the MIB in SNMPv1
		return nil
	}
	return statusError(what, resp.Status)
}

// take puts the variables of a response into the table. An error is about the
// columns that it ends.
func (t *Table) take(tr TableRequest, cursors []cursor, batch []int, vars []Var) (failed error) {
	for i := range vars {
		v, c := &vars[i], batch[i%len(batch)]
		cur := &cursors[c]
		switch {
		case cur.done:
			continue
		case v.Value.Absent() && v.OID == cur.last, !oid.Under(v.OID, cur.root): // the end of the MIB, or of the column
			cur.done = true
			continue
		case len(v.OID) > oid.MaxLen:
			cur.done = true
			failed = &Error{Kind: KindMalformed, What: tr.Name, Err: fmt.Errorf("an index of %d characters", len(v.OID))}
			continue
		case oid.Compare(v.OID, cur.last) <= 0:
			cur.done = true
			failed = &Error{Kind: KindNonIncreasing, What: tr.Name, Err: fmt.Errorf("column %s after %d rows", cur.base, cur.rows)}
			continue
		}
		index := v.OID[len(cur.base)+1:]
		row := cur.next
		if row >= len(t.Index) || t.Index[row] != index { // a hole in this column, or a new row
			if row = t.row(index); len(t.Index) > tr.MaxRows {
				t.drop(index)
				return &Error{Kind: KindTooManyRows, What: tr.Name, Err: fmt.Errorf("more than %d rows", tr.MaxRows)}
			}
		}
		t.cells[row*t.cols+c] = v.Value
		cur.last, cur.next = v.OID, row+1
		cur.rows++
	}
	return failed
}

// drop removes the last row.
func (t *Table) drop(index string) {
	delete(t.rows, index)
	t.Index = t.Index[:len(t.Index)-1]
	t.cells = t.cells[:len(t.Index)*t.cols]
}
