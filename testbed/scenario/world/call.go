package world

import (
	"net/netip"
	"time"
)

// Caller is who calls, and how.
type Caller struct {
	Addr     netip.Addr
	User     string
	Way      Path
	Password bool // is right
	Probe    bool
	// Patience is how long the caller waits for LCP, and AuthPatience for the answer to
	// its credentials. Clients wait longer than probes.
	Patience, AuthPatience time.Duration
}

// Outcome is what the caller knows of a call.
type Outcome struct {
	Error    string // error.type, empty when the session is up
	Stage    string
	Took     time.Duration
	AuthTook time.Duration
	RTT      time.Duration
	Loss     float64 // of data, both ways
	Large    bool    // packets of full size come through
	GotGRE   bool
}

// call is one on its way.
type call struct {
	w   *World
	g   *Gateway
	c   *Caller
	way Path
	at  time.Time
	out Outcome
	p   Packets // of the tunnel
	tcp Packets // of the control connection
}

// Call goes through a call, and leaves its traces in what there was to see.
func (w *World) Call(g *Gateway, c *Caller) Outcome {
	k := call{w: w, g: g, c: c, way: join(c.Way, g.Door), at: w.Now}
	k.out.RTT = 10*time.Millisecond + 2*k.way.Delay
	port := uint16(20000 + w.Rand.IntN(40000))
	k.p = Packets{Client: c.Addr, GRE: true}
	k.tcp = Packets{Client: c.Addr, Port: port}
	for _, stage := range []struct {
		name string
		do   func(*call) string
	}{
		{"tcp", (*call).connect}, {"control", (*call).control}, {"call", (*call).place}, {"lcp", (*call).lcp},
		{"auth", (*call).auth}, {"mppe", (*call).mppe}, {"ipcp", (*call).ipcp}, {"app", (*call).data},
	} {
		if k.out.Error = stage.do(&k); k.out.Error != "" {
			k.out.Stage = stage.name
			break
		}
	}
	k.tcp.Fin = k.out.Error != "" || c.Probe
	k.show()
	return k.out
}

// show is what the exporter next to the gateway sees of it.
func (k *call) show() {
	see := &k.g.Seen.Packets
	if k.tcp.To+k.tcp.From > 0 {
		*see = append(*see, k.tcp)
	}
	if k.p.To+k.p.From > 0 {
		*see = append(*see, k.p)
	}
}

func (k *call) took(d time.Duration) { k.out.Took += d }

// log is a line of the gateway's log, at this point of the call.
func (k *call) log(event string, more ...func(*Line)) {
	l := Line{At: k.at.Add(k.out.Took), Event: event, Peer: k.c.Addr.String(), User: k.c.User}
	for _, f := range more {
		f(&l)
	}
	k.g.Seen.Lines = append(k.g.Seen.Lines, l)
}

// fails is the line of a session that did not come up: what its lines together tell of why.
func (k *call) fails(stage, cause, reason string) {
	k.log("session_failed", func(l *Line) { l.Stage, l.Error, l.Cause = stage, cause, reason })
}

func errno(text string) func(*Line) { return func(l *Line) { l.Errno = text } }

// lost says that n transmissions of a packet are all lost.
func (k *call) lost(n int) bool {
	p := 1.0
	for range n {
		p *= k.way.Loss
	}
	return k.w.chance(p)
}

func (k *call) connect() string {
	k.took(k.out.RTT)
	switch {
	case k.way.Control == Rejected:
		return "tcp.unreachable"
	case k.g.Off, k.g.Cut, k.way.Control == Dropped, k.lost(3):
		k.took(5 * time.Second)
		return "tcp.timeout"
	case k.g.Daemon == Dead, k.way.Control == Reset:
		k.tcp.To, k.tcp.From = 1, 1
		return "tcp.refused"
	case !k.g.accepts():
		if k.g.Backlog >= k.g.Software.backlog() { // the kernel drops the SYN
			k.took(5 * time.Second)
			k.tcp.To = 3
			return "tcp.timeout"
		}
		k.g.Backlog++
	case k.g.Refusal == Closes || k.g.Software == Accel && k.g.full():
		k.tcp.To, k.tcp.From = 3, 3
		if k.g.Refusal == Closes && k.w.chance(0.3) {
			k.log("control_limited")
		}
		return "tcp.closed_after_connect"
	}
	k.tcp.To, k.tcp.From = 3, 2
	return ""
}

// backlog is how many connections wait for a daemon that does not accept: listen(fd, 3) of pptpd holds four.
func (s Software) backlog() int { return [...]int{4, 11, 11}[s] }

// accepts says that the daemon takes connections. pptpd without a free slot leaves them with the kernel.
func (g *Gateway) accepts() bool {
	return g.Daemon == Running && (g.Software != Poptop || !g.full())
}

func (g *Gateway) full() bool { return g.used() >= g.Slots }

func (g *Gateway) used() int { return g.up() + g.Squatters }

