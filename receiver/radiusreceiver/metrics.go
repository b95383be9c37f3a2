package radiusreceiver

import (
	"maps"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/exchange"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/freeradius"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/radiusreceiver/internal/metadata"
)

// metricsMaker turns findings into metrics. It is safe for concurrent use, as long as
// each server is checked once at a time.
type metricsMaker struct {
	histograms *HistogramsConfig

	mu sync.Mutex // guards mb, which holds one resource at a time
	mb *metadata.MetricsBuilder
}

func newMetricsMaker(cfg *Config, set receiver.Settings) *metricsMaker {
	return &metricsMaker{histograms: &cfg.Histograms, mb: metadata.NewMetricsBuilder(cfg.Metrics, set)}
}

// server returns the metrics of a server after a round, also those of methods that were
// left out of it: they keep their values.
func (m *metricsMaker) server(s *server, f *finding, exemplars bool) pmetric.Metrics {
	ts, start := timestamp(f.at), timestamp(s.start)
	m.mu.Lock()
	m.mb.Reset(metadata.WithStartTime(start))
	for _, c := range s.checks {
		m.check(c, ts)
	}
	if s.cfg.StatusPort != 0 {
		m.statistics(s, f, ts)
	}
	out := m.mb.Emit(metadata.WithResource(s.resource))
	m.mu.Unlock()
	if out.ResourceMetrics().Len() == 0 {
		return out
	}
	list := out.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	s.durations.appendTo(list, m.histograms, start, ts, exemplars)
	if f.statistics != nil {
		began := start
		if at := f.statistics.Started; !at.IsZero() && !at.After(f.at) { // its clock may be ahead of ours
			began = timestamp(at)
		}
		since(list, began, "radius.server.requests")
		if m.histograms.ServerDuration.Enabled {
			serverHistograms(list, f.statistics, began, ts)
		}
	}
	return out
}

func (m *metricsMaker) check(c *check, ts pcommon.Timestamp) {
	method, signing := metadata.MapAttributeRadiusMethod[string(c.method)], metadata.MapAttributeRadiusMessageAuthenticator[string(c.signing)]
	m.mb.RecordRadiusCheckUpDataPoint(ts, one(c.ok), signing, method)
	for _, o := range slices.Sorted(maps.Keys(c.attempts)) {
		m.mb.RecordRadiusCheckAttemptsDataPoint(ts, c.attempts[o], signing, method, o)
	}
	for _, cause := range slices.Sorted(maps.Keys(c.causes)) {
		m.mb.RecordRadiusCheckFailingDataPoint(ts, one(c.causes[cause]), signing, method, metadata.WithErrorTypeMetricAttribute(string(cause)))
	}
	m.mb.RecordRadiusCheckRetransmitsDataPoint(ts, c.retransmits, signing, method)
	for _, k := range exchange.Kinds() {
		if k == exchange.BadAuthenticator {
			m.mb.RecordRadiusCheckBadAuthenticatorsDataPoint(ts, int64(c.replies[k]), signing, method)
			continue
		}
		m.mb.RecordRadiusCheckRepliesDataPoint(ts, int64(c.replies[k]), signing, method, metadata.MapAttributeRadiusReply[k.String()])
	}
	if c.asked {
		m.mb.RecordRadiusCheckMppeKeysDataPoint(ts, one(c.keys), signing)
	}
}

// statistics records what FreeRADIUS says. Of one that does not answer nothing is known,
// which is not the same as that nothing has happened.
func (m *metricsMaker) statistics(s *server, f *finding, ts pcommon.Timestamp) {
	m.mb.RecordRadiusServerStatisticsUpDataPoint(ts, one(f.statisticsErr == nil))
	for _, cause := range slices.Sorted(maps.Keys(s.unread)) {
		m.mb.RecordRadiusServerStatisticsFailingDataPoint(ts, one(s.unread[cause]), metadata.WithErrorTypeMetricAttribute(string(cause)))
	}
	if f.statistics == nil {
		return
	}
	for _, c := range freeradius.Counters() {
		if n, ok := s.totals.Total(c); ok {
			m.mb.RecordRadiusServerRequestsDataPoint(ts, int64(n), c.Result, metadata.MapAttributeRadiusRequestSection[c.Section])
		}
	}
	for _, q := range freeradius.Queues() {
		if n, ok := f.statistics.Queue(q); ok {
			m.mb.RecordRadiusServerQueueLengthDataPoint(ts, n, metadata.MapAttributeRadiusQueue[q.Name])
		}
	}
	if n, ok := f.statistics.Outstanding(); ok {
		m.mb.RecordRadiusServerHomeOutstandingDataPoint(ts, n)
	}
	if at := f.statistics.Started; !at.IsZero() {
		m.mb.RecordRadiusServerUptimeDataPoint(ts, max(0, f.at.Sub(at).Seconds()))
	}
}

// since sets the start of a cumulative metric.
func since(list pmetric.MetricSlice, start pcommon.Timestamp, name string) {
	for _, m := range list.All() {
		if m.Name() == name {
			for _, p := range m.Sum().DataPoints().All() {
				p.SetStartTimestamp(start)
			}
		}
	}
}

// one is 1 for true.
func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
