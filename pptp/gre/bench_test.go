package gre

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHotPathDoesNotAllocate(t *testing.T) {
	e := NewEndpoint(Config{})
	payload := make([]byte, 1400)
	buf := make([]byte, 0, 1500)
	deliver := func([]byte) {}
	seq := uint32(0)
	step := func() {
		// A swapped pair, a duplicate, an answer, an acknowledgement.
		for _, s := range [...]uint32{seq, seq + 2, seq + 1, seq + 1} {
			e.Receive(t0, Packet{HasSeq: true, Seq: s, Payload: payload}, deliver)
		}
		seq += 3
		buf = e.Send(t0, buf[:0], payload)
		buf, _ = e.AppendAck(t0, buf[:0])
		e.Tick(t0, deliver)
	}
	step()
	assert.Zero(t, testing.AllocsPerRun(1000, step))
}

func BenchmarkSend(b *testing.B) {
	e := NewEndpoint(Config{})
	payload := make([]byte, 1400)
	buf := make([]byte, 0, 1500)
	b.ReportAllocs()
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		buf = e.Send(t0, buf[:0], payload)
	}
}

func benchmarkReceive(b *testing.B, order []uint32) {
	e := NewEndpoint(Config{})
	payload := make([]byte, 1400)
	deliver := func([]byte) {}
	b.ReportAllocs()
	b.SetBytes(int64(len(payload)))
	base, i := uint32(0), 0
	for b.Loop() {
		e.Receive(t0, Packet{HasSeq: true, Seq: base + order[i], Payload: payload}, deliver)
		if i++; i == len(order) {
			base, i = base+uint32(len(order)), 0
		}
	}
}

func BenchmarkReceive(b *testing.B) {
	b.Run("in order", func(b *testing.B) { benchmarkReceive(b, []uint32{0}) })
	b.Run("reordered", func(b *testing.B) { benchmarkReceive(b, []uint32{0, 3, 2, 1}) })
	b.Run("jumping", func(b *testing.B) { benchmarkReceive(b, []uint32{0, 100, 200, 300}) })
}
