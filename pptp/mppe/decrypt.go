package mppe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// What [Decryptor.Open] returns. Only with ErrImplausible is there a plaintext.
var (
	ErrShort        = errors.New("mppe: packet shorter than a header and one octet")
	ErrNotEncrypted = errors.New("mppe: encrypted bit clear")
	ErrNotFlushed   = errors.New("mppe: flushed bit clear in stateless mode")
	ErrLate         = errors.New("mppe: late or duplicate packet")
	ErrLost         = errors.New("mppe: packet before this one lost in stateful mode")
	ErrDiscarded    = errors.New("mppe: discarded while waiting for a flushed packet")
	ErrImplausible  = errors.New("mppe: decrypted packet is not plausible")
)

// Decryptor decrypts the packets of one direction. It is not safe for concurrent
// use.
type Decryptor struct {
	cfg    Config
	key    keyState
	cipher *arc4  // of stateful mode; a stateless packet has one of its own, on the stack
	last   uint16 // coherency count of the last packet that was not late

	// Stateful mode.
	waiting   bool // packets were lost: nothing can be decrypted until a FLUSHED one
	requested bool // the caller has sent a Reset-Request for that
	keepsKey  bool // the peer resets as RFC 3078 §8.2 has it, see openStateful

	stats Stats
}

// NewDecryptor returns a decryptor that expects coherency count 0 first.
func NewDecryptor(c Config) *Decryptor {
	d := &Decryptor{cfg: c, key: newKeyState(c), last: countMask}
	if !c.Stateless {
		d.cipher = new(arc4)
		d.key.arm(d.cipher)
	}
	return d
}

// Format writes strength and mode, never a key.
func (d *Decryptor) Format(f fmt.State, verb rune) { d.cfg.Format(f, verb) }

// Open appends the plaintext of packet, header included, to dst: the PPP protocol
// field and the information. It allocates only when dst has no room for it. The
// spare capacity of dst must not overlap packet.
//
// A late or duplicate packet is dropped, since the keys do not go back; so is one
// that seems more than 2048 ahead. An error other than [ErrImplausible] returns
// dst unchanged.
func (d *Decryptor) Open(dst, packet []byte) ([]byte, error) {
	if len(packet) <= headerLen {
		d.stats.Short++
		return dst, ErrShort
	}
	header, body := binary.BigEndian.Uint16(packet), packet[headerLen:]
	flushed, count := header&bitFlushed != 0, header&countMask
	if header&bitEncrypted == 0 {
		d.stats.NotEncrypted++
		return dst, ErrNotEncrypted
	}
	if d.cfg.Stateless && !flushed {
		d.stats.NotFlushed++
		return dst, ErrNotFlushed
	}
	ahead := int((count - d.last) & countMask)
	if ahead == 0 || ahead > maxAhead {
		d.stats.Late++
		return dst, ErrLate
	}
	last := d.last
	d.last = count
	d.stats.Lost += uint64(ahead - 1)
	if d.cfg.Stateless {
		// RFC 3078 §8.1: one key change for each packet, lost ones included.
		d.key.advance(ahead)
		var c arc4
		d.key.arm(&c)
		return d.check(decrypt(&c, dst, body), len(dst))
	}
	return d.openStateful(dst, body, last, ahead, flushed)
}

// openStateful follows RFC 3078 §8.2 where the peer does. The key has changed for
// every flag packet that was lost. A packet that starts the cipher anew (flag or
// FLUSHED) can be decrypted whatever was lost; any other one only in sequence.
//
// For a FLUSHED packet that is no flag packet the RFC starts the cipher anew with
// the current key, while Windows and Linux change the key. Which of the two the
// peer does is found by trying: nothing on the wire tells.
func (d *Decryptor) openStateful(dst, body []byte, last uint16, ahead int, flushed bool) ([]byte, error) {
	d.key.advance(flagsBetween(last, ahead))
	gap := d.waiting || ahead != 1
	if flag := isFlag(d.last); flag || flushed {
		d.waiting, d.requested = false, false
		return d.resync(dst, body, flag, gap)
	}
	if gap {
		d.stats.Discarded++
		if d.waiting {
			return dst, ErrDiscarded
		}
		d.waiting = true
		return dst, ErrLost
	}
	return d.check(decrypt(d.cipher, dst, body), len(dst))
}

// resync starts the cipher anew, with the number of key changes that makes the
// plaintext most certain, or the likeliest number if none does. After a gap there
// may be up to two changes more: those of FLUSHED packets that were lost.
func (d *Decryptor) resync(dst, body []byte, flag, gap bool) ([]byte, error) {
	var room [4]int
	changes := append(room[:0], 1)
	switch {
	case flag:
	case d.keepsKey:
		changes = append(room[:0], 0, 1)
	default:
		changes = append(changes, 0)
	}
	if gap {
		changes = append(changes, 2, 3)
	}
	base, best, sure := d.key, changes[0], impossible
	for _, n := range changes {
		if c := judge(d.restart(base, n, dst, body)[len(dst):]); c > sure {
			best, sure = n, c
		}
		if sure == certain {
			break
		}
	}
	if sure == certain && !flag {
		d.keepsKey = best == 0
	}
	return d.check(d.restart(base, best, dst, body), len(dst))
}

// restart decrypts with the key n changes after base.
func (d *Decryptor) restart(base keyState, n int, dst, body []byte) []byte {
	d.key = base
	d.key.advance(n)
	d.key.arm(d.cipher)
	return decrypt(d.cipher, dst, body)
}

func decrypt(c *arc4, dst, body []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(body))[:n+len(body)]
	c.xor(dst[n:], body)
	return dst
}

// check counts the packet and judges the plaintext that begins at from.
func (d *Decryptor) check(out []byte, from int) ([]byte, error) {
	d.stats.Packets++
	d.stats.Bytes += uint64(len(out) - from)
	if !Plausible(out[from:]) {
		d.stats.Implausible++
		return out, ErrImplausible
	}
	return out, nil
}

// Waiting says that packets were lost in stateful mode and nothing can be
// decrypted until the peer sends a packet with the FLUSHED bit.
func (d *Decryptor) Waiting() bool { return d.waiting }

// ResetNeeded says that a CCP Reset-Request is to be sent: Waiting, and none was
// sent for this loss. Whether to repeat one that stays without effect is the
// caller's to decide, by Waiting.
func (d *Decryptor) ResetNeeded() bool { return d.waiting && !d.requested }

// ResetRequested tells that the caller has sent a Reset-Request.
func (d *Decryptor) ResetRequested() {
	d.stats.Resets++
	d.requested = true
}

// Stats returns the counters so far.
func (d *Decryptor) Stats() Stats {
	s := d.stats
	s.Rekeys = d.key.changes
	return s
}
