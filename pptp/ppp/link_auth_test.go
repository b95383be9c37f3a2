package ppp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
)

func TestAuthNegotiation(t *testing.T) {
	t.Run("RRAS offers EAP first, then what the Nak asked for", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.drop()
		p.send(LCP, ConfReq, 0, unhex(authE))
		assert.Equal(t, unhex(authV2), p.expect(LCP, ConfNak).Data)
		p.wait(time.Second)
		p.openLCP(authV2)
		ev := p.event(EventAuthRequired)
		assert.Equal(t, chap.MethodMSCHAPv2, ev.Method)
		assert.Equal(t, []string{"eap", "mschap_v2"}, p.l.Negotiated().AuthOffered)
	})
	t.Run("no common method: Nak loop ends", func(t *testing.T) {
		p := newPeer(t, Config{Auth: []chap.Method{chap.MethodMSCHAPv2, chap.MethodMSCHAPv1, chap.MethodEAP}})
		p.drop()
		for i, want := range []string{authV2, authV1, authV2, authV1, authV2} {
			p.send(LCP, ConfReq, uint8(i), unhex(authP))
			assert.Equal(t, unhex(want), p.expect(LCP, ConfNak).Data)
		}
		p.send(LCP, ConfReq, 9, unhex(authE))
		assert.Contains(t, p.event(EventAuthRefused).Detail, "pap eap")
		p.expect(LCP, TermReq)
		p.silent()
		assert.Equal(t, Terminating, p.l.Phase())
	})
	t.Run("not requested", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.openLCP("")
		p.event(EventAuthNotRequested)
		p.openIPCP()
	})
	t.Run("pppd gives up its methods one by one, opens without and terminates", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.drop()
		p.send(LCP, ConfReq, 1, unhex(authMD))
		p.expect(LCP, ConfNak)
		p.wait(time.Second)
		p.openLCP("")
		assert.Equal(t, "chap_md5", p.event(EventAuthNotRequested).Detail)
		p.send(LCP, TermReq, 3, []byte("peer refused to authenticate"))
		assert.Equal(t, "peer refused to authenticate", p.event(EventTerminated).Termination.Text)
	})
}

func TestAuthMethods(t *testing.T) {
	t.Run("PAP", func(t *testing.T) {
		p := newPeer(t, Config{Auth: []chap.Method{chap.MethodPAP}})
		p.openLCP(authP)
		req := p.expect(PAP, 1)
		p.wait(3 * time.Second)
		p.expect(PAP, 1)
		p.send(PAP, 2, req.ID, []byte{2, 'o', 'k'})
		assert.Equal(t, "ok", p.event(EventAuthSucceeded).Detail)
		p.openIPCP()
	})
	t.Run("PAP unanswered", func(t *testing.T) {
		p := newPeer(t, Config{Auth: []chap.Method{chap.MethodPAP}})
		p.openLCP(authP)
		p.wait(59 * time.Second)
		p.event(EventAuthTimeout)
		p.wait(59 * time.Second)
		p.noEvent(EventAuthTimeout)
	})
	t.Run("CHAP-MD5 gives no keys: CCP is not offered, and refused", func(t *testing.T) {
		p := newPeer(t, Config{Auth: []chap.Method{chap.MethodMD5}, MPPE: MPPEPrefer})
		p.openLCP(authMD)
		p.send(CHAP, 1, 7, chap.AppendValue(nil, []byte("0123456789"), "gw"))
		value, _, err := chap.ParseValue(p.expect(CHAP, 2).Data)
		require.NoError(t, err)
		want := chap.MD5Response(7, testPassword, []byte("0123456789"))
		assert.Equal(t, want[:], value)
		p.send(CHAP, 3, 7, nil)
		p.openIPCP()
		p.send(CCP, ConfReq, 1, bitsData(stateless128))
		p.expect(LCP, ProtoRej)
	})
	t.Run("CHAP-MD5 with encryption required", func(t *testing.T) {
		p := newPeer(t, Config{Auth: []chap.Method{chap.MethodMD5}, MPPE: MPPERequire})
		p.openLCP(authMD)
		p.send(CHAP, 1, 7, chap.AppendValue(nil, []byte("0123456789"), "gw"))
		p.expect(CHAP, 2)
		p.send(CHAP, 3, 7, nil)
		p.event(EventCCPRejected)
		assert.Equal(t, "MPPE required but not available", string(p.expect(LCP, TermReq).Data))
		p.silent()
	})
	t.Run("MS-CHAPv1 has one key for both directions", func(t *testing.T) {
		p := newPeer(t, Config{Auth: []chap.Method{chap.MethodMSCHAPv1}, MPPE: MPPERequire})
		p.openLCP(authV1)
		p.send(CHAP, 1, 7, chap.AppendValue(nil, []byte("01234567"), "gw"))
		p.expect(CHAP, 2)
		p.send(CHAP, 3, 7, nil)
		p.event(EventAuthSucceeded)
		p.openCCP(stateless128)
		p.openIPCP()
		assert.Equal(t, chap.MethodMSCHAPv1, p.l.Negotiated().Auth)
		a, err := p.l.SendIP(nil, ipPacket(40))
		require.NoError(t, err)
		p.frame(a) // the same key: what it sends it can read
		assert.Len(t, p.ip, 1)
	})
}

