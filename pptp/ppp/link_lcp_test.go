package ppp

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWholeSession(t *testing.T) {
	p := running(t, Config{MPPE: MPPERequire, WantDNS: false})
	n := p.l.Negotiated()
	assert.Equal(t, "10.99.0.2", n.LocalIP.String())
	assert.Equal(t, "10.99.0.1", n.PeerIP.String())
	assert.EqualValues(t, 128, n.MPPE)
	assert.EqualValues(t, 128, n.MPPEReceive)
	assert.True(t, n.Stateless)
	assert.True(t, n.PFC && n.ACFC)
	assert.EqualValues(t, 1400, n.MRU)
	assert.EqualValues(t, 1500, n.PeerMRU)
	assert.EqualValues(t, peerMagic, n.PeerMagic)
	assert.Equal(t, []string{"mschap_v2"}, n.AuthOffered)

	f, err := p.l.SendIP(nil, ipPacket(100))
	require.NoError(t, err)
	proto, info, err := ParseFrame(f)
	require.NoError(t, err)
	require.Equal(t, Compressed, proto)
	plain, err := p.dec.Open(nil, info)
	require.NoError(t, err)
	assert.Equal(t, append([]byte{0, 0x21}, ipPacket(100)...), plain)

	p.frame(p.sealed(ipPacket(60)))
	require.Len(t, p.ip, 1)
	assert.Equal(t, ipPacket(60), p.ip[0])

	p.l.Close(p.now, "probe complete")
	p.collect()
	req := p.expect(LCP, TermReq)
	assert.Equal(t, "probe complete", string(req.Data))
	assert.Equal(t, Terminating, p.l.Phase())
	p.send(LCP, TermAck, req.ID, nil)
	p.event(EventTerminateAcked)
	p.event(EventDead)
	assert.Equal(t, Dead, p.l.Phase())
	p.silent()
}

// The first request of a caller is often lost, with Cisco always: two quick repetitions, then every 3 s, 10 in all.
func TestLCPRetransmissionSchedule(t *testing.T) {
	p := newPeer(t, Config{})
	first := p.expect(LCP, ConfReq)
	for i, d := range []time.Duration{1, 1, 3, 3, 3, 3, 3, 3, 3} {
		p.wait(d*time.Second - time.Millisecond)
		p.silent()
		p.wait(time.Millisecond)
		assert.Equal(t, first, p.expect(LCP, ConfReq), "transmission %d keeps id and options", i+2)
	}
	assert.Equal(t, 9, p.l.Stats().LCP.Retransmits)
	p.wait(3 * time.Second)
	p.silent()
	p.event(EventLCPTimeout)
	p.event(EventDead)
	assert.Zero(t, p.l.Deadline())
}

func TestLCPOptionsOfThePeer(t *testing.T) {
	for _, tt := range []struct {
		name, req string
		code      Code
		reply     string
	}{
		{"pppd with MPPE policy", "01040578 020600000000 " + authV2 + magicOption(peerMagic) + "0702 0802", ConfAck, ""},
		{"RRAS: EAP gets Nak with C2 23 81, never Reject", authE + magicOption(peerMagic), ConfNak, authV2},
		{"PAP not accepted", authP, ConfNak, authV2},
		{"CHAP-MD5 not accepted", authMD, ConfNak, authV2},
		{"MS-CHAPv1 not accepted", authV1, ConfNak, authV2},
		{"auth option of an unknown kind", "0306c2238107", ConfNak, authV2},
		{"auth option too short is still Nak'ed", "0302", ConfNak, authV2},
		{"RRAS: callback, MRRU, endpoint discriminator rejected", authE + "0d0306 1104064e 1305031234", ConfRej, "0d0306 1104064e 1305031234"},
		{"short sequence numbers and link discriminator rejected", "1202 17041234", ConfRej, "1202 17041234"},
		{"quality protocol rejected", "0408c02500000000", ConfRej, "0408c02500000000"},
		{"MRU of wrong length rejected", "010305", ConfRej, "010305"},
		{"MRU below the minimum", "01040010", ConfNak, "01040080"},
		{"no option at all", "", ConfAck, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPeer(t, Config{})
			p.expect(LCP, ConfReq)
			p.send(LCP, ConfReq, 77, unhex(tt.req))
			if tt.code == ConfAck {
				tt.reply = tt.req
			}
			got := p.expect(LCP, tt.code)
			assert.Equal(t, Packet{tt.code, 77, unhex(tt.reply)}.AppendTo(nil), got.AppendTo(nil))
		})
	}
	t.Run("magic of zero is not allowed", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.drop()
		p.send(LCP, ConfReq, 1, unhex("050600000000"))
		assert.NotEqual(t, unhex("050600000000"), p.expect(LCP, ConfNak).Data)
	})
}

