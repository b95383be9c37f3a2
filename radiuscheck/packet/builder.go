package packet

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Builder writes one packet. The first fault is kept and returned by the method that
// ends it. It must not be used concurrently.
type Builder struct {
	buf Packet
	err error
}

// NewRequest begins a request with an Identifier and the Request Authenticator, which
// must be unpredictable and never used twice (RFC 2865, section 3); that of
// accounting is computed at the end.
func NewRequest(code Code, id uint8, auth Authenticator) *Builder {
	b := &Builder{buf: make(Packet, headerLen, 256)}
	b.buf[0], b.buf[1] = byte(code), id
	copy(b.buf[4:], auth[:])
	return b
}

// NewReply begins the reply to a request.
func NewReply(code Code, request Packet) *Builder {
	return NewRequest(code, request.ID(), request.Authenticator())
}

// Sign adds a Message-Authenticator, which the end of the packet fills in. It is to be
// the first attribute.
func (b *Builder) Sign() { b.Add(MessageAuthenticator, zero[:]) }

// Add appends an attribute of up to 253 bytes.
func (b *Builder) Add(t Type, value []byte) {
	if n := len(value); n > maxValue {
		b.fail(fmt.Errorf("attribute %d: %d bytes are more than the %d that fit", t, n, maxValue))
		return
	}
	b.buf = append(append(b.buf, byte(t), byte(2+len(value))), value...)
}

// Text appends a text; an empty one is left out, which the RFC wants.
func (b *Builder) Text(t Type, value string) {
	if value != "" {
		b.Add(t, []byte(value))
	}
}

// Number appends an integer.
func (b *Builder) Number(t Type, v uint32) { b.Add(t, binary.BigEndian.AppendUint32(nil, v)) }

// Address appends an address, with the type for IPv4 or that for IPv6.
func (b *Builder) Address(v4, v6 Type, a netip.Addr) {
	if a = a.Unmap(); a.Is4() {
		b.Add(v4, a.AsSlice())
	} else if a.Is6() {
		b.Add(v6, a.AsSlice())
	}
}

// TaggedNumber appends an integer of 24 bits with a tag (RFC 2868, section 3.1).
func (b *Builder) TaggedNumber(t Type, tag uint8, v uint32) {
	b.Add(t, []byte{tag, byte(v >> 16), byte(v >> 8), byte(v)})
}

// TaggedText appends a text with a tag (RFC 2868, section 3.3).
func (b *Builder) TaggedText(t Type, tag uint8, v string) {
	if v != "" {
		b.Add(t, append([]byte{tag}, v...))
	}
}

// VendorAttribute appends an attribute of a vendor (RFC 2865, section 5.26).
func (b *Builder) VendorAttribute(vendor uint32, t uint8, value []byte) {
	v := binary.BigEndian.AppendUint32(make([]byte, 0, 6+len(value)), vendor)
	b.Add(VendorSpecific, append(append(v, t, byte(2+len(value))), value...))
}

// Password appends a User-Password, of up to 128 bytes.
func (b *Builder) Password(k *Key, password string) {
	if len(password) > 128 {
		b.fail(fmt.Errorf("password: %d bytes are more than the 128 that RADIUS can carry", len(password)))
		return
	}
	auth := b.buf.Authenticator()
	b.Add(UserPassword, k.hidePassword(nil, password, &auth))
}

func (b *Builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// finish sets what depends on the whole packet.
func (b *Builder) finish(k *Key, auth *Authenticator) error {
	if b.err != nil {
		return b.err
	}
	if len(b.buf) > MaxLen {
		return fmt.Errorf("packet: %d bytes are more than the %d that RADIUS allows", len(b.buf), MaxLen)
	}
	binary.BigEndian.PutUint16(b.buf[2:], uint16(len(b.buf)))
	if at, err := b.buf.messageAuthenticator(); err != nil {
		return err
	} else if at > 0 {
		copy(b.buf[at:], k.messageDigest(b.buf, auth, at)[:])
	}
	return nil
}

// Request ends a request.
func (b *Builder) Request(k *Key) (Packet, error) {
	accounting := Code(b.buf[0]) == AccountingRequest
	auth := b.buf.Authenticator()
	if accounting {
		auth = zero
	}
	if err := b.finish(k, &auth); err != nil {
		return nil, err
	}
	if accounting {
		copy(b.buf[4:], k.digest(b.buf, &zero)[:])
	}
	return b.buf, nil
}

// Reply ends a reply.
func (b *Builder) Reply(k *Key) (Packet, error) {
	auth := b.buf.Authenticator()
	if err := b.finish(k, &auth); err != nil {
		return nil, err
	}
	copy(b.buf[4:], k.digest(b.buf, &auth)[:])
	return b.buf, nil
}
