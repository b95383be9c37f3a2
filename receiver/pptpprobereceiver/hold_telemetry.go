package pptpprobereceiver

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
)

// sessionPart is what of a session is reported. One that is held is reported in
// parts: it may last for weeks.
type sessionPart uint8

const (
	wholeSession sessionPart = iota
	setUp                    // up to its depth; the spans of its stages, without the root
	theEnd                   // the hold and the teardown, and the root of the trace
)

// endOf makes s, the session that was begun by first, its end: one trace with it.
// The first warned of its warnings have been reported.
func (s *session) endOf(first *session, warned int, next time.Time) {
	s.part, s.next = theEnd, next
	s.traceID, s.rootID = first.traceID, first.rootID
	s.parts = slices.DeleteFunc(s.parts, func(p part) bool {
		return p.check != nil || p.stage != pptpprobe.StageHold && p.stage != pptpprobe.StageTeardown
	})
	s.newWarnings = s.result.Warnings[min(warned, len(s.result.Warnings)):]
}

// heldEvents lists what is to be told of a part of a held session.
func (s *session) heldEvents() []event {
	if s.part == setUp {
		out := []event{s.establishedEvent()}
		for i := range s.result.Warnings {
			out = append(out, s.warningEvent(&s.result.Warnings[i]))
		}
		return out
	}
	var out []event
	for i := range s.newWarnings {
		out = append(out, s.warningEvent(&s.newWarnings[i]))
	}
	if f := s.result.Failure; f != nil {
		out = append(out, s.failureEvents(f)...)
		lost := &out[len(out)-1]
		lost.record, lost.name = (*metadata.LogsBuilder).RecordPptpSessionLostEvent, "pptp.session.lost"
		lost.body = fmt.Sprintf("PPTP session with %s lost after %s: %s%s.", s.target.where, s.heldFor(), causeOf(f), s.colon(f.Detail))
		if !s.next.IsZero() {
			lost.body += fmt.Sprintf(" The next one begins in %s.", rounded(s.next.Sub(s.end())))
		}
	}
	return append(out, s.closedEvent())
}

// heldFor is how long the session was up.
func (s *session) heldFor() time.Duration {
	st, _ := s.result.Stage(pptpprobe.StageHold)
	return rounded(st.Duration)
}

// holdEvent is what is to be told of a change in a held session that goes on.
func (s *session) holdEvent(rep *pptpprobe.HoldReport, h *pptpprobe.Hold) event {
	e := event{at: rep.At, span: s.rootID, severity: plog.SeverityNumberInfo}
	var what string
	switch rep.Kind {
	case pptpprobe.HoldDegraded:
		e.severity, what = plog.SeverityNumberWarn, "is degraded"
	case pptpprobe.HoldRecovered:
		what = "has recovered"
	case pptpprobe.HoldReauthenticated:
		what = "was authenticated again"
	default:
		what = "was negotiated anew"
	}
	e.body = fmt.Sprintf("PPTP session with %s %s%s.", s.target.where, what, s.colon(rep.Detail))
	if rep.Kind == pptpprobe.HoldDegraded || rep.Kind == pptpprobe.HoldRecovered {
		e.record, e.name = (*metadata.LogsBuilder).RecordPptpQualityDegradedEvent, "pptp.quality.degraded"
		var cause pptpprobe.Cause // there is none for slow echoes
		if rep.Kind == pptpprobe.HoldDegraded && h.DegradedLoss > 0 && rep.Status.Loss() > h.DegradedLoss {
			cause = pptpprobe.CauseGRELoss
		}
		e.attrs = append(s.commonAttrs(), s.problemAttrs(pptpprobe.StageHold, cause, orText(rep.Detail, what), cause.Hint())...)
		return e
	}
	e.record, e.name = (*metadata.LogsBuilder).RecordPptpSessionRenegotiatedEvent, "pptp.session.renegotiated"
	e.attrs = append(append(s.commonAttrs(), s.callAttrs()...), metadata.WithPptpDetailEventAttribute(s.text(what+": "+rep.Detail)))
	return e
}

