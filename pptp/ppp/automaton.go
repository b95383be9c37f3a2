package ppp

import (
	"bytes"
	"time"
)

// Bounds of what an automaton keeps for its owner to fetch. An owner that drains after every call never meets them;
// beyond them the newest is dropped, as if the line had lost it.
const (
	maxQueuedPackets = 32
	maxQueuedEvents  = 64
)

// maxReAcks is how often the same Configure-Request is acknowledged again in Opened without starting over.
const maxReAcks = 3

// Automaton is the option negotiation automaton of RFC 1661 section 4 for LCP or one NCP, for either side of a link.
// It has no clock and does no I/O: time and packets are passed in, packets and events are fetched. Not safe for
// concurrent use.
type Automaton struct {
	cfg   AutomatonConfig
	state State
	owner codeOwner

	timer     time.Time // zero: stopped
	remaining int       // the RFC's restart counter
	tries     int       // requests since the counter was initialized: index into Restart
	sent      int       // requests since the negotiation began
	counter   uint8     // of the default NextID

	reqID    uint8
	request  []byte // options of the last Configure-Request
	answered bool   // an Ack, Nak or Reject to reqID has come
	stale    bool   // the options must be asked of the policy again
	held     bool
	pending  bool // a request waits for Release

	ackedID   uint8
	acked     []byte // options of the peer's request last acknowledged
	reAcks    int
	naksSent  int
	naksRcvd  int
	closeData []byte

	in    Packet // packet being worked on, for the send actions
	reply Packet // answer to a Configure-Request

	packets queue[[]byte]
	events  queue[AutomatonEvent]
	stats   ProtocolStats
}

// NewAutomaton returns an automaton in state Initial.
func NewAutomaton(cfg AutomatonConfig) *Automaton {
	cfg.setDefaults()
	a := &Automaton{
		cfg: cfg, stale: true, owner: ownerOf(cfg.Protocol),
		packets: queue[[]byte]{max: maxQueuedPackets}, events: queue[AutomatonEvent]{max: maxQueuedEvents},
	}
	if a.cfg.NextID == nil {
		a.cfg.NextID = func() uint8 { a.counter++; return a.counter }
	}
	return a
}

// Up says that the lower layer is ready.
func (a *Automaton) Up(now time.Time) { a.administer(now, evUp) }

// Down says that the lower layer is gone. What was queued for sending is dropped.
func (a *Automaton) Down(now time.Time) {
	a.fire(now, evDown)
	a.packets.clear()
}

// Open allows the layer to be negotiated.
func (a *Automaton) Open(now time.Time) { a.administer(now, evOpen) }

// administer fires Up or Open, which for a passive automaton lead to Stopped instead of Req-Sent.
func (a *Automaton) administer(now time.Time, ev event) {
	if t := table[ev][a.state]; a.cfg.Passive && t.do&scr != 0 {
		a.state = Stopped
		return
	}
	a.fire(now, ev)
}

// Close ends the layer; reason becomes the data of the Terminate-Request.
func (a *Automaton) Close(now time.Time, reason []byte) {
	a.closeData = bytes.Clone(reason)
	a.fire(now, evClose)
}

// ProtocolRejected says that the peer has refused the whole protocol (LCP Protocol-Reject): a catastrophic RXJ-.
func (a *Automaton) ProtocolRejected(now time.Time) { a.fire(now, evRXJNeg) }

// Hold keeps back our Configure-Request, and its timer, until Release; the peer's requests are answered meanwhile.
// It has no effect on a layer whose request is already acknowledged.
func (a *Automaton) Hold() {
	a.held = true
	if a.state == ReqSent || a.state == AckSent {
		a.pending, a.timer = true, time.Time{}
	}
}

// Release undoes Hold and sends what was held back.
func (a *Automaton) Release(now time.Time) {
	a.held = false
	if a.pending {
		a.restartCount(a.cfg.MaxConfigure)
		a.stale = true
		a.sendRequest(now)
	}
	a.pending = false
}

// Tick runs the restart timer if it is due.
func (a *Automaton) Tick(now time.Time) {
	if a.timer.IsZero() || now.Before(a.timer) {
		return
	}
	// A peer that acknowledges ours but never asks for its own lets the RFC's counter start over for ever.
	exhausted := a.state.negotiating() && a.sent >= 3*a.cfg.MaxConfigure
	if a.remaining > 0 && !exhausted {
		if a.state.negotiating() {
			a.stats.Retransmits++
		}
		if a.state == AckRcvd {
			a.repeatAcked(now)
			return
		}
		a.fire(now, evTOPos)
		return
	}
	if a.state.negotiating() {
		a.emit(AutomatonEvent{Kind: TimedOut})
	}
	a.fire(now, evTONeg)
}

// repeatAcked sends a request again that is acknowledged, to a peer whose own request has not come. By the table the
// Ack would be forgotten, and a new request made (Req-Sent): if the peer's request then came before that, the peer
// would be in Opened, and the new request throw it out of there. For CCP that is the end of a link: pppd says "MPPE
// disabled". The Ack stays valid for as long as the request is the same.
func (a *Automaton) repeatAcked(now time.Time) {
	a.timer = now.Add(a.restart())
	a.remaining--
	a.tries++
	a.sent++
	a.stats.Requests++
	a.send(Packet{Code: ConfReq, ID: a.reqID, Data: a.request})
}

