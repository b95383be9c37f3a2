package chap

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// accept returns a Success of MS-CHAPv2 for the RFC sample.
func accept(id uint8, tail string) []byte {
	return newPacket(codeSuccess, id, []byte("S="+sampleProof+tail))
}

func TestMSCHAPv2(t *testing.T) {
	for name, tail := range map[string]string{"blank M=": " M=Welcome", "M=": "M=Welcome", "nothing": ""} {
		t.Run("success text with "+name, func(t *testing.T) {
			p := newPeer(t, MethodMSCHAPv2)
			quiet(t, p)
			p.Receive(start, newChallenge(5, unhex(t, sampleAuth)))
			value, rechallenge := response(t, p, 5)
			assert.False(t, rechallenge)
			assert.Equal(t, unhex(t, samplePeer+"0000000000000000"+sampleNT+"00"), value)
			_, ok := p.MPPEStart()
			assert.False(t, ok, "no keys before success")

			p.Receive(start, accept(5, tail))
			e := event(t, p, EventSucceeded)
			assert.Equal(t, strings.TrimPrefix(strings.TrimPrefix(tail, " "), "M="), e.Message)
			keys, ok := p.MPPEStart()
			require.True(t, ok)
			assert.Equal(t, MethodMSCHAPv2, keys.Method)
			assert.Equal(t, NTPasswordHash(samplePassword), keys.PasswordHash)
			assert.Equal(t, unhex(t, sampleHashHash), keys.PasswordHashHash[:])
			assert.Equal(t, unhex(t, sampleNT), keys.NTResponse[:])

			p.Receive(start, accept(5, tail))
			quiet(t, p) // a repeated Success says nothing new
			assert.Zero(t, p.Deadline())
		})
	}
}

func TestMSCHAPv2DomainStaysInTheName(t *testing.T) {
	p := NewPeer(PeerConfig{
		Method:      MethodMSCHAPv2,
		Credentials: Credentials{User: `DOMAIN\User`, Password: samplePassword},
		Rand:        bytes.NewReader(unhex(t, samplePeer)),
	})
	p.Start(start)
	p.Receive(start, newChallenge(1, unhex(t, sampleAuth)))
	value, _ := response(t, p, 1) // checks the name
	assert.Equal(t, unhex(t, sampleNT), value[24:48])
	p.Receive(start, accept(1, ""))
	event(t, p, EventSucceeded)
}

func TestMSCHAPv2MutualFailed(t *testing.T) {
	wrong := "S=" + strings.Repeat("0", 40) + " M=hello"
	for name, text := range map[string]string{"wrong": wrong, "missing": "M=hello", "too short": "S=407A"} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, MethodMSCHAPv2)
			p.Receive(start, newChallenge(1, unhex(t, sampleAuth)))
			response(t, p, 1)
			p.Receive(start, newPacket(codeSuccess, 1, []byte(text)))
			event(t, p, EventMutualFailed)
			_, ok := p.MPPEStart()
			assert.False(t, ok, "no keys with an impostor")

			p.Receive(start, accept(1, ""))
			p.Receive(start, newChallenge(2, unhex(t, sampleAuth)))
			quiet(t, p) // and nothing more for it to learn from
		})
	}
}

func TestMSCHAPv2MutualFailedOnRechallengeTakesTheKeysAway(t *testing.T) {
	p := newPeer(t, MethodMSCHAPv2)
	p.Receive(start, newChallenge(1, unhex(t, sampleAuth)))
	response(t, p, 1)
	p.Receive(start, accept(1, ""))
	event(t, p, EventSucceeded)
	p.Receive(start, newChallenge(2, make([]byte, 16)))
	response(t, p, 2)
	p.Receive(start, accept(2, "")) // the proof of the first exchange
	event(t, p, EventMutualFailed)
	_, ok := p.MPPEStart()
	assert.False(t, ok)
}

func TestRepeatedChallengeGetsTheSameResponse(t *testing.T) {
	p := newPeer(t, MethodMSCHAPv2)
	p.Receive(start, newChallenge(1, unhex(t, sampleAuth)))
	first, _ := response(t, p, 1)
	p.Receive(start, newChallenge(1, unhex(t, sampleAuth)))
	again, rechallenge := response(t, p, 1)
	assert.True(t, rechallenge)
	assert.Equal(t, first, again, "another peer challenge would make the server's proof wrong")
	p.Receive(start, accept(1, ""))
	event(t, p, EventSucceeded)

	// The Success was lost: the server asks again, and accepts again.
	p.Receive(start, newChallenge(1, unhex(t, sampleAuth)))
	_, rechallenge = response(t, p, 1)
	assert.True(t, rechallenge)
	p.Receive(start, accept(1, ""))
	quiet(t, p)
}

