package chap

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// start is the time of all tests: nothing here depends on a clock.
var start = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

// The sample of RFC 2759 §9.2.
const (
	sampleUser     = "User"
	samplePassword = "clientPass"
	sampleAuth     = "5B5D7C7D7B3F2F3E3C2C602132262628"
	samplePeer     = "21402324255E262A28295F2B3A337C7E"
	sampleNT       = "82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF"
	sampleProof    = "407A5589115FD0D6209F510FE9C04566932CDA56"
	sampleHashHash = "41C00C584BD2D91C4017A2A12FA59F3F"
)

// newPeer returns a started peer whose MS-CHAPv2 peer challenges are that of the
// RFC sample, and then zeros.
func newPeer(t testing.TB, m Method) *Peer {
	t.Helper()
	p := NewPeer(PeerConfig{
		Method:      m,
		Credentials: Credentials{User: sampleUser, Password: samplePassword},
		Rand:        bytes.NewReader(append(unhex(t, samplePeer), make([]byte, 1<<10)...)),
	})
	p.Start(start)
	return p
}

// newChallenge returns a whole Challenge packet.
func newChallenge(id uint8, value []byte) []byte {
	return newPacket(codeChallenge, id, AppendValue(nil, value, "server"))
}

func event(t testing.TB, p *Peer, kind EventKind) Event {
	t.Helper()
	e, ok := p.NextEvent()
	require.True(t, ok, "no event, want %s", kind)
	require.Equal(t, kind.String(), e.Kind.String(), "%v", e.Err)
	require.Equal(t, start, e.At)
	return e
}

func quiet(t testing.TB, p *Peer) {
	t.Helper()
	require.Nil(t, p.NextPacket())
	e, ok := p.NextEvent()
	require.False(t, ok, "unexpected event %s: %v", e.Kind, e.Err)
}

// response takes the Response that is due, with its Challenged event.
func response(t testing.TB, p *Peer, id uint8) (value []byte, rechallenge bool) {
	t.Helper()
	e := event(t, p, EventChallenged)
	b := p.NextPacket()
	require.NotNil(t, b)
	code, gotID, data, err := parsePacket(b)
	require.NoError(t, err)
	require.Equal(t, uint8(codeResponse), code)
	require.Equal(t, id, gotID)
	value, name, err := ParseValue(data)
	require.NoError(t, err)
	require.Equal(t, p.cfg.Credentials.User, name)
	return value, e.Rechallenge
}
