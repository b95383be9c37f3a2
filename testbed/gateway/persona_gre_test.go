package gateway

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// TestPersonaChecksAcks: npppd drops a packet, payload and all, for its acknowledgement.
func TestPersonaChecksAcks(t *testing.T) {
	m, _ := newPersonaSim(t, "npppd", nil)
	m.run(5 * time.Second)
	require.True(t, m.c.has(up))
	c := m.s.call
	before := c.gre.Stats().Rx.Packets
	next := uint32(c.gre.Stats().Tx.Packets) + m.cfg.FirstSeq
	seq := uint32(m.c.gre.Stats().Tx.Packets)
	for _, tt := range []struct {
		name string
		ack  uint32
		ok   bool
	}{{"goes back", c.acks.last - 1, false}, {"was never sent", next, false}, {"the same again", c.acks.last, true}} {
		p := gre.Packet{HasSeq: true, Seq: seq, HasAck: true, Ack: tt.ack, Payload: []byte{0xFF, 0x03, 0xC0, 0x21, 9, 1, 0, 8, 0, 0, 0, 0}}
		m.s.receiveGRE(m.now, p)
		assert.Equal(t, tt.ok, c.gre.Stats().Rx.Packets > before, tt.name)
	}
	assert.Equal(t, 2, c.acks.refused)
}

// TestPersonaSendWindow: ng_pptpgre drops its own packets when the client does not acknowledge.
func TestPersonaSendWindow(t *testing.T) {
	m, w := newPersonaSim(t, "mpd5", nil)
	m.run(5 * time.Second)
	require.True(t, m.c.has(up))
	c, sent := m.s.call, len(w.packets)
	for range 40 {
		c.sendFrame(m.now, []byte{0xFF, 0x03, 0x00, 0x2D})
	}
	assert.Equal(t, 16, len(w.packets)-sent)
	assert.Equal(t, 24, c.acks.withheld)
	c.sendFrame(m.now.Add(writeOff), []byte{0xFF, 0x03, 0x00, 0x2D})
	assert.Equal(t, 17, len(w.packets)-sent, "what is not acknowledged is written off")
	m.toClient = nil
	m.teardown()
	m.requireNothingLeft()
}

// TestImpairedWayIn: the path from the client loses, reorders and duplicates as well.
func TestImpairedWayIn(t *testing.T) {
	m := newSim(t, Faults{}, nil)
	m.run(time.Second)
	require.True(t, m.c.has(up))
	m.faults = Faults{GRELossIn: 0.1, GREReorderIn: 0.2, GREDuplicateIn: 0.2}
	for range 200 {
		m.ping(m.cfg.LocalIP, 100)
		m.run(5 * time.Millisecond)
	}
	m.run(time.Second)
	st := m.s.call.gre.Stats()
	assert.InDelta(t, 20, float64(st.RxLost), 15)
	assert.Greater(t, st.RxDuplicate, uint64(15))
	assert.Greater(t, st.RxReordered, uint64(15))
	m.faults = Faults{}
	m.teardown()
	m.requireNothingLeft()
}

// TestStatefulFlavours has both kinds of stateful MPPE against the client's, which
// does not know which one it is, over a lossy path; the receiver does not forgive.
func TestStatefulFlavours(t *testing.T) {
	plain := append([]byte{0x00, 0x21}, echoRequest(testClientAddr.Addr(), testClientAddr.Addr(), 100)...)
	for _, keepsKey := range []bool{false, true} {
		for _, strength := range []mppe.Strength{mppe.Bits40, mppe.Bits56, mppe.Bits128} {
			cfg := mppe.Config{Strength: strength, Key: [16]byte{1, 2, 3}}
			var c cryptState
			c.ciphers(cfg, cfg, keepsKey)
			theirs, ours := mppe.NewEncryptor(cfg), mppe.NewDecryptor(cfg)
			r := rand.New(rand.NewPCG(1, 2))
			in, out := 0, 0
			for range 2000 {
				if packet := theirs.Seal(nil, plain); r.IntN(20) > 0 {
					got, err := c.rx.Open(nil, packet)
					if c.rx.Waiting() {
						c.rx.ResetRequested()
						theirs.Flush()
					} else {
						require.NoError(t, err)
						require.Equal(t, plain, got)
						in++
					}
				}
				if packet := c.tx.Seal(nil, plain); r.IntN(20) > 0 {
					got, err := ours.Open(nil, packet)
					if ours.Waiting() {
						c.tx.Flush()
					} else {
						require.NoError(t, err)
						require.Equal(t, plain, got)
						out++
					}
				}
			}
			assert.Greater(t, in, 1500)
			assert.Greater(t, out, 1500)
		}
	}
}

// TestStatefulOpenerErrors: what cannot be decrypted.
func TestStatefulOpenerErrors(t *testing.T) {
	cfg := mppe.Config{Strength: mppe.Bits128}
	var c cryptState
	c.ciphers(cfg, cfg, true)
	for _, tt := range []struct {
		name   string
		packet []byte
		want   error
	}{
		{"short", []byte{0x10, 0}, mppe.ErrShort},
		{"not encrypted", []byte{0, 0, 1}, mppe.ErrNotEncrypted},
		{"garbage", []byte{0x10, 0, 1, 2, 3}, mppe.ErrImplausible},
		{"lost", []byte{0x10, 9, 1}, mppe.ErrLost},
		{"discarded", []byte{0x10, 10, 1}, mppe.ErrDiscarded},
	} {
		_, err := c.rx.Open(nil, tt.packet)
		assert.ErrorIs(t, err, tt.want, tt.name)
	}
	require.True(t, c.rx.ResetNeeded())
	first := c.tx.Seal(nil, []byte{0x21})
	assert.Equal(t, byte(0x90), first[0], "RFC 3078 section 3.1")
}

// TestResetRequestIsRepeated: one that is lost must not end the traffic.
func TestResetRequestIsRepeated(t *testing.T) {
	cfg := mppe.Config{Strength: mppe.Bits128}
	var c cryptState
	c.ciphers(cfg, cfg, false)
	now := time.Unix(1000, 0)
	for _, tt := range []struct {
		after time.Duration
		reset bool
	}{{0, true}, {time.Millisecond, false}, {resetRepeat, true}, {resetRepeat + time.Millisecond, false}} {
		_, reset, err := c.open(now.Add(tt.after), []byte{0x10, 9, 1})
		require.Error(t, err)
		assert.Equal(t, tt.reset, reset, tt.after)
	}
}

// TestPersonaNoReorder: the Linux kernel drops what comes late.
func TestPersonaNoReorder(t *testing.T) {
	m, _ := newPersonaSim(t, "mikrotik", nil)
	m.run(5 * time.Second)
	require.True(t, m.c.has(up))
	c := m.s.call
	seq := uint32(m.c.gre.Stats().Tx.Packets)
	frame := ppp.AppendFrame(nil, ppp.LCP, ppp.Packet{Code: ppp.DiscardReq, ID: 1, Data: []byte{0, 0, 0, 0}}.AppendTo(nil))
	for _, s := range []uint32{seq + 1, seq} {
		m.s.receiveGRE(m.now, gre.Packet{HasSeq: true, Seq: s, Payload: frame})
	}
	assert.EqualValues(t, 1, c.gre.Stats().RxLate)
	assert.Zero(t, c.gre.Stats().RxReordered)
}
