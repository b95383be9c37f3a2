package control

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClientLinkInfoFromServerAtAnyTime(t *testing.T) {
	for state := StateWaitStartReply; state <= StateStopping; state++ {
		s := in(t, state, ClientConfig{})
		s.receive(&SetLinkInfo{PeerCallID: 5, SendACCM: 0}, EventLinkInfo)
		s.receive(&WANErrorNotify{CRCErrors: 1}, EventWANError)
		s.expectSent()
		assert.Equal(t, state, s.State())
	}
}

func TestClientUnexpectedMessagesAreTolerated(t *testing.T) {
	messages := []struct {
		m      Message
		except []State // where it is not unexpected
		answer Message
	}{
		{&StartRequest{}, nil, nil},
		{&StartReply{Result: 1}, []State{StateWaitStartReply}, nil},
		{&StopReply{Result: 1}, []State{StateStopping}, nil},
		{&EchoReply{Identifier: 1, Result: 1}, nil, nil},
		{&OutgoingCallRequest{CallID: 8}, nil, &OutgoingCallReply{PeerCallID: 8, Result: 7}},
		{&OutgoingCallReply{Result: 1}, []State{StateWaitCallReply}, nil},
		{&IncomingCallRequest{CallID: 8}, nil, &IncomingCallReply{PeerCallID: 8, Result: 3}},
		{&IncomingCallReply{}, nil, nil},
		{&IncomingCallConnected{}, nil, nil},
		{&CallClearRequest{CallID: ourID}, nil, nil},
		{&CallDisconnectNotify{}, []State{StateWaitCallReply, StateConnected, StateClearing, StateStopping}, nil},
		{&Unknown{MsgType: 16, Data: []byte{}}, nil, nil},
	}
	for _, tt := range messages {
		for state := StateIdle; state <= StateStopping; state++ {
			t.Run(tt.m.Type().String()+" in "+state.String(), func(t *testing.T) {
				for _, e := range tt.except {
					if e == state {
						return
					}
				}
				s := in(t, state, ClientConfig{})
				events := s.receive(tt.m, EventUnexpected)
				assert.Equal(t, tt.m, events[0].Message)
				assert.Equal(t, state, s.State())
				assert.EqualValues(t, 1, s.Stats().Unexpected)
				if tt.answer != nil && s.established() {
					s.expectSent(tt.answer)
				}
				s.expectSent()
			})
		}
	}
}

func TestClientShortMessageIsIgnored(t *testing.T) {
	s := in(t, StateWaitStartReply, ClientConfig{})
	b := StartReply{Result: 1}.AppendTo(nil)[:100]
	be.PutUint16(b, 100)
	s.Receive(s.now, b)
	events := s.expectEvents(EventUnexpected)
	require.ErrorIs(t, events[0].Err, ErrShort)
	s.receive(&StartReply{Result: 1}, EventStarted)
}

func TestClientBadMagicIsFatal(t *testing.T) {
	s := in(t, StateConnected, ClientConfig{})
	s.Receive(s.now, append(EchoRequest{1}.AppendTo(nil), "HTTP/1.1 400 Bad Request"...))
	events := s.expectEvents(EventMalformed)
	require.ErrorIs(t, events[0].Err, ErrBadMagic)
	assert.Equal(t, StateStopped, s.State())
	s.receive(&EchoRequest{1})
	s.expectSent(&EchoReply{Identifier: 1, Result: 1})
}

func TestClientStreamInSingleBytes(t *testing.T) {
	s := in(t, StateWaitStartReply, ClientConfig{})
	for _, b := range (StartReply{Result: 1}).AppendTo(nil) {
		assert.Equal(t, StateWaitStartReply, s.State())
		s.Receive(s.now, []byte{b})
	}
	s.expectEvents(EventStarted)
}

func TestClientFloodIsBounded(t *testing.T) {
	s := in(t, StateConnected, ClientConfig{})
	var flood []byte
	for range 10_000 {
		flood = EchoRequest{1}.AppendTo(flood)
		flood = SetLinkInfo{}.AppendTo(flood)
	}
	s.Receive(s.now, flood)
	assert.LessOrEqual(t, len(s.out), maxQueuedBytes+MaxMessageLen)
	assert.Len(t, s.events, maxQueuedEvents)
	assert.NotZero(t, s.Stats().Dropped)
	assert.LessOrEqual(t, cap(s.decoder.buf), 4*maxAcceptedLen)
	s.drop()
	s.receive(&CallDisconnectNotify{}, EventDisconnected)
}

func TestClientMessageStaysValidUntilTheNext(t *testing.T) {
	s := newSession(t, ClientConfig{})
	s.Start(s.now)
	first := s.NextMessage()
	want := string(first)
	s.receive(&EchoRequest{1})
	s.receive(&EchoRequest{2})
	assert.Equal(t, want, string(first))
	s.expectSent(&EchoReply{Identifier: 1, Result: 1}, &EchoReply{Identifier: 2, Result: 1})
}

func TestClientEcho(t *testing.T) {
	t.Run("request from the server is answered at once", func(t *testing.T) {
		for state := StateWaitStartReply; state <= StateStopping; state++ {
			s := in(t, state, ClientConfig{})
			s.receive(&EchoRequest{0xCAFE})
			s.expectSent(&EchoReply{Identifier: 0xCAFE, Result: 1})
		}
	})
	t.Run("sent after 60 s of silence, lost after another 60 s", func(t *testing.T) {
		s := in(t, StateConnected, ClientConfig{})
		s.pass(30 * time.Second)
		s.receive(&SetLinkInfo{}, EventLinkInfo) // anything breaks the silence
		assert.Equal(t, s.now.Add(time.Minute), s.Deadline())
		s.pass(time.Minute - 1)
		s.Tick(s.now)
		s.expectSent()
		s.pass(1)
		s.Tick(s.now)
		s.expectSent(&EchoRequest{1})
		assert.Equal(t, s.now.Add(time.Minute), s.Deadline())
		s.pass(time.Minute - 1)
		s.Tick(s.now)
		s.expectEvents()
		s.pass(1)
		s.Tick(s.now)
		s.expectEvents(EventEchoTimeout)
		assert.Equal(t, StateConnected, s.State(), "clear and stop are still worth a try")
		assert.Equal(t, s.now.Add(time.Minute), s.Deadline())
	})
	t.Run("on demand, with its round-trip time", func(t *testing.T) {
		s := in(t, StateStarted, ClientConfig{EchoInterval: -1, EchoTimeout: time.Second})
		assert.Zero(t, s.Deadline())
		s.Tick(s.now.Add(time.Hour))
		s.Echo(s.now)
		s.Echo(s.now) // one at a time
		s.expectSent(&EchoRequest{1})
		s.pass(20 * time.Millisecond)
		s.receive(&EchoReply{Identifier: 7, Result: 1}, EventUnexpected)
		events := s.receive(&EchoReply{Identifier: 1, Result: 1}, EventEchoReply)
		assert.Equal(t, 20*time.Millisecond, events[0].RTT)
		assert.NoError(t, events[0].Err)
		s.Echo(s.now)
		s.expectSent(&EchoRequest{2})
		events = s.receive(&EchoReply{Identifier: 2, Result: 2, ErrorCode: 1}, EventEchoReply)
		assert.EqualError(t, events[0].Err, "Echo-Reply: general error: not connected")
	})
	t.Run("not before the start reply", func(t *testing.T) {
		s := in(t, StateWaitStartReply, ClientConfig{})
		s.Echo(s.now)
		s.Tick(s.now.Add(time.Hour))
		s.expectSent()
	})
}
