package gateway

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// Codes of the Callback Control Protocol, as Windows speaks it.
const (
	cbcpRequest  = 1
	cbcpResponse = 2
	cbcpAck      = 3
)

// callbackNone is the type "no callback".
var callbackNone = []byte{1, 2}

// callbackUser is the callback type "to a number that the user says", with no
// delay and one address.
var callbackUser = []byte{2, 5, 0, 1, 0}

const maxCallbackRequests = 3

// callbackState is where the callback phase is.
type callbackState struct {
	id    uint8
	sent  int
	timer *appointment
}

// demandCallback asks the client for a number to call back, and offers to do
// without only where that is the manner.
func (l *link) demandCallback(now time.Time) {
	l.phase = phaseCallback
	s := &l.callback
	if s.sent >= maxCallbackRequests && !l.callbackOptional() || s.sent >= maxChallenges {
		l.callbackRefused(now)
		return
	}
	s.sent++
	s.id++
	wish := callbackUser
	if l.callbackOptional() {
		wish = append(callbackNone[:len(callbackNone):len(callbackNone)], callbackUser...)
	}
	l.packet(now, ppp.CBCP, ppp.Packet{Code: cbcpRequest, ID: s.id, Data: wish})
	s.timer = l.agenda.after(now, challengeRetry, func(now time.Time) {
		if l.phase == phaseCallback {
			l.demandCallback(now)
		}
	})
}

// receiveCallback takes the client's answer. Any but a number is asked for again,
// and a number ends the link: the call would come from us.
func (l *link) receiveCallback(now time.Time, info []byte) {
	p, err := ppp.ParsePacket(info)
	none := err == nil && p.Code == cbcpResponse && p.ID == l.callback.id && len(p.Data) > 0 && p.Data[0] == callbackNone[0]
	if none && l.callbackOptional() && (l.phase == phaseCallback || l.phase == phaseNetwork) {
		l.noCallback(now, p)
		return
	}
	if l.phase != phaseCallback {
		l.protocolReject(now, ppp.CBCP, info)
		return
	}
	if err != nil || p.Code != cbcpResponse || p.ID != l.callback.id {
		return
	}
	l.agenda.cancel(l.callback.timer)
	if len(p.Data) >= 1 && p.Data[0] == callbackUser[0] {
		l.terminate(now, "Call me back, please", nil)
		return
	}
	l.demandCallback(now)
}

// callbackOptional says whether a client may do without callback.
func (l *link) callbackOptional() bool { return l.cfg.Manners.CallbackOffer && !l.faults().Callback }

// noCallback acknowledges that the client wants none, again if it says so again.
func (l *link) noCallback(now time.Time, p ppp.Packet) {
	l.agenda.cancel(l.callback.timer)
	l.packet(now, ppp.CBCP, ppp.Packet{Code: cbcpAck, ID: p.ID, Data: p.Data})
	if l.phase == phaseCallback {
		l.network(now)
	}
}

func (l *link) callbackRefused(now time.Time) {
	l.agenda.cancel(l.callback.timer)
	l.terminate(now, "Call me back, please", nil)
}
