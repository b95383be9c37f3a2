package session

import (
	"slices"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// unnamedWindow is for how long a session that has no name yet may get one.
const unnamedWindow = time.Minute

// radiusWindow is within which time a refusal follows from a RADIUS server that did
// not answer, where lines do not say whose they are.
const radiusWindow = time.Second

// begins are the events that only a new session has.
var begins = setOf(event.SessionOpen, event.CallStart, event.PPPIfname, event.PPPConnect, event.AuthOK, event.AuthFail, event.IPAssigned)

// byName follows the sessions of daemons that are one process, and have names for
// them: accel-ppp, mpd5, RouterOS, RRAS, Cisco's.
func (t *Tracker) byName(h *host, e *event.Event, at time.Time) {
	switch {
	case e.Role == event.Client:
		t.stats.Client++
		return
	case e.Program == programFreeRADIUS: // no gateway
		t.gateway(h, e, at)
		return
	}
	if e.Group != "" && e.Class == event.ClassSession && h.repeats(e, at) {
		t.stats.Repeated++
		return
	}
	names, n := namesOf(e)
	if e.Class == event.ClassDaemon {
		t.gateway(h, ungrouped(e), at)
		if e.Type == event.DaemonStart {
			t.restarted(h, e.Program)
		}
		if n == 0 || e.Type != event.PoolExhausted {
			return
		}
	} else {
		t.gateway(h, ungrouped(e), at)
	}
	r := t.recordOf(h, e, names[:n], at)
	if r == nil {
		return
	}
	r.add(e, at)
	if e.Type == event.AuthOK && r.fault.stage == StageAuth {
		r.fault, r.closing = finding{}, time.Time{} // by another of several ways
	}
	if e.Type == event.AuthFail && !h.radius.IsZero() && at.Sub(h.radius).Abs() <= radiusWindow {
		r.seen.add(event.RADIUSTimeout)
	}
	t.records.touch(r, t.now)
	if r.provisional() && !r.settling {
		r.settling = true
		t.timers.add(r, settle, t.now.Add(t.cfg.Linger))
	}
	t.progress(r)
	if e.Type == event.SessionClose || e.Type == event.PPPEnd || r.addressed.IsZero() && r.failing(e) {
		t.closing(r)
	}
}

// failing: the line says that the session will not be established.
func (r *record) failing(e *event.Event) bool {
	return r.fault.weight >= says || r.fault.weight == symptom && e.Type == event.RADIUSTimeout
}

// ungrouped returns the event as one that repeats nothing: that has been looked at.
func ungrouped(e *event.Event) *event.Event {
	if e.Group == "" || e.Class != event.ClassSession {
		return e
	}
	c := *e
	c.Group = ""
	return &c
}

// provisional: as far as the daemon says, it is established, unless it says otherwise
// within a moment.
func (r *record) provisional() bool {
	return r.kind == named && r.addressed.IsZero() && r.fault.weight < says &&
		(!r.connected.IsZero() || !r.authed.IsZero() && r.program == programRRAS)
}

// settle decides about what was provisional.
func (r *record) settle() {
	if r.provisional() && (r.ended.IsZero() || r.fault.weight < symptom) {
		r.addressed = r.connected
		first(&r.addressed, r.authed)
	}
}

// namesOf lists what a daemon calls a session in an event, the best first.
func namesOf(e *event.Event) (names [3]string, n int) {
	iface := "i:"
	if e.Program == programMPD {
		iface = "s:" // its links and bundles are named where others have an interface
	}
	for _, x := range [...]struct{ prefix, name string }{{"s:", e.Session}, {iface, e.Interface}, {"u:", e.User}} {
		if x.name != "" {
			names[n] = e.Program + "/" + x.prefix + x.name[:min(len(x.name), maxText)]
			n++
		}
	}
	return names, n
}

// recordOf finds or makes the session that an event is about. nil: nobody's.
func (t *Tracker) recordOf(h *host, e *event.Event, names []string, at time.Time) *record {
	if len(names) == 0 {
		return t.nameless(h, e, at)
	}
	r := h.byNames(names, e)
	if r != nil && begins.Has(e.Type) && (r.done || r.again(e)) {
		if r.done {
			t.remove(r)
		} else {
			t.giveUp(r, "superseded")
		}
		r = nil
	}
	if r != nil && r.done {
		t.stats.Late++
		return nil
	}
	if r != nil && e.Peer.IsValid() && r.peer.IsValid() && r.peer != e.Peer.Unmap() {
		t.stats.Conflicts++
		return nil
	}
	if r == nil {
		if r = t.nameUnnamed(h, e); r == nil {
			r = t.create(h, named, e)
		}
	}
	for _, n := range names {
		r.call(n)
	}
	if len(r.names) == 0 { // others have them all
		h.unnamed = t.withUnnamed(h, r)
	}
	return r
}

// byNames finds the session by the best of its names; that of the user is the last.
func (h *host) byNames(names []string, e *event.Event) *record {
	var done *record
	for i, n := range names {
		r := h.named[n]
		switch {
		case r == nil:
		case r.done:
			done = r
		case e.User != "" && i == len(names)-1 && (i > 0 && r.hasKind(names[0]) || r.toldUp && r.another(e)):
			// Somebody else has the name of a user who is there already.
		default:
			return r
		}
	}
	return done
}

// hasKind: it has a name of the same kind.
func (r *record) hasKind(name string) bool {
	kind := name[:strings.IndexByte(name, ':')+1]
	return slices.ContainsFunc(r.names, func(n string) bool { return strings.HasPrefix(n, kind) })
}

// another: it is a login, and not that of this session.
func (r *record) another(e *event.Event) bool {
	switch e.Type {
	case event.AuthFail, event.AuthTimeout, event.RADIUSTimeout:
		return true
	case event.AuthOK:
		return !r.authed.IsZero()
	}
	return false
}

// again: what happens once in a session has happened to this one before, or after its end.
func (r *record) again(e *event.Event) bool {
	switch e.Type {
	case event.SessionOpen:
		return !r.opened.IsZero()
	case event.PPPConnect:
		return !r.connected.IsZero()
	case event.IPAssigned:
		return !r.addressed.IsZero() && r.ip != e.IP.Unmap()
	case event.CallStart, event.AuthOK:
		return !r.ended.IsZero()
	}
	return false
}

// call gives a session another name, unless a living one has it.
func (r *record) call(name string) {
	if old := r.host.named[name]; old == r || old != nil && !old.done || len(r.names) == 4 {
		return
	}
	name = clip(name)
	r.names = append(r.names, name)
	r.host.named[name] = r
}

// nameless takes in an event that does not say whose it is.
func (t *Tracker) nameless(h *host, e *event.Event, at time.Time) *record {
	switch e.Type {
	case event.SessionOpen:
		if !e.Peer.IsValid() {
			break
		}
		r := t.create(h, named, e)
		h.unnamed = t.withUnnamed(h, r)
		return r
	case event.RADIUSTimeout:
		h.radius = at
		return nil
	}
	switch r, n := h.recent(e, t.now); {
	case n == 1:
		r.confidence = 0.5
		return r
	case n == 0 && e.Peer.IsValid() && faultOf(e).weight >= says:
		// All that there is of a session.
		r = t.create(h, named, e)
		h.unnamed = t.withUnnamed(h, r)
		return r
	}
	t.stats.Unattributed++
	return nil
}

// withUnnamed adds a session without a name, and gives up the oldest if there are too
// many: it would never get one.
func (t *Tracker) withUnnamed(h *host, r *record) []*record {
	if len(h.unnamed) == maxWaiting {
		t.giveUp(h.unnamed[0], "unnamed")
	}
	return append(h.unnamed, r)
}

// nameUnnamed finds the session without a name that an event gives one to.
func (t *Tracker) nameUnnamed(h *host, e *event.Event) *record {
	r, n := h.recent(e, t.now)
	switch {
	case n == 0:
		return nil
	case e.Peer.IsValid() && n == 1:
		r.confidence = certain
	case e.Peer.IsValid():
		r.confidence = 0.6
	case n == 1:
		r.confidence = 0.5
	default:
		return nil
	}
	h.unnamed = without(h.unnamed, r)
	return r
}

// recent is the oldest session without a name that an event may be about, of n.
func (h *host) recent(e *event.Event, now time.Time) (r *record, n int) {
	for _, x := range h.unnamed {
		if x.program != e.Program || now.Sub(x.since) > unnamedWindow || e.Peer.IsValid() && x.peer != e.Peer.Unmap() {
			continue
		}
		if n++; r == nil {
			r = x
		}
	}
	return r, n
}

// restarted: a daemon that is one process has begun anew, and its sessions are gone.
func (t *Tracker) restarted(h *host, program string) {
	for _, r := range h.named {
		if r.program == program && !r.done {
			r.end.improve(finding{weight: says, cause: Unknown, reason: event.DaemonStart.String()})
			r.ended = r.last
			t.finish(r)
		}
	}
}
