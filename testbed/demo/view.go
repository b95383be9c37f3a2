package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// view prints sessions, one a line, and verdicts.
type view struct {
	out   io.Writer
	limit int

	mu    sync.Mutex
	shown int
	done  chan struct{}
}

// columns are the stages and checks that have one, with the names of their spans.
var columns = []struct{ span, label string }{
	{"pptp.tcp.connect", "tcp"},
	{"pptp.control.start", "control"},
	{"pptp.call.outgoing", "call"},
	{"pptp.gre.first_packet", "gre"},
	{"pptp.lcp.negotiate", "lcp"},
	{"pptp.auth", "auth"},
	{"pptp.ccp.negotiate", "ccp"},
	{"pptp.ipcp.negotiate", "ipcp"},
	{"pptp.app.icmp", "ping"},
	{"pptp.app.http", "http"},
	{"pptp.teardown", "teardown"},
}

// width of a column; the failed stage has a mark behind its time.
const width = 9

func (v *view) finished() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.done == nil {
		v.done = make(chan struct{})
	}
	return v.done
}

// header says what runs where.
func (v *view) header(set settings) {
	v.mu.Lock()
	defer v.mu.Unlock()
	fmt.Fprintf(v.out, "gateway     simulated, on %s", gatewayAddr)
	if set.fault != "" {
		fmt.Fprintf(v.out, "; the fault %s begins after %s", set.fault, set.faultAfter)
	}
	fmt.Fprintf(v.out, "\ncollector   %s --config %s\n", set.collector, set.config)
	fmt.Fprintf(v.out, "Prometheus  http://%s/metrics\n", prometheusAddr)
	if set.otlp != "" {
		fmt.Fprintf(v.out, "OTLP        %s\n", set.otlp)
	}
	fmt.Fprintf(v.out, "\nEach line is one PPTP session of the probe, stage by stage in milliseconds; >> is a verdict on the gateway. Ctrl-C ends.\n\n%-8s  %-4s %*s", "time", "", width, "total")
	for _, c := range columns {
		fmt.Fprintf(v.out, "%*s", width, c.label)
	}
	fmt.Fprintln(v.out)
}

// say prints a line of the demo itself.
func (v *view) say(format string, a ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	fmt.Fprintf(v.out, "%s  -- %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, a...))
}

// show prints the sessions of a batch of traces.
func (v *view) show(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			v.showSpans(ss.Spans())
		}
	}
}

func (v *view) showSpans(spans ptrace.SpanSlice) {
	for _, root := range spans.All() {
		if root.ParentSpanID().IsEmpty() && root.Name() == "pptp.session" {
			v.session(root, childrenOf(root, spans))
		}
	}
}

func childrenOf(root ptrace.Span, spans ptrace.SpanSlice) []ptrace.Span {
	var list []ptrace.Span
	for _, s := range spans.All() {
		if s.TraceID() == root.TraceID() && !s.ParentSpanID().IsEmpty() {
			list = append(list, s)
		}
	}
	return list
}

func (v *view) session(root ptrace.Span, children []ptrace.Span) {
	v.mu.Lock()
	defer v.mu.Unlock()
	verdict, cause := "ok", attr(root.Attributes(), "error.type")
	if root.Status().Code() == ptrace.StatusCodeError {
		verdict = "FAIL"
	}
	fmt.Fprintf(v.out, "%s  %-4s %*s", root.StartTimestamp().AsTime().Local().Format(time.TimeOnly), verdict, width, ms(root))
	for _, c := range columns {
		fmt.Fprintf(v.out, "%*s", width, cell(children, c.span))
	}
	if note := negotiated(root); note != "" {
		fmt.Fprintf(v.out, "  %s", note)
	}
	fmt.Fprintln(v.out)
	if cause != "" {
		fmt.Fprintf(v.out, "          cause       %s\n", root.Status().Message())
		if hint := attr(root.Attributes(), "pptp.hint"); hint != "" {
			fmt.Fprintf(v.out, "          what to do  %s\n", hint)
		}
	}
	if v.shown++; v.limit > 0 && v.shown == v.limit {
		if v.done == nil {
			v.done = make(chan struct{})
		}
		close(v.done)
	}
}

// cell is the time of a stage, or a dash if the session did not come to it.
func cell(children []ptrace.Span, name string) string {
	i := slices.IndexFunc(children, func(s ptrace.Span) bool { return s.Name() == name })
	switch {
	case i < 0:
		return "-"
	case children[i].Status().Code() == ptrace.StatusCodeError:
		return ms(children[i]) + "!"
	}
	return ms(children[i])
}

// negotiated is what the session agreed upon, in a few words.
func negotiated(root ptrace.Span) string {
	var parts []string
	if m := attr(root.Attributes(), "pptp.auth.protocol"); m != "" {
		parts = append(parts, m)
	}
	if k := attr(root.Attributes(), "pptp.mppe.key_length"); k != "" && k != "0" {
		parts = append(parts, "mppe "+k+" "+attr(root.Attributes(), "pptp.mppe.mode"))
	}
	return strings.Join(parts, ", ")
}

func attr(m pcommon.Map, key string) string {
	if v, ok := m.Get(key); ok {
		return v.AsString()
	}
	return ""
}

func ms(s ptrace.Span) string {
	d := s.EndTimestamp().AsTime().Sub(s.StartTimestamp().AsTime())
	return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond))
}
