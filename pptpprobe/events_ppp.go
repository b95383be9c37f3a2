package pptpprobe

import (
	"fmt"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// pppEvent takes one report of the PPP link: a step forward, a failure or a warning.
func (s *session) pppEvent(now time.Time, e ppp.Event) {
	if s.holding() && s.holdPPP(now, e) {
		return
	}
	switch e.Kind {
	case ppp.EventLCPOpened:
		s.seen.lcpUp = true
	case ppp.EventAuthNotRequested:
		s.seen.authNone, s.seen.authGivenUp = true, e.Detail
	case ppp.EventAuthChallenged:
		s.seen.authChallenges++
	case ppp.EventAuthSucceeded:
		s.seen.authUp, s.res.AuthOK = true, true
		s.noteLogin(now)
	case ppp.EventCCPOpened:
		s.seen.ccpDone, s.seen.ccpUp = true, true
	case ppp.EventIPCPOpened:
		s.seen.ipcpUp = true
		s.checkAddress()
	case ppp.EventEchoReply:
		s.res.LCPEchoRTTs = keepRTT(s.res.LCPEchoRTTs, e.RTT)
		s.lcpEchoReplied(e.RTT)
	case ppp.EventIdentification:
		s.res.Identification = e.Detail
	case ppp.EventTerminateAcked:
		s.seen.termAck = true
	case ppp.EventDead:
		s.seen.dead = true
	case ppp.EventTerminated:
		s.terminated(now, e)
	default:
		if s.lcpEvent(e) || s.authEvent(e) || s.ccpEvent(now, e) {
			return
		}
		s.ipcpEvent(e)
	}
}

// terminated takes a Terminate-Request of the server. In authentication the
// CHAP Failure that says why may be overtaken by it.
func (s *session) terminated(now time.Time, e ppp.Event) {
	if e.Protocol != ppp.LCP && e.Protocol != ppp.CCP && e.Protocol != ppp.IPCP {
		return
	}
	if s.seen.terminated == nil {
		s.seen.terminated = &e
	}
	f := terminationFailure(s.reached(), e)
	switch {
	case e.Protocol == ppp.CCP && s.t.MPPE.Mode == ppp.MPPEPrefer && !e.Termination.HasRAS:
		// Encryption was only preferred, and the server does not want it.
		s.seen.ccpDone = true
		s.warn(StageCCP, CauseMPPEUnsupportedByServer, f.Detail)
	case e.Protocol == ppp.CCP && !e.Termination.HasRAS && e.Termination.Text == "":
		f.Cause = CauseMPPEUnsupportedByServer
		f.Hint = f.Cause.Hint()
		s.suspect(now, f)
	case terminationCause(e.Termination, f.Stage) != "" && f.Cause != CauseAuthTerminated:
		s.fail = f // the server has said why
	default:
		// It explains the end of the call that follows, and may itself be explained
		// by what is still on its way.
		s.seen.pending = nil
		s.suspect(now, f)
	}
}

// lcpEvent takes the reports of LCP; false if e is none.
func (s *session) lcpEvent(e ppp.Event) bool {
	switch e.Kind {
	case ppp.EventLCPTimeout:
		if s.seen.firstFrame { // otherwise GRE has its own budget and a better word for it
			s.lcpTimedOut()
		}
	case ppp.EventLCPNotConverging:
		s.failWith(StageLCP, CauseLCPNotConverging, withDetail("LCP found no agreement", e.Detail), nil)
	case ppp.EventLoopback:
		s.failWith(s.stages.current(), CauseLCPLoopback, "our own magic number came back: our frames are reflected", nil)
	case ppp.EventMRURejected:
		s.warn(StageLCP, CauseLCPMRURejected, withDetail("the server does not accept our MRU", e.Detail))
	case ppp.EventProtocolRejected:
		s.protocolRejected(e)
	case ppp.EventEchoTimeout:
		s.failWith(s.stages.current(), CauseLCPEchoTimeout, "the server does not answer LCP Echo-Requests", nil)
	default:
		return false
	}
	return true
}

// protocolRejected takes a Protocol-Reject. One for a protocol that we never
// sent means that the server decrypts our frames to garbage.
func (s *session) protocolRejected(e ppp.Event) {
	detail := fmt.Sprintf("the server sent Protocol-Reject for %s", e.Protocol)
	switch e.Protocol {
	case ppp.LCP, ppp.PAP, ppp.CHAP:
		s.failWith(s.stages.current(), CauseLCPProtocolRejected, detail, nil)
	case ppp.CCP, ppp.IPCP, ppp.Compressed, ppp.CBCP, ppp.EAP:
		// reported by their own events
	default:
		if s.seen.ccpUp {
			s.failWith(s.stages.current(), CauseMPPEKeyMismatch, detail+", which we never sent: it decrypts our frames to garbage", nil)
		}
	}
}

// authFailures maps the E= of a CHAP Failure (RFC 2433 §4.2.5, RFC 2759 §6).
var authFailures = map[int]Cause{
	646: CauseAuthRestrictedHours,
	647: CauseAuthAccountDisabled,
	648: CauseAuthPasswordExpired,
	649: CauseAuthNoDialinPermission,
	709: CauseAuthPasswordChangeFailed,
}

// authEvent takes the reports of authentication; false if e is none.
func (s *session) authEvent(e ppp.Event) bool {
	switch e.Kind {
	case ppp.EventAuthFailed:
		c, ok := authFailures[e.Failure.Code]
		switch {
		case ok:
		case e.Failure.Retry:
			c = CauseAuthRetryOffered
		default:
			c = CauseAuthRejected
		}
		s.failWith(StageAuth, c, authDetail(e), nil)
		s.fail.MSCHAPError = e.Failure.Code
		s.fail.MSCHAPMessage = printable(e.Failure.Message)
	case ppp.EventAuthRefused:
		s.failWith(StageLCP, CauseAuthProtocolRefused, fmt.Sprintf(
			"no common method: the server wants %s, the target allows %s", e.Detail, methods(s.t.Auth)), nil)
	case ppp.EventAuthMutualFailed:
		s.failWith(StageAuth, CauseAuthMutualFailed, withDetail("the server accepted us, but did not prove that it knows the password", e.Detail), nil)
	case ppp.EventAuthTimeout:
		s.failWith(StageAuth, CauseAuthTimeout, s.authSilence(), nil)
	case ppp.EventCallbackRequired:
		s.failWith(StageAuth, CauseAuthCallbackRequired, "the server insists on calling back", nil)
	case ppp.EventAuthRequired:
	default:
		return false
	}
	return true
}

func authDetail(e ppp.Event) string {
	d := fmt.Sprintf("the server rejected the credentials (%s)", e.Method)
	if e.Failure.Code != 0 {
		d += fmt.Sprintf(" with E=%d", e.Failure.Code)
	}
	if e.Failure.Message != "" {
		d += fmt.Sprintf(": %q", printable(e.Failure.Message))
	}
	return d
}

func methods(m []chap.Method) string {
	names := make([]string, len(m))
	for i, x := range m {
		names[i] = x.String()
	}
	return strings.Join(names, ", ")
}

// ccpEvent takes the reports of CCP and MPPE; false if e is none.
func (s *session) ccpEvent(now time.Time, e ppp.Event) bool {
	switch e.Kind {
	case ppp.EventCCPRejected:
		s.noMPPE(now, CauseMPPEUnsupportedByServer, withDetail("the server refuses to negotiate encryption", e.Detail))
	case ppp.EventCCPTimeout:
		s.noMPPE(now, CauseMPPEUnsupportedByServer, "the server does not answer CCP")
	case ppp.EventStrengthMismatch:
		s.noMPPE(now, CauseMPPEStrengthMismatch, fmt.Sprintf("no common key length: the server offers %s", bits(e.Bits)))
	case ppp.EventStatelessRefused:
		s.noMPPE(now, CauseMPPEStatelessRefused, "the server insists on stateful encryption")
	case ppp.EventMPPCOnly:
		const only = "the server offers compression only"
		s.warn(StageCCP, CauseMPPEMPPCOnly, only)
		s.noMPPE(now, CauseMPPEUnsupportedByServer, only)
	case ppp.EventCCPNotConverging:
		s.noMPPE(now, CauseCCPNotConverging, fmt.Sprintf("CCP found no agreement; last the server wanted %s", bits(e.Bits)))
	case ppp.EventCCPTerminated:
		s.seen.ccpDone = true
	case ppp.EventIPCPRace:
		if s.t.MPPE.Mode == ppp.MPPERefuse {
			break // we refused CCP; there is no race
		}
		s.warn(StageCCP, CauseCCPIPCPRace, "the server sent an IPCP Terminate-Ack while CCP was in progress")
	case ppp.EventKeyMismatch:
		s.failWith(s.stages.current(), CauseMPPEKeyMismatch, withDetail("frames of the server decrypt to garbage", e.Detail), nil)
	case ppp.EventDesync:
		s.failWith(s.stages.current(), CauseMPPEDesync, withDetail("frames of the server decrypted well before and are garbage now", e.Detail), nil)
	case ppp.EventPlaintextLeak:
		s.warn(s.stages.current(), CauseMPPEPlaintextLeak, "the server sent an IP packet in the clear although encryption is on")
	case ppp.EventMPPEProtocolError:
		s.warn(s.stages.current(), CauseMPPEProtocolError, withDetail("an MPPE header of the server breaks the protocol", e.Detail))
	case ppp.EventReset:
	default:
		return false
	}
	return true
}

// noMPPE takes the end of CCP without encryption, which is a failure or a
// warning as the target demands.
func (s *session) noMPPE(now time.Time, c Cause, detail string) {
	if s.t.MPPE.Mode == ppp.MPPERequire {
		if s.seen.authNone {
			// A server that wanted authentication of another kind is about to say so.
			s.suspect(now, newFailure(StageCCP, c, detail, nil))
			return
		}
		s.failWith(StageCCP, c, detail, nil)
		return
	}
	s.seen.ccpDone = true
	s.warn(StageCCP, c, detail)
}

// bits names the MPPE configuration bits of RFC 3078 §2.1.
func bits(b mppe.Bits) string {
	var names []string
	for _, n := range []struct {
		bit  mppe.Bits
		name string
	}{
		{mppe.Bit128, "128 bit"}, {mppe.Bit56, "56 bit"}, {mppe.Bit40, "40 bit"},
		{mppe.BitMPPC, "compression"}, {mppe.BitStateless, "stateless"},
	} {
		if b&n.bit != 0 {
			names = append(names, n.name)
		}
	}
	if len(names) == 0 {
		names = []string{"nothing"}
	}
	return fmt.Sprintf("%s (%#08x)", strings.Join(names, ", "), uint32(b))
}

// ipcpEvent takes the reports of IPCP.
func (s *session) ipcpEvent(e ppp.Event) {
	switch e.Kind {
	case ppp.EventIPCPTimeout:
		s.failWith(StageIPCP, CauseIPCPTimeout, "the server does not answer IPCP", nil)
	case ppp.EventNoAddress:
		s.failWith(StageIPCP, CauseIPCPNoAddress, withDetail("the server has no address for us", e.Detail), nil)
	case ppp.EventAddressRejected:
		s.failWith(StageIPCP, CauseIPCPAddressRejected, withDetail("the server refuses the address "+s.t.Address.String(), e.Detail), nil)
	case ppp.EventIPCPNotConverging:
		s.failWith(StageIPCP, CauseIPCPNotConverging, withDetail("IPCP found no agreement", e.Detail), nil)
	case ppp.EventIPCPRejected:
		s.failWith(StageIPCP, CauseIPCPNoProtocol, "the server sent Protocol-Reject for IPCP", nil)
	case ppp.EventBadAddress:
		s.failWith(StageIPCP, CauseIPCPBadAddress, withDetail("the addresses that the server gives cannot work", e.Detail), nil)
	case ppp.EventDNSMissing:
		s.warn(StageIPCP, CauseIPCPDNSMissing, "the server assigns no name servers")
	}
}

// checkAddress notes the assigned address, and whether another session has it.
func (s *session) checkAddress() {
	a := s.link.Negotiated().LocalIP
	s.heldAddr.Store(&a) // first, so that of two sessions at least one sees the other
	if s.p.reg.addressInUse(s, a) {
		s.warn(StageIPCP, CauseIPCPDuplicateAddress, fmt.Sprintf("the server assigned %s to two sessions at once", a))
	}
}

func withDetail(text, detail string) string {
	if detail == "" {
		return text
	}
	return text + ": " + printable(detail)
}

func credentials(t Target) chap.Credentials {
	if t.Depth < DepthAuth {
		return chap.Credentials{}
	}
	return chap.Credentials{User: t.Username, Password: string(t.Password)}
}
