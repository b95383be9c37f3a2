package detect

import (
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// joint learns whether an exporter has one entry in its flow cache for both ways of a flow, as softflowd and pmacctd
// do: they tell both at once, in records that follow one another and have the same times to the
// millisecond. Of such a one a record without the way back says that nothing came back, and no time-out need be waited for.
type joint struct {
	before     flowKey // and times, of the last record
	start, end int64
	// Records that followed that of the way back, with the same times, and with others: of this turn and the last.
	twins, apart [2]uint32
}

// enoughTwins makes chance unlikely: an exporter with an entry for each way sees a packet and its answer
// some milliseconds apart, at the start of the flow and at its end.
const enoughTwins = 6

type flowKey struct {
	src, dst         netip.Addr
	srcPort, dstPort uint16
	proto            uint8
}

func (j *joint) turn() {
	j.twins[1], j.twins[0] = j.twins[0], 0
	j.apart[1], j.apart[0] = j.apart[0], 0
}

// follows says whether r is the way back of the record before it, with the same times.
func (j *joint) follows(r *flow.Record) bool {
	b := &j.before
	back := b.src == r.Dst && b.dst == r.Src && b.proto == r.Proto && b.srcPort == r.DstPort && b.dstPort == r.SrcPort
	twin := back && j.start == r.Start && j.end == r.End
	switch {
	case r.Start%int64(time.Second) == 0 && r.End%int64(time.Second) == 0:
		twin = false // its clock is too coarse to tell
	case twin:
		j.twins[0]++
	case back && r.Start < j.end && j.start < r.End:
		j.apart[0]++
	}
	// One by one: what is put together in a literal is waited for when it is copied.
	b.src, b.dst, b.srcPort, b.dstPort, b.proto = r.Src, r.Dst, r.SrcPort, r.DstPort, r.Proto
	j.start, j.end = r.Start, r.End
	return twin
}

// proven says that what is told one way only was there one way only.
func (j *joint) proven() bool {
	return j.twins[0]+j.twins[1] >= enoughTwins && j.apart[0]+j.apart[1] == 0
}

// alone says that GRE of a flow went one way, and none the other way in that time.
func (x *exporter) alone(r *flow.Record) bool {
	switch {
	case r.Biflow:
		return (r.Packets == 0) != (r.RevPackets == 0)
	case r.Exporter.Version == flow.SFlow5:
		return false // packets, which have the time of their datagram
	}
	return !x.joint.follows(r) && x.joint.proven()
}

// jointLag is how long the record of the way back is waited for.
const jointLag = second

// horizon is up to when all GRE of the pair has been exported, or what is missing of it.
func (p *pair) horizon(v *view) stamp {
	if v.exporters != 1 || max(v.sampling[0], v.sampling[1]) > 1 {
		return v.horizon
	}
	return max(v.horizon, min(p.alone, v.now.sub(jointLag)))
}
