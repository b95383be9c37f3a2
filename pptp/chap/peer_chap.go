package chap

import (
	"bytes"
	"crypto/subtle"
	"fmt"
	"io"
	"time"
)

// exchange is one Challenge and our Response to it.
type exchange struct {
	id        uint8
	challenge []byte
	response  []byte   // the packet sent; nil: no Challenge was answered yet
	proof     [20]byte // MS-CHAPv2: the S= that the server must answer with
	keys      MPPEMaterial
}

func (p *Peer) receiveCHAP(now time.Time, code, id uint8, data []byte) error {
	if code == codeChallenge {
		return p.answer(now, id, data)
	}
	if code != codeSuccess && code != codeFailure {
		return fmt.Errorf("%w: chap code %d", ErrUnexpected, code)
	}
	// RFC 1994 §4.2: the identifier is that of the Response. A verdict about an
	// older one must not be checked against the newer response.
	if p.exchange.response == nil || id != p.exchange.id {
		return fmt.Errorf("%w: chap code %d with identifier %d", ErrUnexpected, code, id)
	}
	switch {
	case code == codeFailure: // also after a Success: the server takes it back
		p.keys = nil
		p.verdict(stateFailed, Event{Kind: EventFailed, At: now, Failure: ParseFailure(data)})
	case p.state == stateAnswered: // in stateSucceeded: the Success was repeated
		p.succeed(now, ParseSuccess(data))
	}
	return nil
}

// answer responds to a Challenge: the first, a repeated one (our Response was
// lost), or a new one at any time after success (RFC 1994 §2).
func (p *Peer) answer(now time.Time, id uint8, data []byte) error {
	challenge, _, err := ParseValue(data)
	if err != nil {
		return err
	}
	want := p.cfg.Method.challengeLen()
	if len(challenge) == 0 || want != 0 && len(challenge) != want {
		return fmt.Errorf("%w: %s challenge of %d bytes", ErrMalformed, p.cfg.Method, len(challenge))
	}
	again := p.exchange.response != nil
	// The same Challenge gets the same Response. With a new peer challenge the
	// server's proof, made for the first Response, would not verify.
	if !again || id != p.exchange.id || !bytes.Equal(challenge, p.exchange.challenge) {
		x, err := p.respond(id, challenge)
		if err != nil {
			return err
		}
		p.exchange, p.state = x, stateAnswered
	}
	p.packet = bytes.Clone(p.exchange.response)
	p.emit(Event{Kind: EventChallenged, At: now, Rechallenge: again})
	return nil
}

// Repeat sends the last CHAP Response again if there is no verdict on it yet.
// It is for a server that goes on to the next phase: its Success was lost, and
// answering the same Response with the same verdict is all that makes it say so
// again (RFC 1994 §4.2). It is no second attempt. With PAP it does nothing.
func (p *Peer) Repeat() {
	if p.state == stateAnswered {
		p.packet = bytes.Clone(p.exchange.response)
	}
}

// respond computes the Response; the length of challenge was checked.
func (p *Peer) respond(id uint8, challenge []byte) (exchange, error) {
	x := exchange{id: id, challenge: bytes.Clone(challenge)}
	user, password := p.cfg.Credentials.User, p.cfg.Credentials.Password
	var value []byte
	switch p.cfg.Method {
	case MethodMSCHAPv1:
		x.setKeys(MethodMSCHAPv1, password)
		x.keys.Challenge = [8]byte(challenge)
		x.keys.NTResponse = ChallengeResponse(x.keys.Challenge, x.keys.PasswordHash)
		// RFC 2433: 24 bytes of LM response, the NT response, flag 1 = use the
		// NT response. The LM field stays zero: it would give the password away.
		value = append(make([]byte, 24, 49), x.keys.NTResponse[:]...)
		value = append(value, 1)
	case MethodMSCHAPv2:
		auth := [16]byte(challenge)
		var peer [16]byte
		if _, err := io.ReadFull(p.cfg.Rand, peer[:]); err != nil {
			return exchange{}, fmt.Errorf("draw a peer challenge: %w", err)
		}
		x.setKeys(MethodMSCHAPv2, password)
		x.keys.NTResponse = NTResponse(auth, peer, user, password)
		x.proof = AuthenticatorResponse(password, x.keys.NTResponse, peer, auth, user)
		// RFC 2759 §4: peer challenge, 8 reserved bytes, NT response, flags 0.
		value = append(make([]byte, 0, 49), peer[:]...)
		value = append(value, make([]byte, 8)...)
		value = append(value, x.keys.NTResponse[:]...)
		value = append(value, 0)
	default:
		sum := MD5Response(id, password, challenge)
		value = sum[:]
	}
	x.response = newPacket(codeResponse, id, AppendValue(nil, value, user))
	return x, nil
}

func (x *exchange) setKeys(m Method, password string) {
	x.keys.Method = m
	x.keys.PasswordHash = NTPasswordHash(password)
	x.keys.PasswordHashHash = HashNTPasswordHash(x.keys.PasswordHash)
}

func (p *Peer) succeed(now time.Time, s Success) {
	if p.cfg.Method == MethodMSCHAPv2 &&
		(!s.HasResponse || subtle.ConstantTimeCompare(s.AuthenticatorResponse[:], p.exchange.proof[:]) != 1) {
		p.keys = nil
		p.verdict(stateFailed, Event{Kind: EventMutualFailed, At: now, Message: s.Message})
		return
	}
	if p.keys == nil && p.cfg.Method != MethodMD5 {
		keys := p.exchange.keys
		p.keys = &keys
	}
	p.verdict(stateSucceeded, Event{Kind: EventSucceeded, At: now, Message: s.Message})
}