func TestLCPOurOptionsRefused(t *testing.T) {
	t.Run("MRU nak is followed", func(t *testing.T) {
		p := newPeer(t, Config{MRU: 1460})
		req := p.expect(LCP, ConfReq)
		assert.Equal(t, unhex("010405b4"), req.Data[:4])
		p.send(LCP, ConfNak, req.ID, unhex("01040578"))
		p.event(EventMRURejected)
		req = p.ack(LCP)
		assert.Equal(t, unhex("01040578"), req.Data[:4])
		assert.EqualValues(t, 1400, p.l.Negotiated().MRU)
	})
	t.Run("MRU rejected", func(t *testing.T) {
		p := newPeer(t, Config{})
		req := p.expect(LCP, ConfReq)
		p.send(LCP, ConfRej, req.ID, unhex("01040578 0702 0802"))
		p.event(EventMRURejected)
		req = p.ack(LCP)
		assert.Len(t, req.Data, 6, "only the magic number is left")
		n := p.l.Negotiated()
		assert.EqualValues(t, 1500, n.MRU)
		assert.False(t, n.PFC || n.ACFC)
	})
	t.Run("PFC and ACFC nak'ed, magic rejected", func(t *testing.T) {
		p := newPeer(t, Config{})
		req := p.expect(LCP, ConfReq)
		p.send(LCP, ConfNak, req.ID, unhex("0702 0802 "+authP))
		req = p.expect(LCP, ConfReq)
		p.send(LCP, ConfRej, req.ID, req.Data[4:])
		req = p.ack(LCP)
		assert.Equal(t, unhex("01040578"), req.Data)
		assert.Zero(t, p.l.Negotiated().Magic)
	})
	t.Run("Ack of something else, or with the id of another protocol's request, is dropped", func(t *testing.T) {
		p := newPeer(t, Config{})
		req := p.expect(LCP, ConfReq)
		p.send(LCP, ConfAck, req.ID+1, req.Data)
		p.send(LCP, ConfAck, req.ID, req.Data[:4])
		p.send(LCP, ConfReq, 1, unhex(authV2))
		p.expect(LCP, ConfAck)
		p.noEvent(EventLCPOpened)
		s := p.l.Stats().LCP
		assert.Equal(t, 1, s.Unmatched)
		assert.Equal(t, 1, s.Malformed)
		p.send(LCP, ConfAck, req.ID, req.Data)
		p.event(EventLCPOpened)
	})
}

func TestLCPLoopback(t *testing.T) {
	t.Run("own requests come back", func(t *testing.T) {
		p := newPeer(t, Config{})
		for range 50 {
			if len(p.frames) == 0 {
				break
			}
			f := p.frames[0]
			p.frames = p.frames[1:]
			p.frame(f)
		}
		ev := p.event(EventLoopback)
		assert.Equal(t, LCP, ev.Protocol)
		p.noEvent(EventLCPOpened)
		p.event(EventDead)
	})
	t.Run("the peer naks our magic once", func(t *testing.T) {
		p := newPeer(t, Config{})
		req := p.expect(LCP, ConfReq)
		p.send(LCP, ConfReq, 1, req.Data[4:10])
		p.expect(LCP, ConfNak)
		p.send(LCP, ConfNak, req.ID, unhex(magicOption(5)))
		assert.NotEqual(t, req.Data, p.ack(LCP).Data)
		p.openRest()
		p.noEvent(EventLoopback)
	})
	t.Run("own echo request comes back", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.openLCP(authV2)
		p.l.Echo(p.now)
		p.collect()
		f := p.frames[0]
		p.drop()
		p.frame(f)
		p.frame(f)
		p.event(EventLoopback)
		p.noEvent(EventLoopback)
		p.silent()
	})
}

