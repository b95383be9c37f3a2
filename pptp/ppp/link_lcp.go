package ppp

import (
	"encoding/binary"
	"time"
)

func (l *Link) onLCP(now time.Time, ev AutomatonEvent) {
	switch ev.Kind {
	case ThisLayerUp:
		l.emit(Event{Kind: EventLCPOpened, Protocol: LCP})
		l.startEcho(now)
		l.startAuth(now)
	case ThisLayerDown:
		l.leaveOpened(now, ev.State)
	case ThisLayerFinished:
		l.die()
	case TimedOut:
		l.emit(Event{Kind: EventLCPTimeout, Protocol: LCP})
	case NotConverging:
		l.emit(Event{Kind: EventLCPNotConverging, Protocol: LCP, Detail: lastRound(ev)})
	case TerminateReceived:
		l.emit(Event{Kind: EventTerminated, Protocol: LCP, Termination: ParseTermination(ev.Data)})
	case TerminateAcked:
		if ev.State == Closing || ev.State == Stopping {
			l.emit(Event{Kind: EventTerminateAcked, Protocol: LCP})
		}
	case CodeRejected:
		if ev.Code == EchoReq {
			l.echo = echoState{}
		}
	case Extra:
		l.onLCPExtra(now, ev.Packet)
	}
}

// leaveOpened takes the layers above LCP down. A terminating link keeps its authentication, whose verdict may still
// be under way; a peer that negotiates LCP anew gets everything anew.
func (l *Link) leaveOpened(now time.Time, lcp State) {
	l.ccp.Down(now)
	l.ipcp.Down(now)
	l.stopMPPE()
	l.mppeLost, l.ccpOn, l.peerCCP = false, false, false
	l.echo = echoState{}
	l.authTimer = time.Time{}
	if lcp == Closing || lcp == Stopping {
		l.phase = Terminating
		return
	}
	l.auth, l.authenticated = nil, false
	l.emit(Event{Kind: EventLCPRenegotiated, Protocol: LCP})
	l.phase = Establish
}

// die ends the link for good.
func (l *Link) die() {
	if l.phase == Dead {
		return
	}
	l.emit(Event{Kind: EventDead})
	l.phase = Dead
	l.authTimer, l.echo = time.Time{}, echoState{}
}

// startNetwork begins CCP and IPCP.
func (l *Link) startNetwork(now time.Time) {
	l.phase = Network
	l.ipcp.Release(now)
	l.startCCP(now)
	if l.lcp.State() != Opened {
		return // encryption is required and impossible
	}
	l.ipcp.Up(now)
	l.ipcp.Open(now)
}

func (l *Link) onLCPExtra(now time.Time, p Packet) {
	switch p.Code {
	case ProtoRej:
		l.onProtocolReject(now, p.Data)
	case EchoReq:
		l.answerEcho(p)
	case EchoRep:
		l.receiveEchoReply(now, p)
	case Identification:
		if len(p.Data) >= 4 {
			l.emit(Event{Kind: EventIdentification, Protocol: LCP, Detail: printable(p.Data[4:])})
		}
	}
	// Discard-Request and Time-Remaining are for nobody.
}

// onProtocolReject takes the peer's refusal of a whole protocol (RFC 1661 section 5.7).
func (l *Link) onProtocolReject(now time.Time, data []byte) {
	if len(data) < 2 {
		l.stats.Malformed++
		return
	}
	if l.lcp.State() != Opened {
		l.stats.Unexpected++
		return
	}
	proto := Protocol(binary.BigEndian.Uint16(data))
	l.emit(Event{Kind: EventProtocolRejected, Protocol: proto})
	switch proto {
	case LCP:
		l.lcp.ProtocolRejected(now)
	case PAP, CHAP:
		l.fail(now, "peer rejects its own authentication protocol")
	case CCP:
		l.ccpRejected(now)
	case IPCP:
		l.emit(Event{Kind: EventIPCPRejected, Protocol: IPCP})
		l.ipcp.Down(now)
	case CBCP, IPV6CP, IPv4, Compressed:
	default:
		if l.enc != nil {
			// Never sent by us: it is what the peer found in our packets when it decrypted them.
			l.emit(Event{Kind: EventKeyMismatch, Protocol: proto, Bits: l.ccpPol.accepted, Detail: "peer rejects a protocol that was never sent"})
		}
	}
}
