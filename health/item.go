package health

import (
	"bytes"
	"cmp"
	"time"
)

// keptObservations is how many observations of one thing are kept: its rounds, or the
// clients that show it.
const keptObservations = 3

// observation is one round of a vantage, or the last word about one client.
type observation struct {
	at   int64 // Unix time, ns
	peer uint32
	kind uint8
}

// itemKey is (signal, source, vantage): what items are sorted by.
type itemKey uint32

func newKey(signal int, source Source, vantage uint16) itemKey {
	return itemKey(uint32(signal)<<24 | uint32(source)<<16 | uint32(vantage))
}

func (k itemKey) signal() int     { return int(k >> 24) }
func (k itemKey) source() Source  { return Source(k >> 16) }
func (k itemKey) vantage() uint16 { return uint16(k) }

// item is what is kept of one signal by one source at one vantage: the newest
// observations, and of the newest of all what came with it.
//
// What is kept is the top of what came by a total order, so the order of
// arrival makes no difference.
type item struct {
	seen [keptObservations]observation // newest first
	last
	key   itemKey
	count uint8
}

// last is what came with the newest evidence.
type last struct {
	at         int64
	ttl        uint32 // ms
	bad, total uint32
	strength   float32
	trace      [16]byte
	span       [8]byte
	kind       uint8
}

// compare orders evidence by time; where that is equal, the worse wins, and what
// is left has some order that is the same whatever came first.
func (l *last) compare(m *last) int {
	if l.at != m.at { // nearly always
		return cmp.Compare(l.at, m.at)
	}
	return cmp.Or(cmp.Compare(l.kind, m.kind), cmp.Compare(l.strength, m.strength),
		cmp.Compare(l.total, m.total), cmp.Compare(l.bad, m.bad), cmp.Compare(l.ttl, m.ttl),
		bytes.Compare(l.trace[:], m.trace[:]), bytes.Compare(l.span[:], m.span[:]))
}

// take adds an observation. Signals that count clients keep the newest word about each, others the newest rounds.
func (it *item) take(s *signal, l *last, peer uint32) Outcome {
	order := 1
	if it.count > 0 {
		order = l.compare(&it.last)
	}
	changed := it.insert(s, observation{at: l.at, peer: peer, kind: l.kind})
	switch {
	case order > 0:
		it.last = *l
		return Accepted
	case changed:
		return Accepted
	case order == 0:
		return Duplicate
	}
	return Superseded
}

func (it *item) insert(s *signal, o observation) bool {
	if !s.peersCounted() {
		o.peer = 0
	}
	if i := it.inPlaceOf(s, &o); i >= 0 {
		if newer(&it.seen[i], &o) >= 0 {
			return false
		}
		copy(it.seen[i:it.count], it.seen[i+1:it.count]) // to be put in its new place
		it.count--
	}
	at := int(it.count)
	for at > 0 && newer(&it.seen[at-1], &o) < 0 {
		at--
	}
	if at >= keptObservations {
		return false
	}
	if it.count < keptObservations {
		it.count++
	}
	copy(it.seen[at+1:it.count], it.seen[at:])
	it.seen[at] = o
	return true
}

func newer(a, b *observation) int {
	if a.at != b.at {
		return cmp.Compare(a.at, b.at)
	}
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.peer, b.peer))
}

// peersCounted tells whether observations are told apart by client.
func (s *signal) peersCounted() bool { return s.peers > 0 && !s.quorum }

// maxGeneral is how many rounds are kept beside the clients, of a signal that tells them apart.
const maxGeneral = 2

// inPlaceOf returns the index of the observation that a new one stands for or stands against: of the same
// round, of the same client, or the oldest of those that are about no client. It is -1 if there is none.
func (it *item) inPlaceOf(s *signal, o *observation) int {
	general, oldest := 0, -1
	for i := range it.seen[:it.count] {
		have := &it.seen[i]
		switch {
		case have.peer != o.peer:
		case o.peer != 0 || have.at == o.at:
			return i
		default:
			general, oldest = general+1, i
		}
	}
	if s.peersCounted() && o.peer == 0 && general == maxGeneral {
		return oldest
	}
	return -1
}

// fresh tells whether what was seen at this time still counts, and does yet.
func (it *item) fresh(at int64, t *moment) bool {
	return at+int64(it.ttl)*int64(time.Millisecond) >= t.now && at <= t.latest
}

// everBad tells whether something bad is kept, fresh or not.
func (it *item) everBad() bool {
	for i := range it.seen[:it.count] {
		if it.seen[i].kind >= kindBad {
			return true
		}
	}
	return false
}

// moment is the time of an evaluation.
type moment struct {
	now, latest int64 // latest: what is after that is from a clock that is wrong
}

// now says what the item says now, and in how many rounds it was bad. Two rounds of three must be bad in the same
// way, for what is mistaken rarely is so twice alike; three need not.
func (e *Engine) now(g *gateway, it *item, s *signal, t *moment) (kind, times uint8) {
	var bad [keptObservations]uint8
	var general uint8 // rounds that are not about one client
	first := true
	for i := range it.seen[:it.count] {
		o := &it.seen[i]
		if !it.fresh(o.at, t) {
			continue
		}
		said := o.kind
		if said >= kindBad && e.passed(g, it, s, o.at) {
			said = kindOK
		}
		if first {
			kind, first = said, false
		}
		if said < kindBad {
			continue
		}
		bad[times] = said
		times++
		if o.peer == 0 {
			general++
		}
	}
	switch {
	case times == 0 || s.rounds == 1 && !s.peersCounted():
		return kind, times
	case s.peersCounted() && general >= s.rounds && s.rate > 0:
		return bad[0], keptObservations // each counts several clients
	case s.peersCounted() && general >= s.rounds:
		return bad[0], general
	case s.peersCounted() && times-general >= uint8(s.peers):
		return bad[0], times - general
	case s.peersCounted() && times > general:
		return kindFewPeers, times - general
	case !s.peersCounted() && kind != kindUnknown && times >= s.rounds && (times == keptObservations || bad[0] == bad[1]):
		return bad[0], times
	case kind < kindBad:
		return kind, times
	}
	return kindUnknown, times // too few failures are none yet
}

// passed tells whether a later stage worked in the session of a round: then this one did, too.
func (e *Engine) passed(g *gateway, it *item, s *signal, at int64) bool {
	for _, n := range s.later {
		if after := g.find(newKey(n, it.key.source(), it.key.vantage())); after != nil && after.workedAt(at) {
			return true
		}
	}
	return false
}

// workedAt tells whether it was ok at this very time.
func (it *item) workedAt(at int64) bool {
	for i := range it.seen[:it.count] {
		if it.seen[i].at == at {
			return it.seen[i].kind == kindOK
		}
	}
	return false
}
