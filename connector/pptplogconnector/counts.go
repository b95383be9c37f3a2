package pptplogconnector

import (
	"net/netip"
	"sort"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/session"
)

const (
	// peersWindow is for how long a client whose session failed is counted, and maxPeers
	// how many are at most.
	peersWindow = 5 * time.Minute
	maxPeers    = 1024
	// maxErrnos bounds the errors of GRE that have series of their own.
	maxErrnos  = 32
	otherErrno = "other"
)

// bounds of pptp.log.session.duration in seconds: sessions last from moments to days.
var bounds = []float64{1, 5, 10, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400}

// counts is what has been counted of a source. The keys of its maps come out of closed
// lists, but for errnos, of which there are at most maxErrnos.
type counts struct {
	start time.Time // of the counts: the first line

	lines    map[lineKind]int64
	sessions map[sessionKind]int64
	causes   map[string]int64
	events   map[event.Type]int64
	errnos   map[string]int64
	auth     int64
	rx, tx   int64
	peers    map[netip.Addr]time.Time // when a session of theirs last failed

	durations [len(outcomeDurations)]histogram
}

// outcomeDurations are the outcomes with a histogram of durations.
var outcomeDurations = [...]session.Outcome{session.OutcomeEstablished, session.OutcomeFailed}

type histogram struct {
	count   uint64
	sum     float64
	buckets []uint64
}

type lineKind struct {
	program string
	class   event.Class
}

type sessionKind struct {
	outcome session.Outcome
	stage   string
}

// line counts a line of interest.
func (c *counts) line(e *event.Event) {
	if c.start.IsZero() {
		*c = counts{
			start: e.Arrival, lines: map[lineKind]int64{}, sessions: map[sessionKind]int64{}, causes: map[string]int64{},
			events: map[event.Type]int64{}, errnos: map[string]int64{}, peers: map[netip.Addr]time.Time{},
		}
	}
	c.lines[lineKind{e.Program, e.Class}]++
}

// event counts what is not of one session.
func (c *counts) event(e *event.Event) {
	n := int64(max(1, e.Count))
	c.events[e.Type] += n
	if e.Type == event.GREReadError || e.Type == event.GREXmitFail {
		c.errnos[c.errno(e.Errno)] += n
	}
}

// errno is the label of an error: names of errors only, and not more than a few.
func (c *counts) errno(name string) string {
	if len(name) < 2 || len(name) > 16 || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return otherErrno
	}
	if _, ok := c.errnos[name]; !ok && len(c.errnos) >= maxErrnos {
		return otherErrno
	}
	return strings.Clone(name)
}

// ended counts a session.
func (c *counts) ended(s *session.Session, now time.Time) {
	c.sessions[sessionKind{s.Outcome, s.Stage}]++
	if s.Cause != "" {
		c.causes[s.Cause]++
	}
	if s.Counted {
		c.rx += int64(s.Rx)
		c.tx += int64(s.Tx)
	}
	for i, o := range outcomeDurations {
		if s.Outcome == o {
			c.durations[i].add(s.Duration.Seconds())
		}
	}
	if s.Outcome != session.OutcomeFailed {
		return
	}
	if s.Stage == session.StageAuth {
		c.auth++
	}
	if _, known := c.peers[s.Peer]; s.Peer.IsValid() && (known || len(c.peers) < maxPeers) {
		c.peers[s.Peer] = now
	}
}

// failedPeers counts the clients whose sessions have failed within the window.
func (c *counts) failedPeers(now time.Time) int64 {
	for p, at := range c.peers {
		if now.Sub(at) > peersWindow {
			delete(c.peers, p)
		}
	}
	return int64(len(c.peers))
}

func (h *histogram) add(v float64) {
	if h.buckets == nil {
		h.buckets = make([]uint64, len(bounds)+1)
	}
	h.count++
	h.sum += v
	h.buckets[sort.SearchFloat64s(bounds, v)]++
}
