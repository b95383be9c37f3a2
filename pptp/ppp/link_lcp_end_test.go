package ppp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
)

func TestProtocolRejectOfThePeer(t *testing.T) {
	for _, tt := range []struct {
		proto Protocol
		want  EventKind
		phase Phase
	}{
		{LCP, EventProtocolRejected, Terminating},
		{CHAP, EventProtocolRejected, Terminating},
		{PAP, EventProtocolRejected, Terminating},
		{IPCP, EventIPCPRejected, Network},
		{IPV6CP, EventProtocolRejected, Running}, // normal, harmless
		{IPv4, EventProtocolRejected, Running},
		{CCP, EventCCPRejected, Running},
		{0x00C7, EventKeyMismatch, Running}, // the peer decrypts our packets to random protocols
	} {
		t.Run(tt.proto.String(), func(t *testing.T) {
			p := running(t, Config{MPPE: MPPEPrefer})
			p.send(LCP, ProtoRej, 9, []byte{byte(tt.proto >> 8), byte(tt.proto), 1, 2, 3})
			p.event(tt.want)
			assert.Equal(t, tt.phase, p.l.Phase())
		})
	}
	t.Run("ignored before LCP is open", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.drop()
		p.send(LCP, ProtoRej, 9, []byte{0xC0, 0x21})
		p.send(LCP, ProtoRej, 9, []byte{0xC0})
		assert.Empty(t, p.events)
		p.silent()
	})
}

func TestLCPTerminatedByThePeer(t *testing.T) {
	for _, tt := range []struct {
		name string
		data []byte
		want Termination
	}{
		{"accel-ppp: empty", nil, Termination{}},
		{"pppd text", []byte("MPPE required but peer refused"), Termination{Text: "MPPE required but peer refused"}},
		{"pppd: Peer not responding", []byte("Peer not responding"), Termination{Text: "Peer not responding"}},
		{"Windows: RAS 691", unhex("a1a2a3a4 003ccd74 000002b3"), Termination{RAS: 691, HasRAS: true, Magic: peerMagic}},
		{"Windows: RAS 732", unhex("a1a2a3a4 003ccd74 000002dc"), Termination{RAS: 732, HasRAS: true, Magic: peerMagic}},
		{"Windows: user request", unhex("a1a2a3a4 003ccd74 00000000"), Termination{HasRAS: true, Magic: peerMagic}},
		{"binary", []byte{0, 1, 0xFF}, Termination{}},
		{"control characters", []byte("a\x1b[31m"), Termination{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := running(t, Config{})
			p.send(LCP, TermReq, 5, tt.data)
			ev := p.event(EventTerminated)
			assert.Equal(t, tt.want, ev.Termination)
			assert.Equal(t, Running, ev.Phase)
			assert.Equal(t, LCP, ev.Protocol)
			p.expect(LCP, TermAck)
			p.send(LCP, TermReq, 5, tt.data) // our Ack was lost
			p.expect(LCP, TermAck)
			p.wait(time.Second)
			p.event(EventDead)
			_, err := p.l.SendIP(nil, ipPacket(20))
			assert.ErrorIs(t, err, ErrNotOpen)
		})
	}
	t.Run("before authentication", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.drop()
		p.send(LCP, TermReq, 1, []byte("login failed"))
		assert.Equal(t, Establish, p.event(EventTerminated).Phase)
		p.expect(LCP, TermAck)
	})
	assert.Equal(t, "RAS 691", Termination{RAS: 691, HasRAS: true}.String())
	assert.Equal(t, "Link inactive", Termination{Text: "Link inactive"}.String())
}

func TestCloseIsRepeatedThreeTimes(t *testing.T) {
	p := running(t, Config{})
	p.l.Close(p.now, "probe complete")
	p.wait(10 * time.Second)
	for range 3 {
		p.expect(LCP, TermReq)
	}
	p.silent()
	p.noEvent(EventTerminateAcked)
	ev := p.event(EventDead)
	assert.Equal(t, epoch.Add(3*time.Second), ev.At)
	p.l.Close(p.now, "again")
	p.l.Open(p.now)
	p.l.Tick(p.now)
	p.collect()
	p.silent()

	l := NewLink(Config{})
	l.Close(epoch, "never opened")
	assert.Equal(t, Dead, l.Phase())
}

func TestLCPRenegotiation(t *testing.T) {
	t.Run("a request repeated because our Ack came late does not throw the link down", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.login()
		p.drop()
		for range maxReAcks {
			p.send(LCP, ConfReq, 1, unhex(authV2+magicOption(peerMagic)))
			p.expect(LCP, ConfAck)
		}
		assert.Equal(t, Network, p.l.Phase())
	})
	t.Run("a new request starts over, authentication included", func(t *testing.T) {
		p := running(t, Config{MPPE: MPPERequire})
		old := p.l.Negotiated().Magic
		p.send(LCP, ConfReq, 40, unhex(authV2+magicOption(0x01010101)))
		p.event(EventLCPRenegotiated)
		_, err := p.l.SendIP(nil, ipPacket(20))
		require.ErrorIs(t, err, ErrNotOpen)
		req := p.expect(LCP, ConfReq)
		p.expect(LCP, ConfAck)
		p.send(LCP, ConfAck, req.ID, req.Data)
		p.event(EventLCPOpened)
		assert.NotEqual(t, old, p.l.Negotiated().Magic)
		p.nt = [24]byte{}
		p.send(CHAP, 3, 10, p.challenge(10))
		p.openCCP(stateless128)
		p.openIPCP()
		p.frame(p.sealed(ipPacket(50)))
		assert.Len(t, p.ip, 1)
	})
}

func TestAnyAuthOpensLCPOnly(t *testing.T) {
	for _, auth := range []string{authE, authP, authMD, authV2, "0306c2238199", ""} {
		t.Run(auth, func(t *testing.T) {
			p := newPeer(t, Config{AnyAuth: true})
			p.openLCP(auth)
			if auth == "" {
				p.event(EventAuthNotRequested)
			} else {
				p.event(EventAuthRequired)
			}
			p.send(EAP, 1, 1, []byte{1})
			p.send(CHAP, 1, 1, chap.AppendValue(nil, authChallenge[:], "gw"))
			p.send(CCP, ConfReq, 1, nil)
			p.send(IPCP, ConfReq, 1, nil)
			p.send(CBCP, 1, 1, []byte{1, 2})
			p.wait(100 * time.Second)
			p.silent()
			assert.Equal(t, Authenticate, p.l.Phase())
		})
	}
}