func TestAuthVerdicts(t *testing.T) {
	challenged := func(t *testing.T) *peer {
		p := newPeer(t, Config{})
		p.openLCP(authV2)
		p.challenge(9)
		p.event(EventAuthChallenged)
		return p
	}
	t.Run("rejected, R=1 is not retried", func(t *testing.T) {
		p := challenged(t)
		p.send(CHAP, 4, 9, []byte("E=691 R=1 C=00112233445566778899AABBCCDDEEFF V=0 M=Access denied"))
		f := p.event(EventAuthFailed).Failure
		assert.Equal(t, 691, f.Code)
		assert.True(t, f.Retry)
		p.silent()
	})
	t.Run("race: CHAP Failure behind the Terminate-Request, both are reported", func(t *testing.T) {
		p := challenged(t)
		p.send(LCP, TermReq, 4, unhex("a1a2a3a4 003ccd74 000002b3"))
		ev := p.event(EventTerminated)
		assert.EqualValues(t, 691, ev.Termination.RAS)
		assert.Equal(t, Authenticate, ev.Phase)
		p.expect(LCP, TermAck)
		p.wait(900 * time.Millisecond)
		p.noEvent(EventDead)
		p.send(CHAP, 4, 9, []byte("E=691 R=0 V=3 M=no"))
		assert.Equal(t, 691, p.event(EventAuthFailed).Failure.Code)
		p.wait(100 * time.Millisecond)
		p.event(EventDead)
	})
	t.Run("race: Terminate-Request behind the CHAP Failure", func(t *testing.T) {
		p := challenged(t)
		p.send(CHAP, 4, 9, []byte("E=691 R=0 V=3 M=no"))
		p.event(EventAuthFailed)
		p.send(LCP, TermReq, 4, []byte("Authentication failed"))
		p.event(EventTerminated)
	})
	t.Run("a terminating link answers no challenge", func(t *testing.T) {
		p := challenged(t)
		p.send(LCP, TermReq, 4, nil)
		p.drop()
		p.send(CHAP, 1, 10, chap.AppendValue(nil, authChallenge[:], "gw"))
		p.silent()
	})
	t.Run("server that cannot prove the password", func(t *testing.T) {
		p := challenged(t)
		p.send(CHAP, 3, 9, []byte("S=0000000000000000000000000000000000000000"))
		p.event(EventAuthMutualFailed)
		p.expect(LCP, TermReq)
		p.silent()
	})
	t.Run("slow RADIUS: repeated challenges, then silence", func(t *testing.T) {
		p := challenged(t)
		for range 9 {
			p.wait(3 * time.Second)
			p.challenge(9)
			assert.True(t, p.event(EventAuthChallenged).Rechallenge)
		}
		p.wait(40 * time.Second)
		p.event(EventAuthTimeout)
	})
	t.Run("malformed challenge", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.openLCP(authV2)
		p.send(CHAP, 1, 1, []byte{200, 1})
		assert.Error(t, p.event(EventAuthMalformed).Err)
	})
	t.Run("the Success is lost: a server that goes on to CCP is reminded", func(t *testing.T) {
		p := newPeer(t, Config{MPPE: MPPEPrefer})
		p.openLCP(authV2)
		p.send(CCP, ConfReq, 1, bitsData(stateless128))
		p.silent() // nothing to repeat yet
		success := p.challenge(9)
		p.wait(3 * time.Second)
		p.send(CCP, ConfReq, 1, bitsData(stateless128))
		again := p.expect(CHAP, 2)
		assert.EqualValues(t, 9, again.ID)
		p.send(CHAP, 3, 9, success)
		p.event(EventAuthSucceeded)
		p.expect(CCP, ConfReq)
	})
	t.Run("PAP on a CHAP link, CHAP before LCP", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.send(CHAP, 1, 1, chap.AppendValue(nil, authChallenge[:], "gw"))
		p.openRestAcked()
		p.send(PAP, 2, 1, nil)
		p.silent()
		assert.EqualValues(t, 2, p.l.Stats().Unexpected)
	})
}

