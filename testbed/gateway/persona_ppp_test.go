package gateway

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

func TestPersonaWindowsManners(t *testing.T) {
	m, w := newPersonaSim(t, "rras", nil)
	m.run(10 * time.Second)
	require.True(t, m.c.has(up))
	infos := 0
	for _, c := range w.control {
		if i, ok := c.(*control.SetLinkInfo); ok {
			infos++
			assert.Equal(t, m.c.callID, i.PeerCallID)
		}
	}
	assert.Equal(t, 2, infos, "after OCRP, and when LCP is open")
	lcp := w.frames(ppp.LCP)
	assert.Contains(t, string(lcp[0]), "\x03\x04\xC2\x27", "EAP first")
	assert.Contains(t, string(lcp[0]), "\x11\x04\x06\x4E", "MRRU")
	bare := slices.IndexFunc(lcp, func(f []byte) bool { return f[0] == 0xC0 })
	require.NotEqual(t, -1, bare, "an LCP frame without FF 03")
	assert.Equal(t, byte(ppp.Identification), lcp[bare][2])
	assert.True(t, m.c.has(ppp.EventIdentification.String()))
	for _, f := range w.frames(ppp.IPCP) {
		assert.Equal(t, byte(0x80), f[0], "address and control are left out")
	}
	require.Len(t, w.frames(ppp.IPV6CP), 1)
	first := func(p ppp.Protocol) int {
		return slices.IndexFunc(w.packets, func(g gre.Packet) bool {
			q, _, err := ppp.ParseFrame(g.Payload)
			return err == nil && len(g.Payload) > 0 && q == p
		})
	}
	assert.Less(t, first(ppp.IPCP), first(ppp.CCP), "IPCP does not wait")
	assert.Contains(t, string(w.frames(ppp.CCP)[0]), "\x12\x06\x01\x00\x00\x41")
	seen := map[byte]bool{}
	for _, g := range w.packets {
		p, info, err := ppp.ParseFrame(g.Payload)
		if err == nil && p >= ppp.IPCP && p != ppp.CHAP && len(info) > 1 && ppp.Code(info[0]) == ppp.ConfReq {
			assert.False(t, seen[info[1]], "id %d is used twice", info[1])
			seen[info[1]] = true
		}
	}
	m.ping(m.cfg.LocalIP, 10)
	assert.NotEmpty(t, m.c.received)
	data := w.frames(ppp.Compressed)
	require.NotEmpty(t, data)
	assert.Equal(t, byte(0xFD), data[0][0], "one octet of protocol")

	m.s.call.link.terminate(m.now, "Authentication failed", nil)
	m.exchange()
	assert.Equal(t, uint32(691), m.c.lcpTerm[0].RAS)
	m.run(time.Second)
	assert.Zero(t, message[*control.CallDisconnectNotify](t, w).Result)
}

// TestPersonaCallback: no callback is one of the answers that are taken.
func TestPersonaCallback(t *testing.T) {
	m, w := newPersonaSim(t, "rras-callback", nil)
	m.run(10 * time.Second)
	require.True(t, m.c.has(up))
	cbcp := w.frames(ppp.CBCP)
	require.Len(t, cbcp, 2)
	l := m.s.call.link
	again := ppp.Packet{Code: cbcpResponse, ID: l.callback.id, Data: callbackNone}
	l.receiveCallback(m.now, again.AppendTo(nil))
	assert.Len(t, w.frames(ppp.CBCP), 3, "the Ack was lost")
	assert.Equal(t, phaseNetwork, l.phase)
}

// TestPersonaIPCPDuringCCP: accel-ppp before its fix answers IPCP with Terminate-Ack while
// CCP is in flight.
func TestPersonaIPCPDuringCCP(t *testing.T) {
	m, w := newPersonaSim(t, "accel-ppp-old", nil)
	for m.s.call == nil || m.s.call.link.phase != phaseNetwork {
		step(m)
	}
	l := m.s.call.link
	require.NotEqual(t, ppp.Opened, l.ccp.State())
	request := ppp.Packet{Code: ppp.ConfReq, ID: 99, Data: []byte{3, 6, 0, 0, 0, 0}}
	l.receive(m.now, ppp.AppendFrame(nil, ppp.IPCP, request.AppendTo(nil)))
	sent := w.frames(ppp.IPCP)
	require.Len(t, sent, 1)
	assert.Equal(t, []byte{byte(ppp.TermAck), 99}, sent[0][4:6])
	m.run(5 * time.Second)
	require.True(t, m.c.has(up), "%v", m.c.log)

	late := ppp.Packet{Code: ppp.ConfReq, ID: 100, Data: []byte{18, 6, 1, 0, 0, 0x40}}
	l.receive(m.now, ppp.AppendFrame(nil, ppp.CCP, late.AppendTo(nil)))
	lcp := w.frames(ppp.LCP)
	assert.Equal(t, byte(ppp.ProtoRej), lcp[len(lcp)-1][4], "CCP on a session that is up")
}

// step delivers one packet to the gateway, and all that comes of it to the client.
func step(m *sim) {
	if len(m.toServer) == 0 {
		m.run(10 * time.Millisecond)
		return
	}
	p := m.toServer[0]
	m.toServer = m.toServer[1:]
	if p.gre {
		g, err := gre.Parse(p.b)
		require.NoError(m.t, err)
		m.s.receiveGRE(m.now, g)
	} else {
		m.s.receiveControl(m.now, p.b)
	}
	out := m.toClient
	m.toClient = nil
	for _, p := range out {
		if p.gre {
			m.c.receiveGRE(m.now, p.b)
		} else {
			m.c.receiveControl(m.now, p.b)
		}
	}
}

func TestPersonaEndReasons(t *testing.T) {
	for name, want := range map[string]string{"poptop": "MPPE disabled by peer", "accel-ppp": "", "rras": "RAS 742"} {
		m, _ := newPersonaSim(t, name, nil)
		m.run(5 * time.Second)
		data := m.s.call.link.endData("MPPE disabled by peer")
		assert.NotNil(t, data)
		assert.Equal(t, want, ppp.ParseTermination(data).String(), name)
	}
}
