package ppp

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
)

// Algorithms of the CHAP authentication option (RFC 1994 section 3, RFC 2433, RFC 2759).
const (
	chapMD5  = 0x05
	chapMSv1 = 0x80
	chapMSv2 = 0x81
)

// authMethod reads the data of LCP option 3; 0: unknown.
func authMethod(data []byte) chap.Method {
	if len(data) < 2 {
		return 0
	}
	switch proto := Protocol(binary.BigEndian.Uint16(data)); {
	case proto == PAP && len(data) == 2:
		return chap.MethodPAP
	case proto == EAP:
		return chap.MethodEAP
	case proto == CHAP && len(data) == 3 && data[2] == chapMD5:
		return chap.MethodMD5
	case proto == CHAP && len(data) == 3 && data[2] == chapMSv1:
		return chap.MethodMSCHAPv1
	case proto == CHAP && len(data) == 3 && data[2] == chapMSv2:
		return chap.MethodMSCHAPv2
	}
	return 0
}

// authName is a method's name, or the option's octets in hex.
func authName(data []byte) string {
	if m := authMethod(data); m != 0 {
		return m.String()
	}
	return fmt.Sprintf("0x%x", data[:min(len(data), 8)])
}

// authOption is LCP option 3 for a method, e.g. 03 05 C2 23 81.
func authOption(m chap.Method) Option {
	switch m {
	case chap.MethodPAP:
		return option16(optAuth, uint16(PAP))
	case chap.MethodMD5:
		return Option{optAuth, []byte{0xC2, 0x23, chapMD5}}
	case chap.MethodMSCHAPv1:
		return Option{optAuth, []byte{0xC2, 0x23, chapMSv1}}
	}
	return Option{optAuth, []byte{0xC2, 0x23, chapMSv2}}
}

// authProtocol is the PPP protocol a method runs over.
func authProtocol(m chap.Method) Protocol {
	if m == chap.MethodPAP {
		return PAP
	}
	return CHAP
}

// startAuth begins the authentication phase, or passes it by if the peer asks for none.
func (l *Link) startAuth(now time.Time) {
	method := l.lcpPol.method
	l.auth = nil
	l.authenticated = false
	l.method = method
	l.phase = Authenticate
	if !l.lcpPol.asked {
		l.emit(Event{Kind: EventAuthNotRequested, Detail: strings.Join(l.lcpPol.offered, " ")})
		if !l.cfg.AnyAuth {
			l.startNetwork(now)
		}
		return
	}
	l.emit(Event{Kind: EventAuthRequired, Method: method, Detail: strings.Join(l.lcpPol.offered, " ")})
	if l.cfg.AnyAuth {
		return // the link is only to be opened, nobody logs in
	}
	l.auth = chap.NewPeer(chap.PeerConfig{Method: method, Credentials: l.cfg.Credentials, Rand: l.cfg.Rand})
	l.authTimer = now.Add(l.cfg.AuthTimeout)
	l.auth.Start(now)
}

// receiveAuth takes PAP and CHAP packets. Terminating included: the Failure that explains a Terminate-Request may
// come behind it, and is then worth more than the request.
func (l *Link) receiveAuth(now time.Time, proto Protocol, packet []byte) {
	if l.auth == nil || proto != authProtocol(l.method) {
		l.stats.Unexpected++
		return
	}
	l.auth.Receive(now, packet)
}

// pumpAuth moves packets and events out of the authentication. It says whether there were events.
func (l *Link) pumpAuth(now time.Time) bool {
	if l.auth == nil {
		return false
	}
	ev, ok := l.auth.NextEvent()
	if !ok {
		return false
	}
	out := Event{At: ev.At, Protocol: authProtocol(l.method), Method: l.method, Failure: ev.Failure, Rechallenge: ev.Rechallenge, Err: ev.Err}
	switch ev.Kind {
	case chap.EventChallenged:
		out.Kind = EventAuthChallenged
	case chap.EventSucceeded:
		out.Kind, out.Detail = EventAuthSucceeded, ev.Message
		l.authTimer = time.Time{}
	case chap.EventFailed:
		out.Kind = EventAuthFailed
		l.authTimer = time.Time{}
	case chap.EventMutualFailed:
		out.Kind = EventAuthMutualFailed
	case chap.EventTimeout:
		out.Kind = EventAuthTimeout
		l.authTimer = time.Time{}
	default:
		out.Kind = EventAuthMalformed
	}
	l.emit(out)
	switch {
	case ev.Kind == chap.EventMutualFailed:
		// The peer does not know our password: RFC 2759 section 5 wants the link ended.
		l.fail(now, "mutual authentication failed")
	case ev.Kind == chap.EventSucceeded && !l.authenticated && l.phase == Authenticate:
		l.authenticated = true
		l.startNetwork(now)
	}
	return true
}
