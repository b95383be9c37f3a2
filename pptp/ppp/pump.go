package ppp

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
)

func (l *Link) emit(ev Event) {
	ev.Phase = l.phase
	if ev.At.IsZero() {
		ev.At = l.now
	}
	l.events.push(ev)
}

func (l *Link) queueFrame(p Protocol, packet []byte) {
	l.frames.push(AppendFrame(make([]byte, 0, frameHeaderLen+len(packet)), p, packet))
}

// pump lets the layers react to each other until all is quiet, then collects what they have to send. Each turn
// consumes an event, and no layer produces events without input: it ends.
func (l *Link) pump(now time.Time) {
	for l.pumpLCP(now) || l.pumpAuth(now) || l.pumpCCP(now) || l.pumpIPCP() {
	}
	if s := l.lcp.State(); (s == Closing || s == Stopping) && l.phase < Terminating {
		l.phase = Terminating
	}
	l.collect(LCP, l.lcp)
	if l.auth != nil {
		// A terminating link listens to the authentication for its verdict, but says nothing more.
		if p := l.auth.NextPacket(); p != nil && (l.phase == Authenticate || l.networkPhase()) {
			l.queueFrame(authProtocol(l.method), p)
		}
	}
	l.collect(CCP, l.ccp)
	l.collect(IPCP, l.ipcp)
}

func (l *Link) collect(proto Protocol, a *Automaton) {
	for p := a.NextPacket(); p != nil; p = a.NextPacket() {
		l.queueFrame(proto, p)
	}
}

func (l *Link) drain(proto Protocol, n *notices) bool {
	x, ok := n.pop()
	if ok {
		l.emit(Event{Kind: x.kind, Protocol: proto, Bits: mppe.Bits(x.bits), Detail: x.detail})
	}
	return ok
}

func (l *Link) pumpLCP(now time.Time) bool {
	if l.drain(LCP, &l.lcpPol.notices) {
		return true
	}
	ev, ok := l.lcp.NextEvent()
	if ok {
		l.onLCP(now, ev)
	}
	return ok
}

func (l *Link) pumpCCP(now time.Time) bool {
	if l.drain(CCP, &l.ccpPol.notices) {
		return true
	}
	ev, ok := l.ccp.NextEvent()
	if ok {
		l.onCCP(now, ev)
	}
	return ok
}

func (l *Link) pumpIPCP() bool {
	if l.drain(IPCP, &l.ipcpPol.notices) {
		return true
	}
	ev, ok := l.ipcp.NextEvent()
	if ok {
		l.onIPCP(ev)
	}
	return ok
}
