package health

import (
	"bytes"
	"cmp"
	"time"
)

// keptObservations is how many observations of one thing are kept: the rounds of
// a quorum, or the clients that show it.
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

// take adds an observation. Signals with a quorum keep the newest rounds, those
// that count clients the newest word about each, and others the newest only.
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
	limit := 1
	if s.quorum || s.peers > 0 {
		limit = keptObservations
	}
	if !s.peersCounted() {
		o.peer = 0
	}
	for i := range it.seen[:it.count] {
		if have := &it.seen[i]; s.same(have, &o) {
			if newer(have, &o) >= 0 {
				return false
			}
			copy(it.seen[i:it.count], it.seen[i+1:it.count]) // to be put in its new place
			it.count--
			break
		}
	}
	at := int(it.count)
	for at > 0 && newer(&it.seen[at-1], &o) < 0 {
		at--
	}
	if at >= limit {
		return false
	}
	if int(it.count) < limit {
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

// same tells whether two observations are of the same round or client.
func (s *signal) same(a, b *observation) bool {
	if s.peersCounted() {
		return a.peer == b.peer
	}
	return a.at == b.at
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

// kind says what the item says now.
func (it *item) now(s *signal, t *moment, rounds int) uint8 {
	var kind, bads, newestBad uint8
	first := true
	for i := range it.seen[:it.count] {
		o := &it.seen[i]
		if !it.fresh(o.at, t) {
			continue
		}
		if first {
			kind, first = o.kind, false
		}
		if o.kind < kindBad {
			continue
		}
		if bads++; newestBad == 0 {
			newestBad = o.kind
		}
		if s.peersCounted() && o.peer == 0 {
			bads = keptObservations // not about one client
		}
	}
	switch {
	case s.peersCounted() && bads > 0:
		if int(bads) >= s.peers {
			return newestBad
		}
		return kindFewPeers
	case s.quorum && kind != kindUnknown:
		if int(bads) >= rounds {
			return newestBad
		}
		if kind >= kindBad {
			return kindUnknown // one failure is none yet
		}
	}
	return kind
}
