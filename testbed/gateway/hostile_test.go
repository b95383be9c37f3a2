package gateway

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// FuzzSession is a client that says anything, at any moment of a session: the
// session must not panic, must end, and must give everything back. The first
// byte chooses the moment, the second the fault; then come records of one byte
// of kind, one of length, and that many bytes.
func FuzzSession(f *testing.F) {
	ocrq := control.OutgoingCallRequest{CallID: 1}.AppendTo(nil)
	f.Add([]byte{0, 0, 0, 16, 0, 16, 0, 1, 0x1A, 0x2B, 0x3C, 0x4D, 0, 3, 0, 0, 1, 0, 0, 0})
	f.Add(append([]byte{1, 0, 0, 168}, ocrq...))
	f.Add([]byte{2, 7, 1, 8, 0xFF, 3, 0xC0, 0x21, 1, 1, 0, 4, 1, 6, 0xC0, 0x21, 5, 9, 0, 4})
	f.Add([]byte{3, 0, 1, 9, 0xFF, 3, 0xC2, 0x23, 2, 1, 0, 5, 0, 2, 200})
	f.Add([]byte{3, 40, 1, 6, 0x80, 0xFD, 14, 1, 0, 4, 1, 5, 0, 0xFD, 0x90, 0, 1})
	f.Add([]byte{3, 60, 1, 10, 0x80, 0x21, 1, 1, 0, 10, 3, 6, 0, 0})
	moments := []func(m *sim) bool{
		func(*sim) bool { return true },
		func(m *sim) bool { return m.c.has("control started") },
		func(m *sim) bool { return m.c.has("LCPOpened") },
		func(m *sim) bool { return m.c.has(up) },
	}
	entries := Catalog()
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 2 || len(data) > 4096 {
			return
		}
		var faults Faults
		if i := int(data[1]); i > 0 && i <= len(entries) {
			faults = entries[i-1].Faults
		}
		m := newSim(t, faults, nil)
		reached := moments[int(data[0])%len(moments)]
		for n := 0; n < 40 && !reached(m); n++ {
			m.run(50 * time.Millisecond)
		}
		hostile(m, data[2:])
		m.run(10 * time.Second)
		m.s.controlClosed(m.now)
		for n := 0; n < 200 && !m.s.done; n++ {
			m.now = m.now.Add(time.Second)
			m.s.tick(m.now)
		}
		m.requireNothingLeft()
	})
}

// hostile sends the records of data.
func hostile(m *sim, data []byte) {
	seq := uint32(1000)
	if m.c.gre != nil {
		seq = uint32(m.c.gre.Stats().Tx.Packets)
	}
	for len(data) >= 2 {
		kind, n := data[0], min(int(data[1]), len(data)-2)
		b := data[2 : 2+n]
		data = data[2+n:]
		switch kind % 4 {
		case 0:
			m.s.receiveControl(m.now, b)
		case 1: // a PPP frame in order
			m.s.receiveGRE(m.now, gre.Packet{HasSeq: true, Seq: seq, Payload: b})
			seq++
		case 2:
			if p, err := gre.Parse(b); err == nil {
				m.s.receiveGRE(m.now, p)
			}
		case 3: // an IP packet, encrypted as it should be
			if m.c.link != nil {
				m.c.sendIP(m.now, slices.Clone(b))
			}
		}
		m.run(time.Duration(kind) * time.Millisecond)
	}
}

// TestHostileFloods: what a client can repeat costs no memory.
func TestHostileFloods(t *testing.T) {
	t.Run("calls without end", func(t *testing.T) {
		m := newSim(t, Faults{}, nil)
		m.run(time.Second)
		for range 2000 {
			m.s.receiveControl(m.now, control.CallClearRequest{CallID: 4711}.AppendTo(nil))
			m.s.receiveControl(m.now, control.OutgoingCallRequest{CallID: 4711}.AppendTo(nil))
		}
		m.toClient = nil
		require.Less(t, len(m.s.agenda.items), 32)
		m.s.controlClosed(m.now)
		m.requireNothingLeft()
	})
	t.Run("stop without end, unanswered", func(t *testing.T) {
		m := newSim(t, Faults{NoStopReply: true}, nil)
		m.run(time.Second)
		for range 2000 {
			m.s.receiveControl(m.now, control.StopRequest{Reason: 1}.AppendTo(nil))
		}
		require.Less(t, len(m.s.agenda.items), 32)
		m.run(time.Minute)
		m.requireNothingLeft()
	})
	t.Run("lcp renegotiated without end", func(t *testing.T) {
		m := newSim(t, Faults{}, func(c *Config, _ *ppp.Config) { c.Rechallenge, c.LCPEchoInterval = time.Minute, time.Minute })
		m.run(5 * time.Second)
		require.True(t, m.c.has(up))
		seq := uint32(m.c.gre.Stats().Tx.Packets)
		for i := range 2000 {
			p := ppp.Packet{Code: ppp.ConfReq, ID: uint8(i)}
			m.s.receiveGRE(m.now, gre.Packet{HasSeq: true, Seq: seq, Payload: ppp.AppendFrame(nil, ppp.LCP, p.AppendTo(nil))})
			seq++
		}
		m.toClient = nil
		require.Less(t, len(m.s.agenda.items), 64)
		m.s.controlClosed(m.now)
		m.requireNothingLeft()
	})
}
