// Package snapshot is what one poll of an agent says, in one form for all vendors, and
// what has changed from one snapshot to the next.
//
// Everything here is pure: [Build] makes a [Snapshot] of tables that were read,
// [Diff] compares two snapshots, [Tracker] follows them. Time is passed in.
//
// Directions are the gateway's: in is what it received from the client.
package snapshot

import (
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

// Snapshot is what one poll says. It is not changed after it was returned, and is safe
// for concurrent reading. User names, addresses and parameters of processes are
// personal data.
type Snapshot struct {
	Time     time.Time     // of the beginning of the poll
	Duration time.Duration // of the poll
	Agent    Agent

	// Profiles are the names of the profiles whose objects the agent has, sorted.
	Profiles []string

	// Sessions are those of the best source that could be read: its profile and table
	// are in Source. Empty with an empty Source: nothing knows of sessions.
	Sessions []Session
	Source   string
	// SessionsComplete says that Sessions is the whole truth of Source: only two
	// complete snapshots say that a session has ended.
	SessionsComplete bool
	// Sources are the counts of all sources, the one of Sessions included.
	Sources []Source

	Interfaces []Interface // PPP and tunnel interfaces only, by index
	// InterfacesComplete says that Interfaces are all that there are.
	InterfacesComplete bool
	Tunnels            []Tunnel
	Processes          []Process // those of PPTP daemons
	// Control is what the TCP connections of the control port say; nil if unknown.
	Control  *Control
	Failures []Failure // failed attempts that the agent remembers, in its order
	Measures []Measure // by name, then label

	// Partial are the parts of this snapshot that could not be read, or not in full,
	// and why. Empty: the snapshot is complete.
	Partial []Partial
	// WrongType counts the cells whose type is not the one of the object; they are
	// treated as absent.
	WrongType int
	Stats     walk.Stats
}

// Complete says whether all that the agent offers was read.
func (s *Snapshot) Complete() bool { return len(s.Partial) == 0 }

// Agent is who answered.
type Agent struct {
	ObjectID    string        // sysObjectID
	Descr       string        // sysDescr
	Name        string        // sysName
	Uptime      time.Duration // sysUpTime: of the agent; starts again after 497 days
	HostUptime  time.Duration // hrSystemUptime; 0: not known
	EngineID    string        // snmpEngineID, hexadecimal; empty: not known
	EngineBoots uint32        // snmpEngineBoots; 0: not known
	EngineTime  time.Duration // snmpEngineTime; 0: not known
}

// SessionState is the state of a session or a tunnel.
type SessionState string

// The states of sessions and tunnels.
const (
	StateStarting SessionState = "starting"
	StateUp       SessionState = "up"
	StateClosing  SessionState = "closing"
	StateUnknown  SessionState = "unknown"
)

// SessionStates lists the states of sessions and tunnels.
func SessionStates() []SessionState {
	return []SessionState{StateStarting, StateUp, StateClosing, StateUnknown}
}

// Session is one PPP session.
type Session struct {
	Key       string // identifies it among the sessions of this gateway and source, while it lasts
	User      string // empty: not known
	Group     string
	Protocol  string // pptp, ppp (may be another), or what else a source says
	State     SessionState
	Peer      netip.Addr // public address of the client
	Address   netip.Addr // assigned to the client
	Interface string     // name
	IfIndex   uint32
	CallingID string
	CalledID  string
	// Duration is how long the session lasts by the agent, 0 if not known; Started is the
	// same as a time, good to some
	// seconds, zero if not known.
	Duration   time.Duration
	Started    time.Time
	Encryption string
	MTU        uint32 // octets; 0: not known
	EndReason  string // why it ends or ended, as far as the agent says
	Traffic    Traffic
	Link       *Link // PPP state; nil: not known
	GRE        *GRE  // nil: not known
}

// Counter is the value of a counter. The zero value is an absent one.
type Counter struct {
	Value uint64
	Valid bool
	// Wraps says that it has 32 bits, and starts again at 0 after 2^32 - 1.
	Wraps bool
}

// Traffic are the counters of a session or an interface.
type Traffic struct {
	OctetsIn, OctetsOut, PacketsIn, PacketsOut, ErrorsIn, ErrorsOut, DropsIn, DropsOut Counter
}

// GRE are the counters of the GRE side of a session; few vendors have them.
type GRE struct {
	AckTimeouts, OutOfWindow, OutOfSequence, ZLBIn, ZLBOut Counter
}

// Source is what one source says about the number of sessions.
type Source struct {
	Profile, Table string
	Sessions       map[SessionState]int
	Complete       bool
}

// Interface is a PPP or tunnel interface.
type Interface struct {
	Index         uint32
	Name          string // ifName, or ifDescr if there is none
	Alias         string
	Protocol      string // pptp; ppp, tunnel: may be of another protocol; unknown: only its type speaks for PPP
	User          string // from the name
	Type          uint32 // IANAifType
	MTU           uint32
	Speed         uint64 // bit/s
	Admin, Oper   string // as profile.States lists them
	LastChange    time.Duration
	Discontinuity time.Duration // ifCounterDiscontinuityTime
	Traffic       Traffic
	UnknownProtos Counter
	Link          *Link // nil: not known
}

// Link is the PPP state of an interface.
type Link struct {
	IPCP                                    string // opened, not_opened, or empty
	LocalMRU, RemoteMRU                     uint32 // 0 while the link is not up
	Quality                                 string // of LQR: good, bad, not_determined
	BadAddress, BadControl, TooLong, BadFCS Counter
	KeepaliveFailures                       Counter
	EndReason                               string
}

// Tunnel is a control connection of a vendor's table, or a tunnel interface.
type Tunnel struct {
	Key       string
	Profile   string
	Protocol  string // pptp, gre, l2tp, …
	State     SessionState
	Peer      netip.Addr
	PeerName  string
	Local     netip.Addr
	Sessions  uint32
	LastError string
	Started   time.Time
}

// ProcessRole is what a process is there for.
type ProcessRole string

// The roles of processes.
const (
	RoleDaemon  ProcessRole = "daemon"  // accepts connections: pptpd, accel-pppd, mpd
	RoleSession ProcessRole = "session" // serves the control connection of one client: pptpctrl
	RoleLink    ProcessRole = "link"    // runs PPP of one session: pppd
)

// Process is a process of a PPTP daemon. Its parameters are not kept: they may hold
// passwords.
type Process struct {
	PID     uint32
	Name    string     // of the executable: pptpd, pptpctrl, pppd, accel-pppd, …
	Peer    netip.Addr // of the client that it serves
	Address netip.Addr // assigned to the client
	Role    ProcessRole
	Status  string        // running, runnable, not_runnable, invalid
	CPU     time.Duration // used since its start
	Memory  uint64        // resident, octets
}

// Control is what the table of TCP connections says about the control port.
type Control struct {
	Port        uint16
	Listening   bool
	Connections map[string]int // by state, without listeners
	Peers       []netip.Addr   // of established ones, sorted, each once
}

// Failure is a failed attempt that an agent remembers.
type Failure struct {
	Key    string
	User   string
	Peer   netip.Addr
	Type   string
	Reason string
	Count  uint64
	Time   time.Time // zero: not known
}

// Measure is a number that belongs to the gateway as a whole, or to a part of it that
// the label names. Its unit and meaning are in the list of package profile.
type Measure struct {
	Name, Label string
	Value       float64
	Counter     bool
	Count       Counter // of a counter, as it was sent
}

// Partial is a part of a snapshot that is missing, or not whole.
type Partial struct {
	Profile string
	Table   string // empty: the scalars
	Kind    walk.Kind
	Detail  string // for people; without values that the agent sent
	Rows    int    // how many rows were read
}
