package world

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"
)

// Step is the resolution of time.
const Step = 10 * time.Second

// World is gateways, the servers they ask, and the places they are looked at from.
type World struct {
	Now      time.Time
	Gateways []*Gateway
	Servers  []*Server
	Vantages []*Vantage
	Rand     *rand.Rand
	// ProbePassword is right.
	ProbePassword bool
	// Blind: nothing that looks at the gateways reports.
	Blind bool

	agenda []func()
}

// Software is what a gateway runs. It decides what is logged, and how a refusal looks.
type Software uint8

// The software.
const (
	Poptop Software = iota // pptpd with pppd
	Accel                  // accel-ppp
	MPD                    // mpd5
	numSoftware
)

func (s Software) String() string { return [...]string{"poptop", "accel-ppp", "mpd5"}[s] }

// Fate is what becomes of a packet.
type Fate uint8

// The fates.
const (
	Passes Fate = iota
	Dropped
	Rejected // with an ICMP message to the sender
	Reset    // TCP only: as if nobody listened
)

// Path is a way from a caller to a gateway.
type Path struct {
	Control             Fate    // TCP
	ToGateway, ToCaller Fate    // GRE
	Loss                float64 // of all packets
	Delay               time.Duration
	LargeLost           bool // packets of full size are lost, without an ICMP message
	Prohibited          bool // the ICMP message says prohibited, and not protocol unreachable
	BehindExporter      bool // what is dropped or rejected is, at the gateway itself
	CallerHasNoUse      bool // the caller's own router rejects the gateway's GRE
	TooBigIsTold        bool // with LargeLost: an ICMP message reaches the gateway
}

// Vantage is a place from which a probe looks, and its way out.
type Vantage struct {
	Name string
	Addr netip.Addr
	Out  Path
}

// Daemon is how the PPTP daemon is.
type Daemon uint8

// The states of a daemon.
const (
	Running Daemon = iota
	Stopped        // hangs: the kernel still accepts, as long as there is room
	Dead
)

// Refusal is how a daemon turns a control connection away.
type Refusal uint8

// The refusals.
const (
	Welcome       Refusal = iota
	Closes                // right after it was accepted: limits of accel-ppp, tcp_wrappers
	NotAuthorized         // Start-Control-Connection-Reply with result 4
	OtherService          // something else listens on the port
)

// LCP is how a gateway negotiates.
type LCP uint8

// The ways.
const (
	Agrees  LCP = iota
	Insists     // on an authentication that callers do not have
	Naks        // and naks, until somebody gives up
	Loops       // what comes is sent back
	Mute        // pppd hangs: frames are acknowledged, and not answered
)

// IPCP is how a gateway gives addresses.
type IPCP uint8

// The ways.
const (
	Gives        IPCP = iota
	NoNetwork         // refuses the protocol
	Insisting         // on an address that is no good
	Unresponsive      // waits for a script, or DHCP
)

// MPPE is what becomes of encryption.
type MPPE uint8

// The ways.
const (
	Encrypts  MPPE = iota
	NoModule       // the kernel has none
	WrongKeys      // both sides agree, and have different keys
)

// Gateway is a host with a PPTP daemon.
type Gateway struct {
	ID       string
	Addr     netip.Addr
	Software Software
	Debug    bool // the daemons log packets
	Server   *Server

	Off        bool // no power
	Cut        bool // no uplink: neither callers nor management reach it
	Door       Path // the last bit of everybody's way
	AgentMute  bool // the SNMP agent does not answer
	CPU        float64
	Daemon     Daemon
	Refusal    Refusal
	ForkFails  bool
	Slots      int  // calls at a time
	Squatters  int  // calls that nobody uses
	Pool       int  // addresses
	GhostIPs   int  // addresses that nobody uses
	NoGRE      bool // the daemon cannot open its GRE socket
	BadOption  bool // pppd does not start
	LCP        LCP
	MPPE       MPPE
	IPCP       IPCP
	Forwarding float64       // share of packets that are lost behind the tunnel
	Errors     float64       // share of packets with errors on interfaces
	Slow       time.Duration // what an overload adds to each stage
	RejectsAll bool          // the accounts at the gateway are gone, if there is no Server
	AcctGone   bool          // accounting requests are not answered
	AcctMixed  float64       // share of accounting records that go astray
	KillsAcct  bool          // and sessions are ended for it
	DialDown   float64       // share of arrivals there are, of the usual; 0 is 1

	Booted, Started time.Time // host, daemon
	Clients         []*Client
	Backlog         int // connections that the kernel holds for a stopped daemon
	Seen            Seen
	told            map[string]time.Time
}

