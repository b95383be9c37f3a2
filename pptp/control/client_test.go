package control

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	ourID   = 0x1234
	theirID = 0x0080
)

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// session drives a Client by a clock of its own.
type session struct {
	t *testing.T
	*Client
	now time.Time
}

func newSession(t *testing.T, cfg ClientConfig) *session {
	if cfg.CallID == 0 {
		cfg.CallID = ourID
	}
	return &session{t: t, Client: NewClient(cfg), now: t0}
}

func (s *session) pass(d time.Duration) { s.now = s.now.Add(d) }

// receive feeds messages and expects events of these kinds, which it returns.
func (s *session) receive(m Message, kinds ...EventKind) []Event {
	s.t.Helper()
	s.Receive(s.now, m.AppendTo(nil))
	return s.expectEvents(kinds...)
}

func (s *session) expectEvents(kinds ...EventKind) []Event {
	s.t.Helper()
	var events []Event
	var got []EventKind
	for e, ok := s.NextEvent(); ok; e, ok = s.NextEvent() {
		assert.Equal(s.t, s.now, e.At)
		events = append(events, e)
		got = append(got, e.Kind)
	}
	require.Equal(s.t, kinds, got)
	return events
}

// expectSent expects exactly these messages to go out, one write each.
func (s *session) expectSent(want ...Message) {
	s.t.Helper()
	var got []Message
	for b := s.NextMessage(); b != nil; b = s.NextMessage() {
		m, err := Parse(b)
		require.NoError(s.t, err)
		assert.Len(s.t, b, int(be.Uint16(b)), "one message a write")
		got = append(got, m)
	}
	require.Equal(s.t, want, got)
}

func (s *session) drop() {
	for s.NextMessage() != nil {
	}
	for _, ok := s.NextEvent(); ok; _, ok = s.NextEvent() {
	}
}

// in brings a client into a state, with nothing left to fetch.
func in(t *testing.T, state State, cfg ClientConfig) *session {
	s := newSession(t, cfg)
	steps := []func(){
		StateWaitStartReply: func() { s.Start(s.now) },
		StateStarted:        func() { s.Receive(s.now, StartReply{Result: 1}.AppendTo(nil)) },
		StateWaitCallReply:  func() { require.NoError(t, s.Call(s.now)) },
		StateConnected: func() {
			s.Receive(s.now, OutgoingCallReply{CallID: theirID, PeerCallID: ourID, Result: 1}.AppendTo(nil))
		},
		StateClearing: func() { s.Clear(s.now) },
		StateStopping: func() { s.Stop(s.now, StopReasonNone) },
		StateStopped:  func() { s.Receive(s.now, StopReply{Result: 1}.AppendTo(nil)) },
	}
	for i := StateWaitStartReply; i <= state; i++ {
		steps[i]()
	}
	s.drop()
	require.Equal(t, state, s.State())
	return s
}

func TestClientWholeSession(t *testing.T) {
	s := newSession(t, ClientConfig{HostName: "probe", Vendor: "v", CallID: ourID, CallSerial: 9, SendLinkInfo: true})
	assert.Equal(t, StateIdle, s.State())
	assert.Nil(t, s.NextMessage())
	assert.Zero(t, s.Deadline())

	s.Start(s.now)
	s.Start(s.now)
	// The values that work with every server.
	s.expectSent(&StartRequest{Version: 0x0100, Framing: 3, Bearer: 3, HostName: "probe", Vendor: "v"})
	assert.Equal(t, StateWaitStartReply, s.State())

	// Call-ID and OCRQ wait for SCCRP: connection tracking wants to see it first.
	require.ErrorIs(t, s.Call(s.now), ErrNotStarted)
	s.expectSent()

	s.receive(&StartReply{Version: 0x0100, Result: 1, HostName: "local", Vendor: "linux", Firmware: 1}, EventStarted)
	s.expectSent()
	require.NoError(t, s.Call(s.now))
	s.expectSent(&OutgoingCallRequest{
		CallID: ourID, CallSerial: 9, MinBPS: 300, MaxBPS: 100_000_000,
		BearerType: 3, FramingType: 3, Window: 64,
	})
	assert.Equal(t, StateWaitCallReply, s.State())

	reply := &OutgoingCallReply{CallID: theirID, PeerCallID: ourID, Result: 1, Window: 16384, ConnectSpeed: 64000}
	events := s.receive(reply, EventConnected)
	assert.Equal(t, reply, events[0].Message)
	assert.Equal(t, StateConnected, s.State())
	s.expectSent(&SetLinkInfo{PeerCallID: theirID, SendACCM: 0xFFFFFFFF, ReceiveACCM: 0xFFFFFFFF})

	s.Clear(s.now)
	s.Clear(s.now)
	s.expectSent(&CallClearRequest{CallID: ourID})
	events = s.receive(&CallDisconnectNotify{CallID: theirID, Result: 4}, EventDisconnected)
	assert.EqualError(t, events[0].Err, "CDN: request")
	assert.Equal(t, StateStarted, s.State())

	s.Stop(s.now, StopReasonNone)
	s.Stop(s.now, StopReasonNone)
	s.expectSent(&StopRequest{Reason: 1})
	assert.Equal(t, StateStopping, s.State())
	events = s.receive(&StopReply{Result: 1}, EventStopReply)
	assert.NoError(t, events[0].Err)
	assert.Equal(t, StateStopped, s.State())

	s.Stop(s.now, 1)
	s.Clear(s.now)
	s.Echo(s.now)
	s.receive(&EchoRequest{1})
	s.expectSent()
	assert.Equal(t, Stats{Sent: 5, Received: 4}, s.Stats())
}

