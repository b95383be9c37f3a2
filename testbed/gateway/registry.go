package gateway

import (
	"net/netip"
	"sync"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
)

// registry is what sessions share: call ids, addresses, who is who. It is safe
// for concurrent use.
type registry struct {
	pool     *pool
	maxCalls int
	zeroID   bool // the id 0 is given as well, and first

	mu       sync.RWMutex
	nextCall uint16
	calls    map[uint16]activeCall
	byPeer   map[peerCall]struct{}
	byAddr   map[netip.Addr]*conn
	byUser   map[string]*conn
}

type activeCall struct {
	c    *conn
	peer peerCall
}

// peerCall is what must be unique among calls, as the Linux kernel sees it.
type peerCall struct {
	client netip.Addr
	id     uint16
}

func newRegistry(cfg *Config) *registry {
	return &registry{
		pool: newPool(cfg.Pool, cfg.LocalIP), maxCalls: cfg.MaxCalls, zeroID: cfg.Manners.CallIDZero,
		calls: make(map[uint16]activeCall), byPeer: make(map[peerCall]struct{}),
		byAddr: make(map[netip.Addr]*conn), byUser: make(map[string]*conn),
	}
}

// takeCall returns an id for a call, or result and error of the OCRP that refuses
// it: 4, busy; or 2 with error 5, as npppd says it to a call id in use.
func (r *registry) takeCall(c *conn, peerID uint16) (id uint16, result, errorCode uint8) {
	r.mu.Lock()
	defer r.mu.Unlock()
	peer := peerCall{c.client.Addr(), peerID}
	if _, dup := r.byPeer[peer]; dup {
		return 0, control.ResultGeneralError, 5
	}
	if len(r.calls) >= r.maxCalls || len(r.calls) >= 0xFFFF {
		return 0, 4, 0
	}
	if _, taken := r.calls[0]; r.zeroID && !taken {
		r.calls[0], r.byPeer[peer] = activeCall{c, peer}, struct{}{}
		return 0, control.ResultOK, 0
	}
	// Ids go round: none is used again soon after its call.
	for {
		r.nextCall++
		if _, taken := r.calls[r.nextCall]; !taken && r.nextCall != 0 {
			break
		}
	}
	r.calls[r.nextCall], r.byPeer[peer] = activeCall{c, peer}, struct{}{}
	return r.nextCall, control.ResultOK, 0
}

func (r *registry) dropCall(id uint16) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byPeer, r.calls[id].peer)
	delete(r.calls, id)
}

// call returns the session of a call; nil: there is none.
func (r *registry) call(id uint16) *conn {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.calls[id].c
}

func (r *registry) takeAddress(c *conn, wanted netip.Addr, fixed bool) (netip.Addr, bool) {
	a, ok := wanted, true
	if !fixed {
		a, ok = r.pool.take(wanted)
	}
	if ok {
		r.mu.Lock()
		r.byAddr[a] = c
		r.mu.Unlock()
	}
	return a, ok
}

func (r *registry) dropAddress(c *conn, a netip.Addr) {
	r.mu.Lock()
	own := r.byAddr[a] == c // not by the fault that gives an address to several
	if own {
		delete(r.byAddr, a)
	}
	r.mu.Unlock()
	if own {
		r.pool.release(a)
	}
}

// session returns who has an address; nil: nobody.
func (r *registry) session(a netip.Addr) *conn {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byAddr[a]
}

// login makes c the session of a user and returns the one before, if any.
func (r *registry) login(c *conn, user string) *conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.byUser[user]
	r.byUser[user] = c
	return old
}

// forget removes what still points to a session that has ended.
func (r *registry) forget(c *conn, user string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if user != "" && r.byUser[user] == c {
		delete(r.byUser, user)
	}
}

func (r *registry) activeCalls() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.calls)
}
