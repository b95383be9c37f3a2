package accounting

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/subtle"
	"encoding/binary"
)

// Verifier checks packets and makes answers. It keeps a buffer, so that nothing is
// allocated, and is not safe for concurrent use. The zero value is ready.
type Verifier struct {
	buf []byte
}

// sum is MD5 over the packet with this authenticator, then the secret: RFC 2866 section 3.
func (v *Verifier) sum(packet, authenticator, secret []byte) [md5.Size]byte {
	v.buf = append(v.buf[:0], packet[:authenticatorOffset]...)
	v.buf = append(v.buf, authenticator...)
	v.buf = append(v.buf, packet[headerSize:]...)
	v.buf = append(v.buf, secret...)
	return md5.Sum(v.buf)
}

// Verify tells whether the sender of an Accounting-Request knows the secret.
func (v *Verifier) Verify(packet, secret []byte) bool {
	packet = trim(packet)
	if packet == nil || packet[0] != codeRequest {
		return false
	}
	var zero [authenticatorSize]byte
	want := v.sum(packet, zero[:], secret)
	return subtle.ConstantTimeCompare(want[:], packet[authenticatorOffset:headerSize]) == 1
}

// VerifyStatus tells whether the sender of a Status-Server knows the secret: it has a
// Message-Authenticator (RFC 5997 section 3), which is HMAC-MD5 over the packet with that
// attribute's value zero (RFC 3579 section 3.2).
func (v *Verifier) VerifyStatus(packet, secret []byte) bool {
	packet = trim(packet)
	if packet == nil || packet[0] != codeStatusServer {
		return false
	}
	v.buf = append(v.buf[:0], packet...)
	var got []byte
	for list := v.buf[headerSize:]; len(list) > 0; {
		kind, value, rest, ok := next(list)
		if !ok || kind == attrMessageAuth && (len(value) != messageAuthSize || got != nil) {
			return false
		}
		if kind == attrMessageAuth {
			got = value
		}
		list = rest
	}
	if got == nil {
		return false
	}
	var sent [messageAuthSize]byte
	copy(sent[:], got)
	clear(got)
	mac := hmac.New(md5.New, secret)
	mac.Write(v.buf)
	return hmac.Equal(mac.Sum(nil), sent[:])
}

// AppendResponse appends the Accounting-Response to a packet that has been verified:
// as long as the request's header and its Proxy-State, which a proxy wants back in order
// (RFC 2865 section 5.33), and therefore never longer than the request.
func (v *Verifier) AppendResponse(dst, packet, secret []byte) []byte {
	packet = trim(packet)
	if packet == nil {
		return dst
	}
	from := len(dst)
	dst = append(dst, codeResponse, packet[1], 0, 0)
	dst = append(dst, packet[authenticatorOffset:headerSize]...)
	for list := packet[headerSize:]; len(list) > 0; {
		kind, value, rest, ok := next(list)
		if !ok {
			break
		}
		if kind == attrProxyState {
			dst = append(dst, kind, byte(len(value)+2))
			dst = append(dst, value...)
		}
		list = rest
	}
	answer := dst[from:]
	binary.BigEndian.PutUint16(answer[2:4], uint16(len(answer)))
	sum := v.sum(answer, answer[authenticatorOffset:headerSize], secret)
	copy(answer[authenticatorOffset:], sum[:])
	return dst
}
