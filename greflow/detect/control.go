package detect

import (
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// The TCP flags of a record are those of all its packets.
const (
	tcpFIN = 0x01
	tcpSYN = 0x02
	tcpRST = 0x04
)

// control takes in a record of the control connection.
func (d *Detector) control(p *pair, g *gateway, way Way, r *flow.Record, o *observation) {
	port := r.SrcPort
	if way == ToClient {
		port = r.DstPort
	}
	flags := r.TCPFlags
	both := r.Biflow && r.RevPackets > 0
	if both {
		flags |= r.RevTCPFlags
	}
	forward := r.Packets > 0 || !r.Biflow
	if !forward && !both {
		return
	}
	o.x.joint.follows(r)
	c := p.conn(port, o, flags)
	if forward {
		d.controlSeen(p, g, c, way, o)
	}
	if both {
		d.controlSeen(p, g, c, way.other(), o)
	}
	if flags&(tcpFIN|tcpRST) != 0 && o.end >= c.last {
		c.flags |= connClosed
	}
	c.last = max(c.last, o.end)
	if r.EndReason == flow.EndActive {
		o.x.active.add(o.end.sub(o.start))
	}
}

func (d *Detector) controlSeen(p *pair, g *gateway, c *conn, way Way, o *observation) {
	g.seen[way] = o.now
	c.flags |= connToGateway << way
	if o.end >= p.control[way] {
		p.control[way] = o.end
		p.gre[way].control = o.exporter
	}
}

// conn returns the connection from this port as this exporter sees it: through a
// translator the same one has two ports. When there are too many the one that
// is closed, or was seen least recently, is forgotten.
func (p *pair) conn(port uint16, o *observation, flags uint8) *conn {
	worst := &p.conns[0]
	for i := range p.conns {
		c := &p.conns[i]
		if c.last != 0 && c.port == port && c.exporter == o.exporter {
			again := o.start > c.last && (flags&tcpSYN != 0 || c.flags&connClosed != 0 && o.start > c.last+10*second)
			if again {
				p.begins(o.start)
				c.open(port, o, flags)
			} else if flags&tcpSYN != 0 {
				c.flags |= connWitnessed
			}
			return c
		}
		if c.age() < worst.age() {
			worst = c
		}
	}
	p.begins(o.start)
	worst.open(port, o, flags)
	return worst
}

// age orders connections by how little they matter.
func (c *conn) age() stamp {
	if c.flags&connClosed != 0 {
		return c.last / 2
	}
	return c.last
}

func (c *conn) open(port uint16, o *observation, flags uint8) {
	*c = conn{port: port, exporter: o.exporter, first: o.start, last: o.end}
	// Without flags its beginning was seen if we watched for long enough to have seen it before.
	long := flags == 0 && o.x.loss() == 0 && o.start > o.x.clear+o.x.delay+60*second
	if flags&tcpSYN != 0 || long {
		c.flags |= connWitnessed
	}
}

// session says whether a control connection that is alive was so at t. One that
// was not seen for so much longer than another is dead, though nobody closed it.
func (p *pair) session(t stamp) bool {
	latest := max(p.control[ToGateway], p.control[ToClient])
	for i := range p.conns {
		c := &p.conns[i]
		if c.last != 0 && c.flags&connClosed == 0 && c.first <= t && latest.sub(c.last) <= deadAfter {
			return true
		}
	}
	return p.told >= t && p.told != 0
}

// answersFor says whether GRE that was seen both ways speaks for the connections there are, or were last: it was
// seen since one of them began. While that of a later one may just not be told yet, a healthy pair stays so.
func (p *pair) answersFor(v *view) bool {
	gre := min(p.gre[ToGateway].last, p.gre[ToClient].last)
	if p.session(gre) {
		return true
	}
	newer, late := 0, v.now
	for i := range p.conns {
		c := &p.conns[i]
		if c.first <= gre+oneClockMargin {
			continue
		}
		newer++
		if c.flags&connClosed != 0 {
			late = min(late, c.last+v.ended) // its GRE ended with it
		} else {
			late = min(late, c.first+v.delay)
		}
	}
	if newer == maxConns {
		late = min(late, gre+v.delay) // the first may be forgotten
	}
	return newer == 0 || p.state == Healthy && v.now <= late
}

// survived says that the only control connection was there before and after a silence
// that began at t, and, if it was a long one, both ends meanwhile.
func (p *pair) survived(t, silent stamp) bool {
	for i := range p.conns {
		if p.conns[i].first > t {
			return false
		}
	}
	return p.session(t) && (silent <= 60*second || p.controlAfter(t+controlMargin))
}

// deadAfter is when an end that does not hear from the other clears the connection
// (RFC 2637 section 3.1.4), and some.
const deadAfter = 150 * second

// begins is called when a control connection is opened at t. What was sent to
// a client that was gone does not speak against the new connection: packets
// without answer are kept only if who should have answered was there as long, as
// when a client gives up and dials again.
func (p *pair) begins(t stamp) {
	if !p.session(t) {
		p.silence = 0
	}
	if last := max(p.control[ToGateway], p.control[ToClient]); last != 0 && t.sub(last) > deadAfter {
		// Not one that dials again because it fails. Whether records of the last call were lost
		// is not known any more.
		p.clear = max(p.clear, t)
		p.forget(t)
		return
	}
	for way := ToGateway; way <= ToClient; way++ {
		if p.gre[way].last > p.control[way.other()]+controlMargin && p.gre[way].last > p.gre[way.other()].last {
			p.clear = max(p.clear, t)
			p.forget(t)
			return
		}
	}
}

// liveness is what is known of the control connections of a pair.
type liveness struct {
	alive    bool
	redials  bool // none is open, but one after the other is opened
	closed   bool // the end of the last one was seen
	sessions int  // concurrent ones
}

// live evaluates the control connections. One client behind a translator is
// counted per exporter, and the most that one exporter sees is taken.
func (p *pair) live(now, window stamp) liveness {
	var l liveness
	both := now.sub(p.control[ToGateway]) <= window && now.sub(p.control[ToClient]) <= window &&
		p.control[ToGateway] != 0 && p.control[ToClient] != 0
	seen, closed := 0, 0
	for i := range p.conns {
		c := &p.conns[i]
		if c.last == 0 {
			continue
		}
		seen++
		if c.flags&connClosed != 0 {
			closed++
		}
		open, begun := 0, 0
		for j := range p.conns {
			o := &p.conns[j]
			if o.last == 0 || o.exporter != c.exporter || now.sub(o.last) > window {
				continue
			}
			if o.flags&connClosed == 0 {
				open++
			}
			if now.sub(o.first) <= window+30*second {
				begun++
			}
		}
		l.sessions = max(l.sessions, open)
		l.redials = l.redials || begun >= 2
	}
	l.closed = seen > 0 && closed == seen
	l.redials = l.redials && l.sessions == 0 && both
	l.alive = both && l.sessions > 0 || l.redials || p.told > now
	if !both {
		l.sessions = 0
	}
	if p.told > now {
		l.sessions = max(l.sessions, 1)
	}
	return l
}
