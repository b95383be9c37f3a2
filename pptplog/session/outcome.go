package session

import (
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

const (
	// patience is how long a client waits for LCP at least, before its hanging up means
	// that it heard nothing: real ones wait for 30 s.
	patience = 10 * time.Second
	// resent is the time after which pppd has sent its LCP request a second time.
	resent = 3 * time.Second
	// garbledMin is how many frames of protocols that nobody speaks prove that the keys
	// are wrong: one or two may be a protocol that the client tried.
	garbledMin = 3
)

// stage is how far the session came.
func (f *facts) stage() string {
	switch {
	case !f.addressed.IsZero():
		return StageHold
	case !f.encrypted.IsZero() || !f.authed.IsZero():
		return StageIPCP
	case f.lcpAcked || f.seen.HasAny(event.AuthFail, event.AuthTimeout, event.RADIUSTimeout):
		return StageAuth
	case !f.connected.IsZero():
		return StageLCP
	case !f.called.IsZero() || !f.started.IsZero():
		return StagePPP
	}
	return StageControl
}

// verdict is how a session ended. pppds: the host's log has the lines of pppd, so that
// their absence means something.
func (f *facts) verdict(pppds bool) (o Outcome, v finding) {
	if !f.addressed.IsZero() {
		return OutcomeEstablished, f.whyClosed()
	}
	if v = f.whyFailed(pppds); v.cause != "" {
		return OutcomeFailed, v
	}
	stage := f.stage()
	if stage == StageControl || f.seen.Has(event.TermByPeer) && wanted(f.end.reason) {
		return OutcomeAbandoned, finding{stage: stage, reason: f.end.reason}
	}
	return OutcomeFailed, finding{stage: stage, cause: Unknown, reason: f.end.reason}
}

// wanted are the words of clients that end a session because that is what their user,
// or the program itself, wants.
func wanted(reason string) bool {
	return strings.Contains(reason, "User request") || strings.Contains(reason, "probe complete")
}

func (f *facts) whyClosed() finding {
	if f.garbled >= garbledMin && !f.encrypted.IsZero() {
		return finding{says, StageHold, "mppe.key_mismatch", "mppe_unsupported_protocol"}
	}
	v := f.end
	// A client that has said good-bye may close its GRE socket before the gateway's
	// last packet.
	if v.weight < says && f.seen.Has(event.TermByPeer) {
		v.cause = ""
	}
	v.stage = StageHold
	return v
}

func (f *facts) whyFailed(pppds bool) finding {
	v := f.fault
	switch {
	case v.cause == "auth.rejected" && f.seen.Has(event.RADIUSTimeout):
		// pppd says of a user whom nobody knows anything about that he was refused.
		return finding{says, StageAuth, "auth.timeout", event.RADIUSTimeout.String()}
	case v.cause == "auth.rejected":
		for _, t := range []event.Type{event.RADIUSBadSecret, event.RADIUSBadReply, event.RADIUSMisconfig, event.RADIUSPolicy} {
			if f.seen.Has(t) {
				return finding{says, StageAuth, Unknown, t.String()}
			}
		}
	case f.stuckInLCP() && (v.weight < says || v.cause == "lcp.timeout"):
		return f.lcpTimeout(v)
	case f.garbled >= garbledMin && !f.encrypted.IsZero():
		return finding{says, StageMPPE, "mppe.key_mismatch", event.MPPEUnsupportedProtocol.String()}
	case f.noIP && v.weight < says:
		return finding{says, StageIPCP, "ipcp.no_protocol", event.MPPEUnsupportedProtocol.String()}
	case f.noPPPD(pppds) && v.weight < says:
		return finding{says, StagePPP, "ppp.server_daemon_failed", event.PPPDExited.String()}
	}
	if v.weight <= echoes {
		return finding{}
	}
	return v
}

// stuckInLCP: nothing but LCP was ever heard of after the connection, and not enough
// of that.
func (f *facts) stuckInLCP() bool {
	return f.stage() == StageLCP && !f.seen.HasAny(event.LCPAuthType, event.LCPLoop) &&
		(f.seen.Has(event.LCPTimeout) || f.lcpSent >= 2 && f.waited() >= resent-time.Second || f.lcpSent == 0 && f.hungUp())
}

// hungUp: connected, then a long time of nothing, and then the client was gone.
func (f *facts) hungUp() bool {
	return f.waited() >= patience && f.seen.HasAny(event.Hangup, event.SignalExit, event.ControlCloseRequested, event.ControlLost) &&
		f.fault.weight <= echoes
}

func (f *facts) waited() time.Duration { return f.ended.Sub(f.connected) }

// lcpTimeout tells the direction, if packets are in the log.
func (f *facts) lcpTimeout(v finding) finding {
	if v.weight == symptom { // an error of GRE says more
		return v
	}
	reason := "hang_up"
	switch {
	case f.lcpSent > 0 && f.lcpReceived == 0:
		reason = "sent_only"
	case f.lcpSent > 0 && !f.lcpAcked:
		reason = "received_only"
	case f.seen.Has(event.LCPTimeout):
		reason = "timeout"
	}
	return finding{says, StageLCP, "lcp.timeout", reason}
}

// noPPPD: the call began, the end of pppd was noticed, and pppd itself never got to
// work.
func (f *facts) noPPPD(pppds bool) bool {
	return pppds && !f.called.IsZero() && f.connected.IsZero() && f.seen.Has(event.PPPDExited)
}

// duration is how long the session was up, or was tried. The daemon's own word
// counts where the stamps do not agree with it: a clock may have been set.
func (f *facts) duration(arrived time.Duration) time.Duration {
	var from time.Time
	for _, t := range []time.Time{f.addressed, f.opened, f.started, f.connected} {
		first(&from, t)
	}
	var d time.Duration
	if !from.IsZero() && !f.ended.IsZero() {
		d = f.ended.Sub(from)
	}
	if f.said > 0 && (d-f.said).Abs() > 10*time.Second {
		return f.said
	}
	if d < 0 {
		return arrived
	}
	return d
}
