package gateway

import (
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
)

const (
	queueLen      = 256  // packets that wait for a session's goroutine, each way
	maxPacket     = 2048 // longer ones are dropped: PPP frames are at most 1500 bytes and a little
	controlBuffer = 4096
	// writeTimeout is how long a client may leave the control connection unread.
	writeTimeout = 5 * time.Second
)

var packets = sync.Pool{New: func() any { return new([maxPacket]byte) }}

// queued is a packet that waits; its buffer goes back to packets.
type queued struct {
	buf *[maxPacket]byte
	n   int
}

// conn does the I/O of one session: one goroutine has the session, a second one
// reads the TCP connection.
type conn struct {
	g      *Gateway
	tcp    *net.TCPConn
	client netip.AddrPort
	local  netip.Addr
	s      *session
	router router

	control chan []byte // what was read; closed at its end
	grants  chan struct{}
	gre, ip chan queued
	changed chan struct{}
	older   chan struct{} // a newer session of the same user
	ended   chan struct{}

	mu   sync.Mutex
	info Session
}

func newConn(g *Gateway, tcp *net.TCPConn, number uint64) *conn {
	c := &conn{
		g: g, tcp: tcp, client: addrPort(tcp.RemoteAddr()), local: addrPort(tcp.LocalAddr()).Addr(),
		control: make(chan []byte), grants: make(chan struct{}),
		gre: make(chan queued, queueLen), ip: make(chan queued, queueLen),
		changed: make(chan struct{}, 1), older: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	c.s = newSession(&g.cfg, g.faults.Load, c, number, c.client)
	c.router = router{
		local: g.cfg.LocalIP, faults: g.faults.Load, agenda: &c.s.agenda,
		rng: rand.New(rand.NewPCG(g.cfg.Seed, ^number)),
	}
	c.info = Session{Number: number, Client: c.client, Since: time.Now()}
	return c
}

func addrPort(a net.Addr) netip.AddrPort {
	ap := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// run lives as long as the session.
func (c *conn) run() {
	c.tapTCP(true, flagSYN, 0)
	var reader sync.WaitGroup
	reader.Go(c.read)
	defer func() {
		_ = c.tcp.Close()
		close(c.grants)
		reader.Wait()
		c.g.reg.forget(c, c.s.user)
		c.g.remove(c)
		close(c.ended)
	}()
	c.s.start(time.Now())
	timer := time.NewTimer(0)
	defer timer.Stop()
	control, closing := c.control, c.g.closing
	for !c.s.done {
		if d := c.s.deadline(); d.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(d))
		}
		select {
		case b, ok := <-control:
			if !ok {
				control = nil
				c.s.controlClosed(time.Now())
				break
			}
			c.s.receiveControl(time.Now(), b)
			c.grants <- struct{}{}
		case q := <-c.gre:
			c.receiveGRE(q)
		case q := <-c.ip:
			c.router.toClient(time.Now(), q.buf[:q.n], c.s.sendIP)
			packets.Put(q.buf)
		case <-c.changed:
			c.s.faultsChanged(time.Now())
		case <-c.older:
			c.s.replaced(time.Now())
		case <-closing:
			c.s.shutdown(time.Now())
		case <-timer.C:
			c.s.tick(time.Now())
		}
	}
}

