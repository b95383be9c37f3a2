package pptpcorrelationprocessor

import (
	"encoding/hex"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/internal/metadata"
)

// Names of the events.
var eventNames = map[health.EventKind]string{
	health.VerdictChanged:  "pptp.gateway.verdict.changed",
	health.IncidentOpened:  "pptp.gateway.incident.opened",
	health.IncidentUpdated: "pptp.gateway.incident.updated",
	health.IncidentClosed:  "pptp.gateway.incident.closed",
}

// event makes a log record of an event of the engine.
func (c *correlator) event(ev *health.Event) plog.Logs {
	out := plog.NewLogs()
	rl := out.ResourceLogs().AppendEmpty()
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(metadata.ScopeName)
	lr := sl.LogRecords().AppendEmpty()
	lr.SetEventName(eventNames[ev.Kind])
	lr.SetTimestamp(pcommon.NewTimestampFromTime(ev.At))
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(ev.At))
	a := lr.Attributes()
	if v := ev.Verdict; v != nil {
		c.resource(v.Gateway).MoveTo(rl.Resource())
		a.PutStr("pptp.gateway.id", v.Gateway)
		putVerdict(a, v)
	} else {
		res := rl.Resource().Attributes()
		res.PutStr("service.name", "pptp")
		res.PutStr("service.instance.id", ev.Incident.Subject+"@"+c.id.String())
	}
	switch {
	case ev.Incident != nil:
		putIncident(a, ev)
		c.tellEvidence(lr, ev.Incident.Evidence, ev.Incident.TraceIDs)
	case ev.Verdict != nil:
		a.PutStr("pptp.gateway.previous_state", ev.PreviousState.String())
		putText(a, "pptp.previous_root_cause", ev.PreviousCause)
		c.tellEvidence(lr, ev.Verdict.Evidence, nil)
	}
	severity := severityOf(ev)
	lr.SetSeverityNumber(severityNumbers[severity])
	lr.SetSeverityText(severityTexts[severity])
	lr.Body().SetStr(sentence(ev))
	return out
}

// severityNumbers are what severities are in a log record; an operator looks at major and critical first.
var severityNumbers = map[health.Severity]plog.SeverityNumber{
	health.None: plog.SeverityNumberInfo, health.Info: plog.SeverityNumberInfo, health.Warning: plog.SeverityNumberWarn,
	health.Major: plog.SeverityNumberError, health.Critical: plog.SeverityNumberFatal,
}

var severityTexts = map[health.Severity]string{
	health.None: "INFO", health.Info: "INFO", health.Warning: "WARN", health.Major: "ERROR", health.Critical: "FATAL",
}

// severityOf is that of the event: what is over is no longer severe.
func severityOf(ev *health.Event) health.Severity {
	switch {
	case ev.Kind == health.IncidentClosed:
		return health.None
	case ev.Incident != nil:
		return ev.Incident.Severity
	}
	return ev.Verdict.Severity
}

func putVerdict(a pcommon.Map, v *health.Verdict) {
	a.PutStr("pptp.gateway.state", v.State.String())
	a.PutStr("pptp.severity", v.Severity.String())
	a.PutDouble("pptp.confidence", v.Confidence)
	a.PutDouble("pptp.coverage", v.Coverage)
	putText(a, "pptp.root_cause", v.Cause)
	putText(a, "pptp.root_cause.title", v.Title)
	putText(a, "pptp.hint", v.Hint)
	putText(a, "pptp.explained_by", v.ExplainedBy)
	putText(a, "pptp.maintenance", v.Maintenance)
	putText(a, "pptp.incident.id", v.IncidentID)
}