func TestClientOneCallPerConnection(t *testing.T) {
	s := in(t, StateConnected, ClientConfig{})
	require.ErrorIs(t, s.Call(s.now), ErrSecondCall)
	s.receive(&CallDisconnectNotify{CallID: theirID}, EventDisconnected)
	require.ErrorIs(t, s.Call(s.now), ErrSecondCall, "NAT helpers can not tell a second call")
	s.expectSent()
}

func TestClientLongNamesAreCutTo63(t *testing.T) {
	s := newSession(t, ClientConfig{HostName: strings.Repeat("h", 100), Vendor: strings.Repeat("v", 64)})
	s.Start(s.now)
	b := s.NextMessage()
	assert.Equal(t, []byte{'h', 0}, b[28+62:28+64])
	assert.Equal(t, []byte{'v', 0}, b[92+62:92+64])
}

func TestClientSetLinkInfoOff(t *testing.T) {
	s := in(t, StateWaitCallReply, ClientConfig{})
	s.receive(&OutgoingCallReply{CallID: theirID, PeerCallID: ourID, Result: 1}, EventConnected)
	s.expectSent() // FLASHWAVE routers drop the server's packets after one
}

func TestClientStartReply(t *testing.T) {
	tests := []struct {
		name    string
		reply   StartReply
		refused string
	}{
		{"ok", StartReply{Version: 0x0100, Result: 1}, ""},
		{"result 0 means 1", StartReply{Version: 0x0100}, ""},
		{"poptop: framing and bearer byte-swapped", StartReply{Result: 1, Framing: 0x00010000, Bearer: 0x01000000}, ""},
		{"old poptop: framing and bearer 0", StartReply{Result: 1, Vendor: "MoretonBay"}, ""},
		{"names fill 64 bytes", StartReply{Result: 1, HostName: full, Vendor: full}, ""},
		{"windows: empty host name", StartReply{Result: 1, Vendor: "Microsoft"}, ""},
		{"error code without result 2 is bogus", StartReply{Result: 1, ErrorCode: 4}, ""},
		{"general error", StartReply{Result: 2, ErrorCode: 4}, "SCCRP: general error: no resource"},
		{"channel exists", StartReply{Result: 3, ErrorCode: 6}, "SCCRP: control channel already exists"},
		{"not authorized", StartReply{Result: 4}, "SCCRP: not authorized"},
		{"version", StartReply{Result: 5}, "SCCRP: protocol version not supported"},
		{"unknown result", StartReply{Result: 200}, "SCCRP: result 200"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := in(t, StateWaitStartReply, ClientConfig{})
			if tt.refused == "" {
				events := s.receive(&tt.reply, EventStarted)
				assert.NoError(t, events[0].Err)
				assert.Equal(t, StateStarted, s.State())
				return
			}
			events := s.receive(&tt.reply, EventStartRefused)
			assert.EqualError(t, events[0].Err, tt.refused)
			assert.Equal(t, StateStopped, s.State())
			s.Stop(s.now, 1)
			s.expectSent()
		})
	}
}

func TestClientCallReply(t *testing.T) {
	tests := []struct {
		name  string
		reply OutgoingCallReply
		kinds []EventKind
		err   string
	}{
		{"connected", OutgoingCallReply{CallID: 7, PeerCallID: ourID, Result: 1}, []EventKind{EventConnected}, ""},
		{"call id 0 from the server", OutgoingCallReply{PeerCallID: ourID, Result: 1}, []EventKind{EventConnected}, ""},
		{"cisco: window 16, speed 64000", OutgoingCallReply{PeerCallID: ourID, Result: 1, Window: 16, ConnectSpeed: 64000}, []EventKind{EventConnected}, ""},
		{"window 16384", OutgoingCallReply{PeerCallID: ourID, Result: 1, Window: 16384}, []EventKind{EventConnected}, ""},
		{"npppd: truncated connect speed", OutgoingCallReply{PeerCallID: ourID, Result: 1, ConnectSpeed: 0xE100}, []EventKind{EventConnected}, ""},
		{"peer call id translated one way", OutgoingCallReply{CallID: 7, PeerCallID: 99, Result: 1}, []EventKind{EventCallIDMismatch, EventConnected}, ""},
		{"busy", OutgoingCallReply{PeerCallID: ourID, Result: 4}, []EventKind{EventCallRefused}, "OCRP: busy"},
		{"refusal without ids is no mismatch", OutgoingCallReply{Result: 7}, []EventKind{EventCallRefused}, "OCRP: do not accept"},
		{"general error", OutgoingCallReply{PeerCallID: ourID, Result: 2, ErrorCode: 5}, []EventKind{EventCallRefused}, "OCRP: general error: bad call id"},
		{"error code without result 2 is bogus", OutgoingCallReply{PeerCallID: ourID, Result: 6, ErrorCode: 5}, []EventKind{EventCallRefused}, "OCRP: time-out"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := in(t, StateWaitCallReply, ClientConfig{})
			events := s.receive(&tt.reply, tt.kinds...)
			last := events[len(events)-1]
			if tt.err == "" {
				assert.NoError(t, last.Err)
				assert.Equal(t, StateConnected, s.State())
				return
			}
			assert.EqualError(t, last.Err, tt.err)
			assert.Equal(t, StateStarted, s.State())
			s.Clear(s.now)
			s.expectSent() // nothing to clear
			s.Stop(s.now, 1)
			s.expectSent(&StopRequest{1})
		})
	}
}

