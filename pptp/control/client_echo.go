package control

import "time"

// established tells whether the control connection is up and not being stopped:
// when keep-alives are due and calls may be asked for.
func (c *Client) established() bool {
	return c.state >= StateStarted && c.state <= StateClearing
}

// Echo queues an Echo-Request now; [EventEchoReply] has its round-trip time. It
// does nothing while one is outstanding or the connection is not up.
func (c *Client) Echo(now time.Time) {
	if c.echoing || !c.established() {
		return
	}
	c.echoID++
	c.echoing, c.echoSent = true, now
	c.send(EchoRequest{Identifier: c.echoID})
}

// Deadline returns when Tick is next wanted; the zero time if it is not.
func (c *Client) Deadline() time.Time {
	switch {
	case !c.established():
		return time.Time{}
	case c.echoing:
		return c.echoSent.Add(c.cfg.EchoTimeout)
	case c.cfg.EchoInterval < 0:
		return time.Time{}
	default:
		return c.lastHeard.Add(c.cfg.EchoInterval)
	}
}

// Tick does what is due: reports an unanswered echo, sends one when the server has
// been silent (RFC 2637 section 3.1.4). Only messages on the control connection
// count, since some peers do not count data either.
func (c *Client) Tick(now time.Time) {
	due := c.Deadline()
	if due.IsZero() || now.Before(due) {
		return
	}
	if !c.echoing {
		c.Echo(now)
		return
	}
	c.echoing = false
	c.lastHeard = now // the next echo, should the caller go on, is an interval away
	c.emitChatter(Event{Kind: EventEchoTimeout, At: now})
}

// echoReply takes the answer to our echo. One with another identifier is no proof
// that the peer is alive now.
func (c *Client) echoReply(now time.Time, m *EchoReply) {
	if !c.echoing || m.Identifier != c.echoID {
		c.unexpected(now, m)
		return
	}
	c.echoing = false
	c.emit(Event{
		Kind: EventEchoReply, At: now, Message: m, RTT: now.Sub(c.echoSent),
		Err: unlessOK(m, m.Result, m.ErrorCode),
	})
}
