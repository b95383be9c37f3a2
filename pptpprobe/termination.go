package pptpprobe

import (
	"fmt"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// terminateTexts maps the reasons that pppd writes into a Terminate-Request to
// causes, by prefix. What is not listed says only that the server ended PPP.
var terminateTexts = []struct {
	prefix string
	cause  Cause
}{
	{"Authentication failed", CauseAuthTerminated},
	{"login failed", CauseAuthTerminated},
	{"peer refused to authenticate", CauseAuthProtocolRefused},
	{"couldn't negotiate eap", CauseAuthProtocolRefused},
	{"No network protocols running", CauseIPCPNoProtocol},
	{"MPPE required but", CauseMPPERequiredByServer},
	{"MPPE disabled by peer", CauseMPPERequiredByServer},
	{"Too many MPPE errors", CauseMPPEKeyMismatch},
	{"Loopback detected", CauseLCPLoopback},
	{"Peer not responding", CauseLCPEchoTimeout},
	{"Link inactive", CauseHoldIdleTimeout},
	{"Connect time expired", CauseHoldSessionTimeout},
	{"Traffic limit", CauseHoldTrafficLimit},
	{"Call me back", CauseAuthCallbackRequired},
}

// rasCauses maps the Windows error numbers that RRAS writes into a
// Terminate-Request to causes.
var rasCauses = map[uint32]Cause{
	628: CausePPPTerminatedByPeer,
	645: CauseAuthRejected,
	646: CauseAuthRestrictedHours,
	647: CauseAuthAccountDisabled,
	648: CauseAuthPasswordExpired,
	649: CauseAuthNoDialinPermission,
	691: CauseAuthRejected,
	709: CauseAuthPasswordChangeFailed,
	718: CauseAuthTimeout,
	720: CauseIPCPNoProtocol,
	733: CauseMPPEUnsupportedByServer,
	735: CauseIPCPAddressRejected,
	736: CauseIPCPNoProtocol,
	737: CauseLCPLoopback,
	738: CauseIPCPNoAddress,
	741: CauseMPPERequiredByServer,
	742: CauseMPPERequiredByServer,
	812: CauseAuthProtocolRefused,
}

// notConverging tells which negotiation RAS error 732 means.
var notConverging = map[Stage]Cause{
	StageLCP: CauseLCPNotConverging, StageCCP: CauseCCPNotConverging, StageIPCP: CauseIPCPNotConverging,
}

// terminationCause is what the reason of a Terminate-Request stands for, empty
// if it gives none.
func terminationCause(t ppp.Termination, stage Stage) Cause {
	if t.HasRAS {
		if t.RAS == 732 {
			if c, ok := notConverging[stage]; ok {
				return c
			}
		}
		return rasCauses[t.RAS]
	}
	for _, r := range terminateTexts {
		if strings.HasPrefix(t.Text, r.prefix) {
			return r.cause
		}
	}
	return ""
}

// unexplainedTermination is what it means that the server ends PPP in a stage
// with a reason that tells nothing more, or without any.
func unexplainedTermination(stage Stage, silent bool) Cause {
	switch {
	case stage == StageGRE || stage == StageLCP:
		return CauseLCPTerminated
	case stage == StageAuth:
		return CauseAuthTerminated
	case stage == StageIPCP && silent: // as accel-ppp does when its pool is empty
		return CauseIPCPNoAddress
	}
	return CausePPPTerminatedByPeer
}

// terminationFailure is the failure for a Terminate-Request of the server.
func terminationFailure(stage Stage, e ppp.Event) *Failure {
	t := e.Termination
	c := terminationCause(t, stage)
	detail := fmt.Sprintf("the server sent a Terminate-Request for %s", e.Protocol)
	switch {
	case t.HasRAS:
		detail += fmt.Sprintf(" with Windows error %d", t.RAS)
	case t.Text != "":
		detail += fmt.Sprintf(": %q", t.Text)
	default:
		detail += " without a reason"
	}
	if c == "" {
		c = unexplainedTermination(stage, t.Text == "" && !t.HasRAS)
	}
	f := newFailure(stage, c, detail, nil)
	f.TerminateReason = t.Text
	if t.HasRAS {
		f.RAS = t.RAS
	}
	return f
}
