package pptpprobe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

const (
	// maxAddresses is how many addresses of a name are probed: those that come
	// first in numeric order.
	maxAddresses = 16
	// addressPause is the least time from the start of one session to the next:
	// the addresses of a name may well lead to one gateway.
	addressPause = time.Second
)

var errHoldAll = errors.New("hold: a name with several addresses cannot be held; make each address a target of its own")

// RunAll is [Probe.Run] for each IPv4 address of t.Host, one after the other and
// at least a second apart. The results, at least one and at most 16, are in the
// order of the addresses. Where some sessions fail and others do not, those that
// do not carry the warning dns.partial. When ctx ends, what has not begun is left out.
func (p *Probe) RunAll(ctx context.Context, t Target) []*Result {
	if t.Hold != nil {
		s := newSession(p, &t)
		s.invalid(errHoldAll)
		return []*Result{s.res}
	}
	addrs := p.addresses(ctx, t)
	if len(addrs) == 0 { // an address, or what is wrong with the name is the session's to tell
		return []*Result{p.Run(ctx, t)}
	}
	results := make([]*Result, 0, len(addrs))
	for _, a := range addrs {
		if len(results) > 0 && !sleepUntil(ctx, results[len(results)-1].Start.Add(addressPause)) {
			break
		}
		s := newSession(p, &t)
		s.peer = a
		s.run(ctx)
		results = append(results, s.res)
	}
	warnPartial(results)
	return results
}

// addresses returns the addresses of the target's name; none if it has no name,
// or no address can be had.
func (p *Probe) addresses(ctx context.Context, t Target) []netip.Addr {
	if t.Validate() != nil {
		return nil
	}
	t = t.withDefaults()
	if _, err := netip.ParseAddr(t.Host); err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, t.Budgets.DNS)
	defer cancel()
	addrs, err := p.opts.Resolver.LookupNetIP(ctx, "ip4", t.Host)
	if err != nil {
		return nil
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	addrs = slices.Compact(addrs)
	return addrs[:min(len(addrs), maxAddresses)]
}

// warnPartial tells the sessions that went well of those that did not.
func warnPartial(results []*Result) {
	var failed []string
	for _, r := range results {
		if r.Failure != nil {
			failed = append(failed, fmt.Sprintf("%s (%s)", r.PeerAddr, r.Failure.Cause))
		}
	}
	if len(failed) == 0 || len(failed) == len(results) {
		return
	}
	for _, r := range results {
		if r.Failure == nil {
			r.Warnings = append(r.Warnings, Warning{
				Stage: StageDNS, Cause: CauseDNSPartial, Hint: CauseDNSPartial.Hint(), At: r.Start.Add(r.Duration),
				Detail: fmt.Sprintf("%d of the %d addresses of %s fail: %s", len(failed), len(results), r.Target.Host, strings.Join(failed, ", ")),
			})
		}
	}
}

// sleepUntil returns false if ctx ends before.
func sleepUntil(ctx context.Context, at time.Time) bool {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
