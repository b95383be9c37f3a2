package pptpprobe

import (
	"fmt"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// controlGoneWait is how long the end of the control connection waits for GRE to
// show whether it goes on.
const controlGoneWait = 3 * time.Second

// holdPPP takes a report of the link of a held session; true if that is all there is to do.
func (s *session) holdPPP(now time.Time, e ppp.Event) bool {
	h := s.held
	switch e.Kind {
	case ppp.EventLCPRenegotiated:
		s.seen.lcpUp, s.seen.authUp, s.seen.authNone = false, false, false
		s.seen.ccpDone, s.seen.ccpUp, s.seen.ipcpUp = false, false, false
		b := s.t.Budgets
		h.restoreBy = now.Add(b.LCP + b.Auth + b.CCP + b.IPCP)
		h.silent, h.sentAtReply, h.rechallenged = time.Time{}, s.link.Stats().EchoSent, false
		return true
	case ppp.EventAuthChallenged:
		h.rechallenged = e.Rechallenge && h.restoreBy.IsZero()
	case ppp.EventAuthSucceeded:
		if h.rechallenged {
			h.rechallenged = false
			h.sum.Reauthenticated++
			h.later(HoldReport{At: now, Kind: HoldReauthenticated, Detail: e.Method.String()})
		}
	case ppp.EventCCPOpened:
		if h.restoreBy.IsZero() {
			s.renegotiated(now, "ccp")
		}
	case ppp.EventIPCPOpened:
		what := "ipcp"
		if !h.restoreBy.IsZero() {
			what, h.restoreBy = "lcp", time.Time{}
		}
		s.renegotiated(now, what)
	case ppp.EventEchoReply:
		h.sentAtReply, h.silent = s.link.Stats().EchoSent, time.Time{}
		addRTT(&h.lcp, e.RTT)
		addRTT(&h.sum.LCPEcho, e.RTT)
	case ppp.EventEchoTimeout:
		s.echoesUnanswered(now)
		return true
	}
	return false
}

func (s *session) renegotiated(now time.Time, what string) {
	s.held.sum.Renegotiated++
	s.held.later(HoldReport{At: now, Kind: HoldRenegotiated, Detail: what})
}

// failRestore ends a session whose negotiation, begun by the gateway, does not come to an end.
func (s *session) failRestore() {
	switch {
	case !s.seen.lcpUp:
		s.lcpTimedOut()
	case !s.seen.authUp && !s.seen.authNone:
		s.failWith(StageHold, CauseAuthTimeout, s.authSilence(), nil)
	case !s.seen.ccpDone && s.t.MPPE.Mode == ppp.MPPERequire:
		s.failWith(StageHold, CauseMPPEUnsupportedByServer, "the server did not complete CCP again", nil)
	default:
		s.failWith(StageHold, CauseIPCPTimeout, "the server did not complete IPCP again", nil)
	}
}

// echoesUnanswered takes the silence of LCP. What it means depends on the
// control connection, which is asked: three causes share the observation, and the
// list of causes tells them apart by what else is alive.
//
//   - Its echo is answered, and GRE brings other packets or acknowledgements of
//     ours: lcp.echo_timeout, "LCP echoes unanswered while control Echo works".
//   - Its echo is answered, and nothing at all comes over GRE: hold.data_lost,
//     "TCP alive, GRE silent". A gateway that sends no acknowledgements of their
//     own, as Linux in the kernel, and has only LCP stuck, looks the same.
//   - Its echo is not answered either: the gateway or the path is gone, and
//     control.echo_timeout is reported when its time is over.
//
// An LCP reply that comes meanwhile ends the doubt.
func (s *session) echoesUnanswered(now time.Time) {
	s.held.silent = now
	if s.seen.tcpEnd == nil {
		s.ctrl.Echo(now) // unless one is under way already, which serves as well
	}
}

// holdControlEcho takes an answer on the control connection.
func (s *session) holdControlEcho(rtt time.Duration) {
	h := s.held
	addRTT(&h.ctl, rtt)
	addRTT(&h.sum.ControlEcho, rtt)
	if h.silent.IsZero() || s.seen.pending != nil {
		return
	}
	// From the second request without reply on: what came before may have been
	// on its way when GRE fell silent.
	missed := time.Duration(h.cfg.EchoFailure) * h.cfg.EchoInterval
	from := h.silent.Add(-max(missed-h.cfg.EchoInterval, h.cfg.EchoInterval/2))
	if s.greSeenSince(from) {
		s.failWith(StageHold, CauseLCPEchoTimeout, fmt.Sprintf(
			"no LCP Echo-Request was answered for %s, while GRE brings other packets and the control connection answers", missed), nil)
		return
	}
	s.failWith(StageHold, CauseHoldDataLost, fmt.Sprintf(
		"nothing came over GRE for %s, while the control connection answers", missed), nil)
}

// greSeenSince says whether GRE brought data, or acknowledged ours, at t or later.
func (s *session) greSeenSince(t time.Time) bool {
	g := s.gre.Stats()
	return !g.LastRxAt.Before(t) || !g.LastAckAt.Before(t)
}

// holdControlEnded takes the end of the control connection of a held session. An
// LCP echo finds out whether GRE goes on without it.
func (s *session) holdControlEnded(now time.Time, how string, err error) {
	s.held.controlGone = now
	if s.seen.pending != nil {
		return
	}
	s.link.Echo(now)
	s.suspect(now, newFailure(StageHold, CauseHoldControlLost, how, err))
	s.seen.pendingUntil = now.Add(controlGoneWait)
}

// lossOf completes the failure that ended a held session, when everything that
// could explain it has had its time.
func (s *session) lossOf(now time.Time, f *Failure) *Failure {
	h := s.held
	switch f.Cause {
	case CausePPPTerminatedByPeer:
		if t := s.seen.terminated; t != nil && t.Protocol == ppp.LCP && (t.Termination.Text != "" || t.Termination.HasRAS) {
			return f // it said why
		}
		if h.cdn != nil {
			// accel-ppp ends PPP without a word, and the call with 3 whatever the reason.
			cdn := *h.cdn
			cdn.Detail = f.Detail + "; then " + cdn.Detail
			f = &cdn
		}
	case CauseHoldControlLost:
		if s.greSeenSince(h.controlGone) {
			f.Detail += ", while GRE still flows"
			break
		}
		f.Cause, f.Hint = CauseControlStoppedByPeer, CauseControlStoppedByPeer.Hint()
		f.Detail += ", and GRE fell silent"
	case CauseHoldCallDisconnected:
	default:
		return f
	}
	if s.p.logins.another(s.loginKey(), s.serial, s.loggedIn, now.Add(-replacedWindow)) {
		f.Cause, f.Hint = CauseHoldReplaced, CauseHoldReplaced.Hint()
		f.Detail += ", when another session of this probe had logged in as the same user"
	}
	return f
}

func (s *session) loginKey() loginKey {
	return loginKey{s.res.PeerAddr, strings.ToLower(s.t.Username)}
}

// noteLogin remembers that the server accepted our credentials.
func (s *session) noteLogin(now time.Time) {
	if s.loggedIn.IsZero() {
		s.loggedIn = now
		s.p.logins.note(now, s.loginKey(), s.serial)
	}
}

// repeatChecks runs the checks of the target once more. They are a stage of their
// own, which is not to be listed again for each round.
func (s *session) repeatChecks() {
	if s.seen.pending != nil || s.seen.terminated != nil || !s.link.Negotiated().LocalIP.IsValid() {
		// Ending, or negotiated anew: there is no address to check from.
		s.held.nextCheck = time.Now().Add(time.Second)
		return
	}
	stages, n, before := s.stages, len(s.res.Stages), s.res.Checks
	s.checkRound()
	s.res.Stages = s.res.Stages[:n]
	s.stages = stages
	now := time.Now()
	s.held.nextCheck = s.held.nextCheck.Add(s.held.cfg.CheckInterval)
	if now.After(s.held.nextCheck) {
		s.held.nextCheck = now.Add(s.held.cfg.CheckInterval)
	}
	if s.fail != nil || s.gaveUp() { // cut short, and no verdict on anything
		s.res.Checks = before
		return
	}
	s.held.report(HoldReport{At: now, Kind: HoldChecked, Checks: append([]CheckResult(nil), s.res.Checks...)})
	s.countChecks()
}

// firstChecks is the application stage of a session that is to be held: a check
// that fails is not its end.
func (s *session) firstChecks() {
	s.checkRound()
	if s.fail == nil {
		outcome := OutcomeOK
		for i := range s.res.Checks {
			if s.res.Checks[i].Failure != nil {
				outcome = OutcomeFailed
			}
		}
		s.stages.close(time.Now(), outcome)
	}
}

// checkRound runs the checks, and takes the failure of one for what it is.
func (s *session) checkRound() {
	s.res.Checks = nil // by which runChecks knows that they have not ended
	s.runChecks()
	for i := range s.res.Checks {
		if f := s.res.Checks[i].Failure; f != nil && f == s.fail {
			s.fail = nil
			return
		}
	}
}

func (s *session) countChecks() {
	s.held.sum.Checks++
	for i := range s.res.Checks {
		if s.res.Checks[i].Failure != nil {
			s.held.sum.ChecksFailed++
		}
	}
}
