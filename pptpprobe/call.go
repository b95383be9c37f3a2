package pptpprobe

import (
	"fmt"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// placeCall opens the GRE socket and exchanges Outgoing-Call-Request and
// -Reply. The socket comes first: without one, this host would answer the
// server's first frame with ICMP protocol unreachable, and the server hang up.
func (s *session) placeCall() {
	now := time.Now()
	s.stages.begin(StageCall, now)
	sock, err := s.p.socket()
	switch {
	case err != nil && noPermission(err):
		s.failWith(StageCall, CauseLocalNoPermission, "the raw GRE socket needs CAP_NET_RAW: "+PrivilegeHint(), err)
		s.fail.Hint = PrivilegeHint() + " (or run as root, or grant NET_RAW in the container's securityContext)"
		return
	case err != nil:
		s.failWith(StageCall, CauseGRESendError, "the raw GRE socket cannot be opened: "+err.Error(), err)
		return
	}
	s.sock = sock
	if !s.p.reg.add(s, s.p.opts.MaxSessions) {
		s.failWith(StageCall, CauseLocalCallIDExhausted, fmt.Sprintf("%d sessions run already", s.p.opts.MaxSessions), nil)
		return
	}
	s.registered = true
	if err := s.ctrl.Call(now); err != nil {
		s.failWith(StageCall, CauseControlStoppedByPeer, "the control connection ended before the call", err)
		return
	}
	if s.pump(s.t.Budgets.Call, func() bool { return s.seen.ocrp }) {
		s.stages.done(time.Now())
		return
	}
	s.failUnlessFailed(StageCall, CauseCallTimeout, fmt.Sprintf(
		"no Outgoing-Call-Reply came within %s", s.t.Budgets.Call))
}

// peerWindow is how many packets a server may have sent that we did not acknowledge
// when it begins to drop its own: mpd does so at 16, whatever window it was told.
const peerWindow = 16

// connected starts GRE and PPP when the call is connected.
func (s *session) connected(now time.Time, peerCallID uint16) {
	s.res.PeerCallID, s.res.CallConnected = peerCallID, true
	s.peerCall.Store(uint32(peerCallID))
	s.gre = gre.NewEndpoint(gre.Config{PeerCallID: peerCallID, Window: peerWindow})
	s.link = ppp.NewLink(s.linkConfig())
	s.link.OnIP(s.receivedIP)
	s.sendBuf = make([]byte, 0, 256) // grows with the first packet that is longer
	// Cisco IOS sends nothing before our first frame, so we do not wait for the server's.
	s.link.Open(now)
	for _, in := range s.early {
		s.take(in)
	}
	s.early = nil
}

func (s *session) linkConfig() ppp.Config {
	cfg := ppp.Config{
		MRU:         s.t.MRU,
		Auth:        s.t.Auth,
		AnyAuth:     s.t.Depth < DepthAuth,
		Credentials: credentials(*s.t),
		MPPE:        s.t.MPPE.Mode,
		Strengths:   s.t.MPPE.Strengths,
		Stateful:    s.t.MPPE.Stateful,
		Address:     s.t.Address,
		WantDNS:     true,
		Rand:        s.p.opts.Rand,
	}
	if s.held != nil {
		cfg.EchoInterval, cfg.EchoFailure = s.held.cfg.EchoInterval, s.held.cfg.EchoFailure
	}
	return cfg
}

// awaitFrame waits for the first GRE frame of the server.
func (s *session) awaitFrame() {
	s.stages.begin(StageGRE, time.Now())
	s.stages.count = s.lcpCount
	first := func() bool { return s.seen.firstFrame }
	early := min(tapAfter, s.t.Budgets.GRE)
	if !s.pump(early, first) && s.fail == nil {
		stop := s.p.tap.watch()
		defer stop()
		s.pump(s.t.Budgets.GRE-early, first)
	}
	if s.seen.firstFrame && s.fail == nil {
		s.stages.done(time.Now())
		return
	}
	if s.fail != nil || s.failICMP(StageGRE) {
		return
	}
	wrong, unknown := s.strays.get()
	switch {
	case s.seen.sendErrs > 0:
		s.failWith(StageGRE, CauseGRESendError, "this host cannot send GRE to "+s.res.PeerAddr.String()+": "+s.seen.sendErr.Error(), s.seen.sendErr)
	case wrong.IsValid():
		s.failWith(StageGRE, CauseGREWrongSource, fmt.Sprintf(
			"GRE for our call came from %s instead of %s", wrong, s.res.PeerAddr), nil)
	case s.onTap.Load() > 0 && !s.seen.gre:
		s.failWith(StageGRE, CauseGRENoReplyLocal, fmt.Sprintf(
			"the network card received %d GRE packets of %s for this call, and this host let none of them through to the probe",
			s.onTap.Load(), s.res.PeerAddr), nil)
	default:
		detail := fmt.Sprintf("the call is connected, but no GRE packet came from %s within %s", s.res.PeerAddr, s.t.Budgets.GRE)
		if unknown > 0 {
			detail += fmt.Sprintf("; %d packets came for calls that are not ours", unknown)
		}
		s.failWith(StageGRE, CauseGRENoReply, detail, nil)
	}
}

// openLCP waits until LCP is open.
func (s *session) openLCP() {
	s.stages.begin(StageLCP, time.Now())
	s.stages.count = s.lcpCount
	if s.pump(s.t.Budgets.LCP, func() bool { return s.seen.lcpUp }) {
		s.res.DataOK = true
		s.stages.done(time.Now())
		return
	}
	s.lcpTimedOut()
}

// lcpTimedOut tells why LCP did not open although the server's frames arrive.
func (s *session) lcpTimedOut() {
	switch {
	case s.fail != nil:
	case s.ourFramesArrive():
		s.failWith(StageLCP, CauseLCPTimeout, "GRE passes both ways, but LCP did not open", nil)
	case s.failICMP(StageLCP):
	case s.seen.sendErrs > 0:
		s.failWith(StageLCP, CauseGRESendError, "this host cannot send GRE to "+s.res.PeerAddr.String()+": "+s.seen.sendErr.Error(), s.seen.sendErr)
	default:
		s.failWith(StageLCP, CauseGRETxLost, "frames of the server arrive, but it neither acknowledges nor answers ours", nil)
	}
}

// authenticate waits for the verdict on the credentials.
func (s *session) authenticate() {
	now := time.Now()
	if s.seen.authNone && s.seen.authGivenUp == "" {
		s.stages.skip(StageAuth, now)
		s.warn(StageAuth, CauseAuthNotRequested, "the server asks for no authentication")
		return
	}
	s.stages.begin(StageAuth, now)
	if s.seen.authNone {
		s.awaitRefusal()
		return
	}
	if s.pump(s.t.Budgets.Auth, func() bool { return s.seen.authUp }) {
		s.stages.done(time.Now())
		return
	}
	s.failUnlessFailed(StageAuth, CauseAuthTimeout, s.authSilence())
}

// awaitRefusal waits a moment after the server gave up the method it had asked
// for, because most then end the link; a few are content without.
func (s *session) awaitRefusal() {
	s.pump(explainGrace, func() bool { return s.seen.ipcpUp })
	if s.fail == nil {
		s.stages.done(time.Now())
		s.warn(StageAuth, CauseAuthNotRequested, "the server asked for "+s.seen.authGivenUp+", and goes on without")
	}
}

func (s *session) authSilence() string {
	method := s.link.Negotiated().Auth
	switch n := s.seen.authChallenges; n {
	case 0:
		return fmt.Sprintf("no verdict, and no challenge of %s was answered, within %s", method, s.t.Budgets.Auth)
	case 1:
		return fmt.Sprintf("the server did not answer our %s response within %s", method, s.t.Budgets.Auth)
	default:
		return fmt.Sprintf("the server repeated its %s challenge %d times instead of a verdict, within %s", method, n-1, s.t.Budgets.Auth)
	}
}

// openCCP waits until encryption is agreed upon, or known to be off.
func (s *session) openCCP() {
	now := time.Now()
	if s.t.MPPE.Mode == ppp.MPPERefuse {
		s.stages.skip(StageCCP, now)
		return
	}
	s.stages.begin(StageCCP, now)
	s.stages.count = func() (int, int) { return s.protocolCount(ppp.CCP) }
	if s.pump(s.t.Budgets.CCP, func() bool { return s.seen.ccpDone || s.seen.ipcpUp }) {
		s.stages.done(time.Now())
		return
	}
	s.failUnlessFailed(StageCCP, CauseMPPEUnsupportedByServer, fmt.Sprintf(
		"the server did not complete CCP within %s", s.t.Budgets.CCP))
}

// openIPCP waits for an address.
func (s *session) openIPCP() {
	s.stages.begin(StageIPCP, time.Now())
	s.stages.count = func() (int, int) { return s.protocolCount(ppp.IPCP) }
	if s.pump(s.t.Budgets.IPCP, func() bool { return s.seen.ipcpUp }) {
		now := time.Now()
		s.stages.done(now)
		s.res.Connect = now.Sub(s.res.Start)
		return
	}
	s.failUnlessFailed(StageIPCP, CauseIPCPTimeout, fmt.Sprintf(
		"the server did not complete IPCP within %s", s.t.Budgets.IPCP))
}

func (s *session) lcpCount() (attempts, retransmits int) { return s.protocolCount(ppp.LCP) }
