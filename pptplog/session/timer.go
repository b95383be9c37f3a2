package session

import "time"

// task is what is to be done with a record later.
type task uint8

const (
	finish task = iota // tell of the session
	bury               // forget it
	settle             // see whether it is established
)

// timerQueue holds tasks in the order of their times: all wait for the same time. A
// record has three at most.
type timerQueue struct {
	q     []timer
	head  int
	limit int // how many may be of records that have been removed, and of others
}

type timer struct {
	r    *record
	what task
	due  time.Time
}

func (q *timerQueue) add(r *record, what task, due time.Time) {
	if q.head > 64 && q.head > len(q.q)/2 || len(q.q)-q.head >= q.limit {
		q.compact()
	}
	q.q = append(q.q, timer{r, what, due})
}

// compact drops what has been done, and what is of no use any more.
func (q *timerQueue) compact() {
	kept := q.q[:0]
	for _, x := range q.q[q.head:] {
		if !x.r.removed {
			kept = append(kept, x)
		}
	}
	clear(q.q[len(kept):])
	q.q, q.head = kept, 0
}

// run does what is due by now. What that adds is done as well, if due.
func (q *timerQueue) run(now time.Time, do func(*record, task)) {
	for q.head < len(q.q) && !q.q[q.head].due.After(now) {
		x := q.q[q.head]
		q.q[q.head] = timer{}
		q.head++
		do(x.r, x.what)
	}
}
