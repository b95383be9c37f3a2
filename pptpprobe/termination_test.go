package pptpprobe

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

func TestTerminationCause(t *testing.T) {
	ras := func(n uint32) ppp.Termination { return ppp.Termination{RAS: n, HasRAS: true} }
	text := func(s string) ppp.Termination { return ppp.Termination{Text: s} }
	tests := []struct {
		name  string
		t     ppp.Termination
		stage Stage
		want  Cause
	}{
		// what pppd writes
		{"pppd: authentication", text("Authentication failed"), StageAuth, CauseAuthTerminated},
		{"pppd: PAP login", text("login failed"), StageAuth, CauseAuthTerminated},
		{"pppd: wants EAP", text("peer refused to authenticate"), StageAuth, CauseAuthProtocolRefused},
		{"pppd: EAP", text("couldn't negotiate eap"), StageAuth, CauseAuthProtocolRefused},
		{"pppd: no NCP", text("No network protocols running"), StageIPCP, CauseIPCPNoProtocol},
		{"pppd: MPPE", text("MPPE required but not available"), StageCCP, CauseMPPERequiredByServer},
		{"pppd: MPPE in the kernel", text("MPPE required but not available in kernel"), StageCCP, CauseMPPERequiredByServer},
		{"pppd: MPPE refused", text("MPPE required but peer refused"), StageCCP, CauseMPPERequiredByServer},
		{"pppd: MPPE not negotiated", text("MPPE required but peer negotiation failed"), StageIPCP, CauseMPPERequiredByServer},
		{"pppd: CCP closed by us", text("MPPE disabled by peer"), StageApp, CauseMPPERequiredByServer},
		{"pppd: hang-up of a link with MPPE", text("MPPE disabled"), StageApp, CausePPPTerminatedByPeer},
		{"pppd: garbage", text("Too many MPPE errors"), StageApp, CauseMPPEKeyMismatch},
		{"pppd: loop", text("Loopback detected"), StageLCP, CauseLCPLoopback},
		{"pppd: echo", text("Peer not responding"), StageApp, CauseLCPEchoTimeout},
		{"pppd: idle", text("Link inactive"), StageHold, CauseHoldIdleTimeout},
		{"pppd: session time", text("Connect time expired"), StageHold, CauseHoldSessionTimeout},
		{"pppd: quota", text("Traffic limit"), StageHold, CauseHoldTrafficLimit},
		{"pppd: callback", text("Call me back, please"), StageAuth, CauseAuthCallbackRequired},
		{"pppd: administrator", text("User request"), StageApp, CausePPPTerminatedByPeer},
		{"any text in authentication", text("go away"), StageAuth, CauseAuthTerminated},
		// what Windows writes
		{"RAS 645", ras(645), StageAuth, CauseAuthRejected},
		{"RAS 691", ras(691), StageAuth, CauseAuthRejected},
		{"RAS 646", ras(646), StageAuth, CauseAuthRestrictedHours},
		{"RAS 647", ras(647), StageAuth, CauseAuthAccountDisabled},
		{"RAS 648", ras(648), StageAuth, CauseAuthPasswordExpired},
		{"RAS 649", ras(649), StageAuth, CauseAuthNoDialinPermission},
		{"RAS 709", ras(709), StageAuth, CauseAuthPasswordChangeFailed},
		{"RAS 718", ras(718), StageAuth, CauseAuthTimeout},
		{"RAS 720", ras(720), StageIPCP, CauseIPCPNoProtocol},
		{"RAS 732 in LCP", ras(732), StageLCP, CauseLCPNotConverging},
		{"RAS 732 in CCP", ras(732), StageCCP, CauseCCPNotConverging},
		{"RAS 732 in IPCP", ras(732), StageIPCP, CauseIPCPNotConverging},
		{"RAS 733", ras(733), StageCCP, CauseMPPEUnsupportedByServer},
		{"RAS 735", ras(735), StageIPCP, CauseIPCPAddressRejected},
		{"RAS 736", ras(736), StageIPCP, CauseIPCPNoProtocol},
		{"RAS 737", ras(737), StageLCP, CauseLCPLoopback},
		{"RAS 738", ras(738), StageIPCP, CauseIPCPNoAddress},
		{"RAS 741", ras(741), StageCCP, CauseMPPERequiredByServer},
		{"RAS 742", ras(742), StageCCP, CauseMPPERequiredByServer},
		{"RAS 812", ras(812), StageAuth, CauseAuthProtocolRefused},
		{"RAS 734 before authentication", ras(734), StageLCP, CauseLCPTerminated},
		{"any text before authentication", text("multilink required"), StageLCP, CauseLCPTerminated},
		{"RAS 628", ras(628), StageApp, CausePPPTerminatedByPeer},
		{"RAS 0 is a user's request", ras(0), StageApp, CausePPPTerminatedByPeer},
		// accel-ppp says nothing
		{"empty in LCP", text(""), StageLCP, CauseLCPTerminated},
		{"empty in authentication", text(""), StageAuth, CauseAuthTerminated},
		{"empty in IPCP", text(""), StageIPCP, CauseIPCPNoAddress},
		{"empty later", text(""), StageApp, CausePPPTerminatedByPeer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := terminationFailure(tt.stage, ppp.Event{Protocol: ppp.LCP, Termination: tt.t})
			assert.Equal(t, tt.want, f.Cause)
			assert.Equal(t, tt.stage, f.Stage)
			assert.Equal(t, tt.t.Text, f.TerminateReason)
			assert.Equal(t, tt.t.RAS, f.RAS)
			assert.NotEmpty(t, f.Detail)
			_, known := f.Cause.Info()
			assert.True(t, known, f.Cause)
		})
	}
}