// putIncident puts what the event tells of the incident. Of one that is closed the verdict is what the gateway
// is now, so the cause is the incident's.
func putIncident(a pcommon.Map, ev *health.Event) {
	in := ev.Incident
	a.PutStr("pptp.incident.id", in.ID)
	a.PutStr("pptp.incident.subject", in.Subject)
	a.PutDouble("pptp.incident.duration", in.Duration(ev.At).Seconds())
	a.PutStr("pptp.incident.severity", in.Worst.String())
	putText(a, "pptp.root_cause", in.Cause)
	putText(a, "pptp.root_cause.title", in.Title)
	putText(a, "pptp.hint", in.Hint)
	putText(a, "pptp.explained_by", in.ExplainedBy)
	a.PutDouble("pptp.confidence", in.Confidence)
	if ev.Verdict != nil {
		return
	}
	a.PutStr("pptp.gateway.state", in.State.String())
	a.PutStr("pptp.severity", in.Severity.String())
	gateways := a.PutEmptySlice("pptp.incident.gateways")
	for _, id := range in.Gateways {
		gateways.AppendEmpty().SetStr(id)
	}
}

// tellEvidence puts what spoke for the cause, against, and is missing, and joins the record to the session
// that decided.
func (c *correlator) tellEvidence(lr plog.LogRecord, evidence []health.Contribution, traces [][16]byte) {
	if len(evidence) == 0 {
		return
	}
	list := lr.Attributes().PutEmptySlice("pptp.evidence")
	seen := make(map[[16]byte]bool)
	for i := range evidence {
		e := &evidence[i]
		m := list.AppendEmpty().SetEmptyMap()
		m.PutStr("role", e.Role.String())
		m.PutStr("text", e.Text)
		m.PutStr("finding", e.Finding.String())
		m.PutDouble("weight", e.Weight)
		if e.Signal != "" {
			m.PutStr("signal", e.Signal)
			m.PutInt("saw", int64(e.Saw))
			m.PutInt("of", int64(e.Of))
		}
		putText(m, "value", e.Value)
		if e.Source != health.SourceOfSignal {
			m.PutStr("source", e.Source.String())
		}
		putText(m, "vantage", e.Vantage)
		speaks := e.Finding == health.Holds && e.Role != health.Contradicting && e.TraceID != [16]byte{}
		if speaks && !seen[e.TraceID] {
			seen[e.TraceID] = true
			if traces == nil || lr.TraceID().IsEmpty() {
				lr.SetTraceID(e.TraceID)
				lr.SetSpanID(e.SpanID)
			}
		}
	}
	for _, t := range traces {
		seen[t] = true
	}
	if len(seen) == 0 {
		return
	}
	ids := lr.Attributes().PutEmptySlice("pptp.evidence.trace_ids")
	for _, t := range sortedTraces(seen) {
		ids.AppendEmpty().SetStr(t)
	}
}

func sortedTraces(seen map[[16]byte]bool) []string {
	out := make(map[string]bool, len(seen))
	for t := range seen {
		out[hex.EncodeToString(t[:])] = true
	}
	return sortedKeys(out)
}

// sentence is for people.
func sentence(ev *health.Event) string {
	var b strings.Builder
	var subject, cause string
	switch in, v := ev.Incident, ev.Verdict; {
	case in != nil && v == nil:
		subject, cause = in.Subject+", which "+fmt.Sprint(len(in.Gateways))+" gateways share", in.Title
	case in != nil:
		subject, cause = "Gateway "+v.Gateway, in.Title
	default:
		subject, cause = "Gateway "+v.Gateway, v.Title
	}
	switch ev.Kind {
	case health.VerdictChanged:
		fmt.Fprintf(&b, "%s is %s, was %s", subject, ev.Verdict.State, ev.PreviousState)
	case health.IncidentOpened:
		fmt.Fprintf(&b, "%s has an incident", subject)
	case health.IncidentUpdated:
		fmt.Fprintf(&b, "%s: the incident changed", subject)
	default:
		fmt.Fprintf(&b, "%s: the incident is over after %s", subject, ev.Incident.Duration(ev.At).Round(1e9))
	}
	if cause != "" {
		fmt.Fprintf(&b, ": %s", cause)
	}
	b.WriteByte('.')
	return b.String()
}

func putText(m pcommon.Map, key, value string) {
	if value != "" {
		m.PutStr(key, value)
	}
}
