package ppp

import (
	"encoding/binary"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
)

// optMPPE is CCP option 18, Microsoft PPE/PPC (RFC 3078 section 2). All other compressions are rejected.
const optMPPE = 18

// nakPatience is how many Naks a peer gets before its repeated request counts as an answer: one may be lost.
const nakPatience = 2

const strengthBits = mppe.Bit40 | mppe.Bit56 | mppe.Bit128

// ccpPolicy negotiates MPPE: stateless and one strength in each direction.
type ccpPolicy struct {
	notices
	strengths mppe.Bits // acceptable ones
	stateful  bool      // acceptable if the peer insists
	require   bool

	ask      mppe.Bits // our next request: how the peer will encrypt; 0: refused
	granted  mppe.Bits // of ours, acknowledged
	accepted mppe.Bits // the peer's request: how we encrypt; 0: it asked for nothing
	peerBits mppe.Bits // last seen in a request or a Nak
	naks     int       // sent
	given    string    // why to give up
}

func newCCPPolicy(cfg *Config) *ccpPolicy {
	p := &ccpPolicy{notices: newNotices(), stateful: cfg.Stateful, require: cfg.MPPE == MPPERequire}
	for _, s := range cfg.Strengths {
		p.strengths |= s.Bit()
	}
	p.Reset()
	return p
}

func (p *ccpPolicy) Reset() {
	p.ask = mppe.BitStateless | p.strengths
	p.granted, p.accepted, p.naks, p.given = 0, 0, 0, ""
}

func (p *ccpPolicy) Abandon() string { return p.given }

func (p *ccpPolicy) giveUp(kind EventKind, bits mppe.Bits, detail string) {
	p.push(notice{kind: kind, bits: uint32(bits), detail: detail})
	p.given = detail
}

func mppeOption(b mppe.Bits) Option { return option32(optMPPE, uint32(b)) }

// strongest returns the single strongest bit of b.
func strongest(b mppe.Bits) mppe.Bits {
	for _, s := range [...]mppe.Bits{mppe.Bit128, mppe.Bit56, mppe.Bit40} {
		if b&s != 0 {
			return s
		}
	}
	return 0
}

func (p *ccpPolicy) Request() []Option {
	if p.ask == 0 {
		return nil
	}
	return []Option{mppeOption(p.ask)}
}

func (p *ccpPolicy) Judge(req []Option) (Code, []Option) {
	var rej []Option
	var bits mppe.Bits
	found := false
	for _, o := range req {
		if o.Type != optMPPE || len(o.Data) != 4 || found {
			rej = append(rej, o)
			continue
		}
		found, bits = true, mppe.Bits(binary.BigEndian.Uint32(o.Data))
	}
	if len(rej) > 0 {
		return ConfRej, rej
	}
	if found {
		p.peerBits = bits
		return p.judgeMPPE(bits)
	}
	// The peer wants to receive in the clear: suggest encryption.
	if p.naks++; p.naks > nakPatience {
		p.giveUp(EventCCPRejected, 0, "peer requests no encryption")
		return ConfAck, nil
	}
	return ConfNak, []Option{mppeOption(mppe.BitStateless | strongest(p.strengths))}
}

// judgeMPPE acknowledges exactly one common strength with the stateless bit, and nothing else, and asks for that
// otherwise (RFC 3078 section 2: a Nak must not leave a choice).
func (p *ccpPolicy) judgeMPPE(bits mppe.Bits) (Code, []Option) {
	best := strongest(bits & p.strengths)
	want := mppe.BitStateless | best
	insists := p.naks >= nakPatience
	switch {
	case best == 0:
		want |= strongest(p.strengths)
		switch {
		case !insists || bits&(strengthBits|mppe.BitMPPC) == 0:
			// A Nak may help, or a peer that repeats zero: the cap on rounds ends that.
		case bits&strengthBits == 0:
			p.giveUp(EventMPPCOnly, bits, "peer wants compression without encryption")
		default:
			p.giveUp(EventStrengthMismatch, bits, "peer requests "+bits.String())
		}
	case bits&mppe.BitStateless != 0, !insists:
	case p.stateful:
		want = best
	default:
		p.giveUp(EventStatelessRefused, bits, "peer insists on stateful MPPE")
	}
	if bits == want {
		p.accepted = bits
		return ConfAck, nil
	}
	p.naks++
	return ConfNak, []Option{mppeOption(want)}
}

