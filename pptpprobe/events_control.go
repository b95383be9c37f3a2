package pptpprobe

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
)

const (
	// explainGrace is how long the end of a call waits for a Terminate-Request or
	// a CHAP Failure that is still on its way and says why.
	explainGrace = time.Second
	// closedAtOnce is how soon after the connect a reset counts as that of a server
	// that closes what it accepts without reading.
	closedAtOnce = 250 * time.Millisecond
	sccrqLen     = 156
)

// events takes what the state machines report.
func (s *session) events(now time.Time) {
	if s.ctrl != nil {
		for e, ok := s.ctrl.NextEvent(); ok; e, ok = s.ctrl.NextEvent() {
			s.controlEvent(now, e)
		}
	}
	if s.link != nil {
		for e, ok := s.link.NextEvent(); ok; e, ok = s.link.NextEvent() {
			s.pppEvent(now, e)
		}
	}
}

func (s *session) controlEvent(now time.Time, e control.Event) {
	switch e.Kind {
	case control.EventStarted:
		m := e.Message.(*control.StartReply)
		s.res.Server = Server{
			Vendor: printable(m.Vendor), HostName: printable(m.HostName), Firmware: m.Firmware,
			Version: m.Version, MaxChannels: m.MaxChannels,
		}
		s.seen.sccrp = true
	case control.EventStartRefused:
		m := e.Message.(*control.StartReply)
		s.refused(StageControl, startCause(m.Result), "Start-Control-Connection-Reply", m.Result, m.ErrorCode, e.Err)
	case control.EventConnected:
		s.seen.ocrp = true
		s.connected(now, e.Message.(*control.OutgoingCallReply).CallID)
	case control.EventCallRefused:
		m := e.Message.(*control.OutgoingCallReply)
		s.refused(StageCall, callCause(m.Result), "Outgoing-Call-Reply", m.Result, m.ErrorCode, e.Err)
	case control.EventCallIDMismatch:
		m := e.Message.(*control.OutgoingCallReply)
		s.failWith(StageCall, CauseCallPeerIDMismatch, fmt.Sprintf(
			"the Outgoing-Call-Reply is for call %d, ours is %d", m.PeerCallID, s.res.CallID), nil)
	case control.EventCallIDRewritten:
		m := e.Message.(*control.CallDisconnectNotify)
		s.warn(s.stages.current(), CauseCallIDRewritten, fmt.Sprintf(
			"the disconnect is for call %d, but the calls are %d and %d", m.CallID, s.res.CallID, s.res.PeerCallID))
	case control.EventDisconnected:
		s.seen.cdn = true
		m := e.Message.(*control.CallDisconnectNotify)
		f := s.disconnected(fmt.Sprintf("the server sent Call-Disconnect-Notify: %s", control.DisconnectResultText(m.Result)))
		f.ResultCode, f.ErrorCode = int(m.Result), int(m.ErrorCode)
		if s.holding() {
			s.held.cdn = f
		}
		s.suspect(now, f)
	case control.EventStopRequested:
		m := e.Message.(*control.StopRequest)
		s.seen.stopReply = true
		f := newFailure(s.stages.current(), CauseControlStoppedByPeer,
			"the server sent Stop-Control-Connection-Request: "+control.StopReasonText(m.Reason), nil)
		f.ResultCode = int(m.Reason)
		s.suspect(now, f)
	case control.EventStopReply:
		s.seen.stopReply = true
	case control.EventEchoReply:
		s.res.ControlEchoRTTs = keepRTT(s.res.ControlEchoRTTs, e.RTT)
		if s.holding() {
			s.holdControlEcho(e.RTT)
		}
		s.controlEchoReplied(e.RTT)
	case control.EventEchoTimeout:
		s.failWith(s.stages.current(), CauseControlEchoTimeout, "the server does not answer Echo-Requests on the control connection", nil)
	case control.EventMalformed:
		s.failWith(s.stages.current(), CauseControlInvalidReply, "what the server sent is not PPTP: "+e.Err.Error(), e.Err)
	case control.EventLinkInfo, control.EventWANError, control.EventUnexpected:
	}
}

