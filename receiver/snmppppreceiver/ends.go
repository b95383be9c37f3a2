package snmppppreceiver

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadata"
)

// ends tells where series end, with a point that has no recorded value, so that
// backends that keep the last value for minutes do not go on showing it beside the
// series that took its place.
type ends struct {
	last map[string]map[string]struct{} // attributes of each series of a metric
}

// maxWaiting bounds the series of a metric of which it is not known whether they
// have ended.
const maxWaiting = 4096

// mark adds such points to metrics for the series that the metrics of the same
// name had last time, and have not now. What is not known at a poll is no end: a
// metric that is not there at all, and, if the poll is not whole, series of any but
// the one that tells so.
func (e *ends) mark(md pmetric.Metrics, ts pcommon.Timestamp, whole bool) {
	if md.ResourceMetrics().Len() == 0 {
		return
	}
	if e.last == nil {
		e.last = make(map[string]map[string]struct{})
	}
	list := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for i := range list.Len() {
		m := list.At(i)
		points := pointsOf(m)
		now := make(map[string]struct{}, points.Len())
		for k := range points.Len() {
			now[encode(points.At(k).Attributes())] = struct{}{}
		}
		for series := range e.last[m.Name()] {
			if _, ok := now[series]; ok {
				continue
			}
			if !whole && m.Name() != metadata.MetricsInfo.SnmpAgentUp.Name {
				if len(now) < maxWaiting {
					now[series] = struct{}{} // the next one may tell
				}
				continue
			}
			p := points.AppendEmpty()
			decode(series, p.Attributes())
			p.SetTimestamp(ts)
			p.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
		}
		e.last[m.Name()] = now
	}
}

// pointsOf are those of a gauge or a sum; the receiver makes nothing else.
func pointsOf(m pmetric.Metric) pmetric.NumberDataPointSlice {
	if m.Type() == pmetric.MetricTypeGauge {
		return m.Gauge().DataPoints()
	}
	return m.Sum().DataPoints()
}

// The attributes of a series in one string: a fraction of the memory of a map.
const (
	separator = "\x00" // not in names, and agents' control characters are removed
	number    = "\x01"
)

func encode(m pcommon.Map) string {
	var b strings.Builder
	for k, v := range m.All() {
		b.WriteString(k)
		b.WriteString(separator)
		if v.Type() == pcommon.ValueTypeInt {
			b.WriteString(number)
		}
		b.WriteString(v.AsString())
		b.WriteString(separator)
	}
	return b.String()
}

func decode(s string, m pcommon.Map) {
	f := strings.Split(s, separator)
	for i := 0; i+1 < len(f); i += 2 {
		if text, ok := strings.CutPrefix(f[i+1], number); ok {
			n, _ := strconv.ParseInt(text, 10, 64)
			m.PutInt(f[i], n)
			continue
		}
		m.PutStr(f[i], f[i+1])
	}
}
