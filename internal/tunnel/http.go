package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// maxDialAddresses is how many addresses of one name are tried.
const maxDialAddresses = 4

// LookupFunc finds the addresses of a name. LookupNetIP of the *net.Resolver
// that Tunnel.Resolver makes is one; network is "ip4".
type LookupFunc func(ctx context.Context, network, host string) ([]netip.Addr, error)

// HTTPOption changes what HTTPTransport makes.
type HTTPOption func(*httpDialer)

// WithLookup resolves names in URLs with f. Without it URLs must hold
// addresses.
func WithLookup(f LookupFunc) HTTPOption {
	return func(d *httpDialer) { d.lookup = f }
}

type httpDialer struct {
	tunnel *Tunnel
	lookup LookupFunc
}

// HTTPTransport makes a transport whose connections go through the tunnel and
// nowhere else: no proxy of the environment, no resolver of the host. It keeps
// at most 4 idle connections, for 30 s; set DisableKeepAlives to measure each
// request with a connection of its own. Time limits are the caller's, by
// context.
func (t *Tunnel) HTTPTransport(opts ...HTTPOption) *http.Transport {
	d := &httpDialer{tunnel: t}
	for _, o := range opts {
		o(d)
	}
	return &http.Transport{
		DialContext:       d.dial,
		ForceAttemptHTTP2: true,
		MaxIdleConns:      4,
		IdleConnTimeout:   30 * time.Second,
	}
}

func (d *httpDialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, &net.AddrError{Err: "invalid port", Addr: address}
	}
	addrs, err := d.addresses(ctx, host)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	var errs []error
	for _, a := range addrs {
		c, err := d.tunnel.DialTCP(ctx, netip.AddrPortFrom(a, uint16(port)))
		if err == nil {
			return c, nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

func (d *httpDialer) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	if d.lookup == nil {
		return nil, &net.DNSError{Err: "no resolver in the tunnel", Name: host}
	}
	addrs, err := d.lookup(ctx, "ip4", host)
	if err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	return addrs[:min(len(addrs), maxDialAddresses)], nil
}

// Resolver asks the given name servers, on port 53, through the tunnel: each
// query the next of them in turn, so that a server which does not answer costs
// the first try only. Names that end in a dot are asked for as they are.
//
// The resolver is Go's own. It never asks the host's name servers, but how often
// and how long it asks, the search domains for names that do not end in a dot,
// and the names in the hosts file are those of the host.
func (t *Tunnel) Resolver(servers []netip.Addr) *net.Resolver {
	servers = slices.Clone(servers)
	var turn atomic.Uint32
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			if len(servers) == 0 {
				return nil, errors.New("no name server in the tunnel")
			}
			i := (turn.Add(1) - 1) % uint32(len(servers))
			server := netip.AddrPortFrom(servers[i], 53)
			switch network {
			case "udp", "udp4":
				return t.DialUDP(ctx, server)
			case "tcp", "tcp4":
				return t.DialTCP(ctx, server)
			default:
				return nil, fmt.Errorf("dial name server: network %q: %w", network, net.UnknownNetworkError(network))
			}
		},
	}
}
