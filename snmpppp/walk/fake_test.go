package walk

import (
	"context"
	"slices"
	"sort"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/oid"
)

// fake is an agent without a network.
type fake struct {
	oids   []string
	values map[string]Value
	v1     bool
	max    int                               // variables of an answer; 0: no bound
	hook   func(*Request) (*Response, error) // instead of an answer, if it returns one
	mangle func(*Request, *Response)         // changes the answer
	sent   []Request                         // what was asked
}

func newFake(values map[string]Value) *fake {
	f := &fake{values: values}
	for o := range values {
		f.oids = append(f.oids, o)
	}
	slices.SortFunc(f.oids, oid.Compare)
	return f
}

func (f *fake) Bulk() bool { return !f.v1 }

func (f *fake) Do(_ context.Context, r *Request) (*Response, error) {
	f.sent = append(f.sent, Request{Op: r.Op, OIDs: slices.Clone(r.OIDs), Repetitions: r.Repetitions})
	if f.hook != nil {
		if resp, err := f.hook(r); resp != nil || err != nil {
			return resp, err
		}
	}
	resp := &Response{}
	at := slices.Clone(r.OIDs)
	for range max(r.Repetitions, 1) {
		for i, o := range at {
			if f.max > 0 && len(resp.Vars) >= f.max {
				break
			}
			v := Var{OID: o}
			if r.Op == OpGet {
				v.Value = f.values[o]
			} else if n := sort.Search(len(f.oids), func(n int) bool { return oid.Compare(f.oids[n], o) > 0 }); n < len(f.oids) {
				v = Var{OID: f.oids[n], Value: f.values[f.oids[n]]}
			}
			if f.v1 && v.Value.Absent() {
				return &Response{Status: StatusNoSuchName, Index: i + 1}, nil
			}
			at[i] = v.OID
			resp.Vars = append(resp.Vars, v)
		}
	}
	if f.mangle != nil {
		f.mangle(r, resp)
	}
	return resp, nil
}
