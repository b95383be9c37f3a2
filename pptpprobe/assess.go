package pptpprobe

import (
	"fmt"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
)

// assess looks at the whole session, before its teardown, for what is wrong
// though it did not stop it.
func (s *session) assess() {
	if st, ok := s.res.Stage(StageTCP); ok && st.Outcome == OutcomeOK {
		s.slow(StageTCP, CauseTCPConnectSlow, st.Duration, s.t.Thresholds.TCPConnect, "the TCP handshake")
	}
	if s.gre == nil {
		return
	}
	s.res.Negotiated = s.link.Negotiated() // teardown undoes it
	s.assessAuth()
	g := s.gre.Stats()
	if g.RxMalformed > 0 {
		s.warn(StageGRE, CauseGREMalformed, fmt.Sprintf("%d GRE packets of the server were malformed", g.RxMalformed))
	}
	limit := s.t.Thresholds.GRELoss
	if total := g.Rx.Packets + g.RxLost; limit > 0 && float64(g.RxLost) > limit*float64(total) {
		s.warn(StageGRE, CauseGRELoss, fmt.Sprintf("%d of %d packets of the server were lost, %d of them came too late", g.RxLost, total, g.RxLate))
	}
	if g.RxReordered > 0 {
		s.warn(StageGRE, CauseGREReorder, fmt.Sprintf("%d packets of the server came out of order", g.RxReordered))
	}
	if g.RxDuplicate > 0 {
		s.warn(StageGRE, CauseGREDuplicate, fmt.Sprintf("%d packets of the server came twice", g.RxDuplicate))
	}
	if _, unknown := s.strays.get(); unknown > 0 {
		s.warn(StageGRE, CauseGREUnknownCall, fmt.Sprintf("%d GRE packets of the server were for calls that are not ours", unknown))
	}
	p := s.link.Stats()
	if p.ResetsSent+p.ResetsReceived >= resetStorm {
		s.warn(StageCCP, CauseMPPEResetStorm, fmt.Sprintf(
			"%d Reset-Requests were sent and %d received to keep decryption in step", p.ResetsSent, p.ResetsReceived))
	}
	n := s.link.Negotiated()
	if n.LocalIP.IsValid() && n.LocalIP == s.res.PeerAddr {
		s.warn(StageIPCP, CauseIPCPDuplicateAddress, fmt.Sprintf("the server assigned its own public address %s", n.LocalIP))
	}
}

// resetStorm is how many resets in one session are too many.
const resetStorm = 5

// assessAuth looks at the method, and at the time the server took.
func (s *session) assessAuth() {
	st, ok := s.res.Stage(StageAuth)
	if !ok || st.Outcome != OutcomeOK {
		return
	}
	switch m := s.link.Negotiated().Auth; m {
	case chap.MethodPAP, chap.MethodMD5, chap.MethodMSCHAPv1:
		s.warn(StageAuth, CauseAuthWeakProtocol, fmt.Sprintf("the server authenticates with %s", m))
	}
	took := st.Duration
	if rtt := s.gre.Stats().AckRTT; rtt.Count > 0 {
		took -= rtt.Min
	}
	s.slow(StageAuth, CauseAuthSlow, took, s.t.Thresholds.Auth, "authentication")
}

func (s *session) slow(stage Stage, c Cause, took, limit time.Duration, what string) {
	if limit > 0 && took > limit {
		s.warn(stage, c, fmt.Sprintf("%s took %s, more than %s", what, took.Round(time.Millisecond), limit))
	}
}
