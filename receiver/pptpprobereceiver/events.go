package pptpprobereceiver

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/trace"

	"github.com/otelcol-pptp/otelcol-pptp/internal/eventlog"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
)

// recordFunc records an event with the generated builder.
type recordFunc func(*metadata.LogsBuilder, context.Context, pcommon.Timestamp, ...metadata.EventAttributeOption)

// event is one log record to be.
type event struct {
	record   recordFunc
	name     string
	at       time.Time
	span     pcommon.SpanID
	severity plog.SeverityNumber
	body     string
	attrs    []metadata.EventAttributeOption
}

// securityCauses are reported as pptp.security.weakness, whether they make a
// session fail or not.
var securityCauses = []pptpprobe.Cause{
	pptpprobe.CauseAuthWeakProtocol, pptpprobe.CauseAuthNotRequested,
	pptpprobe.CauseMPPEPlaintextLeak, pptpprobe.CauseAuthMutualFailed,
}

// qualityCauses are reported as pptp.quality.degraded.
var qualityCauses = []pptpprobe.Cause{
	pptpprobe.CauseTCPConnectSlow, pptpprobe.CauseAuthSlow,
	pptpprobe.CauseGRELoss, pptpprobe.CauseGREReorder, pptpprobe.CauseGREDuplicate,
	pptpprobe.CauseMPPEResetStorm, pptpprobe.CauseAppICMPLoss, pptpprobe.CauseAppJitter,
	pptpprobe.CauseAppMTULow, pptpprobe.CauseAppThroughputLow,
}

// peerCauses are failures in which the gateway ended the session.
var peerCauses = []pptpprobe.Cause{
	pptpprobe.CauseControlStoppedByPeer, pptpprobe.CausePPPTerminatedByPeer, pptpprobe.CauseLCPTerminated,
	pptpprobe.CauseAuthTerminated, pptpprobe.CauseHoldCallDisconnected, pptpprobe.CauseHoldIdleTimeout,
	pptpprobe.CauseHoldSessionTimeout, pptpprobe.CauseHoldTrafficLimit, pptpprobe.CauseHoldReplaced,
}

// warningEvent returns the name and the recorder of the event for a warning.
func warningEvent(c pptpprobe.Cause) (string, recordFunc) {
	switch {
	case slices.Contains(securityCauses, c):
		return "pptp.security.weakness", (*metadata.LogsBuilder).RecordPptpSecurityWeaknessEvent
	case slices.Contains(qualityCauses, c):
		return "pptp.quality.degraded", (*metadata.LogsBuilder).RecordPptpQualityDegradedEvent
	}
	return "pptp.probe.warning", (*metadata.LogsBuilder).RecordPptpProbeWarningEvent
}

// logsMaker turns sessions into events. It is safe for concurrent use.
type logsMaker struct {
	now func() time.Time

	mu sync.Mutex // guards lb, which holds one event at a time
	lb *metadata.LogsBuilder
}

func newLogsMaker(cfg *Config, set receiver.Settings) *logsMaker {
	return &logsMaker{lb: metadata.NewLogsBuilder(cfg.Logs, set), now: time.Now}
}

// make returns the events of s in the order of their times. They are empty if
// the user wants none of them.
func (m *logsMaker) make(s *session) plog.Logs {
	return m.render(s, s.events())
}

// render makes log records of events.
func (m *logsMaker) render(s *session, list []event) plog.Logs {
	slices.SortStableFunc(list, func(a, b event) int { return a.at.Compare(b.at) })
	now := m.now()

	m.mu.Lock()
	defer m.mu.Unlock()
	out := plog.NewLogs()
	for _, e := range list {
		ctx := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: trace.TraceID(s.traceID), SpanID: trace.SpanID(e.span),
		}))
		e.record(m.lb, ctx, pcommon.NewTimestampFromTime(e.at), e.attrs...)
		eventlog.Append(out, m.lb.Emit(metadata.WithLogsResource(s.target.resource)), true, now, e.severity, e.body)
	}
	return out
}

// events lists what is to be told of the session.
func (s *session) events() []event {
	if s.part != wholeSession {
		return s.heldEvents()
	}
	r := s.result
	out := make([]event, 0, 3+len(r.Warnings))
	if s.established() {
		out = append(out, s.establishedEvent(), s.closedEvent())
	}
	for i := range r.Warnings {
		out = append(out, s.warningEvent(&r.Warnings[i]))
	}
	if f := r.Failure; f != nil {
		out = append(out, s.failureEvents(f)...)
	}
	return out
}

func (s *session) closedEvent() event {
	return event{
		record: (*metadata.LogsBuilder).RecordPptpSessionClosedEvent, name: "pptp.session.closed",
		at: s.end(), span: s.rootID, severity: plog.SeverityNumberInfo,
		body: fmt.Sprintf("PPTP session with %s closed after %s.", s.target.where, rounded(s.result.Duration)),
		attrs: append(append(s.commonAttrs(), s.callAttrs()...),
			metadata.WithPptpSessionDurationEventAttribute(s.result.Duration.Seconds())),
	}
}

