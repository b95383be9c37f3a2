package gateway

import (
	"fmt"
	"net/netip"
	"time"
)

// EventKind is what happened to a session.
type EventKind uint8

// The events, in the order of a session's life.
const (
	EventConnected   EventKind = iota + 1 // the TCP connection was accepted
	EventStarted                          // SCCRP sent; Detail: the client's vendor and host name
	EventRefused                          // SCCRP or OCRP with a failure; Detail: which
	EventCallUp                           // OCRP sent
	EventLCPUp                            // Detail: the authentication asked for
	EventAuthOK                           // Detail: the method
	EventAuthFailed                       // Detail: the method and what the client was told
	EventEncrypted                        // CCP is up; Detail: strength and mode
	EventEstablished                      // IPCP is up: the session has an address
	EventTerminating                      // the gateway ends the link; Detail: why
	EventTerminated                       // the client's LCP Terminate-Request; Detail: its text
	EventCallDown                         // the call is over; Detail: why
	EventMalformed                        // the client sent what it must not; Detail: what
	EventClosed                           // the end of the session; Teardown says how it went
)

var eventNames = [...]string{
	"", "connected", "started", "refused", "call up", "lcp up", "authenticated", "authentication failed",
	"encrypted", "established", "terminating", "terminated by client", "call down", "malformed", "closed",
}

// String returns the kind in words.
func (k EventKind) String() string {
	if k > 0 && int(k) < len(eventNames) {
		return eventNames[k]
	}
	return fmt.Sprintf("event %d", uint8(k))
}

// Event is one thing that happened to a session. Fields that are not known yet
// are zero.
type Event struct {
	At      time.Time
	Kind    EventKind
	Session uint64 // number of the TCP connection, from 1
	Client  netip.AddrPort
	CallID  uint16 // the gateway's
	PeerID  uint16 // the client's
	User    string
	Address netip.Addr // the client's in the tunnel
	Detail  string
	// BytesIn and BytesOut are the IP packets from and to the client in the tunnel.
	BytesIn, BytesOut uint64

	// Teardown is set in EventClosed.
	Teardown Teardown
}

// Teardown says how a session ended.
type Teardown struct {
	Terminated bool   // the client sent an LCP Terminate-Request
	Cleared    bool   // the client sent Call-Clear-Request
	Stopped    bool   // the client sent Stop-Control-Connection-Request
	ByGateway  bool   // the gateway began it, by a fault or because it was closed
	Reason     string // what ended it
}

// Clean says that the client went through all of an orderly end.
func (t Teardown) Clean() bool { return t.Terminated && t.Cleared && t.Stopped }

// Stats are counters since the start of a gateway.
type Stats struct {
	Connections    uint64 // accepted
	Calls          uint64 // OCRP sent with result 1
	Authenticated  uint64
	AuthFailed     uint64
	Established    uint64 // sessions that got an address
	Closed         uint64 // sessions that ended
	ClosedClean    uint64 // ... with Teardown.Clean
	GREReceived    uint64 // packets
	GRESent        uint64 // packets
	GREUnknown     uint64 // received for no call
	GREMalformed   uint64 // received and not understood
	QueueDrops     uint64 // packets dropped because a session's queue was full
	ActiveSessions int    // TCP connections
	ActiveCalls    int
	AddressesInUse int
}

// Session is a session that is up at the moment.
type Session struct {
	Number     uint64
	Client     netip.AddrPort
	CallID     uint16 // the gateway's
	PeerID     uint16
	User       string
	Address    netip.Addr
	Encryption string // such as "128 bit stateless"; empty: none
	Since      time.Time
	Last       EventKind // what happened last
	// BytesIn and BytesOut are the IP packets from and to the client in the tunnel.
	BytesIn, BytesOut uint64
}
