package mppe

import (
	"bytes"
	"crypto/rc4"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testKey is the client's send start key of RFC 3079 §3.5.
var testKey = [16]byte{
	0xD5, 0xF0, 0xE9, 0x52, 0x1E, 0x3E, 0xA9, 0x58, 0x96, 0x45, 0xE8, 0x60, 0x51, 0xC8, 0x22, 0x26,
}

var strengths = []Strength{Bits40, Bits56, Bits128}

func modeName(stateless bool) string {
	if stateless {
		return "stateless"
	}
	return "stateful"
}

// ipv4 returns a PPP protocol field and an IPv4 packet, size bytes in all.
func ipv4(size int) []byte {
	b := make([]byte, size)
	b[1] = protoIPv4
	b[2] = 0x45
	binary.BigEndian.PutUint16(b[4:], uint16(size-2))
	for i := 22; i < size; i++ {
		b[i] = byte(i)
	}
	return b
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func upper(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

// reference is the key chain and cipher of a link, written against the RFCs with
// the standard library only.
type reference struct {
	strength       Strength
	start, session []byte
	cipher         *rc4.Cipher
	changes        int
}

func newReference(key [16]byte, s Strength) *reference {
	n := 16
	if s != Bits128 {
		n = 8
	}
	r := &reference{strength: s, start: bytes.Clone(key[:n]), session: bytes.Clone(key[:n])}
	r.session = r.salt(r.sha())
	r.arm()
	return r
}

func (r *reference) sha() []byte {
	var b [112]byte
	m := append(b[:0], r.start...)
	m = append(m, make([]byte, 40)...)
	m = append(m, r.session...)
	for range 40 {
		m = append(m, 0xF2)
	}
	sum := sha1.Sum(m)
	return sum[:len(r.start)]
}

func (r *reference) salt(key []byte) []byte {
	switch r.strength {
	case Bits40:
		copy(key, "\xD1\x26\x9E")
	case Bits56:
		key[0] = 0xD1
	}
	return key
}

func (r *reference) change() {
	interim := r.sha()
	c, _ := rc4.NewCipher(interim)
	c.XORKeyStream(interim, interim)
	r.session = append(r.session[:0], r.salt(interim)...)
	r.changes++
	r.arm()
}

func (r *reference) arm() { r.cipher, _ = rc4.NewCipher(r.session) }

// peer is the sender at the other end.
type peer struct {
	*reference
	stateless    bool
	rfc          bool // RFC 3078 §8.2: FLUSHED without a key change; else as Windows and Linux
	firstFlushed bool // RFC 3078 §3.1: the first packet has the bit; not with Linux
	bareFlags    bool // flag packets without the FLUSHED bit
	count        uint16
	flush        bool
}

func newPeer(s Strength, stateless bool) *peer {
	return &peer{reference: newReference(testKey, s), stateless: stateless}
}

func (p *peer) seal(dst, plain []byte) []byte {
	header := 0x1000 | p.count
	switch {
	case p.stateless, p.count&0xFF == 0xFF:
		p.change()
		if !p.bareFlags {
			header |= 0x8000
		}
	case p.flush && p.rfc:
		p.arm()
		header |= 0x8000
	case p.flush:
		p.change()
		header |= 0x8000
	case p.firstFlushed && p.count == 0:
		header |= 0x8000
	}
	p.flush = false
	p.count = (p.count + 1) % 4096
	dst = append(dst, byte(header>>8), byte(header))
	n := len(dst)
	dst = append(dst, plain...)
	p.cipher.XORKeyStream(dst[n:], dst[n:])
	return dst
}

// next seals the packet that all tests send.
func (p *peer) next() []byte { return p.seal(nil, ipv4(100)) }

// lose seals n packets that do not arrive.
func (p *peer) lose(n int) {
	for range n {
		p.next()
	}
}

// linuxReceiver is a receiver that behaves as the kernel of Linux does: it counts
// in the same way and changes the key at the same places.
type linuxReceiver struct {
	*reference
	stateless, discard bool
	count              int
}

func newLinuxReceiver(s Strength, stateless bool) *linuxReceiver {
	return &linuxReceiver{reference: newReference(testKey, s), stateless: stateless, count: 4095}
}

func (r *linuxReceiver) open(packet []byte) (plain []byte, ok bool) {
	count, flushed := int(binary.BigEndian.Uint16(packet)&0xFFF), packet[0]&0x80 != 0
	switch {
	case r.stateless:
		for r.count != count {
			r.change()
			r.count = (r.count + 1) % 4096
		}
	case !r.discard:
		r.count = (r.count + 1) % 4096
		if r.count != count {
			r.discard = true
			return nil, false
		}
	case !flushed:
		return nil, false
	default:
		for count&^0xFF != r.count&^0xFF {
			r.change()
			r.count = (r.count + 256) % 4096
		}
		r.discard, r.count = false, count
	}
	if !r.stateless && flushed {
		r.change()
	}
	plain = bytes.Clone(packet[2:])
	r.cipher.XORKeyStream(plain, plain)
	return plain, true
}
