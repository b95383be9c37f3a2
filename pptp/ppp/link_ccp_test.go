package ppp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
)

var (
	all    = []mppe.Strength{mppe.Bits40, mppe.Bits56, mppe.Bits128}
	with40 = []mppe.Strength{mppe.Bits40, mppe.Bits128}
)

func loggedIn(t *testing.T, cfg Config) *peer {
	p := newPeer(t, cfg)
	p.login()
	return p
}

func TestCCPFirstRequest(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  Config
		want mppe.Bits
	}{
		{"128 bit", Config{MPPE: MPPERequire}, 0x01000040},
		{"all strengths", Config{MPPE: MPPEPrefer, Strengths: all}, 0x010000E0},
		{"40 bit", Config{MPPE: MPPEPrefer, Strengths: all[:1]}, 0x01000020},
		{"stateful is not offered", Config{MPPE: MPPEPrefer, Strengths: with40, Stateful: true}, 0x01000060},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := loggedIn(t, tt.cfg)
			assert.Equal(t, bitsData(tt.want), p.expect(CCP, ConfReq).Data)
			p.silent() // our IPCP request waits
		})
	}
}

// The peers' first requests and what the responder says: Nak with exactly one strength, the strongest common.
func TestCCPResponder(t *testing.T) {
	for _, tt := range []struct {
		name      string
		strengths []mppe.Strength
		bits      mppe.Bits
		code      Code
		reply     mppe.Bits
	}{
		{"Windows RRAS: H S C", nil, 0x01000041, ConfNak, 0x01000040},
		{"Windows XP: H M S L C", all, 0x010000E1, ConfNak, 0x01000040},
		{"pppd: H S L", with40, 0x01000060, ConfNak, 0x01000040},
		{"accel-ppp", nil, 0x01000040, ConfAck, 0x01000040},
		{"pppd with MPPE-40", with40, 0x01000020, ConfAck, 0x01000020},
		{"56 and 40", all, 0x010000A0, ConfNak, 0x01000080},
		{"stateful", nil, 0x00000040, ConfNak, 0x01000040},
		{"obsolete bit", nil, 0x01000050, ConfNak, 0x01000040},
		{"40 bit only, not ours", nil, 0x01000020, ConfNak, 0x01000040},
		{"all bits zero", nil, 0, ConfNak, 0x01000040},
		{"MPPC only", nil, 0x00000001, ConfNak, 0x01000040},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := loggedIn(t, Config{MPPE: MPPERequire, Strengths: tt.strengths})
			p.drop()
			p.send(CCP, ConfReq, 4, bitsData(tt.bits))
			assert.Equal(t, bitsData(tt.reply), p.expect(CCP, tt.code).Data)
		})
	}
	t.Run("pppd: deflate and BSD compress rejected beside MPPE", func(t *testing.T) {
		p := loggedIn(t, Config{MPPE: MPPERequire})
		p.drop()
		p.send(CCP, ConfReq, 4, unhex("1206 01000040 1a047800 1804 7800 15032f"))
		assert.Equal(t, unhex("1a047800 18047800 15032f"), p.expect(CCP, ConfRej).Data)
	})
	t.Run("request without MPPE gets it suggested", func(t *testing.T) {
		p := loggedIn(t, Config{MPPE: MPPEPrefer})
		p.drop()
		p.send(CCP, ConfReq, 4, nil)
		assert.Equal(t, bitsData(stateless128), p.expect(CCP, ConfNak).Data)
		p.send(CCP, ConfReq, 5, nil)
		p.expect(CCP, ConfNak)
		p.send(CCP, ConfReq, 6, nil)
		p.event(EventCCPRejected)
		p.expect(CCP, TermReq)
		p.openIPCP()
	})
}

