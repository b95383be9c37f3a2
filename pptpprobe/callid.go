package pptpprobe

import (
	"encoding/binary"
	"io"
	"net/netip"
	"sync"
	"time"
)

// callIDs hands out call ids: random, never 0, unique among the sessions of a
// server and not used again towards it for callIDQuarantine, because a server
// that still holds the old call refuses or mixes up the new one (Linux answers
// a repeated id with EALREADY).
type callIDs struct {
	rand io.Reader
	mu   sync.Mutex
	// used holds, for each server, the ids in use (zero time) and in quarantine
	// (the time it ends).
	used map[netip.Addr]map[uint16]time.Time
}

func (c *callIDs) init(r io.Reader) {
	c.rand = r
	c.used = make(map[netip.Addr]map[uint16]time.Time)
}

// take returns an id for a call to server, and false when none is free.
func (c *callIDs) take(now time.Time, server netip.Addr) (uint16, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids := c.used[server]
	if ids == nil {
		ids = make(map[uint16]time.Time)
		c.used[server] = ids
	}
	start := c.random()
	for i := range 1 << 16 {
		id := start + uint16(i)
		if id == 0 {
			continue
		}
		if until, taken := ids[id]; taken && (until.IsZero() || now.Before(until)) {
			continue
		}
		ids[id] = time.Time{}
		return id, true
	}
	return 0, false
}

// release puts id into quarantine, and forgets what has left it.
func (c *callIDs) release(now time.Time, server netip.Addr, id uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids := c.used[server]
	if ids == nil {
		return
	}
	ids[id] = now.Add(callIDQuarantine)
	// Map iteration starts at a random place, so looking at a few entries at each
	// release clears the whole map in the long run without ever walking it.
	looked := 0
	for k, until := range ids {
		if !until.IsZero() && !now.Before(until) {
			delete(ids, k)
		}
		if looked++; looked == 8 {
			break
		}
	}
	c.forgetIdleServers(now)
}

// forgetIdleServers drops servers of which no id is in use or in quarantine,
// again by looking at a few at a time.
func (c *callIDs) forgetIdleServers(now time.Time) {
	looked := 0
	for server, ids := range c.used {
		if looked++; looked > 2 {
			return
		}
		if len(ids) > 64 {
			continue
		}
		for k, until := range ids {
			if !until.IsZero() && !now.Before(until) {
				delete(ids, k)
			}
		}
		if len(ids) == 0 {
			delete(c.used, server)
		}
	}
}

func (c *callIDs) random() uint16 {
	var b [2]byte
	if _, err := io.ReadFull(c.rand, b[:]); err != nil {
		return uint16(time.Now().UnixNano())
	}
	return binary.BigEndian.Uint16(b[:])
}