func (s *session) establishedEvent() event {
	r := s.result
	what := "reached depth " + s.target.probe.Depth.String()
	attrs := append(append(s.commonAttrs(), s.callAttrs()...), s.serverAttrs()...)
	attrs = append(attrs, s.securityAttrs()...)
	if r.Connect > 0 {
		what = "established"
		attrs = append(attrs, metadata.WithPptpConnectDurationEventAttribute(r.Connect.Seconds()))
	}
	text := func(set func(string) metadata.EventAttributeOption, v string) {
		if v != "" {
			attrs = append(attrs, set(v))
		}
	}
	text(metadata.WithNetworkLocalAddressEventAttribute, addrText(r.LocalAddr))
	text(metadata.WithPptpTunnelLocalAddressEventAttribute, addrText(s.agreed.local))
	text(metadata.WithPptpTunnelPeerAddressEventAttribute, addrText(s.agreed.peer))
	return event{
		record: (*metadata.LogsBuilder).RecordPptpSessionEstablishedEvent, name: "pptp.session.established",
		at: s.establishedAt(), span: s.rootID, severity: plog.SeverityNumberInfo, attrs: attrs,
		body: fmt.Sprintf("PPTP session with %s %s in %s%s.", s.target.where, what,
			rounded(s.establishedAt().Sub(r.Start)), s.agreedText()),
	}
}

// agreedText says in a few words what was negotiated.
func (s *session) agreedText() string {
	var words []string
	if s.agreed.auth != "" {
		words = append(words, s.agreed.auth)
	}
	switch {
	case s.agreed.mppeBits > 0:
		words = append(words, fmt.Sprintf("%d bit %s MPPE", s.agreed.mppeBits, s.agreed.mppeMode))
	case s.agreed.ccp:
		words = append(words, "no encryption")
	}
	if s.agreed.local.IsValid() {
		words = append(words, "address "+s.agreed.local.String())
	}
	if len(words) == 0 {
		return ""
	}
	return ": " + strings.Join(words, ", ")
}

func (s *session) warningEvent(w *pptpprobe.Warning) event {
	name, record := warningEvent(w.Cause)
	severity := plog.SeverityNumberWarn
	if info, ok := w.Cause.Info(); ok && info.Severity == pptpprobe.SeverityInfo {
		severity = plog.SeverityNumberInfo
	}
	at := w.At
	if at.IsZero() {
		at = s.end()
	}
	attrs := append(s.commonAttrs(), s.problemAttrs(w.Stage, w.Cause, w.Detail, w.Hint)...)
	if name == "pptp.security.weakness" {
		attrs = append(attrs, s.securityAttrs()...)
	}
	return event{
		record: record, name: name, at: at, span: s.spanOfProblem(w.Stage, w.Cause), severity: severity, attrs: attrs,
		body: fmt.Sprintf("PPTP session with %s: %s%s.", s.target.where, w.Cause, s.colon(w.Detail)),
	}
}

// failureEvents returns pptp.session.failed, and before it what the failure is besides.
func (s *session) failureEvents(f *pptpprobe.Failure) (out []event) {
	at, span, cause := s.failedAt(), s.spanOfProblem(f.Stage, f.Cause), causeOf(f)
	failure := append(s.commonAttrs(), s.problemAttrs(f.Stage, cause, f.Detail, f.Hint)...)
	failure = append(failure, s.reasonAttrs(f)...)
	failure = append(failure, s.callAttrs()...)

	if slices.Contains(securityCauses, cause) {
		out = append(out, event{
			record: (*metadata.LogsBuilder).RecordPptpSecurityWeaknessEvent, name: "pptp.security.weakness",
			at: at, span: span, severity: plog.SeverityNumberWarn,
			body:  fmt.Sprintf("PPTP session with %s: %s%s.", s.target.where, cause, s.colon(f.Detail)),
			attrs: append(append(s.commonAttrs(), s.problemAttrs(f.Stage, cause, f.Detail, f.Hint)...), s.securityAttrs()...),
		})
	}
	if slices.Contains(peerCauses, cause) || f.TerminateReason != "" || f.RAS != 0 {
		reason := f.TerminateReason
		if reason == "" && f.RAS != 0 {
			reason = fmt.Sprintf("RAS error %d", f.RAS)
		}
		attrs := append(s.commonAttrs(), s.problemAttrs(f.Stage, cause, f.Detail, "")...)
		attrs = append(append(attrs, s.terminateAttrs(f)...), s.callAttrs()...)
		out = append(out, event{
			record: (*metadata.LogsBuilder).RecordPptpPeerTerminatedEvent, name: "pptp.peer.terminated",
			at: at, span: span, severity: plog.SeverityNumberWarn, attrs: attrs,
			body: fmt.Sprintf("PPTP session with %s ended by the gateway at stage %s%s.", s.target.where, f.Stage, s.colon(reason)),
		})
	}
	attrs := slices.Concat(failure, s.serverAttrs(), s.codeAttrs(f))
	if s.agreed.auth != "" {
		attrs = append(attrs, metadata.WithPptpAuthProtocolEventAttribute(s.agreed.auth))
	}
	if a := addrText(s.result.LocalAddr); a != "" {
		attrs = append(attrs, metadata.WithNetworkLocalAddressEventAttribute(a))
	}
	if file := s.result.CapturePath; file != "" {
		attrs = append(attrs, metadata.WithPptpCapturePathEventAttribute(file))
	}
	attrs = append(attrs, metadata.WithPptpSessionDurationEventAttribute(s.result.Duration.Seconds()))
	return append(out, event{
		record: (*metadata.LogsBuilder).RecordPptpSessionFailedEvent, name: "pptp.session.failed",
		at: at, span: span, severity: plog.SeverityNumberError, attrs: attrs,
		body: fmt.Sprintf("PPTP session with %s failed at stage %s: %s%s.", s.target.where, f.Stage, cause, s.colon(f.Detail)),
	})
}

// colon returns the detail for the end of a sentence.
func (s *session) colon(detail string) string {
	detail = strings.TrimRight(s.text(detail), ". ")
	if detail == "" {
		return ""
	}
	return ": " + detail
}

// rounded makes a duration readable.
func rounded(d time.Duration) time.Duration {
	if d >= time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(100 * time.Microsecond)
}
