package netflow

import (
	"net/netip"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// reader is what decodes the sets of one datagram.
type reader struct {
	d     *Decoder
	s     *scope
	sink  flow.Sink
	count *VersionStats
	clock clock
	// earliest end that a record may have, and the active time-out it comes from.
	earliest, active int64
	// rate is that of all records, if oneRate.
	rate    float64
	oneRate bool
	rec     flow.Record
	// vary is the plan of the record at hand, if its template has fields of variable length.
	vary plan
}

// data decodes the records of t between lo and hi. It returns how many there are,
// and whether that is all of them.
func (r *reader) data(t *template, b []byte, lo, hi int) (n int, complete bool) {
	if r.d.trace != nil {
		r.d.trace(r.s, t, b, lo, hi)
	}
	if t.options {
		return r.walk(t, b, lo, hi, (*reader).option)
	}
	p := &t.plan
	r.begin()
	complete = true
	switch {
	case !t.fixed:
		n, complete = r.walk(t, b, lo, hi, (*reader).consider)
	case p.section.kind != kindNone:
		for ; hi-lo >= t.size; lo += t.size {
			r.packet(p, b, lo)
			n++
		}
	case r.d.cfg.All:
		for ; hi-lo >= t.size; lo += t.size {
			r.deliver(p, b, lo)
			n++
		}
	case p.has[slotProto]:
		// Nearly all records end here, after one byte, or the ports.
		proto, src, dst := p.at[slotProto].end-1, p.at[slotSrcPort], p.at[slotDstPort]
		for size := t.size; hi-lo >= size; lo += size {
			n++
			switch b[lo+proto] {
			case flow.ProtoTCP:
				if src.read(b, lo) == flow.PPTPPort || dst.read(b, lo) == flow.PPTPPort {
					r.deliver(p, b, lo)
				}
			case flow.ProtoGRE, flow.ProtoICMP:
				if p.ours(b, lo) {
					r.deliver(p, b, lo)
				}
			}
		}
	default:
		n = (hi - lo) / t.size // none of them can be ours
	}
	r.count.Records += uint64(n)
	return n, complete
}

// walk calls do for every record. It is for templates with variable length and for
// option data, which are few.
func (r *reader) walk(t *template, b []byte, pos, hi int, do func(*reader, *plan, []byte, int)) (n int, complete bool) {
	p := &t.plan
	if !t.fixed {
		r.vary = t.plan
		p = &r.vary
	}
	for hi-pos >= t.size {
		end := pos + t.size
		if !t.fixed {
			var ok bool
			if end, ok = t.walk(p, b, pos, hi); !ok {
				r.d.fail(ReasonOverrun)
				return n, false
			}
		}
		do(r, p, b, pos)
		pos = end
		n++
	}
	return n, true
}

// ours says whether a record is about PPTP. The ports of GRE are never looked at:
// they are 0, absent, Call IDs or the keys of a NAT.
func (p *plan) ours(b []byte, pos int) bool {
	switch uint8(p.number(slotProto, b, pos)) {
	case flow.ProtoGRE:
		return true
	case flow.ProtoTCP:
		return p.number(slotDstPort, b, pos) == flow.PPTPPort || p.number(slotSrcPort, b, pos) == flow.PPTPPort
	case flow.ProtoICMP:
		typ, _, ok := p.icmp(b, pos)
		return ok && typ == icmpUnreachable
	}
	return false
}

// consider delivers a record of variable length if it is wanted.
func (r *reader) consider(p *plan, b []byte, pos int) {
	if p.section.kind != kindNone {
		r.packet(p, b, pos)
		return
	}
	if r.d.cfg.All || p.ours(b, pos) {
		r.deliver(p, b, pos)
	}
}

// begin sets what all records of the datagram have in common, and clears the rest.
func (r *reader) begin() {
	r.rec = flow.Record{Exporter: r.s.exporter, Export: r.clock.export, Arrival: r.clock.arrival}
	r.rate, r.oneRate = r.s.rates.only()
	if zero := r.s.zero(); r.rate == 0 && zero != nil {
		r.oneRate = false
	}
	r.rec.Sampling = r.rate
}

// deliver gives a record to the sink.
func (r *reader) deliver(p *plan, b []byte, pos int) {
	r.extract(p, b, pos)
	r.count.Delivered++
	r.sink.Record(&r.rec)
}

// extract reads a record. What it sets it sets for every record of the set, so that
// the record need not be cleared in between.
func (r *reader) extract(p *plan, b []byte, pos int) {
	rec := &r.rec
	rec.Export = r.clock.export
	if p.has[slotSrc4] {
		rec.Src = netip.AddrFrom4([4]byte(b[pos+p.at[slotSrc4].end-4:]))
	}
	if p.has[slotDst4] {
		rec.Dst = netip.AddrFrom4([4]byte(b[pos+p.at[slotDst4].end-4:]))
	}
	rec.Proto = uint8(p.number(slotProto, b, pos))
	rec.SrcPort = uint16(p.number(slotSrcPort, b, pos))
	rec.DstPort = uint16(p.number(slotDstPort, b, pos))
	rec.In = uint32(p.number(slotIn, b, pos))
	rec.Out = uint32(p.number(slotOut, b, pos))
	rec.Packets = p.number(slotPackets, b, pos)
	rec.Bytes = p.number(slotBytes, b, pos)
	rec.TCPFlags = uint8(p.number(slotFlags, b, pos))
	rec.EndReason = flow.EndReason(p.number(slotEndReason, b, pos))
	rec.Start = r.clock.at(p.start, p.number(slotStart, b, pos))
	rec.End = r.clock.at(p.end, p.number(slotEnd, b, pos))
	if p.has[slotDirection] {
		rec.Direction = direction(p.number(slotDirection, b, pos))
	}
	if p.has[slotForwarding] {
		rec.Drop, rec.Code = forwarding(p.number(slotForwarding, b, pos))
	}
	if p.biflow {
		rec.Biflow = true
		rec.RevPackets = p.number(slotRevPackets, b, pos)
		rec.RevBytes = p.number(slotRevBytes, b, pos)
		rec.RevTCPFlags = uint8(p.number(slotRevFlags, b, pos))
	}
	if p.has[slotGREKey] {
		rec.CallID, rec.HasCallID = 0, rec.Proto == flow.ProtoGRE
		if rec.HasCallID {
			rec.CallID = uint16(p.number(slotGREKey, b, pos)) // the upper half is a length (RFC 2637 section 4.1)
		}
	}
	if rec.Proto == flow.ProtoICMP || rec.Proto == protoICMPv6 {
		rec.ICMPType, rec.ICMPCode, rec.HasICMP = p.icmp(b, pos)
	} else if rec.HasICMP {
		rec.ICMPType, rec.ICMPCode, rec.HasICMP = 0, 0, false
	}
	if p.rare {
		r.rare(p, b, pos)
	}
	if rec.End > r.clock.export+clockAhead || rec.End < r.earliest || rec.Start > rec.End {
		r.repair(rec)
	}
	if p.rates || !r.oneRate {
		rec.Sampling = r.sampling(p, b, pos)
	}
}

const protoICMPv6 = 58

// repair mends times that cannot be.
func (r *reader) repair(rec *flow.Record) {
	if rec.End == 0 {
		return // not told
	}
	if rec.End > r.clock.export+clockAhead || rec.End < r.earliest {
		if ahead := rec.End - r.clock.arrival; ahead <= clockAhead && ahead >= r.earliest-r.clock.export {
			// It is the header that is wrong: nfreplay's is a day late, and the records are as they were.
			rec.Export = 0
		} else {
			rec.Start, rec.End = r.clock.clamp(rec.Start, rec.End, r.active)
			r.d.stats.TimesClamped++
		}
	}
	rec.Start = min(rec.Start, rec.End)
}

// rare reads what few templates have.
func (r *reader) rare(p *plan, b []byte, pos int) {
	rec := &r.rec
	if p.has[slotSrc6] || p.has[slotDst6] {
		rec.Src, rec.Dst = p.addr(slotSrc4, slotSrc6, b, pos), p.addr(slotDst4, slotDst6, b, pos)
	}
	rec.PostSrc, rec.PostDst = p.addr(slotPostSrc4, slotPostSrc6, b, pos), p.addr(slotPostDst4, slotPostDst6, b, pos)
	if rec.In == 0 {
		rec.In = uint32(p.number(slotPhysIn, b, pos))
	}
	if rec.Out == 0 {
		rec.Out = uint32(p.number(slotPhysOut, b, pos))
	}
	r.rareTimes(p, b, pos)

	if !p.has[slotForwarding] {
		rec.Drop, rec.Code = flow.NotDropped, 0
	}
	// Packets are counted before they are dropped; a record is about a drop if all of them were.
	if n := p.number(slotDroppedPackets, b, pos); n > 0 && n >= rec.Packets && rec.Drop == flow.NotDropped {
		rec.Drop, rec.Code = flow.DropForwarding, forwardingDropped
	} else if n := p.number(slotDroppedBytes, b, pos); n > 0 && n >= rec.Bytes && !p.has[slotDroppedPackets] && rec.Drop == flow.NotDropped {
		rec.Drop, rec.Code = flow.DropForwarding, forwardingDropped
	}
	if p.number(slotFirewall, b, pos) == firewallDenied {
		rec.Drop, rec.Code = flow.DropFirewall, uint16(p.number(slotFirewallExt, b, pos))
	}

	// A mediator tells whose record it relays (RFC 6183).
	if p.has[slotExporter4] || p.has[slotExporter6] {
		rec.Exporter, rec.Relay = r.s.exporter, netip.Addr{}
		if origin := p.addr(slotExporter4, slotExporter6, b, pos); origin.IsValid() && origin != rec.Exporter.Addr {
			rec.Exporter.Addr, rec.Relay = origin, rec.Exporter.Addr
			if p.has[slotDomain] {
				rec.Exporter.Domain = uint32(p.number(slotDomain, b, pos))
			}
		}
	}
}

// rareTimes fills in start and end from a duration, or from the time of an event.
func (r *reader) rareTimes(p *plan, b []byte, pos int) {
	rec := &r.rec
	if p.has[slotInit] && !r.clock.hasUptime {
		if c := r.clock; c.since(p.number(slotInit, b, pos)) {
			rec.Start, rec.End = c.at(p.start, p.number(slotStart, b, pos)), c.at(p.end, p.number(slotEnd, b, pos))
		}
	}
	if p.has[slotDuration] {
		// Longer than 50 days would be no duration.
		d := int64(uint32(p.number(slotDuration, b, pos))) * 1_000_000
		switch {
		case rec.Start == 0 && rec.End != 0:
			rec.Start = rec.End - d
		case rec.End == 0 && rec.Start != 0:
			rec.End = rec.Start + d
		}
	}
	if p.has[slotObserved] {
		at := r.clock.at(p.observed, p.number(slotObserved, b, pos))
		if rec.End == 0 {
			rec.End = at
		}
		if rec.Start == 0 {
			rec.Start = at
		}
	}
}

const (
	firewallDenied    = 3   // firewallEvent (IE 233)
	forwardingDropped = 128 // forwardingStatus: dropped, reason unknown (RFC 7270 section 4.12)
)

// forwarding reads IE 89. It is one byte in RFC 3954 and four in IANA's registry,
// and exporters differ on which of the four.
func forwarding(v uint64) (flow.Drop, uint16) {
	if v > 0xff {
		v = v >> 24 & 0xff
	}
	if v>>6 == 2 {
		return flow.DropForwarding, uint16(v)
	}
	return flow.NotDropped, 0
}

func direction(v uint64) flow.Direction {
	switch v {
	case 0:
		return flow.Ingress
	case 1:
		return flow.Egress
	}
	return flow.DirectionUnknown
}
