package greflowreceiver

import (
	"net/netip"
	"sync"
	"time"
)

// The bounds of what is said about bad datagrams: whoever sends them must not
// be able to fill a log or a table.
const (
	warningPause = time.Minute
	maxWarnings  = 256
	sweepPause   = time.Second
)

// complaint is what one warning a minute is about.
type complaint struct {
	exporter netip.Addr
	reason   string
}

// throttle lets one warning a minute pass for each exporter and reason, and
// counts those that it holds back. It is safe for concurrent use.
type throttle struct {
	mu    sync.Mutex
	said  map[complaint]heldBack
	swept time.Time
}

type heldBack struct {
	at    time.Time
	count uint64
}

// allow says whether to warn now, and how often the same was held back since
// it was last said. With its table full of what was said within the last
// minute, nothing new is said: it is counted in the metrics all the same.
func (t *throttle) allow(exporter netip.Addr, reason string, now time.Time) (heldBackBefore uint64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := complaint{exporter, reason}
	last, known := t.said[key]
	if known && now.Sub(last.at) < warningPause {
		last.count++
		t.said[key] = last
		return 0, false
	}
	if !known && len(t.said) >= maxWarnings && !t.forget(now) {
		return 0, false
	}
	if t.said == nil {
		t.said = make(map[complaint]heldBack)
	}
	t.said[key] = heldBack{at: now}
	return last.count, true
}

// forget drops what may be said again, and reports whether that made room. It
// looks once a second at most, lest a flood of senders makes each datagram a
// walk through the table.
func (t *throttle) forget(now time.Time) bool {
	if now.Sub(t.swept) < sweepPause {
		return false
	}
	t.swept = now
	for key, last := range t.said {
		if now.Sub(last.at) >= warningPause {
			delete(t.said, key)
		}
	}
	return len(t.said) < maxWarnings
}
