package tunnel

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// MTUs that New accepts, in bytes.
const (
	MinMTU = 576  // every host takes this much (RFC 791 §3.1)
	MaxMTU = 1500 // PPP's default
)

// Tunnel is one IPv4 host at the end of a link. All methods are safe for
// concurrent use.
type Tunnel struct {
	local netip.Addr
	mtu   int
	send  func(packet []byte)
	opts  options

	ctx      context.Context // ends when the tunnel closes
	cancel   context.CancelFunc
	pumped   chan struct{} // closed when the pump has ended
	closing  sync.Once
	link     link
	pings    pinger
	frags    reassembler
	counters counters

	// mu is held while endpoints are made, so that Close sees all of them.
	mu     sync.RWMutex
	stack  *stack.Stack // nil before its first use
	closed bool
}

type counters struct {
	rx, tx, malformed, unwanted, fragments atomic.Uint64
}

// Stats counts the packets of a tunnel since New.
type Stats struct {
	RxPackets uint64 // given to Deliver
	TxPackets uint64 // given to send
	TxDropped uint64 // not sent because the queue was full

	RxMalformed        uint64 // not IPv4, truncated, or with a wrong checksum
	RxUnwanted         uint64 // for another address, or of no use to the tunnel
	RxFragmentsDropped uint64 // fragments and part-datagrams given up on
}

