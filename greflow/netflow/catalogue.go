package netflow

// slotID names a value that a plan can find in a record.
type slotID uint8

const (
	slotNone slotID = iota

	slotProto
	slotSrcPort
	slotDstPort
	slotIn
	slotOut
	slotPhysIn
	slotPhysOut
	slotDirection
	slotPackets
	slotBytes
	slotRevPackets
	slotRevBytes
	slotFlags
	slotRevFlags
	slotEndReason
	slotStart
	slotEnd
	slotDuration
	slotObserved
	slotForwarding
	slotDroppedPackets
	slotDroppedBytes
	slotFirewall
	slotFirewallExt
	slotICMP // type and code in one
	slotICMPType
	slotICMPCode
	slotGREKey
	slotDomain
	slotFrameSize

	// Addresses; their slots hold where they end, no value.
	slotSrc4
	slotDst4
	slotSrc6
	slotDst6
	slotPostSrc4
	slotPostDst4
	slotPostSrc6
	slotPostDst6
	slotExporter4
	slotExporter6

	slotSection

	// Sampling, in data and in option data.
	slotSampler
	slotInterval
	slotRandomInterval
	slotPacketInterval
	slotPacketSpace
	slotTimeInterval
	slotTimeSpace
	slotSize
	slotPopulation
	slotProbability
	slotObservedPackets
	slotSelectedPackets

	// What an exporter says of itself.
	slotActive
	slotIdle
	slotInit

	slots
)

// kind is how a slot is read, where one slot has several forms.
type kind uint8

const (
	kindNone kind = iota

	// Times.
	kindNTP     // seconds since 1900, and 32 bits of fraction, also if the element is of microseconds
	kindMillis  // since the epoch
	kindSeconds // since the epoch
	kindDelta   // microseconds before the export time
	kindUptime  // milliseconds since the exporter's start, 32 bits

	// Packet sections.
	kindFrame   // from the data link header on
	kindPacket  // from the IP header on
	kindPayload // from after the IP header on
)

// element is an information element: an IANA number if pen is 0.
type element struct {
	pen uint32
	id  uint16
}

// reversePEN marks the reverse direction of an IANA element (RFC 5103 section 6.1).
const reversePEN = 29305

// want is what an element is good for. Of several elements of one slot in a
// template the one of the lowest rank is read, and of the same rank the first.
type want struct {
	slot slotID
	rank uint8
	kind kind
}

