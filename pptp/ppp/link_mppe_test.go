package ppp

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
)

func TestControlProtocolsAreNeverEncrypted(t *testing.T) {
	p := running(t, Config{MPPE: MPPERequire})
	p.send(IPCP, ConfReq, 9, unhex(peerAddr))
	p.send(LCP, EchoReq, 1, unhex("a1a2a3a4"))
	p.send(CCP, ResetReq, 3, nil)
	require.NotEmpty(t, p.frames)
	for _, f := range p.frames {
		assert.GreaterOrEqual(t, f[2], byte(0x80), "% x", f)
	}
}

func TestInnerProtocolCompressedOrNot(t *testing.T) {
	for name, field := range map[string][]byte{"21": {0x21}, "0021": {0x00, 0x21}} {
		for outer, head := range map[string][]byte{"fd": {0xFD}, "00fd": {0x00, 0xFD}, "ff0300fd": {0xFF, 0x03, 0x00, 0xFD}} {
			t.Run(outer+" "+name, func(t *testing.T) {
				p := running(t, Config{MPPE: MPPERequire})
				p.frame(p.enc.Seal(bytes.Clone(head), append(bytes.Clone(field), ipPacket(64)...)))
				require.Len(t, p.ip, 1)
				assert.Equal(t, ipPacket(64), p.ip[0])
			})
		}
	}
}

func TestPlaintextLeak(t *testing.T) {
	for _, tt := range []struct {
		policy    Security
		delivered int
	}{{MPPERequire, 0}, {MPPEPrefer, 2}} {
		t.Run(tt.policy.String(), func(t *testing.T) {
			p := running(t, Config{MPPE: tt.policy})
			p.frame(AppendFrame(nil, IPv4, ipPacket(40)))
			p.frame(append([]byte{0x21}, ipPacket(40)...))
			p.event(EventPlaintextLeak)
			p.noEvent(EventPlaintextLeak)
			assert.EqualValues(t, 2, p.l.Stats().PlaintextLeaks)
			assert.Len(t, p.ip, tt.delivered)
		})
	}
}

func TestKeyMismatch(t *testing.T) {
	p := running(t, Config{MPPE: MPPERequire})
	p.enc = mppe.NewEncryptor(mppe.Config{Strength: mppe.Bits128, Stateless: true, Key: [16]byte{1}})
	for range 40 {
		p.frame(p.sealed(ipPacket(100)))
	}
	ev := p.event(EventKeyMismatch)
	assert.Equal(t, stateless128, ev.Bits)
	p.noEvent(EventDesync)
	assert.Empty(t, p.ip)
}

func TestDesyncAfterGoodPackets(t *testing.T) {
	p := running(t, Config{MPPE: MPPERequire})
	p.frame(p.sealed(ipPacket(100)))
	for range 4096 + 7 { // loss of a whole turn of the coherency count
		p.sealed(ipPacket(100))
	}
	for range implausibleMax {
		p.noEvent(EventDesync)
		p.frame(p.sealed(ipPacket(100)))
	}
	p.event(EventDesync)
	p.noEvent(EventKeyMismatch)
}

func TestSingleImplausiblePacketIsNoVerdict(t *testing.T) {
	p := running(t, Config{MPPE: MPPERequire})
	for range 5 {
		f := p.sealed(ipPacket(100))
		f[len(f)-100] ^= 0xFF // IP version
		p.frame(f)
		p.frame(p.sealed(ipPacket(100)))
	}
	p.noEvent(EventKeyMismatch)
	p.noEvent(EventDesync)
	assert.Len(t, p.ip, 5)
	assert.EqualValues(t, 5, p.l.Stats().MPPERx.Implausible)
}

func TestMPPEProtocolErrors(t *testing.T) {
	p := running(t, Config{MPPE: MPPERequire})
	bad := unhex("ff0300fd 0000 1122334455") // neither FLUSHED nor ENC
	p.frame(bad)
	assert.ErrorIs(t, p.event(EventMPPEProtocolError).Err, mppe.ErrNotEncrypted)
	for range 14 {
		p.frame(unhex("ff0300fd 1000 1122334455"))
	}
	p.noEvent(EventMPPEProtocolError)
	p.frame(unhex("ff0300fd 1000 1122334455")) // Linux ends the link at this one
	assert.ErrorIs(t, p.event(EventMPPEProtocolError).Err, mppe.ErrNotFlushed)
	p.frame(unhex("00fd 90"))
	p.frame(unhex("ff0300fd"))
	p.silent()
}

