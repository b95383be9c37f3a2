// Package flow holds what a flow export says, whatever the format it came in:
// records about traffic, and notes about the exporter itself.
package flow

import "net/netip"

// Version is the format of an export.
type Version uint8

// The formats.
const (
	NetFlow5 Version = 5
	NetFlow9 Version = 9
	IPFIX    Version = 10
	SFlow5   Version = 105
)

// String returns the name used in metrics and messages.
func (v Version) String() string {
	switch v {
	case NetFlow5:
		return "netflow_v5"
	case NetFlow9:
		return "netflow_v9"
	case IPFIX:
		return "ipfix"
	case SFlow5:
		return "sflow_v5"
	}
	return "unknown"
}

// The protocols and the port that matter here.
const (
	ProtoICMP   = 1
	ProtoTCP    = 6
	ProtoGRE    = 47
	ProtoICMPv6 = 58
	PPTPPort    = 1723
)

// Direction is the direction of the flow as its observation point saw it (IE 61).
type Direction uint8

// The directions.
const (
	DirectionUnknown Direction = iota
	Ingress
	Egress
)

// EndReason says why a record was exported (IE 136); 0 is unknown.
type EndReason uint8

// The end reasons of RFC 5102.
const (
	EndIdle      EndReason = 1
	EndActive    EndReason = 2
	EndDetected  EndReason = 3
	EndForced    EndReason = 4
	EndResources EndReason = 5
)

// Drop says that a device has told, in the record itself, that it did not
// forward the packets, and how it said so.
type Drop uint8

// The ways a device tells a drop.
const (
	NotDropped     Drop = iota
	DropForwarding      // forwardingStatus (IE 89) of class 2; Code is its low byte
	DropFirewall        // firewallEvent (IE 233) 3, denied; Code is the extended event (33002), if any
	DropSFlow           // an sFlow discarded-packet sample, or an interface that says discarded; Code is the reason
	DropICMP            // an ICMP destination unreachable that quotes the packet; Code is the ICMP code
)

// ICMPTooBig is the Code of a [DropICMP] of IPv4 that is about the size of one
// packet only (RFC 1191): the flow goes on with smaller ones.
const ICMPTooBig = 4

// Exporter is where a record was observed: one template and sequence space.
type Exporter struct {
	Addr    netip.Addr // who sent the datagram, without its port; for sFlow, the agent address of the datagram
	Version Version
	Domain  uint32 // source ID (v9), observation domain (IPFIX), engine (v5), sub-agent (sFlow)
}

// Record is one flow, or one packet of a sampled header. Addresses are never
// IPv4-mapped. Counters are as exported, not scaled by Sampling.
type Record struct {
	Exporter Exporter
	// Relay is who sent the datagram, if it is not Exporter.Addr but a mediator that
	// tells whose record it is (IE 130, 131). Notes are about the sender.
	Relay netip.Addr
	// In and Out are interface indexes (SNMP ifIndex); 0 is unknown.
	In, Out   uint32
	Direction Direction

	Src, Dst         netip.Addr
	Proto            uint8
	SrcPort, DstPort uint16 // of no meaning unless Proto is TCP or UDP
	// The addresses after translation, of a NAT event or a translating exporter; zero: none.
	PostSrc, PostDst netip.Addr

	// Packets and Bytes from Src to Dst; with Biflow, RevPackets and RevBytes are
	// those from Dst to Src, and 0 in either direction is a statement (RFC 5103).
	Packets, Bytes       uint64
	RevPackets, RevBytes uint64
	Biflow               bool

	// Start and End are when the first and the last packet was seen, in ns since
	// the epoch by the exporter's clock; 0 is unknown. Export is when the exporter
	// says it sent the datagram, by the same clock; 0 if it does not say, or cannot be
	// right. Arrival is when we got it, by our clock.
	Start, End, Export, Arrival int64

	TCPFlags, RevTCPFlags uint8
	EndReason             EndReason
	Drop                  Drop
	Code                  uint16
	// DropBy is who sent the ICMP message of a DropICMP: Src, Dst and what else is
	// said of the flow are then those of the quoted packet.
	DropBy netip.Addr
	// ICMPType and ICMPCode are set when Proto is ICMP or ICMPv6; HasICMP tells type 0 from none.
	ICMPType, ICMPCode uint8
	HasICMP            bool

	// CallID is the Call ID of an Enhanced GRE header: the receiver's number for the call (RFC 2637 section 4.1).
	CallID    uint16
	HasCallID bool

	// Sampling is how many packets were seen for each one that is counted: 1 is
	// unsampled, and so said; 0 is not known.
	Sampling float64
}

// IsGRE says that r is about GRE.
func (r *Record) IsGRE() bool { return r.Proto == ProtoGRE }

// IsControl says that r is about PPTP's control connection.
func (r *Record) IsControl() bool {
	return r.Proto == ProtoTCP && (r.SrcPort == PPTPPort || r.DstPort == PPTPPort)
}
