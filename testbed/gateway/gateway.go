package gateway

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
)

// Gateway is a simulated PPTP gateway that runs. All methods are safe for
// concurrent use.
type Gateway struct {
	cfg      Config
	addr     netip.AddrPort
	faults   atomic.Pointer[Faults]
	reg      *registry
	services *services
	listener *listener
	gre      greSocket // nil with NoGRE
	log      *slog.Logger

	closing  chan struct{}
	once     sync.Once
	closeErr error
	sessions sync.WaitGroup
	mu       sync.Mutex
	conns    map[*conn]struct{}
	number   uint64
	closed   bool

	count counters
}

type counters struct {
	connections, calls, authenticated, authFailed, established, closed, clean atomic.Uint64
	greReceived, greSent, greUnknown, greMalformed, queueDrops                atomic.Uint64
}

// Start starts a gateway. It ends with [Gateway.Close], or when ctx ends. The
// error wraps [ErrNoPermission] where the raw GRE socket needs CAP_NET_RAW.
func Start(ctx context.Context, cfg Config) (*Gateway, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	g := &Gateway{
		cfg: cfg, reg: newRegistry(&cfg), log: cfg.Logger,
		closing: make(chan struct{}), conns: make(map[*conn]struct{}),
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	faults := cfg.Faults
	g.faults.Store(&faults)
	if err := g.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("gateway %s: %w", cfg.Listen, err), g.Close())
	}
	g.sessions.Go(func() {
		select {
		case <-ctx.Done():
			g.shut()
		case <-g.closing:
		}
	})
	return g, nil
}

func (g *Gateway) open() error {
	var err error
	if g.services, err = startServices(&g.cfg, g.faults.Load, g.fromServices); err != nil {
		return err
	}
	if !g.cfg.NoGRE {
		// Before anybody can call: else the kernel answers GRE with "protocol unreachable".
		if g.gre, err = openGRE(g.cfg.Listen.Addr()); err != nil {
			return err
		}
		g.gre.start(g.receiveGRE)
	}
	if g.listener, err = newListener(net.TCPAddrFromAddrPort(g.cfg.Listen), g.accepted); err != nil {
		return err
	}
	g.addr = netip.AddrPortFrom(g.cfg.Listen.Addr(), uint16(g.listener.addr.Port))
	return g.listener.apply(g.faults.Load())
}

// Addr is the address of the control connection, with the port that was chosen.
func (g *Gateway) Addr() netip.AddrPort { return g.addr }

// Faults returns the present faults.
func (g *Gateway) Faults() Faults { return *g.faults.Load() }

// SetFaults replaces all faults; they apply to what happens from now on. When it
// returns, the TCP listener is as they want it. That the port was taken by
// somebody else while it was closed is logged.
func (g *Gateway) SetFaults(f Faults) {
	g.faults.Store(&f)
	if err := g.listener.apply(&f); err != nil {
		g.log.Error("gateway: listener", "error", err)
	}
	for _, c := range g.list() {
		c.notify()
	}
}

// Sessions returns the sessions that are up.
func (g *Gateway) Sessions() []Session {
	conns := g.list()
	sessions := make([]Session, 0, len(conns))
	for _, c := range conns {
		sessions = append(sessions, c.snapshot())
	}
	return sessions
}

// Stats returns the counters.
func (g *Gateway) Stats() Stats {
	n := &g.count
	return Stats{
		Connections: n.connections.Load(), Calls: n.calls.Load(), Authenticated: n.authenticated.Load(),
		AuthFailed: n.authFailed.Load(), Established: n.established.Load(), Closed: n.closed.Load(), ClosedClean: n.clean.Load(),
		GREReceived: n.greReceived.Load(), GRESent: n.greSent.Load(), GREUnknown: n.greUnknown.Load(),
		GREMalformed: n.greMalformed.Load(), QueueDrops: n.queueDrops.Load(),
		ActiveSessions: len(g.list()), ActiveCalls: g.reg.activeCalls(), AddressesInUse: g.reg.pool.inUse(),
	}
}

// Close ends all sessions, as an administrator's stop of a daemon does, and
// waits for everything to end. Further calls return the same.
func (g *Gateway) Close() error {
	g.shut()
	g.sessions.Wait()
	return g.closeErr
}

// shut is Close without the wait for the sessions.
func (g *Gateway) shut() {
	g.once.Do(func() {
		g.mu.Lock()
		g.closed = true
		g.mu.Unlock()
		close(g.closing)
		if g.listener != nil {
			g.listener.close()
		}
		// The sessions need GRE and services to end; so those last, by one of their own.
		g.sessions.Go(func() {
			for _, c := range g.list() {
				<-c.ended
			}
			if g.services != nil {
				g.services.close()
			}
			if g.gre != nil {
				g.closeErr = g.gre.close()
			}
		})
	})
}

// accepted takes a new TCP connection.
func (g *Gateway) accepted(tcp *net.TCPConn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || len(g.conns) >= g.cfg.MaxConnections {
		_ = tcp.Close()
		return
	}
	g.number++
	g.count.connections.Add(1)
	c := newConn(g, tcp, g.number)
	g.conns[c] = struct{}{}
	g.sessions.Go(c.run)
}

// remove forgets a session that has ended.
func (g *Gateway) remove(c *conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, c)
}

func (g *Gateway) list() []*conn {
	g.mu.Lock()
	defer g.mu.Unlock()
	conns := make([]*conn, 0, len(g.conns))
	for c := range g.conns {
		conns = append(conns, c)
	}
	return conns
}

// receiveGRE finds the session of a packet: by call id and by the client's address.
func (g *Gateway) receiveGRE(packet []byte) {
	p, ok := parseIPv4(packet)
	if !ok {
		return
	}
	g.count.greReceived.Add(1)
	if f := g.faults.Load(); f.GREICMPType != 0 {
		g.answerICMP(&p, f)
		return
	}
	if !g.faults.Load().GREDeaf {
		g.tapGRE(true, p.src, p.dst, len(p.payload))
	}
	if len(p.payload) < gre.HeaderLenMin {
		g.count.greMalformed.Add(1)
		return
	}
	c := g.reg.call(binary.BigEndian.Uint16(p.payload[6:])) // RFC 2637 section 4.1: the low half of the key
	if c == nil || c.client.Addr() != p.src {
		g.count.greUnknown.Add(1)
		return
	}
	c.enqueueGRE(p.payload)
}

// answerICMP says by ICMP that GRE is not wanted.
func (g *Gateway) answerICMP(p *ipv4, f *Faults) {
	m := icmpError(p, g.cfg.Listen.Addr(), f.GREICMPCode, 0)[ipv4HeaderLen:]
	m[0] = f.GREICMPType
	m[2], m[3] = 0, 0
	binary.BigEndian.PutUint16(m[2:], checksum(0, m))
	if err := g.gre.sendICMP(m, p.dst, p.src); err != nil {
		g.log.Error("gateway: fault GREICMPType", "error", err)
	}
}

// fromServices takes a packet of the services for a client.
func (g *Gateway) fromServices(packet []byte) {
	p, ok := parseIPv4(packet)
	if !ok {
		return
	}
	if c := g.reg.session(p.dst); c != nil {
		c.enqueueIP(p.raw)
	}
}