// catalogue has all elements that are read. Element 23 and 24 (post counters) are
// not: on firewalls they mean the reverse direction or the same one, by version.
var catalogue = map[element]want{
	{0, 4}:   {slot: slotProto},
	{0, 7}:   {slot: slotSrcPort},
	{0, 11}:  {slot: slotDstPort},
	{0, 182}: {slot: slotSrcPort, rank: 1}, // of TCP alone
	{0, 183}: {slot: slotDstPort, rank: 1},
	{0, 10}:  {slot: slotIn},
	{0, 14}:  {slot: slotOut},
	{0, 252}: {slot: slotPhysIn},
	{0, 253}: {slot: slotPhysOut},
	{0, 61}:  {slot: slotDirection},

	// Deltas before totals, which count again what an earlier record has told.
	{0, 2}:           {slot: slotPackets, rank: 1},
	{0, 86}:          {slot: slotPackets, rank: 2},
	{0, 1}:           {slot: slotBytes, rank: 1},
	{0, 85}:          {slot: slotBytes, rank: 2},
	{0, 352}:         {slot: slotBytes, rank: 3}, // with the data link header
	{reversePEN, 2}:  {slot: slotRevPackets, rank: 1},
	{reversePEN, 86}: {slot: slotRevPackets, rank: 2},
	{reversePEN, 1}:  {slot: slotRevBytes, rank: 1},
	{reversePEN, 85}: {slot: slotRevBytes, rank: 2},
	{0, 6}:           {slot: slotFlags},
	{reversePEN, 6}:  {slot: slotRevFlags},
	{0, 136}:         {slot: slotEndReason},
	{0, 132}:         {slot: slotDroppedBytes},
	{0, 133}:         {slot: slotDroppedPackets},
	{0, 89}:          {slot: slotForwarding},
	{0, 233}:         {slot: slotFirewall},
	{0, 40005}:       {slot: slotFirewall, rank: 1}, // ASA before 8.4
	{0, 33002}:       {slot: slotFirewallExt},
	{0, 32}:          {slot: slotICMP},
	{0, 139}:         {slot: slotICMP, rank: 1},
	{0, 176}:         {slot: slotICMPType},
	{0, 177}:         {slot: slotICMPCode},
	{0, 178}:         {slot: slotICMPType, rank: 1},
	{0, 179}:         {slot: slotICMPCode, rank: 1},
	{0, 296}:         {slot: slotGREKey},
	{0, 149}:         {slot: slotDomain},
	{0, 312}:         {slot: slotFrameSize},

	{0, 156}: {slot: slotStart, kind: kindNTP},
	{0, 154}: {slot: slotStart, rank: 1, kind: kindNTP},
	{0, 152}: {slot: slotStart, rank: 2, kind: kindMillis},
	{0, 158}: {slot: slotStart, rank: 3, kind: kindDelta},
	{0, 150}: {slot: slotStart, rank: 4, kind: kindSeconds},
	{0, 22}:  {slot: slotStart, rank: 5, kind: kindUptime},
	{0, 157}: {slot: slotEnd, kind: kindNTP},
	{0, 155}: {slot: slotEnd, rank: 1, kind: kindNTP},
	{0, 153}: {slot: slotEnd, rank: 2, kind: kindMillis},
	{0, 159}: {slot: slotEnd, rank: 3, kind: kindDelta},
	{0, 151}: {slot: slotEnd, rank: 4, kind: kindSeconds},
	{0, 21}:  {slot: slotEnd, rank: 5, kind: kindUptime},
	{0, 161}: {slot: slotDuration},
	{0, 325}: {slot: slotObserved, kind: kindNTP},
	{0, 324}: {slot: slotObserved, rank: 1, kind: kindNTP},
	{0, 323}: {slot: slotObserved, rank: 2, kind: kindMillis},
	{0, 322}: {slot: slotObserved, rank: 3, kind: kindSeconds},

	{0, 8}:     {slot: slotSrc4},
	{0, 12}:    {slot: slotDst4},
	{0, 27}:    {slot: slotSrc6},
	{0, 28}:    {slot: slotDst6},
	{0, 225}:   {slot: slotPostSrc4},
	{0, 226}:   {slot: slotPostDst4},
	{0, 40001}: {slot: slotPostSrc4, rank: 1}, // ASA before 8.4
	{0, 40002}: {slot: slotPostDst4, rank: 1},
	{0, 281}:   {slot: slotPostSrc6},
	{0, 282}:   {slot: slotPostDst6},
	{0, 130}:   {slot: slotExporter4},
	{0, 131}:   {slot: slotExporter6},

	{0, 313}: {slot: slotSection, kind: kindPacket},
	{0, 315}: {slot: slotSection, rank: 1, kind: kindFrame},
	{0, 104}: {slot: slotSection, rank: 2, kind: kindFrame}, // the number of 315 before RFC 7133
	{0, 314}: {slot: slotSection, rank: 3, kind: kindPayload},

	{0, 302}: {slot: slotSampler},
	{0, 48}:  {slot: slotSampler, rank: 1},
	{0, 34}:  {slot: slotInterval},
	{0, 50}:  {slot: slotRandomInterval},
	{0, 305}: {slot: slotPacketInterval},
	{0, 306}: {slot: slotPacketSpace},
	{0, 307}: {slot: slotTimeInterval},
	{0, 308}: {slot: slotTimeSpace},
	{0, 309}: {slot: slotSize},
	{0, 310}: {slot: slotPopulation},
	{0, 311}: {slot: slotProbability},
	{0, 318}: {slot: slotObservedPackets},
	{0, 319}: {slot: slotSelectedPackets},
	{0, 36}:  {slot: slotActive},
	{0, 37}:  {slot: slotIdle},
	{0, 160}: {slot: slotInit},
}

// responder has the counters of a connection, of Cisco's NSEL and of others. A
// template that has one of the responder is of biflows, and these four come first.
var responder = map[element]want{
	{0, 231}: {slot: slotBytes},
	{0, 298}: {slot: slotPackets},
	{0, 232}: {slot: slotRevBytes},
	{0, 299}: {slot: slotRevPackets},
}

// scopeInterface is the scope field type of NetFlow v9 for an interface; the
// numbers of scope fields are their own there (RFC 3954 section 6.1).
const scopeInterface = 2

// wanted returns what f is good for.
func (f *field) wanted(version uint16, biflow bool) want {
	e := element{f.pen, f.id}
	if f.scope && version == 9 {
		if f.id == scopeInterface {
			return want{slot: slotIn}
		}
		return want{}
	}
	if w, ok := responder[e]; ok {
		if biflow || w.slot == slotBytes || w.slot == slotPackets {
			if !biflow {
				w.rank = 4 // the initiator's alone: better than nothing
			}
			return w
		}
		return want{}
	}
	return catalogue[e]
}

// fits says whether a field of length n can hold w: addresses have one length, and
// numbers may be encoded in fewer bytes than their type has (RFC 7011 section 6.2).
func (w want) fits(n int) bool {
	switch {
	case w.slot == slotNone:
		return false
	case n == variableLength:
		return w.slot < slotSrc4 || w.slot >= slotSection
	case w.slot >= slotSrc4 && w.slot < slotSection:
		if w.slot.is6() {
			return n == 16
		}
		return n == 4
	}
	return n > 0
}

func (s slotID) is6() bool {
	switch s {
	case slotSrc6, slotDst6, slotPostSrc6, slotPostDst6, slotExporter6:
		return true
	}
	return false
}
