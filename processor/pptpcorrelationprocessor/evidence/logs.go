package evidence

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// attrEventName is where the name of an event is for exporters that do not know the field.
const attrEventName = "event.name"

// WantsLogs tells whether any of the records can be evidence. It reads only what never changes, and
// may be called at any time.
func (r *Reader) WantsLogs(ld plog.Logs) bool {
	if len(r.others) > 0 {
		return true
	}
	for i := range ld.ResourceLogs().Len() {
		scopes := ld.ResourceLogs().At(i).ScopeLogs()
		for j := range scopes.Len() {
			records := scopes.At(j).LogRecords()
			for k := range records.Len() {
				if r.wantsEvent(eventName(records.At(k))) {
					return true
				}
			}
		}
	}
	return false
}

func (r *Reader) wantsEvent(name string) bool {
	return name != "" && (r.events[name] != nil || sessionEvents[name] || clientEvents[name] || strings.HasPrefix(name, logPrefix))
}

func eventName(lr plog.LogRecord) string {
	if name := lr.EventName(); name != "" {
		return name
	}
	return textOf(lr.Attributes(), attrEventName)
}

// Logs reads log records and calls yield with each piece of evidence, which is the callee's only
// until it returns. now is the time of records without one.
func (r *Reader) Logs(now time.Time, ld plog.Logs, yield func(*health.Evidence)) {
	r.now, r.yield = now, yield
	for i := range ld.ResourceLogs().Len() {
		rl := ld.ResourceLogs().At(i)
		resource := rl.Resource().Attributes()
		r.vantage = textOf(resource, attrVantage)
		for j := range rl.ScopeLogs().Len() {
			sl := rl.ScopeLogs().At(j)
			for k := range sl.LogRecords().Len() {
				r.record(rl, sl, sl.LogRecords().At(k), resource)
			}
		}
	}
	r.yield = nil
}

func (r *Reader) record(rl plog.ResourceLogs, sl plog.ScopeLogs, lr plog.LogRecord, resource pcommon.Map) {
	r.round = 0
	name := eventName(lr)
	if r.wantsEvent(name) {
		if !r.sessionEvent(name, lr, resource) {
			r.logEvent(name, lr, resource)
		}
		for _, c := range r.events[name] {
			r.recordEvidence(c, rl, sl, lr, resource)
		}
	}
	for _, c := range r.others {
		r.recordEvidence(c, rl, sl, lr, resource)
	}
}

// recordEvidence tells what a record says by a rule.
func (r *Reader) recordEvidence(c *compiled, rl plog.ResourceLogs, sl plog.ScopeLogs, lr plog.LogRecord, resource pcommon.Map) {
	if !matches(c.match, lr.Attributes(), resource) {
		return
	}
	if c.records != nil {
		ok, err := recordHolds(c.records, rl, sl, lr)
		if err != nil {
			r.stats.Dropped[DroppedCondition]++
		}
		if !ok {
			return
		}
	}
	r.aboutRule(c, lr.Attributes(), resource)
	if len(r.targets) == 0 {
		r.stats.Dropped[DroppedNoGateway]++
		return
	}
	if c.Times > 0 && !r.enough(c, lr, resource) {
		return
	}
	ev := r.evidenceOf(c, c.value, r.recordTime(lr), lr.Attributes(), resource)
	ev.TraceID, ev.SpanID = lr.TraceID(), lr.SpanID()
	r.tell(ev)
}

func (r *Reader) recordTime(lr plog.LogRecord) int64 {
	if lr.Timestamp() != 0 {
		return r.timeOf(lr.Timestamp())
	}
	return r.timeOf(lr.ObservedTimestamp())
}
