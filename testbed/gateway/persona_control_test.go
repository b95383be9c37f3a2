package gateway

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
)

// TestPersonaDisconnect is the end of a call that the client begins with PPP.
func TestPersonaDisconnect(t *testing.T) {
	for name, want := range map[string]struct {
		id     func(c *call) uint16
		result uint8
		stop   bool
	}{
		"accel-ppp":     {func(c *call) uint16 { return c.peerID }, 3, true},
		"accel-ppp-old": {func(c *call) uint16 { return bits.ReverseBytes16(c.peerID) }, 3, true},
		"npppd":         {func(c *call) uint16 { return c.id }, 4, false},
	} {
		m, w := newPersonaSim(t, name, nil)
		m.run(5 * time.Second)
		require.True(t, m.c.has(up), name)
		c := m.s.call
		m.teardown()
		n := message[*control.CallDisconnectNotify](t, w)
		assert.Equal(t, want.id(c), n.CallID, name)
		assert.Equal(t, want.result, n.Result, name)
		assert.Equal(t, want.stop, slices.ContainsFunc(w.control, func(m control.Message) bool {
			r, ok := m.(*control.StopRequest)
			return ok && r.Reason == 0
		}), name)
		assert.NotContains(t, m.c.log, "control call id rewritten", name)
		m.requireNothingLeft()
	}
	m, _ := newPersonaSim(t, "poptop", func(c *Config) { c.Manners.DisconnectID = DisconnectNone })
	m.run(5 * time.Second)
	n := control.CallDisconnectNotify{CallID: 7}
	m.s.cfg.Manners.disconnect(&n, m.s.call)
	assert.Zero(t, n.CallID)
	m.c.control.Clear(m.now)
	m.c.pump(m.now)
	m.exchange()
	assert.True(t, m.c.closed, "instead of a CDN")
}

func TestPersonaStrictLengths(t *testing.T) {
	echo := control.EchoRequest{Identifier: 1}.AppendTo(nil)
	long := append(slices.Clone(echo), 0)
	binary.BigEndian.PutUint16(long, uint16(len(long)))
	for _, name := range []string{"accel-ppp", "poptop"} {
		m, _ := newPersonaSim(t, name, nil)
		m.run(time.Second)
		m.s.receiveControl(m.now, long)
		assert.Equal(t, name == "accel-ppp", m.s.done, name)
	}
	var g lengthGuard
	stream := slices.Concat(echo, control.CallClearRequest{CallID: 1}.AppendTo(nil), echo)
	for i := range stream {
		require.True(t, g.exact(stream[i:i+1]), "octet by octet")
	}
	assert.False(t, g.exact(long))
}

func TestPersonaPatience(t *testing.T) {
	m, _ := newPersonaSim(t, "accel-ppp", nil)
	m.toServer = nil // nothing arrives
	m.run(4 * time.Second)
	assert.False(t, m.s.done)
	m.run(2 * time.Second)
	assert.True(t, m.s.done, "5 s to SCCRQ")

	m, _ = newPersonaSim(t, "accel-ppp", nil)
	m.c.control = control.NewClient(control.ClientConfig{}) // does not go on to OCRQ
	m.exchange()
	m.run(4 * time.Second)
	assert.False(t, m.s.done)
	m.run(2 * time.Second)
	assert.True(t, m.s.done, "5 s to OCRQ")

	m, w := newPersonaSim(t, "accel-ppp", func(c *Config) { c.EchoInterval = time.Second })
	m.run(900 * time.Millisecond)
	sent := len(w.control)
	for m.s.done = false; !m.s.done && m.now.Before(m.s.heard.Add(time.Minute)); {
		m.now = m.now.Add(100 * time.Millisecond)
		m.s.tick(m.now) // the answers are not delivered
	}
	echoes := 0
	for _, c := range w.control[sent:] {
		if c.Type() == control.TypeEchoRequest {
			echoes++
		}
	}
	assert.Equal(t, 3, echoes, "Echo-Requests without an answer")
}

func TestPersonaCallBeforeStart(t *testing.T) {
	m, w := newPersonaSim(t, "accel-ppp", nil)
	m.toServer = nil
	m.s.receiveControl(m.now, control.OutgoingCallRequest{CallID: 5}.AppendTo(nil))
	r := message[*control.OutgoingCallReply](t, w)
	assert.Equal(t, [2]uint8{2, 1}, [2]uint8{r.Result, r.ErrorCode}, "not connected")
}
