package pptpprobe

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// The layout of a received packet, up to what the registry looks at.
const (
	greHeaderCallID = 6
	greHeaderMin    = 8
)

type callKey struct {
	server netip.Addr
	call   uint16
}

// registry finds the session to which a received packet or an ICMP error
// belongs. It is safe for concurrent use.
type registry struct {
	mu      sync.RWMutex
	byKey   map[callKey]*session
	byCall  map[uint16][]*session     // to notice packets from another address
	byPeer  map[netip.Addr][]*session // to notice packets of other calls, and for ICMP errors
	packets atomic.Uint64
	unknown atomic.Uint64
	dropped atomic.Uint64
}

func (r *registry) init() {
	r.byKey = make(map[callKey]*session)
	r.byCall = make(map[uint16][]*session)
	r.byPeer = make(map[netip.Addr][]*session)
}

// add registers s under its server and call id; false when limit sessions are
// registered already.
func (r *registry) add(s *session, limit int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.byKey) >= limit {
		return false
	}
	k := callKey{s.res.PeerAddr, s.res.CallID}
	r.byKey[k] = s
	r.byCall[k.call] = append(r.byCall[k.call], s)
	r.byPeer[k.server] = append(r.byPeer[k.server], s)
	return true
}

func (r *registry) remove(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := callKey{s.res.PeerAddr, s.res.CallID}
	if r.byKey[k] != s {
		return
	}
	delete(r.byKey, k)
	without(r.byCall, k.call, s)
	without(r.byPeer, k.server, s)
}

func without[K comparable](m map[K][]*session, k K, s *session) {
	list := m[k]
	for i, x := range list {
		if x == s {
			list[i] = list[len(list)-1]
			list[len(list)-1] = nil
			list = list[:len(list)-1]
			break
		}
	}
	if len(list) == 0 {
		delete(m, k)
		return
	}
	m[k] = list
}

// deliver hands a GRE packet to its session. The packet is the caller's again
// when deliver returns.
func (r *registry) deliver(packet []byte, from, to netip.Addr) {
	r.packets.Add(1)
	if len(packet) < greHeaderMin {
		r.unknown.Add(1)
		return
	}
	call := binary.BigEndian.Uint16(packet[greHeaderCallID:])
	r.mu.RLock()
	defer r.mu.RUnlock()
	if s := r.byKey[callKey{from, call}]; s != nil && s.res.LocalAddr == to {
		r.push(s, newInput(packet))
		return
	}
	r.unknown.Add(1)
	now := time.Now()
	for _, s := range r.byCall[call] {
		if s.res.LocalAddr == to {
			s.strays.wrongSource(now, from)
		}
	}
	for _, s := range r.byPeer[from] {
		if s.res.LocalAddr == to {
			s.strays.unknownCall()
		}
	}
}

// icmp hands an ICMP error to the sessions it may concern.
func (r *registry) icmp(e greError) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, s := range r.byPeer[e.To] {
		// Behind a NAT that rewrites call ids, the quoted id is not the one we sent.
		if e.HasCallID && s.peerCall.Load() != uint32(e.CallID) && len(r.byPeer[e.To]) > 1 {
			continue
		}
		r.push(s, &input{icmp: &e.ICMPError})
	}
}

func (r *registry) push(s *session, in *input) {
	select {
	case s.inbox <- in:
	default:
		// The session cannot keep up; for it, this is loss like any other.
		r.dropped.Add(1)
		in.free()
	}
}

// addressInUse says whether another session of the same server holds a.
func (r *registry) addressInUse(s *session, a netip.Addr) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, x := range r.byPeer[s.res.PeerAddr] {
		if x == s {
			continue
		}
		if held := x.heldAddr.Load(); held != nil && *held == a {
			return true
		}
	}
	return false
}

func (r *registry) stats() ProbeStats {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return ProbeStats{
		Sessions:      len(r.byKey),
		GREPackets:    r.packets.Load(),
		GREUnknown:    r.unknown.Load(),
		GREQueueDrops: r.dropped.Load(),
	}
}

// strays notes packets that missed a session: what is addressed to its call
// but comes from elsewhere, and what its server sends to calls nobody has.
type strays struct {
	mu      sync.Mutex
	source  netip.Addr
	at      time.Time
	unknown uint64
}

func (s *strays) wrongSource(now time.Time, from netip.Addr) {
	s.mu.Lock()
	s.source, s.at = from, now
	s.mu.Unlock()
}

func (s *strays) unknownCall() {
	s.mu.Lock()
	s.unknown++
	s.mu.Unlock()
}

func (s *strays) get() (wrong netip.Addr, unknown uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source, s.unknown
}

// input is what reaches a session from the shared socket: a packet, or an ICMP
// error for one it sent.
type input struct {
	icmp *ICMPError
	n    int
	buf  [maxGREPacket]byte
}

// maxGREPacket bounds what is taken of a packet: 1500 bytes on the path, and
// room for a frame that was reassembled from slightly more.
const maxGREPacket = 2048

var inputs = sync.Pool{New: func() any { return new(input) }}

func newInput(packet []byte) *input {
	in := inputs.Get().(*input)
	in.n = copy(in.buf[:], packet)
	return in
}

func (in *input) free() {
	if in.icmp == nil {
		inputs.Put(in)
	}
}
