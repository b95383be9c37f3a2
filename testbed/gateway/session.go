package gateway

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
)

// controlState is where the control connection is (RFC 2637 section 3.1.4.1).
type controlState uint8

const (
	controlIdle    controlState = iota // no SCCRQ yet
	controlBusy                        // SCCRQ is being answered
	controlUp                          // SCCRP sent
	controlRefused                     // SCCRP with a failure sent
)

// startTimeout is how long a client may take to SCCRQ, and then to have a call (RFC 2637 section 3.1.4).
const startTimeout = 60 * time.Second

// session is one control connection and its call, as a state machine: no clock,
// no I/O. It is not safe for concurrent use.
type session struct {
	cfg    *Config
	faults func() *Faults // the current ones; never nil, never changed in place
	w      world
	number uint64
	client netip.AddrPort

	agenda   agenda
	decoder  control.Decoder
	state    controlState
	call     *call
	heard    time.Time // when the client last said something on the control connection
	echoes   uint32    // Echo-Requests sent
	unheard  int       // Echo-Requests in a row without an answer
	guard    lengthGuard
	stopping bool         // Stop-Control-Connection-Request was sent
	idle     *appointment // the end of a connection without a call

	user        string
	address     netip.Addr
	bytesIn     atomic.Uint64 // IP packets in the tunnel, from the client
	bytesOut    atomic.Uint64
	teardown    Teardown
	controlGone bool // by the fault ControlEndAfter
	done        bool // nothing more will happen
	out         []byte
}

func newSession(cfg *Config, faults func() *Faults, w world, number uint64, client netip.AddrPort) *session {
	return &session{cfg: cfg, faults: faults, w: w, number: number, client: client}
}

// start begins: the TCP connection was accepted.
func (s *session) start(now time.Time) {
	s.heard = now
	s.event(now, EventConnected, "")
	if s.faults().TCPCloseAtOnce {
		s.endByGateway(now, "closed after accept")
		return
	}
	wait := s.cfg.Manners.startWait()
	s.later(now, wait, func(now time.Time) {
		if s.state != controlUp {
			s.end(now, "no SCCRQ in time")
		}
	})
	s.idle = s.later(now, 2*wait, func(now time.Time) { s.end(now, "no call in time") })
	s.later(now, s.cfg.EchoInterval, s.keepAlive)
}

// receiveControl takes bytes of the TCP stream.
func (s *session) receiveControl(now time.Time, b []byte) {
	if s.done {
		return
	}
	if s.cfg.Manners.StrictLengths && !s.guard.exact(b) {
		s.event(now, EventMalformed, "a message of another length than RFC 2637 says")
		s.endByGateway(now, "malformed control stream")
		return
	}
	s.decoder.Feed(b)
	for !s.done {
		m, err := s.decoder.Next()
		if err != nil {
			s.event(now, EventMalformed, err.Error())
			if errors.Is(err, control.ErrShort) {
				continue
			}
			s.end(now, "malformed control stream")
			return
		}
		if m == nil {
			return
		}
		s.heard, s.unheard = now, 0
		s.message(now, m)
	}
}

func (s *session) message(now time.Time, m control.Message) {
	f := s.faults()
	switch m := m.(type) {
	case *control.StartRequest:
		s.startRequest(now, m)
	case *control.OutgoingCallRequest:
		s.callRequest(now, m)
	case *control.EchoRequest:
		if !f.EchoSilent {
			s.send(control.EchoReply{Identifier: m.Identifier, Result: control.ResultOK})
		}
	case *control.CallClearRequest:
		s.clearRequest(now, m)
	case *control.StopRequest:
		again := s.teardown.Stopped
		s.teardown.Stopped = true
		s.endCall(now, "stopped by client")
		if f.NoStopReply && again {
			return
		}
		if f.NoStopReply {
			// The connection stays open, or the client would take its end for the answer.
			s.later(now, 5*time.Second, func(now time.Time) { s.end(now, "stopped by client") })
			return
		}
		s.send(control.StopReply{Result: control.ResultOK})
		s.end(now, "stopped by client")
	case *control.IncomingCallRequest:
		// There is no line behind this gateway that a client could answer for.
		s.send(control.IncomingCallReply{PeerCallID: m.CallID, Result: 3})
	case *control.StopReply:
		if s.stopping {
			s.end(now, "stopped by gateway")
		}
	case *control.EchoReply, *control.SetLinkInfo, *control.WANErrorNotify:
	default:
		s.event(now, EventMalformed, fmt.Sprintf("unexpected %s", m.Type()))
	}
}

const garbage = "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

func (s *session) startRequest(now time.Time, m *control.StartRequest) {
	f := s.faults()
	switch {
	case s.state != controlIdle:
		s.event(now, EventMalformed, "a second SCCRQ")
		return
	case f.ControlSilent:
		return
	case f.ControlClose:
		s.endByGateway(now, "closed instead of SCCRP")
		return
	case f.ControlGarbage:
		s.w.sendControl([]byte(garbage))
		return
	}
	s.state = controlBusy
	s.later(now, f.ControlDelay, func(now time.Time) { s.startReply(now, m) })
}

