package evidence

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// point is what a rule needs of a data point.
type point struct {
	attributes pcommon.Map
	value      float64 // of a histogram its mean, or with readMean its sum
	count      float64 // of a histogram
	start      pcommon.Timestamp
	at         int64
	delta      bool
	raw        any // for conditions
}

// WantsMetrics tells whether any of the metrics can be evidence. It reads only what never changes,
// and may be called at any time.
func (r *Reader) WantsMetrics(md pmetric.Metrics) bool {
	for i := range md.ResourceMetrics().Len() {
		scopes := md.ResourceMetrics().At(i).ScopeMetrics()
		for j := range scopes.Len() {
			metrics := scopes.At(j).Metrics()
			for k := range metrics.Len() {
				if r.metrics[metrics.At(k).Name()] != nil {
					return true
				}
			}
		}
	}
	return false
}

// Metrics reads metrics and calls yield with each piece of evidence, which is the callee's only
// until it returns. now is the time of points without one.
func (r *Reader) Metrics(now time.Time, md pmetric.Metrics, yield func(*health.Evidence)) {
	r.now, r.yield = now, yield
	for i := range md.ResourceMetrics().Len() {
		r.resourceMetrics(md.ResourceMetrics().At(i))
	}
	r.yield = nil
}

func (r *Reader) resourceMetrics(rm pmetric.ResourceMetrics) {
	if !r.wantsResource(rm) {
		return
	}
	resource := rm.Resource().Attributes()
	r.vantage = textOf(resource, attrVantage)
	r.touched, r.round = r.touched[:0], 0
	r.about(resource)
	known := len(r.targets) > 0
	if known {
		r.probeMetrics(rm)
	}
	scopes := rm.ScopeMetrics()
	for j := range scopes.Len() {
		metrics := scopes.At(j).Metrics()
		for k := range metrics.Len() {
			m := metrics.At(k)
			if rules := r.metrics[m.Name()]; rules != nil {
				r.metricPoints(rules, rm, scopes.At(j), m, known)
			}
		}
	}
	for _, c := range r.touched {
		r.finish(c, resource)
	}
}

func (r *Reader) wantsResource(rm pmetric.ResourceMetrics) bool {
	scopes := rm.ScopeMetrics()
	for j := range scopes.Len() {
		metrics := scopes.At(j).Metrics()
		for k := range metrics.Len() {
			if r.metrics[metrics.At(k).Name()] != nil {
				return true
			}
		}
	}
	return false
}

// metricPoints meets the points of a metric with the rules of its name.
func (r *Reader) metricPoints(rules *metricRules, rm pmetric.ResourceMetrics, sm pmetric.ScopeMetrics, m pmetric.Metric, known bool) {
	if len(rules.rules)+len(rules.parts) == 0 {
		return
	}
	resource := rm.Resource().Attributes()
	each := func(p *point) {
		for _, c := range rules.rules {
			if !matches(c.match, p.attributes, resource) {
				continue
			}
			if c.points != nil {
				ok, err := pointHolds(c.points, rm, sm, m, p.raw)
				if err != nil {
					r.stats.Dropped[DroppedCondition]++
				}
				if !ok {
					continue
				}
			}
			if !known && c.Gateway == "" && len(c.GatewayAttributes) == 0 {
				r.stats.Dropped[DroppedNoGateway]++
				continue
			}
			r.pointEvidence(c, p, resource)
		}
		for i := range rules.parts {
			part := &rules.parts[i]
			if matches(part.match, p.attributes, resource) {
				r.addPart(part.rule, p, resource)
			}
		}
	}
	var p point
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		r.numbers(&p, m.Gauge().DataPoints(), false, each)
	case pmetric.MetricTypeSum:
		r.numbers(&p, m.Sum().DataPoints(), m.Sum().AggregationTemporality() == pmetric.AggregationTemporalityDelta, each)
	case pmetric.MetricTypeHistogram:
		delta := m.Histogram().AggregationTemporality() == pmetric.AggregationTemporalityDelta
		for i := range m.Histogram().DataPoints().Len() {
			dp := m.Histogram().DataPoints().At(i)
			if dp.Flags().NoRecordedValue() || !dp.HasSum() {
				r.stats.Dropped[DroppedNoValue]++
				continue
			}
			p = point{attributes: dp.Attributes(), value: dp.Sum(), count: float64(dp.Count()), start: dp.StartTimestamp(), at: r.timeOf(dp.Timestamp()), delta: delta, raw: dp}
			each(&p)
		}
	default: // no rule is about others
	}
}

func (r *Reader) numbers(p *point, points pmetric.NumberDataPointSlice, delta bool, each func(*point)) {
	for i := range points.Len() {
		dp := points.At(i)
		if dp.Flags().NoRecordedValue() {
			r.stats.Dropped[DroppedNoValue]++
			continue
		}
		*p = point{attributes: dp.Attributes(), start: dp.StartTimestamp(), at: r.timeOf(dp.Timestamp()), delta: delta, raw: dp}
		switch dp.ValueType() {
		case pmetric.NumberDataPointValueTypeInt:
			p.value = float64(dp.IntValue())
		case pmetric.NumberDataPointValueTypeDouble:
			p.value = dp.DoubleValue()
		default:
			r.stats.Dropped[DroppedNoValue]++
			continue
		}
		each(p)
	}
}

