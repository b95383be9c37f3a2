package gateway

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// Codes of the Callback Control Protocol, as Windows speaks it.
const (
	cbcpRequest  = 1
	cbcpResponse = 2
)

// callbackUser is the callback type "to a number that the user says", with no
// delay and one address; "no callback" would be type 1.
var callbackUser = []byte{2, 5, 0, 1, 0}

const maxCallbackRequests = 3

// callbackState is where the callback phase is.
type callbackState struct {
	id    uint8
	sent  int
	timer *appointment
}

// demandCallback asks the client for a number to call back, and does not offer
// to do without.
func (l *link) demandCallback(now time.Time) {
	l.phase = phaseCallback
	s := &l.callback
	if s.sent >= maxCallbackRequests {
		l.callbackRefused(now)
		return
	}
	s.sent++
	s.id++
	l.packet(now, ppp.CBCP, ppp.Packet{Code: cbcpRequest, ID: s.id, Data: callbackUser})
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

func (l *link) callbackRefused(now time.Time) {
	l.agenda.cancel(l.callback.timer)
	l.terminate(now, "Call me back, please", nil)
}