func TestRepeatWhileThereIsNoVerdict(t *testing.T) {
	p := newPeer(t, MethodMSCHAPv2)
	p.Repeat()
	assert.Nil(t, p.NextPacket(), "nothing was sent yet")
	p.Receive(start, newChallenge(1, unhex(t, sampleAuth)))
	first, _ := response(t, p, 1)
	p.Repeat()
	assert.Equal(t, newPacket(codeResponse, 1, AppendValue(nil, first, sampleUser)), p.NextPacket())
	p.Receive(start, newPacket(codeFailure, 1, []byte("E=691 R=1")))
	event(t, p, EventFailed)
	p.Repeat()
	assert.Nil(t, p.NextPacket(), "a refused password is never sent again")
}

func TestRechallengeAfterSuccessKeepsTheKeys(t *testing.T) {
	p := newPeer(t, MethodMSCHAPv2)
	p.Receive(start, newChallenge(1, unhex(t, sampleAuth)))
	response(t, p, 1)
	p.Receive(start, accept(1, ""))
	event(t, p, EventSucceeded)
	before, _ := p.MPPEStart()

	auth := [16]byte{1, 2, 3}
	p.Receive(start, newChallenge(2, auth[:]))
	value, rechallenge := response(t, p, 2)
	assert.True(t, rechallenge)
	proof := AuthenticatorResponse(samplePassword, [24]byte(value[24:48]), [16]byte(value[:16]), auth, sampleUser)
	p.Receive(start, newPacket(codeSuccess, 2, []byte("S="+upper(proof[:]))))
	event(t, p, EventSucceeded)
	after, ok := p.MPPEStart()
	require.True(t, ok)
	assert.Equal(t, before.NTResponse, after.NTResponse)
}

func TestVerdictOnAnOlderResponseIsIgnored(t *testing.T) {
	p := newPeer(t, MethodMSCHAPv2)
	p.Receive(start, newChallenge(1, unhex(t, sampleAuth)))
	response(t, p, 1)
	p.Receive(start, newChallenge(2, make([]byte, 16)))
	_, rechallenge := response(t, p, 2)
	assert.True(t, rechallenge, "before any verdict")
	p.Receive(start, accept(1, "")) // must not count as a failed proof
	require.ErrorIs(t, event(t, p, EventMalformed).Err, ErrUnexpected)
}

func TestRetryOfferedIsNeverTaken(t *testing.T) {
	retry := "E=691 R=1 C=" + samplePeer + " V=3 M=Try again"
	for _, m := range []Method{MethodMD5, MethodMSCHAPv1, MethodMSCHAPv2} {
		t.Run(m.String(), func(t *testing.T) {
			challenge := make([]byte, max(8, m.challengeLen()))
			p := newPeer(t, m)
			p.Receive(start, newChallenge(1, challenge))
			response(t, p, 1)
			p.Receive(start, newPacket(codeFailure, 1, []byte(retry)))
			f := event(t, p, EventFailed).Failure
			assert.Equal(t, CodeAuthenticationFailed, f.Code)
			assert.True(t, f.Retry)
			assert.Equal(t, unhex(t, samplePeer), f.Challenge)

			p.Receive(start, newChallenge(1, challenge))
			p.Receive(start, newChallenge(2, challenge))
			p.Receive(start, []byte("?"))
			p.Tick(start.Add(1e12))
			quiet(t, p)
		})
	}
}

func TestFailureAfterSuccessTakesItBack(t *testing.T) {
	p := newPeer(t, MethodMSCHAPv2)
	p.Receive(start, newChallenge(1, unhex(t, sampleAuth)))
	response(t, p, 1)
	p.Receive(start, accept(1, ""))
	event(t, p, EventSucceeded)
	p.Receive(start, newPacket(codeFailure, 1, []byte("E=649 R=0")))
	assert.Equal(t, CodeNoDialinPermission, event(t, p, EventFailed).Failure.Code)
	_, ok := p.MPPEStart()
	assert.False(t, ok)
}

func TestMSCHAPv1(t *testing.T) {
	p := NewPeer(PeerConfig{Method: MethodMSCHAPv1, Credentials: Credentials{User: "User", Password: "MyPw"}})
	p.Start(start)
	challenge := unhex(t, "102DB5DF085D3041") // RFC 2433 §B.2
	p.Receive(start, newChallenge(9, challenge))
	value, _ := response(t, p, 9)
	assert.Equal(t, unhex(t, strings.Repeat("00", 24)+"4E9D3C8F9CFD385D5BF4D3246791956CA4C351AB409A3D61"+"01"), value)
	p.Receive(start, newPacket(codeSuccess, 9, []byte("Welcome")))
	assert.Equal(t, "Welcome", event(t, p, EventSucceeded).Message)
	keys, ok := p.MPPEStart()
	require.True(t, ok)
	assert.Equal(t, MethodMSCHAPv1, keys.Method)
	assert.Equal(t, challenge, keys.Challenge[:])
	assert.Equal(t, HashNTPasswordHash(NTPasswordHash("MyPw")), keys.PasswordHashHash)
}

