package gre

import "time"

// Direction counts data packets one way. Bytes are of payload.
type Direction struct {
	Packets, Bytes uint64
}

// RTT sums up round-trip times.
type RTT struct {
	Count               uint64
	Last, Min, Max, Sum time.Duration
}

func (r *RTT) add(d time.Duration) {
	if r.Count == 0 || d < r.Min {
		r.Min = d
	}
	r.Max = max(r.Max, d)
	r.Last = d
	r.Sum += d
	r.Count++
}

// Stats is what an [Endpoint] has counted.
//
// Each data packet received is, in the end, in one of Rx.Packets, RxDuplicate,
// RxLate and RxStray. Rx.Packets / (Rx.Packets + RxLost) is the rate of delivery
// that a user sees; RxLate of the lost ones did arrive, but in vain.
type Stats struct {
	Tx Direction // sent
	Rx Direction // delivered

	TxAcksOnly, RxAcksOnly uint64 // packets without data

	RxLost      uint64 // passed over and not delivered, late ones included
	RxLate      uint64 // arrived after having been passed over; dropped
	RxReordered uint64 // arrived after a later one, and delivered in order all the same
	RxDuplicate uint64 // arrived again; dropped
	RxStray     uint64 // numbered too far from the others to be of the same stream; dropped
	RxRestarts  uint64 // times that the peer began to count anew
	RxMalformed uint64 // refused by Parse, or neither data nor acknowledgement

	TxAcked   uint64    // ours that the peer has acknowledged (one acknowledgement covers all before)
	LastAckAt time.Time // when it last acknowledged a new one

	// AckRTT is from sending a packet to its first acknowledgement: with the time
	// the peer holds acknowledgements back (up to half a second), and only of
	// packets that an acknowledgement names.
	AckRTT RTT

	FirstRxSeq          uint32    // number of the first data packet; of no meaning while FirstRxAt is zero
	FirstRxAt, LastRxAt time.Time // arrival of the first and last data packet, dropped ones included
}
