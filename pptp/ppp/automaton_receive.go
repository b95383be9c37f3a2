package ppp

import (
	"bytes"
	"time"
)

// codeOwner says which codes above Code-Reject a protocol has.
type codeOwner uint8

const (
	ownsBasic codeOwner = iota // 1..7
	ownsLCP                    // and 8..13
	ownsCCP                    // and 14, 15
)

func ownerOf(p Protocol) codeOwner {
	switch p {
	case LCP:
		return ownsLCP
	case CCP:
		return ownsCCP
	}
	return ownsBasic
}

func (o codeOwner) extra(c Code) bool {
	switch o {
	case ownsLCP:
		return c >= ProtoRej && c <= TimeRemaining
	case ownsCCP:
		return c == ResetReq || c == ResetAck
	}
	return false
}

// Receive works on one control packet of the automaton's protocol.
func (a *Automaton) Receive(now time.Time, p Packet) {
	if a.state <= Starting {
		return // the lower layer is down
	}
	a.in = p
	switch p.Code {
	case ConfReq:
		a.receiveRequest(now, p)
	case ConfAck, ConfNak, ConfRej:
		a.receiveVerdict(now, p)
	case TermReq:
		a.emit(AutomatonEvent{Kind: TerminateReceived, Data: bytes.Clone(p.Data)})
		a.fire(now, evRTR)
	case TermAck:
		a.emit(AutomatonEvent{Kind: TerminateAcked})
		a.fire(now, evRTA)
	case CodeRej:
		a.receiveCodeReject(now, p)
	default:
		a.receiveExtra(now, p)
	}
	a.in, a.reply = Packet{}, Packet{}
}

func (a *Automaton) receiveRequest(now time.Time, p Packet) {
	if a.state == Closed || a.state == Closing || a.state == Stopping {
		a.fire(now, evRCRPos) // the same cell as RCR-: no judgement wanted
		return
	}
	opts, err := ParseOptions(p.Data)
	if err != nil {
		a.stats.Malformed++
		return
	}
	if a.state == Opened && a.reAcks < maxReAcks && p.ID == a.ackedID && bytes.Equal(p.Data, a.acked) {
		// Sent again before our Ack arrived there. By the table it would throw down an open layer; the peer only
		// wants the Ack. A peer that really starts over has a new id, and for LCP a new magic number.
		a.reAcks++
		a.send(Packet{Code: ConfAck, ID: p.ID, Data: p.Data})
		return
	}
	if !a.state.negotiating() {
		a.resetPolicy()
	}
	code, reply := a.cfg.Policy.Judge(opts)
	if a.abandoned(now) {
		return
	}
	if code == ConfAck {
		a.ackedID, a.acked, a.reAcks = p.ID, append(a.acked[:0], p.Data...), 0
		a.reply = Packet{Code: ConfAck, ID: p.ID, Data: p.Data}
		a.fire(now, evRCRPos)
		return
	}
	a.reply = Packet{Code: code, ID: p.ID, Data: AppendOptions(nil, reply)}
	a.fire(now, evRCRNeg)
	a.naksSent++
	a.countRound(now, a.naksSent, p.Data, a.reply)
}

// receiveVerdict takes an answer to our request: only one, and only with its id (RFC 1661 section 5.2 to 5.4).
func (a *Automaton) receiveVerdict(now time.Time, p Packet) {
	ev := evRCN
	if p.Code == ConfAck {
		ev = evRCA
	}
	if !a.state.negotiating() && a.state != Opened {
		a.fire(now, ev)
		return
	}
	revoked := a.state == AckRcvd && p.Code != ConfAck // of a request that was repeated: the peer has changed its mind
	if a.request == nil || a.stale || (a.answered && !revoked) || p.ID != a.reqID {
		a.stats.Unmatched++ // late, repeated, or of another protocol's id
		return
	}
	opts, err := ParseOptions(p.Data)
	if err != nil || (p.Code == ConfAck && !bytes.Equal(p.Data, a.request)) {
		a.stats.Malformed++
		return
	}
	a.answered = true
	a.stats.Answers++
	switch p.Code {
	case ConfAck:
		a.cfg.Policy.Ack(opts)
		a.fire(now, evRCA)
		return
	case ConfNak:
		a.cfg.Policy.Nak(opts)
	default:
		a.cfg.Policy.Reject(opts)
	}
	a.naksRcvd++
	if !a.abandoned(now) && !a.countRound(now, a.naksRcvd, a.request, p) {
		a.fire(now, evRCN)
	}
}

// countRound closes a negotiation that goes round in circles. It says whether it did. request and verdict are those
// of the last round.
func (a *Automaton) countRound(now time.Time, n int, request []byte, verdict Packet) bool {
	a.stats.Rounds++
	if n <= a.cfg.MaxFailure || !a.state.negotiating() {
		return false
	}
	verdict.Data = bytes.Clone(verdict.Data)
	a.emit(AutomatonEvent{Kind: NotConverging, Packet: verdict, Data: bytes.Clone(request)})
	a.Close(now, nil)
	return true
}

func (a *Automaton) abandoned(now time.Time) bool {
	p, ok := a.cfg.Policy.(Abandoner)
	if !ok {
		return false
	}
	reason := p.Abandon()
	if reason == "" {
		return false
	}
	a.emit(AutomatonEvent{Kind: Abandoned, Data: []byte(reason)})
	a.Close(now, []byte(reason))
	return true
}

func (a *Automaton) receiveCodeReject(now time.Time, p Packet) {
	if len(p.Data) == 0 {
		a.stats.Malformed++
		return
	}
	code := Code(p.Data[0])
	a.emit(AutomatonEvent{Kind: CodeRejected, Code: code})
	if code >= ConfReq && code <= CodeRej {
		a.fire(now, evRXJNeg) // no negotiation without these
	} else {
		a.fire(now, evRXJPos)
	}
}

func (a *Automaton) receiveExtra(now time.Time, p Packet) {
	switch {
	case !a.owner.extra(p.Code):
		a.fire(now, evRUC)
	case p.Code >= EchoReq && p.Code <= DiscardReq:
		a.fire(now, evRXR) // emits Extra in Opened only
	case p.Code == ResetReq || p.Code == ResetAck:
		if a.state == Opened {
			a.emit(AutomatonEvent{Kind: Extra, Packet: Packet{p.Code, p.ID, bytes.Clone(p.Data)}})
		}
	default:
		a.emit(AutomatonEvent{Kind: Extra, Packet: Packet{p.Code, p.ID, bytes.Clone(p.Data)}})
	}
}

// rejected is the offending packet for a Code-Reject, cut so that the reject fits the smallest usual MRU.
func (a *Automaton) rejected() []byte {
	b := a.in.AppendTo(nil)
	return b[:min(len(b), maxReject)]
}

// maxReject bounds what is quoted in a Code-Reject or Protocol-Reject (RFC 1661 section 5.6 wants it to fit the
// peer's MRU); the peer needs its head only.
const maxReject = 512
