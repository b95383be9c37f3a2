package walk

import (
	"context"
	"slices"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/oid"
)

// Get reads single objects. The values are in the order of oids; those that the
// agent does not have are absent. An error comes with what was read before it.
func (w *Walker) Get(ctx context.Context, what string, oids []string) ([]Value, error) {
	values := make([]Value, len(oids))
	var todo []int // positions in oids
	for i := range oids {
		todo = append(todo, i)
	}
	for len(todo) > 0 {
		req, resp, err := w.exchange(ctx, what, func(varbinds int) *Request {
			return w.some(OpGet, oids, todo[:min(len(todo), varbinds, maxGet)])
		})
		if err != nil {
			return values, err
		}
		n := len(req.OIDs)
		if resp.Status != StatusOK {
			// SNMPv1 has no other way to say that an object is missing (RFC 1157 section
			// 4.1.2), and agents of all versions fail as a whole because of one object.
			i, err := w.culprit(what, resp, n)
			if err != nil {
				return values, err
			}
			todo = slices.Delete(todo, i, i+1)
			continue
		}
		for i := range min(n, len(resp.Vars)) {
			if resp.Vars[i].OID == req.OIDs[i] {
				values[todo[i]] = resp.Vars[i].Value
			}
		}
		// An answer may be cut short: what is missing is asked for again.
		todo = todo[min(n, len(resp.Vars)):]
	}
	return values, nil
}

// some is a request for the oids at positions.
func (w *Walker) some(op Op, oids []string, positions []int) *Request {
	r := &Request{Op: op, OIDs: make([]string, len(positions))}
	for i, p := range positions {
		r.OIDs[i] = oids[p]
	}
	return r
}

// culprit returns the position in a request of n objects of the one that made the
// agent fail, or an error if that is not to be known.
func (w *Walker) culprit(what string, resp *Response, n int) (int, error) {
	switch {
	case resp.Status != StatusNoSuchName && resp.Status != StatusGenErr && resp.Status != StatusNoAccess:
		return 0, statusError(what, resp.Status)
	case resp.Index >= 1 && resp.Index <= n:
		return resp.Index - 1, nil
	case n == 1:
		return 0, nil
	}
	return 0, statusError(what, resp.Status)
}

// Probe says for each root whether the agent has an object below it, with one
// request for many of them. The answer is also no for a table without rows. An error
// comes with what was found out before it.
func (w *Walker) Probe(ctx context.Context, what string, roots []string) ([]bool, error) {
	found := make([]bool, len(roots))
	var todo []int
	for i := range roots {
		todo = append(todo, i)
	}
	for len(todo) > 0 {
		req, resp, err := w.exchange(ctx, what, func(varbinds int) *Request {
			return w.some(OpGetNext, roots, todo[:min(len(todo), varbinds, maxGet)])
		})
		if err != nil {
			return found, err
		}
		if resp.Status != StatusOK {
			i, err := w.culprit(what, resp, len(req.OIDs))
			if err != nil {
				return found, err
			}
			todo = slices.Delete(todo, i, i+1)
			continue
		}
		n := min(len(req.OIDs), len(resp.Vars))
		for i := range n {
			v := resp.Vars[i]
			found[todo[i]] = !v.Value.Absent() && v.OID != req.OIDs[i] && oid.Under(v.OID, req.OIDs[i])
		}
		todo = todo[n:]
	}
	return found, nil
}
