package detect

import "github.com/otelcol-pptp/otelcol-pptp/greflow/flow"

// ICMP destination unreachable (RFC 792) and its code 2, protocol unreachable;
// ICMPv6 says the same as a parameter problem (4), code 1 (RFC 4443 section 3.4).
const (
	icmpUnreachable      = 3
	icmpProtocol         = 2
	icmp6ParameterIssue  = 4
	icmp6UnknownNextHead = 1
)

// Codes of a drop that are about congestion or size: some packets are dropped,
// not all.
const (
	forwardingFragmented = 133 // fragmentation needed, RFC 7270 section 4.12
	forwardingPolicer    = 138
	forwardingWRED       = 139

	// Reasons of sFlow (sflow_drops.txt); those below 256 are codes of ICMP destination unreachable.
	sflowFragmented = 4
	sflowNoBuffer   = 259
	sflowRED        = 260
	sflowShaping    = 261
	sflowTooBig     = 262
)

// drop takes in that a device does not forward something between two ends.
func (d *Detector) drop(p *pair, way Way, r *flow.Record, o *observation, gre bool) {
	d.stats.Drops++
	if !gre || someOnly(r) {
		return
	}
	d.dropped(p, way, r.Drop, r.Code, o.end, o.now)
}

func someOnly(r *flow.Record) bool {
	switch r.Drop {
	case flow.DropForwarding:
		return r.Code == forwardingFragmented || r.Code == forwardingPolicer || r.Code == forwardingWRED
	case flow.DropICMP:
		return r.Code == flow.ICMPTooBig
	case flow.DropSFlow:
		switch r.Code {
		case sflowFragmented, sflowNoBuffer, sflowRED, sflowShaping, sflowTooBig:
			return true
		}
		return false
	default:
		return false
	}
}

func (d *Detector) dropped(p *pair, way Way, kind flow.Drop, code uint16, at, now stamp) {
	d.gateways.all[p.gateway].seen[way] = now
	p.dropped = max(p.dropped, at)
	p.flags &^= flagDropToClient
	if way == ToClient {
		p.flags |= flagDropToClient
	}
	p.dropKind, p.dropCode = uint8(kind), code
	d.evaluate(p, now, false)
}

// icmp takes in an ICMP message of which only the addresses are known, not what it
// quotes: protocol unreachable, between the ends of a pair, can only be about GRE.
func (d *Detector) icmp(r *flow.Record, now stamp) {
	unreachable := r.Proto == flow.ProtoICMP && r.ICMPType == icmpUnreachable && r.ICMPCode == icmpProtocol
	if !unreachable && (r.ICMPType != icmp6ParameterIssue || r.ICMPCode != icmp6UnknownNextHead || !r.Src.Is6()) {
		d.stats.Ignored++
		return
	}
	k, srcHigh := keyOf(r.Src, r.Dst)
	p := d.table.get(k)
	if p == nil {
		d.stats.NotOurs++
		return
	}
	// What its receiver had sent is refused.
	refused := p.way(srcHigh).other()
	p = d.resolve(p, now)
	p.records++
	p.seen = now
	d.stats.Drops++
	d.dropped(p, refused, flow.DropICMP, uint16(r.ICMPCode), now, now)
}

// refuses says which way a device drops the GRE, unless it went both ways after that:
// then it was a packet, not a policy.
func (p *pair) refuses(now, window stamp) (Way, bool) {
	way := ToGateway
	if p.flags&flagDropToClient != 0 {
		way = ToClient
	}
	at := p.dropped
	return way, at != 0 && now.sub(at) <= window && (p.gre[ToGateway].last <= at || p.gre[ToClient].last <= at)
}
