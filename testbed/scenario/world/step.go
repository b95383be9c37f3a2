package world

import (
	"fmt"
	"time"
)

// Step goes on by one: what was seen before is forgotten, sessions end and begin.
func (w *World) Step() {
	w.Now = w.Now.Add(Step)
	for _, g := range w.Gateways {
		g.Seen = Seen{Lines: g.Seen.Lines[:0], Packets: g.Seen.Packets[:0], Stops: g.Seen.Stops[:0]}
	}
	for _, do := range w.agenda {
		do()
	}
	w.agenda = w.agenda[:0]
	for _, g := range w.Gateways {
		if g.accepts() {
			g.Backlog = 0
		}
		for _, c := range g.Clients {
			w.client(g, c)
		}
		g.Seen.Up = g.up()
	}
}

// Do has something happen at the beginning of the next step.
func (w *World) Do(what func()) { w.agenda = append(w.agenda, what) }

// client is a step of one client.
func (w *World) client(g *Gateway, c *Client) {
	if c.Up {
		w.session(g, c)
		return
	}
	if w.Now.Before(c.next) || g.DialDown > 0 && !w.chance(g.DialDown) {
		return
	}
	port := uint16(20000 + w.Rand.IntN(40000))
	way := c.Own
	password, user := c.Password, c.User
	if c.Guesser {
		password, user = false, fmt.Sprintf("name%d", w.Rand.IntN(1000))
	}
	out := w.Call(g, &Caller{
		Addr: c.Addr, User: user, Way: way, Password: password,
		Patience: 35 * time.Second, AuthPatience: 30 * time.Second,
	})
	if out.Error != "" {
		c.next = w.Now.Add(w.between(20*time.Second, 2*time.Minute)) // people try again
		if c.Guesser {
			c.next = w.Now.Add(w.between(2*time.Second, 10*time.Second))
		}
		return
	}
	c.Up, c.Begun, c.port, c.traded = true, w.Now, port, false
	c.until = w.Now.Add(w.between(2*time.Minute, time.Hour))
	if c.Restless {
		c.until = w.Now.Add(w.between(10*time.Second, 40*time.Second))
	}
	if g.Server != nil {
		g.Seen.Starts++
		if g.AcctGone {
			w.acctFails(g, c)
		}
	}
}

// acctFails: the start of a session cannot be accounted, and accel-ppp ends it for that.
func (w *World) acctFails(g *Gateway, c *Client) {
	event := "radius_acct_fail"
	if g.Software == Accel && g.KillsAcct {
		event = "radius_acct_kill"
		c.until = w.Now.Add(20 * time.Second)
	}
	g.line(Line{At: w.Now, Event: event, User: c.User, Peer: c.Addr.String()})
}

func (g *Gateway) line(l Line) { g.Seen.Lines = append(g.Seen.Lines, l) }

// session is a step of a session that is up.
func (w *World) session(g *Gateway, c *Client) {
	way := join(c.Own, g.Door)
	switch {
	case g.Off, g.Cut, g.Daemon == Dead && g.Software != Poptop: // gone, and nobody is left to tell
		w.lose(c)
		return
	case w.Now.After(c.until):
		w.finish(g, c, c.cause(), "User-Request")
		return
	case way.ToCaller != Passes || way.ToGateway != Passes:
		if w.Now.Sub(c.Begun) > 0 && w.chance(0.12) { // LCP echoes go unanswered for one to two minutes
			w.finish(g, c, "echo_timeout", "Lost-Carrier")
			return
		}
	case way.Control != Passes && w.chance(0.08): // echoes of the control connection do
		w.finish(g, c, "control_timeout", "Lost-Carrier")
		return
	}
	w.traffic(g, c, way)
}

func (c *Client) cause() string {
	if c.Restless {
		return "hangup"
	}
	return "user_request"
}

