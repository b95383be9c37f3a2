package detect

import (
	"net/netip"
	"unsafe"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// find returns the pair that r is about, and the way it goes; nil if it is about none.
func (d *Detector) find(r *flow.Record, gre bool, now stamp) (*pair, Way) {
	if r.PostSrc.IsValid() || r.PostDst.IsValid() {
		return d.translated(r, gre, now)
	}
	k, srcHigh := keyOf(r.Src, r.Dst)
	if p := d.table.get(k); p != nil {
		way := p.way(srcHigh)
		return d.resolve(p, now), way
	}
	return d.newPair(r, r.Src, r.Dst, gre, now)
}

// newPair admits a pair of a known gateway at once. Others wait until both a
// control connection and GRE were seen: the addresses in a flow are whatever
// somebody sent, however trusted the exporter is.
func (d *Detector) newPair(r *flow.Record, src, dst netip.Addr, gre bool, now stamp) (*pair, Way) {
	from, to := d.gateways.find(src), d.gateways.find(dst)
	serverDst := to != noGateway
	if from != noGateway && to != noGateway || from == noGateway && to == noGateway {
		// The side with port 1723 is the server, whoever else serves.
		known := from != noGateway
		if gre {
			if known || !d.cfg.Learn {
				d.stats.NotOurs++
				return nil, 0
			}
			serverDst = false
		} else {
			serverDst = r.DstPort == flow.PPTPPort
		}
		if !known {
			if serverDst, known = d.learn(src, dst, serverDst, gre); !known {
				return nil, 0
			}
			from, to = d.gateways.find(src), d.gateways.find(dst)
		}
	}
	client, server, gateway, way := dst, src, from, ToClient
	if serverDst {
		client, server, gateway, way = src, dst, to, ToGateway
	}
	return d.admit(client, server, gateway, now), way
}

// learn notes that control or GRE was seen between two addresses, and makes the
// server a gateway when both were.
func (d *Detector) learn(src, dst netip.Addr, serverDst, gre bool) (toDst, ok bool) {
	if !d.cfg.Learn {
		d.stats.NotOurs++
		return false, false
	}
	k, srcHigh := keyOf(src, dst)
	serverHigh, ok := d.pending.saw(k, gre, serverDst != srcHigh)
	if !ok {
		d.stats.NotOurs++
		return false, false
	}
	toDst = serverHigh != srcHigh
	server := src
	if toDst {
		server = dst
	}
	if d.gateways.find(server) == noGateway && d.gateways.learn(server) == noGateway {
		d.stats.GatewayRefused++
		return false, false
	}
	return toDst, true
}

func (d *Detector) admit(client, server netip.Addr, gateway int32, now stamp) *pair {
	k, clientHigh := keyOf(client, server)
	p := d.table.add(k, d.gone)
	var flags pairFlags
	if !clientHigh {
		flags = flagServerHigh
	}
	d.start(p, gateway, now, flags)
	d.stats.Admitted++
	return p
}

// start makes p a pair about which nothing is known, except where it is in the table.
func (d *Detector) start(p *pair, gateway int32, now stamp, flags pairFlags) {
	fresh := pair{
		key: p.key, number: p.number, birth: p.birth, next: p.next, prev: p.prev, class: p.class,
		gateway: gateway, seen: now, since: now, reason: Warming, flags: flags,
	}
	for i := range fresh.gre {
		fresh.gre[i].exporter, fresh.gre[i].control = noExporter, noExporter
	}
	*p = fresh
	d.gateways.all[gateway].pairs[Unknown]++
}

// gone takes a pair out of its gateway's sums.
func (d *Detector) gone(p *pair) {
	if p.flags&flagAlias != 0 {
		return
	}
	g := &d.gateways.all[p.gateway]
	g.pairs[p.state]--
	g.confidence[p.state] -= float64(p.confidence)
	g.control -= int32(p.sessions)
	if p.flags&flagPartial != 0 {
		g.partial--
	}
}

// pending holds pairs of no known gateway of which only control or only GRE was
// seen yet. The oldest is overwritten.
type pending struct {
	index      map[pairKey]uint32
	ring       []candidate
	next       int
	limit      int
	overwrites uint64
}

type candidate struct {
	key        pairKey
	control    bool
	gre        bool
	serverHigh bool
}

func newPending(limit int) pending {
	return pending{limit: limit, index: make(map[pairKey]uint32)}
}

func (q *pending) len() int { return len(q.index) }

func (q *pending) bytes() int64 {
	return int64(cap(q.ring)) * int64(unsafe.Sizeof(candidate{})+48)
}

// saw returns which side is the server once both control and GRE were seen, and forgets the pair.
func (q *pending) saw(k pairKey, gre, serverHigh bool) (high, both bool) {
	i, ok := q.index[k]
	if !ok {
		if len(q.ring) < q.limit {
			q.ring = append(q.ring, candidate{})
		} else if q.next == len(q.ring) {
			q.next = 0
		}
		i = uint32(q.next)
		q.next++
		if old := &q.ring[i]; old.control || old.gre {
			delete(q.index, old.key)
			q.overwrites++
		}
		q.ring[i] = candidate{key: k}
		q.index[k] = i
	}
	c := &q.ring[i]
	if gre {
		c.gre = true
	} else {
		c.control, c.serverHigh = true, serverHigh
	}
	if !c.gre || !c.control {
		return false, false
	}
	high = c.serverHigh
	delete(q.index, k)
	*c = candidate{}
	return high, true
}
