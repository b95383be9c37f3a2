package gre

import "time"

const (
	// maxJump is how many numbers a packet may be ahead and still count as loss
	// of those between: seconds of outage at full speed.
	maxJump = 1 << 16

	// restartRun is how many packets in a row, numbered one after the other and all
	// out of reach of the present stream, mean that the peer counts anew. One or
	// two may be strays or an old burst.
	restartRun = 4

	// Only payloads up to maxHeldLen bytes are held back, more than any PPP frame on
	// a usual link, and maxSpare of their buffers are kept for use again.
	maxHeldLen = 2048
	maxSpare   = 8
)

type verdict uint8

const (
	stray    verdict = iota
	begin            // first packet, or the first after a restart
	inStream         // near enough to the stream
)

// receiver puts data packets in order. RFC 2637 section 4.3 lets a receiver
// either drop late packets or reorder; this one does the latter, for a short time.
type receiver struct {
	stats *Stats
	next  uint32 // the number awaited
	known uint32 // how many numbers before next are of the stream, up to historyLen
	seen  history

	started  bool
	highest  uint32 // highest number accepted
	strayRun int    // length of a run of strays that are numbered one after the other
	strayEnd uint32 // last of them

	// slots holds packets ahead of next: number n at n%size. All are less than
	// size ahead, so none shares a slot; that of next itself is always empty.
	size      uint32
	slots     []slot
	held      int
	heldSince time.Time // arrival of the packet held longest
	spare     [][]byte
}

type slot struct {
	used    bool
	at      time.Time
	payload []byte
}

// judge tells whether a number is of the stream. Any number may be the first: 0
// and 1 are both usual.
func (r *receiver) judge(seq uint32) verdict {
	if !r.started {
		return begin
	}
	if ahead := int32(seq - r.next); ahead >= -historyLen && ahead <= maxJump {
		r.strayRun = 0
		return inStream
	}
	if r.strayRun > 0 && seq == r.strayEnd+1 {
		r.strayRun++
	} else {
		r.strayRun = 1
	}
	r.strayEnd = seq
	if r.strayRun < restartRun {
		return stray
	}
	r.stats.RxRestarts++
	return begin
}

// start begins a stream at seq.
func (r *receiver) start(seq uint32) {
	r.started = true
	r.next, r.highest = seq, seq
	r.known, r.strayRun = 0, 0
	r.seen = history{}
}

func (r *receiver) holds(seq uint32) bool {
	return r.held > 0 && seq-r.next < r.size && r.slots[seq%r.size].used
}

// accept takes a data packet of the stream.
func (r *receiver) accept(now time.Time, p Packet, deliver func([]byte)) {
	switch {
	case Before(p.Seq, r.next):
		r.old(p.Seq)
		return
	case r.holds(p.Seq):
		r.stats.RxDuplicate++
		return
	case Before(p.Seq, r.highest):
		r.stats.RxReordered++
	default:
		r.highest = p.Seq
	}
	if len(p.Payload) > maxHeldLen {
		r.advance(p.Seq, deliver)
	} else if p.Seq-r.next >= r.size {
		r.advance(p.Seq-r.size+1, deliver)
	}
	if p.Seq == r.next {
		r.deliver(p.Payload, deliver)
	} else {
		r.hold(now, p)
	}
	r.run(deliver) // even after hold: making room may have moved next onto a packet held
}

// old counts a packet whose turn is over. Those from before the first one are
// losses that the gaps do not show.
func (r *receiver) old(seq uint32) {
	if r.seen.has(seq) {
		r.stats.RxDuplicate++
		return
	}
	r.seen.set(seq) // once more, and it is a duplicate
	r.stats.RxLate++
	if r.next-seq > r.known {
		r.stats.RxLost++
	}
}

// deliver hands over the packet whose turn it is. Peers may number empty packets;
// there is nothing to hand over then.
func (r *receiver) deliver(payload []byte, deliver func([]byte)) {
	r.seen.set(r.next)
	r.step(1)
	r.stats.Rx.Packets++
	r.stats.Rx.Bytes += uint64(len(payload))
	if len(payload) > 0 {
		deliver(payload)
	}
}

// step moves next by n.
func (r *receiver) step(n uint32) {
	r.next += n
	r.known = min(r.known+n, historyLen)
}

// pass gives up on n numbers.
func (r *receiver) pass(n uint32) {
	r.seen.unsetRange(r.next, n)
	r.stats.RxLost += uint64(n)
	r.step(n)
}

// hold keeps a copy of a packet whose turn has not come.
func (r *receiver) hold(now time.Time, p Packet) {
	if r.slots == nil {
		r.slots = make([]slot, r.size)
	}
	var buf []byte
	if n := len(r.spare); n > 0 {
		buf, r.spare = r.spare[n-1], r.spare[:n-1]
	}
	r.slots[p.Seq%r.size] = slot{used: true, at: now, payload: append(buf[:0], p.Payload...)}
	if r.held == 0 || now.Before(r.heldSince) {
		r.heldSince = now
	}
	r.held++
}

// release delivers the packet held for next.
func (r *receiver) release(deliver func([]byte)) {
	s := &r.slots[r.next%r.size]
	payload := s.payload
	*s = slot{}
	r.held--
	r.deliver(payload, deliver)
	if len(r.spare) < maxSpare {
		r.spare = append(r.spare, payload)
	}
}

// run delivers the packets held from next on, up to the first gap.
func (r *receiver) run(deliver func([]byte)) {
	released := false
	for r.holds(r.next) {
		r.release(deliver)
		released = true
	}
	if released {
		r.updateHeldSince()
	}
}

// updateHeldSince finds the packet now held longest.
func (r *receiver) updateHeldSince() {
	first := true
	for left, i := r.held, r.next; left > 0; i++ {
		s := &r.slots[i%r.size]
		if !s.used {
			continue
		}
		left--
		if first || s.at.Before(r.heldSince) {
			r.heldSince, first = s.at, false
		}
	}
}

// advance makes to the number awaited: it delivers what is held before it and
// gives up on the rest.
func (r *receiver) advance(to uint32, deliver func([]byte)) {
	for r.held > 0 && Before(r.next, to) {
		if r.holds(r.next) {
			r.release(deliver)
		} else {
			r.pass(1)
		}
	}
	if Before(r.next, to) {
		r.pass(to - r.next)
	}
	r.updateHeldSince()
}

// skipGap gives up on the numbers before the first packet held and delivers from there.
func (r *receiver) skipGap(deliver func([]byte)) {
	n := uint32(1)
	for !r.holds(r.next + n) {
		n++
	}
	r.pass(n)
	r.run(deliver)
}

// expire gives up on gaps that packets have been held behind since before, or at, the limit.
func (r *receiver) expire(limit time.Time, deliver func([]byte)) {
	for r.held > 0 && !r.heldSince.After(limit) {
		r.skipGap(deliver)
	}
}

// drain delivers all that is held.
func (r *receiver) drain(deliver func([]byte)) {
	for r.held > 0 {
		r.skipGap(deliver)
	}
}
