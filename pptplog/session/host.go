package session

import (
	"slices"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

const (
	// maxWaiting bounds the control connections of a host that are looked at for a
	// pppd's parent.
	maxWaiting = 256
	// maxHostName bounds the name of a host.
	maxHostName = 512
	// repeatWindow is within which time lines of one group say one thing.
	repeatWindow = 3 * time.Second
)

// host is what is followed of one host.
type host struct {
	name     string
	controls map[int32]*record
	pppds    map[int32]*record
	named    map[string]*record

	// waiting are the control connections without a pppd, oldest first.
	waiting []*record
	// unnamed are sessions of daemons that have names for them, from before they are
	// named, oldest first.
	unnamed []*record
	// hasPPPD: lines of pppd are in the log.
	hasPPPD bool
	// radius is when a RADIUS server last did not answer, by a line without a session.
	radius time.Time

	groups [8]groupSeen // of lines that say one thing several times
	next   int

	touched      time.Time
	older, newer *host
}

type groupSeen struct {
	program, group, who string
	pid                 int32
	at                  time.Time
}

// records is how many records the host has.
func (h *host) records() int { return len(h.controls) + len(h.pppds) + len(h.named) + len(h.unnamed) }

// repeats says whether another line of the event's group has been taken just now.
func (h *host) repeats(e *event.Event, at time.Time) bool {
	if e.Group == "" {
		return false
	}
	who := e.Session + e.Interface + e.User
	for i := range h.groups {
		g := &h.groups[i]
		if g.who == who && g.pid == e.PID && g.group == e.Group && g.program == e.Program && at.Sub(g.at).Abs() <= repeatWindow {
			return true
		}
	}
	h.groups[h.next] = groupSeen{program: clip(e.Program), group: clip(e.Group), who: clip(who), pid: e.PID, at: at}
	h.next = (h.next + 1) % len(h.groups)
	return false
}

// without returns the list without r.
func without(list []*record, r *record) []*record {
	if i := slices.Index(list, r); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// with returns the list with r, and without its oldest if it is full.
func with(list []*record, r *record) []*record {
	if slices.Contains(list, r) {
		return list
	}
	if len(list) == maxWaiting {
		copy(list, list[1:])
		list = list[:maxWaiting-1]
	}
	return append(list, r)
}
