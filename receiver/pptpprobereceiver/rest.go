package pptpprobereceiver

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// rest keeps a target from logging in again and again with credentials that its
// gateway refuses, which may lock the account. Meanwhile its last metrics, which
// speak of the last session, are repeated: a target that fails never falls silent.
type rest struct {
	mu    sync.Mutex
	until time.Time
	last  pmetric.Metrics
}

// begin notes the end of a session, and what was reported of it, which it keeps;
// a verdict on the credentials starts the rest.
func (r *rest) begin(now time.Time, f *pptpprobe.Failure, length time.Duration, md pmetric.Metrics) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.until, r.last = time.Time{}, pmetric.Metrics{}
	if length <= 0 || f == nil || !f.RefusesCredentials() {
		return
	}
	r.until = now.Add(length)
	r.last = md
}

// resting says whether the target must not log in now.
func (r *rest) resting(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.until)
}

// again returns the last metrics as of now; ok is false if there are none.
func (r *rest) again(now time.Time) (md pmetric.Metrics, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == (pmetric.Metrics{}) {
		return r.last, false
	}
	md = pmetric.NewMetrics()
	r.last.CopyTo(md)
	stamp(md, pcommon.NewTimestampFromTime(now))
	return md, true
}

// stamp sets the time of all points.
func stamp(md pmetric.Metrics, now pcommon.Timestamp) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				stampMetric(m, now)
			}
		}
	}
}

func stampMetric(m pmetric.Metric, now pcommon.Timestamp) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		for _, p := range m.Gauge().DataPoints().All() {
			p.SetTimestamp(now)
		}
	case pmetric.MetricTypeSum:
		for _, p := range m.Sum().DataPoints().All() {
			p.SetTimestamp(now)
		}
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			p.SetTimestamp(now)
			p.Exemplars().RemoveIf(func(pmetric.Exemplar) bool { return true }) // of a session that was reported
		}
	default: // the receiver makes no others
	}
}

// repeat passes the last metrics of a resting target on once more.
func (r *probeReceiver) repeat(_ context.Context, t *probeTarget) {
	if r.metrics == nil || r.pushCtx.Err() != nil {
		return
	}
	if md, ok := t.rest.again(time.Now()); ok {
		r.pushMetrics(t, md)
	}
}