func TestClientAnyDisconnectIsOurs(t *testing.T) {
	tests := []struct {
		name      string
		id        uint16
		rewritten bool
	}{
		{"the server's id, by the rfc", theirID, false},
		{"accel-ppp: the client's id", ourID, false},
		{"old accel-ppp: the client's id byte-swapped", 0x3412, false},
		{"zero", 0, false},
		{"nat helper: any other id", 0xBEEF, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := in(t, StateConnected, ClientConfig{})
			kinds := []EventKind{EventDisconnected}
			if tt.rewritten {
				kinds = []EventKind{EventCallIDRewritten, EventDisconnected}
			}
			events := s.receive(&CallDisconnectNotify{CallID: tt.id, Result: 3}, kinds...)
			assert.EqualError(t, events[len(events)-1].Err, "CDN: admin shutdown")
			assert.Equal(t, StateStarted, s.State())
			s.receive(&CallDisconnectNotify{CallID: tt.id}, EventUnexpected)
		})
	}
}

func TestClientDisconnectBeforeCallReply(t *testing.T) {
	s := in(t, StateWaitCallReply, ClientConfig{})
	s.receive(&CallDisconnectNotify{CallID: 0xBEEF, Result: 2, ErrorCode: 4}, EventDisconnected)
	assert.Equal(t, StateStarted, s.State())
}

func TestClientClearCrossesCallReply(t *testing.T) {
	tests := []struct {
		name   string
		result uint8
		kinds  []EventKind
		state  State
	}{
		{"connected: disconnect follows", 1, nil, StateClearing},
		{"refused: no disconnect will come", 4, []EventKind{EventCallRefused}, StateStarted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := in(t, StateWaitCallReply, ClientConfig{SendLinkInfo: true})
			s.Clear(s.now)
			s.expectSent(&CallClearRequest{CallID: ourID})
			s.receive(&OutgoingCallReply{CallID: theirID, PeerCallID: ourID, Result: tt.result}, tt.kinds...)
			s.expectSent()
			assert.Equal(t, tt.state, s.State())
		})
	}
}

func TestClientTeardown(t *testing.T) {
	t.Run("stop request from the server is answered", func(t *testing.T) {
		for _, reason := range []uint8{0 /* accel-ppp */, 1, 2, 3} {
			for state := StateWaitStartReply; state <= StateStopping; state++ {
				s := in(t, state, ClientConfig{})
				events := s.receive(&StopRequest{reason}, EventStopRequested)
				assert.Equal(t, &StopRequest{reason}, events[0].Message)
				s.expectSent(&StopReply{Result: 1})
				assert.Equal(t, StateStopped, s.State())
			}
		}
	})
	t.Run("windows: disconnect result 0", func(t *testing.T) {
		s := in(t, StateClearing, ClientConfig{})
		s.receive(&CallDisconnectNotify{CallID: theirID}, EventDisconnected)
	})
	t.Run("stop without clear, as after an error", func(t *testing.T) {
		s := in(t, StateConnected, ClientConfig{})
		s.Stop(s.now, StopReasonShutdown)
		s.expectSent(&StopRequest{3})
		s.receive(&CallDisconnectNotify{CallID: theirID}, EventDisconnected)
		assert.Equal(t, StateStopping, s.State())
		events := s.receive(&StopReply{Result: 2, ErrorCode: 1}, EventStopReply)
		assert.EqualError(t, events[0].Err, "StopCCRP: general error: not connected")
	})
	t.Run("poptop: no answer to clear, stop is still sent", func(t *testing.T) {
		s := in(t, StateClearing, ClientConfig{})
		s.Stop(s.now, StopReasonNone)
		s.expectSent(&StopRequest{1})
	})
	t.Run("stop before start does nothing", func(t *testing.T) {
		s := newSession(t, ClientConfig{})
		s.Stop(s.now, 1)
		s.expectSent()
		assert.Equal(t, StateIdle, s.State())
	})
}
