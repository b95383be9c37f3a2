package ppp

import "time"

// Policy says what an Automaton asks for and what it grants. Its methods are called from within the automaton's and
// must not call back into it. Option data passed in alias the received packet.
type Policy interface {
	// Request returns the options of the next Configure-Request.
	Request() []Option
	// Judge answers the peer's request: ConfAck (the reply is ignored: a Configure-Ack repeats the request), or
	// ConfNak or ConfRej with the options of the reply.
	Judge(req []Option) (code Code, reply []Option)
	// Ack, Nak and Reject report the peer's verdict on the last Request.
	Ack(opts []Option)
	Nak(opts []Option)
	Reject(opts []Option)
}

// Resetter is a Policy that wants to know when a negotiation begins anew, also because the peer reopened a layer
// that was up. Reset comes before the Judge or Request of the new negotiation.
type Resetter interface{ Reset() }

// Abandoner is a Policy that can find that negotiating on is useless. It is asked after each verdict, own or peer's;
// a non-empty reason makes the automaton emit Abandoned and close with that reason.
type Abandoner interface{ Abandon() (reason string) }

// AutomatonConfig configures an Automaton. Protocol and Policy are required.
type AutomatonConfig struct {
	Protocol         Protocol // LCP owns more codes than the NCPs; CCP has Reset
	Policy           Policy
	NextID           func() uint8    // ids of requests and rejects; nil: a counter of its own, from 1
	Restart          []time.Duration // restart timer by number of the transmission, the last one repeats; default 1 s, 1 s, 3 s
	MaxConfigure     int             // transmissions of a Configure-Request; default 10
	MaxTerminate     int             // transmissions of a Terminate-Request; default 3
	TerminateRestart time.Duration   // default 1 s
	MaxFailure       int             // Configure-Nak/Rej sent, or received, before NotConverging; default 10
	Passive          bool            // wait for the peer's first request instead of sending one, and again after a timeout
}

func (c *AutomatonConfig) setDefaults() {
	if len(c.Restart) == 0 {
		// The first request of a caller is often lost: the callee is not ready yet. Hence two quick ones.
		c.Restart = []time.Duration{time.Second, time.Second, 3 * time.Second}
	}
	if c.MaxConfigure <= 0 {
		c.MaxConfigure = 10
	}
	if c.MaxTerminate <= 0 {
		c.MaxTerminate = 3
	}
	if c.TerminateRestart <= 0 {
		c.TerminateRestart = time.Second
	}
	if c.MaxFailure <= 0 {
		c.MaxFailure = 10
	}
}
