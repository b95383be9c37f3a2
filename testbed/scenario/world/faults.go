package world

import "time"

// Fault is something that goes wrong, and what an operator who knows would call it.
type Fault struct {
	Cause string
	Says  string // what it is this time
	// Gateways are those that it hits.
	Gateways []*Gateway
	Start    func()
	Each     func(since time.Duration) // step of it; nil: nothing more happens
	End      func()
	// Once: it happens at its start, and is then over, but for what is remembered of it.
	Once bool
}

// fault is how a kind of fault is drawn: it makes up its mind about the gateway, and says what to do.
type fault struct {
	cause string
	draw  func(*World, *Gateway) Fault
}

// Causes lists what can be drawn, in the order of the table of causes.
func Causes() []string {
	var out []string
	for _, f := range faults {
		out = append(out, f.cause)
	}
	return out
}

// Draw makes a fault of the first gateway, or of what it shares with others.
func (w *World) Draw(cause string) Fault { return w.DrawFor(cause, w.Gateways[0]) }

// DrawFor makes a fault of a gateway.
func (w *World) DrawFor(cause string, g *Gateway) Fault {
	for _, f := range faults {
		if f.cause == cause {
			out := f.draw(w, g)
			out.Cause = cause
			if out.Gateways == nil {
				out.Gateways = []*Gateway{g}
			}
			return out
		}
	}
	panic("no such fault: " + cause)
}

// set is a fault that changes one thing, and changes it back.
func set[T any](says string, at *T, value T) Fault {
	var before T
	return Fault{Says: says, Start: func() { before, *at = *at, value }, End: func() { *at = before }}
}

// also adds to what a fault does.
func (f Fault) also(start, end func()) Fault {
	s, e := f.Start, f.End
	f.Start = func() { s(); start() }
	f.End = func() { e(); end() }
	return f
}

// one draws one of several.
func one[T any](w *World, of ...T) T { return of[w.Rand.IntN(len(of))] }

func nothing() {}

