package pptpprobe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// checkTCP makes one TCP connection and closes it. Of a name with several
// addresses, the first that accepts will do.
func (e *checkEnv) checkTCP(ctx context.Context, r *CheckResult) {
	t := &TCPResult{}
	r.TCP = t
	host, port, err := splitEndpoint(r.Check.Endpoint)
	if err != nil {
		r.fail(CauseAppTCPRefused, err, "%s", err)
		return
	}
	var addrs []netip.Addr
	if a, err := netip.ParseAddr(host); err == nil {
		addrs = []netip.Addr{a}
	} else {
		begun := time.Now()
		addrs, err = e.lookup(ctx, host)
		t.Lookup = time.Since(begun)
		if err != nil {
			r.Failure = lookupFailure(r.Check, err)
			return
		}
	}
	for i, a := range addrs {
		t.Address = netip.AddrPortFrom(a, port)
		if err = e.connect(ctx, t, len(addrs)-i); err == nil {
			return
		}
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		r.fail(CauseAppTCPRefused, err, "the connection to %s was refused", t.Address)
	case unreachable(err):
		r.fail(CauseAppBeyondUnreachable, err, "there is no way to %s: %s", t.Address, rootError(err))
	default:
		r.fail(CauseAppTCPTimeout, err, "no TCP connection to %s within %s", t.Address, r.Check.Timeout)
	}
}

// connect tries one address. It leaves time for the others of left.
func (e *checkEnv) connect(ctx context.Context, t *TCPResult, left int) error {
	ctx, cancel := context.WithTimeout(ctx, share(ctx, left))
	defer cancel()
	begun := time.Now()
	c, err := e.tun.DialTCP(ctx, t.Address)
	if err != nil {
		return err
	}
	t.Connect = time.Since(begun)
	return c.Close()
}

// share is an equal part of the time that ctx has left.
func share(ctx context.Context, parts int) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		return defaultCheckTimeout
	}
	return time.Until(end) / time.Duration(parts)
}

// lookupFailure tells a name server that does not answer from one that says no.
func lookupFailure(c Check, err error) *Failure {
	var dns *net.DNSError
	if errors.As(err, &dns) && !dns.IsTimeout {
		return newFailure(StageApp, CauseAppDNSError, "the name in "+c.destination()+" was not resolved: "+dns.Err, err)
	}
	return newFailure(StageApp, CauseAppDNSTimeout, "the name servers of the tunnel did not answer for "+c.destination(), err)
}
