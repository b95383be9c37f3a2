package pptplogconnector

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/connector/pptplogconnector/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/session"
)

// eventsMaker fills log records. The generator makes no builder of events for connectors.
type eventsMaker struct {
	users, clients *privacy.Teller
	plainUsers     bool
	original       bool
	enabled        map[string]bool
	names          map[event.Type]string
}

func newEventsMaker(cfg *Config) *eventsMaker {
	key := privacy.Key(cfg.HashKey)
	m := &eventsMaker{
		users: privacy.New(cfg.UserName, key), clients: privacy.New(cfg.ClientAddress, key),
		plainUsers: cfg.UserName == privacy.Plain, original: cfg.KeepOriginal,
		enabled: enabledEvents(cfg.Logs.Events), names: make(map[event.Type]string),
	}
	for _, t := range session.GatewayTypes() {
		m.names[t] = "pptp.log." + t.String()
	}
	return m
}

// enabledEvents lists which events the user wants, by the names that the configuration
// has for them.
func enabledEvents(cfg metadata.EventsConfig) map[string]bool {
	enabled := make(map[string]bool)
	v := reflect.ValueOf(cfg)
	for i := range v.NumField() {
		if e, ok := v.Field(i).Interface().(metadata.EventConfig); ok {
			enabled[v.Type().Field(i).Tag.Get("mapstructure")] = e.Enabled
		}
	}
	return enabled
}

// changeNames are the events of sessions.
var changeNames = [...]string{
	session.Opened: "pptp.session.opened", session.Established: "pptp.session.established",
	session.Closed: "pptp.session.closed", session.Failed: "pptp.session.failed",
}

// onSession is called by the engine with every change of a session.
func (c *logConnector) onSession(change session.Change, s *session.Session) {
	src := c.hosts.byKey[s.Host]
	if src == nil {
		return // it was forgotten, since there are too many
	}
	if change >= session.Closed {
		src.counts.ended(s, time.Now())
	}
	if c.logs == nil || !c.events.enabled[changeNames[change]] {
		return
	}
	if lr, ok := c.pendingRecord(src); ok {
		c.events.session(lr, change, s)
	}
}

// onGateway is called by the engine with what is not of one session alone.
func (c *logConnector) onGateway(e *event.Event) {
	src := c.hosts.byKey[e.Host]
	if src == nil {
		return
	}
	src.counts.event(e)
	name := c.events.names[e.Type]
	if c.logs == nil || !c.events.enabled[name] {
		return
	}
	if lr, ok := c.pendingRecord(src); ok {
		c.events.gateway(lr, name, e)
	}
}

// pendingRecord is the record of a new event; false: there are too many already.
func (c *logConnector) pendingRecord(s *source) (plog.LogRecord, bool) {
	if c.pending.n >= c.cfg.MaxPending {
		c.telemetry.dropped(reasonFull, 1)
		return plog.LogRecord{}, false
	}
	return c.pending.add(s, metadata.ScopeName, c.version), true
}

// session tells of a change.
func (m *eventsMaker) session(lr plog.LogRecord, change session.Change, s *session.Session) {
	at, severity := s.Opened, plog.SeverityNumberInfo
	switch change {
	case session.Established:
		at = s.Addressed
	case session.Closed, session.Failed:
		at = s.Closed
		if s.Cause != "" {
			severity = plog.SeverityNumberWarn
		}
	case session.Opened:
	}
	user, client := m.users.Name(s.User), m.clients.Address(s.Peer)
	iface := s.Interface
	if !m.plainUsers && s.User != "" && strings.Contains(iface, s.User) {
		iface = "" // RouterOS names interfaces after users
	}
	begin(lr, changeNames[change], at, severity)
	a := lr.Attributes()
	put(a, "client.address", client)
	a.PutStr("pptp.log.program", s.Program)
	if s.PID != 0 {
		a.PutInt("process.pid", int64(s.PID))
	}
	what := change.String()
	if change != session.Opened {
		put(a, "user.name", user)
		put(a, "network.interface.name", iface)
		put(a, "pptp.session.address", m.clients.Address(s.IP))
		a.PutDouble("pptp.link.confidence", s.LinkConfidence)
	}
	if change == session.Closed || change == session.Failed {
		m.end(a, s)
		what += " after " + s.Duration.Round(time.Millisecond).String()
		if s.Outcome != session.OutcomeEstablished && s.Outcome != session.OutcomeFailed {
			what += " (" + s.Outcome.String() + ")"
		}
		if s.Outcome != session.OutcomeEstablished {
			what += " at stage " + s.Stage
		}
		if s.Cause != "" {
			what += ": " + s.Cause
		}
		if s.Reason != "" {
			what += ", " + m.reason(s)
		}
	}
	lr.Body().SetStr(fmt.Sprintf("PPTP session%s %s.", who(user, client, iface), what))
}

