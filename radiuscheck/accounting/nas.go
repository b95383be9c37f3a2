package accounting

import (
	"net/netip"
	"time"
)

// nas is one access server.
type nas struct {
	id     NAS
	number uint32 // never given again
	since  int64  // sessions that began before then need not be known
	heard  int64
	first  *session
	active int
	stats  NASStats
	ends   ends
	talk   talk
}

// nasOf finds who a record is of, or nil when there is no room for one more.
func (t *Tracker) nasOf(now time.Time, from netip.Addr, r *Record) *nas {
	a := r.NASAddress
	if !a.IsValid() || a.IsUnspecified() || a.IsLoopback() {
		a = from.Unmap()
	}
	if n := t.nas[NAS{Address: a, Identifier: string(r.NASIdentifier)}]; n != nil {
		return n
	}
	if len(t.nas) >= t.config.MaxNAS {
		return nil
	}
	t.numbers++
	n := &nas{
		id: NAS{Address: a, Identifier: string(r.NASIdentifier)}, number: t.numbers, since: now.UnixNano(),
		ends: newEnds(&t.config),
	}
	n.stats.NAS, n.stats.Since = n.id, now
	t.nas[n.id] = n
	return n
}

// stopped counts a session that ends.
func (n *nas) stopped(now time.Time, s *session, c *Config) {
	n.stats.Stops[Cause(s.cause).known()]++
	n.ends.stopped(now, s, c)
}

// forgetNAS drops those that have no session and were silent for longer than sessions are kept.
func (t *Tracker) forgetNAS(now time.Time) {
	limit := now.Add(-t.config.SessionTTL).UnixNano()
	for id, n := range t.nas {
		if n.active == 0 && n.heard < limit {
			delete(t.nas, id)
		}
	}
}
