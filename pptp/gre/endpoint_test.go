package gre

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// peer drives an Endpoint by a clock of its own. The payload of each packet is its
// number, so that what is delivered shows the order.
type peer struct {
	t *testing.T
	*Endpoint
	now time.Time
	got []uint32
}

func newPeer(t *testing.T, cfg Config) *peer {
	return &peer{t: t, Endpoint: NewEndpoint(cfg), now: t0}
}

func (p *peer) deliver(payload []byte) { p.got = append(p.got, be.Uint32(payload)) }

// data is a data packet from the peer.
func data(seq uint32) Packet {
	return Packet{HasSeq: true, Seq: seq, Payload: be.AppendUint32(nil, seq)}
}

func (p *peer) receive(seqs ...uint32) {
	for _, seq := range seqs {
		p.Receive(p.now, data(seq), p.deliver)
	}
}

func (p *peer) pass(d time.Duration) {
	p.now = p.now.Add(d)
	p.Tick(p.now, p.deliver)
}

// send sends a data packet and returns it.
func (p *peer) send() Packet {
	p.t.Helper()
	q, err := Parse(p.Send(p.now, nil, []byte{0xFF, 0x03}))
	require.NoError(p.t, err)
	return q
}

// acks receives a packet that only acknowledges.
func (p *peer) acks(ack uint32) { p.Receive(p.now, Packet{HasAck: true, Ack: ack}, p.deliver) }

func (p *peer) expect(seqs ...uint32) {
	p.t.Helper()
	require.Equal(p.t, seqs, p.got)
	p.got = nil
}

func TestReceiveOrder(t *testing.T) {
	const top = 0xFFFFFFFF
	tests := []struct {
		name    string
		arrive  []uint32
		want    []uint32 // at once
		waited  []uint32 // after ReorderWait
		lost    uint64
		late    uint64
		reorder uint64
		dup     uint64
	}{
		{name: "first seq 0: windows, rras", arrive: []uint32{0, 1, 2}, want: []uint32{0, 1, 2}},
		{name: "first seq 1: linux, cisco", arrive: []uint32{1, 2, 3}, want: []uint32{1, 2, 3}},
		{name: "any first seq", arrive: []uint32{4711, 4712}, want: []uint32{4711, 4712}},
		{name: "first seq ffffffff", arrive: []uint32{top, 0}, want: []uint32{top, 0}},
		{name: "wrap ffffffff to 0", arrive: []uint32{top - 1, top, 0, 1}, want: []uint32{top - 1, top, 0, 1}},
		{name: "reorder over the wrap", arrive: []uint32{top - 1, 0, top, 1}, want: []uint32{top - 1, top, 0, 1}, reorder: 1},
		{name: "loss over the wrap", arrive: []uint32{top - 1, 1}, want: []uint32{top - 1}, waited: []uint32{1}, lost: 2},
		{name: "swapped pair", arrive: []uint32{0, 2, 1, 3}, want: []uint32{0, 1, 2, 3}, reorder: 1},
		{name: "reversed run", arrive: []uint32{0, 4, 3, 2, 1}, want: []uint32{0, 1, 2, 3, 4}, reorder: 3},
		{name: "loss", arrive: []uint32{0, 1, 3, 4}, want: []uint32{0, 1}, waited: []uint32{3, 4}, lost: 1},
		{name: "two gaps of the same age", arrive: []uint32{0, 2, 4}, want: []uint32{0}, waited: []uint32{2, 4}, lost: 2},
		{name: "duplicate of one delivered", arrive: []uint32{0, 1, 1, 0, 2}, want: []uint32{0, 1, 2}, dup: 2},
		{name: "duplicate of one held", arrive: []uint32{0, 2, 2, 1}, want: []uint32{0, 1, 2}, dup: 1, reorder: 1},
		{name: "before the first", arrive: []uint32{1, 0, 0, 2}, want: []uint32{1, 2}, lost: 1, late: 1, dup: 1},
		{name: "beyond the buffer: gap given up at once", arrive: []uint32{0, 8}, want: []uint32{0}, waited: []uint32{8}, lost: 7},
		{name: "beyond the buffer: held ones go first", arrive: []uint32{0, 2, 4, 9}, want: []uint32{0, 2}, waited: []uint32{4, 9}, lost: 6},
		{name: "making room joins held ones", arrive: []uint32{0, 2, 3, 9}, want: []uint32{0, 2, 3}, waited: []uint32{9}, lost: 6},
		{name: "late after the buffer moved", arrive: []uint32{0, 20, 5, 5}, want: []uint32{0}, waited: []uint32{20}, lost: 19, late: 1, dup: 1},
		{name: "large loss", arrive: []uint32{0, maxJump}, want: []uint32{0}, waited: []uint32{maxJump}, lost: maxJump - 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPeer(t, Config{ReorderMax: 8})
			p.receive(tt.arrive...)
			p.expect(tt.want...)
			p.pass(defaultReorderWait)
			p.expect(tt.waited...)
			s := p.Stats()
			assert.Equal(t, tt.arrive[0], s.FirstRxSeq)
			assert.EqualValues(t, len(tt.want)+len(tt.waited), s.Rx.Packets)
			assert.Equal(t, 4*s.Rx.Packets, s.Rx.Bytes)
			assert.Equal(t, tt.lost, s.RxLost, "lost")
			assert.Equal(t, tt.late, s.RxLate, "late")
			assert.Equal(t, tt.reorder, s.RxReordered, "reordered")
			assert.Equal(t, tt.dup, s.RxDuplicate, "duplicate")
		})
	}
}

