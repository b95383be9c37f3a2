package snmppppreceiver

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"

	"github.com/otelcol-pptp/otelcol-pptp/internal/eventlog"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
)

// event is one log record to be.
type event struct {
	record   func(*metadata.LogsBuilder, pcommon.Timestamp)
	at       time.Time
	severity plog.SeverityNumber
	body     string
}

// options are the attributes of an event that may be absent.
type options []metadata.EventAttributeOption

func (o *options) text(set func(string) metadata.EventAttributeOption, v string) {
	if v != "" {
		*o = append(*o, set(v))
	}
}

func (o *options) counter(set func(int64) metadata.EventAttributeOption, c snapshot.Counter) {
	if c.Valid {
		*o = append(*o, set(int64(c.Value)))
	}
}

func (o *options) duration(set func(float64) metadata.EventAttributeOption, d time.Duration) {
	if d > 0 {
		*o = append(*o, set(d.Seconds()))
	}
}

// logsMaker turns results into events. It is safe for concurrent use, as long as
// each agent is polled once at a time.
type logsMaker struct {
	resources metadata.ResourceAttributesConfig
	limit     int
	tell      *teller
	telemetry *telemetry
	now       func() time.Time

	mu sync.Mutex // guards lb, which holds one event at a time
	lb *metadata.LogsBuilder
}

func newLogsMaker(cfg *Config, set receiver.Settings, tell *teller, t *telemetry) *logsMaker {
	return &logsMaker{
		resources: cfg.Metrics.ResourceAttributes, limit: cfg.MaxEvents, tell: tell, telemetry: t, now: time.Now,
		lb: metadata.NewLogsBuilder(cfg.Logs, set),
	}
}

// make returns the events of a poll in the order of their times, and how many were
// too many. They are empty if nothing happened, or the user wants none of them.
func (m *logsMaker) make(a *agent, res *result) (out plog.Logs, dropped int) {
	list := a.events.update(a, res)
	if res.snapshot != nil {
		list = append(list, a.daemonEvents(res.end())...)
		// What is about the gateway comes first, and is not dropped for the many sessions
		// that it may have lost.
		session := func(e snapshot.Event) bool { return e.Kind != snapshot.EventRestarted }
		for _, of := range []bool{false, true} {
			for i := range res.delta.Events {
				if e := &res.delta.Events[i]; session(*e) == of {
					list = append(list, m.changed(a, res.snapshot, e))
				}
			}
		}
	}
	if dropped = max(0, len(list)-m.limit); dropped > 0 {
		list = list[:m.limit]
		m.telemetry.eventsDropped(dropped)
	}
	return m.render(a, list), dropped
}

// render makes log records of events.
func (m *logsMaker) render(a *agent, list []event) plog.Logs {
	slices.SortStableFunc(list, func(x, y event) int { return x.at.Compare(y.at) })
	out := plog.NewLogs()
	if len(list) == 0 {
		return out
	}
	now, resource := m.now(), a.resource(m.resources)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range list {
		e.record(m.lb, pcommon.NewTimestampFromTime(e.at))
		var one plog.Logs
		if first := out.ResourceLogs().Len() == 0; first {
			one = m.lb.Emit(metadata.WithLogsResource(resource))
		} else {
			one = m.lb.Emit()
		}
		eventlog.Append(out, one, true, now, e.severity, e.body)
	}
	return out
}

