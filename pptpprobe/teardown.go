package pptpprobe

import (
	"context"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

const (
	terminateReason = "probe complete"
	stopReasonNone  = 1
	// callReplyWait is how long Call-Disconnect-Notify and
	// Stop-Control-Connection-Reply are waited for, each.
	callReplyWait = time.Second
)

// teardown ends the session in the order that every server understands: LCP,
// the call, the control connection, TCP. It always happens, whatever became of
// the session, and is bounded by its own budget.
func (s *session) teardown() {
	if s.conn != nil {
		start := time.Now()
		s.stages.begin(StageTeardown, start)
		end := start.Add(s.t.Budgets.Teardown)
		s.fail, s.seen.pending = nil, nil
		s.closePPP(end)
		s.clearCall(end)
		s.stopControl(end)
		_ = s.conn.Close()
		s.rec.ControlClosed(time.Now(), false)
		s.drainControl()
		s.stages.done(time.Now())
	}
	if s.gre != nil {
		s.res.GRE, s.res.PPP = s.gre.Stats(), s.link.Stats()
		_, s.res.UnknownCalls = s.strays.get()
	}
	if s.registered {
		s.p.reg.remove(s)
	}
	if s.ctrl != nil {
		s.p.ids.release(time.Now(), s.res.PeerAddr, s.res.CallID)
	}
}

// closePPP sends Terminate-Request and, where an answer can be expected, waits for it.
func (s *session) closePPP(end time.Time) {
	if s.link == nil || s.seen.dead {
		return
	}
	s.link.Close(time.Now(), terminateReason)
	ended := s.seen.terminated != nil && s.seen.terminated.Protocol == ppp.LCP
	if !s.ourFramesArrive() || s.seen.tcpEnd != nil || s.seen.cdn || ended {
		s.step(time.Now()) // sends it, for what may be left; nobody will answer
		return
	}
	// The link retransmits, and reports its end, by itself.
	if !s.await(end, func() bool { return s.seen.dead || s.seen.termAck }) || !s.seen.termAck {
		s.warn(StageTeardown, CauseTeardownNoTermAck, "no LCP Terminate-Ack")
	}
}

// clearCall sends Call-Clear-Request. poptop closes TCP instead of answering it.
func (s *session) clearCall(end time.Time) {
	if !s.res.CallConnected || s.seen.tcpEnd != nil || s.seen.cdn {
		return
	}
	s.ctrl.Clear(time.Now())
	if s.await(earliest(end, time.Now().Add(callReplyWait)), func() bool { return s.seen.cdn || s.seen.tcpEnd != nil }); !s.seen.cdn {
		s.warn(StageTeardown, CauseTeardownNoCDN, "no Call-Disconnect-Notify")
	}
}

func (s *session) stopControl(end time.Time) {
	if !s.seen.sccrp || s.seen.stopReply {
		return
	}
	if s.seen.tcpEnd == nil {
		s.ctrl.Stop(time.Now(), stopReasonNone)
		s.await(earliest(end, time.Now().Add(callReplyWait)), func() bool { return s.seen.stopReply || s.seen.tcpEnd != nil })
	}
	if !s.seen.stopReply && s.res.Failure == nil {
		s.warn(StageTeardown, CauseTeardownNoStopReply, "no Stop-Control-Connection-Reply")
	}
}

// await runs the session until done or end, whatever else happens in it.
func (s *session) await(end time.Time, done func() bool) bool {
	for {
		now := time.Now()
		s.step(now)
		s.fail, s.seen.pending = nil, nil
		switch {
		case done():
			return true
		case !now.Before(end):
			return false
		}
		s.wait(context.Background(), s.nextDeadline(end)) // whatever became of the session's own
	}
}

// drainControl lets the reader of the closed connection end.
func (s *session) drainControl() {
	if s.tcpIn == nil {
		return
	}
	for range s.tcpIn {
	}
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// protocolCount is how many Configure-Requests were sent, and how many of them again.
func (s *session) protocolCount(p ppp.Protocol) (attempts, retransmits int) {
	if s.link == nil {
		return 0, 0
	}
	st := s.link.Stats()
	switch p {
	case ppp.LCP:
		return st.LCP.Requests, st.LCP.Retransmits
	case ppp.CCP:
		return st.CCP.Requests, st.CCP.Retransmits
	case ppp.IPCP:
		return st.IPCP.Requests, st.IPCP.Retransmits
	}
	return 0, 0
}
