package evidence

import (
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// sessionEnd is how an established session ended.
type sessionEnd struct {
	at      int64
	signal  string // that its error.type is about, if there is one
	short   bool   // it lasted for less than a minute
	empty   bool   // nothing was received in it
	counted bool   // empty is known
	wanted  bool   // its user wanted it, or it was over as announced
}

// What ends are told as.
const (
	maxEnds       = 256 // of a gateway, that are kept
	minEnds       = 4   // fewer say nothing of a share
	minMass       = 5   // as many must end within massWithin,
	massWithin    = time.Minute
	massOverUsual = 3 // and so many times more than in the minutes before
	shortSession  = time.Minute
	idleSession   = 5 * time.Second // one that is shorter need not have received anything
)

// wanted are words of clients that leave as they want; the last are those of the probe, which comes and goes all the time.
var wanted = []string{"User request", "user_request", "probe complete"}

// announced are ends of which nobody has to look for the reason.
var announced = map[string]bool{"hold.idle_timeout": true, "hold.session_timeout": true, "hold.traffic_limit": true, "hold.replaced": true}

// ended reads the end of a session that was established.
func (r *Reader) ended(w *gatewayWindow, at int64, lr plog.LogRecord) {
	a := lr.Attributes()
	if textOf(a, attrOutcome) != "established" {
		return
	}
	errorType, reason := textOf(a, attrErrorType), textOf(a, attrReason)
	said, known := r.clients.ends[errorType]
	e := sessionEnd{at: at, signal: said.signal, wanted: announced[errorType] || slices.ContainsFunc(wanted, func(w string) bool { return strings.Contains(reason, w) })}
	if d, ok := a.Get(attrDuration); ok {
		e.short = d.Double() < shortSession.Seconds()
		if n, ok := a.Get(attrReceived); ok && d.Double() >= idleSession.Seconds() {
			e.counted, e.empty = true, n.Int() == 0
		}
	}
	w.addEnd(e, at-int64(r.config.Window))
	w.active = max(0, w.active-1)

	ev := &health.Evidence{At: time.Unix(0, at), Vantage: r.vantage, TraceID: lr.TraceID(), SpanID: lr.SpanID()}
	if known {
		r.tellEnds(w, ev, said, func(x *sessionEnd) (bool, bool) { return x.signal == said.signal, true })
	} else {
		r.tellEnds(w, ev, says{"log.echo", "timeout"}, func(x *sessionEnd) (bool, bool) { return x.signal == "log.echo", true })
	}
	r.tellEnds(w, ev, says{"log.short_sessions", "many"}, func(x *sessionEnd) (bool, bool) { return x.short && !x.wanted, true })
	r.tellEnds(w, ev, says{"log.traffic", "none_received"}, func(x *sessionEnd) (bool, bool) { return x.empty, x.counted })
	r.tellMass(w, ev)
}

func (w *gatewayWindow) addEnd(e sessionEnd, oldest int64) {
	w.ends = slices.DeleteFunc(w.ends, func(x sessionEnd) bool { return x.at < oldest })
	if w.ends = append(w.ends, e); len(w.ends) > maxEnds {
		w.ends = slices.Delete(w.ends, 0, 1)
	}
}

// tellEnds tells the share of the ends that are so, of those of which it is known.
func (r *Reader) tellEnds(w *gatewayWindow, ev *health.Evidence, what says, is func(*sessionEnd) (so, known bool)) {
	ev.Signal, ev.Value, ev.Bad, ev.Total = what.signal, what.value, 0, 0
	for i := range w.ends {
		so, known := is(&w.ends[i])
		if !known {
			continue
		}
		ev.Total++
		if so {
			ev.Bad++
		}
	}
	if ev.Total < minEnds {
		return
	}
	if ev.Bad == 0 {
		ev.Value, ev.Total = "ok", 0 // of none it is so
	}
	r.tell(ev)
}

// tellMass compares the sessions that ended within a minute with those that were up, and with how many
// end usually: of the sessions that were up before the first line was read nothing is known.
func (r *Reader) tellMass(w *gatewayWindow, ev *health.Evidence) {
	if len(w.ends) == 0 {
		return
	}
	newest := w.ends[len(w.ends)-1].at
	now, before := 0, 0
	for i := range w.ends {
		switch e := &w.ends[i]; {
		case e.wanted:
		case newest-e.at < int64(massWithin):
			now++
		default:
			before++
		}
	}
	minutes := max(1, int(r.config.Window/massWithin)-1)
	ev.Signal, ev.Value = "log.disconnects", "mass"
	ev.Bad, ev.Total = uint32(now), uint32(now+w.active)
	switch {
	case ev.Total < minEnds:
		return
	case now < minMass || now*minutes < massOverUsual*before: // no more than usual, whatever the share is
		ev.Value, ev.Bad, ev.Total = "ok", 0, 0
	}
	r.tell(ev)
}
