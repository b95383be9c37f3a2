package accounting

import (
	"hash/maphash"
	"time"
)

// bootWindow is for how long an Accounting-On or -Off is known again. It is short: a NAS
// that boots anew begins with the same Identifier.
const bootWindow = 30 * time.Second

// recent knows for some time what has come. It keeps hashes, whose key nobody
// knows, so that nobody can make two that are alike.
type recent struct {
	seed    maphash.Seed
	window  int64
	max     int
	at      map[uint64]int64 // when it came
	queue   []stamp          // a ring, oldest first
	head, n int
	evicted uint64
	buf     []byte
}

type stamp struct {
	hash uint64
	at   int64
}

func newRecent(most int, window time.Duration) recent {
	return recent{seed: maphash.MakeSeed(), window: int64(window), max: most, at: make(map[uint64]int64)}
}

func (t *recent) hash(n *nas, r *Record, status Status, identifier uint8) uint64 {
	t.buf = append(sessionKey(t.buf[:0], n, r.Session), byte(status), identifier)
	return maphash.Bytes(t.seed, t.buf)
}

// exact tells whether this very record has come before, and remembers it.
func (t *recent) exact(n *nas, r *Record, now time.Time) bool {
	h, window := t.hash(n, r, r.Status, r.Identifier), t.window
	if r.Status == On || r.Status == Off {
		window = min(window, int64(bootWindow))
	}
	if t.has(h, now, window) {
		return true
	}
	t.push(h, now)
	return false
}

// markStopped remembers that a session is over.
func (t *recent) markStopped(n *nas, r *Record, now time.Time) { t.push(t.hash(n, r, 0, 0), now) }

func (t *recent) stopped(n *nas, r *Record, now time.Time) bool {
	return t.has(t.hash(n, r, 0, 0), now, t.window)
}

func (t *recent) has(h uint64, now time.Time, window int64) bool {
	at, ok := t.at[h]
	age := now.UnixNano() - at
	return ok && age < window && age > -window // the clock may have been set back
}

func (t *recent) push(h uint64, now time.Time) {
	switch {
	case t.n < len(t.queue):
	case len(t.queue) < t.max:
		t.grow()
	default:
		t.evicted++
		t.pop()
	}
	t.at[h] = now.UnixNano()
	t.queue[(t.head+t.n)%len(t.queue)] = stamp{h, now.UnixNano()}
	t.n++
}

func (t *recent) grow() {
	q := make([]stamp, min(max(2*len(t.queue), 64), t.max))
	for i := range t.n {
		q[i] = t.queue[(t.head+i)%len(t.queue)]
	}
	t.queue, t.head = q, 0
}

func (t *recent) pop() {
	s := t.queue[t.head]
	if t.at[s.hash] == s.at { // else it has come again since
		delete(t.at, s.hash)
	}
	t.head, t.n = (t.head+1)%len(t.queue), t.n-1
}

// expire forgets what is too old.
func (t *recent) expire(now time.Time) {
	for t.n > 0 && t.queue[t.head].at < now.UnixNano()-t.window {
		t.pop()
	}
}
