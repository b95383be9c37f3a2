package main

import (
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

const verdictChanged = "pptp.gateway.verdict.changed"

// showLogs prints the verdicts in a batch of logs.
func (v *view) showLogs(ld plog.Logs) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				if r.EventName() == verdictChanged {
					v.verdict(r)
				}
			}
		}
	}
}

// verdict prints one: state, cause and confidence, what was seen, and what to do.
func (v *view) verdict(r plog.LogRecord) {
	v.mu.Lock()
	defer v.mu.Unlock()
	a := r.Attributes()
	fmt.Fprintf(v.out, "%s  >> %s is %s", r.Timestamp().AsTime().Local().Format(time.TimeOnly),
		attr(a, "pptp.gateway.id"), strings.ToUpper(attr(a, "pptp.gateway.state")))
	cause := attr(a, "pptp.root_cause")
	if cause == "" {
		fmt.Fprintln(v.out)
		return
	}
	fmt.Fprintf(v.out, ": %s\n", attr(a, "pptp.root_cause.title"))
	detail(v, "cause", fmt.Sprintf("%s, severity %s, confidence %.2f", cause, attr(a, "pptp.severity"), number(a, "pptp.confidence")))
	if list, ok := a.Get("pptp.evidence"); ok && list.Type() == pcommon.ValueTypeSlice {
		label := "evidence"
		for _, e := range list.Slice().All() {
			if line := evidence(e.Map()); line != "" {
				detail(v, label, line)
				label = ""
			}
		}
	}
	detail(v, "what to do", attr(a, "pptp.hint"))
}

func detail(v *view, label, text string) {
	if text != "" {
		fmt.Fprintf(v.out, "          %-10s  %s\n", label, text)
	}
}

// evidence is one line: + what speaks for the cause, - what speaks against it.
// What is not known, or speaks against it and does not hold, is left out.
func evidence(m pcommon.Map) string {
	if attr(m, "finding") != "holds" {
		return ""
	}
	sign := "+"
	if attr(m, "role") == "contradicting" {
		sign = "-"
	}
	line := sign + " " + attr(m, "text")
	if source := attr(m, "source"); source != "" {
		line += " (" + source + ")"
	}
	return line
}

func number(m pcommon.Map, key string) float64 {
	v, ok := m.Get(key)
	if !ok {
		return 0
	}
	return v.Double()
}