func (r *Reader) timeOf(t pcommon.Timestamp) int64 {
	if t == 0 || t > 1<<63-1 {
		return r.now.UnixNano()
	}
	return int64(t)
}

// pointEvidence tells what a point says by a rule, or adds it to a share.
func (r *Reader) pointEvidence(c *compiled, p *point, resource pcommon.Map) {
	r.aboutRule(c, p.attributes, resource)
	if len(r.targets) == 0 {
		r.stats.Dropped[DroppedNoGateway]++
		return
	}
	if len(c.parts) > 0 {
		if v, ok := r.number(c, p, resource, 0); ok {
			r.touch(c)
			c.num, c.hasNum, c.at = c.num+v, true, max(c.at, p.at)
		}
		return
	}
	v, ok := r.number(c, p, resource, 0)
	if !ok {
		return
	}
	if value, ok := c.valueOf(v); ok {
		r.say(c, value, p.at, p.attributes, resource)
	}
}

// addPart adds a point to the whole of a share.
func (r *Reader) addPart(c *compiled, p *point, resource pcommon.Map) {
	if v, ok := r.number(c, p, resource, 1); ok {
		r.touch(c)
		c.den, c.hasDen = c.den+v, true
	}
}

func (r *Reader) touch(c *compiled) {
	if !c.hasNum && !c.hasDen {
		c.num, c.den, c.at = 0, 0, 0
		r.touched = append(r.touched, c)
	}
}

// number reads the number of a point; use keeps apart what it is used for.
func (r *Reader) number(c *compiled, p *point, resource pcommon.Map, use uint64) (float64, bool) {
	if c.read == readValue {
		if p.count > 0 { // a histogram
			return p.value / p.count, true
		}
		return p.value, true
	}
	k := key(fnvOffset).with(c.item).withNumber(use).with(textOf(resource, attrGateway)).with(textOf(resource, "service.instance.id"))
	return r.change(c, k.withAttributes(resource).withAttributes(p.attributes), p)
}

// finish tells the share that was added up of a resource.
func (r *Reader) finish(c *compiled, resource pcommon.Map) {
	num, den, whole := c.num, c.den, c.hasNum && c.hasDen
	c.hasNum, c.hasDen = false, false
	if !whole {
		return
	}
	none := pcommon.NewMap()
	r.aboutRule(c, none, resource)
	if len(r.targets) == 0 {
		return
	}
	if c.Count > 0 {
		r.count(c, num, den, none, resource)
		return
	}
	if den <= 0 || den < c.Least {
		return
	}
	if value, ok := c.valueOf(num / den); ok {
		r.say(c, value, c.at, none, resource)
	}
}

// valueOf is what a number stands for.
func (c *compiled) valueOf(v float64) (string, bool) {
	if len(c.cases) == 0 {
		return c.value, c.value != ""
	}
	for i := range c.cases {
		if c.cases[i].holds(v) {
			return c.cases[i].value, true
		}
	}
	return "", false
}

// say tells a value by a rule about a point or record.
func (r *Reader) say(c *compiled, value string, at int64, point, resource pcommon.Map) {
	ev := r.evidenceOf(c, value, at, point, resource)
	r.tell(ev)
}

// evidenceOf fills r.scratch.
func (r *Reader) evidenceOf(c *compiled, value string, at int64, point, resource pcommon.Map) *health.Evidence {
	ev := &r.scratch
	*ev = health.Evidence{
		Signal: c.Signal, Value: value, Source: c.source, Vantage: r.vantageOf(c, point, resource), Strength: c.Strength,
		TTL: c.TTL,
	}
	if c.PeerAttribute != "" {
		ev.Peer = textOf(point, c.PeerAttribute)
	}
	if c.Metric != "" {
		if r.round != 0 && isProbe(c.Signal) {
			at = r.round
		}
		if c.TTL == 0 {
			k := key(fnvOffset).with(r.targets[0]).with(c.Signal).with(ev.Vantage).withNumber(uint64(c.source))
			ev.TTL = r.ttl(k, at)
		}
	}
	ev.At = time.Unix(0, at)
	return ev
}

func (r *Reader) vantageOf(c *compiled, point, resource pcommon.Map) string {
	switch {
	case len(c.VantageAttributes) == 1:
		if v, ok := attribute(c.VantageAttributes[0], point, resource); ok {
			return v.Str()
		}
	case len(c.VantageAttributes) > 1:
		name := ""
		for i, a := range c.VantageAttributes {
			v, ok := attribute(a, point, resource)
			if !ok {
				continue
			}
			if name != "" && i > 0 {
				name += "/"
			}
			name += v.AsString()
		}
		return name
	case c.Vantage != "":
		return c.Vantage
	}
	return r.vantage
}

func isProbe(signal string) bool { return len(signal) > 6 && signal[:6] == "probe." }