// changed is the event for a change between two snapshots.
func (m *logsMaker) changed(a *agent, s *snapshot.Snapshot, e *snapshot.Event) event {
	switch e.Kind {
	case snapshot.EventRestarted:
		return restarted(a, s, e)
	case snapshot.EventAuthFailed:
		return m.authFailed(a, e)
	}
	id := m.tell.identity(&e.Session)
	o := m.sessionOptions(&e.Session, id)
	out := event{at: e.Time, severity: plog.SeverityNumberInfo}
	what, record := "opened", (*metadata.LogsBuilder).RecordPptpSessionOpenedEvent
	switch e.Kind {
	case snapshot.EventClosed:
		what, record = "closed", (*metadata.LogsBuilder).RecordPptpSessionClosedEvent
		if e.Duration > 0 {
			what += " after " + e.Duration.Round(time.Second).String()
		}
		o.duration(metadata.WithPptpSessionDurationEventAttribute, e.Duration)
		o.counter(metadata.WithPptpSessionIoReceiveEventAttribute, e.Session.Traffic.OctetsIn)
		o.counter(metadata.WithPptpSessionIoTransmitEventAttribute, e.Session.Traffic.OctetsOut)
	case snapshot.EventReconnected:
		what, record = "closed and opened again", (*metadata.LogsBuilder).RecordPptpSessionReconnectedEvent
		o.duration(metadata.WithPptpSessionDurationEventAttribute, e.Duration)
	case snapshot.EventFlapping:
		what = fmt.Sprintf("flaps: it came or went %d times in a short time", e.Transitions)
		record = (*metadata.LogsBuilder).RecordPptpSessionFlappingEvent
		o = append(o, metadata.WithPptpSessionTransitionsEventAttribute(int64(e.Transitions)))
		out.severity = plog.SeverityNumberWarn
	}
	if e.Kind != snapshot.EventOpened {
		o.text(metadata.WithPptpReasonEventAttribute, e.Reason)
		what += colon(e.Reason)
	}
	out.body = fmt.Sprintf("PPTP session%s at %s %s.", id, a.where, what)
	out.record = func(lb *metadata.LogsBuilder, ts pcommon.Timestamp) {
		record(lb, context.Background(), ts, s.Source, o...)
	}
	return out
}

// sessionOptions are on every event of a session.
func (m *logsMaker) sessionOptions(s *snapshot.Session, id identity) options {
	o := m.whoOptions(id.user, s.Peer)
	o.text(metadata.WithPptpSessionAddressEventAttribute, m.tell.client.Address(s.Address))
	o.text(metadata.WithNetworkInterfaceNameEventAttribute, id.iface)
	return o
}

func (m *logsMaker) whoOptions(user string, peer netip.Addr) (o options) {
	o.text(metadata.WithUserNameEventAttribute, user)
	o.text(metadata.WithClientAddressEventAttribute, m.tell.client.Address(peer))
	return o
}

func (m *logsMaker) authFailed(a *agent, e *snapshot.Event) event {
	f := &e.Failure
	id := identity{user: m.tell.user.Name(f.User), client: m.tell.client.Address(f.Peer)}
	o := m.whoOptions(id.user, f.Peer)
	o.text(metadata.WithPptpReasonEventAttribute, e.Reason)
	o = append(o, metadata.WithPptpAttemptsEventAttribute(int64(f.Count)))
	return event{
		at: e.Time, severity: plog.SeverityNumberWarn,
		body: fmt.Sprintf("Login%s at %s failed%s.", id, a.where, colon(e.Reason)),
		record: func(lb *metadata.LogsBuilder, ts pcommon.Timestamp) {
			lb.RecordPptpSessionAuthFailedEvent(context.Background(), ts, o...)
		},
	}
}

func restarted(a *agent, s *snapshot.Snapshot, e *snapshot.Event) event {
	what := "SNMP agent of"
	if e.Host {
		what = "Gateway"
	}
	lost := ""
	if e.Lost > 0 {
		lost = fmt.Sprintf("; sessions that are gone: %d", e.Lost)
	}
	o := options{metadata.WithPptpGatewayHostRestartedEventAttribute(e.Host), metadata.WithPptpSessionsLostEventAttribute(int64(e.Lost))}
	o.duration(metadata.WithSnmpAgentUptimeEventAttribute, s.Agent.Uptime)
	return event{
		at: e.Time, severity: plog.SeverityNumberWarn,
		body: fmt.Sprintf("%s %s was started again%s.", what, a.where, lost),
		record: func(lb *metadata.LogsBuilder, ts pcommon.Timestamp) {
			lb.RecordPptpGatewayRestartedEvent(context.Background(), ts, o...)
		},
	}
}

// colon returns the detail for the end of a sentence.
func colon(detail string) string {
	if detail = strings.TrimRight(detail, ". "); detail == "" {
		return ""
	}
	return ": " + detail
}
