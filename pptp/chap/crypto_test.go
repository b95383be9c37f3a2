package chap

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"layeh.com/radius/rfc2759"
)

func upper(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

func TestRFC2759Section92(t *testing.T) {
	auth, peer := [16]byte(unhex(t, sampleAuth)), [16]byte(unhex(t, samplePeer))
	challenge := ChallengeHash(peer, auth, sampleUser)
	assert.Equal(t, "D02E4386BCE91226", upper(challenge[:]))
	hash := NTPasswordHash(samplePassword)
	assert.Equal(t, "44EBBA8D5312B8D611474411F56989AE", upper(hash[:]))
	hashHash := HashNTPasswordHash(hash)
	assert.Equal(t, sampleHashHash, upper(hashHash[:]))
	nt := NTResponse(auth, peer, sampleUser, samplePassword)
	assert.Equal(t, sampleNT, upper(nt[:]))
	proof := AuthenticatorResponse(samplePassword, nt, peer, auth, sampleUser)
	assert.Equal(t, sampleProof, upper(proof[:]))
}

func TestRFC2759Section93DESKeyParity(t *testing.T) {
	for raw, want := range map[string]string{
		"FC156AF7EDCD6C": "FD0B5B5E7F6E34D9",
		"0EDDE3337D427F": "0E6E796737EA08FE",
	} {
		key := desKey([7]byte(unhex(t, raw)))
		assert.Equal(t, want, upper(key[:]))
	}
}

func TestRFC2433SectionB2(t *testing.T) {
	hash := NTPasswordHash("MyPw")
	assert.Equal(t, "FC156AF7EDCD6C0EDDE3337D427F4EAC", upper(hash[:]))
	r := ChallengeResponse([8]byte(unhex(t, "102DB5DF085D3041")), hash)
	assert.Equal(t, "4E9D3C8F9CFD385D5BF4D3246791956CA4C351AB409A3D61", upper(r[:]))
}

func TestRFC3079Section25LMPasswordHash(t *testing.T) {
	h := LMPasswordHash(samplePassword)
	assert.Equal(t, "76A152936096D7830E2390227404AFD2", upper(h[:]))
	assert.Equal(t, h, LMPasswordHash("CLIENTpass"), "case does not count")
	assert.Equal(t, LMPasswordHash("0123456789abcd"), LMPasswordHash("0123456789ABCDefgh"), "14 characters count")
	empty := LMPasswordHash("")
	assert.Equal(t, "AAD3B435B51404EEAAD3B435B51404EE", upper(empty[:]))
}

func TestRFC1994MD5Response(t *testing.T) {
	// No vector is in the RFC: MD5("\x01" "secret" "challenge").
	r := MD5Response(1, "secret", []byte("challenge"))
	assert.Equal(t, "46E47770030E2B4E26A0DB72A7EFEC00", upper(r[:]))
}

func TestDomainIsStrippedFromTheHashOnly(t *testing.T) {
	auth, peer := [16]byte(unhex(t, sampleAuth)), [16]byte(unhex(t, samplePeer))
	want := ChallengeHash(peer, auth, sampleUser)
	assert.Equal(t, want, ChallengeHash(peer, auth, `DOMAIN\User`))
	assert.Equal(t, want, ChallengeHash(peer, auth, `a\b\User`))
	assert.NotEqual(t, want, ChallengeHash(peer, auth, "user"), "case is preserved")
	assert.NotEqual(t, want, ChallengeHash(peer, auth, "User@DOMAIN"), "only the backslash form is")
}

func TestAgainstLayehRFC2759(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func(n int) string {
		letters := []rune("abcXYZ019 !$%/\"äßéЖ漢🙂")
		s := make([]rune, n)
		for i := range s {
			s[i] = letters[r.IntN(len(letters))]
		}
		return string(s)
	}
	fill := func(b []byte) {
		for i := range b {
			b[i] = byte(r.Uint32())
		}
	}
	for range 500 {
		var auth, peer [16]byte
		fill(auth[:])
		fill(peer[:])
		user, password := text(r.IntN(20)), text(r.IntN(30))
		utf16, err := rfc2759.ToUTF16([]byte(password))
		require.NoError(t, err)

		hash := NTPasswordHash(password)
		require.Equal(t, rfc2759.NTPasswordHash(utf16), hash[:])
		hashHash := HashNTPasswordHash(hash)
		require.Equal(t, rfc2759.NTPasswordHash(hash[:]), hashHash[:])
		challenge := ChallengeHash(peer, auth, user)
		require.Equal(t, rfc2759.ChallengeHash(peer[:], auth[:], []byte(user)), challenge[:])
		response := ChallengeResponse(challenge, hash)
		require.Equal(t, rfc2759.ChallengeResponse(challenge[:], hash[:]), response[:])

		nt := NTResponse(auth, peer, `CORP\`+user, password)
		want, err := rfc2759.GenerateNTResponse(auth[:], peer[:], []byte(user), []byte(password))
		require.NoError(t, err)
		require.Equal(t, want, nt[:])
		proof := AuthenticatorResponse(password, nt, peer, auth, user)
		wantProof, err := rfc2759.GenerateAuthenticatorResponse(auth[:], peer[:], nt[:], []byte(user), []byte(password))
		require.NoError(t, err)
		require.Equal(t, wantProof, "S="+upper(proof[:]))
	}
}

func TestPasswordThatIsNotUTF8(t *testing.T) {
	assert.Equal(t, NTPasswordHash("\uFFFD"), NTPasswordHash("\xff"))
}
