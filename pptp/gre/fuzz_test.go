package gre

import (
	"testing"
	"time"
)

// FuzzEndpoint runs a script of five-byte steps (what to do, and a number) and checks
// after each that nothing is delivered out of order or twice, that acknowledgements
// do not go back, and that the counters add up.
func FuzzEndpoint(f *testing.F) {
	step := func(op byte, n uint32) []byte { return be.AppendUint32([]byte{op}, n) }
	script := func(steps ...[]byte) (s []byte) {
		for _, b := range steps {
			s = append(s, b...)
		}
		return s
	}
	f.Add(script(step(0, 0), step(0, 2), step(0, 1), step(1, 0), step(4, 10)), uint8(3))
	f.Add(script(step(0, 0xFFFFFFFE), step(1, 1), step(2, 3), step(4, 100), step(3, 0), step(5, 0)), uint8(2))
	f.Add(script(step(0, 5000), step(0, 0), step(0, 1), step(0, 2), step(0, 3), step(0, 4)), uint8(6))
	f.Fuzz(func(t *testing.T, script []byte, reorder uint8) {
		r := fuzzRun{t: t, e: NewEndpoint(Config{ReorderMax: int(int8(reorder)), FirstSeq: 0xFFFFFFF0}), now: t0}
		for ; len(script) >= 5; script = script[5:] {
			r.step(script[0], be.Uint32(script[1:]))
			r.check()
		}
		r.now = r.now.Add(time.Hour)
		r.e.Tick(r.now, r.deliver)
		r.check()
		if r.e.rx.held != 0 {
			t.Fatal("packets held for ever")
		}
	})
}

type fuzzRun struct {
	t   *testing.T
	e   *Endpoint
	now time.Time

	received, delivered uint64
	restarts            uint64
	last                uint32 // delivered
	some                bool
	near                uint32 // last number received
	lastAck             uint32
	acked               bool
	calls               int // deliveries in this step
}

func (r *fuzzRun) step(op byte, n uint32) {
	r.calls = 0
	switch op % 6 {
	case 0: // any number
		r.receive(n)
	case 1: // one near the last
		r.receive(r.near + n%128 - 64)
	case 2: // the next
		r.receive(r.near + 1)
	case 3:
		b := r.e.Send(r.now, nil, make([]byte, n%100))
		r.sent(b)
	case 4:
		r.now = r.now.Add(time.Duration(n%200) * time.Millisecond)
		r.e.Tick(r.now, r.deliver)
		if b, ok := r.e.AppendAck(r.now, nil); ok {
			r.sent(b)
		}
	case 5:
		r.e.Receive(r.now, Packet{HasAck: true, Ack: n}, r.deliver)
	}
}

func (r *fuzzRun) receive(seq uint32) {
	r.near = seq
	r.received++
	r.e.Receive(r.now, Packet{HasSeq: true, Seq: seq, HasAck: true, Ack: seq, Payload: be.AppendUint32(nil, seq)}, r.deliver)
	if restarts := r.e.Stats().RxRestarts; restarts != r.restarts {
		r.restarts, r.acked = restarts, false
	}
}

func (r *fuzzRun) deliver(payload []byte) {
	seq := be.Uint32(payload)
	if r.some && !Before(r.last, seq) && r.e.Stats().RxRestarts == r.restarts {
		r.t.Fatalf("%d delivered after %d", seq, r.last)
	}
	r.last, r.some = seq, true
	r.delivered++
	r.calls++
}

func (r *fuzzRun) sent(b []byte) {
	p, err := Parse(b)
	if err != nil {
		r.t.Fatal(err)
	}
	if !p.HasAck {
		return
	}
	if r.acked && !Before(r.lastAck, p.Ack) {
		r.t.Fatalf("ack %d after %d", p.Ack, r.lastAck)
	}
	if Before(r.e.ack.highest, p.Ack) {
		r.t.Fatalf("ack %d exceeds %d", p.Ack, r.e.ack.highest)
	}
	r.lastAck, r.acked = p.Ack, true
}

func (r *fuzzRun) check() {
	s := r.e.Stats()
	rx := &r.e.rx
	if sum := s.Rx.Packets + s.RxDuplicate + s.RxLate + s.RxStray + uint64(rx.held); sum != r.received {
		r.t.Fatalf("%d packets received, %d accounted for: %+v", r.received, sum, s)
	}
	if s.Rx.Packets != r.delivered || s.RxLate > s.RxLost || s.TxAcked > s.Tx.Packets {
		r.t.Fatalf("inconsistent: %d delivered, %+v", r.delivered, s)
	}
	if r.calls > maxReorder+1 || len(rx.spare) > maxSpare || rx.held > int(rx.size) {
		r.t.Fatalf("unbounded: %d deliveries, %d spare, %d held", r.calls, len(rx.spare), rx.held)
	}
	used := 0
	for _, s := range rx.slots {
		if s.used {
			used++
		}
	}
	if used != rx.held || rx.holds(rx.next) {
		r.t.Fatalf("%d slots used, %d counted, next held: %t", used, rx.held, rx.holds(rx.next))
	}
	if d := r.e.Deadline(); d.IsZero() != (rx.held == 0 && !r.e.ack.pending) {
		r.t.Fatal("deadline does not match what is pending")
	}
}