func (g *Gateway) up() (n int) {
	for _, c := range g.Clients {
		if c.Up {
			n++
		}
	}
	return n
}

func (k *call) control() string {
	g := k.g
	if !g.accepts() {
		if g.Daemon == Running {
			k.tellFull()
		}
		k.took(10 * time.Second)
		return "control.sccrp_timeout"
	}
	k.took(k.out.RTT + g.Slow)
	switch {
	case g.Refusal == OtherService:
		return "control.invalid_reply"
	case g.ForkFails && k.w.chance(0.8):
		k.log("fork_fail", errno("EAGAIN"))
		return "control.closed_before_sccrp"
	case g.Slow > 10*time.Second:
		return "control.sccrp_timeout"
	case k.lost(2):
		return "control.sccrp_timeout"
	}
	k.log("session_opened")
	if g.Refusal == NotAuthorized {
		k.fails("control", "unknown", "call_refused")
		return "control.not_authorized"
	}
	k.tcp.To, k.tcp.From = 6, 6
	return ""
}

// tellFull logs that there is no slot: pptpd does when the last one is taken, and whenever one of its children ends.
func (k *call) tellFull() {
	if k.w.Now.Sub(k.g.told["full"]) >= 30*time.Second {
		k.g.told["full"] = k.w.Now
		k.log("no_call_slots")
	}
}

func (k *call) place() string {
	g := k.g
	k.took(k.out.RTT + g.Slow)
	if g.full() { // of mpd5: the others have said no before
		k.log("no_call_slots")
		k.fails("call", "call.busy", "no_call_slots")
		return "call.busy"
	}
	if g.NoGRE {
		k.log("gre_init_fail", errno("EPROTONOSUPPORT"))
		if g.Software == Accel {
			k.fails("gre", "unknown", "gre_init_fail")
			return "call.closed_after_ocrq"
		}
		k.fails("gre", "unknown", "gre_init_fail")
		return "ppp.server_daemon_failed"
	}
	k.log("call_start")
	if g.BadOption {
		k.log([...]string{"option_error", "auth_config_error", "plugin_abi"}[len(g.ID)%3])
		k.log("pppd_exited", errno("EIO"))
		k.fails("ppp", "ppp.server_daemon_failed", "option_error")
		return "ppp.server_daemon_failed"
	}
	return ""
}

func (k *call) mppe() string {
	s := k.g.Server
	switch {
	case k.g.MPPE == NoModule:
		k.fails("mppe", "mppe.unsupported_by_server", "mppe_fail")
		if k.g.Software == Poptop {
			return "mppe.required_by_server"
		}
		return "mppe.unsupported_by_server"
	case s != nil && s.NoKeys:
		k.log("radius_mppe_keys_missing")
		k.fails("mppe", "mppe.required_by_server", "mppe_fail")
		return "mppe.required_by_server"
	}
	return ""
}

func (k *call) ipcp() string {
	g := k.g
	k.took(k.out.RTT + g.Slow)
	switch {
	case g.up()+g.GhostIPs >= g.Pool:
		k.log("pool_exhausted")
		k.fails("ipcp", "ipcp.no_address", "pool_exhausted")
		return "ipcp.no_address"
	case g.IPCP == NoNetwork:
		k.fails("ipcp", "ipcp.no_protocol", "term_by_peer")
		return "ipcp.no_protocol"
	case g.IPCP == Insisting:
		k.fails("ipcp", "ipcp.address_rejected", "ip_fail")
		return "ipcp.not_converging"
	case g.IPCP == Unresponsive:
		k.took(k.c.Patience)
		k.fails("ipcp", "ipcp.timeout", "timeout")
		return "ipcp.timeout"
	}
	return ""
}

func (k *call) data() string {
	g := k.g
	k.out.Loss = 1 - (1-k.way.Loss)*(1-g.Forwarding)
	k.out.Large = !k.way.LargeLost
	k.p.To, k.p.From = k.p.To+20, k.p.From+20
	k.log("session_established")
	if k.way.LargeLost && g.Software == Poptop && k.way.TooBigIsTold { // poptop takes the message for the end of its socket
		k.log("gre_read_error", errno("EMSGSIZE"))
		k.end(2*time.Second, "gre_read_error", "gre.send_error", 5000)
		return "hold.control_lost"
	}
	if g.MPPE == WrongKeys {
		k.p.From -= 15
		k.end(20*time.Second, "mppe_unsupported_protocol", "mppe.key_mismatch", 0)
		return "mppe.key_mismatch"
	}
	if k.c.Probe {
		k.end(time.Second, "probe complete", "", 2000)
	}
	return ""
}

// end logs the end of a session.
func (k *call) end(lasts time.Duration, reason, cause string, bytes uint64) {
	k.log("session_closed", func(l *Line) {
		l.At, l.Lasts, l.Cause, l.Error, l.Sent, l.Recv = l.At.Add(lasts), lasts, reason, cause, bytes, bytes
	})
}
