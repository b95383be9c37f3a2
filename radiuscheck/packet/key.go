package packet

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/subtle"
	"errors"
	"hash"
)

// What is wrong with a packet that somebody else may have made.
var (
	ErrAuthenticator        = errors.New("the Response Authenticator does not fit the secret and the request")
	ErrMessageAuthenticator = errors.New("the Message-Authenticator does not fit the secret and the request")
	ErrHidden               = errors.New("the encrypted value is not in its format")
)

// Key is a shared secret, ready for use. It must not be used concurrently. Nothing of
// it is ever printed.
type Key struct {
	secret []byte
	md5    hash.Hash
	hmac   hash.Hash
	sum    Authenticator
}

// NewKey prepares a secret.
func NewKey(secret string) *Key {
	s := []byte(secret)
	return &Key{secret: s, md5: md5.New(), hmac: hmac.New(md5.New, s)}
}

// String hides the secret.
func (k *Key) String() string { return "[REDACTED]" }

// GoString hides the secret.
func (k *Key) GoString() string { return "[REDACTED]" }

var zero Authenticator

// digest computes MD5(Code+ID+Length+auth+Attributes+Secret), which is both the
// Response Authenticator (RFC 2865, section 3), with that of the request, and the
// Request Authenticator of accounting (RFC 2866, section 3), with zeros.
func (k *Key) digest(p Packet, auth *Authenticator) *Authenticator {
	k.md5.Reset()
	k.md5.Write(p[:4])
	k.md5.Write(auth[:])
	k.md5.Write(p[headerLen:])
	k.md5.Write(k.secret)
	k.md5.Sum(k.sum[:0])
	return &k.sum
}

// messageDigest computes the Message-Authenticator of p, whose own value begins at
// offset at and counts as zeros (RFC 2869, section 5.14).
func (k *Key) messageDigest(p Packet, auth *Authenticator, at int) *Authenticator {
	k.hmac.Reset()
	k.hmac.Write(p[:4])
	k.hmac.Write(auth[:])
	k.hmac.Write(p[headerLen:at])
	k.hmac.Write(zero[:])
	k.hmac.Write(p[at+AuthenticatorLen:])
	k.hmac.Sum(k.sum[:0])
	return &k.sum
}

// messageAuthenticator returns where the value is, -1 if there is none. One of another
// size cannot be right.
func (p Packet) messageAuthenticator() (at int, err error) {
	for at := headerLen; at < len(p); at += int(p[at+1]) {
		if Type(p[at]) == MessageAuthenticator {
			if p[at+1] != AuthenticatorLen+2 {
				return 0, ErrMessageAuthenticator
			}
			return at + 2, nil
		}
	}
	return -1, nil
}

// verifyMessage checks the Message-Authenticator, if there is one.
func (k *Key) verifyMessage(p Packet, auth *Authenticator) (present bool, err error) {
	at, err := p.messageAuthenticator()
	if err != nil || at < 0 {
		return err != nil, err
	}
	sum := k.messageDigest(p, auth, at)
	if subtle.ConstantTimeCompare(sum[:], p[at:at+AuthenticatorLen]) != 1 {
		return true, ErrMessageAuthenticator
	}
	return true, nil
}

// VerifyReply checks that p was made by somebody who knows the secret, in reply to the
// request with the Request Authenticator auth. signed says whether it has a
// Message-Authenticator; one that is wrong is an error.
func (k *Key) VerifyReply(p Packet, auth *Authenticator) (signed bool, err error) {
	sum := k.digest(p, auth)
	if subtle.ConstantTimeCompare(sum[:], p[4:headerLen]) != 1 {
		return false, ErrAuthenticator
	}
	return k.verifyMessage(p, auth)
}

// VerifyRequest checks a Status-Server or Access-Request: only its
// Message-Authenticator says that it was made by somebody who knows the secret.
func (k *Key) VerifyRequest(p Packet) (signed bool, err error) {
	auth := p.Authenticator()
	return k.verifyMessage(p, &auth)
}

// xor combines dst with MD5(Secret+parts).
func (k *Key) xor(dst []byte, parts ...[]byte) {
	k.md5.Reset()
	k.md5.Write(k.secret)
	for _, p := range parts {
		k.md5.Write(p)
	}
	k.md5.Sum(k.sum[:0])
	subtle.XORBytes(dst, dst, k.sum[:])
}

// hidePassword appends the User-Password of RFC 2865, section 5.2.
func (k *Key) hidePassword(dst []byte, password string, auth *Authenticator) []byte {
	at := len(dst)
	dst = append(dst, password...)
	for n := len(password); n == 0 || n%AuthenticatorLen != 0; n++ {
		dst = append(dst, 0)
	}
	last := auth[:]
	for b := dst[at:]; len(b) > 0; b = b[AuthenticatorLen:] {
		k.xor(b[:AuthenticatorLen], last)
		last = b[:AuthenticatorLen]
	}
	return dst
}

// RevealPassword returns what a User-Password in a request with the authenticator auth
// holds. It is for servers that tests run.
func (k *Key) RevealPassword(value []byte, auth *Authenticator) (string, error) {
	if len(value) == 0 || len(value) > 128 || len(value)%AuthenticatorLen != 0 {
		return "", ErrHidden
	}
	out := append([]byte(nil), value...)
	last := auth[:]
	for i := 0; i < len(out); i += AuthenticatorLen {
		k.xor(out[i:i+AuthenticatorLen], last)
		last = value[i : i+AuthenticatorLen]
	}
	for len(out) > 0 && out[len(out)-1] == 0 {
		out = out[:len(out)-1]
	}
	return string(out), nil
}

// RevealKey returns the key in a MS-MPPE-Send-Key or MS-MPPE-Recv-Key of the reply to
// the request with the authenticator auth (RFC 2548, section 2.4.2).
func (k *Key) RevealKey(value []byte, auth *Authenticator) ([]byte, error) {
	const salt = 2
	if len(value) < salt+AuthenticatorLen || (len(value)-salt)%AuthenticatorLen != 0 || value[0]&0x80 == 0 {
		return nil, ErrHidden
	}
	out := append([]byte(nil), value[salt:]...)
	k.xor(out[:AuthenticatorLen], auth[:], value[:salt])
	for i := AuthenticatorLen; i < len(out); i += AuthenticatorLen {
		k.xor(out[i:i+AuthenticatorLen], value[salt+i-AuthenticatorLen:salt+i])
	}
	n := int(out[0])
	if n >= len(out) || len(out)-1-n >= AuthenticatorLen {
		return nil, ErrHidden // another secret gives an arbitrary length
	}
	return out[1 : 1+n], nil
}