func (p *peer) openRest() {
	p.t.Helper()
	p.send(LCP, ConfReq, 2, unhex(authV2))
	p.expect(LCP, ConfAck)
	p.event(EventLCPOpened)
}

func TestLCPNotConverging(t *testing.T) {
	t.Run("peer naks for ever", func(t *testing.T) {
		p := newPeer(t, Config{})
		for i := range 10 {
			p.send(LCP, ConfNak, p.expect(LCP, ConfReq).ID, unhex(fmt.Sprintf("0104%04x", 1000+i)))
		}
		p.noEvent(EventLCPNotConverging)
		p.send(LCP, ConfNak, p.expect(LCP, ConfReq).ID, unhex("01040578"))
		p.event(EventLCPNotConverging)
		p.expect(LCP, TermReq)
		p.silent()
	})
	t.Run("peer repeats a rejected option", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.drop()
		for i := range 11 {
			p.send(LCP, ConfReq, uint8(i), unhex("1305031234"))
			p.expect(LCP, ConfRej)
		}
		assert.Equal(t, "Configure-Reject 1305031234 for options 1305031234", p.event(EventLCPNotConverging).Detail)
	})
	t.Run("peer acknowledges and never asks for itself", func(t *testing.T) {
		p := newPeer(t, Config{})
		for range 100 {
			if len(p.frames) > 0 {
				p.ack(LCP)
			}
			p.wait(3 * time.Second)
			if p.l.Phase() == Dead {
				break
			}
		}
		p.event(EventLCPTimeout)
		assert.LessOrEqual(t, p.l.Stats().LCP.Requests, 30)
	})
}

func TestLCPEcho(t *testing.T) {
	t.Run("answered with our magic, in Opened only", func(t *testing.T) {
		p := newPeer(t, Config{})
		ours := p.frames[0][12:18]
		require.Equal(t, byte(optMagic), ours[0])
		p.drop()
		p.send(LCP, EchoReq, 5, unhex("a1a2a3a4"))
		p.silent()
		p.send(LCP, ConfReq, 1, unhex(authV2+magicOption(peerMagic)))
		p.drop()
		p.wait(time.Second)
		p.ack(LCP)
		p.send(LCP, EchoReq, 6, unhex("a1a2a3a4 cafe"))
		rep := p.expect(LCP, EchoRep)
		assert.EqualValues(t, 6, rep.ID)
		assert.Equal(t, append(append([]byte{}, ours[2:]...), 0xCA, 0xFE), rep.Data)
		p.send(LCP, EchoReq, 7, nil)
		p.silent()
	})
	t.Run("round trip time by id", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.l.Echo(p.now)
		p.expect(LCP, ConfReq)
		p.silent() // not open yet
		p.drop()
		p = newPeer(t, Config{})
		p.openLCP(authV2)
		p.l.Echo(p.now)
		p.collect()
		req := p.expect(LCP, EchoReq)
		p.wait(40 * time.Millisecond)
		p.send(LCP, EchoRep, req.ID+1, unhex("a1a2a3a4"))
		p.noEvent(EventEchoReply)
		p.send(LCP, EchoRep, req.ID, unhex("a1a2a3a4"))
		assert.Equal(t, 40*time.Millisecond, p.event(EventEchoReply).RTT)
		p.send(LCP, EchoRep, req.ID, unhex("a1a2a3a4"))
		p.noEvent(EventEchoReply)
	})
	t.Run("unanswered", func(t *testing.T) {
		p := newPeer(t, Config{EchoInterval: 20 * time.Second, EchoFailure: 2})
		p.openLCP(authV2)
		p.wait(59 * time.Second)
		p.noEvent(EventEchoTimeout)
		p.wait(time.Second)
		p.event(EventEchoTimeout)
		p.wait(100 * time.Second)
		p.noEvent(EventEchoTimeout)
		p.send(LCP, EchoRep, p.expectLast(LCP, EchoReq).ID, unhex("a1a2a3a4"))
		p.event(EventEchoReply)
		p.wait(100 * time.Second)
		p.event(EventEchoTimeout)
	})
	t.Run("peer without echo", func(t *testing.T) {
		p := newPeer(t, Config{EchoInterval: time.Second})
		p.openLCP(authV2)
		p.wait(time.Second)
		req := p.expect(LCP, EchoReq)
		p.send(LCP, CodeRej, 1, req.AppendTo(nil))
		p.wait(10 * time.Second)
		p.silent()
		p.noEvent(EventEchoTimeout)
	})
}

