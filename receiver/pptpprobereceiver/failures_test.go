package pptpprobereceiver

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

func TestEveryCauseMakesGoodTelemetry(t *testing.T) {
	for _, c := range pptpprobe.Causes() {
		b := newBench(t, nil)
		r := goodResult()
		r.Connect = 0
		r.Warnings = []pptpprobe.Warning{{Stage: pptpprobe.StageGRE, Cause: c.Cause}}
		r.Failure = &pptpprobe.Failure{Stage: pptpprobe.StageLCP, Cause: c.Cause, ResultCode: -1, ErrorCode: -1}
		b.run(r)
		failed := last(recordsOf(b.lastLogs(), "pptp.session.failed"))
		v, _ := failed.Attributes().Get("error.type")
		assert.Equal(t, string(c.Cause), v.Str())
		spans := b.lastTraces().ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		errorSpans := 0
		for i := range spans.Len() {
			if spans.At(i).Status().Code() == ptrace.StatusCodeError {
				errorSpans++
			}
		}
		assert.Equal(t, 2, errorSpans, "the root and the failing stage")
	}
}

func TestFailureWithoutCauseIsNotASuccess(t *testing.T) {
	b := newBench(t, nil)
	b.run(&pptpprobe.Result{Start: began, Failure: &pptpprobe.Failure{Err: errRefused, ResultCode: -1, ErrorCode: -1}})
	assert.Equal(t, map[pptpprobe.Cause]int64{otherCause: 1}, b.target.metrics.attempts)
	failed := last(recordsOf(b.lastLogs(), "pptp.session.failed"))
	v, _ := failed.Attributes().Get("error.type")
	assert.Equal(t, "_OTHER", v.Str())
}

func TestFailedCheckIsAnErrorSpan(t *testing.T) {
	b := newBench(t, nil)
	r := goodResult()
	f := &pptpprobe.Failure{Stage: pptpprobe.StageApp, Cause: pptpprobe.CauseAppHTTPStatus, Detail: "503", ResultCode: -1, ErrorCode: -1}
	r.Checks[1].Failure, r.Failure = f, f
	b.run(r)
	spans := b.lastTraces().ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	for i := range spans.Len() {
		s := spans.At(i)
		want := s.Name() == "pptp.session" || s.Name() == "pptp.app.http"
		assert.Equal(t, want, s.Status().Code() == ptrace.StatusCodeError, s.Name())
	}
	assert.Len(t, recordsOf(b.lastLogs(), "pptp.session.established"), 1, "the tunnel was up")
}

func TestEncryptionIsToldToBeOff(t *testing.T) {
	b := newBench(t, nil)
	r := goodResult()
	r.Negotiated.MPPE, r.Negotiated.Stateless = 0, false
	b.run(r)
	e := last(recordsOf(b.lastLogs(), "pptp.session.established"))
	assert.Contains(t, e.Body().Str(), "no encryption")
	v, ok := e.Attributes().Get("pptp.mppe.key_length")
	require.True(t, ok)
	assert.Zero(t, v.Int())

	r = goodResult()
	r.Negotiated.Stateless = false
	b.run(r)
	e = last(recordsOf(b.lastLogs(), "pptp.session.established"))
	assert.Contains(t, e.Body().Str(), "stateful")
}

func TestRASErrorIsAReason(t *testing.T) {
	b := newBench(t, nil)
	r := greResult()
	r.Failure.RAS = 718
	b.run(r)
	assert.Contains(t, last(recordsOf(b.lastLogs(), "pptp.peer.terminated")).Body().Str(), "RAS error 718")
}