// Server is a RADIUS server.
type Server struct {
	Name       string
	Down       bool
	ICMP       bool // down, and the host says so
	Delay      time.Duration
	Loss       float64 // share of requests that get no answer
	Demands    bool    // a Message-Authenticator, which the gateways do not send
	Secret     bool    // of the gateways is another one
	PolicyBars bool    // rejects everybody
	ProbeBars  bool    // rejects the probes' user
	NoKeys     bool    // accepts without MPPE keys
	Overloaded bool    // by its own log
}

// Client is somebody who calls a gateway.
type Client struct {
	Addr     netip.Addr
	User     string
	Own      Path // the client's own network
	Password bool // is right
	Restless bool // comes and goes
	Guesser  bool // tries one name after the other

	Up     bool
	Begun  time.Time
	until  time.Time
	next   time.Time
	traded bool // data went through
	port   uint16
}

// Seen is what there was to see of one step.
type Seen struct {
	Lines   []Line    // of the gateway's log
	Packets []Packets // at the exporter next to it
	Stops   []Stop    // accounting
	Starts  int

	Up int // sessions at the end
}

// Line is something that the gateway's log tells, by the names of the events that it stands for.
type Line struct {
	At    time.Time
	Event string // of the log
	Error string // error.type of a session that failed, as far as the gateway can know
	Stage string
	Peer  string
	User  string
	Errno string
	Lasts time.Duration // of a session that ended
	Sent  uint64
	Recv  uint64
	Cause string // why it ended, as the lines say
}

// Packets are those of one connection or tunnel in one step.
type Packets struct {
	Client    netip.Addr
	GRE       bool
	Port      uint16
	To, From  int // packets to and from the gateway
	Large     bool
	Fin       bool
	ICMP      bool // an ICMP message about GRE instead
	ByGateway bool // sent by the gateway
}

// Stop is an accounting record of the end of a session.
type Stop struct {
	Cause   string
	Session time.Duration
	Astray  bool // nobody had told of its start
}

// New makes a world with a number of gateways; all is well.
func New(seed uint64, gateways, clients int, at time.Time) *World {
	w := &World{Now: at, ProbePassword: true, Rand: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
	w.Servers = []*Server{{Name: "radius-1"}}
	for i := range gateways {
		g := &Gateway{
			ID: fmt.Sprintf("gw-%02d", i+1), Addr: netip.AddrFrom4([4]byte{203, 0, 113, byte(i + 1)}),
			Software: Software(w.Rand.IntN(int(numSoftware))), Debug: w.Rand.IntN(3) == 0, Server: w.Servers[0],
			CPU: 0.1 + 0.2*w.Rand.Float64(), Booted: at.Add(-30 * 24 * time.Hour), Started: at.Add(-20 * 24 * time.Hour),
			told: make(map[string]time.Time),
		}
		for j := range clients {
			c := &Client{
				Addr: netip.AddrFrom4([4]byte{198, 18, byte(i), byte(j + 1)}), User: fmt.Sprintf("user%d", j+1), Password: true,
			}
			c.next = at.Add(time.Duration(w.Rand.Int64N(int64(5 * time.Minute))))
			g.Clients = append(g.Clients, c)
		}
		g.Slots, g.Pool = 2*clients+10, 2*clients+10
		w.Gateways = append(w.Gateways, g)
	}
	return w
}

func (w *World) chance(p float64) bool { return w.Rand.Float64() < p }

// between is a time between two.
func (w *World) between(a, b time.Duration) time.Duration {
	return a + time.Duration(w.Rand.Int64N(int64(b-a)+1))
}

// join is the way over two paths.
func join(a, b Path) Path {
	return Path{
		Control: max(a.Control, b.Control), ToGateway: worst(a.ToGateway, b.ToGateway), ToCaller: worst(a.ToCaller, b.ToCaller),
		Loss: 1 - (1-a.Loss)*(1-b.Loss), Delay: a.Delay + b.Delay, LargeLost: a.LargeLost || b.LargeLost,
		Prohibited: a.Prohibited || b.Prohibited, BehindExporter: a.BehindExporter || b.BehindExporter,
		CallerHasNoUse: a.CallerHasNoUse || b.CallerHasNoUse, TooBigIsTold: a.TooBigIsTold || b.TooBigIsTold,
	}
}

func worst(a, b Fate) Fate {
	if a == Passes {
		return b
	}
	return a
}
