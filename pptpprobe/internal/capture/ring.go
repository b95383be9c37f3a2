package capture

import (
	"encoding/binary"
	"time"
)

// kind is what a record is of.
type kind uint8

const (
	controlSent kind = iota + 1
	controlReceived
	closedByUs
	closedByPeer
	resetByPeer
	greSent
	greReceived
)

const (
	// recordHeader is in front of the data of each record: time, kind, and the
	// lengths of what is kept and of what there was.
	recordHeader = 16
	// maxData is how much of a packet is kept; a session takes packets of 2048 bytes at most.
	maxData = 4096
	// firstSize is what a ring begins with: most sessions need no more, and there
	// may be 10,000 at a time.
	firstSize = 8 << 10
)

// record is one packet. Its data are valid until the next one is read.
type record struct {
	at     int64 // Unix nanoseconds
	kind   kind
	length int // of the packet, of which data may be the beginning
	data   []byte
}

// ring is a queue of records in one buffer, which grows to its bound and then
// loses its oldest for each new one.
type ring struct {
	buf        []byte
	first      int // where the oldest record begins
	used       int // bytes
	count      int
	maxBytes   int
	maxPackets int
}

func (r *ring) init(maxBytes, maxPackets int) {
	r.maxBytes, r.maxPackets = maxBytes, maxPackets
}

func (r *ring) reset() { r.first, r.used, r.count = 0, 0, 0 }

// fits says whether n bytes can be pushed without losing anything.
func (r *ring) fits(n int) bool {
	return r.count < r.maxPackets && r.used+recordHeader+min(n, maxData) <= r.maxBytes
}

// push appends a record and returns how many old ones went for it.
func (r *ring) push(at time.Time, k kind, b []byte) (lost int) {
	for !r.fits(len(b)) {
		r.drop()
		lost++
	}
	data := b[:min(len(b), maxData)]
	r.grow(r.used + recordHeader + len(data))
	var h [recordHeader]byte
	binary.NativeEndian.PutUint64(h[0:], uint64(at.UnixNano()))
	h[8] = byte(k)
	binary.NativeEndian.PutUint16(h[10:], uint16(len(data)))
	binary.NativeEndian.PutUint16(h[12:], uint16(min(len(b), maxIPPayload)))
	r.copyIn(r.first+r.used, h[:])
	r.copyIn(r.first+r.used+recordHeader, data)
	r.used += recordHeader + len(data)
	r.count++
	return lost
}

// grow makes room for need bytes, which are within the bound.
func (r *ring) grow(need int) {
	if need <= len(r.buf) {
		return
	}
	// At the bound len(r.buf) is maxBytes, so this happens a few times in a session.
	bigger := make([]byte, min(r.maxBytes, max(need, 2*len(r.buf), firstSize)))
	if r.used > 0 {
		r.copyOut(bigger[:r.used], r.first)
	}
	r.buf, r.first = bigger, 0
}

func (r *ring) drop() {
	var h [recordHeader]byte
	r.copyOut(h[:], r.first)
	n := recordHeader + int(binary.NativeEndian.Uint16(h[10:]))
	r.first = (r.first + n) % len(r.buf)
	r.used -= n
	r.count--
}

// each calls f with every record, the oldest first.
func (r *ring) each(f func(record)) {
	var h [recordHeader]byte
	data := make([]byte, maxData)
	for off, end := r.first, r.first+r.used; off < end; {
		r.copyOut(h[:], off)
		d := data[:binary.NativeEndian.Uint16(h[10:])]
		r.copyOut(d, off+recordHeader)
		f(record{
			at: int64(binary.NativeEndian.Uint64(h[0:])), kind: kind(h[8]),
			length: int(binary.NativeEndian.Uint16(h[12:])), data: d,
		})
		off += recordHeader + len(d)
	}
}

// copyIn and copyOut copy at an offset that counts on behind the end of the buffer.
func (r *ring) copyIn(off int, b []byte) {
	off %= len(r.buf)
	copy(r.buf, b[copy(r.buf[off:], b):])
}

func (r *ring) copyOut(b []byte, off int) {
	off %= len(r.buf)
	copy(b[copy(b, r.buf[off:]):], r.buf)
}
