package mppe

import (
	"crypto/rc4"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"layeh.com/radius/rfc3079"
)

// encrypt applies RC4 with the key of strength s to the text of the RFC's samples.
func encrypt(key [16]byte, s Strength) string {
	text := []byte("test message")
	var c arc4
	c.setKey(&key, s.keyLen())
	c.xor(text, text)
	return upper(text)
}

// The user "User" with password "clientPass" of RFC 2759 §9.2.
const (
	hashHash   = "41C00C584BD2D91C4017A2A12FA59F3F"
	ntResponse = "82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF"
)

func TestRFC3079Section35StartKeys(t *testing.T) {
	hh, nt := [16]byte(unhex(t, hashHash)), [24]byte(unhex(t, ntResponse))
	send, recv := StartKeysV2(hh, nt, true)
	assert.Equal(t, "8B7CDC149B993A1BA118CB153F56DCCB", upper(send[:]), "the RFC's SendStartKey is the server's")
	assert.Equal(t, "D5F0E9521E3EA9589645E86051C82226", upper(recv[:]), "derived; not in the RFC")
	clientSend, clientRecv := StartKeysV2(hh, nt, false)
	assert.Equal(t, recv, clientSend)
	assert.Equal(t, send, clientRecv)
	assert.Equal(t, testKey, clientSend)
}

func TestRFC3079Section35SessionKeys(t *testing.T) {
	start := [16]byte(unhex(t, "8B7CDC149B993A1BA118CB153F56DCCB"))
	for _, tt := range []struct {
		name     string
		strength Strength
		session  string
		cipher   string
	}{
		{"3.5.1, 40 bit", Bits40, "D1269EC49FA62E3E", "929137917E5803D668D75898"},
		// The RFC prints ...425758, and calls the key a 40-bit one: both are typos.
		{"3.5.2, 56 bit, not the RFC's misprinted 5758", Bits56, "D15C00C49FA62E3E", "3F106833FA448DA842BC57B8"},
		{"3.5.3, 128 bit", Bits128, "405CB2247A7956E6E211007AE27B22D4", "81848317DF68846272FB5ABE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			key := SessionKey(start, tt.strength)
			assert.Equal(t, tt.session, upper(key[:tt.strength.keyLen()]))
			assert.Equal(t, tt.cipher, encrypt(key, tt.strength))
		})
	}
}

func TestKeyChain(t *testing.T) {
	start := [16]byte(unhex(t, "8B7CDC149B993A1BA118CB153F56DCCB"))
	k := keyState{strength: Bits128, start: start, session: SessionKey(start, Bits128)}
	for _, want := range []string{ // derived; not in the RFC
		"726F10500E2B54135B1B74D7682F0471",
		"2805BC7869BEC825573A7803E95A3ACD",
		"58128C36CABD54968139FD94B5883D4A",
	} {
		k.advance(1)
		assert.Equal(t, want, upper(k.session[:]))
	}
	k2 := keyState{strength: Bits128, start: start, session: SessionKey(start, Bits128)}
	k2.advance(3)
	assert.Equal(t, k, k2)
}

func TestRFC3079Section25MSCHAPv1(t *testing.T) {
	lm := StartKeyLM([16]byte(unhex(t, "76A152936096D7830E2390227404AFD2")))
	assert.Equal(t, "76A152936096D7830000000000000000", upper(lm[:]))
	raw := GetNewKeyFromSHA(lm, lm, 8)
	assert.Equal(t, "D80801538CEC4A080000000000000000", upper(raw[:]))
	key := SessionKey(lm, Bits40)
	assert.Equal(t, "D1269E538CEC4A08", upper(key[:8]), "2.5.1, 40 bit")
	key = SessionKey(lm, Bits56)
	assert.Equal(t, "D10801538CEC4A08", upper(key[:8]), "2.5.2, 56 bit")

	start := StartKeyV1([16]byte(unhex(t, hashHash)), [8]byte(unhex(t, "102DB5DF085D3041")))
	// Step 3 of the RFC prints byte 8 as CA, a typo; step 4 goes on with C1.
	assert.Equal(t, "A8947850CFC0ACC1D1789FB62DDCDDB0", upper(start[:]), "2.5.3, not the RFC's misprinted CA")
	key = SessionKey(start, Bits128)
	assert.Equal(t, "59D159BC09F76F1DA2A86A28FFEC0B1E", upper(key[:]), "2.5.3, 128 bit")
}

func TestAgainstLayehRFC3079(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var hh [16]byte
		var nt [24]byte
		random(r, hh[:])
		random(r, nt[:])
		master := rfc3079.GetMasterKey(hh[:], nt[:])
		send, recv := StartKeysV2(hh, nt, true)
		for isSend, got := range map[bool][16]byte{true: send, false: recv} {
			want, err := rfc3079.GetAsymmetricStartKey(master, rfc3079.KeyLength128Bit, isSend)
			require.NoError(t, err)
			require.Equal(t, want, got[:])
			want, err = rfc3079.GetAsymmetricStartKey(master, rfc3079.KeyLength40Bit, isSend)
			require.NoError(t, err)
			require.Equal(t, want, got[:8])
		}
	}
}

func TestRC4AgainstCryptoRC4(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var key [16]byte
		random(r, key[:])
		n := 8 * (1 + r.IntN(2))
		std, err := rc4.NewCipher(key[:n])
		require.NoError(t, err)
		var ours arc4
		ours.setKey(&key, n)
		for range 5 { // the stream goes on, whatever the lengths are
			src := make([]byte, r.IntN(70))
			random(r, src)
			want, got := make([]byte, len(src)), make([]byte, len(src))
			std.XORKeyStream(want, src)
			ours.xor(got, src)
			require.Equal(t, want, got)
		}
	}
}

func TestKeyChainAgainstReference(t *testing.T) {
	for _, s := range strengths {
		k, ref := newKeyState(Config{Strength: s, Key: testKey}), newReference(testKey, s)
		for range 500 {
			require.Equal(t, ref.session, k.session[:s.keyLen()])
			k.advance(1)
			ref.change()
		}
	}
}

func random(r *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
}