func TestReceiveGapTimes(t *testing.T) {
	p := newPeer(t, Config{ReorderWait: 50 * time.Millisecond, AckDelay: time.Hour})
	p.receive(0)
	p.receive(2) // a gap
	p.pass(30 * time.Millisecond)
	p.receive(4) // another, later
	p.expect(0)
	assert.Equal(t, t0.Add(50*time.Millisecond), p.Deadline())
	p.pass(20*time.Millisecond - 1)
	p.expect()
	p.pass(1)
	p.expect(2)
	assert.Equal(t, t0.Add(80*time.Millisecond), p.Deadline())
	p.receive(1) // after its time: lost to the user, and counted as late too
	p.pass(30 * time.Millisecond)
	p.expect(4)
	s := p.Stats()
	assert.EqualValues(t, 2, s.RxLost)
	assert.EqualValues(t, 1, s.RxLate)

	t.Run("without tick, a packet makes time pass", func(t *testing.T) {
		p.receive(6)
		p.now = p.now.Add(time.Second)
		p.receive(7)
		p.expect(6, 7)
	})
	t.Run("a filled gap is no loss, even when the tick is late", func(t *testing.T) {
		p.receive(9)
		p.now = p.now.Add(time.Second)
		p.receive(8)
		p.expect(8, 9)
	})
}

func TestReceiveWithoutReorderBuffer(t *testing.T) {
	p := newPeer(t, Config{ReorderMax: -1})
	p.receive(0, 2, 1, 3)
	p.expect(0, 2, 3)
	s := p.Stats()
	assert.EqualValues(t, 1, s.RxLost)
	assert.EqualValues(t, 1, s.RxLate, "dropped late, as the linux kernel does")
}

func TestReceiveReorderMaxIsBounded(t *testing.T) {
	p := newPeer(t, Config{ReorderMax: 1 << 30})
	assert.EqualValues(t, maxReorder, p.rx.size)
	assert.EqualValues(t, 64, newPeer(t, Config{ReorderMax: 33}).rx.size)
}

func TestReceiveHoldsNoHugePacket(t *testing.T) {
	p := newPeer(t, Config{})
	p.receive(0)
	big := data(2)
	big.Payload = append(big.Payload, make([]byte, maxHeldLen)...)
	p.Receive(p.now, big, p.deliver)
	p.receive(3)
	p.expect(0, 2, 3)
	assert.EqualValues(t, 1, p.Stats().RxLost)
}