func (p *peer) expectLast(proto Protocol, code Code) Packet {
	p.t.Helper()
	p.frames = p.frames[len(p.frames)-1:]
	return p.expect(proto, code)
}

func TestLCPExtras(t *testing.T) {
	t.Run("Windows Identification without FF 03 after ACFC, Time-Remaining: accepted silently", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.openLCP(authV2)
		p.frame(append([]byte{0xC0, 0x21}, Packet{Identification, 3, append(unhex("a1a2a3a4"), "MSRASV5.20"...)}.AppendTo(nil)...))
		assert.Equal(t, "MSRASV5.20", p.event(EventIdentification).Detail)
		p.send(LCP, TimeRemaining, 4, unhex("a1a2a3a4 00000010"))
		p.send(LCP, DiscardReq, 5, unhex("a1a2a3a4"))
		p.silent()
	})
	t.Run("unknown code", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.drop()
		p.send(LCP, 99, 4, []byte{1, 2})
		assert.Equal(t, Packet{99, 4, []byte{1, 2}}.AppendTo(nil), p.expect(LCP, CodeRej).Data)
	})
	t.Run("unknown NCPs are protocol-rejected once LCP is open, not before", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.drop()
		p.send(IPV6CP, ConfReq, 1, nil)
		p.silent()
		p.wait(time.Second)
		p.openLCP(authV2)
		for _, proto := range []Protocol{IPV6CP, 0x8281, 0x802B, 0x80FB, IPv6} {
			p.send(proto, ConfReq, 1, []byte{1})
			rej := p.expect(LCP, ProtoRej)
			assert.Equal(t, append([]byte{byte(proto >> 8), byte(proto)}, Packet{ConfReq, 1, []byte{1}}.AppendTo(nil)...), rej.Data)
		}
		p.frame(AppendFrame(nil, IPV6CP, make([]byte, 4000)))
		assert.Len(t, p.expect(LCP, ProtoRej).Data, maxReject-packetHeaderLen)
		assert.EqualValues(t, 6, p.l.Stats().ProtocolRejectsSent)
	})
	t.Run("EAP spoken although MS-CHAPv2 was agreed: refused politely", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.openLCP(authV2)
		p.send(EAP, 1, 1, []byte{1})
		p.expect(LCP, ProtoRej)
		assert.Equal(t, Authenticate, p.l.Phase())
	})
	t.Run("garbage", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.drop()
		for _, f := range [][]byte{nil, {0xFF}, {0xFF, 0x03}, {0xFF, 0x03, 0xC0}, unhex("ff03c021"), unhex("ff03c02101010009"), unhex("c021 0101 0006 0501"), unhex("c023 01"), unhex("c029 01")} {
			p.frame(f)
		}
		p.silent()
	})
}
