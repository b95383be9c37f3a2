package mppe

import (
	"fmt"
	"slices"
)

// Encryptor encrypts the packets of one direction. It is not safe for concurrent
// use.
type Encryptor struct {
	cfg    Config
	key    keyState
	cipher *arc4  // of stateful mode; a stateless packet has one of its own, on the stack
	count  uint16 // coherency count of the next packet
	flush  bool   // the peer asked for a reset
	stats  Stats
}

// NewEncryptor returns an encryptor whose first packet has coherency count 0.
func NewEncryptor(c Config) *Encryptor {
	e := &Encryptor{cfg: c, key: newKeyState(c)}
	if !c.Stateless {
		e.cipher = new(arc4)
		e.key.arm(e.cipher)
	}
	return e
}

// Format writes strength and mode, never a key.
func (e *Encryptor) Format(f fmt.State, verb rune) { e.cfg.Format(f, verb) }

// Flush makes the next packet one that the peer can decrypt without those before
// it. It is called for a CCP Reset-Request; several before the next packet are
// one. Stateless packets are all like that.
func (e *Encryptor) Flush() {
	e.stats.Resets++
	e.flush = true
}

// Seal appends the two octets of header and the encryption of plain, which is the
// PPP protocol field and the information, to dst. It allocates only when dst has
// no room for len(plain)+2. The spare capacity of dst must not overlap plain.
//
// In stateful mode a reset goes on with the next flag packet, the coherency
// counts up to it are left out: there, every peer changes the key once and starts
// the cipher anew. On any other packet with the FLUSHED bit peers differ: RFC 3078
// §8.2 keeps the key, Windows and Linux change it, nothing tells which it is, and a
// wrong guess would make garbage of all that follows. To a peer that waits for a
// reset the counts left out are packets lost. As with Linux, and against §3.1, the
// first packet does not have the bit.
func (e *Encryptor) Seal(dst, plain []byte) []byte {
	if e.flush && !e.cfg.Stateless {
		e.count |= flagCount
	}
	count := e.count
	e.count = (count + 1) & countMask
	flushed := e.cfg.Stateless || e.flush || isFlag(count)
	if flushed {
		e.key.advance(1)
		e.flush = false
	}
	if flushed && !e.cfg.Stateless {
		e.key.arm(e.cipher)
	}
	e.stats.Packets++
	e.stats.Bytes += uint64(len(plain))
	dst = appendHeader(slices.Grow(dst, headerLen+len(plain)), count, flushed)
	n := len(dst)
	dst = dst[:n+len(plain)]
	if e.cfg.Stateless {
		var c arc4
		e.key.arm(&c)
		c.xor(dst[n:], plain)
		return dst
	}
	e.cipher.xor(dst[n:], plain)
	return dst
}

// Stats returns the counters so far.
func (e *Encryptor) Stats() Stats {
	s := e.stats
	s.Rekeys = e.key.changes
	return s
}
