package gre

import "time"

// Defaults of a [Config].
const (
	defaultReorderWait = 50 * time.Millisecond
	defaultReorderMax  = 64
	defaultAckDelay    = 100 * time.Millisecond
	defaultWindow      = 64

	maxReorder = historyLen / 2 // bounds memory, and the work a packet can cause
)

// Config is how an [Endpoint] behaves. Zero values mean the defaults.
type Config struct {
	// PeerCallID goes into each packet sent: the id the peer gave the call.
	PeerCallID uint16

	// FirstSeq is the number of the first data packet sent. Zero is what RFC 2637
	// section 4.1 says, and what every known peer accepts.
	FirstSeq uint32

	// ReorderWait is how long a gap may hold back what came after it; default 50 ms.
	ReorderWait time.Duration

	// ReorderMax is how far ahead of a gap packets are kept, in packets, rounded up
	// to a power of two, at most 512; default 64. Negative: nothing is held back.
	ReorderMax int

	// AckDelay is how long an acknowledgement waits for data to go with; default 100 ms.
	AckDelay time.Duration

	// Window is how many packets the peer may send without acknowledgement, as
	// told to it on the control connection; half of it are acknowledged at
	// once. Default 64.
	Window int
}

// Endpoint is one end of a call's data: sequence, acknowledgement, and order, in
// both directions. It is not safe for concurrent use. deliver functions may call
// Send and AppendAck, but not Receive or Tick.
type Endpoint struct {
	cfg   Config
	stats Stats
	tx    sender
	rx    receiver
	ack   acker
}

// NewEndpoint returns an endpoint that has sent and received nothing.
func NewEndpoint(cfg Config) *Endpoint {
	if cfg.ReorderWait <= 0 {
		cfg.ReorderWait = defaultReorderWait
	}
	if cfg.ReorderMax == 0 {
		cfg.ReorderMax = defaultReorderMax
	}
	if cfg.AckDelay <= 0 {
		cfg.AckDelay = defaultAckDelay
	}
	if cfg.Window <= 0 {
		cfg.Window = defaultWindow
	}
	// A power of two, so that a slot index goes on evenly when numbers wrap; at
	// least one slot, the number that is awaited, in which nothing is ever held.
	size := uint32(1)
	for size < uint32(max(1, min(cfg.ReorderMax, maxReorder))) {
		size *= 2
	}
	e := &Endpoint{cfg: cfg}
	e.tx.next, e.tx.acked = cfg.FirstSeq, cfg.FirstSeq-1
	e.rx.size, e.rx.stats = size, &e.stats
	return e
}

// Send appends a data packet with payload to dst and returns the result; an
// acknowledgement goes with it if one is pending. A payload longer than
// [MaxPayload] can not be sent: dst is returned as it is. It does not allocate
// when dst has room for HeaderLenMax+len(payload) bytes.
func (e *Endpoint) Send(now time.Time, dst, payload []byte) []byte {
	if len(payload) > MaxPayload {
		return dst
	}
	p := Packet{CallID: e.cfg.PeerCallID, HasSeq: true, Seq: e.tx.send(now), Payload: payload}
	if e.ack.pending {
		p.HasAck, p.Ack = true, e.ack.take()
	}
	e.stats.Tx.Packets++
	e.stats.Tx.Bytes += uint64(len(payload))
	return p.AppendTo(dst)
}

// AppendAck appends a packet that only acknowledges, if one is due: AckDelay has
// passed since the first unacknowledged packet, or half a window is
// unacknowledged. Otherwise it returns dst and false.
func (e *Endpoint) AppendAck(now time.Time, dst []byte) ([]byte, bool) {
	due := e.ackDue()
	if due.IsZero() || now.Before(due) {
		return dst, false
	}
	e.stats.TxAcksOnly++
	return Packet{CallID: e.cfg.PeerCallID, HasAck: true, Ack: e.ack.take()}.AppendTo(dst), true
}

// Receive takes a packet from the peer; that it is of this call is for the caller
// to know. It calls deliver with each payload whose turn has come, in order, none
// twice; payloads are valid during the call only. Each packet costs bounded work,
// whatever its numbers.
func (e *Endpoint) Receive(now time.Time, p Packet, deliver func(payload []byte)) {
	if p.HasAck {
		e.acknowledged(now, p.Ack)
	}
	if !p.HasSeq {
		// Section 4.1: without S there is no payload, and nothing but A to tell.
		if p.HasAck && len(p.Payload) == 0 {
			e.stats.RxAcksOnly++
		} else {
			e.stats.RxMalformed++
		}
		return
	}
	if e.stats.FirstRxAt.IsZero() {
		e.stats.FirstRxSeq, e.stats.FirstRxAt = p.Seq, now
	}
	e.stats.LastRxAt = now

	switch e.rx.judge(p.Seq) {
	case stray:
		e.stats.RxStray++
		return
	case begin:
		e.rx.drain(deliver)
		e.rx.start(p.Seq)
		e.ack.restart()
	case inStream:
	}
	// Before delivery, so that an answer sent from deliver carries the acknowledgement.
	e.ack.received(now, p.Seq)
	e.rx.accept(now, p, deliver)
	e.rx.expire(now.Add(-e.cfg.ReorderWait), deliver)
}

// Tick gives up on gaps older than ReorderWait and delivers what they held back.
// Call it at [Endpoint.Deadline].
func (e *Endpoint) Tick(now time.Time, deliver func(payload []byte)) {
	e.rx.expire(now.Add(-e.cfg.ReorderWait), deliver)
}

// Deadline returns when Tick or AppendAck is next wanted; the zero time if neither is.
func (e *Endpoint) Deadline() time.Time {
	due := e.ackDue()
	if e.rx.held > 0 {
		if gap := e.rx.heldSince.Add(e.cfg.ReorderWait); due.IsZero() || gap.Before(due) {
			due = gap
		}
	}
	return due
}

// Stats returns the counters.
func (e *Endpoint) Stats() Stats { return e.stats }

// Malformed counts a packet that [Parse] refused with err; nil counts nothing.
func (e *Endpoint) Malformed(err error) {
	if err != nil {
		e.stats.RxMalformed++
	}
}

// ackDue returns when an acknowledgement has waited long enough; zero if none is pending.
func (e *Endpoint) ackDue() time.Time {
	switch {
	case !e.ack.pending:
		return time.Time{}
	case e.ack.count >= max(1, e.cfg.Window/2):
		return e.ack.since
	default:
		return e.ack.since.Add(e.cfg.AckDelay)
	}
}

// acknowledged takes an acknowledgement from the peer.
func (e *Endpoint) acknowledged(now time.Time, ack uint32) {
	n, rtt, timed := e.tx.acknowledged(now, ack)
	if n == 0 {
		return
	}
	e.stats.TxAcked += uint64(n)
	e.stats.LastAckAt = now
	if timed {
		e.stats.AckRTT.add(rtt)
	}
}