// refused fails the session for a reply with a result other than success.
func (s *session) refused(stage Stage, c Cause, message string, result, code uint8, err error) {
	s.failWith(stage, c, fmt.Sprintf("%s: %v", message, err), err)
	s.fail.ResultCode = int(result)
	if result == 2 { // only then the error code means something
		s.fail.ErrorCode = int(code)
	}
}

func startCause(result uint8) Cause {
	switch result {
	case 3:
		return CauseControlAlreadyExists
	case 4:
		return CauseControlNotAuthorized
	case 5:
		return CauseControlVersionRejected
	}
	return CauseControlGeneralError
}

func callCause(result uint8) Cause {
	switch result {
	case 3, 5:
		return CauseCallNoCarrier
	case 4:
		return CauseCallBusy
	case 6:
		return CauseCallPACTimeout
	case 7:
		return CauseCallProhibited
	}
	return CauseCallGeneralError
}

// suspect notes a failure that something still on its way may explain better;
// it becomes the failure of the session after a moment.
func (s *session) suspect(now time.Time, f *Failure) {
	if s.seen.pending == nil {
		s.seen.pending, s.seen.pendingUntil = f, now.Add(explainGrace)
	}
}

// disconnected is the failure for a call that the server ended in the current stage.
func (s *session) disconnected(what string) *Failure {
	stage := s.stages.current()
	c := CausePPPTerminatedByPeer
	switch stage {
	case StageCall:
		c = CauseCallClosedAfterOCRQ
	case StageGRE, StageLCP:
		c = CausePPPServerDaemonFailed
		if e := s.seen.icmpLast; e != nil && !s.ourFramesArrive() {
			// The server heard from us as little as we of it, and the ICMP error says why.
			f := newFailure(stage, e.cause(), e.describe()+" for our GRE packets; then "+what, nil)
			f.ICMP = e
			return f
		}
	case StageAuth:
		c = CauseAuthTerminated
	case StageIPCP:
		c = CauseIPCPNoAddress
	case StageApp, StageHold:
		c = CauseHoldCallDisconnected
	}
	return newFailure(stage, c, what, nil)
}

// controlEnded classifies the end of the TCP connection.
func (s *session) controlEnded(now time.Time) {
	err := s.seen.tcpEnd
	how := "the server closed the control connection"
	if !errors.Is(err, io.EOF) {
		how = "the control connection broke: " + rootError(err)
	} else {
		err = nil
	}
	if s.holding() {
		s.holdControlEnded(now, how, err)
		return
	}
	switch s.stages.current() {
	case StageControl:
		if s.closedUnread(now) {
			s.failWith(StageControl, CauseTCPClosedAfterConnect, how+" without reading what we sent", err)
			return
		}
		s.failWith(StageControl, CauseControlClosedBeforeSCCRP, how+" instead of answering our Start-Control-Connection-Request", err)
	case StageCall:
		s.failWith(StageCall, CauseCallClosedAfterOCRQ, how+" instead of answering our Outgoing-Call-Request", err)
	case StageCCP, StageIPCP:
		s.suspect(now, newFailure(s.stages.current(), CauseControlStoppedByPeer, how, err))
	case StageApp, StageHold:
		s.suspect(now, newFailure(s.stages.current(), CauseHoldControlLost, how, err))
	default:
		s.suspect(now, s.disconnected(how))
	}
}

// closedUnread tells a server that closes each connection it accepts (limits
// and access lists do that) from one that disliked our request: in the first
// case our request was still unacknowledged, or reset right away.
func (s *session) closedUnread(now time.Time) bool {
	if errors.Is(s.seen.tcpEnd, syscall.ECONNRESET) {
		st, _ := s.res.Stage(StageControl)
		return now.Sub(st.Start) < closedAtOnce
	}
	acked, known := tcpAcked(s.conn)
	// The count includes the SYN.
	return known && acked < sccrqLen
}

// printable makes text of the server fit for logs and attributes: some fill
// the fields with garbage.
func printable(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < 0x20 || c > 0x7e {
			b[i] = '.'
		}
	}
	return string(b)
}