// checkEvent is a check that has begun to fail in a held session.
func (s *session) checkEvent(at time.Time, c *pptpprobe.CheckResult) event {
	f := c.Failure
	return event{
		record: (*metadata.LogsBuilder).RecordPptpQualityDegradedEvent, name: "pptp.quality.degraded",
		at: at, span: s.rootID, severity: plog.SeverityNumberWarn,
		body:  fmt.Sprintf("PPTP session with %s: check %s: %s%s.", s.target.where, c.Check.Name, causeOf(f), s.colon(f.Detail)),
		attrs: append(s.commonAttrs(), s.problemAttrs(pptpprobe.StageApp, causeOf(f), f.Detail, f.Hint)...),
	}
}

func orText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// heldMetrics are the values of a target that only held ones have.
type heldMetrics struct {
	active bool
	lost   map[pptpprobe.Cause]int64 // sessions that had been up, by error.type
}

func (h *heldTarget) setActive(up bool) {
	if h.metrics != nil {
		h.metrics.held.active = up
	}
}

// addStatus counts one interval of a session that is up.
func (h *heldTarget) addStatus(st *pptpprobe.HoldStatus) {
	now, before := encryptionOf(&pptpprobe.Result{PPP: st.PPP}), encryptionOf(&pptpprobe.Result{PPP: h.ppp})
	h.ppp = st.PPP
	t := h.metrics
	if t == nil {
		return
	}
	t.decryptErrors += int64(now.errors - before.errors)
	t.rekeys += int64(now.rekeys - before.rekeys)
	t.resets += int64(now.resets - before.resets)
	t.addGRE(&st.GRE)
	for _, d := range st.LCPEchoRTTs {
		t.histograms.observe(lcpEchoRTT, series{}, d)
	}
	for _, d := range st.ControlEchoRTTs {
		t.histograms.observe(controlEchoRTT, series{}, d)
	}
	if rtt := st.GRE.AckRTT; rtt.Count > 0 {
		t.histograms.observe(greAckRTT, series{}, rtt.Sum/time.Duration(rtt.Count))
	}
}

// greOf is what an interval shows of GRE. An echo that got no answer is a packet
// lost, as in [pptpprobe.HoldStatus.Loss].
func greOf(st *pptpprobe.HoldStatus) gre.Stats {
	if st == nil {
		return gre.Stats{}
	}
	g := st.GRE
	g.RxLost = max(g.RxLost, st.EchoLost)
	return g
}

// addEnd counts the end of a session that had been up.
func (t *targetMetrics) addEnd(s *session) {
	for i := range s.newWarnings {
		t.warnings[s.newWarnings[i].Cause]++
	}
	f := s.result.Failure
	if f == nil {
		return
	}
	cause := causeOf(f)
	t.held.lost[cause]++
	if st := (failureState{cause, f.Stage}); !slices.Contains(t.failing, st) {
		t.failing = append(t.failing, st)
	}
}

// recordHeld records what only held targets have.
func (m *metricsMaker) recordHeld(h *heldMetrics, ts pcommon.Timestamp) {
	if h == nil {
		return
	}
	m.mb.RecordPptpSessionActiveDataPoint(ts, state(h.active))
	for _, c := range slices.Sorted(maps.Keys(h.lost)) {
		m.mb.RecordPptpSessionLostDataPoint(ts, h.lost[c], errorType(c)...)
	}
}

// putHold puts on the span of a hold what happened in it.
func putHold(a pcommon.Map, h *pptpprobe.HoldResult) {
	if h == nil {
		return
	}
	a.PutInt("pptp.hold.renegotiated", int64(h.Renegotiated))
	a.PutInt("pptp.hold.reauthenticated", int64(h.Reauthenticated))
	a.PutInt("pptp.hold.degraded", int64(h.Degraded))
	a.PutInt("pptp.lcp.echo.sent", int64(h.EchoSent))
	a.PutInt("pptp.lcp.echo.received", int64(h.EchoSent-h.EchoLost))
}
