package walk

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "1.3.6.1.4.1.99999.1"

func num(n uint64) Value { return Number(TypeGauge, n) }

// table has rows of cols columns, and an object behind them.
func table(rows, cols int) map[string]Value {
	m := map[string]Value{"1.3.6.1.4.1.99999.2.1.0": num(1)}
	for c := 1; c <= cols; c++ {
		for r := 1; r <= rows; r++ {
			m[fmt.Sprintf("%s.%d.%d", root, c, r)] = num(uint64(c*1_000_000 + r))
		}
	}
	return m
}

func columns(n int) []string {
	var list []string
	for c := 1; c <= n; c++ {
		list = append(list, fmt.Sprintf("%s.%d", root, c))
	}
	return list
}

func request(cols, maxRows int) TableRequest {
	return TableRequest{Name: "t", Columns: columns(cols), MaxRows: maxRows}
}

func whole(t *testing.T, tab *Table, rows, cols int) {
	t.Helper()
	require.Equal(t, rows, tab.Rows())
	for r := range rows {
		for c := range cols {
			n, ok := tab.Cell(r, c).Uint()
			require.True(t, ok)
			assert.Equal(t, uint64((c+1)*1_000_000+r+1), n)
		}
	}
}

func TestTable(t *testing.T) {
	for _, tc := range []struct {
		name       string
		rows, cols int
		set        func(*fake)
		tuning     Tuning
		max        int // requests
	}{
		{name: "empty", rows: 0, cols: 3, max: 1},
		{name: "one row", rows: 1, cols: 3, max: 2},
		{name: "many rows", rows: 1000, cols: 4, max: 60},
		{name: "one column", rows: 1000, cols: 1, max: 25},
		{name: "SNMPv1", rows: 20, cols: 3, set: func(f *fake) { f.v1 = true }, max: 24},
		{name: "more columns than go into a request", rows: 5, cols: 40, max: 30},
		{name: "answers of 7 variables", rows: 50, cols: 4, set: func(f *fake) { f.max = 7 }, max: 60},
		{name: "answers of 2 variables, fewer than columns", rows: 5, cols: 4, set: func(f *fake) { f.max = 2 }, max: 30},
		{name: "tooBig above 5", rows: 50, cols: 4, set: func(f *fake) {
			f.hook = func(r *Request) (*Response, error) {
				if len(r.OIDs)*max(r.Repetitions, 1) > 5 {
					return &Response{Status: StatusTooBig}, nil
				}
				return nil, nil
			}
		}, max: 80},
		{name: "tooBig above 1", rows: 3, cols: 2, set: func(f *fake) {
			f.hook = func(r *Request) (*Response, error) {
				if len(r.OIDs)*max(r.Repetitions, 1) > 1 {
					return &Response{Status: StatusTooBig}, nil
				}
				return nil, nil
			}
		}, max: 16},
		{name: "silence above 30", rows: 200, cols: 4, set: func(f *fake) {
			f.hook = func(r *Request) (*Response, error) {
				if len(r.OIDs)*max(r.Repetitions, 1) > 30 {
					return nil, &Error{Kind: KindTimeout}
				}
				return nil, nil
			}
		}, max: 50},
		{name: "genErr with repetitions", rows: 30, cols: 2, set: func(f *fake) {
			f.hook = func(r *Request) (*Response, error) {
				if r.Repetitions > 4 {
					return &Response{Status: StatusGenErr, Index: 1}, nil
				}
				return nil, nil
			}
		}, max: 30},
		{name: "every third answer lost", rows: 100, cols: 4, set: func(f *fake) {
			n := 0
			f.hook = func(*Request) (*Response, error) {
				if n++; n%3 == 0 {
					return nil, &Error{Kind: KindTimeout}
				}
				return nil, nil
			}
		}, max: 300},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFake(table(tc.rows, tc.cols))
			if tc.set != nil {
				tc.set(f)
			}
			tab, err := New(f, 2, tc.tuning).Table(context.Background(), request(tc.cols, 10_000))
			require.NoError(t, err)
			whole(t, tab, tc.rows, tc.cols)
			assert.LessOrEqual(t, len(f.sent), tc.max)
		})
	}
}

// A request never asks for more rows than the table has been seen to have, so that it
// cannot run through what follows the table.
func TestTableStaysInside(t *testing.T) {
	for _, rows := range []int{0, 1, 3, 10, 100} {
		f := newFake(table(rows, 2))
		_, err := New(f, 0, Tuning{}).Table(context.Background(), request(2, 1000))
		require.NoError(t, err)
		seen := 0
		for _, r := range f.sent {
			assert.LessOrEqual(t, r.Repetitions, max(seen, 1), "%d rows", rows)
			seen += r.Repetitions
		}
	}
}

func TestTableKnownSize(t *testing.T) {
	f := newFake(table(300, 4))
	tr := request(4, 1000)
	tr.Rows = 300
	w := New(f, 0, Tuning{Varbinds: 100, Ceiling: 100})
	tab, err := w.Table(context.Background(), tr)
	require.NoError(t, err)
	whole(t, tab, 300, 4)
	assert.Len(t, f.sent, 13) // 12 full ones, and the one that finds the end
	assert.Equal(t, 1, f.sent[12].Repetitions)
}

func TestTableHoles(t *testing.T) {
	m := table(20, 3)
	delete(m, root+".2.7")
	delete(m, root+".1.9")
	delete(m, root+".3.1")
	tab, err := New(newFake(m), 0, Tuning{}).Table(context.Background(), request(3, 100))
	require.NoError(t, err)
	require.Equal(t, 20, tab.Rows())
	missing := 0
	for r := range tab.Rows() {
		for c := range 3 {
			if tab.Cell(r, c).Absent() {
				missing++
				continue
			}
			n, _ := tab.Cell(r, c).Uint()
			assert.Equal(t, fmt.Sprint(n%1_000_000), tab.Index[r])
		}
	}
	assert.Equal(t, 3, missing)
}

