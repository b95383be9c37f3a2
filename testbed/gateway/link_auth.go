package gateway

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

const (
	challengeRetry = 3 * time.Second // pppd's chap-restart
	maxChallenges  = 10
	maxAttempts    = 3 // with R=1
	// afterFailure lets the Failure arrive before the Terminate-Request.
	afterFailure = 50 * time.Millisecond
	// retryWait is how long a client that was offered a retry (R=1) may take to it.
	retryWait = 3 * time.Second
)

// authState is where the authentication of a link is.
type authState struct {
	by       *authenticator
	protocol ppp.Protocol
	sent     int          // Challenges with the current id
	timer    *appointment // the next one
	pending  bool         // a verdict is delayed
	last     ppp.Packet   // the last verdict: a repeated response gets it again
	answered bool         // last is valid
	done     bool         // the client is in
	failures int
	user     string
	keys     *chap.MPPEMaterial
}

// authenticate begins the authentication phase.
func (l *link) authenticate(now time.Time, m chap.Method) {
	l.phase = phaseAuthenticate
	a := &authenticator{method: m, users: l.cfg.Users, name: l.cfg.HostName}
	l.agenda.cancel(l.auth.timer)
	l.auth = authState{by: a, protocol: ppp.CHAP}
	switch m {
	case chap.MethodPAP:
		l.auth.protocol = ppp.PAP // the client begins
		l.authTimeout(now, maxChallenges*challengeRetry)
	case chap.MethodEAP:
		// It can be offered, not carried out: nothing is said.
		l.authTimeout(now, maxChallenges*challengeRetry)
	default:
		l.newChallenge(now)
	}
}

func (l *link) authTimeout(now time.Time, d time.Duration) {
	l.auth.timer = l.agenda.after(now, d, func(now time.Time) {
		if !l.auth.done {
			l.terminate(now, "Authentication failed", nil)
		}
	})
}

// newChallenge challenges the client, for the first time or again.
func (l *link) newChallenge(now time.Time) {
	a := l.auth.by
	a.id++
	a.challenge = make([]byte, challengeLen(a.method))
	l.random(a.challenge)
	l.auth.sent, l.auth.answered = 0, false
	l.challenge(now)
}

// challenge sends the current Challenge, and again until it is answered.
func (l *link) challenge(now time.Time) {
	s := &l.auth
	if s.answered || s.by == nil || l.phase >= phaseTerminate {
		return
	}
	if s.sent >= maxChallenges {
		l.terminate(now, "peer failed to respond to CHAP challenge", nil)
		return
	}
	if s.sent == 0 || !l.faults().AuthSilent {
		l.packet(now, ppp.CHAP, s.by.challengePacket())
	}
	s.sent++
	s.timer = l.agenda.after(now, challengeRetry, l.challenge)
}

// receiveAuth takes a packet of PAP or CHAP.
func (l *link) receiveAuth(now time.Time, p ppp.Protocol, info []byte) {
	s, f := &l.auth, l.faults()
	packet, err := ppp.ParsePacket(info)
	if err != nil || s.by == nil || p != s.protocol || s.by.method == chap.MethodEAP {
		l.host.linkEvent(now, EventMalformed, fmt.Sprintf("unexpected %s packet", p))
		return
	}
	switch {
	case s.answered && (packet.ID == s.last.ID || p == ppp.PAP):
		l.packet(now, p, s.last) // our verdict was lost
		return
	case s.pending, f.AuthSilent, f.AuthRepeat:
		return
	case f.TerminateAt == AtAuth:
		l.terminateByFault(now)
		return
	case f.AuthDisconnect:
		l.host.disconnect(now, 1, "disconnected instead of a verdict")
		return
	}
	packet.Data = bytes.Clone(packet.Data)
	s.pending = true
	by := s.by
	judge := func(now time.Time) {
		if l.auth.by == by && l.phase < phaseTerminate {
			s.pending = false
			l.judge(now, packet)
		}
	}
	if f.AuthDelay > 0 {
		l.agenda.cancel(s.timer) // a server that asks RADIUS does not challenge again
		l.agenda.after(now, f.AuthDelay, judge)
		return
	}
	judge(now)
}

// judge answers a response and goes on with the link.
func (l *link) judge(now time.Time, p ppp.Packet) {
	s := &l.auth
	v, ok := s.by.check(p, l.faults())
	if !ok {
		l.host.linkEvent(now, EventMalformed, "no valid response")
		return
	}
	l.agenda.cancel(s.timer)
	s.last, s.answered = v.reply, true
	l.packet(now, s.protocol, v.reply)
	if !v.ok {
		l.authFailed(now, v)
		return
	}
	l.scheduleRechallenge(now)
	if s.done {
		return // a later Challenge: nothing changes, above all not the keys
	}
	s.done, s.user, s.keys = true, v.user, v.keys
	l.host.login(v.user)
	l.host.linkEvent(now, EventAuthOK, s.by.method.String())
	if l.faults().Callback || l.cfg.Manners.CallbackOffer {
		l.demandCallback(now)
		return
	}
	l.network(now)
}

func (l *link) authFailed(now time.Time, v verdict) {
	s := &l.auth
	text := string(v.reply.Data)
	l.host.linkEvent(now, EventAuthFailed, fmt.Sprintf("%s, user %q: %s", s.by.method, v.user, strings.ToValidUTF8(text, "?")))
	wait := afterFailure
	s.failures++
	if s.by.method != chap.MethodPAP && s.failures < maxAttempts && chap.ParseFailure(v.reply.Data).Retry {
		// RFC 2759 section 6: the client may answer the challenge in C= (or the
		// old one), under the next id.
		wait, s.answered = retryWait, false
		if c := chap.ParseFailure(v.reply.Data).Challenge; len(c) == challengeLen(s.by.method) {
			s.by.challenge = c
		}
		s.by.id++
	}
	s.timer = l.agenda.after(now, wait, func(now time.Time) { l.terminate(now, "Authentication failed", nil) })
}

// scheduleRechallenge challenges a client that is in again, if the configuration
// says so (RFC 1994 section 2).
func (l *link) scheduleRechallenge(now time.Time) {
	if l.cfg.Rechallenge <= 0 || l.auth.protocol != ppp.CHAP {
		return
	}
	by := l.auth.by
	l.auth.timer = l.agenda.after(now, l.cfg.Rechallenge, func(now time.Time) {
		if l.auth.by == by && l.phase < phaseTerminate {
			l.newChallenge(now)
		}
	})
}
