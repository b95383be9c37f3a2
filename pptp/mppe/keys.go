package mppe

import "crypto/sha1"

// The texts of RFC 3079 §3.4.
const (
	magic1 = "This is the MPPE Master Key"
	magic2 = "On the client side, this is the send key; on the server side, it is the receive key."
	magic3 = "On the client side, this is the receive key; on the server side, it is the send key."
)

// The pads of RFC 3079 §3.4.
var (
	pad1 [40]byte
	pad2 = func() (p [40]byte) {
		for i := range p {
			p[i] = 0xF2
		}
		return p
	}()
)

// StartKeysV2 derives the start keys of both directions from MS-CHAPv2 (RFC 3079
// §3). A client sends with the key of Magic2 and receives with that of Magic3; a
// server the other way round.
func StartKeysV2(passwordHashHash [16]byte, ntResponse [24]byte, server bool) (send, recv [16]byte) {
	b := make([]byte, 0, 256)
	b = append(b, passwordHashHash[:]...)
	b = append(b, ntResponse[:]...)
	b = append(b, magic1...)
	sum := sha1.Sum(b)
	master := [16]byte(sum[:16])
	send, recv = asymmetricStartKey(master, magic2), asymmetricStartKey(master, magic3)
	if server {
		return recv, send
	}
	return send, recv
}

// asymmetricStartKey is GetAsymmetricStartKey of RFC 3079 §3.4.
func asymmetricStartKey(master [16]byte, magic string) [16]byte {
	b := make([]byte, 0, 256)
	b = append(b, master[:]...)
	b = append(b, pad1[:]...)
	b = append(b, magic...)
	b = append(b, pad2[:]...)
	sum := sha1.Sum(b)
	return [16]byte(sum[:16])
}

// StartKeyV1 derives the start key of both directions from MS-CHAPv1: the 128-bit
// key of RFC 3079 §2.3. For 40 and 56 bit that RFC uses [StartKeyLM] instead;
// pppd uses this key, cut to 8 bytes, at every strength, so whether a 40-bit or
// 56-bit link over MS-CHAPv1 works depends on the two implementations.
func StartKeyV1(passwordHashHash [16]byte, challenge [8]byte) [16]byte {
	b := make([]byte, 0, 40)
	b = append(b, passwordHashHash[:]...)
	b = append(b, passwordHashHash[:]...)
	b = append(b, challenge[:]...)
	sum := sha1.Sum(b)
	return [16]byte(sum[:16])
}

// StartKeyLM is the start key of both directions with MS-CHAPv1 at 40 and 56 bit
// by RFC 3079 §2.1 and §2.2: the first 8 bytes of the LAN Manager hash, the rest
// zero. See [StartKeyV1] for what pppd does.
func StartKeyLM(lmPasswordHash [16]byte) [16]byte {
	var key [16]byte
	copy(key[:8], lmPasswordHash[:])
	return key
}

// GetNewKeyFromSHA is the function of that name in RFC 3079: the first n bytes of
// SHA-1 over n bytes of start, 40 of 00, n of session and 40 of F2. n is 8 or 16;
// the bytes of the key above n are zero.
func GetNewKeyFromSHA(start, session [16]byte, n int) (key [16]byte) {
	var buf [16 + 40 + 16 + 40]byte
	b := append(buf[:0], start[:n]...)
	b = append(b, pad1[:]...)
	b = append(b, session[:n]...)
	b = append(b, pad2[:]...)
	sum := sha1.Sum(b)
	copy(key[:n], sum[:])
	return key
}

// SessionKey returns the initial session key for a start key (RFC 3079).
// Unlike the later ones it is not encrypted with itself.
func SessionKey(start [16]byte, s Strength) [16]byte {
	key := GetNewKeyFromSHA(start, start, s.keyLen())
	salt(&key, s)
	return key
}

// NextKey returns the session key that follows session (RFC 3078 §7.3): the new
// key from SHA-1, encrypted with itself.
func NextKey(start, session [16]byte, s Strength) [16]byte {
	n := s.keyLen()
	key := GetNewKeyFromSHA(start, session, n)
	var c arc4
	c.setKey(&key, n)
	c.xor(key[:n], key[:n])
	salt(&key, s)
	return key
}

// salt weakens a key to its strength by setting bytes that everyone knows
// (RFC 3079 §3.1, §3.2).
func salt(key *[16]byte, s Strength) {
	switch s {
	case Bits40:
		key[0], key[1], key[2] = 0xD1, 0x26, 0x9E
	case Bits56:
		key[0] = 0xD1
	}
}

// keyState is the chain of session keys of one direction.
type keyState struct {
	strength       Strength
	start, session [16]byte
	changes        uint64
}

func newKeyState(c Config) keyState {
	return keyState{strength: c.Strength, start: c.Key, session: SessionKey(c.Key, c.Strength)}
}

// advance changes the key n times.
func (k *keyState) advance(n int) {
	for range n {
		k.session = NextKey(k.start, k.session, k.strength)
	}
	k.changes += uint64(n)
}

// arm starts the cipher anew with the current key.
func (k *keyState) arm(c *arc4) { c.setKey(&k.session, k.strength.keyLen()) }