func TestReceiveRestart(t *testing.T) {
	tests := []struct {
		name string
		from uint32 // last of the old stream
		to   uint32 // first of the new one
	}{
		{"back to 0", 100_000, 0},
		{"back to 1 by more than 2^31", 0xF0000000, 1},
		{"huge jump ahead", 10, 1 << 30},
		{"half the number space", 10, 10 + 1<<31},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPeer(t, Config{})
			p.receive(tt.from-3, tt.from-1) // one is held
			p.receive(tt.to, tt.to+1, tt.to+2)
			p.expect(tt.from - 3)
			p.receive(tt.to+3, tt.to+4)
			p.expect(tt.from-1, tt.to+3, tt.to+4)
			s := p.Stats()
			assert.EqualValues(t, 1, s.RxRestarts)
			assert.EqualValues(t, restartRun-1, s.RxStray)
			assert.EqualValues(t, 1, s.RxLost, "a restart itself is no loss")
			assert.Equal(t, tt.to+4, p.send().Ack, "acknowledges the new numbers")
		})
	}
	t.Run("strays are dropped", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.receive(5000)
		for i := range uint32(10) {
			p.receive(i, 5001+i) // an old burst between current packets
		}
		s := p.Stats()
		assert.EqualValues(t, 10, s.RxStray)
		assert.Zero(t, s.RxRestarts)
		assert.EqualValues(t, 11, s.Rx.Packets)
	})
	t.Run("strays not in a row are no restart", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.receive(1<<20, 0, 2, 4, 6, 8, 10)
		p.expect(1 << 20)
	})
}

func TestReceiveEmptyPayloadKeepsItsNumber(t *testing.T) {
	p := newPeer(t, Config{})
	p.receive(0)
	p.Receive(p.now, Packet{HasSeq: true, Seq: 1}, p.deliver)
	p.receive(2)
	p.expect(0, 2)
	assert.Zero(t, p.Stats().RxLost)
}

func TestReceiveWithoutNumbers(t *testing.T) {
	tests := []struct {
		name          string
		packet        Packet
		acks, malform uint64
	}{
		{"ack only", Packet{HasAck: true, Ack: 0xFFFFFFFF}, 1, 0},
		{"payload without seq", Packet{Payload: []byte{1}}, 0, 1},
		{"payload without seq, with ack", Packet{HasAck: true, Payload: []byte{1}}, 0, 1},
		{"neither number", Packet{}, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPeer(t, Config{})
			p.Receive(p.now, tt.packet, p.deliver)
			s := p.Stats()
			assert.Equal(t, Stats{RxAcksOnly: tt.acks, RxMalformed: tt.malform}, s)
			p.expect()
		})
	}
}

func TestMalformed(t *testing.T) {
	p := newPeer(t, Config{})
	p.Malformed(ErrShort)
	p.Malformed(nil)
	assert.EqualValues(t, 1, p.Stats().RxMalformed)
}

func TestSendNumbers(t *testing.T) {
	p := newPeer(t, Config{PeerCallID: 7})
	for want := range uint32(3) {
		q := p.send()
		assert.Equal(t, want, q.Seq, "the first number is 0")
		assert.EqualValues(t, 7, q.CallID)
		assert.False(t, q.HasAck, "nothing received, nothing to acknowledge")
	}
	assert.Equal(t, Direction{Packets: 3, Bytes: 6}, p.Stats().Tx)

	p = newPeer(t, Config{FirstSeq: 0xFFFFFFFF})
	assert.EqualValues(t, 0xFFFFFFFF, p.send().Seq)
	assert.EqualValues(t, 0, p.send().Seq, "wrap")

	dst := []byte("kept")
	assert.Equal(t, dst, p.Send(p.now, dst, make([]byte, MaxPayload+1)))
	assert.EqualValues(t, 1, p.send().Seq, "a payload too long takes no number")
}

func TestSendNeverWaitsForAcks(t *testing.T) {
	p := newPeer(t, Config{Window: 2})
	for want := range uint32(10_000) { // linux sends no ack-only packets
		require.Equal(t, want, p.send().Seq)
	}
}

func TestReceiveTimes(t *testing.T) {
	p := newPeer(t, Config{})
	p.receive(1)
	p.pass(time.Second)
	p.receive(1)
	s := p.Stats()
	assert.Equal(t, t0, s.FirstRxAt)
	assert.Equal(t, t0.Add(time.Second), s.LastRxAt)
}
