package radiusreceiver

import (
	"sort"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/freeradius"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

// bounds are the upper limits of the buckets in seconds. RADIUS on the same site takes a
// millisecond, a directory a tenth of a second.
var bounds = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}

// histogram is one cumulative series.
type histogram struct {
	method  radiuscheck.Method
	signing radiuscheck.Signing
	code    packet.Code // 0: it is of the time that was waited

	counts []uint64
	sum    float64
	last   float64 // of the last round, for the exemplar
	told   *told   // nil: the last round had none
}

// histograms are those of one server. The number of series is bounded by methods and codes.
type histograms []*histogram

func (hs *histograms) add(r *radiuscheck.Result, t *told) {
	if r.Latency > 0 {
		hs.observe(r, r.Code, r.Latency, t)
	}
	hs.observe(r, 0, r.Total, t)
}

func (hs *histograms) observe(r *radiuscheck.Result, code packet.Code, d time.Duration, t *told) {
	var h *histogram
	for _, x := range *hs {
		if x.method == r.Method && x.signing == r.Signing && x.code == code {
			h = x
		}
	}
	if h == nil {
		h = &histogram{method: r.Method, signing: r.Signing, code: code, counts: make([]uint64, len(bounds)+1)}
		*hs = append(*hs, h)
	}
	v := d.Seconds()
	h.sum += v
	h.counts[sort.SearchFloat64s(bounds, v)]++
	h.last, h.told = v, t
}

// appendTo appends the histograms that the user wants.
func (hs histograms) appendTo(out pmetric.MetricSlice, c *HistogramsConfig, start, ts pcommon.Timestamp, exemplars bool) {
	for _, kind := range []struct {
		enabled           bool
		name, description string
		answered          bool
	}{
		{
			c.CheckDuration.Enabled, "radius.check.duration",
			"Time from a request to its answer. Only of those of which it is known: an answer to a request that was sent more than once may be to any of them.", true,
		},
		{c.CheckWait.Enabled, "radius.check.wait.duration", "Time from the first transmission of a request to its answer, or until nobody waits any more.", false},
	} {
		if !kind.enabled {
			continue
		}
		var points pmetric.HistogramDataPointSlice
		for _, h := range hs {
			if kind.answered != (h.code != 0) {
				continue
			}
			if points == (pmetric.HistogramDataPointSlice{}) {
				points = newHistogram(out, kind.name, kind.description)
			}
			h.point(points.AppendEmpty(), start, ts, exemplars)
		}
	}
	for _, h := range hs {
		h.told = nil
	}
}

func newHistogram(out pmetric.MetricSlice, name, description string) pmetric.HistogramDataPointSlice {
	m := out.AppendEmpty()
	m.SetName(name)
	m.SetDescription(description)
	m.SetUnit("s")
	hist := m.SetEmptyHistogram()
	hist.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return hist.DataPoints()
}

func (h *histogram) point(dp pmetric.HistogramDataPoint, start, ts pcommon.Timestamp, exemplars bool) {
	fill(dp, bounds, h.counts, start, ts)
	dp.SetSum(h.sum)
	dp.Attributes().PutStr("radius.method", string(h.method))
	dp.Attributes().PutStr("radius.message_authenticator", string(h.signing))
	if h.code != 0 {
		dp.Attributes().PutStr("radius.code", codeName(h.code))
	}
	if h.told != nil && exemplars {
		e := dp.Exemplars().AppendEmpty()
		e.SetTimestamp(ts)
		e.SetDoubleValue(h.last)
		e.SetTraceID(h.told.traceID)
		e.SetSpanID(h.told.spanID)
	}
}

func fill(dp pmetric.HistogramDataPoint, bounds []float64, counts []uint64, start, ts pcommon.Timestamp) {
	var n uint64
	for _, c := range counts {
		n += c
	}
	dp.SetStartTimestamp(start)
	dp.SetTimestamp(ts)
	dp.SetCount(n)
	dp.ExplicitBounds().FromRaw(bounds)
	dp.BucketCounts().FromRaw(counts)
}

// serverHistograms appends what FreeRADIUS says of the time that it takes. The order
// of its sections is that in which they are asked for.
func serverHistograms(out pmetric.MetricSlice, s *freeradius.Statistics, start, ts pcommon.Timestamp) {
	if len(s.Histograms) == 0 {
		return
	}
	limits := make([]float64, 0, len(freeradius.LatencyBounds()))
	for _, d := range freeradius.LatencyBounds() {
		limits = append(limits, d.Seconds())
	}
	points := newHistogram(out, "radius.server.request.duration", "Time that the server takes for a request, as it says itself.")
	for i, section := range []string{"auth", "acct"} {
		if i == len(s.Histograms) {
			return
		}
		dp := points.AppendEmpty()
		fill(dp, limits, append(s.Histograms[i][:], 0), start, ts) // nothing is above its last bound
		dp.Attributes().PutStr("radius.request.section", section)
	}
}

// codeName is how a code is written in telemetry.
func codeName(c packet.Code) string {
	return strings.ReplaceAll(strings.ToLower(c.String()), "-", "_")
}
