package pptpprobe

import (
	"net/netip"
	"sync"
	"time"
)

// replacedWindow is how long before the end of a session another login of its
// user counts as the reason.
const replacedWindow = 10 * time.Second

type loginKey struct {
	server netip.Addr
	user   string // in lower case: most servers do not tell cases apart
}

type login struct {
	session uint64
	at      time.Time
}

// logins remembers who has logged in where lately, because a server that allows
// one session of a user ends the older one without saying why. It is safe for
// concurrent use.
type logins struct {
	mu sync.Mutex
	// last are, for each server and user, the last logins of two different sessions, newest first.
	last map[loginKey][2]login
}

func (l *logins) note(now time.Time, k loginKey, session uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last = make(map[loginKey][2]login)
	}
	was := l.last[k]
	l.last[k] = [2]login{{session, now}, was[0]}
	looked := 0
	for k, v := range l.last { // begins at a random place; in the long run this clears the map
		if now.Sub(v[0].at) > replacedWindow {
			delete(l.last, k)
		}
		if looked++; looked == 8 {
			return
		}
	}
}

// another says whether a session other than that one logged in after both times.
func (l *logins) another(k loginKey, session uint64, after, since time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range l.last[k] {
		if x.session != 0 && x.session != session && !x.at.Before(after) && x.at.After(since) {
			return true
		}
	}
	return false
}