var faults = []fault{
	{"gateway_unreachable", func(w *World, g *Gateway) Fault {
		switch w.Rand.IntN(5) {
		case 0:
			return set("power fails", &g.Off, true).also(nothing, func() { w.Boot(g) })
		case 1:
			return set("a filter drops what is for the gateway, and management has a way of its own", &g.Door,
				Path{Control: Dropped, ToGateway: Dropped})
		case 2:
			return set("a router has no route", &g.Door, Path{Control: Rejected, ToGateway: Dropped, ToCaller: Dropped}).
				also(func() { g.Cut = w.chance(0.5) }, func() { g.Cut = false })
		}
		return set("the uplink fails", &g.Cut, true)
	}},
	{"upstream_path_or_vantage", func(w *World, _ *Gateway) Fault {
		v := w.Vantages[w.Rand.IntN(len(w.Vantages))]
		way := one(w, Path{Control: Dropped, ToGateway: Dropped}, Path{Control: Rejected, ToGateway: Dropped}, Path{ToGateway: Dropped, ToCaller: Dropped})
		f := set("the network of the vantage "+v.Name, &v.Out, way)
		f.Gateways = w.Gateways
		return f
	}},
	{"control_port_down", func(w *World, g *Gateway) Fault {
		switch w.Rand.IntN(4) {
		case 0:
			return set("a filter resets connections", &g.Door.Control, Reset)
		case 1:
			return set("the daemon does not come back: the port is taken", &g.Daemon, Dead).also(func() {
				g.line(Line{At: w.Now, Event: "daemon_stop"})
				g.line(Line{At: w.Now.Add(time.Second), Event: "listen_fail", Errno: "EADDRINUSE"})
			}, func() { w.Restart(g, false) })
		}
		return set("the daemon dies", &g.Daemon, Dead).also(nothing, func() { w.Restart(g, false) })
	}},
	{"control_plane_hung", func(_ *World, g *Gateway) Fault {
		return set("the daemon hangs", &g.Daemon, Stopped)
	}},
	{"control_rejected", func(w *World, g *Gateway) Fault {
		r := one(w, Closes, Closes, NotAuthorized, OtherService)
		return set([...]string{"", "limits", "not authorized", "another service"}[r], &g.Refusal, r)
	}},
	{"call_rejected_capacity", func(w *World, g *Gateway) Fault {
		g.Software = one(w, Poptop, MPD)
		return set("calls that nobody uses take all slots", &g.Squatters, g.Slots)
	}},
	{"gre_blackhole_bidirectional", func(w *World, g *Gateway) Fault {
		return set("protocol 47 dropped both ways", &g.Door, Path{ToGateway: Dropped, ToCaller: Dropped, BehindExporter: w.chance(0.1)})
	}},
	{"gre_blackhole_server_to_client", func(w *World, g *Gateway) Fault {
		return set("protocol 47 dropped on the way out", &g.Door, Path{ToCaller: Dropped, BehindExporter: w.chance(0.7)})
	}},
	{"gre_blackhole_client_to_server", func(w *World, g *Gateway) Fault {
		return set("protocol 47 dropped on the way in", &g.Door, Path{ToGateway: Dropped, BehindExporter: w.chance(0.3)})
	}},
	{"gre_rejected_icmp", func(w *World, g *Gateway) Fault {
		return set("protocol 47 rejected", &g.Door, Path{ToGateway: Rejected, Prohibited: w.chance(0.5), BehindExporter: w.chance(0.5)})
	}},
	{"gre_init_failure", func(w *World, g *Gateway) Fault {
		g.Software = one(w, Poptop, Accel)
		return set("no GRE socket", &g.NoGRE, true)
	}},
	{"mtu_black_hole", func(w *World, g *Gateway) Fault {
		return set("large packets are lost", &g.Door, Path{LargeLost: true, TooBigIsTold: g.Software == Poptop && w.chance(0.2)})
	}},
	{"lcp_negotiation_failure", func(w *World, g *Gateway) Fault {
		l := one(w, Insists, Naks, Loops, Mute)
		return set([...]string{"", "another authentication", "naks", "loops", "pppd hangs"}[l], &g.LCP, l)
	}},
	{"auth_backend_down", func(w *World, g *Gateway) Fault {
		f := set("the RADIUS server is down", &g.Server.Down, true)
		f.Gateways = w.Gateways
		return f.also(func() { g.Server.ICMP = w.chance(0.3) }, func() { g.Server.ICMP = false })
	}},
	{"auth_backend_slow", func(w *World, g *Gateway) Fault {
		f := set("the RADIUS server is slow", &g.Server.Delay, w.between(2*time.Second, 5*time.Second))
		f.Gateways = w.Gateways
		return f.also(func() { g.Server.Overloaded = w.chance(0.6) }, func() { g.Server.Overloaded = false })
	}},
	{"radius_secret_or_message_authenticator", func(w *World, g *Gateway) Fault {
		f := set("the server demands a Message-Authenticator", &g.Server.Demands, true)
		if w.chance(0.5) {
			f = set("the secret was changed at the server", &g.Server.Secret, true)
		}
		f.Gateways = w.Gateways
		return f
	}},
	{"auth_rejects_surge", func(w *World, g *Gateway) Fault {
		if w.chance(0.4) {
			f := set("the directory's policy bars everybody", &g.Server.PolicyBars, true)
			f.Gateways = w.Gateways
			return f.also(func() { w.Drop(g, 0.3, "Session-Timeout") }, nothing)
		}
		n := 4 + w.Rand.IntN(12)
		before := len(g.Clients)
		return Fault{Says: "somebody guesses passwords", Start: func() {
			for i := range n {
				c := *g.Clients[0]
				c.Addr, c.Guesser, c.Up, c.next = c.Addr.Next(), true, false, w.Now
				for range 100 + i {
					c.Addr = c.Addr.Next()
				}
				g.Clients = append(g.Clients, &c)
			}
		}, End: func() { g.Clients = g.Clients[:before] }}
	}},
	{"synthetic_credential_invalid", func(w *World, g *Gateway) Fault {
		f := set("the probe's account is locked", &g.Server.ProbeBars, true)
		f.Gateways = w.Gateways
		return f
	}},
	{"mppe_negotiation_failure", func(w *World, g *Gateway) Fault {
		if w.chance(0.5) {
			f := set("RADIUS gives no MPPE keys", &g.Server.NoKeys, true)
			f.Gateways = w.Gateways
			return f
		}
		return set("no kernel module for MPPE", &g.MPPE, NoModule)
	}},
	{"mppe_key_mismatch", func(_ *World, g *Gateway) Fault {
		return set("wrong MPPE keys", &g.MPPE, WrongKeys)
	}},
	{"ip_pool_exhausted", func(w *World, g *Gateway) Fault {
		g.Software = one(w, Accel, MPD)
		return set("ghosts hold all addresses", &g.GhostIPs, g.Pool)
	}},
	{"ipcp_failure", func(w *World, g *Gateway) Fault {
		i := one(w, NoNetwork, Insisting, Unresponsive)
		return set([...]string{"", "no network protocol", "insists on an address", "waits for a script"}[i], &g.IPCP, i)
	}},
	{"data_plane_loss", func(w *World, g *Gateway) Fault {
		loss := one(w, 1, 1, 0.2+0.5*w.Rand.Float64())
		return set("packets are lost behind the tunnel", &g.Forwarding, loss).
			also(func() { g.Errors = one(w, 0, loss) }, func() { g.Errors = 0 })
	}},
	{"mass_disconnect", func(w *World, g *Gateway) Fault {
		return Fault{Says: "the access network fails for a moment", Once: true, End: nothing, Start: func() {
			w.Drop(g, 0.6+0.4*w.Rand.Float64(), "Lost-Carrier")
		}}
	}},
	{"daemon_restart_or_crash", func(w *World, g *Gateway) Fault {
		loop := w.chance(0.3)
		f := Fault{Says: "the daemon is started anew", Once: true, End: nothing}
		f.Start = func() { w.Restart(g, !loop && w.chance(0.5)) }
		switch {
		case loop:
			f.Says = "the daemon crashes again and again"
			f.Each = func(since time.Duration) {
				if since > 0 && since%(2*time.Minute) == 0 {
					w.Restart(g, false)
				}
			}
		case w.chance(0.3):
			f.Says = "the host boots"
			f.Start = func() { w.Boot(g) }
		}
		return f
	}},
	{"gateway_overload", func(w *World, g *Gateway) Fault {
		return set("too much load", &g.CPU, 0.96+0.04*w.Rand.Float64()).also(func() {
			g.Slow, g.ForkFails = w.between(1500*time.Millisecond, 4*time.Second), g.Software == Poptop && w.chance(0.2)
		}, func() { g.Slow, g.ForkFails = 0, false })
	}},
	{"session_flapping_clients", func(w *World, g *Gateway) Fault {
		n := 1 + w.Rand.IntN(3)
		turn := func(on bool) func() {
			return func() {
				for _, c := range g.Clients[:n] {
					c.Restless = on
					c.until, c.next = w.Now, w.Now
				}
			}
		}
		return Fault{Says: "clients come and go", Start: turn(true), End: turn(false)}
	}},
	{"accounting_anomaly", func(w *World, g *Gateway) Fault {
		if w.chance(0.5) {
			return set("accounting records go astray", &g.AcctMixed, 0.4+0.5*w.Rand.Float64())
		}
		return set("the accounting server does not answer", &g.AcctGone, true).
			also(func() { g.KillsAcct = w.chance(0.5) }, func() { g.KillsAcct = false })
	}},
	{"telemetry_gap", func(w *World, _ *Gateway) Fault {
		f := set("nothing reports", &w.Blind, true)
		f.Gateways = w.Gateways
		return f
	}},
	{"config_error", func(w *World, g *Gateway) Fault {
		g.Software = Poptop
		return set("an option that pppd does not know", &g.BadOption, true).also(func() {
			if w.chance(0.7) {
				g.line(Line{At: w.Now, Event: "config_changed"})
			}
		}, nothing)
	}},
	{"client_side", func(w *World, g *Gateway) Fault {
		n := 1 + w.Rand.IntN(2)
		kind := w.Rand.IntN(3)
		turn := func(broken bool) func() {
			return func() {
				for _, c := range g.Clients[:n] {
					c.Own, c.Password = Path{}, true
					if broken {
						switch kind {
						case 0:
							c.Own.CallerHasNoUse = true
						case 1:
							c.Password = false
						default:
							c.Own.ToCaller = Dropped
						}
						w.lose(c)
						c.next = w.Now
						if kind != 1 && n > 1 {
							break // two with the same broken router would be a pattern
						}
					}
				}
			}
		}
		return Fault{Says: "a client's " + [...]string{"router has no use for GRE", "password is wrong", "router drops GRE"}[kind], Start: turn(true), End: turn(false)}
	}},
}
