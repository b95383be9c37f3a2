package exchange

import (
	"slices"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

// Config is when to send again.
type Config struct {
	// Timeout is how long to wait after each transmission.
	Timeout time.Duration
	// Retries is how often to send again.
	Retries int
	// Renew sends a new request, with its own Identifier and authenticator, instead of
	// the same bytes again. Only for Status-Server, which has no effect on the server.
	Renew bool
}

// Longest is how long an exchange can take.
func (c Config) Longest() time.Duration { return time.Duration(c.Retries+1) * c.Timeout }

// Result is how an exchange ended.
type Result struct {
	// Reply is the answer; nil: there was none.
	Reply packet.Packet
	// Signed says whether the answer has a Message-Authenticator, which then is right.
	Signed bool
	// Request is the one that was answered, or else the last one.
	Request packet.Packet

	Start time.Time // of the first transmission
	// Total is from the first transmission to the answer, or to the end of waiting.
	Total time.Duration
	// Latency is from the transmission that was answered to its answer; 0: it cannot be told.
	Latency time.Duration

	Transmissions int
	Counts        Counts // what came meanwhile, the answer among it
	// Unreachable is what the network said of the server, last; empty: nothing.
	Unreachable string
}

// Retransmissions is how often the request was sent again.
func (r *Result) Retransmissions() int { return max(0, r.Transmissions-1) }

// transmission is one that was sent.
type transmission struct {
	request packet.Packet
	at      time.Time
}

// Exchange is one request until its answer, or until nothing more is expected.
type Exchange struct {
	book  *Book
	cfg   Config
	build func(id uint8) (packet.Packet, error)

	sent     []transmission
	deadline time.Time
	done     bool
	before   Counts
	result   Result
}

// New begins an exchange. build makes the request with an Identifier.
func New(b *Book, cfg Config, build func(id uint8) (packet.Packet, error)) *Exchange {
	return &Exchange{book: b, cfg: cfg, build: build, before: b.counts}
}

// Next is called first, and whenever its deadline has passed. It returns what is to be
// sent, if anything, and until when to wait for packets. Errors are those of build.
func (e *Exchange) Next(now time.Time) (send packet.Packet, deadline time.Time, err error) {
	if e.done || now.Before(e.deadline) {
		return nil, e.deadline, nil
	}
	if len(e.sent) > e.cfg.Retries {
		e.end(now)
		return nil, e.deadline, nil
	}
	if len(e.sent) == 0 || e.cfg.Renew {
		if send, err = e.build(e.book.id()); err != nil {
			e.end(now)
			return nil, e.deadline, err
		}
		e.book.opened(send)
	} else {
		send = e.sent[0].request
	}
	e.sent = append(e.sent, transmission{send, now})
	e.deadline = now.Add(e.cfg.Timeout)
	return send, e.deadline, nil
}

// Done says whether the exchange has ended.
func (e *Exchange) Done() bool { return e.done }

// Receive takes a datagram. What is not the answer is counted, and waiting goes on:
// anybody can send something.
func (e *Exchange) Receive(now time.Time, data []byte) {
	p, kind, signed := e.book.Receive(data)
	if kind != Answer || e.done {
		return
	}
	var to *transmission
	for i := range e.sent {
		if t := &e.sent[i]; t.request.ID() == p.ID() {
			to = t
		}
	}
	if to == nil {
		return // of another exchange on the same socket
	}
	e.result.Reply, e.result.Signed, e.result.Request = slices.Clone(p), signed, to.request
	if len(e.sent) == 1 || e.cfg.Renew {
		e.result.Latency = max(now.Sub(to.at), 1) // 0 says that it is not known
	}
	e.book.closed(p.ID(), answered)
	e.end(now)
}

// Stray takes a datagram that came before the exchange began, so it cannot be of it.
func (e *Exchange) Stray(data []byte) { e.book.Receive(data) }

// Unreachable notes what the network said. Waiting goes on: such a message proves
// nothing about the next transmission, and can be forged.
func (e *Exchange) Unreachable(what string) { e.result.Unreachable = what }

// Abort ends the exchange before its time.
func (e *Exchange) Abort(now time.Time) { e.end(now) }

func (e *Exchange) end(now time.Time) {
	if e.done {
		return
	}
	e.done = true
	for _, t := range e.sent {
		e.book.closed(t.request.ID(), givenUp)
	}
	r := &e.result
	r.Start = now
	if n := len(e.sent); n > 0 {
		r.Start = e.sent[0].at
		if r.Request == nil {
			r.Request = e.sent[n-1].request
		}
	}
	r.Total = now.Sub(r.Start)
	r.Transmissions = len(e.sent)
	for k := range r.Counts {
		r.Counts[k] = e.book.counts[k] - e.before[k]
	}
}

// Result returns how the exchange ended; it is complete once [Exchange.Done].
func (e *Exchange) Result() *Result { return &e.result }
