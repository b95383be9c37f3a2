package chap

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// request takes the Authenticate-Request that is due.
func request(t *testing.T, p *Peer, id uint8) {
	t.Helper()
	code, gotID, data, err := parsePacket(p.NextPacket())
	require.NoError(t, err)
	assert.Equal(t, uint8(codeRequest), code)
	assert.Equal(t, id, gotID, "each request has its own identifier")
	user, password, err := ParsePAPRequest(data)
	require.NoError(t, err)
	assert.Equal(t, sampleUser, user)
	assert.Equal(t, samplePassword, password)
}

func TestPAPAck(t *testing.T) {
	p := newPeer(t, MethodPAP)
	request(t, p, 1)
	p.Start(start)
	quiet(t, p) // a second Start does nothing
	p.Receive(start, newPacket(codeAck, 1, AppendPAPMessage(nil, "Login ok")))
	assert.Equal(t, "Login ok", event(t, p, EventSucceeded).Message)
	assert.Zero(t, p.Deadline())
	p.Receive(start, newPacket(codeAck, 1, nil))
	p.Tick(start.Add(time.Hour))
	quiet(t, p)
	_, ok := p.MPPEStart()
	assert.False(t, ok, "PAP gives no keys")
}

func TestPAPNak(t *testing.T) {
	p := newPeer(t, MethodPAP)
	request(t, p, 1)
	p.Receive(start, newPacket(codeNak, 1, AppendPAPMessage(nil, "Login incorrect")))
	assert.Equal(t, Failure{Message: "Login incorrect"}, event(t, p, EventFailed).Failure)
	p.Tick(start.Add(time.Hour))
	quiet(t, p) // never tried again
	assert.Zero(t, p.Deadline())
}

func TestPAPRetransmission(t *testing.T) {
	p := newPeer(t, MethodPAP)
	request(t, p, 1)
	assert.Equal(t, start.Add(3*time.Second), p.Deadline())
	p.Tick(start.Add(3*time.Second - 1))
	quiet(t, p)
	p.Tick(start.Add(3 * time.Second))
	request(t, p, 2)
	assert.Equal(t, start.Add(6*time.Second), p.Deadline())
	p.Receive(start, newPacket(codeAck, 1, nil)) // the late answer to the first
	event(t, p, EventSucceeded)
}

func TestPAPTimeout(t *testing.T) {
	p := NewPeer(PeerConfig{
		Method:      MethodPAP,
		Credentials: Credentials{User: sampleUser, Password: samplePassword},
		Retransmit:  time.Second,
		MaxTransmit: 3,
	})
	p.Start(start.Add(-3 * time.Second))
	sent := 0
	for !p.Deadline().IsZero() {
		sent++
		request(t, p, uint8(sent))
		p.Tick(p.Deadline())
	}
	assert.Equal(t, 3, sent)
	event(t, p, EventTimeout)
	p.Receive(start, newPacket(codeAck, 1, nil))
	quiet(t, p)
}

func TestPAPMaxTransmitFitsTheIdentifier(t *testing.T) {
	p := NewPeer(PeerConfig{Method: MethodPAP, MaxTransmit: 1000})
	assert.Equal(t, 255, p.cfg.MaxTransmit)
}
