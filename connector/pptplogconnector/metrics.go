package pptplogconnector

import (
	"time"

	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/connector/pptplogconnector/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// metricsMaker makes metrics of what has been counted.
type metricsMaker struct {
	next       consumer.Metrics
	mb         *metadata.MetricsBuilder
	histograms HistogramsConfig
	version    string
}

func newMetricsMaker(set connector.Settings, cfg *Config, next consumer.Metrics) *metricsMaker {
	return &metricsMaker{
		next: next, mb: metadata.NewMetricsBuilder(cfg.Metrics, set), histograms: cfg.Histograms, version: set.BuildInfo.Version,
	}
}

// make returns the metrics of all sources.
func (m *metricsMaker) make(now time.Time, h *hosts) pmetric.Metrics {
	out := pmetric.NewMetrics()
	ts := pcommon.NewTimestampFromTime(now)
	for _, s := range h.byKey {
		c := &s.counts
		m.mb.Reset(metadata.WithStartTime(pcommon.NewTimestampFromTime(c.start)))
		m.record(ts, now, c)
		resource := pcommon.NewResource()
		s.resource.CopyTo(resource)
		md := m.mb.Emit(metadata.WithResource(resource))
		m.durations(md, ts, c, s.resource)
		md.ResourceMetrics().MoveAndAppendTo(out.ResourceMetrics())
	}
	return out
}

func (m *metricsMaker) record(ts pcommon.Timestamp, now time.Time, c *counts) {
	for k, n := range c.lines {
		m.mb.RecordPptpLogLinesDataPoint(ts, n, metadata.MapAttributePptpLogClass[k.class.String()], k.program)
		if k.class == event.ClassUnclassified {
			m.mb.RecordPptpLogUnclassifiedDataPoint(ts, n, k.program)
		}
	}
	for k, n := range c.sessions {
		m.mb.RecordPptpLogSessionsDataPoint(ts, n,
			metadata.MapAttributePptpSessionOutcome[k.outcome.String()], metadata.MapAttributePptpStage[k.stage])
	}
	for cause, n := range c.causes {
		m.mb.RecordPptpLogFailuresDataPoint(ts, n, cause)
	}
	for t, n := range c.events {
		m.mb.RecordPptpLogEventsDataPoint(ts, n, t.String())
	}
	for errno, n := range c.errnos {
		m.mb.RecordPptpLogGreErrorsDataPoint(ts, n, errno)
	}
	m.mb.RecordPptpLogAuthFailuresDataPoint(ts, c.auth)
	m.mb.RecordPptpLogFailuresPeersDataPoint(ts, c.failedPeers(now))
	m.mb.RecordPptpLogSessionIoDataPoint(ts, c.rx, metadata.AttributeNetworkIoDirectionReceive)
	m.mb.RecordPptpLogSessionIoDataPoint(ts, c.tx, metadata.AttributeNetworkIoDirectionTransmit)
}

// durations adds the histogram, which the generator cannot make.
func (m *metricsMaker) durations(md pmetric.Metrics, ts pcommon.Timestamp, c *counts, resource pcommon.Resource) {
	if !m.histograms.SessionDuration.Enabled {
		return
	}
	var points pmetric.HistogramDataPointSlice
	for i, o := range outcomeDurations {
		h := &c.durations[i]
		if h.count == 0 {
			continue
		}
		if points == (pmetric.HistogramDataPointSlice{}) {
			points = m.durationMetric(md, resource).DataPoints()
		}
		p := points.AppendEmpty()
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(c.start))
		p.SetTimestamp(ts)
		p.SetCount(h.count)
		p.SetSum(h.sum)
		p.ExplicitBounds().FromRaw(bounds)
		p.BucketCounts().FromRaw(h.buckets)
		p.Attributes().PutStr("pptp.session.outcome", o.String())
	}
}

func (m *metricsMaker) durationMetric(md pmetric.Metrics, resource pcommon.Resource) pmetric.Histogram {
	if md.ResourceMetrics().Len() == 0 { // the user wants no other metric
		rm := md.ResourceMetrics().AppendEmpty()
		resource.CopyTo(rm.Resource())
		sm := rm.ScopeMetrics().AppendEmpty()
		sm.Scope().SetName(metadata.ScopeName)
		sm.Scope().SetVersion(m.version)
	}
	x := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().AppendEmpty()
	x.SetName("pptp.log.session.duration")
	x.SetDescription("How long sessions were up, or were tried.")
	x.SetUnit("s")
	h := x.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return h
}
