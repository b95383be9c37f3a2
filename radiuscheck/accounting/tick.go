package accounting

import "time"

// Tick looks for what has not come: interim records, Stops, the Stop of a session whose
// address another has. Call it every 10 s or so; it costs some milliseconds for 100,000 sessions.
func (t *Tracker) Tick(now time.Time) {
	t.recent.expire(now)
	t.silent(now)
	t.sharedAddresses(now)
	for _, n := range t.nas {
		t.judge(now, n)
	}
	t.noisy.tick(t, now)
	t.forgetNAS(now)
}

// silent goes through the sessions from the one that was not heard for longest to
// those that cannot have missed anything yet.
func (t *Tracker) silent(now time.Time) {
	dead := now.Add(-t.config.SessionTTL).UnixNano()
	shortest := minInterval
	if t.config.InterimInterval > 0 {
		shortest = t.config.InterimInterval
	}
	fresh := now.Add(-time.Duration(float64(shortest) * max(t.config.InterimGap, 1))).UnixNano()
	for s := t.sessions.oldest(); s != nil && s.heard < max(fresh, dead); {
		next := s.newer
		if s.heard < dead {
			t.stats.SessionsExpired++
			t.anomaly(&Anomaly{
				Kind: NoStop, Time: now, NAS: s.nas.id, Session: t.show(s),
				Value: silence(now, s), Limit: t.config.SessionTTL.Seconds(),
			})
			t.remove(s, Expired)
		} else if s.flags&flagGap == 0 && s.gaps >= enoughGaps && t.config.InterimGap != Disabled {
			limit := t.config.InterimGap * float64(s.interval)
			if passed := silence(now, s); passed > limit {
				t.once(now, s, flagGap, &Anomaly{Kind: InterimGap, Value: passed, Limit: limit})
			}
		}
		s = next
	}
}

// sharedAddresses tells of two sessions that have held one address for too long.
func (t *Tracker) sharedAddresses(now time.Time) {
	kept := t.rivals[:0]
	for _, s := range t.rivals {
		switch r := s.rival; {
		case r == nil: // gone
		case r.flags&flagGone != 0 || r.address != s.address:
			s.rival = nil
		case now.UnixNano()-s.rivalSince < int64(t.config.AddressGrace):
			kept = append(kept, s)
		default:
			s.rival = nil
			r.export(&t.other)
			t.once(now, s, flagDuplicate, &Anomaly{Kind: DuplicateAddress, Other: &t.other})
		}
	}
	clear(t.rivals[len(kept):])
	t.rivals = kept
}
