package control

import (
	"errors"
	"fmt"
	"time"
)

// Defaults of a [ClientConfig].
const (
	defaultMinBPS = 300
	defaultMaxBPS = 100_000_000
	defaultWindow = 64
	defaultEcho   = 60 * time.Second // RFC 2637 section 3.1.4

	// maxName leaves room for a NUL in the 64-byte fields: servers treat them as C strings.
	maxName = nameLen - 1

	// Bounds on what may wait for the caller, so that a flood from the peer costs
	// no memory. Only what a peer can cause at will is ever dropped: answers to
	// its requests, and reports of its chatter.
	maxQueuedBytes  = 4 << 10
	maxQueuedEvents = 64

	// feedLen is how many bytes go to the decoder at a time, to keep it small.
	feedLen = 1024
)

// Errors of [Client.Call].
var (
	// ErrNotStarted: the server has not accepted the control connection (yet).
	ErrNotStarted = errors.New("control connection is not started")
	// ErrSecondCall: there has been a call in this connection. NAT helpers map the
	// call id to the TCP port, so a connection is good for one call only.
	ErrSecondCall = errors.New("control connection had its one call")
)

// ClientConfig is what a [Client] is to offer. Zero values mean the defaults.
type ClientConfig struct {
	HostName, Vendor string // at most 63 bytes each, more is cut off

	// CallID is the id of the call on our side, the key of the GRE packets to us.
	// It should be random, not zero, and not used again with the same server for
	// minutes: the server's kernel may still hold the old call.
	CallID, CallSerial uint16

	MinBPS, MaxBPS uint32 // bits per second; default 300 and 100,000,000
	Window         uint16 // packets; default 64

	// SendLinkInfo sends one Set-Link-Info (no character is escaped) after the
	// call is up, as Windows does. Some home routers drop the server's packets
	// after it, so it can be left out; no known server needs it.
	SendLinkInfo bool

	// EchoInterval is how long the server may be silent before it is sent an
	// Echo-Request; EchoTimeout how long it has to answer. Default 60 s each; a
	// negative EchoInterval means only [Client.Echo] sends one.
	EchoInterval, EchoTimeout time.Duration
}

// Stats counts what a [Client] did.
type Stats struct {
	Sent, Received uint64 // messages queued, messages decoded
	Unexpected     uint64 // messages out of order or too short
	Dropped        uint64 // answers and events left out because nobody fetched the ones before
}

// Client is the state machine of the calling side (PNS) of one control connection
// with one call. It is not safe for concurrent use, and never blocks.
//
// After each call of a method that takes the time, send what NextMessage returns,
// each message in a TCP write of its own; handle what NextEvent returns; and call
// Tick at Deadline. How long to wait for an answer to Start, Call, Clear and Stop
// is for the caller to decide.
type Client struct {
	cfg     ClientConfig
	state   State
	decoder Decoder

	out    []byte // messages back to back; each starts with its length
	taken  int    // bytes of out given to the caller
	events []Event
	stats  Stats

	called     bool // the one call has been made
	callLive   bool // and the server has not ended it
	replied    bool // and the server has answered it, with
	peerCallID uint16

	echoID    uint32
	echoing   bool // an Echo-Request is out, since
	echoSent  time.Time
	lastHeard time.Time
}

// NewClient returns a client in [StateIdle].
func NewClient(cfg ClientConfig) *Client {
	cfg.HostName = cfg.HostName[:min(len(cfg.HostName), maxName)]
	cfg.Vendor = cfg.Vendor[:min(len(cfg.Vendor), maxName)]
	setDefault(&cfg.MinBPS, defaultMinBPS)
	setDefault(&cfg.MaxBPS, defaultMaxBPS)
	setDefault(&cfg.Window, defaultWindow)
	setDefault(&cfg.EchoInterval, defaultEcho)
	setDefault(&cfg.EchoTimeout, defaultEcho)
	return &Client{cfg: cfg}
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// State returns the present state.
func (c *Client) State() State { return c.state }

// Stats returns the counters.
func (c *Client) Stats() Stats { return c.stats }

// Start queues the Start-Control-Connection-Request. It does nothing but in [StateIdle].
func (c *Client) Start(time.Time) {
	if c.state != StateIdle {
		return
	}
	// Channels and firmware zero, as Windows says: there is nothing to tell.
	c.send(StartRequest{
		Version: ProtocolVersion, Framing: FramingAny, Bearer: BearerAny,
		HostName: c.cfg.HostName, Vendor: c.cfg.Vendor,
	})
	c.state = StateWaitStartReply
}

// Call queues the Outgoing-Call-Request. The control connection must be started:
// servers refuse an earlier request, and connection tracking that has not seen
// the start reply will not let GRE pass. Errors: [ErrNotStarted], [ErrSecondCall].
func (c *Client) Call(time.Time) error {
	if c.called {
		return fmt.Errorf("pptp control: call in state %q: %w", c.state, ErrSecondCall)
	}
	if c.state != StateStarted {
		return fmt.Errorf("pptp control: call in state %q: %w", c.state, ErrNotStarted)
	}
	c.send(OutgoingCallRequest{
		CallID: c.cfg.CallID, CallSerial: c.cfg.CallSerial,
		MinBPS: c.cfg.MinBPS, MaxBPS: c.cfg.MaxBPS,
		BearerType: BearerAny, FramingType: FramingAny, Window: c.cfg.Window,
	})
	c.called, c.callLive = true, true
	c.state = StateWaitCallReply
	return nil
}

// Clear queues the Call-Clear-Request; [EventDisconnected] is the answer, if the
// server gives one: poptop closes the connection instead. It does nothing when
// there is no call.
func (c *Client) Clear(time.Time) {
	if c.state != StateWaitCallReply && c.state != StateConnected {
		return
	}
	// Our own id, unlike in Set-Link-Info (RFC 2637 section 2.12).
	c.send(CallClearRequest{CallID: c.cfg.CallID})
	c.state = StateClearing
}

// Stop queues the Stop-Control-Connection-Request; [EventStopReply] is the
// answer. It does nothing before Start, and when stopping or stopped.
func (c *Client) Stop(_ time.Time, reason uint8) {
	if c.state == StateIdle || c.state >= StateStopping {
		return
	}
	c.send(StopRequest{Reason: reason})
	c.state = StateStopping
}

// NextMessage returns the next message to send, in one TCP write, or nil. It is
// valid until the next call of NextMessage.
func (c *Client) NextMessage() []byte {
	c.out = c.out[:copy(c.out, c.out[c.taken:])]
	c.taken = 0
	if len(c.out) == 0 {
		return nil
	}
	c.taken = int(be.Uint16(c.out))
	return c.out[:c.taken:c.taken]
}

// NextEvent returns the next event, or false.
func (c *Client) NextEvent() (Event, bool) {
	if len(c.events) == 0 {
		return Event{}, false
	}
	e := c.events[0]
	c.events[0] = Event{}
	c.events = c.events[1:]
	return e, true
}

func (c *Client) send(m Message) {
	c.out = m.AppendTo(c.out)
	c.stats.Sent++
}

// answer sends what the peer asked for, unless it asks faster than we send.
func (c *Client) answer(m Message) {
	if len(c.out) >= maxQueuedBytes {
		c.stats.Dropped++
		return
	}
	c.send(m)
}

func (c *Client) emit(e Event) { c.events = append(c.events, e) }

// emitChatter is emit for events that the peer can cause as often as it likes.
func (c *Client) emitChatter(e Event) {
	if len(c.events) >= maxQueuedEvents {
		c.stats.Dropped++
		return
	}
	c.emit(e)
}
