package walk

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/oid"
)

// SeekRequest is what to read of a table of connections, whose index begins with the
// local address and the local port.
type SeekRequest struct {
	Name      string
	Column    string
	Address   oid.Part // type of the local address in the index: PartIPv4 or PartInet
	Port      uint32
	Addresses int // local addresses to look at before the whole column is read
	MaxRows   int
}

// seekRepetitions is how many rows to ask for at a place where most may be of
// another port.
const seekRepetitions = 10

// Seek reads the rows of one local port of a table of connections. It jumps over the
// other ports of each local address: two requests for an address with any number of
// connections. A table of more local addresses than the request allows is read as a
// whole, and what is not of the port is dropped.
func (w *Walker) Seek(ctx context.Context, sr SeekRequest) (*Table, error) {
	t := NewTable(1)
	if f, denied := oid.DeniedRange(sr.Column); denied {
		return t, &Error{Kind: KindForbidden, What: sr.Name, Err: fmt.Errorf("%s and %s overlap: it is never asked for", sr.Column, f.Root)}
	}
	at, addresses, repetitions := sr.Column, 0, 1
	for {
		last := at
		_, resp, err := w.exchange(ctx, sr.Name, func(varbinds int) *Request {
			r := &Request{Op: OpGetNext, OIDs: []string{at}}
			if w.r.Bulk() {
				r.Op, r.Repetitions = OpGetBulk, max(1, min(varbinds, repetitions))
			}
			return r
		})
		if err != nil {
			return t, err
		}
		if resp.Status != StatusOK {
			if resp.Status == StatusNoSuchName {
				return t, nil
			}
			return t, statusError(sr.Name, resp.Status)
		}
		taken := 0
		for _, v := range resp.Vars {
			if !oid.Under(v.OID, sr.Column) || v.OID == sr.Column || v.Value.Absent() && v.OID == at {
				return t, nil
			}
			if oid.Compare(v.OID, last) <= 0 {
				return t, &Error{Kind: KindNonIncreasing, What: sr.Name, Err: fmt.Errorf("after %d rows of port %d", t.Rows(), sr.Port)}
			}
			last = v.OID
			if oid.Compare(v.OID, at) <= 0 {
				continue // an earlier variable of this answer made us jump over it
			}
			index := oid.Index(v.OID, sr.Column)
			local, port, ok := localEnd(sr.Address, index)
			if !ok {
				return t, &Error{Kind: KindMalformed, What: sr.Name, Err: fmt.Errorf("an index without address and port")}
			}
			switch {
			case port == sr.Port:
				if t.Rows() >= sr.MaxRows {
					return t, &Error{Kind: KindTooManyRows, What: sr.Name, Err: fmt.Errorf("more than %d rows of port %d", sr.MaxRows, sr.Port)}
				}
				t.Set(index, 0, v.Value)
				at = v.OID
				taken++
			case port < sr.Port:
				at = sr.Column + "." + local + "." + strconv.Itoa(int(sr.Port))
				addresses++
			default:
				at = sr.Column + "." + pastPorts(sr.Address, local)
				if oid.Compare(at, v.OID) < 0 {
					at = v.OID
				}
				addresses++
			}
		}
		repetitions = seekRepetitions
		if taken == len(resp.Vars) { // in the middle of the rows: as many as go
			repetitions = maxVarbinds
			w.grow()
		}
		if addresses > 2*sr.Addresses {
			return w.filter(ctx, sr)
		}
	}
}

// filter reads the whole column.
func (w *Walker) filter(ctx context.Context, sr SeekRequest) (*Table, error) {
	all, err := w.Table(ctx, TableRequest{Name: sr.Name, Columns: []string{sr.Column}, MaxRows: sr.MaxRows, Rows: sr.MaxRows})
	t := NewTable(1)
	for i, index := range all.Index {
		if _, port, ok := localEnd(sr.Address, index); ok && port == sr.Port {
			t.Set(index, 0, all.Cell(i, 0))
		}
	}
	return t, err
}

// localEnd splits an index: the part of it that is the local address, and the port.
func localEnd(p oid.Part, index string) (local string, port uint32, ok bool) {
	_, tail, err := p.Take(index)
	if err != nil || tail == "" {
		return "", 0, false
	}
	port, _, err = oid.Arc(tail)
	return index[:len(index)-len(tail)-1], port, err == nil
}

// pastPorts is the last index that can be of a local address: agents that look an
// index up by its parts want all of them, and none above its range.
func pastPorts(p oid.Part, local string) string {
	highest := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	if p == oid.PartIPv4 {
		return oid.AppendAddress(local+".65535", highest) + ".65535"
	}
	kind := "1.4"
	if v, _, _ := p.Take(local); v == "" || !netip.MustParseAddr(v).Is4() {
		kind = "2.16"
		highest = netip.AddrFrom16([16]byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255})
	}
	return oid.AppendAddress(local+".65535."+kind, highest) + ".65535"
}
