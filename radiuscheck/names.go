package radiuscheck

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// lookupInterval is how long the addresses of a name are taken to be right. The system's
// resolver does not tell how long they are.
const lookupInterval = time.Minute

// maxAddresses of a name are asked; what has more is no name of a RADIUS server.
const maxAddresses = 8

// lookup finds the addresses of a host, best first.
type lookup func(ctx context.Context, host string) ([]netip.Addr, error)

// name is a host and its addresses. Once one of them has answered in a round, all requests
// of it go there, for what they find is compared; the next round begins with it. When none
// has answered, the next round begins with those that there was no time for.
type name struct {
	host  string
	addrs []netip.Addr // in the order in which they are asked
	until time.Time    // then they are looked up again
	found bool         // it was looked up in this round, or did not have to be
	err   error        // of that

	heard   bool // an address has answered in this round, and is the first
	alive   bool // one had in the last round that asked
	reached int  // how many addresses every request of this round went to, while none had answered
}

// begin begins a round.
func (n *name) begin(now time.Time) {
	switch {
	case n.heard:
		n.alive = true
	case n.reached > 0:
		n.alive = false
		n.until = now // it may have moved
		n.addrs = slices.Concat(n.addrs[n.reached:], n.addrs[:n.reached])
	}
	n.found, n.err, n.heard, n.reached = false, nil, false, 0
}

// find looks the name up, if that is due; once in a round at the most. A failure is not
// covered with what was known before: a gateway that looks it up now fails as well.
func (n *name) find(ctx context.Context, now time.Time, find lookup) error {
	if n.found {
		return n.err
	}
	n.found = true
	if now.Before(n.until) {
		return nil
	}
	list, err := find(ctx, n.host)
	if err == nil && len(list) == 0 {
		err = errors.New("no address")
	}
	if err != nil {
		n.err = err
		return err
	}
	n.until = now.Add(lookupInterval)
	n.update(list[:min(len(list), maxAddresses)])
	return nil
}

// update takes a new list. The order of the old one stays, for resolvers shuffle; what is
// new comes last if an old one has answered, and else first.
func (n *name) update(list []netip.Addr) {
	var known, fresh []netip.Addr
	for _, a := range n.addrs {
		if slices.Contains(list, a) {
			known = append(known, a)
		}
	}
	for _, a := range list {
		if !slices.Contains(known, a) && !slices.Contains(fresh, a) {
			fresh = append(fresh, a)
		}
	}
	if n.alive {
		n.addrs = append(known, fresh...)
	} else {
		n.addrs = append(fresh, known...)
	}
}

// answered notes that the address at an index has.
func (n *name) answered(i int) {
	a := n.addrs[i]
	n.addrs = slices.Insert(slices.Delete(n.addrs, i, i+1), 0, a)
	n.heard = true
}

// silent notes that the first so many addresses have not answered a request.
func (n *name) silent(addresses int) {
	if n.reached == 0 || addresses < n.reached {
		n.reached = addresses
	}
}

// unresolved is the failure of a host without address.
func unresolved(host string, err error) *Failure {
	text := err.Error()
	var dns *net.DNSError
	if errors.As(err, &dns) {
		text = dns.Err
	}
	return &Failure{Cause: Unreachable, Detail: fmt.Sprintf("The name %s cannot be resolved: %s.", host, text), Hint: noAddress}
}

// resolve asks the system's resolver, whose order is that of RFC 6724: what this host has
// no route to comes last.
func resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	list, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	for i, a := range list {
		list[i] = a.Unmap()
	}
	return list, err
}
