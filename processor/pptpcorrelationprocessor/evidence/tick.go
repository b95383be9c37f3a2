package evidence

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// forgetAfter is after how long an entry of a table that was not used is dropped.
const forgetAfter = 30 * time.Minute

// forgetSessions is after how long without a line of a log the number of its sessions is no longer known.
const forgetSessions = 24 * time.Hour

// Tick tells what only time tells: that something has fallen silent. Call it before each evaluation.
func (r *Reader) Tick(now time.Time, yield func(*health.Evidence)) {
	r.now, r.yield = now, yield
	r.tellSilence()
	r.yield = nil
	if since := now.Sub(r.cleaned); since >= 0 && since < time.Minute {
		return
	}
	r.cleaned = now
	// What is from after now came before the clock was set back.
	ahead, limit := now.Add(time.Hour).UnixNano(), now.Add(-forgetAfter).UnixNano()
	sweep(r, r.series, limit, ahead, func(s *series) int64 { return s.at })
	sweep(r, r.streams, now.Add(-2*maxInterval).UnixNano(), ahead, func(s *stream) int64 { return s.at })
	sweep(r, r.sessions, now.Add(-2*maxInterval).UnixNano(), ahead, func(t *target) int64 { return t.heard })
	sweep(r, r.counts, now.Add(-2*maxCountWindow).UnixNano(), ahead, func(w *countWindow) int64 { return w.recorded })
	sweep(r, r.times, now.Add(-2*maxCountWindow).UnixNano(), ahead, func(o *occurrences) int64 { return o.at[0] })
	sweep(r, r.windows, now.Add(-max(forgetSessions, 2*r.config.Window)).UnixNano(), ahead, func(w *gatewayWindow) int64 { return w.heard })
}

func sweep[K comparable, V any](r *Reader, m map[K]V, limit, ahead int64, at func(V) int64) {
	for k, v := range m {
		if t := at(v); t < limit || t > ahead {
			delete(m, k)
			r.stats.Forgotten++
		}
	}
}

func itemName(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

func clone(s string) string { return strings.Clone(s) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
