package evidence

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Events of the probe. The log connector has events of the same names; those of the probe have a depth.
const (
	attrDepth     = "pptp.depth"
	attrErrorType = "error.type"
	attrStage     = "pptp.stage"
	attrWarning   = "pptp.warning"
	attrDuration  = "pptp.session.duration"
)

var sessionEvents = map[string]bool{
	"pptp.session.established": true, "pptp.session.failed": true, "pptp.session.lost": true,
	"pptp.quality.degraded": true, "pptp.session.closed": true,
}

// sessionEvent reads an event of the probe, and reports false if it is none.
func (r *Reader) sessionEvent(name string, lr plog.LogRecord, resource pcommon.Map) bool {
	if !sessionEvents[name] || r.metrics[metricUp] == nil {
		return false
	}
	a := lr.Attributes()
	depth, ok := a.Get(attrDepth)
	if !ok {
		return false
	}
	r.about(resource)
	if len(r.targets) == 0 {
		r.stats.Dropped[DroppedNoGateway]++
		return true
	}
	t := r.targetFor(resource)
	if t == nil {
		return true
	}
	s := session{
		errorType: textOf(a, attrErrorType), stage: textOf(a, attrStage), depth: depth.Str(), trace: lr.TraceID(), span: lr.SpanID(),
	}
	span := maxTeardown
	if d, ok := a.Get(attrDuration); ok && d.Double() >= 0 && d.Double() < maxTeardown.Seconds() {
		span = time.Duration(d.Double() * float64(time.Second))
	}
	n := t.eventRound(r.recordTime(lr), s.trace, span)
	r.round = n.at
	switch name {
	case "pptp.session.established":
		// It has an address, or reached its depth; what comes after that is told by its end.
		r.worked(t, n, &s, min(r.stages.reach[s.depth], r.stages.reach["network"]))
	case "pptp.session.closed":
		if !n.failed {
			r.worked(t, n, &s, r.stages.reach[s.depth])
		}
	case "pptp.quality.degraded":
		w, known := r.stages.warnings[s.errorType]
		if f := r.stages.failures[s.errorType]; !known && f.signal == "probe.data" {
			w, known = f.says, true // a check in a session that is held
		}
		if known {
			r.stage(&s, w)
		}
	default:
		n.failed = true
		r.failed(t, n, &s)
	}
	return true
}
