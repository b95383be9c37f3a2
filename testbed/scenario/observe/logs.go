package observe

import (
	"fmt"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/scenario/world"
)

// Log is a pptp_log that reads the log of one gateway.
type Log struct {
	Gateway *world.Gateway
	Delay   time.Duration // until a line has come

	waiting []world.Line
}

// Look takes the lines of the step, and tells those that have come.
func (l *Log) Look(w *world.World, to *Telemetry) {
	g := l.Gateway
	if !g.Off && !g.Cut {
		l.waiting = append(l.waiting, g.Seen.Lines...)
	}
	if w.Blind {
		l.waiting = l.waiting[:0]
		return
	}
	e := events{}
	left := l.waiting[:0]
	for i := range l.waiting {
		line := l.waiting[i]
		if line.At.Add(l.Delay).After(w.Now) {
			left = append(left, line)
			continue
		}
		if e == (events{}) {
			e = to.events("service.name", "pptp", "pptp.gateway.id", g.ID, "host.name", g.ID)
		}
		l.tell(e, &line)
	}
	l.waiting = left
}

func (l *Log) tell(e events, line *world.Line) {
	program := [...]string{"pppd", "accel-pppd", "mpd5"}[l.Gateway.Software]
	with := func(a ...string) []string {
		return append(a, "log.program", program, "pptp.log.program", program, "client.address", line.Peer, "user.name", line.User)
	}
	switch line.Event {
	case "session_opened":
		e.event("pptp.session.opened", line.At, with()...)
	case "session_established":
		e.event("pptp.session.established", line.At, with()...)
	case "session_failed":
		e.event("pptp.session.failed", line.At, with("error.type", line.Error, "pptp.stage", line.Stage, "pptp.session.reason", line.Cause, "pptp.session.outcome", "failed")...)
	case "session_closed":
		r := e.event("pptp.session.closed", line.At, with("error.type", line.Error, "pptp.session.reason", line.Cause, "pptp.session.outcome", "established")...)
		r.Attributes().PutDouble("pptp.session.duration", line.Lasts.Seconds())
		r.Attributes().PutInt("pptp.session.io.transmit", int64(line.Sent))
		r.Attributes().PutInt("pptp.session.io.receive", int64(line.Recv))
	case "call_start", "pppd_exited": // the connector takes them into the session
	default:
		e.event(fmt.Sprintf("pptp.log.%s", line.Event), line.At, with("error.errno", line.Errno)...)
	}
}