func TestMD5(t *testing.T) {
	p := newPeer(t, MethodMD5)
	p.Receive(start, newChallenge(3, []byte("any length")))
	value, _ := response(t, p, 3)
	want := MD5Response(3, samplePassword, []byte("any length"))
	assert.Equal(t, want[:], value)
	p.Receive(start, newPacket(codeSuccess, 3, nil))
	event(t, p, EventSucceeded)
	_, ok := p.MPPEStart()
	assert.False(t, ok, "CHAP-MD5 gives no keys")
}

func TestIgnoredPackets(t *testing.T) {
	for _, tt := range []struct {
		name   string
		method Method
		packet []byte
		err    error
	}{
		{"no header", MethodMD5, []byte{1}, ErrMalformed},
		{"empty challenge value", MethodMD5, newChallenge(1, nil), ErrMalformed},
		{"challenge without value", MethodMD5, newPacket(codeChallenge, 1, nil), ErrMalformed},
		{"v1 challenge of 16 bytes", MethodMSCHAPv1, newChallenge(1, make([]byte, 16)), ErrMalformed},
		{"v2 challenge of 8 bytes", MethodMSCHAPv2, newChallenge(1, make([]byte, 8)), ErrMalformed},
		{"success before any challenge", MethodMSCHAPv2, accept(0, ""), ErrUnexpected},
		{"failure before any challenge", MethodMD5, newPacket(codeFailure, 0, nil), ErrUnexpected},
		{"a response, such as ours come back", MethodMD5, newPacket(codeResponse, 1, nil), ErrUnexpected},
		{"unknown code", MethodMSCHAPv2, newPacket(77, 1, nil), ErrUnexpected},
		{"pap request", MethodPAP, newPacket(codeRequest, 1, nil), ErrUnexpected},
		{"pap answer to nothing sent", MethodPAP, newPacket(codeAck, 2, nil), ErrUnexpected},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPeer(t, tt.method)
			p.NextPacket()
			p.Receive(start, tt.packet)
			require.ErrorIs(t, event(t, p, EventMalformed).Err, tt.err)
			quiet(t, p)
		})
	}
}

func TestNothingBeforeStart(t *testing.T) {
	p := NewPeer(PeerConfig{Method: MethodMD5})
	p.Receive(start, newChallenge(1, []byte("x")))
	p.Tick(start)
	quiet(t, p)
}

func TestMethodNotSpoken(t *testing.T) {
	for _, m := range []Method{MethodEAP, 0, 99} {
		p := newPeer(t, m)
		require.ErrorIs(t, event(t, p, EventMalformed).Err, ErrMethod)
		p.Receive(start, newChallenge(1, make([]byte, 16)))
		quiet(t, p)
	}
}

func TestCredentialsTooLong(t *testing.T) {
	long := strings.Repeat("x", 256)
	for _, cfg := range []PeerConfig{
		{Method: MethodPAP, Credentials: Credentials{User: long}},
		{Method: MethodPAP, Credentials: Credentials{Password: long}},
		{Method: MethodMSCHAPv2, Credentials: Credentials{User: long}},
	} {
		p := NewPeer(cfg)
		p.Start(start)
		require.ErrorIs(t, event(t, p, EventMalformed).Err, ErrTooLong)
		quiet(t, p)
		assert.Zero(t, p.Deadline())
	}
}

func TestNoRandomness(t *testing.T) {
	broken := errors.New("no entropy")
	p := NewPeer(PeerConfig{Method: MethodMSCHAPv2, Rand: iotest.ErrReader(broken)})
	p.Start(start)
	p.Receive(start, newChallenge(1, make([]byte, 16)))
	require.ErrorIs(t, event(t, p, EventMalformed).Err, broken)
	quiet(t, p)
}

func TestEventsAreBounded(t *testing.T) {
	p := newPeer(t, MethodMD5)
	for range 1000 {
		p.Receive(start, nil)
	}
	p.Receive(start, newChallenge(1, []byte("x")))
	require.Len(t, p.events, maxEvents)
	assert.Equal(t, EventChallenged, p.events[maxEvents-1].Kind, "the last event is kept")
}