func TestCCPRefusals(t *testing.T) {
	nak := func(bits ...mppe.Bits) func(*peer) {
		return func(p *peer) {
			for _, b := range bits {
				p.send(CCP, ConfNak, p.expect(CCP, ConfReq).ID, bitsData(b))
			}
		}
	}
	ask := func(bits ...mppe.Bits) func(*peer) {
		return func(p *peer) {
			p.drop()
			for i, b := range bits {
				p.drop()
				p.send(CCP, ConfReq, uint8(10+i), bitsData(b))
			}
		}
	}
	for _, tt := range []struct {
		name  string
		play  func(*peer)
		event EventKind
		text  string
	}{
		{"ConfRej of the option", func(p *peer) {
			req := p.expect(CCP, ConfReq)
			p.send(CCP, ConfRej, req.ID, req.Data)
		}, EventCCPRejected, "MPPE required but peer refused"},
		{"Protocol-Reject (mppe=deny, no module)", func(p *peer) {
			req := p.expect(CCP, ConfReq)
			p.send(LCP, ProtoRej, 1, append([]byte{0x80, 0xFD}, req.AppendTo(nil)...))
		}, EventCCPRejected, "MPPE required but peer refused"},
		{"Nak with 40 bit only", nak(0x01000020), EventStrengthMismatch, "MPPE required but peer refused"},
		{"Nak stateful", nak(0x00000040), EventStatelessRefused, "MPPE required but peer refused"},
		{"Nak with MPPC only", nak(0x00000001), EventMPPCOnly, "MPPE required but peer refused"},
		{"Nak with nothing", nak(0), EventCCPRejected, "MPPE required but peer refused"},
		{"insists on 40 bit", ask(0x01000020, 0x01000020, 0x01000020), EventStrengthMismatch, "MPPE required but peer refused"},
		{"insists on stateful", ask(0x40, 0x40, 0x40), EventStatelessRefused, "MPPE required but peer refused"},
		{"insists on MPPC", ask(1, 1, 1), EventMPPCOnly, "MPPE required but peer refused"},
		{"repeats all bits zero (ppp issue 558)", ask(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), EventCCPNotConverging, "MPPE required but peer negotiation failed"},
		{"naks the same for ever", nak(0x01000040, 0x01000040, 0x01000040, 0x01000040, 0x01000040, 0x01000040,
			0x01000040, 0x01000040, 0x01000040, 0x01000040, 0x01000040), EventCCPNotConverging, "MPPE required but peer negotiation failed"},
		{"silence", func(p *peer) {
			for range 26 {
				if len(p.events) > 0 && p.events[len(p.events)-1].Kind == EventCCPTimeout {
					return
				}
				p.wait(time.Second)
			}
		}, EventCCPTimeout, "MPPE required but peer negotiation failed"},
		{"Terminate-Request with RAS 732", func(p *peer) {
			p.send(CCP, TermReq, 5, unhex("a1a2a3a4 003ccd74 000002dc"))
			require.EqualValues(p.t, 732, p.event(EventTerminated).Termination.RAS)
		}, EventCCPTerminated, "MPPE required but peer refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Run("required: the link ends", func(t *testing.T) {
				p := loggedIn(t, Config{MPPE: MPPERequire})
				tt.play(p)
				p.event(tt.event)
				assert.Equal(t, Terminating, p.l.Phase())
				for len(p.frames) > 0 { // nothing of CCP behind it
					if proto, _, _ := ParseFrame(p.frames[0]); proto == LCP {
						break
					}
					p.frames = p.frames[1:]
				}
				assert.Equal(t, tt.text, string(p.expect(LCP, TermReq).Data))
				p.silent()
			})
			t.Run("preferred: IPCP goes on in the clear", func(t *testing.T) {
				p := loggedIn(t, Config{MPPE: MPPEPrefer})
				tt.play(p)
				p.event(tt.event)
				for len(p.frames) > 0 {
					if proto, _, _ := ParseFrame(p.frames[0]); proto == IPCP {
						break
					}
					p.frames = p.frames[1:]
				}
				p.frames = p.frames[:1]
				p.openIPCP()
				f, err := p.l.SendIP(nil, ipPacket(20))
				require.NoError(t, err)
				assert.Equal(t, AppendFrame(nil, IPv4, ipPacket(20)), f)
			})
		})
	}
	t.Run("stateful accepted where configured", func(t *testing.T) {
		p := loggedIn(t, Config{MPPE: MPPERequire, Stateful: true})
		p.send(CCP, ConfNak, p.expect(CCP, ConfReq).ID, bitsData(mppe.Bit128))
		assert.Equal(t, bitsData(mppe.Bit128), p.ack(CCP).Data)
		p.send(CCP, ConfReq, 1, bitsData(mppe.Bit128))
		p.expect(CCP, ConfNak)
		p.send(CCP, ConfReq, 1, bitsData(mppe.Bit128)) // our Nak was lost
		p.expect(CCP, ConfNak)
		p.send(CCP, ConfReq, 2, bitsData(mppe.Bit128))
		p.expect(CCP, ConfAck)
		p.event(EventCCPOpened)
		assert.False(t, p.l.Negotiated().Stateless)
	})
	t.Run("MPPE-40 as pppd does it", func(t *testing.T) {
		p := loggedIn(t, Config{MPPE: MPPERequire, Strengths: with40})
		p.openCCP(0x01000020)
		assert.EqualValues(t, 40, p.l.Negotiated().MPPE)
		p.openIPCP()
		p.frame(p.sealed(ipPacket(30)))
		assert.Len(t, p.ip, 1)
	})
	t.Run("56 bit", func(t *testing.T) {
		p := loggedIn(t, Config{MPPE: MPPERequire, Strengths: all})
		p.openCCP(0x01000080)
		assert.EqualValues(t, 56, p.l.Negotiated().MPPE)
	})
	t.Run("refused by us", func(t *testing.T) {
		p := loggedIn(t, Config{MPPE: MPPERefuse})
		p.expect(IPCP, ConfReq)
		p.send(CCP, ConfReq, 1, bitsData(stateless128))
		assert.Equal(t, []byte{0x80, 0xFD}, p.expect(LCP, ProtoRej).Data[:2])
		p.send(LCP, ProtoRej, 1, []byte{0x80, 0xFD})
		p.noEvent(EventCCPRejected)
	})
}

