package radiusreceiver

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-pptp/otelcol-pptp/internal/eventlog"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/radiusreceiver/internal/metadata"
)

// options collects the attributes of an event; empty ones are absent.
type options []metadata.EventAttributeOption

func (o *options) text(set func(string) metadata.EventAttributeOption, v string) {
	if v != "" {
		*o = append(*o, set(v))
	}
}

func (o *options) number(set func(int64) metadata.EventAttributeOption, v int64) {
	if v != 0 {
		*o = append(*o, set(v))
	}
}

// event is one log record to be.
type event struct {
	at       time.Time
	severity plog.SeverityNumber
	body     string
	told     *told // nil: there is no trace
	record   func(lb *metadata.LogsBuilder, ctx context.Context, ts pcommon.Timestamp)
}

// logsMaker turns findings into events. It is safe for concurrent use.
type logsMaker struct {
	now func() time.Time

	mu sync.Mutex // guards lb, which holds one event at a time
	lb *metadata.LogsBuilder
}

func newLogsMaker(cfg *Config, set receiver.Settings) *logsMaker {
	return &logsMaker{lb: metadata.NewLogsBuilder(cfg.Logs, set), now: time.Now}
}

// server returns the events of a round.
func (m *logsMaker) server(s *server, f *finding, list []told) plog.Logs {
	var events []event
	for i := range list {
		events = append(events, s.events(&list[i])...)
	}
	if s.restarted {
		events = append(events, event{
			at: f.at, severity: plog.SeverityNumberWarn,
			body: fmt.Sprintf("RADIUS server %s was started again at %s.", s.where, f.statistics.Started.Format(time.RFC3339)),
			record: func(lb *metadata.LogsBuilder, ctx context.Context, ts pcommon.Timestamp) {
				lb.RecordRadiusServerRestartedEvent(ctx, ts)
			},
		})
	}
	return m.render(s.resource, events)
}

// render makes log records of events.
func (m *logsMaker) render(resource pcommon.Resource, events []event) plog.Logs {
	observed := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	out := plog.NewLogs()
	for _, e := range events {
		ctx := context.Background()
		if e.told != nil {
			ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
				TraceID: trace.TraceID(e.told.traceID), SpanID: trace.SpanID(e.told.spanID),
			}))
		}
		e.record(m.lb, ctx, timestamp(e.at))
		eventlog.Append(out, m.lb.Emit(metadata.WithLogsResource(resource)), true, observed, e.severity, e.body)
	}
	return out
}

// events lists what is to be told of a check.
func (s *server) events(t *told) (out []event) {
	r := t.result
	if f := r.Failure; f != nil {
		o := s.problem(t, f)
		o.number(metadata.WithRadiusMschapErrorCodeEventAttribute, int64(r.MSCHAPError))
		o.text(metadata.WithRadiusReplyMessageEventAttribute, r.Message)
		out = append(out, s.event(t, plog.SeverityNumberError, "failed: "+string(f.Cause)+colon(f.Detail), o,
			(*metadata.LogsBuilder).RecordRadiusCheckFailedEvent))
	}
	if t.recovered != "" {
		var o options
		o.text(metadata.WithErrorTypeEventAttribute, string(t.recovered))
		o.text(metadata.WithNetworkPeerAddressEventAttribute, t.peer())
		o = append(o, metadata.WithRadiusOutageDurationEventAttribute(t.outage.Seconds()))
		out = append(out, s.event(t, plog.SeverityNumberInfo, fmt.Sprintf("passed again after %s of %s", t.outage.Round(time.Second), t.recovered), o,
			(*metadata.LogsBuilder).RecordRadiusCheckRecoveredEvent))
	}
	if w := r.Warning; w != nil && t.newWarning {
		out = append(out, s.event(t, plog.SeverityNumberWarn, "shows "+string(w.Cause)+colon(w.Detail), s.problem(t, w),
			(*metadata.LogsBuilder).RecordRadiusCheckWarningEvent))
	}
	return out
}

// recordFunc records an event of a check with the generated builder.
type recordFunc func(*metadata.LogsBuilder, context.Context, pcommon.Timestamp, metadata.AttributeRadiusMessageAuthenticator,
	metadata.AttributeRadiusMethod, ...metadata.EventAttributeOption)

func (s *server) event(t *told, severity plog.SeverityNumber, what string, o options, record recordFunc) event {
	r := t.result
	with := ""
	if r.Signing == radiuscheck.Never {
		with = " without Message-Authenticator"
	}
	return event{
		at: r.Start.Add(r.Total), severity: severity, told: t,
		body: fmt.Sprintf("RADIUS check %s of %s%s %s.", r.Method, s.where, with, what),
		record: func(lb *metadata.LogsBuilder, ctx context.Context, ts pcommon.Timestamp) {
			record(lb, ctx, ts, metadata.MapAttributeRadiusMessageAuthenticator[string(r.Signing)], metadata.MapAttributeRadiusMethod[string(r.Method)], o...)
		},
	}
}

// problem are the attributes of a failure or warning.
func (s *server) problem(t *told, f *radiuscheck.Failure) (o options) {
	r := t.result
	o.text(metadata.WithErrorTypeEventAttribute, string(f.Cause))
	o.text(metadata.WithPptpDetailEventAttribute, f.Detail)
	o.text(metadata.WithPptpHintEventAttribute, f.Hint)
	o.text(metadata.WithNetworkPeerAddressEventAttribute, t.peer())
	if r.Answered() {
		o.text(metadata.WithRadiusCodeEventAttribute, codeName(r.Code))
	}
	o.number(metadata.WithRadiusRetransmitsEventAttribute, int64(r.Retransmissions))
	if r.Method.UsesPassword() {
		o.text(metadata.WithUserNameEventAttribute, s.username)
	}
	return o
}

func (t *told) peer() string {
	if !t.result.Server.IsValid() {
		return ""
	}
	return t.result.Server.Addr().String()
}

// colon returns the detail for the end of a sentence.
func colon(detail string) string {
	if detail = strings.TrimRight(detail, ". "); detail == "" {
		return ""
	}
	return ": " + detail
}