// read reads the control connection. The buffer is the session's until it is
// granted again.
func (c *conn) read() {
	defer close(c.control)
	buf := make([]byte, controlBuffer)
	for {
		n, err := c.tcp.Read(buf)
		if n > 0 {
			c.tapTCP(true, flagPSH, n)
			select {
			case c.control <- buf[:n]:
			case <-c.grants:
				return // the session has ended
			}
			if _, ok := <-c.grants; !ok {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (c *conn) receiveGRE(q queued) {
	defer packets.Put(q.buf)
	p, err := gre.Parse(q.buf[:q.n])
	if err != nil {
		c.g.count.greMalformed.Add(1)
		return
	}
	c.s.receiveGRE(time.Now(), p)
}

// enqueueGRE and enqueueIP are called from other goroutines; they copy.
func (c *conn) enqueueGRE(b []byte) { c.enqueue(c.gre, b) }
func (c *conn) enqueueIP(b []byte)  { c.enqueue(c.ip, b) }

func (c *conn) enqueue(to chan queued, b []byte) {
	if len(b) > maxPacket {
		c.g.count.queueDrops.Add(1)
		return
	}
	q := queued{buf: packets.Get().(*[maxPacket]byte)}
	q.n = copy(q.buf[:], b)
	select {
	case to <- q:
	default:
		c.g.count.queueDrops.Add(1)
		packets.Put(q.buf)
	}
}

// notify says that the faults have changed.
func (c *conn) notify() { signal(c.changed) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // one is waiting already
	}
}

func (c *conn) snapshot() Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	info := c.info
	info.BytesIn, info.BytesOut = c.s.bytesIn.Load(), c.s.bytesOut.Load()
	return info
}

// sendControl implements world. A client that does not read loses the connection,
// which its reader then notices.
func (c *conn) sendControl(b []byte) {
	_ = c.tcp.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := c.tcp.Write(b); err != nil {
		_ = c.tcp.Close()
		return
	}
	c.tapTCP(false, flagPSH, len(b))
}

// closeControl implements world.
func (c *conn) closeControl() {
	if c.tcp.Close() == nil { // else it was closed already
		c.tapTCP(false, flagFIN, 0)
	}
}

// sendGRE implements world.
func (c *conn) sendGRE(b []byte) {
	if c.g.gre == nil {
		return
	}
	from := c.local
	if f := c.g.faults.Load(); f.GRESource.Is4() {
		from = f.GRESource
	}
	if err := c.g.gre.send(b, from, c.client.Addr()); err != nil {
		c.g.log.Debug("gateway: GRE", "session", c.s.number, "error", err)
		return
	}
	c.g.count.greSent.Add(1)
	c.g.tapGRE(false, c.client.Addr(), from, len(b))
}

// deliverIP implements world.
func (c *conn) deliverIP(packet []byte) {
	now := time.Now()
	reply := func(b []byte) { c.router.toClient(now, b, c.s.sendIP) }
	c.router.fromClient(now, packet, func(p *ipv4) { c.g.services.deliver(p, reply) }, reply)
}

// takeCall implements world.
func (c *conn) takeCall(peerID uint16) (id uint16, result, errorCode uint8) {
	return c.g.reg.takeCall(c, peerID)
}

// dropCall implements world.
func (c *conn) dropCall(id uint16) { c.g.reg.dropCall(id) }

// takeAddress implements world.
func (c *conn) takeAddress(wanted netip.Addr, fixed bool) (netip.Addr, bool) {
	return c.g.reg.takeAddress(c, wanted, fixed)
}

// dropAddress implements world.
func (c *conn) dropAddress(a netip.Addr) { c.g.reg.dropAddress(c, a) }

// login implements world.
func (c *conn) login(user string) {
	if old := c.g.reg.login(c, user); old != nil && old != c && c.g.faults.Load().ReplaceSession {
		signal(old.older)
	}
}

// observe implements world.
func (c *conn) observe(e Event) {
	c.count(e)
	c.mu.Lock()
	c.info.Last, c.info.CallID, c.info.PeerID, c.info.User, c.info.Address = e.Kind, e.CallID, e.PeerID, e.User, e.Address
	if e.Kind == EventEncrypted {
		c.info.Encryption = e.Detail
	}
	c.mu.Unlock()
	c.g.log.Debug("gateway: "+e.Kind.String(), slog.Uint64("session", e.Session), slog.String("client", e.Client.String()),
		slog.String("user", e.User), slog.String("detail", e.Detail))
	if c.g.cfg.Observe != nil {
		c.g.cfg.Observe(e)
	}
}

func (c *conn) count(e Event) {
	n := &c.g.count
	switch e.Kind {
	case EventCallUp:
		n.calls.Add(1)
	case EventAuthOK:
		n.authenticated.Add(1)
	case EventAuthFailed:
		n.authFailed.Add(1)
	case EventEstablished:
		n.established.Add(1)
	case EventClosed:
		n.closed.Add(1)
		if e.Teardown.Clean() {
			n.clean.Add(1)
		}
	}
}
