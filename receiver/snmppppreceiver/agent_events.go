package snmppppreceiver

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadata"
)

// agentEvents is what was last told about an agent, so that only changes are.
type agentEvents struct {
	failing string   // error.type; empty: it answers
	missing []string // what its last answer lacked
}

// update returns the events about the agent itself.
func (x *agentEvents) update(a *agent, res *result) (list []event) {
	if now := res.kind(); now != x.failing {
		list = append(list, agentChanged(a, res, x.failing))
		x.failing = now
	}
	if res.snapshot == nil {
		return list
	}
	var missing []string
	for i := range res.snapshot.Partial {
		p := &res.snapshot.Partial[i]
		missing = append(missing, tableOf(p)+" "+string(p.Kind))
	}
	slices.Sort(missing)
	if missing = slices.Compact(missing); !slices.Equal(missing, x.missing) {
		list = append(list, partialChanged(a, res, missing, x.missing))
		x.missing = missing
	}
	return list
}

func agentChanged(a *agent, res *result, before string) event {
	e := event{at: res.end()}
	var o options
	if res.err == nil {
		o.text(metadata.WithErrorTypeEventAttribute, before)
		e.severity = plog.SeverityNumberInfo
		e.body = fmt.Sprintf("SNMP agent of %s answers again.", a.where)
		e.record = func(lb *metadata.LogsBuilder, ts pcommon.Timestamp) {
			lb.RecordSnmpAgentRecoveredEvent(context.Background(), ts, o...)
		}
		return e
	}
	o.text(metadata.WithErrorTypeEventAttribute, res.kind())
	o.text(metadata.WithPptpDetailEventAttribute, res.err.Error())
	e.severity = plog.SeverityNumberError
	e.body = fmt.Sprintf("SNMP agent of %s cannot be polled: %s.", a.where, res.kind())
	e.record = func(lb *metadata.LogsBuilder, ts pcommon.Timestamp) {
		lb.RecordSnmpAgentFailedEvent(context.Background(), ts, o...)
	}
	return e
}

func partialChanged(a *agent, res *result, missing, before []string) event {
	e := event{at: res.end()}
	if len(missing) == 0 {
		o := options{metadata.WithSnmpPartsEventAttribute(parts(before))}
		e.severity = plog.SeverityNumberInfo
		e.body = fmt.Sprintf("SNMP agent of %s can be read in full again.", a.where)
		e.record = func(lb *metadata.LogsBuilder, ts pcommon.Timestamp) {
			lb.RecordSnmpSnapshotCompleteEvent(context.Background(), ts, o...)
		}
		return e
	}
	o := options{metadata.WithSnmpPartsEventAttribute(parts(missing))}
	o.text(metadata.WithPptpDetailEventAttribute, res.snapshot.Partial[0].Detail)
	e.severity = plog.SeverityNumberWarn
	e.body = fmt.Sprintf("SNMP agent of %s could not be read in full: %s.", a.where, strings.Join(missing, ", "))
	e.record = func(lb *metadata.LogsBuilder, ts pcommon.Timestamp) {
		lb.RecordSnmpSnapshotPartialEvent(context.Background(), ts, o...)
	}
	return e
}

func parts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// daemonEvents are what happened to the daemons of the gateway.
func (a *agent) daemonEvents(at time.Time) (list []event) {
	for _, c := range a.daemons.changes {
		e := event{at: at, severity: plog.SeverityNumberWarn}
		what, record := "was started again", (*metadata.LogsBuilder).RecordPptpDaemonRestartedEvent
		switch c.change {
		case daemonMissing:
			e.severity = plog.SeverityNumberError
			what, record = "does not run any more", (*metadata.LogsBuilder).RecordPptpDaemonMissingEvent
		case daemonReturned:
			e.severity = plog.SeverityNumberInfo
			what, record = "runs again", (*metadata.LogsBuilder).RecordPptpDaemonReturnedEvent
		}
		e.body = fmt.Sprintf("Daemon %s of %s %s.", c.name, a.where, what)
		e.record = func(lb *metadata.LogsBuilder, ts pcommon.Timestamp) { record(lb, context.Background(), ts, c.name) }
		list = append(list, e)
	}
	return list
}
