package gateway

import (
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// Faults are the switches for what the gateway does wrong. The zero value is a
// gateway that works. Each field names, by its stage, what happens; [Catalog]
// says which failure that makes. Several can be combined.
//
// A fault applies to events after [Gateway.SetFaults]. Those with After in their
// name count from when the session is up (it has an address), or from SetFaults
// if that is later; zero is off.
type Faults struct {
	// TCP.
	TCPRefuse       bool // nothing listens: connections are reset
	TCPDrop         bool // the accept queue is full: the kernel drops SYNs
	TCPStall        bool // connections are established by the kernel and never accepted
	TCPCloseAtOnce  bool // closed right after accept
	ControlSilent   bool // no SCCRP
	ControlClose    bool // closed instead of SCCRP
	ControlGarbage  bool // an HTTP answer instead of SCCRP
	ControlDelay    time.Duration
	StartResult     uint8 // result of SCCRP; 0: 1, ok
	StartError      uint8 // general error of SCCRP
	EchoSilent      bool  // control Echo-Requests are not answered
	StopAfter       time.Duration
	StopReason      uint8         // of that Stop-Control-Connection-Request
	ControlEndAfter time.Duration // the TCP connection is closed, GRE goes on

	// Call.
	CallSilent      bool  // no OCRP
	CallClose       bool  // closed instead of OCRP
	CallResult      uint8 // result of OCRP; 0: 1, connected
	CallError       uint8 // general error of OCRP
	CallDelay       time.Duration
	CallWrongPeerID bool          // OCRP has another Peer-Call-ID than was offered
	CallIDRewritten bool          // CDN has a call id that nobody offered
	DaemonDies      time.Duration // this long after OCRP: CDN and FIN, and nothing over GRE before
	DisconnectAfter time.Duration
	DisconnectCode  uint8 // result of that CDN; 0: 1, lost carrier

	// GRE. Rates are shares, 0 to 1, and of packets to the client unless it says In.
	GRESilent      bool       // nothing is sent
	GREDeaf        bool       // nothing that arrives is looked at
	GRESource      netip.Addr // packets come from this address of the host
	GREUnknownCall bool       // packets of an unknown call are sent as well
	GREMalformed   bool       // malformed packets are sent as well
	GREICMPType    uint8      // what arrives is answered with this ICMP error; 0: none
	GREICMPCode    uint8
	GRELoss        float64
	GRELossIn      float64
	GREReorder     float64
	GREDuplicate   float64
	GREReorderIn   float64
	GREDuplicateIn float64
	GRESilentAfter time.Duration

	// LCP.
	LCPSilent      bool         // GRE is acknowledged, Configure-Requests are not answered
	LCPLoop        bool         // every Configure-Request gets another Nak
	LCPLoopback    bool         // the client's own frames are sent back
	LCPRejectMRU   bool         // the client's MRU is rejected
	LCPEchoSilent  bool         // LCP Echo-Requests are not answered
	ProtocolReject ppp.Protocol // frames of this protocol get a Protocol-Reject

	// Terminate-Request: at one stage, with a text or, if not zero, with a Windows
	// (RAS) error number.
	TerminateAt    Stage
	TerminateText  string
	TerminateRAS   uint32
	TerminateVia   ppp.Protocol  // the protocol that says it; 0: LCP
	TerminateAfter time.Duration // with AtRunning

	// Authentication.
	AuthOnly             []chap.Method // these are insisted on, whatever the client says
	AuthNone             bool          // none is asked for
	AuthFailure          string        // the answer to every response, such as "E=691 R=0 V=3 M=no"
	AuthDelay            time.Duration // before every verdict
	AuthSilent           bool          // no verdict
	AuthRepeat           bool          // no verdict, the Challenge again and again
	AuthBadAuthenticator bool          // the S= of MS-CHAPv2 is wrong
	AuthNoAuthenticator  bool          // there is no S=
	AuthDisconnect       bool          // CDN instead of the verdict
	Callback             bool          // callback (CBCP) is demanded after authentication
	ReplaceSession       bool          // a login ends the user's older session

	// CCP and MPPE.
	CCPSilent         bool          // CCP is neither started nor answered
	CCPRejectMPPE     bool          // option 18 is rejected
	CCPLoop           bool          // MPPE is asked for with no bit set, again and again
	CCPRace           bool          // IPCP gets Terminate-Ack while CCP is not open
	MPPEOnly          mppe.Strength // no other strength is granted; 0: as configured
	MPPEStatefulOnly  bool          // stateless mode is never granted
	MPPECompression   bool          // only compression (MPPC) is offered
	MPPEWrongKeys     bool          // the keys differ from the client's
	MPPEDesync        int           // from this many packets to the client on, they are garbage; 0: never
	MPPEPlaintext     bool          // packets go out in the clear although CCP is open
	MPPENotEncrypted  bool          // the D (encrypted) bit is clear
	MPPENotFlushed    bool          // the FLUSHED bit is clear
	MPPEResetRequests bool          // a Reset-Request for every packet of the client

	// IPCP.
	IPCPSilent        bool
	IPCPNoAddress     NoAddress  // how a client is told that there is no address for it
	IPCPAddress       netip.Addr // every client gets this address
	IPCPLocal         netip.Addr // the gateway says that this is its own address
	IPCPRefuseAddress bool       // an address that the client asks for is refused
	IPCPLoop          bool       // every Configure-Request gets another address
	IPCPNoDNS         bool       // the DNS options are rejected

	// Behind the tunnel.
	PeerSilent   bool          // the gateway's own address does not answer pings
	BeyondSilent bool          // no packet gets beyond the gateway
	ICMPLoss     float64       // share of echo requests that are lost
	ICMPJitter   time.Duration // echo replies are late by up to this
	TCPSilentIn  bool          // TCP in the tunnel: no answer
	TCPRefuseIn  bool          // TCP in the tunnel: reset
	HTTPStatus   int           // of every answer; 0: as it should be
	HTTPStall    bool          // the body of an answer stops after its first bytes
	DNSSilent    bool          // no answer
	DNSCode      uint8         // response code of every answer: 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED
	MTU          int           // larger packets are dropped, both ways; 0: none
	MTUSignal    bool          // ... and the client is told (ICMP 3/4)
	RateLimit    int           // bytes a second, each way, in one session; 0: none

	// Teardown.
	NoTermAck   bool // LCP Terminate-Request is not answered
	NoCDN       bool // Call-Clear-Request is not answered
	CloseOnCCRQ bool // Call-Clear-Request closes the TCP connection, as poptop does
	NoStopReply bool // Stop-Control-Connection-Request is not answered
}

// Stage is when a Terminate-Request is sent.
type Stage uint8

// The stages.
const (
	AtLCP     Stage = iota + 1 // in answer to the first Configure-Request
	AtAuth                     // instead of the verdict
	AtNetwork                  // when authentication is done
	AtIPCP                     // in answer to the client's first IPCP Configure-Request
	AtRunning                  // TerminateAfter the session is up
)

// NoAddress is how a client is told that there is no address for it.
type NoAddress uint8

// The ways, all seen from real servers.
const (
	NoAddressNak        NoAddress = iota + 1 // Configure-Nak 0.0.0.0
	NoAddressReject                          // Configure-Reject of the option
	NoAddressTerminate                       // IPCP Terminate-Request
	NoAddressRAS                             // LCP Terminate-Request with RAS 738
	NoAddressDisconnect                      // Call-Disconnect-Notify
)

// stalls returns whether connections are left in the accept queue.
func (f *Faults) stalls() bool { return f.TCPStall || f.TCPDrop }
