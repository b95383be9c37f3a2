package tunnel

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"sync"
	"time"
)

// Bounds of reassembly. The stack's own would keep 4 MiB a tunnel for whoever
// cares to send fragments; 8 KiB is more than the answers a probe asks for,
// EDNS among them.
const (
	maxDatagrams     = 4
	maxDatagramLen   = 8 << 10          // payload bytes
	fragmentLifetime = 15 * time.Second // RFC 791 §3.2
)

type fragmentKey struct {
	src, dst netip.Addr
	id       uint16
	protocol uint8
}

// datagram is one datagram of which parts are missing.
type datagram struct {
	key      fragmentKey
	began    time.Time
	header   []byte // of the first fragment; nil: not there yet
	payload  []byte
	have     [maxDatagramLen / 8 / 64]uint64 // a bit per 8 bytes
	received int                             // bits set in have
	total    int                             // bytes of payload; -1: last fragment not there yet
}

// reassembler puts fragmented datagrams together (RFC 791 §3.2). It has no
// timer: what is too old goes when the next fragment comes.
type reassembler struct {
	mu      sync.Mutex
	partial []*datagram // oldest first, at most maxDatagrams
}

// add takes one fragment and returns the whole packet when that was the last
// part missing. dropped counts the datagrams given up on.
func (r *reassembler) add(now time.Time, h *ipv4Header, packet []byte) (whole []byte, dropped int) {
	r.mu.Lock()
	defer r.mu.Unlock()

	for len(r.partial) > 0 && now.Sub(r.partial[0].began) > fragmentLifetime {
		r.remove(0)
		dropped++
	}
	payload := packet[h.headerLen:h.totalLen]
	end := h.offset + len(payload)
	if len(payload) == 0 || end > maxDatagramLen || (h.mf && len(payload)%8 != 0) {
		return nil, dropped + 1
	}

	key := fragmentKey{h.src, h.dst, h.id, h.protocol}
	i := r.find(key)
	if i < 0 {
		if len(r.partial) == maxDatagrams {
			r.remove(0)
			dropped++
		}
		i = len(r.partial)
		r.partial = append(r.partial, &datagram{key: key, began: now, total: -1})
	}
	d := r.partial[i]
	if !d.put(h, packet[:h.headerLen], payload) {
		r.remove(i)
		return nil, dropped + 1
	}
	if d.total < 0 || d.received < (d.total+7)/8 {
		return nil, dropped
	}
	r.remove(i)
	return d.packet(), dropped
}

func (r *reassembler) find(key fragmentKey) int {
	for i, d := range r.partial {
		if d.key == key {
			return i
		}
	}
	return -1
}

func (r *reassembler) remove(i int) {
	copy(r.partial[i:], r.partial[i+1:])
	r.partial[len(r.partial)-1] = nil
	r.partial = r.partial[:len(r.partial)-1]
}

// put stores one fragment. It is false when the fragment contradicts those
// before it: a datagram whose parts overlap is an attack, not a retransmission
// (RFC 1858, and RFC 5722 for IPv6). An exact repetition is neither.
func (d *datagram) put(h *ipv4Header, header, payload []byte) bool {
	end := h.offset + len(payload)
	first, last := h.offset/8, (end-1)/8
	seen := 0
	for b := first; b <= last; b++ {
		if d.have[b/64]&(1<<(b%64)) != 0 {
			seen++
		}
	}
	switch {
	case seen == last-first+1:
		return true
	case seen != 0:
		return false
	case d.total >= 0 && (end > d.total || !h.mf):
		return false
	case !h.mf && d.highest() > last:
		return false
	}

	if grow := end - len(d.payload); grow > 0 {
		d.payload = append(d.payload, make([]byte, grow)...)
	}
	copy(d.payload[h.offset:], payload)
	for b := first; b <= last; b++ {
		d.have[b/64] |= 1 << (b % 64)
	}
	d.received += last - first + 1
	if !h.mf {
		d.total = end
	}
	if h.offset == 0 {
		d.header = append([]byte(nil), header...)
	}
	return true
}

// highest is the number of the last 8 bytes received, -1 when none were.
func (d *datagram) highest() int {
	for i := len(d.have) - 1; i >= 0; i-- {
		if d.have[i] != 0 {
			return i*64 + 63 - bits.LeadingZeros64(d.have[i])
		}
	}
	return -1
}

// packet is the datagram as if it had never been cut.
func (d *datagram) packet() []byte {
	b := append(d.header, d.payload[:d.total]...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	b[6], b[7] = 0, 0
	b[10], b[11] = 0, 0
	binary.BigEndian.PutUint16(b[10:], checksum(b[:len(d.header)]))
	return b
}
