package exchange

import (
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

// Kind is what a packet that came back is.
type Kind uint8

// The kinds of packets.
const (
	Answer           Kind = iota // to an open request
	Late                         // to a request that was given up
	Duplicate                    // to a request that has its answer
	Replayed                     // to an older request with the same Identifier
	Unsolicited                  // to none that is remembered
	BadAuthenticator             // to an open request, but not made with the secret
	Malformed                    // not a reply of RADIUS, or not one that fits the request
	numKinds
)

var kindNames = [numKinds]string{"answer", "late", "duplicate", "replayed", "unsolicited", "bad_authenticator", "malformed"}

func (k Kind) String() string { return kindNames[k] }

// Kinds returns all kinds but [Answer].
func Kinds() []Kind {
	return []Kind{Late, Duplicate, Replayed, Unsolicited, BadAuthenticator, Malformed}
}

// Counts are packets by [Kind].
type Counts [numKinds]uint64

// state is that of a request.
type state uint8

const (
	unused state = iota
	open
	answered
	givenUp
)

// request is what is remembered of one.
type request struct {
	auth  packet.Authenticator
	code  packet.Code
	state state
}

// Book remembers the requests of one socket. Its size does not change: the last two
// requests of each of the 256 Identifiers. It must not be used concurrently.
type Book struct {
	key      *packet.Key
	current  [256]request
	previous [256]request
	next     uint8
	counts   Counts
}

// NewBook begins a book. first is the first Identifier, best a random one, so that a
// restarted client does not begin where the last one did.
func NewBook(key *packet.Key, first uint8) *Book { return &Book{key: key, next: first} }

// Counts returns what came so far.
func (b *Book) Counts() Counts { return b.counts }

// id returns the Identifier that was not used for the longest time.
func (b *Book) id() uint8 {
	for b.current[b.next].state == open { // an exchange has a few open at most
		b.next++
	}
	b.next++
	return b.next - 1
}

// opened notes a request that is about to be sent.
func (b *Book) opened(p packet.Packet) {
	id := p.ID()
	b.previous[id] = b.current[id]
	b.current[id] = request{auth: p.Authenticator(), code: p.Code(), state: open}
}

// closed notes that nothing more is expected.
func (b *Book) closed(id uint8, s state) {
	if r := &b.current[id]; r.state == open {
		r.state = s
	}
}

// Receive tells what data is, and counts it. Of an [Answer], signed says whether it has
// a Message-Authenticator. The packet shares memory with data.
func (b *Book) Receive(data []byte) (p packet.Packet, kind Kind, signed bool) {
	p, kind, signed = b.classify(data)
	b.counts[kind]++
	return p, kind, signed
}

func (b *Book) classify(data []byte) (packet.Packet, Kind, bool) {
	p, err := packet.Parse(data)
	if err != nil {
		return nil, Malformed, false
	}
	r := &b.current[p.ID()]
	if r.state == unused {
		return p, Unsolicited, false
	}
	signed, err := b.key.VerifyReply(p, &r.auth)
	if err != nil {
		if old := &b.previous[p.ID()]; old.state != unused {
			if _, err := b.key.VerifyReply(p, &old.auth); err == nil {
				return p, Replayed, false
			}
		}
		if r.state == open {
			return p, BadAuthenticator, false
		}
		return p, Unsolicited, false
	}
	switch r.state {
	case answered:
		return p, Duplicate, signed
	case givenUp:
		return p, Late, signed
	}
	if !fits(r.code, p.Code()) {
		return p, Malformed, signed
	}
	return p, Answer, signed
}

// fits says whether a request can have such a reply.
func fits(request, reply packet.Code) bool {
	switch reply {
	case packet.AccessAccept, packet.AccessReject:
		return request == packet.AccessRequest || request == packet.StatusServer
	case packet.AccessChallenge:
		return request == packet.AccessRequest
	case packet.AccountingResponse: // RFC 5997, section 3: also to Status-Server, on that port
		return request == packet.AccountingRequest || request == packet.StatusServer
	}
	return false
}
