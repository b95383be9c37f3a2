package pptplogconnector

import (
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/line"
)

// current is the record that the engine reads at the moment.
type current struct {
	gateway  string // of the resource
	hostname string // of the record, or else of the resource
	address  string // where the record came from
	time     time.Time
	source   *source
}

// read gives all records to the engine.
func (c *logConnector) read(now time.Time, ld plog.Logs) {
	n := 0
	for _, rl := range ld.ResourceLogs().All() {
		resource := rl.Resource().Attributes()
		of := current{gateway: text(resource, "pptp.gateway.id"), hostname: text(resource, "host.name")}
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				n++
				c.current = of
				c.record(now, lr)
			}
		}
	}
	c.current = current{}
	c.telemetry.linesRead(n)
}

// record finds the message in a record, whatever receiver made it.
func (c *logConnector) record(now time.Time, lr plog.LogRecord) {
	c.current.time = stamp(lr)
	a := lr.Attributes()
	c.current.address = text(a, "net.peer.ip")
	if c.current.address == "" {
		c.current.address = text(a, "network.peer.address")
	}
	switch body := lr.Body(); body.Type() {
	case pcommon.ValueTypeStr:
		// The syslog receiver leaves the line in the body, and its parts in attributes.
		if m, ok := a.Get("message"); ok && m.Type() == pcommon.ValueTypeStr {
			if h, ok := c.header(now, a); ok {
				c.engine.Message(now, h, m.Str())
				return
			}
		}
		c.engine.LineString(now, c.current.hostname, body.Str())
	case pcommon.ValueTypeBytes:
		c.engine.Line(now, c.current.hostname, body.Bytes().AsRaw())
	case pcommon.ValueTypeMap:
		c.mapped(now, body.Map())
	default:
	}
}

// mapped reads a body that is a map: of Windows' event log, of journald, or of a parser.
func (c *logConnector) mapped(now time.Time, m pcommon.Map) {
	if id, ok := m.Get("event_id"); ok {
		c.windows(now, m, id)
		return
	}
	message := text(m, "message")
	if message == "" {
		message = text(m, "MESSAGE")
	}
	if message == "" {
		return
	}
	if h, ok := c.header(now, m); ok {
		c.engine.Message(now, h, message)
		return
	}
	c.engine.LineString(now, c.current.hostname, message)
}

// header makes an envelope of its parts, as the syslog receiver, stanza's parsers and
// journald name them. It has none without a program.
func (c *logConnector) header(now time.Time, m pcommon.Map) (line.Header, bool) {
	h := line.Header{Time: c.current.time, Arrival: now}
	h.Program = either(m, "appname", "SYSLOG_IDENTIFIER", "log.syslog.appname")
	if h.Program == "" {
		return h, false
	}
	if h.Host = either(m, "hostname", "_HOSTNAME", "log.syslog.hostname"); h.Host == "" {
		h.Host = c.current.hostname
	}
	pid := either(m, "proc_id", "_PID", "SYSLOG_PID", "log.syslog.procid")
	if n, err := strconv.ParseInt(pid, 10, 32); err == nil {
		h.PID = int32(n)
	}
	if p, ok := m.Get("priority"); ok && p.Type() == pcommon.ValueTypeInt {
		h.Severity = event.Severity(p.Int()&7) + event.Emergency
	}
	return h, true
}

// windows reads an event of Windows' event log, as the windows_event_log receiver
// makes it.
func (c *logConnector) windows(now time.Time, m pcommon.Map, id pcommon.Value) {
	if p := provider(m); p != "RemoteAccess" && p != "Microsoft-Windows-RemoteAccess" {
		return
	}
	number := id
	if id.Type() == pcommon.ValueTypeMap {
		number, _ = id.Map().Get("id")
	}
	n, err := strconv.Atoi(number.AsString())
	if err != nil {
		return
	}
	h := line.Header{Program: "RemoteAccess", Host: either(m, "computer"), Time: c.current.time, Arrival: now}
	if h.Host == "" {
		h.Host = c.current.hostname
	}
	c.engine.Windows(now, h, n, eventData(m))
}

func provider(m pcommon.Map) string {
	p, ok := m.Get("provider")
	if ok && p.Type() == pcommon.ValueTypeMap {
		return text(p.Map(), "name")
	}
	return text(m, "provider")
}

// eventData lists the values of an event in their order. They have no names in the events
// of the Routing and Remote Access service: the receiver calls them param1, param2, or
// makes a list of them.
func eventData(m pcommon.Map) (data []string) {
	v, ok := m.Get("event_data")
	if !ok || v.Type() != pcommon.ValueTypeMap {
		return nil
	}
	m = v.Map()
	list, ok := m.Get("data")
	if !ok {
		for i := 1; ; i++ {
			p, found := m.Get("param" + strconv.Itoa(i))
			if !found {
				return data
			}
			data = append(data, p.AsString())
		}
	}
	if list.Type() != pcommon.ValueTypeSlice {
		return nil
	}
	for _, x := range list.Slice().All() {
		if x.Type() != pcommon.ValueTypeMap {
			data = append(data, x.AsString())
			continue
		}
		for _, y := range x.Map().All() { // one, whose name is empty
			data = append(data, y.AsString())
		}
	}
	return data
}

// stamp is when a record was written; zero: not known.
func stamp(lr plog.LogRecord) time.Time {
	if lr.Timestamp() == 0 {
		return time.Time{}
	}
	return lr.Timestamp().AsTime()
}

func text(m pcommon.Map, key string) string {
	if v, ok := m.Get(key); ok && v.Type() == pcommon.ValueTypeStr {
		return v.Str()
	}
	return ""
}

func either(m pcommon.Map, keys ...string) string {
	for _, k := range keys {
		if v, ok := m.Get(k); ok {
			return v.AsString()
		}
	}
	return ""
}

// onEvent sees every line of interest before sessions do. It tells the engine which host
// the line is from.
func (c *logConnector) onEvent(e *event.Event) {
	cur := &c.current
	host, gateway := e.Host, cur.gateway
	if host == "" {
		host = cur.hostname
	}
	if e.Program == "freeradius" && gateway == "" {
		// The line is about the gateway that asked.
		if g := c.hosts.index.Find(e.Server); g != nil {
			gateway = g.ID
		}
	}
	cur.source = c.hosts.find(gateway, host, cur.address)
	if cur.source == nil {
		c.telemetry.dropped(reasonGateways, 1)
		e.Class = event.ClassNoise
		return
	}
	cur.source.touched = e.Arrival
	e.Host = cur.source.key
	if e.Time.IsZero() {
		e.Time = cur.time
	}
	cur.source.counts.line(e)
	if e.Class == event.ClassUnclassified && c.cfg.UnclassifiedEvents && c.logs != nil {
		if lr, ok := c.pendingRecord(cur.source); ok {
			c.events.unclassified(lr, e)
		}
	}
}
