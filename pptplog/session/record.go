package session

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// kind is what a record follows.
type kind uint8

const (
	control kind = iota // poptop's process for one client
	process             // a pppd
	named               // a session of a daemon that has names for them
)

// maxOwed bounds the events of a pppd that wait until it is known whose it is.
const maxOwed = 8

// record is what is known of one process, or of one session of a daemon that has
// names for them. A session of poptop is two records that are linked.
type record struct {
	facts
	kind kind
	host *host

	program string
	pid     int32
	names   []string // at most four; of a named one: its keys in the host's table

	begun time.Time // process: its first line

	mate       *record // control: its pppd; process: its control connection
	confidence float64 // of the link
	child      int32   // control: the pid that it has named as its child's; 0: none yet
	foreign    bool    // process: it is a client, nobody's session
	exited     bool    // process: it has ended, and with it all that it did
	owed       []event.Event

	told, toldUp bool      // Opened and Established have been called
	done         bool      // the session has been told of; what comes now is late
	removed      bool      // out of all tables
	since        time.Time // arrival of the first line
	touched      time.Time // arrival of the last line
	closing      time.Time // when the end was first seen; zero: not yet
	settling     bool      // named: it is in the tracker's queue of those that may be established
	queued       bool      // in the tracker's queue of those that are closing

	older, newer *record // in the list of all, by touched
}

// recordList orders all records by when they were last heard of.
type recordList struct {
	oldest, newest *record
	n              int
}

func (l *recordList) push(r *record) {
	r.older, r.newer = l.newest, nil
	if l.newest != nil {
		l.newest.newer = r
	} else {
		l.oldest = r
	}
	l.newest = r
	l.n++
}

func (l *recordList) remove(r *record) {
	if r.older != nil {
		r.older.newer = r.newer
	} else {
		l.oldest = r.newer
	}
	if r.newer != nil {
		r.newer.older = r.older
	} else {
		l.newest = r.older
	}
	r.older, r.newer = nil, nil
	l.n--
}

func (l *recordList) touch(r *record, now time.Time) {
	r.touched = now
	if l.newest != r {
		l.remove(r)
		l.push(r)
	}
}
