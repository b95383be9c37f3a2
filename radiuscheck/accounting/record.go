package accounting

import (
	"net/netip"
	"time"
)

// Status is what a record is about: Acct-Status-Type, RFC 2866 section 5.1.
type Status uint32

// The statuses that are followed; others are counted and answered.
const (
	Start   Status = 1
	Stop    Status = 2
	Interim Status = 3
	On      Status = 7 // the NAS begins to account, most often since it has booted
	Off     Status = 8 // the NAS is about to go down
)

func (s Status) String() string {
	switch s {
	case Start:
		return "start"
	case Stop:
		return "stop"
	case Interim:
		return "interim"
	case On:
		return "on"
	case Off:
		return "off"
	}
	return "other"
}

// Cause is why a session ended: Acct-Terminate-Cause, RFC 2866 section 5.10. 0 is none given.
type Cause uint32

// Causes of which the code knows the meaning.
const (
	LostCarrier Cause = 2
	NASError    Cause = 9
	NASReboot   Cause = 11
	// maxCause is the last that is told by its name (RFC 3580 section 2.3 adds 19 to 22).
	maxCause Cause = 22
	// otherCause stands for all numbers that no RFC names, so that a NAS cannot invent names.
	otherCause = maxCause + 1
)

var causeNames = [...]string{
	"none", "user_request", "lost_carrier", "lost_service", "idle_timeout", "session_timeout", "admin_reset", "admin_reboot",
	"port_error", "nas_error", "nas_request", "nas_reboot", "port_unneeded", "port_preempted", "port_suspended",
	"service_unavailable", "callback", "user_error", "host_request", "supplicant_restart", "reauthentication_failure",
	"port_reinitialized", "port_administratively_disabled", "other",
}

// String is the name of the RFC in snake case; "other" for a number that none has.
func (c Cause) String() string { return causeNames[c.known()] }

// known folds all numbers without a name into one.
func (c Cause) known() Cause { return min(c, otherCause) }

// Record is what one Accounting-Request says. Byte slices are parts of the datagram
// and end with it; absent attributes are nil, zero or the invalid address.
type Record struct {
	Status     Status
	Identifier uint8 // of the packet

	Session []byte // Acct-Session-Id
	User    []byte // User-Name

	NASIdentifier []byte
	NASAddress    netip.Addr // NAS-IP-Address or NAS-IPv6-Address
	NASPort       uint32

	Caller  []byte     // Calling-Station-Id
	Client  netip.Addr // Tunnel-Client-Endpoint or Calling-Station-Id, where that is an IPv4 address
	Address netip.Addr // Framed-IP-Address
	Tunnel  uint32     // Tunnel-Type; 1 is PPTP

	Traffic      Traffic
	SessionTime  time.Duration // Acct-Session-Time
	Delay        time.Duration // Acct-Delay-Time: how long the NAS has been trying
	Interval     time.Duration // Acct-Interim-Interval; few NAS repeat it here
	Time         time.Time     // Event-Timestamp
	Cause        Cause
	HasGigawords bool // the NAS counts beyond 2^32
}

// Traffic is what a session has carried, as the NAS counts it: in is from the user,
// out is to the user (RFC 2866 sections 5.3, 5.4).
type Traffic struct{ BytesIn, BytesOut, PacketsIn, PacketsOut uint64 }

func (t Traffic) bytes() uint64 { return t.BytesIn + t.BytesOut }

// NAS is one access server.
type NAS struct {
	// Address is NAS-IP-Address; where that is missing, unspecified or a loopback address
	// (a host that finds 127.0.1.1 for its own name sends that), the sender's.
	Address    netip.Addr
	Identifier string // NAS-Identifier; may be empty
}

// String is the identifier, or the address if there is none.
func (n NAS) String() string {
	if n.Identifier != "" {
		return n.Identifier
	}
	return n.Address.String()
}
