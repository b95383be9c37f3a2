package netflow

import (
	"container/list"
	"time"
	"unsafe"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// scope is what is known of an exporter: an address, a version and an observation
// domain. The source port is no part of it, since it changes when an exporter
// restarts, and its templates would be lost with it.
type scope struct {
	exporter flow.Exporter
	version  uint16
	peer     *peer
	told     bool  // the sink knows of it
	seen     int64 // arrival of the last datagram

	templates map[uint16]*template
	byUse     list.List // of *template, the last used one in front
	pending   pending
	missing   missing

	rates    rates
	timeouts timeouts
	sequence sequence
	received float64 // records since a loss was noted
	boot     boot
	started  int64 // IE 160, ms since the epoch; 0 is unknown

	restarted int64 // when it was last seen to restart
	flaps     int   // restarts with little in between

	all, own *list.Element // in Decoder.byUse and peer.byUse
}

type timeouts struct{ active, idle time.Duration }

// peer is an address, and what it has of the bounds.
type peer struct {
	byUse list.List // of *scope, the last used one in front
	zero  [2]*scope // the domain 0 of NetFlow v9 and IPFIX
	bytes int64
}

// cost is what a scope takes of Config.MaxBytes, without its templates and pending data.
const scopeCost = int64(unsafe.Sizeof(scope{})+unsafe.Sizeof(peer{})) + 2*int64(unsafe.Sizeof(list.Element{})) +
	maxSamplers*int64(unsafe.Sizeof(sampler{})) + 256 // three maps

// zero returns the domain 0 of the same exporter and version, unless s is it.
func (s *scope) zero() *scope {
	if s.version == 5 || s.exporter.Domain == 0 {
		return nil
	}
	return s.peer.zero[s.version-9]
}

// active returns the active time-out in ns; 0 is unknown.
func (s *scope) active() int64 {
	if v := s.timeouts.active; v > 0 {
		return int64(v)
	}
	if zero := s.zero(); zero != nil {
		return int64(zero.timeouts.active)
	}
	return 0
}

// scope returns what is known of an exporter, which may be nothing yet; nil if there is no room for it.
func (d *Decoder) scope(e flow.Exporter, version uint16, now int64) *scope {
	s := d.last
	if s == nil || s.exporter != e {
		s = d.scopes[e]
	}
	if s == nil {
		if s = d.newScope(e, version, now); s == nil {
			return nil
		}
	}
	d.last = s
	s.seen = now
	d.byUse.MoveToFront(s.all)
	s.peer.byUse.MoveToFront(s.own)
	return s
}

func (d *Decoder) newScope(e flow.Exporter, version uint16, now int64) *scope {
	p := d.peers[e.Addr]
	if p == nil {
		p = &peer{}
	}
	if !d.room(p, nil, scopeCost, 1) {
		return nil
	}
	s := &scope{exporter: e, version: version, peer: p, seen: now, templates: map[uint16]*template{}}
	if version == 9 {
		s.sequence.unit = unitDatagrams
	}
	if e.Domain == 0 && version != 5 {
		p.zero[version-9] = s
	}
	s.all, s.own = d.byUse.PushFront(s), p.byUse.PushFront(s)
	d.scopes[e], d.peers[e.Addr] = s, p // p may just have lost its last scope to make room
	d.charge(s, scopeCost)
	return s
}

// drop forgets an exporter.
func (d *Decoder) drop(s *scope) {
	for _, t := range s.templates {
		d.dropTemplate(s, t)
	}
	d.giveUp(s, len(s.pending.sets))
	d.charge(s, -scopeCost)
	d.byUse.Remove(s.all)
	s.peer.byUse.Remove(s.own)
	if s.peer.byUse.Len() == 0 {
		delete(d.peers, s.exporter.Addr)
	}
	for i := range s.peer.zero {
		if s.peer.zero[i] == s {
			s.peer.zero[i] = nil
		}
	}
	delete(d.scopes, s.exporter)
	if d.last == s {
		d.last = nil
	}
}

func (d *Decoder) dropTemplate(s *scope, t *template) {
	delete(s.templates, t.id)
	s.byUse.Remove(t.element)
	d.templates--
	d.charge(s, -t.cost())
}

func (d *Decoder) charge(s *scope, n int64) {
	d.bytes += n
	s.peer.bytes += n
}

// fairShare is the part of a bound that one address may take before it has to give
// up its own exporters rather than those of others.
const fairShare = 8

// room makes room for that many bytes and exporters of the address p, by forgetting
// the exporters that were silent for longest, but not keep.
func (d *Decoder) room(p *peer, keep *scope, bytes int64, exporters int) bool {
	for d.bytes+bytes > d.cfg.MaxBytes || len(d.scopes)+exporters > d.cfg.MaxExporters {
		from := &d.byUse
		if p.bytes+bytes > d.cfg.MaxBytes/fairShare || p.byUse.Len()+exporters > d.cfg.MaxExporters/fairShare {
			from = &p.byUse
		}
		victim := oldest(from, keep)
		if victim == nil {
			victim = oldest(&d.byUse, keep)
		}
		if victim == nil {
			return false
		}
		d.drop(victim)
		d.stats.ExportersEvicted++
	}
	return true
}

// oldest returns the last scope of l that is not keep.
func oldest(l *list.List, keep *scope) *scope {
	e := l.Back()
	if e != nil && e.Value == keep {
		e = e.Prev()
	}
	if e == nil {
		return nil
	}
	return e.Value.(*scope)
}
