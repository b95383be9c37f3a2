package pptpprobereceiver

import (
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	conventions "go.opentelemetry.io/otel/semconv/v1.40.0"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
)

// tracesMaker turns sessions into traces. It is safe for concurrent use.
type tracesMaker struct{ build component.BuildInfo }

func newTracesMaker(set receiver.Settings) *tracesMaker { return &tracesMaker{build: set.BuildInfo} }

// make returns the trace of s: the session, and below it its stages and checks.
func (m *tracesMaker) make(s *session) ptrace.Traces {
	out := ptrace.NewTraces()
	rs := out.ResourceSpans().AppendEmpty()
	rs.SetSchemaUrl(conventions.SchemaURL)
	s.target.resource.CopyTo(rs.Resource())
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(metadata.ScopeName)
	ss.Scope().SetVersion(m.build.Version)
	ss.Spans().EnsureCapacity(1 + len(s.parts))

	if s.part != setUp { // the root follows with the end
		s.fillRoot(ss.Spans().AppendEmpty())
	}
	for i := range s.parts {
		s.fillPart(ss.Spans().AppendEmpty(), &s.parts[i])
	}
	return out
}

func (s *session) fillRoot(span ptrace.Span) {
	r := s.result
	s.fill(span, "pptp.session", s.rootID, r.Start, r.Duration)
	span.SetKind(ptrace.SpanKindClient)
	a := span.Attributes()
	a.PutStr("pptp.depth", s.target.probe.Depth.String())
	putText(a, "network.peer.address", addrText(r.PeerAddr))
	putText(a, "network.local.address", addrText(r.LocalAddr))
	putText(a, "user.name", s.username())
	if r.CallConnected {
		a.PutInt("pptp.call.id", int64(r.CallID))
		a.PutInt("pptp.peer.call.id", int64(r.PeerCallID))
	}
	if sv := &r.Server; knownServer(sv) {
		putText(a, "pptp.server.vendor", s.text(sv.Vendor))
		putText(a, "pptp.server.hostname", s.text(sv.HostName))
		a.PutInt("pptp.server.firmware", int64(sv.Firmware))
	}
	putText(a, "pptp.auth.protocol", s.agreed.auth)
	if s.agreed.ccp {
		a.PutInt("pptp.mppe.key_length", int64(s.agreed.mppeBits))
		putText(a, "pptp.mppe.mode", s.agreed.mppeMode)
	}
	putText(a, "pptp.tunnel.local.address", addrText(s.agreed.local))
	putText(a, "pptp.tunnel.peer.address", addrText(s.agreed.peer))
	putText(a, "pptp.lcp.identification", s.text(r.Identification))
	putText(a, "pptp.capture.path", r.CapturePath)
	if f := r.Failure; f != nil {
		putText(a, "pptp.stage", string(f.Stage))
		s.putFailure(a, f)
		s.setError(span, f)
	}
	for i := range r.Warnings {
		s.addWarning(span, &r.Warnings[i])
	}
}

func (s *session) fillPart(span ptrace.Span, p *part) {
	s.fill(span, p.name, p.id, p.start, p.duration)
	span.SetKind(ptrace.SpanKindInternal)
	span.SetParentSpanID(s.rootID)
	a := span.Attributes()
	a.PutStr("pptp.stage", string(p.stage))
	if st := p.outcome; st != nil {
		if st.Attempts > 0 {
			a.PutInt("pptp.attempts", int64(st.Attempts))
		}
		if st.Retransmits > 0 {
			a.PutInt("pptp.retransmits", int64(st.Retransmits))
		}
		if st.Stage == pptpprobe.StageHold {
			putHold(a, s.result.Hold)
		}
		// The failing stage only: what is torn down after it is not an error.
		if f := s.result.Failure; f != nil && f.Stage == st.Stage {
			s.putFailure(a, f)
			s.setError(span, f)
		}
		return
	}
	s.fillCheck(span, p.check)
}

func (s *session) fill(span ptrace.Span, name string, id pcommon.SpanID, start time.Time, d time.Duration) {
	span.SetName(name)
	span.SetTraceID(s.traceID)
	span.SetSpanID(id)
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(d)))
}

func (s *session) setError(span ptrace.Span, f *pptpprobe.Failure) {
	span.Status().SetCode(ptrace.StatusCodeError)
	span.Status().SetMessage(string(causeOf(f)) + s.colon(f.Detail))
}

// addWarning puts a warning on the root, for those who look at traces only.
func (s *session) addWarning(span ptrace.Span, w *pptpprobe.Warning) {
	at := w.At
	if at.IsZero() {
		at = s.end()
	}
	name, _ := warningEvent(w.Cause)
	e := span.Events().AppendEmpty()
	e.SetName(name)
	e.SetTimestamp(pcommon.NewTimestampFromTime(at))
	putText(e.Attributes(), "pptp.stage", string(w.Stage))
	e.Attributes().PutStr("pptp.warning", string(w.Cause))
	putText(e.Attributes(), "pptp.detail", s.text(w.Detail))
}
