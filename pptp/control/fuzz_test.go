package control

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func FuzzParse(f *testing.F) {
	for _, s := range samples {
		f.Add(s.message.AppendTo(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			var pe *ParseError
			require.ErrorAs(t, err, &pe)
			return
		}
		again, err := Parse(m.AppendTo(nil))
		require.NoError(t, err)
		if !reflect.DeepEqual(m, again) {
			t.Fatalf("%+v became %+v", m, again)
		}
	})
}

func FuzzDecoder(f *testing.F) {
	for _, s := range samples {
		f.Add(s.message.AppendTo([]byte{}), uint8(7))
	}
	f.Fuzz(func(t *testing.T, b []byte, size uint8) {
		whole, wholeErr := decodeAll(t, b, len(b))
		pieces, piecesErr := decodeAll(t, b, int(size)+1)
		if !reflect.DeepEqual(whole, pieces) {
			t.Fatalf("chunking changes the messages: %v, %v", whole, pieces)
		}
		if len(b) <= maxBuffered && (wholeErr == nil) != (piecesErr == nil) {
			t.Fatalf("chunking changes the error: %v, %v", wholeErr, piecesErr)
		}
	})
}

// decodeAll returns the messages of b, fed in chunks, and the fatal error.
func decodeAll(t *testing.T, b []byte, size int) (messages []Message, fatalErr error) {
	var d Decoder
	for len(b) > 0 {
		n := min(size, len(b))
		d.Feed(b[:n])
		b = b[n:]
		for {
			m, err := d.Next()
			if m != nil {
				messages = append(messages, m)
				continue
			}
			if err == nil {
				break
			}
			if fatal(err) {
				return messages, err
			}
		}
		if left := len(d.buf) - d.head; left >= maxAcceptedLen {
			t.Fatalf("%d bytes kept after draining", left)
		}
		if cap(d.buf) > 4*maxBuffered {
			t.Fatalf("buffer grew to %d", cap(d.buf))
		}
	}
	return messages, nil
}

func FuzzClient(f *testing.F) {
	var stream []byte
	stream = StartReply{Result: 1}.AppendTo(stream)
	f.Add(stream, uint8(3))
	stream = OutgoingCallReply{CallID: 1, PeerCallID: ourID, Result: 1}.AppendTo(stream)
	stream = SetLinkInfo{PeerCallID: ourID}.AppendTo(stream)
	f.Add(stream, uint8(50))
	stream = CallDisconnectNotify{CallID: 1, Result: 4}.AppendTo(stream)
	f.Add(StopRequest{1}.AppendTo(stream), uint8(255))
	f.Fuzz(func(t *testing.T, b []byte, size uint8) {
		c := NewClient(ClientConfig{CallID: ourID, SendLinkInfo: true})
		now := t0
		c.Start(now)
		for len(b) > 0 {
			n := min(int(size)+1, len(b))
			before := c.State()
			c.Receive(now, b[:n])
			b = b[n:]
			checkOutput(t, c, n)
			if before == StateStopped && c.State() != StateStopped {
				t.Fatal("left the stopped state")
			}
			if c.State() == StateStarted && !c.called {
				if err := c.Call(now); err != nil {
					t.Fatal(err)
				}
			}
			now = now.Add(time.Second)
			c.Tick(now)
		}
		c.Clear(now)
		c.Stop(now, StopReasonNone)
		checkOutput(t, c, 0)
	})
}

// checkOutput drains the client and fails if n received bytes caused more than
// they may: each message has 12 bytes at least and causes 2 events and a reply at most.
func checkOutput(t *testing.T, c *Client, n int) {
	messages, events := 0, 0
	for b := c.NextMessage(); b != nil; b = c.NextMessage() {
		if _, err := Parse(b); err != nil {
			t.Fatal(err)
		}
		messages++
	}
	for _, ok := c.NextEvent(); ok; _, ok = c.NextEvent() {
		events++
	}
	const carried = maxAcceptedLen // what earlier bytes may have left in the decoder
	limit := 3 + 2*(n+carried)/headerLen
	if messages > limit || events > limit {
		t.Fatalf("%d messages and %d events from %d bytes", messages, events, n)
	}
}
