package chap

import (
	"fmt"
	"time"
)

// sendPAPRequest sends the request, each time under a new identifier (RFC 1334
// §2.2.1).
func (p *Peer) sendPAPRequest(now time.Time) {
	data, err := AppendPAPRequest(nil, p.cfg.Credentials.User, p.cfg.Credentials.Password)
	if err != nil {
		p.fail(now, err)
		return
	}
	p.sent++
	p.packet = newPacket(codeRequest, uint8(p.sent), data)
	p.deadline = now.Add(p.cfg.Retransmit)
}

func (p *Peer) receivePAP(now time.Time, code, id uint8, data []byte) error {
	// The answer to any of our requests counts: the first may be answered late,
	// after it was repeated.
	if p.state == stateWaiting && (id == 0 || int(id) > p.sent) {
		return fmt.Errorf("%w: pap identifier %d was not used", ErrUnexpected, id)
	}
	switch {
	case code != codeAck && code != codeNak:
		return fmt.Errorf("%w: pap code %d", ErrUnexpected, code)
	case p.state != stateWaiting: // the answer to a repeated request
	case code == codeAck:
		p.verdict(stateSucceeded, Event{Kind: EventSucceeded, At: now, Message: ParsePAPMessage(data)})
	default:
		p.verdict(stateFailed, Event{Kind: EventFailed, At: now, Failure: Failure{Message: ParsePAPMessage(data)}})
	}
	return nil
}
