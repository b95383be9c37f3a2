// Package event is what one line of a PPTP daemon's log means: the shared
// language of the line parser and of what joins lines to sessions.
package event

import (
	"net/netip"
	"time"
)

// Event is one line of a log that belongs to a PPTP service. Fields that the
// line does not give are zero.
//
// All strings borrow the line (and the Parser's memory) only until the callee
// returns: who keeps one copies it, with strings.Clone.
type Event struct {
	// Type is what happened, and Class how much it matters.
	Type  Type
	Class Class
	// Role is on which side of the link the program stood. Server if the line
	// does not tell.
	Role Role
	// Severity as the envelope gave it; SeverityUnknown if it gave none.
	Severity Severity
	// Continuation: the line adds to the one before it of the same program and
	// process, and is no event of its own.
	Continuation bool
	// Group joins lines that say one thing several times, such as the three
	// lines of poptop about one lost connection: within a process and a few
	// seconds they count once. Empty: every line counts.
	Group string

	// Time is the line's own stamp, zero if it has none; Arrival is when it was
	// read.
	Time, Arrival time.Time
	// Host as the envelope names it. Program is the name of the program in the
	// patterns, such as pppd, whatever the tag was.
	Host, Program string
	// PID of the writer; 0 if unknown.
	PID int32
	// Text is the message without its envelope, secrets removed.
	Text string
	// Count is how often the line stands for: 1, or N of "last message repeated
	// N times".
	Count uint32

	// Peer is the address of the PPTP client (of the server, in Role Client);
	// IP the address given to it inside the tunnel.
	Peer, IP netip.Addr
	// User is the name as the peer gave it: anything at all may stand in it.
	User      string
	Interface string
	// Session is the daemon's own name for the session: RRAS's CoID, the session
	// id of accel-ppp, the link of mpd5, <pptp-user> of RouterOS.
	Session string
	Port    string
	// Server is another server that the line names, such as a RADIUS server, or
	// the NAS in a RADIUS server's log.
	Server string
	// Reason in the daemon's words; the protocol (LCP, IPCP) in the time-outs of
	// negotiations.
	Reason string
	// Errno is the name of the error, such as ENOPROTOOPT, whatever the C library
	// writes for it, or the text itself if it is not known.
	Errno string
	// ChildPID is the pid of another process that the line names.
	ChildPID int32
	// Tx and Rx are bytes sent to and received from the client.
	Tx, Rx   uint64
	Duration time.Duration
	// Capacity is how many connections a daemon takes. Value is the line's other
	// number: a signal, a code, a count.
	Capacity, Value int64
}

// Class is how much an event matters, and to what.
type Class uint8

const (
	// ClassUnclassified lines come from a program of interest, but no pattern
	// knows them.
	ClassUnclassified Class = iota
	// ClassSession events belong to one session.
	ClassSession
	// ClassDaemon events tell of the daemon, its host or its servers.
	ClassDaemon
	// ClassNoise lines are known, and mean nothing.
	ClassNoise
)

// String names the class in lower case.
func (c Class) String() string { return name(classNames[:], c) }

var classNames = [...]string{"unclassified", "session", "daemon", "noise"}

// Role is on which side of a link a program stands.
type Role uint8

// The roles.
const (
	Server Role = iota
	Client
)

// String names the role in lower case.
func (r Role) String() string { return name(roleNames[:], r) }

var roleNames = [...]string{"server", "client"}

// Severity is a syslog severity (RFC 5424 section 6.2.1) plus one, so that zero
// is unknown.
type Severity uint8

// The severities.
const (
	SeverityUnknown Severity = iota
	Emergency
	Alert
	Critical
	Error
	Warning
	Notice
	Info
	Debug
)

// String names the severity in lower case, as RFC 5424 does.
func (s Severity) String() string { return name(severityNames[:], s) }

var severityNames = [...]string{"unknown", "emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"}

// name guards against a value from nowhere.
func name[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return "invalid"
}
