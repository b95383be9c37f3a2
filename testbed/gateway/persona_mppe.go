package gateway

import (
	"crypto/rc4"
	"encoding/binary"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
)

// sealer and opener are the two directions of encryption: those of pptp/mppe, or
// the ones below.
type (
	sealer interface {
		Seal(dst, plain []byte) []byte
		Flush()
	}
	opener interface {
		Open(dst, packet []byte) ([]byte, error)
		ResetNeeded() bool
		ResetRequested()
		Waiting() bool
	}
)

// resetRepeat is after how long a Reset-Request is repeated that had no effect.
const resetRepeat = time.Second

// The header of an MPPE packet (RFC 3078 section 3.1).
const (
	mppeFlushed   = 0x8000
	mppeEncrypted = 0x1000
	mppeCount     = 0x0FFF
	mppeHeader    = 2
)

// ciphers makes both directions. Those of stateful mode are not the ones that the
// client has, which find out, or avoid to need to know, what the other side does.
func (c *cryptState) ciphers(tx, rx mppe.Config, keepsKey bool) {
	*c = cryptState{tx: mppe.NewEncryptor(tx), rx: mppe.NewDecryptor(rx)}
	if !tx.Stateless {
		c.tx = &statefulSealer{statefulKeys: newStatefulKeys(tx, keepsKey), flush: keepsKey}
	}
	if !rx.Stateless {
		c.rx = &statefulOpener{statefulKeys: newStatefulKeys(rx, keepsKey), next: 0}
	}
}

// statefulKeys are the keys of one direction of stateful MPPE.
type statefulKeys struct {
	strength       mppe.Strength
	keepsKey       bool // see Manners.ResetKeepsKey
	start, session [16]byte
	cipher         *rc4.Cipher
}

func newStatefulKeys(c mppe.Config, keepsKey bool) statefulKeys {
	k := statefulKeys{strength: c.Strength, keepsKey: keepsKey, start: c.Key, session: mppe.SessionKey(c.Key, c.Strength)}
	k.arm()
	return k
}

func (k *statefulKeys) arm() {
	n := 8
	if k.strength == mppe.Bits128 {
		n = 16
	}
	k.cipher, _ = rc4.NewCipher(k.session[:n]) // the length is a valid one
}

func (k *statefulKeys) change() { k.session = mppe.NextKey(k.start, k.session, k.strength) }

// isFlagPacket tells the packets at which the key always changes (RFC 3078 section 7.3).
func isFlagPacket(count uint16) bool { return count&0xFF == 0xFF }

// restart begins the cipher anew before a packet with the FLUSHED bit.
func (k *statefulKeys) restart(count uint16) {
	if isFlagPacket(count) || !k.keepsKey {
		k.change()
	}
	k.arm()
}

// statefulSealer is a sender.
type statefulSealer struct {
	statefulKeys
	count uint16
	flush bool // by RFC 3078 section 3.1, also for the first packet
	begun bool
}

func (s *statefulSealer) Flush() { s.flush = true }

func (s *statefulSealer) Seal(dst, plain []byte) []byte {
	header := s.count | mppeEncrypted
	if flag := isFlagPacket(s.count); flag || s.flush {
		header |= mppeFlushed
		if flag || s.begun {
			s.restart(s.count)
		}
	}
	s.flush, s.begun = false, true
	s.count = (s.count + 1) & mppeCount
	dst = binary.BigEndian.AppendUint16(dst, header)
	n := len(dst)
	dst = append(dst, plain...)
	s.cipher.XORKeyStream(dst[n:], plain)
	return dst
}

// statefulOpener is a receiver that does not try what a sender might have meant:
// one that goes wrong stays wrong, as in the kernels of Linux and FreeBSD.
type statefulOpener struct {
	statefulKeys
	next               uint16 // the count that is expected; while waiting, the one that was
	waiting, requested bool
}

func (o *statefulOpener) Waiting() bool     { return o.waiting }
func (o *statefulOpener) ResetNeeded() bool { return o.waiting && !o.requested }
func (o *statefulOpener) ResetRequested()   { o.requested = true }

func (o *statefulOpener) Open(dst, packet []byte) ([]byte, error) {
	if len(packet) <= mppeHeader {
		return dst, mppe.ErrShort
	}
	header := binary.BigEndian.Uint16(packet)
	if header&mppeEncrypted == 0 {
		return dst, mppe.ErrNotEncrypted
	}
	count, flushed := header&mppeCount, header&mppeFlushed != 0
	switch {
	case !o.waiting && count != o.next:
		// Even a packet with the FLUSHED bit only begins the wait (Linux: ppp_mppe).
		o.waiting, o.requested = true, false
		return dst, mppe.ErrLost
	case o.waiting && !flushed:
		return dst, mppe.ErrDiscarded
	}
	for c := o.next; o.waiting && c>>8 != count>>8; c = (c + 0x100) & mppeCount {
		o.change() // for each flag packet that was lost
	}
	if flushed {
		o.restart(count)
	}
	o.waiting, o.next = false, (count+1)&mppeCount
	n := len(dst)
	dst = append(dst, packet[mppeHeader:]...)
	o.cipher.XORKeyStream(dst[n:], packet[mppeHeader:])
	if !mppe.Plausible(dst[n:]) {
		return dst, mppe.ErrImplausible
	}
	return dst, nil
}
