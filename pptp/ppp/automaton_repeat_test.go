package ppp

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ackRcvd returns an automaton whose request is acknowledged, and the request.
func ackRcvd(t *testing.T) (*Automaton, Packet) {
	t.Helper()
	a := automaton(AutomatonConfig{})
	a.Open(epoch)
	a.Up(epoch)
	request, err := ParsePacket(a.NextPacket())
	require.NoError(t, err)
	a.Receive(epoch, Packet{Code: ConfAck, ID: request.ID, Data: request.Data})
	require.Equal(t, AckRcvd, a.State())
	return a, request
}

// TestAckedRequestStaysAcked: the peer's own request was lost. Made anew on the time-out, as RFC 1661's table has it,
// our request would find the peer in Opened if it in turn was late, and end CCP, and with pppd the link.
func TestAckedRequestStaysAcked(t *testing.T) {
	a, request := ackRcvd(t)
	for range 3 {
		a.Tick(a.Deadline())
		again, err := ParsePacket(a.NextPacket())
		require.NoError(t, err)
		assert.Equal(t, request, again, "the same, so that the peer can tell")
		assert.Equal(t, AckRcvd, a.State())
		a.Receive(epoch, Packet{Code: ConfAck, ID: request.ID, Data: request.Data}) // the peer may say so again
		assert.Equal(t, AckRcvd, a.State())
	}
	a.Receive(epoch, Packet{Code: ConfReq, ID: 77})
	assert.Equal(t, Opened, a.State(), "no further Ack is wanted")
	ack, err := ParsePacket(a.NextPacket())
	require.NoError(t, err)
	assert.Equal(t, Packet{Code: ConfAck, ID: 77, Data: []byte{}}, ack)
	assert.Nil(t, a.NextPacket())
	assert.Equal(t, 3, a.Retransmits())
}

// TestAckCanBeTakenBack: a peer that has started over may want something else.
func TestAckCanBeTakenBack(t *testing.T) {
	a, request := ackRcvd(t)
	a.Tick(a.Deadline())
	require.NotNil(t, a.NextPacket())
	a.Receive(epoch, Packet{Code: ConfNak, ID: request.ID, Data: request.Data})
	assert.Equal(t, ReqSent, a.State())
	next, err := ParsePacket(a.NextPacket())
	require.NoError(t, err)
	assert.NotEqual(t, request.ID, next.ID)
}

// TestAckedRequestIsNotRepeatedForEver: a peer that never asks for its own.
func TestAckedRequestIsNotRepeatedForEver(t *testing.T) {
	a, _ := ackRcvd(t)
	for range 50 {
		if !a.Deadline().IsZero() {
			a.Tick(a.Deadline())
		}
	}
	assert.Equal(t, Stopped, a.State())
	assert.Contains(t, drainKinds(a), TimedOut)
}