// traffic is what a session carries in a step.
func (w *World) traffic(g *Gateway, c *Client, way Path) {
	n := 1 + w.Rand.IntN(60)
	p := Packets{Client: c.Addr, GRE: true, To: n, From: n}
	if way.ToGateway != Passes && !way.BehindExporter {
		p.To = 0
	}
	if way.ToCaller != Passes && way.BehindExporter {
		p.From = 0
	}
	if g.Forwarding > 0.9 {
		p.From = min(p.From, 1)
	} else {
		c.traded = true
	}
	g.Seen.Packets = append(g.Seen.Packets, p)
	if w.Rand.IntN(6) == 0 && way.Control == Passes {
		g.Seen.Packets = append(g.Seen.Packets, Packets{Client: c.Addr, Port: c.port, To: 2, From: 2})
	}
}

// finish ends a session in the order that the gateway keeps.
func (w *World) finish(g *Gateway, c *Client, cause, account string) {
	lasted := w.Now.Sub(c.Begun)
	l := Line{At: w.Now, Event: "session_closed", Peer: c.Addr.String(), User: c.User, Lasts: lasted, Cause: cause, Sent: 100_000, Recv: 50_000}
	if !c.traded {
		l.Recv = 0
	}
	l.Error = map[string]string{
		"echo_timeout": "lcp.echo_timeout", "control_timeout": "control.echo_timeout", "session_timeout": "hold.session_timeout",
	}[cause]
	g.line(l)
	if g.Server != nil && !g.AcctGone {
		g.Seen.Stops = append(g.Seen.Stops, Stop{Cause: account, Session: lasted, Astray: w.chance(g.AcctMixed)})
	}
	g.Seen.Packets = append(g.Seen.Packets, Packets{Client: c.Addr, Port: c.port, To: 3, From: 3, Fin: true})
	w.lose(c)
}

// lose ends a session without a word.
func (w *World) lose(c *Client) {
	c.Up = false
	c.next = w.Now.Add(w.between(20*time.Second, 5*time.Minute))
	if c.Restless {
		c.next = w.Now.Add(w.between(time.Second, 20*time.Second))
	}
}

// Drop ends a share of the sessions as if their line had failed.
func (w *World) Drop(g *Gateway, share float64, account string) {
	for _, c := range g.Clients {
		if c.Up && w.chance(share) {
			w.finish(g, c, "hangup", account)
		}
	}
}

// Restart ends the daemon and starts it again, at once. poptop's sessions are processes of their own and go on.
func (w *World) Restart(g *Gateway, orderly bool) {
	if orderly {
		g.line(Line{At: w.Now, Event: "daemon_stop"})
	}
	if g.Software != Poptop {
		for _, c := range g.Clients {
			switch {
			case !c.Up:
			case orderly:
				w.finish(g, c, "signal_exit", "Admin-Reset")
			default:
				w.lose(c)
			}
		}
	}
	g.Started, g.Backlog = w.Now, 0
	g.line(Line{At: w.Now.Add(time.Second), Event: "daemon_start"})
}

// Boot is what happens when the host comes back.
func (w *World) Boot(g *Gateway) {
	for _, c := range g.Clients {
		if c.Up {
			w.lose(c)
		}
	}
	g.Booted = w.Now
	w.Restart(g, false)
}

// Scan is somebody who looks what listens on the port.
func (w *World) Scan(g *Gateway) {
	if g.Software == Poptop && g.Daemon == Running {
		g.line(Line{At: w.Now, Event: one(w, "control_garbage", "control_dropped_slow")})
	}
}

// Reload has the daemon read its configuration again.
func (w *World) Reload(g *Gateway) { g.line(Line{At: w.Now, Event: "config_changed"}) }

// Expire ends a share of the sessions, whose time is over.
func (w *World) Expire(g *Gateway, share float64) {
	for _, c := range g.Clients {
		if c.Up && w.chance(share) {
			w.finish(g, c, "session_timeout", "Session-Timeout")
		}
	}
}