func TestCCPAndIPCPOrder(t *testing.T) {
	t.Run("the peer's IPCP is answered while ours waits for CCP", func(t *testing.T) {
		p := loggedIn(t, Config{MPPE: MPPERequire})
		ccp := p.frames
		p.drop()
		p.send(IPCP, ConfReq, 1, unhex(peerAddr))
		p.expect(IPCP, ConfAck)
		p.silent()
		p.frames = ccp
		p.openCCP(stateless128)
		req := p.expect(IPCP, ConfReq)
		p.send(IPCP, ConfNak, req.ID, unhex(localAddr))
		p.ack(IPCP)
		p.event(EventIPCPOpened)
		assert.Equal(t, "10.99.0.1", p.l.Negotiated().PeerIP.String())
	})
	t.Run("server never starts CCP: three requests, 3 s, then without", func(t *testing.T) {
		p := loggedIn(t, Config{MPPE: MPPEPrefer})
		p.wait(2999 * time.Millisecond)
		for range 3 {
			p.expect(CCP, ConfReq)
		}
		p.silent()
		p.wait(time.Millisecond)
		p.event(EventCCPTimeout)
		p.openIPCP()
	})
	t.Run("server starts CCP late", func(t *testing.T) {
		p := loggedIn(t, Config{MPPE: MPPEPrefer})
		p.wait(3 * time.Second)
		p.frames = p.frames[3:]
		p.openIPCP()
		p.send(CCP, ConfReq, 1, bitsData(stateless128))
		req := p.expect(CCP, ConfReq)
		p.expect(CCP, ConfAck)
		p.send(CCP, ConfAck, req.ID, req.Data)
		p.event(EventCCPOpened)
		f, err := p.l.SendIP(nil, ipPacket(20))
		require.NoError(t, err)
		assert.Equal(t, []byte{0xFF, 3, 0, 0xFD}, f[:4])
	})
	t.Run("accel-ppp: IPCP Terminate-Ack while CCP is in flight means not now", func(t *testing.T) {
		p := loggedIn(t, Config{MPPE: MPPEPrefer})
		p.wait(3 * time.Second)
		p.frames = p.frames[3:]
		ipcp := p.expect(IPCP, ConfReq)
		p.send(CCP, ConfReq, 1, bitsData(mppe.BitStateless)) // its CCP has begun
		ccp := p.expect(CCP, ConfReq)
		p.expect(CCP, ConfNak)
		p.send(IPCP, TermAck, ipcp.ID, nil)
		p.event(EventIPCPRace)
		p.noEvent(EventNoAddress)
		p.wait(500 * time.Millisecond)
		p.silent()
		p.send(CCP, ConfReq, 2, bitsData(stateless128))
		p.expect(CCP, ConfAck)
		p.send(CCP, ConfAck, ccp.ID, ccp.Data)
		p.event(EventCCPOpened)
		p.openIPCP()
	})
	t.Run("Terminate-Ack without any CCP is no race", func(t *testing.T) {
		p := loggedIn(t, Config{})
		p.send(IPCP, TermAck, p.expect(IPCP, ConfReq).ID, nil)
		p.noEvent(EventIPCPRace)
		p.wait(time.Second)
		p.openIPCP()
	})
	t.Run("CCP closed by the peer in a running session: nothing in the clear until that is settled", func(t *testing.T) {
		p := running(t, Config{MPPE: MPPEPrefer})
		p.send(CCP, ConfReq, 44, bitsData(0x01000041))
		_, err := p.l.SendIP(nil, ipPacket(20))
		require.ErrorIs(t, err, ErrNotOpen)
		p.drop()
		p.wait(3 * time.Second)
		p.event(EventCCPTimeout)
		_, err = p.l.SendIP(nil, ipPacket(20))
		require.NoError(t, err)
	})
	t.Run("NCPs before authentication are discarded", func(t *testing.T) {
		p := newPeer(t, Config{MPPE: MPPERequire})
		p.openLCP(authV2)
		p.send(CCP, ConfReq, 1, bitsData(stateless128))
		p.send(IPCP, ConfReq, 1, unhex(peerAddr))
		p.silent()
	})
	t.Run("keys withdrawn by a failed re-challenge while CCP is in flight", func(t *testing.T) {
		p := loggedIn(t, Config{MPPE: MPPERequire})
		ccp := p.frames
		p.drop()
		p.challenge(10)
		p.send(CHAP, 4, 10, []byte("E=691 R=0"))
		p.event(EventAuthFailed)
		p.frames = ccp
		p.ack(CCP)
		p.send(CCP, ConfReq, 1, bitsData(stateless128))
		p.event(EventCCPRejected)
		assert.Equal(t, Terminating, p.l.Phase())
	})
}
