package ppp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// run carries packets between two automata until both are quiet.
func run(now time.Time, a, b *Automaton) {
	for {
		moved := false
		for _, side := range [][2]*Automaton{{a, b}, {b, a}} {
			for p := side[0].NextPacket(); p != nil; p = side[0].NextPacket() {
				pkt, err := ParsePacket(p)
				if err == nil {
					side[1].Receive(now, pkt)
				}
				moved = true
			}
		}
		if !moved {
			return
		}
	}
}

func automaton(cfg AutomatonConfig) *Automaton {
	cfg.Protocol, cfg.Policy = IPCP, nullPolicy{}
	return NewAutomaton(cfg)
}

func drainKinds(a *Automaton) (out []AutomatonEventKind) {
	for ev, ok := a.NextEvent(); ok; ev, ok = a.NextEvent() {
		out = append(out, ev.Kind)
	}
	return out
}

func TestTwoAutomata(t *testing.T) {
	for _, passive := range []bool{false, true} {
		a, b := automaton(AutomatonConfig{}), automaton(AutomatonConfig{Passive: passive})
		for _, x := range []*Automaton{a, b} {
			x.Open(epoch)
			x.Up(epoch)
		}
		if passive {
			assert.Equal(t, Stopped, b.State())
			assert.Nil(t, b.NextPacket())
		}
		run(epoch, a, b)
		require.Equal(t, Opened, a.State())
		require.Equal(t, Opened, b.State())
		a.Close(epoch, []byte("enough"))
		run(epoch, a, b)
		assert.Equal(t, Closed, a.State())
		assert.Equal(t, Stopping, b.State())
		b.Tick(b.Deadline())
		assert.Equal(t, Stopped, b.State())
		assert.Equal(t, []AutomatonEventKind{ThisLayerUp, ThisLayerDown, TerminateAcked, ThisLayerFinished}, drainKinds(a)[1:])
		assert.Contains(t, drainKinds(b), TerminateReceived)
	}
}

func TestPassiveAutomatonWaitsAgainAfterATimeout(t *testing.T) {
	a := automaton(AutomatonConfig{Passive: true, MaxConfigure: 1})
	a.Up(epoch)
	a.Open(epoch)
	require.Equal(t, Stopped, a.State())
	a.Receive(epoch, Packet{Code: ConfReq, ID: 1})
	require.Equal(t, AckSent, a.State())
	a.Tick(a.Deadline())
	assert.Equal(t, Stopped, a.State())
	assert.Equal(t, []AutomatonEventKind{TimedOut}, drainKinds(a))
}

func TestHoldAndRelease(t *testing.T) {
	a := automaton(AutomatonConfig{})
	a.Open(epoch)
	a.Up(epoch)
	first := a.NextPacket()
	a.Hold()
	assert.Zero(t, a.Deadline(), "the timer stands still")
	a.Tick(epoch.Add(time.Hour))
	assert.Nil(t, a.NextPacket())
	a.Release(epoch.Add(time.Hour))
	again := a.NextPacket()
	assert.NotEqual(t, first[1], again[1], "a held request is a new one")
	a.Release(epoch.Add(time.Hour))
	assert.Nil(t, a.NextPacket())
}

func TestHeldRequestAcknowledgedLate(t *testing.T) {
	a := automaton(AutomatonConfig{})
	a.Open(epoch)
	a.Up(epoch)
	req, err := ParsePacket(a.NextPacket())
	require.NoError(t, err)
	a.Hold()
	a.Receive(epoch, Packet{Code: ConfAck, ID: req.ID, Data: req.Data})
	assert.Equal(t, AckRcvd, a.State())
	assert.NotZero(t, a.Deadline())
	a.Release(epoch)
	assert.Nil(t, a.NextPacket(), "nothing is left to ask")
	a.Receive(epoch, Packet{Code: ConfReq, ID: 1})
	assert.Equal(t, Opened, a.State())
}

func TestCodeRejects(t *testing.T) {
	open := func() *Automaton {
		a, b := automaton(AutomatonConfig{}), automaton(AutomatonConfig{})
		for _, x := range []*Automaton{a, b} {
			x.Open(epoch)
			x.Up(epoch)
		}
		run(epoch, a, b)
		return a
	}
	a := open()
	a.Receive(epoch, Packet{Code: CodeRej, ID: 1, Data: []byte{byte(EchoReq), 1, 0, 4}})
	assert.Equal(t, Opened, a.State())
	a.Receive(epoch, Packet{Code: CodeRej, ID: 1})
	assert.Equal(t, Opened, a.State())
	a.Receive(epoch, Packet{Code: EchoReq, ID: 1})
	assert.EqualValues(t, CodeRej, a.NextPacket()[0], "IPCP has no echo")
	a.Receive(epoch, Packet{Code: CodeRej, ID: 1, Data: []byte{byte(ConfReq), 1, 0, 4}})
	assert.Equal(t, Stopping, a.State(), "no negotiation without Configure-Request")
	a.Receive(epoch, Packet{Code: ConfReq, ID: 3})
	assert.Equal(t, Stopping, a.State())
	a.Receive(epoch, Packet{Code: ConfAck, ID: 3})
	assert.Equal(t, Stopping, a.State())
}

func TestAutomatonQueuesAreBounded(t *testing.T) {
	a := automaton(AutomatonConfig{})
	a.Open(epoch)
	a.Up(epoch)
	for range 1000 {
		a.Receive(epoch, Packet{Code: TermReq, ID: 1})
	}
	n := 0
	for a.NextPacket() != nil {
		n++
	}
	assert.Equal(t, maxQueuedPackets, n)
	assert.Len(t, drainKinds(a), maxQueuedEvents)
}

func TestQueue(t *testing.T) {
	q := queue[int]{max: 3}
	for i := range 10 {
		q.push(i)
		q.push(i)
		v, ok := q.pop()
		assert.True(t, ok)
		assert.LessOrEqual(t, v, i)
	}
	assert.NotZero(t, q.dropped)
	q.clear()
	_, ok := q.pop()
	assert.False(t, ok)
	assert.LessOrEqual(t, cap(q.items), 8)
}
