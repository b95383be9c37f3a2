package pptpprobe

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Options configure a [Probe]. The zero value is ready to use.
type Options struct {
	// Rand is the source of challenges, magic numbers and call ids; nil is crypto/rand.
	Rand io.Reader
	// MaxSessions bounds the sessions that run at once; 0 is 16384. A session
	// beyond it fails with local.call_id_exhausted.
	MaxSessions int
	// Resolver resolves the host names of targets; nil is net.DefaultResolver.
	Resolver *net.Resolver

	// dial, openGRE and openTap replace the sockets in tests; openTap counts only
	// together with openGRE, and may then be nil.
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	openGRE func(deliver func(packet []byte, from, to netip.Addr), failed func(greError)) (greSocket, error)
	openTap func(seen func(from, to netip.Addr, call uint16)) (io.Closer, error)
}

const (
	defaultMaxSessions = 16384
	// callIDQuarantine is how long a call id is not used again towards the same
	// server: a kernel that still holds the old session refuses the new one.
	callIDQuarantine = 3 * time.Minute
)

// greSocket sends GRE packets (without their IP header); receiving goes
// through the callbacks given when it was opened.
type greSocket interface {
	// Send transmits one packet. The packet may be reused when Send returns.
	Send(packet []byte, from, to netip.Addr) error
	Close() error
}

// greError is an ICMP error that came back for a GRE packet sent to To.
type greError struct {
	ICMPError
	To netip.Addr
	// CallID is the call id in the packet that the error quotes.
	CallID    uint16
	HasCallID bool
}

// Probe runs sessions. It owns one raw GRE socket, opened when the first
// session needs it, and hands received packets to the sessions by server
// address and call id. A Probe is safe for concurrent use.
type Probe struct {
	opts Options
	reg  registry
	ids  callIDs

	tap     tap
	logins  logins
	serials atomic.Uint64 // of sessions

	mu     sync.Mutex // guards sock and closed
	sock   greSocket
	closed bool
}

// ProbeStats counts what a [Probe] has seen since it was made.
type ProbeStats struct {
	// Sessions is the number of sessions that are in a call now.
	Sessions int
	// GREPackets counts received GRE packets, GREUnknown those that belong to no
	// session, and GREQueueDrops those lost because a session was too slow.
	GREPackets, GREUnknown, GREQueueDrops uint64
}

// New returns a Probe. It does not fail: where the raw socket cannot be
// opened, sessions deeper than [DepthControl] report local.no_permission.
func New(o Options) *Probe {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.MaxSessions <= 0 {
		o.MaxSessions = defaultMaxSessions
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.openGRE == nil {
		o.openGRE, o.openTap = openRaw, openTap
	}
	p := &Probe{opts: o}
	p.reg.init()
	p.tap.open, p.tap.seen = o.openTap, p.reg.onTap
	p.ids.init(o.Rand)
	return p
}

// Run runs one session against t and tears it down. It never returns nil: what
// is wrong with the target, the gateway, the path or this host is in the
// result. A target that [Target.Validate] refuses is not contacted: its failure
// has no Cause, and the reason in Err. Of a name with several addresses, the first
// is used; see [Probe.RunAll]. Cancelling ctx ends the session early, but not its
// teardown, which takes at most t.Budgets.Teardown.
func (p *Probe) Run(ctx context.Context, t Target) *Result {
	s := newSession(p, &t)
	s.run(ctx)
	return s.res
}

// Stats returns the counters of p.
func (p *Probe) Stats() ProbeStats { return p.reg.stats() }

// Close closes the raw socket. Call it when all runs have returned.
func (p *Probe) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.sock == nil {
		return nil
	}
	err := p.sock.Close()
	p.sock = nil
	return err
}

// socket returns the shared GRE socket and opens it when needed. A failure is
// not remembered: the capability may have been granted since.
func (p *Probe) socket() (greSocket, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, net.ErrClosed
	}
	if p.sock == nil {
		sock, err := p.opts.openGRE(p.reg.deliver, p.reg.icmp)
		if err != nil {
			return nil, err
		}
		p.sock = sock
	}
	return p.sock, nil
}