func (s *session) startReply(now time.Time, m *control.StartRequest) {
	f := s.faults()
	r := control.StartReply{
		Version: control.ProtocolVersion, Result: control.ResultOK, Framing: control.FramingAny, Bearer: control.BearerAny,
		MaxChannels: 1, Firmware: s.cfg.Firmware, HostName: s.cfg.HostName, Vendor: s.cfg.Vendor,
	}
	if m.Version != control.ProtocolVersion {
		r.Result = 5 // version not supported
	}
	if f.StartResult != 0 {
		r.Result, r.ErrorCode = f.StartResult, f.StartError
	}
	s.out = r.AppendTo(s.out[:0])
	s.cfg.Manners.adorn(s.out)
	s.w.sendControl(s.out)
	if r.Result != control.ResultOK {
		s.state = controlRefused
		s.event(now, EventRefused, fmt.Sprintf("SCCRP result %d error %d", r.Result, r.ErrorCode))
		s.endByGateway(now, "start refused")
		return
	}
	s.state = controlUp
	s.agenda.cancel(s.idle)
	s.idle = s.later(now, s.cfg.Manners.startWait(), func(now time.Time) { s.end(now, "no call in time") })
	s.event(now, EventStarted, fmt.Sprintf("client %q %q", m.Vendor, m.HostName))
}

// keepAlive asks a client that has been silent whether it is still there.
func (s *session) keepAlive(now time.Time) {
	quiet := now.Sub(s.heard)
	switch {
	case s.controlGone:
		return
	case quiet >= s.cfg.EchoInterval && s.unheard >= max(s.cfg.Manners.EchoFailures, 1):
		s.endByGateway(now, "no Echo-Reply")
		return
	case quiet >= s.cfg.EchoInterval && s.state == controlUp:
		s.echoes++
		s.unheard++
		s.send(control.EchoRequest{Identifier: s.echoes})
		s.later(now, s.cfg.EchoInterval, s.keepAlive)
		return
	}
	s.later(now, max(s.cfg.EchoInterval-quiet, s.cfg.EchoInterval/8), s.keepAlive)
}

// controlClosed says that the client has closed the TCP connection.
func (s *session) controlClosed(now time.Time) {
	if !s.controlGone {
		s.end(now, "client closed the connection")
	}
}

// shutdown ends the session as an administrator's stop of the daemon does.
func (s *session) shutdown(now time.Time) {
	if s.done {
		return
	}
	s.teardown.ByGateway = true
	if s.call != nil {
		s.disconnect(now, 3, "gateway is shut down")
	}
	if s.state == controlUp {
		s.send(control.StopRequest{Reason: control.StopReasonShutdown})
	}
	s.end(now, "gateway is shut down")
}

// end is the end of everything; reason is the first one given.
func (s *session) end(now time.Time, reason string) {
	if s.done {
		return
	}
	s.endCall(now, reason)
	s.done = true
	s.w.closeControl()
	if s.teardown.Reason == "" {
		s.teardown.Reason = reason
	}
	s.event(now, EventClosed, s.teardown.Reason)
}

func (s *session) endByGateway(now time.Time, reason string) {
	s.teardown.ByGateway = true
	s.end(now, reason)
}

// tick does what is due.
func (s *session) tick(now time.Time) {
	if s.done {
		return
	}
	s.agenda.tick(now)
	if s.call != nil {
		s.call.tick(now)
	}
}

// deadline returns when tick is wanted next; zero: not at all.
func (s *session) deadline() time.Time {
	if s.done {
		return time.Time{}
	}
	d := s.agenda.deadline()
	if s.call != nil {
		d = earliest(d, s.call.deadline())
	}
	return d
}

// later does f after d, at once if d is not positive, and not at all when the
// session has ended by then.
func (s *session) later(now time.Time, d time.Duration, f func(now time.Time)) *appointment {
	if d <= 0 {
		f(now)
		return nil
	}
	return s.agenda.after(now, d, func(now time.Time) {
		if !s.done {
			f(now)
		}
	})
}

func (s *session) send(m control.Message) {
	if s.controlGone {
		return
	}
	s.out = m.AppendTo(s.out[:0])
	s.w.sendControl(s.out)
}

func (s *session) event(now time.Time, k EventKind, detail string) {
	e := Event{
		At: now, Kind: k, Session: s.number, Client: s.client, User: s.user, Address: s.address, Detail: detail,
		BytesIn: s.bytesIn.Load(), BytesOut: s.bytesOut.Load(),
	}
	if s.call != nil {
		e.CallID, e.PeerID = s.call.id, s.call.peerID
	}
	if k == EventClosed {
		e.Teardown = s.teardown
	}
	s.w.observe(e)
}
