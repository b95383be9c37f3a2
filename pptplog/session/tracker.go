package session

import (
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// Programs with ways of their own.
const (
	programPoptop     = "pptpd"
	programPPPD       = "pppd"
	programMPD        = "mpd5"
	programRRAS       = "rras"
	programFreeRADIUS = "freeradius"
)

// Tracker joins events to sessions. It is not safe for concurrent use.
type Tracker struct {
	cfg     Config
	now     time.Time // never goes back
	hosts   map[string]*host
	oldest  *host
	newest  *host
	records recordList
	timers  timerQueue
	stats   Stats
}

// New makes a Tracker.
func New(cfg Config) (*Tracker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	return &Tracker{cfg: cfg, hosts: make(map[string]*host), timers: timerQueue{limit: 4 * cfg.MaxSessions}}, nil
}

// Observe takes in an event, and calls back before it returns. The event's strings
// are copied where they are kept. now is when the line was read.
func (t *Tracker) Observe(now time.Time, e *event.Event) {
	t.clock(now)
	if e.Class != event.ClassSession && e.Class != event.ClassDaemon || e.Continuation {
		return
	}
	at := e.Time
	if at.IsZero() {
		at = t.now
	}
	switch h := t.host(e.Host); e.Program {
	case programPoptop:
		t.poptop(h, e, at)
	case programPPPD:
		t.pppd(h, e, at)
	default:
		t.byName(h, e, at)
	}
}

// Tick ends what is over, and gives up what was silent for too long. It is to be
// called about once a second.
func (t *Tracker) Tick(now time.Time) {
	t.clock(now)
	t.timers.run(t.now, t.expire)
	for r := t.records.oldest; r != nil && t.now.Sub(r.touched) >= t.cfg.TTL; r = t.records.oldest {
		t.stats.Expired++
		t.giveUp(r, "expired")
	}
	for h := t.oldest; h != nil && h.records() == 0 && t.now.Sub(h.touched) >= t.cfg.TTL; h = t.oldest {
		t.forgetHost(h)
	}
}

// Flush ends all sessions whose end is in the log without waiting for more of their
// lines. Those that are still up are kept.
func (t *Tracker) Flush() {
	t.timers.run(t.now.Add(2*t.cfg.Linger+1), t.expire)
}

func (t *Tracker) clock(now time.Time) {
	if now.After(t.now) {
		t.now = now
	}
}

// Forget gives up all sessions of a host.
func (t *Tracker) Forget(name string) {
	if h := t.hosts[name[:min(len(name), maxHostName)]]; h != nil {
		t.forgetHost(h)
	}
}

// host finds or makes a host.
func (t *Tracker) host(name string) *host {
	name = name[:min(len(name), maxHostName)]
	h := t.hosts[name]
	if h == nil {
		if len(t.hosts) >= t.cfg.MaxHosts {
			t.stats.HostsEvicted++
			t.forgetHost(t.oldest)
		}
		name = strings.Clone(name)
		h = &host{name: name, controls: map[int32]*record{}, pppds: map[int32]*record{}, named: map[string]*record{}}
		t.hosts[name] = h
	} else if h.touched.Equal(t.now) || h == t.newest {
		h.touched = t.now
		return h
	} else {
		t.unlinkHost(h)
	}
	h.touched = t.now
	if h.older = t.newest; h.older != nil {
		h.older.newer = h
	} else {
		t.oldest = h
	}
	t.newest = h
	return h
}

func (t *Tracker) unlinkHost(h *host) {
	if h.older != nil {
		h.older.newer = h.newer
	} else {
		t.oldest = h.newer
	}
	if h.newer != nil {
		h.newer.older = h.older
	} else {
		t.newest = h.older
	}
	h.older, h.newer = nil, nil
}

// forgetHost drops a host and gives up its sessions.
func (t *Tracker) forgetHost(h *host) {
	for _, m := range []map[int32]*record{h.controls, h.pppds} {
		for _, r := range m {
			t.giveUp(r, "evicted")
		}
	}
	for _, r := range h.named {
		t.giveUp(r, "evicted")
	}
	for len(h.unnamed) > 0 {
		t.giveUp(h.unnamed[0], "evicted")
	}
	t.unlinkHost(h)
	delete(t.hosts, h.name)
}

// create makes a record, if need be in place of the one that was silent for longest.
func (t *Tracker) create(h *host, k kind, e *event.Event) *record {
	for t.records.n >= t.cfg.MaxSessions {
		t.stats.Evicted++
		t.giveUp(t.records.oldest, "evicted")
	}
	r := &record{kind: k, host: h, program: clip(e.Program), pid: e.PID, since: t.now, touched: t.now, confidence: 1}
	t.records.push(r)
	switch k {
	case control:
		h.controls[e.PID] = r
	case process:
		r.confidence = 0
		h.pppds[e.PID] = r
	case named:
	}
	return r
}

// remove takes a record out of all tables.
func (t *Tracker) remove(r *record) {
	if r.removed {
		return
	}
	r.removed = true
	t.records.remove(r)
	h := r.host
	switch r.kind {
	case control:
		if h.controls[r.pid] == r {
			delete(h.controls, r.pid)
		}
		h.waiting = without(h.waiting, r)
	case process:
		if h.pppds[r.pid] == r {
			delete(h.pppds, r.pid)
		}
	case named:
		for _, n := range r.names {
			if h.named[n] == r {
				delete(h.named, n)
			}
		}
		h.unnamed = without(h.unnamed, r)
	}
}