// Deadline returns when Tick is wanted next; zero: not at all.
func (a *Automaton) Deadline() time.Time { return a.timer }

// State returns the current state.
func (a *Automaton) State() State { return a.state }

// Retransmits returns how many Configure-Requests were sent again because no answer came in time.
func (a *Automaton) Retransmits() int { return a.stats.Retransmits }

// Rounds returns how many Configure-Naks and Configure-Rejects were exchanged in all, both directions.
func (a *Automaton) Rounds() int { return a.stats.Rounds }

// NextPacket returns the next control packet to send, nil if there is none. The caller owns it.
func (a *Automaton) NextPacket() []byte {
	p, _ := a.packets.pop()
	return p
}

// NextEvent returns what happened next; false: nothing more.
func (a *Automaton) NextEvent() (AutomatonEvent, bool) { return a.events.pop() }

func (a *Automaton) emit(ev AutomatonEvent) {
	ev.State = a.state
	a.events.push(ev)
}

// fire looks the event up in the table and does what the cell says.
func (a *Automaton) fire(now time.Time, ev event) {
	t := table[ev][a.state]
	if !t.valid {
		return
	}
	from := a.state
	a.state = t.next
	if t.do != 0 {
		a.do(now, t.do, ev, from)
	}
	if a.state != ReqSent && a.state != AckSent {
		a.pending = false // acknowledged after all, or out of date
	}
	switch {
	case !a.state.timed():
		a.timer = time.Time{}
	case a.timer.IsZero() && !a.pending:
		a.timer = now.Add(a.restart()) // acknowledged while Hold had stopped the timer
	}
}

// restart is the restart timer's value for the next transmission.
func (a *Automaton) restart() time.Duration { return a.cfg.Restart[min(a.tries, len(a.cfg.Restart)-1)] }

// do performs the actions of a cell in the order of the RFC's cells.
func (a *Automaton) do(now time.Time, do action, ev event, from State) {
	if do&tld != 0 {
		a.emit(AutomatonEvent{Kind: ThisLayerDown})
	}
	if do&tls != 0 {
		a.emit(AutomatonEvent{Kind: ThisLayerStarted})
	}
	if do&scr != 0 && !from.negotiating() {
		a.begin(ev)
	}
	if do&irc != 0 {
		if do&str != 0 {
			a.restartCount(a.cfg.MaxTerminate)
		} else {
			a.restartCount(a.cfg.MaxConfigure)
		}
	}
	if do&zrc != 0 {
		a.remaining, a.timer = 0, now.Add(a.cfg.TerminateRestart)
	}
	if do&scr != 0 {
		a.sendRequest(now)
	}
	if do&(sca|scn) != 0 {
		a.send(a.reply)
	}
	if do&str != 0 {
		a.remaining--
		a.timer = now.Add(a.cfg.TerminateRestart)
		a.send(Packet{Code: TermReq, ID: a.cfg.NextID(), Data: a.closeData})
	}
	if do&sta != 0 {
		a.send(Packet{Code: TermAck, ID: a.in.ID})
	}
	if do&scj != 0 {
		a.send(Packet{Code: CodeRej, ID: a.cfg.NextID(), Data: a.rejected()})
	}
	if do&ser != 0 {
		a.emit(AutomatonEvent{Kind: Extra, Packet: Packet{a.in.Code, a.in.ID, bytes.Clone(a.in.Data)}})
	}
	if do&tlu != 0 {
		a.naksSent, a.naksRcvd, a.sent = 0, 0, 0
		a.emit(AutomatonEvent{Kind: ThisLayerUp})
	}
	if do&tlf != 0 && (!a.cfg.Passive || ev != evTONeg || !from.negotiating()) {
		a.emit(AutomatonEvent{Kind: ThisLayerFinished})
	}
}

// begin starts a negotiation: the caps count from here. When the peer's request started it, the policy was already
// reset before it judged that request.
func (a *Automaton) begin(ev event) {
	a.naksSent, a.naksRcvd, a.sent, a.reAcks = 0, 0, 0, 0
	if ev != evRCRPos && ev != evRCRNeg {
		a.resetPolicy()
	}
	a.stale = true
}

func (a *Automaton) resetPolicy() {
	if r, ok := a.cfg.Policy.(Resetter); ok {
		r.Reset()
	}
}

func (a *Automaton) restartCount(n int) { a.remaining, a.tries = n, 0 }

// sendRequest is scr. A repetition after a timeout keeps id and options, so that a late answer to either copy counts.
func (a *Automaton) sendRequest(now time.Time) {
	if a.held {
		a.pending, a.timer = true, time.Time{}
		return
	}
	if a.stale || a.answered {
		a.reqID = a.cfg.NextID()
		a.request = AppendOptions(a.request[:0], a.cfg.Policy.Request())
		a.stale, a.answered = false, false
	}
	a.timer = now.Add(a.restart())
	a.remaining--
	a.tries++
	a.sent++
	a.stats.Requests++
	a.send(Packet{Code: ConfReq, ID: a.reqID, Data: a.request})
}

func (a *Automaton) send(p Packet) { a.packets.push(p.AppendTo(nil)) }