// New makes a tunnel with one interface of the given MTU (576 to 1500 bytes)
// and address; every destination is routed into the tunnel.
//
// send is called from the tunnel's one pump goroutine with one IPv4 packet of
// at most mtu bytes that is valid during the call. It may block, which fills a
// queue of 64 packets and then drops; it must not call Close.
func New(local netip.Addr, mtu int, send func(packet []byte), opts ...Option) (*Tunnel, error) {
	local = local.Unmap()
	switch {
	case !unicast(local):
		return nil, fmt.Errorf("new tunnel: %s is not an ipv4 host address", local)
	case mtu < MinMTU || mtu > MaxMTU:
		return nil, fmt.Errorf("new tunnel: mtu %d is not in %d to %d", mtu, MinMTU, MaxMTU)
	case send == nil:
		return nil, fmt.Errorf("new tunnel: no send function")
	}
	t := &Tunnel{
		local:  local,
		mtu:    mtu,
		send:   send,
		opts:   options{receive: DefaultReceiveBuffer, send: DefaultSendBuffer},
		pumped: make(chan struct{}),
		link:   link{Endpoint: channel.New(queueLen, uint32(mtu), "")},
	}
	for _, o := range opts {
		o(&t.opts)
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	if t.opts.promiscuous {
		// Others depend on what the stack answers of itself, resets and
		// "port unreachable", before anything listens.
		if err := t.makeStack(); err != nil {
			t.cancel()
			return nil, fmt.Errorf("new tunnel: %w", err)
		}
	}
	go t.pump()
	return t, nil
}

// LocalAddr is the tunnel's own address.
func (t *Tunnel) LocalAddr() netip.Addr { return t.local }

// MTU is the interface's MTU in bytes.
func (t *Tunnel) MTU() int { return t.mtu }

// Stats reads the counters.
func (t *Tunnel) Stats() Stats {
	return Stats{
		RxPackets:          t.counters.rx.Load(),
		TxPackets:          t.counters.tx.Load(),
		TxDropped:          t.link.dropped.Load(),
		RxMalformed:        t.counters.malformed.Load(),
		RxUnwanted:         t.counters.unwanted.Load(),
		RxFragmentsDropped: t.counters.fragments.Load(),
	}
}

// pump sends what the stack and the pings have queued.
func (t *Tunnel) pump() {
	defer close(t.pumped)
	for {
		pkt := t.link.ReadContext(t.ctx)
		if pkt == nil {
			break
		}
		t.transmit(pkt)
	}
	// The resets of the connections that Close ended.
	for pkt := t.link.Read(); pkt != nil; pkt = t.link.Read() {
		t.transmit(pkt)
	}
}

func (t *Tunnel) transmit(pkt *stack.PacketBuffer) {
	view := pkt.ToView()
	pkt.DecRef()
	t.counters.tx.Add(1)
	t.pings.sending(view.AsSlice())
	t.send(view.AsSlice())
	view.Release()
}

// Deliver takes one IPv4 packet from the tunnel. It copies what it needs, never
// blocks on the application, and drops what is not IPv4. Packets for another
// address than the tunnel's are dropped unless the tunnel is promiscuous.
func (t *Tunnel) Deliver(packet []byte) {
	now := time.Now() // before anything else: it is the end of a round-trip time
	if t.ctx.Err() != nil {
		return
	}
	t.counters.rx.Add(1)
	h, ok := parseIPv4(packet)
	if !ok {
		t.counters.malformed.Add(1)
		return
	}
	if h.dst != t.local && (!t.opts.promiscuous || !unicast(h.dst)) || !unicast(h.src) {
		t.counters.unwanted.Add(1)
		return
	}
	packet = packet[:h.totalLen]
	if h.fragment() {
		whole, dropped := t.frags.add(now, &h, packet)
		t.counters.fragments.Add(uint64(dropped))
		if whole == nil {
			return
		}
		packet = whole
		if h, ok = parseIPv4(packet); !ok {
			t.counters.malformed.Add(1)
			return
		}
	}
	if h.protocol == protocolICMP {
		t.deliverICMP(now, &h, packet)
		return
	}
	t.toStack(packet)
}

func (t *Tunnel) toStack(packet []byte) {
	if !t.link.IsAttached() {
		t.counters.unwanted.Add(1)
		return
	}
	t.link.inject(packet)
}

func (t *Tunnel) deliverICMP(now time.Time, h *ipv4Header, packet []byte) {
	msg := packet[h.headerLen:]
	if len(msg) < icmpHeaderLen || checksum(msg) != 0 {
		t.counters.malformed.Add(1)
		return
	}
	switch msg[0] {
	case icmpEchoReply:
		if m, ok := parseEcho(msg); ok && h.dst == t.local {
			t.pings.replied(now, h, m)
		}
	case icmpEchoRequest:
		t.answerEcho(h, msg)
	case icmpUnreachable, icmpTimeExceeded, icmpParameterProblem:
		t.deliverICMPError(h, packet, msg)
	default:
		t.counters.unwanted.Add(1)
	}
}

func (t *Tunnel) deliverICMPError(h *ipv4Header, packet, msg []byte) {
	e, quoted, transport, ok := parseICMPError(h.src, msg)
	if !ok {
		t.counters.malformed.Add(1)
		return
	}
	if quoted.protocol == protocolICMP {
		if m, ok := parseEcho(transport); ok && quoted.src == t.local && transport[0] == icmpEchoRequest {
			t.pings.failed(e, m)
		}
		return
	}
	if e.Type != icmpUnreachable {
		// The stack has no use for others, nor has TCP (RFC 5461 §4).
		t.counters.unwanted.Add(1)
		return
	}
	if e.Code == codeFragmentationNeeded {
		packet = append([]byte(nil), packet...)
		raisePathMTU(packet[h.headerLen:])
	}
	t.toStack(packet)
}

// answerEcho answers an echo request when the options say so. The reply is the
// request with the addresses exchanged (RFC 792); one that would have to be cut
// is not sent.
func (t *Tunnel) answerEcho(h *ipv4Header, msg []byte) {
	if !t.opts.echo || t.opts.echoMatch != nil && !t.opts.echoMatch(h.dst) || ipv4HeaderLen+len(msg) > t.mtu {
		t.counters.unwanted.Add(1)
		return
	}
	m, _ := parseEcho(msg)
	reply := make([]byte, 0, ipv4HeaderLen+len(msg))
	reply = appendIPv4(reply, &ipv4Header{src: h.dst, dst: h.src, id: h.id, df: h.df, ttl: defaultTTL, protocol: protocolICMP}, len(msg))
	reply = appendEcho(reply, icmpEchoReply, m)
	t.link.enqueue(reply)
}

// makeStack makes the stack unless it is there.
func (t *Tunnel) makeStack() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.stack != nil {
		return nil
	}
	s, err := newStack(&t.link, t.local, &t.opts)
	if err != nil {
		return err
	}
	t.stack = s
	return nil
}

// withStack runs f with the stack, which Close does not touch meanwhile. f must
// not block.
func (t *Tunnel) withStack(f func(*stack.Stack) error) error {
	t.mu.RLock()
	if t.stack == nil && !t.closed {
		t.mu.RUnlock()
		if err := t.makeStack(); err != nil {
			return err
		}
		t.mu.RLock()
	}
	defer t.mu.RUnlock()
	if t.closed {
		return net.ErrClosed
	}
	return f(t.stack)
}

// Close ends the tunnel: connections are reset, listeners closed, calls that
// wait return net.ErrClosed. When it returns all goroutines have ended and send
// is not called any more; until then it may be, and Close waits for a send in
// progress. Further calls do nothing but wait for the first.
func (t *Tunnel) Close() {
	t.closing.Do(func() {
		t.mu.Lock()
		t.closed = true
		s := t.stack
		t.mu.Unlock()
		if s != nil {
			closeStack(s)
		}
		t.cancel()
		<-t.pumped
		t.link.Close()
	})
}
