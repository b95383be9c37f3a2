package netflow

import (
	"slices"
	"time"
	"unsafe"
)

// pending are sets of data that came before their template.
type pending struct {
	sets  []waiting // the first to come in front
	bytes int       // of all sets
}

type waiting struct {
	id    uint16
	clock clock
	data  []byte // before bytes that are not the set's, and the set without its header
}

func (w *waiting) cost() int { return cap(w.data) + int(unsafe.Sizeof(waiting{})) }

// wait keeps a set until its template comes.
func (d *Decoder) wait(s *scope, id uint16, c clock, set []byte) {
	size := before + len(set) + int(unsafe.Sizeof(waiting{}))
	if size > d.cfg.PendingBytes {
		d.stats.PendingDropped++
		return
	}
	for s.pending.bytes+size > d.cfg.PendingBytes {
		d.giveUp(s, 1)
	}
	if !d.room(s.peer, s, int64(size), 0) {
		d.stats.PendingDropped++
		return
	}
	data := make([]byte, before+len(set))
	copy(data[before:], set)
	s.pending.sets = append(s.pending.sets, waiting{id: id, clock: c, data: data})
	s.pending.bytes += size
	d.pending++
	d.charge(s, int64(size))
}

// settle gives back the room of a set that was taken out.
func (d *Decoder) settle(s *scope, w *waiting) {
	s.pending.bytes -= w.cost()
	d.charge(s, -int64(w.cost()))
	d.pending--
}

// giveUp drops the n sets that came first.
func (d *Decoder) giveUp(s *scope, n int) {
	p := &s.pending
	for i := range n {
		d.settle(s, &p.sets[i])
		p.sets[i] = waiting{}
	}
	if p.sets = p.sets[n:]; len(p.sets) == 0 {
		p.sets = nil
	}
	d.stats.PendingDropped += uint64(n)
}

// replay decodes what has waited for t, each with the clock of its own datagram.
func (r *reader) replay(t *template) {
	var ready []waiting
	r.s.pending.sets = slices.DeleteFunc(r.s.pending.sets, func(w waiting) bool {
		if w.id != t.id {
			return false
		}
		ready = append(ready, w)
		return true
	})
	now := r.clock
	for i := range ready {
		w := &ready[i]
		r.d.settle(r.s, w)
		r.at(w.clock)
		r.data(t, w.data, before, len(w.data))
		r.d.stats.PendingDecoded++
	}
	r.at(now)
}

// maxMissing bounds the templates that are known to be missing.
const maxMissing = 16

// missing are the IDs for which data came but no template.
type missing struct {
	ids  [maxMissing]uint16
	seen [maxMissing]int64
	n    int
}

// add says whether id is the first one.
func (m *missing) add(id uint16, now int64) bool {
	for i := range m.n {
		if m.ids[i] == id {
			m.seen[i] = now
			return false
		}
	}
	if m.n == maxMissing {
		return false
	}
	m.ids[m.n], m.seen[m.n] = id, now
	m.n++
	return m.n == 1
}

func (m *missing) remove(i int) {
	m.n--
	m.ids[i], m.seen[i] = m.ids[m.n], m.seen[m.n]
}

// arrived says whether id was the last one.
func (m *missing) arrived(id uint16) bool {
	for i := range m.n {
		if m.ids[i] == id {
			m.remove(i)
			return m.n == 0
		}
	}
	return false
}

// expire forgets what has not come for age, and says whether there is nothing left.
func (m *missing) expire(now int64, age time.Duration) bool {
	before := m.n
	for i := m.n - 1; i >= 0; i-- {
		if now-m.seen[i] > int64(age) {
			m.remove(i)
		}
	}
	return before > 0 && m.n == 0
}
