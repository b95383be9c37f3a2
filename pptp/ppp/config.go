package ppp

import (
	"crypto/rand"
	"errors"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
)

// Security says whether a Link encrypts with MPPE.
type Security uint8

// The policies. Whatever the policy, nothing is sent in the clear while CCP is open.
const (
	MPPERefuse  Security = iota // CCP is refused with Protocol-Reject
	MPPEPrefer                  // encrypt if the peer agrees, go on in the clear if not
	MPPERequire                 // end the link if the peer does not agree
)

// String returns "refuse", "prefer" or "require".
func (s Security) String() string {
	switch s {
	case MPPEPrefer:
		return "prefer"
	case MPPERequire:
		return "require"
	}
	return "refuse"
}

// Config configures a Link. The zero value authenticates with MS-CHAPv2 and refuses encryption.
type Config struct {
	MRU         uint16        // largest packet we ask the peer to send, octets; default 1400
	Auth        []chap.Method // acceptable methods, preferred first; default MS-CHAPv2 alone. EAP is never accepted
	AnyAuth     bool          // open LCP only: acknowledge any authentication option, then do nothing
	Credentials chap.Credentials
	MPPE        Security
	Strengths   []mppe.Strength // acceptable key lengths; default 128 bit alone
	Stateful    bool            // accept stateful MPPE from a peer that insists on it
	Address     netip.Addr      // IPv4 address to ask for; zero: whatever the peer assigns
	WantDNS     bool            // ask for name servers (RFC 1877)
	WantNBNS    bool            // ask for NetBIOS name servers

	EchoInterval time.Duration // LCP Echo-Request in Opened; 0: only by Link.Echo
	EchoFailure  int           // EventEchoTimeout after so many in a row without reply; default 3
	CCPWait      time.Duration // MPPEPrefer: how long to wait for a peer silent about CCP; default 3 s, 3 requests
	AuthTimeout  time.Duration // EventAuthTimeout after so long without a verdict; default 60 s

	Rand io.Reader // of magic numbers and challenges; default crypto/rand
}

func (c *Config) setDefaults() {
	if c.MRU == 0 {
		c.MRU = 1400
	}
	c.Auth = slices.DeleteFunc(slices.Clone(c.Auth), func(m chap.Method) bool { return m == 0 || m >= chap.MethodEAP })
	if len(c.Auth) == 0 {
		c.Auth = []chap.Method{chap.MethodMSCHAPv2}
	}
	if len(c.Strengths) == 0 {
		c.Strengths = []mppe.Strength{mppe.Bits128}
	}
	if c.EchoFailure <= 0 {
		c.EchoFailure = 3
	}
	if c.CCPWait <= 0 {
		c.CCPWait = 3 * time.Second
	}
	if c.AuthTimeout <= 0 {
		c.AuthTimeout = 60 * time.Second
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
}

// ErrNotOpen is returned by Link.SendIP while IP packets cannot be sent, or must not because they would go out in
// the clear.
var ErrNotOpen = errors.New("ppp link not open for ip packets")

// Phase is the phase of a link (RFC 1661 section 3.2).
type Phase uint8

// The phases, in their usual order.
const (
	Establish Phase = iota // LCP
	Authenticate
	Callback    // CBCP in progress
	Network     // CCP and IPCP
	Running     // IPCP is open
	Terminating // Terminate-Request sent or received
	Dead        // finished; nothing more is sent or accepted
)

var phaseNames = [...]string{"establish", "authenticate", "callback", "network", "running", "terminating", "dead"}

// String returns the phase's name in lower case.
func (p Phase) String() string {
	if int(p) < len(phaseNames) {
		return phaseNames[p]
	}
	return "unknown"
}

// Negotiated is what both sides have agreed so far. Zero values: not agreed.
type Negotiated struct {
	MRU         uint16 // what we receive
	PeerMRU     uint16 // what the peer receives: the limit for SendIP, which it does not enforce
	Auth        chap.Method
	AuthOffered []string      // what the peer asked for, in order, each once
	MPPE        mppe.Strength // of what we send; 0: CCP is not open
	MPPEReceive mppe.Strength // of what we receive; differs from MPPE only with odd peers
	Stateless   bool          // both directions
	LocalIP     netip.Addr
	PeerIP      netip.Addr
	DNS         []netip.Addr
	NBNS        []netip.Addr
	Magic       uint32
	PeerMagic   uint32
	PFC, ACFC   bool // the peer may compress the protocol field, and address and control; we never do
}

// ProtocolStats counts the negotiation of one control protocol.
type ProtocolStats struct {
	Requests    int // Configure-Requests sent, repetitions included
	Retransmits int // repetitions because no answer came in time
	Answers     int // the peer's Acks, Naks and Rejects of our requests
	Rounds      int // Configure-Naks and -Rejects, both directions
	Malformed   int // Configure packets that could not be read, and Acks of something else
	Unmatched   int // answers whose id is not that of our request
}

// Stats are counters since the link was made.
type Stats struct {
	LCP, CCP, IPCP ProtocolStats
	MPPETx, MPPERx mppe.Stats

	TxIP, RxIP          uint64 // IP packets sent, and delivered to OnIP
	EchoSent            uint64 // LCP Echo-Requests
	EchoReplies         uint64 // and the replies to them
	EchoAnswered        uint64 // the peer's requests answered
	ProtocolRejectsSent uint64
	PlaintextLeaks      uint64 // IP packets received in the clear while CCP was open
	ResetsSent          uint64 // CCP Reset-Requests
	ResetsReceived      uint64
	ResetAcks           uint64 // received
	Malformed           uint64 // frames and packets that could not be read
	Unexpected          uint64 // frames out of phase, discarded
	FramesDropped       uint64 // the owner did not fetch them in time
	EventsDropped       uint64
}
