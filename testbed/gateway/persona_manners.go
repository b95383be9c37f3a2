package gateway

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// Manners are the ways in which real gateways differ without being broken: what
// a client has to live with, where [Faults] are what it has to report. The zero
// value does everything as the RFCs say. [Persona] has sets of them by product.
type Manners struct {
	// Control connection.

	// NamesAsGiven sends Vendor, HostName and Firmware as they are in the
	// configuration, also when they are empty or zero.
	NamesAsGiven bool
	// NameGarbage fills what the names leave of their fields with garbage.
	NameGarbage bool
	// Framing and Bearer are sent in SCCRP; nil: both kinds of each.
	Framing, Bearer *uint32
	// StrictLengths closes the connection on a message of any length but that of RFC 2637.
	StrictLengths bool
	// StartWait is how long a client may take to SCCRQ, and from SCCRP to OCRQ; 0:
	// 60 s (RFC 2637 section 3.1.4).
	StartWait time.Duration
	// EchoFailures is how many control Echo-Requests in a row may go unanswered; 0: one.
	EchoFailures int
	// SendLinkInfo sends Set-Link-Info after OCRP and again when LCP is open.
	SendLinkInfo bool
	// CloseOnClear answers Call-Clear-Request by closing the TCP connection.
	CloseOnClear bool
	// EndsWithLink sends CDN and Stop-Control-Connection-Request, reason 0, as soon
	// as PPP has ended, whoever ended it.
	EndsWithLink bool

	// Call.

	CallDelay    time.Duration // before OCRP
	CallIDZero   bool          // the first call has the id 0
	ConnectSpeed uint32        // in OCRP; 0: 100 Mbit/s
	Window       uint16        // in OCRP; 0: 64
	// DisconnectID is whose call id a CDN has.
	DisconnectID DisconnectID
	// DisconnectZero sends result 0 in every CDN.
	DisconnectZero bool
	// LinkEndResult is the result of the CDN that follows the end of PPP; 0: 1, lost carrier.
	LinkEndResult uint8

	// GRE.

	// NotReady is how long after OCRP what comes over GRE is lost.
	NotReady time.Duration
	// FirstAckMinusOne puts the acknowledgement 0xFFFFFFFF in the first data packet.
	FirstAckMinusOne bool
	// NoReorder drops what comes late, instead of waiting for it, as the Linux kernel does.
	NoReorder bool
	// CheckAcks drops a packet, payload and all, whose acknowledgement goes back or
	// is for what was never sent.
	CheckAcks bool
	// SendWindow drops data packets to the client while so many are not acknowledged; 0: never.
	SendWindow int

	// PPP.

	// LCPRestart is the restart timer of LCP; 0: 1 s twice, then 3 s.
	LCPRestart time.Duration
	// LCPOptions are asked for besides MRU, authentication and magic number, until
	// the client rejects them.
	LCPOptions []ppp.Option
	// CompressFields leaves out what the client has agreed to do without: address
	// and control field, the protocol field's first octet.
	CompressFields bool
	// Identification are the texts of the LCP Identifications that are sent, without
	// FF 03, when LCP is open.
	Identification []string
	// SharedIDs takes the ids of all control protocols from one counter.
	SharedIDs bool
	// EndReason is how a Terminate-Request says why.
	EndReason EndReason
	// CallbackOffer begins callback (CBCP) after authentication, and takes "no
	// callback" for an answer.
	CallbackOffer bool
	// FirstMPPE is the first request for encryption; 0: the strengths of the
	// configuration, stateless unless that says otherwise.
	FirstMPPE mppe.Bits
	// CCPTries is after how many unanswered Configure-Requests CCP is given up; 0: 10.
	CCPTries int
	// RejectLateCCP answers CCP on a link that is up with Protocol-Reject.
	RejectLateCCP bool
	// ResetKeepsKey is what stateful MPPE does on a packet with the FLUSHED bit that
	// is no flag packet: start the cipher anew with the key as it is, as RFC 3078
	// section 8.2 says, instead of with the next key, as Windows and Linux do. The
	// first packet then has the bit (section 3.1).
	ResetKeepsKey bool
	// EarlyIPCP sends the IPCP Configure-Request before CCP has finished.
	EarlyIPCP bool
	// IPCPTermAck answers IPCP with Terminate-Ack while CCP is in flight.
	IPCPTermAck bool
	// IPCPOptions are asked for besides the address, until the client rejects them.
	IPCPOptions []ppp.Option
	// IPV6CP asks for IPv6 as well, once.
	IPV6CP bool
}

// DisconnectID is whose call id a Call-Disconnect-Notify has.
type DisconnectID uint8

// The ids that are seen.
const (
	DisconnectOwn     DisconnectID = iota // the gateway's (RFC 2637 section 2.13)
	DisconnectClient                      // the client's: accel-ppp, or a NAT on the way
	DisconnectSwapped                     // the client's with its octets swapped: accel-ppp before its fix
	DisconnectNone                        // 0
)

// EndReason is how the data of a Terminate-Request says why.
type EndReason uint8

// The ways.
const (
	EndText EndReason = iota // an English sentence, as pppd
	EndRAS                   // a Windows error number
	EndBare                  // not at all
)
