package radiusreceiver

import (
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	conventions "go.opentelemetry.io/otel/semconv/v1.40.0"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/radiusreceiver/internal/metadata"
)

// tracesMaker turns results into traces. It is safe for concurrent use.
type tracesMaker struct{ build component.BuildInfo }

// server returns one trace, of one span, for each check of a round.
func (m *tracesMaker) server(s *server, list []told) ptrace.Traces {
	out := ptrace.NewTraces()
	if len(list) == 0 {
		return out
	}
	rs := out.ResourceSpans().AppendEmpty()
	rs.SetSchemaUrl(conventions.SchemaURL)
	s.resource.CopyTo(rs.Resource())
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(metadata.ScopeName)
	ss.Scope().SetVersion(m.build.Version)
	for i := range list {
		s.fillSpan(ss.Spans().AppendEmpty(), &list[i])
	}
	return out
}

func (s *server) fillSpan(span ptrace.Span, t *told) {
	r := t.result
	span.SetName("radius.check")
	span.SetKind(ptrace.SpanKindClient)
	span.SetTraceID(t.traceID)
	span.SetSpanID(t.spanID)
	span.SetStartTimestamp(timestamp(r.Start))
	span.SetEndTimestamp(timestamp(r.Start.Add(r.Total)))
	a := span.Attributes()
	a.PutStr("radius.method", string(r.Method))
	a.PutStr("radius.message_authenticator", string(r.Signing))
	a.PutInt("radius.retransmits", int64(r.Retransmissions))
	if r.Latency > 0 {
		a.PutDouble("radius.latency", r.Latency.Seconds())
	}
	if r.Answered() {
		a.PutStr("radius.code", codeName(r.Code))
		a.PutBool("radius.reply.message_authenticator", r.Signed)
	}
	if r.HasKeys {
		a.PutBool("radius.mppe_keys", r.Keys)
	}
	if r.MSCHAPError != 0 {
		a.PutInt("radius.mschap.error_code", int64(r.MSCHAPError))
	}
	if r.Server.IsValid() {
		a.PutStr("network.peer.address", r.Server.Addr().String())
		a.PutInt("network.peer.port", int64(r.Server.Port()))
	}
	putText(a, "radius.reply.message", r.Message)
	if r.Method.UsesPassword() {
		putText(a, "user.name", s.username)
	}
	if f := r.Failure; f != nil {
		putFailure(a, f)
		span.Status().SetCode(ptrace.StatusCodeError)
		span.Status().SetMessage(string(f.Cause) + ": " + f.Detail)
	}
	if w := r.Warning; w != nil {
		e := span.Events().AppendEmpty()
		e.SetName("radius.check.warning")
		e.SetTimestamp(span.EndTimestamp())
		putFailure(e.Attributes(), w)
	}
}

func putFailure(a pcommon.Map, f *radiuscheck.Failure) {
	a.PutStr("error.type", string(f.Cause))
	putText(a, "pptp.detail", f.Detail)
	putText(a, "pptp.hint", f.Hint)
}

// putText sets an attribute unless it is empty.
func putText(a pcommon.Map, key, value string) {
	if value != "" {
		a.PutStr(key, value)
	}
}