func (p *peer) openRestAcked() {
	p.t.Helper()
	p.ack(LCP)
	p.openRest()
}

// pppd's chap-interval: challenged again in the running session, the keys stay those of the first exchange.
func TestRechallengeInRunningSession(t *testing.T) {
	p := running(t, Config{MPPE: MPPERequire})
	p.send(CHAP, 3, 20, p.challenge(20))
	p.silent()
	p.frame(p.sealed(ipPacket(30)))
	assert.Len(t, p.ip, 1)
	assert.Equal(t, Running, p.l.Phase())
	p.send(CCP, ConfReq, 50, bitsData(stateless128)) // and those of a new CCP too
	p.drop()
	p.send(CCP, ConfAck, p.l.ccp.reqID, bitsData(stateless128))
	p.enc = nil
	p.event(EventCCPOpened)
}

func TestCBCP(t *testing.T) {
	loggedIn := func(t *testing.T) *peer {
		p := newPeer(t, Config{})
		p.login()
		p.drop()
		return p
	}
	for name, opt := range map[string]string{"type alone": "0102", "with delay": "010300"} {
		t.Run("RRAS offers no callback among others, "+name, func(t *testing.T) {
			p := loggedIn(t)
			p.send(CBCP, cbcpRequest, 3, unhex("03070001313200"[:14]+opt))
			resp := p.expect(CBCP, cbcpResponse)
			assert.EqualValues(t, 3, resp.ID)
			assert.Equal(t, unhex(opt), resp.Data)
			assert.Equal(t, Callback, p.l.Phase())
			p.send(CBCP, cbcpAck, 3, unhex(opt))
			assert.Equal(t, Network, p.l.Phase())
			p.wait(time.Second)
			p.openIPCP()
		})
	}
	t.Run("callback required", func(t *testing.T) {
		p := loggedIn(t)
		p.send(CBCP, cbcpRequest, 3, unhex("0304 0001"))
		p.event(EventCallbackRequired)
		p.expect(LCP, ProtoRej)
	})
	t.Run("the Success was lost: callback begins where a verdict is awaited", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.openLCP(authV2)
		success := p.challenge(7)
		p.drop()
		p.send(CBCP, cbcpRequest, 3, unhex("0102"))
		again := p.expect(CHAP, 2)
		assert.EqualValues(t, 7, again.ID)
		p.send(CHAP, 3, 7, success)
		p.event(EventAuthSucceeded)
		p.drop()
		p.send(CBCP, cbcpRequest, 3, unhex("0102"))
		p.expect(CBCP, cbcpResponse)
	})
	t.Run("before authentication, malformed, unknown", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.openLCP(authV2)
		p.send(CBCP, cbcpRequest, 3, unhex("0102"))
		p.silent()
		p = loggedIn(t)
		p.send(CBCP, cbcpRequest, 3, unhex("0109"))
		p.send(CBCP, 9, 3, nil)
		p.send(CBCP, cbcpAck, 3, nil)
		p.silent()
	})
}
