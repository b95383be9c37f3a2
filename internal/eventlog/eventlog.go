// Package eventlog finishes the log records that generated builders make of events.
package eventlog

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Append moves the one event in one, as a generated LogsBuilder emits it, to out, and reports false if
// there is none, because the user does not want it. The builder sets neither body
// nor severity, and sorts events by name; so events are emitted one at a time, in their own order. If
// same is true, the event joins the last resource of out, otherwise it brings its own.
func Append(out, one plog.Logs, same bool, observed time.Time, severity plog.SeverityNumber, body string) bool {
	if one.LogRecordCount() == 0 {
		return false
	}
	records := one.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	lr := records.At(0)
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(observed))
	lr.SetSeverityNumber(severity)
	lr.SetSeverityText(severityText(severity))
	if body != "" {
		lr.Body().SetStr(body)
	}
	if n := out.ResourceLogs().Len(); same && n > 0 {
		records.MoveAndAppendTo(out.ResourceLogs().At(n - 1).ScopeLogs().At(0).LogRecords())
	} else {
		one.ResourceLogs().MoveAndAppendTo(out.ResourceLogs())
	}
	return true
}

func severityText(n plog.SeverityNumber) string {
	switch {
	case n >= plog.SeverityNumberFatal:
		return "FATAL"
	case n >= plog.SeverityNumberError:
		return "ERROR"
	case n >= plog.SeverityNumberWarn:
		return "WARN"
	case n >= plog.SeverityNumberInfo:
		return "INFO"
	}
	return "DEBUG"
}