func TestLatePacketDropped(t *testing.T) {
	p := running(t, Config{MPPE: MPPERequire})
	a, b := p.sealed(ipPacket(30)), p.sealed(ipPacket(31))
	p.frame(b)
	p.frame(a)
	p.frame(b)
	assert.Len(t, p.ip, 1)
	p.frame(p.sealed(ipPacket(32)))
	assert.Len(t, p.ip, 2)
}

func stateful(t *testing.T) *peer {
	p := newPeer(t, Config{MPPE: MPPERequire, Stateful: true})
	p.login()
	p.send(CCP, ConfNak, p.expect(CCP, ConfReq).ID, bitsData(mppe.Bit128))
	p.send(CCP, ConfReq, 1, bitsData(mppe.Bit128))
	ccp := p.frames[:1:1]
	p.drop()
	p.send(CCP, ConfReq, 2, bitsData(mppe.Bit128))
	p.send(CCP, ConfReq, 3, bitsData(mppe.Bit128))
	p.drop()
	p.frames = ccp
	p.ack(CCP)
	p.event(EventCCPOpened)
	send, recv := mppe.StartKeysV2(p.hash, p.nt, true)
	p.enc = mppe.NewEncryptor(mppeConfig(mppe.Bit128, send))
	p.dec = mppe.NewDecryptor(mppeConfig(mppe.Bit128, recv))
	p.openIPCP()
	return p
}

func TestStatefulResets(t *testing.T) {
	t.Run("a gap: Reset-Request once, again after a second, until a flushed packet", func(t *testing.T) {
		p := stateful(t)
		p.frame(p.sealed(ipPacket(30)))
		p.sealed(ipPacket(30)) // lost
		p.frame(p.sealed(ipPacket(30)))
		p.frame(p.sealed(ipPacket(30)))
		req := p.expect(CCP, ResetReq)
		p.silent()
		p.event(EventReset)
		p.wait(time.Second)
		p.frame(p.sealed(ipPacket(30)))
		p.expect(CCP, ResetReq)
		p.send(CCP, ResetAck, req.ID, nil) // RFC 1962 wants it, RFC 3078 has none: no effect
		p.frame(p.sealed(ipPacket(30)))
		assert.Len(t, p.ip, 1)
		p.enc.Flush()
		p.frame(p.sealed(ipPacket(31)))
		p.frame(p.sealed(ipPacket(32)))
		assert.Len(t, p.ip, 3)
		s := p.l.Stats()
		assert.EqualValues(t, 2, s.ResetsSent)
		assert.EqualValues(t, 1, s.ResetAcks)
	})
	t.Run("the peer's Reset-Request: flushed packet and Reset-Ack, as pppd wants", func(t *testing.T) {
		p := stateful(t)
		_, err := p.l.SendIP(nil, ipPacket(20))
		require.NoError(t, err)
		p.send(CCP, ResetReq, 77, nil)
		assert.EqualValues(t, 77, p.expect(CCP, ResetAck).ID)
		f, err := p.l.SendIP(nil, ipPacket(20))
		require.NoError(t, err)
		assert.NotZero(t, f[4]&0x80, "FLUSHED")
		assert.EqualValues(t, 1, p.l.Stats().ResetsReceived)
		plain, err := p.dec.Open(nil, f[4:])
		require.NoError(t, err)
		assert.Equal(t, ipPacket(20), plain[2:])
	})
}

func TestEncryptedBeforeCCPIsOpen(t *testing.T) {
	p := newPeer(t, Config{MPPE: MPPERequire})
	p.login()
	p.frame(unhex("ff0300fd 9000 1122334455"))
	p.frame(AppendFrame(nil, IPv4, ipPacket(20)))
	assert.Empty(t, p.ip)
	assert.EqualValues(t, 2, p.l.Stats().Unexpected)
}

func TestEncryptedIPv6AndOthersAreNotDelivered(t *testing.T) {
	p := running(t, Config{MPPE: MPPERequire})
	v6 := make([]byte, 40)
	v6[0] = 0x60
	p.frame(p.enc.Seal(AppendFrame(nil, Compressed, nil), append([]byte{0x57}, v6...)))
	p.frame(p.enc.Seal(AppendFrame(nil, Compressed, nil), []byte{0x2D, 1, 2, 3}))
	assert.Empty(t, p.ip)
	p.silent()
}