func (p *ccpPolicy) Ack(opts []Option) {
	p.granted = 0
	for _, o := range opts {
		p.granted |= mppe.Bits(binary.BigEndian.Uint32(o.Data)) // what we asked: 4 octets
	}
}

func (p *ccpPolicy) Nak(opts []Option) {
	for _, o := range opts {
		if o.Type != optMPPE || len(o.Data) != 4 {
			continue
		}
		bits := mppe.Bits(binary.BigEndian.Uint32(o.Data))
		p.peerBits = bits
		best := strongest(bits & p.strengths)
		switch {
		case best != 0 && bits&mppe.BitStateless != 0:
			p.ask = mppe.BitStateless | best
		case best != 0 && p.stateful:
			p.ask = best
		case best != 0:
			p.giveUp(EventStatelessRefused, bits, "peer answers with stateful MPPE")
		case bits&strengthBits != 0:
			p.giveUp(EventStrengthMismatch, bits, "peer answers with "+bits.String())
		case bits&mppe.BitMPPC != 0:
			p.giveUp(EventMPPCOnly, bits, "peer answers with compression only")
		default:
			p.giveUp(EventCCPRejected, bits, "peer answers with no encryption")
		}
	}
}

func (p *ccpPolicy) Reject(opts []Option) {
	for _, o := range opts {
		if o.Type == optMPPE {
			p.ask = 0
			p.giveUp(EventCCPRejected, p.peerBits, "peer rejects the MPPE option")
		}
	}
}

// startCCP begins the negotiation of encryption, or passes it by.
func (l *Link) startCCP(now time.Time) {
	l.ccpOn = false
	switch {
	case l.cfg.MPPE == MPPERefuse:
	case l.haveKeys():
		l.ccpOn = true
		l.ipcp.Hold()
		l.ccp.Up(now)
		l.ccp.Open(now)
	case l.cfg.MPPE == MPPERequire:
		l.emit(Event{Kind: EventCCPRejected, Protocol: CCP, Method: l.method, Detail: "authentication gives no MPPE keys"})
		l.fail(now, "MPPE required but not available")
	}
}

func (l *Link) onCCP(now time.Time, ev AutomatonEvent) {
	switch ev.Kind {
	case ThisLayerUp:
		if !l.startMPPE() {
			l.emit(Event{Kind: EventCCPRejected, Protocol: CCP, Bits: l.ccpPol.peerBits, Detail: "no keys for both directions"})
			l.withoutMPPE(now, "MPPE required but peer negotiation failed")
			return
		}
		l.emit(Event{Kind: EventCCPOpened, Protocol: CCP, Bits: l.ccpPol.granted})
		l.ipcp.Release(now)
	case ThisLayerDown:
		l.stopMPPE()
	case TimedOut:
		l.emit(Event{Kind: EventCCPTimeout, Protocol: CCP})
		l.withoutMPPE(now, "MPPE required but peer negotiation failed")
	case NotConverging:
		l.emit(Event{Kind: EventCCPNotConverging, Protocol: CCP, Bits: l.ccpPol.peerBits, Detail: lastRound(ev)})
		l.withoutMPPE(now, "MPPE required but peer negotiation failed")
	case Abandoned:
		l.withoutMPPE(now, "MPPE required but peer refused")
	case TerminateReceived:
		t := ParseTermination(ev.Data)
		l.emit(Event{Kind: EventTerminated, Protocol: CCP, Termination: t})
		l.emit(Event{Kind: EventCCPTerminated, Protocol: CCP, Termination: t})
		l.withoutMPPE(now, "MPPE required but peer refused")
	case Extra:
		l.receiveReset(ev.Packet)
	}
}

// withoutMPPE ends CCP: the link with it if encryption is required, otherwise it goes on in the clear.
func (l *Link) withoutMPPE(now time.Time, reason string) {
	if l.cfg.MPPE == MPPERequire {
		l.fail(now, reason)
		return
	}
	if s := l.ccp.State(); s.negotiating() || s == Opened {
		l.ccp.Close(now, nil)
	}
	l.stopMPPE()
	l.mppeLost = false
	l.ipcp.Release(now)
}

// ccpRejected handles a Protocol-Reject of CCP.
func (l *Link) ccpRejected(now time.Time) {
	if !l.ccpOn {
		return
	}
	l.emit(Event{Kind: EventCCPRejected, Protocol: CCP, Detail: "protocol-reject"})
	l.ccpOn = false
	l.ccp.Down(now) // silently: no Terminate-Request to a peer that does not know CCP
	l.withoutMPPE(now, "MPPE required but peer refused")
}
