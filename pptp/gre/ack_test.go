package gre

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAckPiggyback(t *testing.T) {
	p := newPeer(t, Config{})
	p.receive(5)
	q := p.send()
	assert.True(t, q.HasAck)
	assert.EqualValues(t, 5, q.Ack)
	assert.False(t, p.send().HasAck, "once")
	assert.Zero(t, p.Deadline())

	t.Run("in an answer sent from deliver", func(t *testing.T) {
		var answer Packet
		p.Receive(p.now, data(6), func([]byte) { answer = p.send() })
		assert.True(t, answer.HasAck)
		assert.EqualValues(t, 6, answer.Ack)
	})
}

func TestAckOnly(t *testing.T) {
	t.Run("after the delay", func(t *testing.T) {
		p := newPeer(t, Config{PeerCallID: 9})
		_, ok := p.AppendAck(p.now, nil)
		assert.False(t, ok)
		p.receive(0, 1)
		assert.Equal(t, t0.Add(100*time.Millisecond), p.Deadline())
		p.pass(100*time.Millisecond - 1)
		_, ok = p.AppendAck(p.now, nil)
		assert.False(t, ok)
		p.pass(1)
		b, ok := p.AppendAck(p.now, nil)
		require.True(t, ok)
		assert.Len(t, b, 12)
		q, err := Parse(b)
		require.NoError(t, err)
		assert.Equal(t, Packet{CallID: 9, HasAck: true, Ack: 1, Payload: []byte{}}, q)
		_, ok = p.AppendAck(p.now.Add(time.Hour), nil)
		assert.False(t, ok)
		assert.EqualValues(t, 1, p.Stats().TxAcksOnly)
	})
	t.Run("every half window at once", func(t *testing.T) {
		p := newPeer(t, Config{Window: 16})
		for seq := range uint32(7) {
			p.receive(seq)
			_, ok := p.AppendAck(p.now, nil)
			require.False(t, ok)
		}
		p.receive(7)
		assert.Equal(t, p.now, p.Deadline())
		_, ok := p.AppendAck(p.now, nil)
		assert.True(t, ok)
	})
}

func TestAckNeverRegressesNorExceeds(t *testing.T) {
	p := newPeer(t, Config{ReorderMax: 4, ReorderWait: time.Millisecond})
	highest := uint32(0xFFFFFFF0)
	last := highest
	arrivals := []uint32{0, 2, 1, 1, 5, 3, 20, 4, 19, 21, 21, 18, 40, 39, 38}
	for i, offset := range arrivals {
		seq := 0xFFFFFFF0 + offset // wraps on the way
		p.receive(seq)
		p.pass(time.Millisecond)
		if Before(highest, seq) {
			highest = seq
		}
		if q := p.send(); q.HasAck {
			assert.False(t, Before(q.Ack, last), "arrival %d: ack goes back", i)
			assert.Equal(t, highest, q.Ack, "arrival %d", i)
			last = q.Ack
		}
	}
	assert.EqualValues(t, 24, last)
}

func TestAcksReceived(t *testing.T) {
	t.Run("cisco: first ack ffffffff means nothing", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.acks(0xFFFFFFFF)
		p.send()
		p.acks(0xFFFFFFFF)
		s := p.Stats()
		assert.Zero(t, s.TxAcked)
		assert.Zero(t, s.LastAckAt)
		assert.EqualValues(t, 2, s.RxAcksOnly)
	})
	t.Run("one acknowledges all before, once", func(t *testing.T) {
		p := newPeer(t, Config{})
		p.send()
		p.now = p.now.Add(10 * time.Millisecond)
		p.send()
		p.now = p.now.Add(30 * time.Millisecond)
		p.acks(1)
		acked := p.now
		p.now = p.now.Add(time.Second)
		p.acks(1) // again
		p.acks(0) // old
		p.acks(2) // not sent yet
		p.acks(1 << 31)
		s := p.Stats()
		assert.EqualValues(t, 2, s.TxAcked)
		assert.Equal(t, acked, s.LastAckAt)
		d := 30 * time.Millisecond
		assert.Equal(t, RTT{Count: 1, Last: d, Min: d, Max: d, Sum: d}, s.AckRTT)
	})
	t.Run("piggyback, over the wrap", func(t *testing.T) {
		p := newPeer(t, Config{FirstSeq: 0xFFFFFFFE})
		for i := range 4 {
			seq := p.send().Seq
			p.now = p.now.Add(time.Duration(i+1) * time.Millisecond)
			q := data(uint32(i))
			q.HasAck, q.Ack = true, seq
			p.Receive(p.now, q, p.deliver)
		}
		s := p.Stats()
		assert.EqualValues(t, 4, s.TxAcked)
		assert.Equal(t, RTT{Count: 4, Last: 4e6, Min: 1e6, Max: 4e6, Sum: 10e6}, s.AckRTT)
	})
	t.Run("too old to be timed", func(t *testing.T) {
		p := newPeer(t, Config{})
		for range timedPackets + 1 {
			p.send()
		}
		p.acks(0)
		assert.EqualValues(t, 1, p.Stats().TxAcked)
		assert.Zero(t, p.Stats().AckRTT.Count)
		p.acks(1)
		assert.EqualValues(t, 1, p.Stats().AckRTT.Count)
	})
}
