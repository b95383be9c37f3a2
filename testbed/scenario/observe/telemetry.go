package observe

import (
	"sort"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Telemetry is what was told in one step.
type Telemetry struct {
	Metrics pmetric.Metrics
	Logs    plog.Logs
}

// New returns telemetry that is empty.
func New() *Telemetry { return &Telemetry{Metrics: pmetric.NewMetrics(), Logs: plog.NewLogs()} }

// attrs are names and values, in turn.
type attrs []string

func (a attrs) to(m pcommon.Map) {
	m.EnsureCapacity(len(a) / 2)
	for i := 0; i+1 < len(a); i += 2 {
		if a[i+1] != "" {
			m.PutStr(a[i], a[i+1])
		}
	}
}

// metrics are those of one resource at one time.
type metrics struct {
	list pmetric.MetricSlice
	at   pcommon.Timestamp
}

func (t *Telemetry) metrics(at time.Time, resource ...string) metrics {
	r := t.Metrics.ResourceMetrics().AppendEmpty()
	attrs(resource).to(r.Resource().Attributes())
	return metrics{list: r.ScopeMetrics().AppendEmpty().Metrics(), at: pcommon.NewTimestampFromTime(at)}
}

// find returns the metric of that name, and whether it is new.
func (m metrics) find(name string) (pmetric.Metric, bool) {
	for i := m.list.Len() - 1; i >= 0; i-- {
		if it := m.list.At(i); it.Name() == name {
			return it, false
		}
	}
	it := m.list.AppendEmpty()
	it.SetName(name)
	return it, true
}

func (m metrics) gauge(name string, value float64, a ...string) {
	it, fresh := m.find(name)
	if fresh {
		it.SetEmptyGauge()
	}
	m.point(it.Gauge().DataPoints().AppendEmpty(), a).SetDoubleValue(value)
}

// state is a point of an UpDownCounter, count one of a counter.
func (m metrics) state(name string, value float64, a ...string) { m.sum(name, value, false, a) }
func (m metrics) count(name string, value float64, a ...string) { m.sum(name, value, true, a) }

func (m metrics) sum(name string, value float64, monotonic bool, a []string) {
	it, fresh := m.find(name)
	if fresh {
		s := it.SetEmptySum()
		s.SetIsMonotonic(monotonic)
		s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	}
	m.point(it.Sum().DataPoints().AppendEmpty(), a).SetIntValue(int64(value))
}

func (m metrics) point(p pmetric.NumberDataPoint, a []string) pmetric.NumberDataPoint {
	p.SetTimestamp(m.at)
	attrs(a).to(p.Attributes())
	return p
}

// histogram is one that goes on.
type histogram struct {
	sum   float64
	count uint64
}

func (h *histogram) add(d time.Duration) {
	h.sum += d.Seconds()
	h.count++
}

func (m metrics) histogram(name string, h histogram, a ...string) {
	it, fresh := m.find(name)
	if fresh {
		it.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	}
	p := it.Histogram().DataPoints().AppendEmpty()
	p.SetTimestamp(m.at)
	p.SetSum(h.sum)
	p.SetCount(h.count)
	attrs(a).to(p.Attributes())
}

// events are those of one resource.
type events struct {
	list plog.LogRecordSlice
}

func (t *Telemetry) events(resource ...string) events {
	r := t.Logs.ResourceLogs().AppendEmpty()
	attrs(resource).to(r.Resource().Attributes())
	return events{list: r.ScopeLogs().AppendEmpty().LogRecords()}
}

func (e events) event(name string, at time.Time, a ...string) plog.LogRecord {
	r := e.list.AppendEmpty()
	r.SetEventName(name)
	r.SetTimestamp(pcommon.NewTimestampFromTime(at))
	attrs(a).to(r.Attributes())
	return r
}

// keys returns the keys in their order: what is told is the same each time.
func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