func TestTablePrefix(t *testing.T) {
	m := map[string]Value{}
	for typ := 1; typ <= 4; typ++ {
		for i := range 5 {
			m[fmt.Sprintf("%s.2.%d.%d", root, typ, i)] = num(uint64(typ))
		}
	}
	tab, err := New(newFake(m), 0, Tuning{}).Table(context.Background(), TableRequest{Name: "t", Columns: []string{root + ".2"}, Prefix: "3", MaxRows: 10})
	require.NoError(t, err)
	assert.Equal(t, []string{"3.0", "3.1", "3.2", "3.3", "3.4"}, tab.Index)
}

// TestTableHostile are agents that do what none should.
func TestTableHostile(t *testing.T) {
	n := uint64(0)
	for _, tc := range []struct {
		name string
		set  func(*fake)
		rows int
		kind Kind
		max  int // requests
	}{
		{"loops: the same row again and again", func(f *fake) {
			f.mangle = func(_ *Request, resp *Response) {
				for i := range resp.Vars {
					resp.Vars[i] = Var{OID: fmt.Sprintf("%s.%d.3", root, i%2+1), Value: num(3)}
				}
			}
		}, 1, KindNonIncreasing, 3},
		{"goes back within an answer", func(f *fake) {
			f.mangle = func(_ *Request, resp *Response) {
				if len(resp.Vars) > 4 {
					resp.Vars[4].OID = root + ".1.1"
				}
			}
		}, -1, KindNonIncreasing, 40},
		{"a million rows", func(f *fake) {
			f.hook = func(r *Request) (*Response, error) {
				resp := &Response{}
				for range max(r.Repetitions, 1) {
					n++
					for c := range r.OIDs {
						resp.Vars = append(resp.Vars, Var{OID: fmt.Sprintf("%s.%d.%d", root, c+1, n), Value: num(n)})
					}
				}
				return resp, nil
			}
		}, 500, KindTooManyRows, 60},
		{"an index that never ends", func(f *fake) {
			long := ".1"
			f.hook = func(r *Request) (*Response, error) {
				long += long
				return &Response{Vars: []Var{{OID: root + ".1" + long, Value: num(1)}}}, nil
			}
		}, -1, KindMalformed, 20},
		{"more variables than were asked for", func(f *fake) {
			f.mangle = func(_ *Request, resp *Response) { resp.Vars = append(resp.Vars, resp.Vars...) }
		}, 0, KindMalformed, 3},
		{"an empty list", func(f *fake) {
			f.hook = func(*Request) (*Response, error) { return &Response{}, nil }
		}, 0, KindEmpty, 3},
		{"silence", func(f *fake) {
			f.hook = func(*Request) (*Response, error) { return nil, &Error{Kind: KindTimeout} }
		}, 0, KindTimeout, 3},
		{"tooBig for one object", func(f *fake) {
			f.hook = func(*Request) (*Response, error) { return &Response{Status: StatusTooBig}, nil }
		}, 0, KindTooBig, 12},
		{"genErr for one column", func(f *fake) {
			f.hook = func(r *Request) (*Response, error) {
				for i, o := range r.OIDs {
					if o >= root+".2" {
						return &Response{Status: StatusGenErr, Index: i + 1}, nil
					}
				}
				return nil, nil
			}
		}, 50, KindAgent, 40},
		{"genErr without index", func(f *fake) {
			f.hook = func(*Request) (*Response, error) { return &Response{Status: StatusGenErr}, nil }
		}, 0, KindAgent, 3},
		{"authorizationError", func(f *fake) {
			f.hook = func(*Request) (*Response, error) { return &Response{Status: StatusAuthorizationError, Index: 1}, nil }
		}, 0, KindAccess, 1},
		{"truncated in the middle by an error", func(f *fake) {
			f.hook = func(r *Request) (*Response, error) {
				if len(f.sent) > 3 {
					return &Response{Status: 5, Index: 99}, nil
				}
				return nil, nil
			}
		}, -1, KindAgent, 12},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFake(table(50, 2))
			n = 0
			tc.set(f)
			tab, err := New(f, 2, Tuning{}).Table(context.Background(), request(2, 500))
			assert.Equal(t, tc.kind, KindOf(err))
			assert.LessOrEqual(t, len(f.sent), tc.max)
			if tc.rows >= 0 {
				assert.Equal(t, tc.rows, tab.Rows())
			}
		})
	}
}

func TestTableCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	f := newFake(table(100, 2))
	f.mangle = func(*Request, *Response) {
		if len(f.sent) == 3 {
			cancel()
		}
	}
	tab, err := New(f, 2, Tuning{}).Table(ctx, request(2, 500))
	assert.Equal(t, KindCanceled, KindOf(err))
	assert.Len(t, f.sent, 3)
	assert.NotZero(t, tab.Rows())
}

func TestTuningIsKept(t *testing.T) {
	f := newFake(table(200, 4))
	f.hook = func(r *Request) (*Response, error) {
		if len(r.OIDs)*max(r.Repetitions, 1) > 30 {
			return nil, &Error{Kind: KindTimeout}
		}
		return nil, nil
	}
	w := New(f, 2, Tuning{})
	tr := request(4, 500)
	_, err := w.Table(context.Background(), tr)
	require.NoError(t, err)
	assert.NotZero(t, w.Stats().Retries)
	tr.Rows = 200
	again := New(f, 2, w.Tuning())
	_, err = again.Table(context.Background(), tr)
	require.NoError(t, err)
	assert.Zero(t, again.Stats().Retries)
}
