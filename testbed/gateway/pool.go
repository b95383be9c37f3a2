package gateway

import (
	"encoding/binary"
	"net/netip"
	"sync"
)

// pool hands out client addresses. It is safe for concurrent use.
type pool struct {
	mu          sync.Mutex
	first, last uint32 // usable addresses, both included
	next        uint32
	reserved    netip.Addr
	used        map[netip.Addr]bool
}

func newPool(p netip.Prefix, reserved netip.Addr) *pool {
	base := toUint32(p.Masked().Addr())
	size := uint32(1) << (32 - p.Bits())
	// Without the network and the broadcast address.
	return &pool{first: base + 1, last: base + size - 2, next: base + 1, reserved: reserved, used: make(map[netip.Addr]bool)}
}

// take returns a free address, wanted if that is one; false: there is none. It
// goes round, so that an address is not used again at once.
func (p *pool) take(wanted netip.Addr) (netip.Addr, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if wanted.Is4() && p.free(wanted) {
		p.used[wanted] = true
		return wanted, true
	}
	for range p.last - p.first + 1 {
		a := fromUint32(p.next)
		if p.next++; p.next > p.last {
			p.next = p.first
		}
		if p.free(a) {
			p.used[a] = true
			return a, true
		}
	}
	return netip.Addr{}, false
}

func (p *pool) free(a netip.Addr) bool {
	n := toUint32(a)
	return n >= p.first && n <= p.last && a != p.reserved && !p.used[a]
}

// release gives a back; addresses that were not taken are ignored.
func (p *pool) release(a netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.used, a)
}

// inUse returns how many addresses are taken.
func (p *pool) inUse() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.used)
}

func toUint32(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

func fromUint32(n uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}
