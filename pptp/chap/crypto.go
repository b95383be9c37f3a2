package chap

import (
	"crypto/des"
	"crypto/md5"
	"crypto/sha1"
	"math/bits"
	"strings"
	"unicode/utf16"

	"golang.org/x/crypto/md4"
)

// The constants of RFC 2759 §8.7.
const (
	signingMagic = "Magic server to client signing constant"
	padMagic     = "Pad to make it do more than one iteration"
)

// lmMagic is the text that the LAN Manager hash encrypts (RFC 2433).
const lmMagic = "KGS!@#$%"

// NTPasswordHash is NtPasswordHash of RFC 2759 §8.3: MD4 over the password in
// UTF-16, little endian. Bytes of password that are not UTF-8 become U+FFFD.
func NTPasswordHash(password string) [16]byte {
	units := utf16.Encode([]rune(password))
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		b = append(b, byte(u), byte(u>>8))
	}
	return md4Sum(b)
}

// HashNTPasswordHash is HashNtPasswordHash of RFC 2759 §8.4: MD4 over h.
func HashNTPasswordHash(h [16]byte) [16]byte { return md4Sum(h[:]) }

// LMPasswordHash is LmPasswordHash of RFC 2433: the first 14 characters in
// upper case as two DES keys. Only ASCII letters are folded; what other
// characters are in the OEM code page depends on the server's locale.
func LMPasswordHash(password string) [16]byte {
	var upper [14]byte
	for i := range min(len(password), len(upper)) {
		c := password[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	var h [16]byte
	desEncrypt(h[:8], []byte(lmMagic), upper[:7])
	desEncrypt(h[8:], []byte(lmMagic), upper[7:])
	return h
}

// ChallengeHash is ChallengeHash of RFC 2759 §8.2 over the peer's challenge, the
// authenticator's challenge and the user name. A DOMAIN\ before the name takes
// no part in it (RFC 2759 §4), although it is sent in the Name field.
func ChallengeHash(peer, auth [16]byte, user string) [8]byte {
	name := user[strings.LastIndexByte(user, '\\')+1:]
	b := make([]byte, 0, 32+len(name))
	b = append(b, peer[:]...)
	b = append(b, auth[:]...)
	b = append(b, name...)
	sum := sha1.Sum(b)
	return [8]byte(sum[:8])
}

// ChallengeResponse is ChallengeResponse of RFC 2759 §8.5, which is also the
// response of MS-CHAPv1 (RFC 2433): the challenge encrypted with the three
// DES keys that the hash, padded with zeros to 21 bytes, is cut into.
func ChallengeResponse(challenge [8]byte, hash [16]byte) [24]byte {
	var padded [21]byte
	copy(padded[:], hash[:])
	var r [24]byte
	for i := range 3 {
		desEncrypt(r[8*i:8*i+8], challenge[:], padded[7*i:7*i+7])
	}
	return r
}

// NTResponse is GenerateNTResponse of RFC 2759 §8.1.
func NTResponse(auth, peer [16]byte, user, password string) [24]byte {
	return ChallengeResponse(ChallengeHash(peer, auth, user), NTPasswordHash(password))
}

// AuthenticatorResponse is GenerateAuthenticatorResponse of RFC 2759 §8.7 in
// binary: the 20 bytes that a Success carries as 40 hexadecimal digits after S=.
func AuthenticatorResponse(password string, ntResponse [24]byte, peer, auth [16]byte, user string) [20]byte {
	hashHash := HashNTPasswordHash(NTPasswordHash(password))
	b := make([]byte, 0, 128)
	b = append(b, hashHash[:]...)
	b = append(b, ntResponse[:]...)
	b = append(b, signingMagic...)
	digest := sha1.Sum(b)
	challenge := ChallengeHash(peer, auth, user)
	b = append(b[:0], digest[:]...)
	b = append(b, challenge[:]...)
	b = append(b, padMagic...)
	return sha1.Sum(b)
}

// MD5Response is the response of CHAP-MD5 (RFC 1994 §4.1): MD5 over the
// identifier of the Challenge, the secret and the challenge.
func MD5Response(id uint8, secret string, challenge []byte) [16]byte {
	b := make([]byte, 0, 1+len(secret)+len(challenge))
	b = append(b, id)
	b = append(b, secret...)
	b = append(b, challenge...)
	return md5.Sum(b)
}

func md4Sum(b []byte) [16]byte {
	h := md4.New()
	_, _ = h.Write(b) // a hash.Hash never fails
	return [16]byte(h.Sum(nil))
}

// desEncrypt is DesEncrypt of RFC 2759 §8.6: one block under a 7-byte key.
func desEncrypt(dst, block, key []byte) {
	k := desKey([7]byte(key))
	c, err := des.NewCipher(k[:])
	if err != nil {
		panic(err) // only for a key that is not 8 bytes long
	}
	c.Encrypt(dst, block)
}

// desKey spreads 56 bits over 8 bytes, 7 in each, with odd parity in the lowest
// bit. DES ignores the parity; the samples of RFC 2759 §9.3 show it.
func desKey(raw [7]byte) [8]byte {
	var all uint64
	for _, b := range raw {
		all = all<<8 | uint64(b)
	}
	var key [8]byte
	for i := range key {
		k := byte(all>>(49-7*i)) << 1
		if bits.OnesCount8(k)%2 == 0 {
			k |= 1
		}
		key[i] = k
	}
	return key
}