// end is what there is to say of a session that has ended.
func (m *eventsMaker) end(a pcommon.Map, s *session.Session) {
	a.PutStr("pptp.session.outcome", s.Outcome.String())
	a.PutStr("pptp.stage", s.Stage)
	put(a, "error.type", s.Cause)
	put(a, "pptp.session.reason", m.reason(s))
	a.PutDouble("pptp.session.duration", s.Duration.Seconds())
	if s.Counted {
		a.PutInt("pptp.session.io.receive", int64(s.Rx))
		a.PutInt("pptp.session.io.transmit", int64(s.Tx))
	}
}

// reason is the peer's word, if it does not tell the user's name.
func (m *eventsMaker) reason(s *session.Session) string {
	if !m.plainUsers && s.User != "" && strings.Contains(s.Reason, s.User) {
		return ""
	}
	return s.Reason
}

// gateway tells of what is not of one session.
func (m *eventsMaker) gateway(lr plog.LogRecord, name string, e *event.Event) {
	at := e.Time
	if at.IsZero() {
		at = e.Arrival
	}
	begin(lr, name, at, severities[e.Type])
	a := lr.Attributes()
	a.PutStr("pptp.log.program", e.Program)
	put(a, "client.address", m.clients.Address(e.Peer))
	put(a, "user.name", m.users.Name(e.User))
	if m.plainUsers || e.User == "" || !strings.Contains(e.Interface, e.User) {
		put(a, "network.interface.name", e.Interface)
	}
	put(a, "error.errno", e.Errno)
	put(a, "server.address", e.Server)
	if m.plainUsers || e.User == "" || !strings.Contains(e.Reason, e.User) {
		put(a, "pptp.log.detail", e.Reason)
	}
	if e.PID != 0 {
		a.PutInt("process.pid", int64(e.PID))
	}
	if e.Count > 1 {
		a.PutInt("pptp.count", int64(e.Count))
	}
	if e.Capacity > 0 {
		a.PutInt("pptp.limit", e.Capacity)
	}
	if m.original {
		put(a, "log.record.original", e.Text)
	}
	body := strings.ReplaceAll(e.Type.String(), "_", " ")
	if e.Errno != "" {
		body += ": " + e.Errno
	}
	lr.Body().SetStr(e.Program + ": " + body + of(e.Server) + ".")
}

// unclassified tells of a line that no pattern knows.
func (m *eventsMaker) unclassified(lr plog.LogRecord, e *event.Event) {
	at := e.Time
	if at.IsZero() {
		at = e.Arrival
	}
	begin(lr, unclassifiedEvent, at, syslogSeverity(e.Severity))
	a := lr.Attributes()
	a.PutStr("pptp.log.program", e.Program)
	if e.PID != 0 {
		a.PutInt("process.pid", int64(e.PID))
	}
	lr.Body().SetStr(strings.ToValidUTF8(strings.Clone(e.Text), "?"))
}

func begin(lr plog.LogRecord, name string, at time.Time, severity plog.SeverityNumber) {
	lr.SetEventName(name)
	lr.SetTimestamp(pcommon.NewTimestampFromTime(at))
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	lr.SetSeverityNumber(severity)
	lr.SetSeverityText(strings.ToUpper(severity.String()))
}

// put sets an attribute that is absent if it is empty. The text may borrow a line.
func put(a pcommon.Map, key, value string) {
	if value != "" {
		a.PutStr(key, strings.ToValidUTF8(strings.Clone(value), "?"))
	}
}

// who is for sentences: " of alice from 203.0.113.7 on ppp0".
func who(user, client, iface string) string {
	var b strings.Builder
	for _, x := range [...]struct{ word, value string }{{" of ", user}, {" from ", client}, {" on ", iface}} {
		if x.value != "" {
			b.WriteString(x.word + x.value)
		}
	}
	return b.String()
}

func of(server string) string {
	if server == "" {
		return ""
	}
	return " (" + server + ")"
}
