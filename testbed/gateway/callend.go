package gateway

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
)

// afterCall is how long a client may keep the control connection without a call.
const afterCall = 10 * time.Second

// afterControl is how long GRE goes on when the control connection is gone.
const afterControl = 60 * time.Second

func (s *session) clearRequest(now time.Time, m *control.CallClearRequest) {
	f, c := s.faults(), s.call
	if c != nil && m.CallID != c.peerID {
		// RFC 2637 section 2.12: the id is the PNS's. npppd answers so to any other.
		s.event(now, EventMalformed, "CCRQ with an unknown call id")
		s.send(control.CallDisconnectNotify{CallID: c.id, Result: control.ResultGeneralError, ErrorCode: 5})
		return
	}
	s.teardown.Cleared = true
	if f.CloseOnCCRQ || s.cfg.Manners.CloseOnClear {
		s.end(now, "cleared by client")
		return
	}
	if c == nil || f.NoCDN {
		s.endCall(now, "cleared by client")
		return
	}
	s.disconnect(now, 4, "cleared by client") // 4: request
}

// disconnect sends Call-Disconnect-Notify and ends the call.
func (s *session) disconnect(now time.Time, result uint8, reason string) {
	c := s.call
	if c == nil {
		return
	}
	n := control.CallDisconnectNotify{CallID: c.id, Result: result}
	s.cfg.Manners.disconnect(&n, c)
	if s.faults().CallIDRewritten {
		n.CallID ^= 0x3C3C
	}
	s.send(n)
	s.endCall(now, reason)
}

// endCall gives back what the call has.
func (s *session) endCall(now time.Time, reason string) {
	c := s.call
	if c == nil {
		return
	}
	s.event(now, EventCallDown, reason)
	if s.teardown.Reason == "" {
		s.teardown.Reason = reason
	}
	c.path.flush(s.w.sendGRE)
	c.disarm()
	s.call = nil
	s.w.dropCall(c.id)
	if s.address.IsValid() {
		s.w.dropAddress(s.address)
	}
	if s.controlGone {
		s.end(now, reason)
		return
	}
	s.idle = s.later(now, afterCall, func(now time.Time) { s.end(now, "no further call") })
}

// faultsChanged applies new faults to a session that is up.
func (s *session) faultsChanged(now time.Time) {
	if !s.done && s.call != nil && s.call.up {
		s.call.armHolds(now)
	}
}

func (c *call) disarm() {
	for _, h := range c.holds {
		c.s.agenda.cancel(h)
	}
	c.holds = c.holds[:0]
}

// armHolds puts the faults of a session that is up on the agenda, in place of
// those that were there.
func (c *call) armHolds(now time.Time) {
	c.disarm()
	s, f := c.s, c.s.faults()
	arm := func(d time.Duration, do func(now time.Time)) {
		if d <= 0 {
			return
		}
		if h := s.later(now, d, do); h != nil {
			c.holds = append(c.holds, h)
		}
	}
	if f.TerminateAt == AtRunning {
		arm(max(f.TerminateAfter, 1), func(now time.Time) { c.link.terminateByFault(now) })
	}
	arm(f.DisconnectAfter, func(now time.Time) { c.disconnect(now, max(f.DisconnectCode, 1), "disconnected by fault") })
	arm(f.StopAfter, func(now time.Time) {
		s.send(control.StopRequest{Reason: f.StopReason})
		s.teardown.ByGateway = true
		// RFC 2637 section 2.3: the other side answers and closes; this one waits for it.
		s.later(now, 3*time.Second, func(now time.Time) { s.end(now, "stopped by gateway") })
	})
	arm(f.ControlEndAfter, func(now time.Time) {
		s.controlGone, s.teardown.ByGateway = true, true
		s.w.closeControl()
		s.later(now, afterControl, func(now time.Time) { s.end(now, "control connection was closed by fault") })
	})
	arm(f.GRESilentAfter, func(time.Time) { c.mute = true })
}

// replaced ends the session because its user has logged in again.
func (s *session) replaced(now time.Time) {
	if !s.done && s.call != nil && s.call.up {
		// accel-ppp says nothing in the Terminate-Request, and "admin shutdown" in the CDN.
		s.call.downCode = 3
		s.call.link.terminate(now, "replaced by a newer session", []byte{})
	}
}
