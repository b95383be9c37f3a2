package tunnel

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// maxPings is how many echo requests can wait for their reply.
const maxPings = 64

// ErrTooManyPings means that 64 echo requests of the tunnel wait for a reply.
var ErrTooManyPings = errors.New("too many outstanding pings")

// EchoReply is the answer to one ICMP echo request.
type EchoReply struct {
	RTT  time.Duration // from the call of send to the call of Deliver
	From netip.Addr    // source of the reply
	Size int           // bytes of ICMP payload that came back
	TTL  uint8         // left in the reply
}

type echoKey struct{ id, seq uint16 }

type echoResult struct {
	reply EchoReply
	err   error
}

// echoWait is one outstanding echo request.
type echoWait struct {
	sent  time.Time // zero: still in the queue
	token []byte    // first bytes of the payload
	done  chan echoResult
}

// pinger holds the outstanding echo requests of a tunnel.
type pinger struct {
	mu      sync.Mutex
	waiting map[echoKey]*echoWait // nil before the first ping
	id      uint16
	ipID    uint16
}

// Ping sends one ICMP echo request with size bytes of payload and waits for the
// reply, until ctx ends. df sets "don't fragment". The packet is size+28 bytes
// long; one that exceeds the tunnel's MTU is not sent and is EMSGSIZE.
//
// The time measured runs from the moment send is called to the moment Deliver
// is; waiting in the queue is not in it. Other errors: the context's own when no
// reply came, an *ICMPError when a router or the destination reported one,
// ErrTooManyPings, ENOBUFS when the queue to the tunnel is full, net.ErrClosed.
//
// Concurrent calls are told apart by identifier, sequence number and payload;
// the same seq may be used again at once.
func (t *Tunnel) Ping(ctx context.Context, dst netip.Addr, seq uint16, size int, df bool) (EchoReply, error) {
	reply, err := t.ping(ctx, dst.Unmap(), seq, size, df)
	if err != nil {
		return EchoReply{}, fmt.Errorf("ping %s seq %d: %w", dst, seq, err)
	}
	return reply, nil
}

func (t *Tunnel) ping(ctx context.Context, dst netip.Addr, seq uint16, size int, df bool) (EchoReply, error) {
	switch {
	case !dst.Is4():
		return EchoReply{}, syscall.EAFNOSUPPORT
	case size < 0:
		return EchoReply{}, syscall.EINVAL
	case ipv4HeaderLen+icmpHeaderLen+size > t.mtu:
		return EchoReply{}, fmt.Errorf("%d bytes of payload in an mtu of %d: %w", size, t.mtu, syscall.EMSGSIZE)
	case ctx.Err() != nil:
		return EchoReply{}, ctx.Err()
	case t.ctx.Err() != nil:
		return EchoReply{}, net.ErrClosed
	}

	data := echoPayload(size)
	wait := &echoWait{token: data[:min(size, 8)], done: make(chan echoResult, 1)}
	key, ipID, err := t.pings.add(seq, wait)
	if err != nil {
		return EchoReply{}, err
	}
	defer t.pings.remove(key)

	packet := make([]byte, 0, ipv4HeaderLen+icmpHeaderLen+size)
	packet = appendIPv4(packet, &ipv4Header{src: t.local, dst: dst, id: ipID, df: df, ttl: defaultTTL, protocol: protocolICMP}, icmpHeaderLen+size)
	packet = appendEcho(packet, icmpEchoRequest, echoMessage{id: key.id, seq: seq, data: data})
	if !t.link.enqueue(packet) {
		return EchoReply{}, syscall.ENOBUFS
	}

	select {
	case r := <-wait.done:
		return r.reply, r.err
	case <-ctx.Done():
		return EchoReply{}, ctx.Err()
	case <-t.ctx.Done():
		return EchoReply{}, net.ErrClosed
	}
}

// echoPayload starts with 8 random bytes, so that a late reply to an earlier
// request with the same numbers is not taken for this one's.
func echoPayload(size int) []byte {
	b := make([]byte, size, size+8)
	for i := range b {
		b[i] = byte(i)
	}
	copy(b, binary.BigEndian.AppendUint64(b[size:], rand.Uint64())) //nolint:gosec // tells our echoes apart, no secret
	return b
}

func (p *pinger) add(seq uint16, w *echoWait) (echoKey, uint16, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting == nil {
		p.waiting = make(map[echoKey]*echoWait)
		p.id = uint16(rand.Uint32()) //nolint:gosec // as ping(8) does, no secret
	}
	if len(p.waiting) >= maxPings {
		return echoKey{}, 0, ErrTooManyPings
	}
	// One identifier for the whole session: firewalls on the way keep a state
	// per identifier. Another one only while the number is in use.
	key := echoKey{p.id, seq}
	for p.waiting[key] != nil {
		key.id++
	}
	p.waiting[key] = w
	p.ipID++
	return key, p.ipID, nil
}

func (p *pinger) remove(key echoKey) {
	p.mu.Lock()
	delete(p.waiting, key)
	p.mu.Unlock()
}

// sending stamps an echo request that is about to leave.
func (p *pinger) sending(packet []byte) {
	const typ = ipv4HeaderLen // the requests built here have no IP options
	if len(packet) < ipv4HeaderLen+icmpHeaderLen || packet[0] != 0x45 ||
		packet[9] != protocolICMP || packet[typ] != icmpEchoRequest {
		return
	}
	m, _ := parseEcho(packet[typ:])
	p.mu.Lock()
	if w := p.waiting[echoKey{m.id, m.seq}]; w != nil {
		w.sent = time.Now()
	}
	p.mu.Unlock()
}

// replied hands an echo reply to whom waits for it.
func (p *pinger) replied(now time.Time, h *ipv4Header, m echoMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.match(m)
	if w == nil || len(m.data) < len(w.token) {
		return
	}
	p.finish(w, echoResult{reply: EchoReply{RTT: now.Sub(w.sent), From: h.src, Size: len(m.data), TTL: h.ttl}})
}

// failed hands an ICMP error to whom sent the request it quotes.
func (p *pinger) failed(e *ICMPError, m echoMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.match(m); w != nil {
		p.finish(w, echoResult{err: e})
	}
}

// match finds the request, sent already, that a reply or a quotation of
// possibly no more than its first 8 bytes belongs to.
func (p *pinger) match(m echoMessage) *echoWait {
	w := p.waiting[echoKey{m.id, m.seq}]
	if w == nil || w.sent.IsZero() {
		return nil
	}
	n := min(len(w.token), len(m.data))
	if !bytes.Equal(w.token[:n], m.data[:n]) {
		return nil
	}
	return w
}

// finish never blocks: only the first result counts.
func (*pinger) finish(w *echoWait, r echoResult) {
	select {
	case w.done <- r:
	default:
	}
}
