package evidence

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// A session of the probe is told twice: by several metrics at its end, and by events as of when things
// happened, which have its trace id. Both are one round of the vantage, so both get the same
// time: that of whichever came first. A target keeps its last rounds to find the other half.

// sessionPart is what a metric tells of a session.
type sessionPart uint8

const (
	notSession sessionPart = iota
	sessionUp
	sessionFailing
	sessionWarnings
	sessionStages // the histogram whose series tell which stages are reached
	sessionReach  // its being there tells which stage is reached
)

// Metrics of the probe.
const (
	metricUp       = "pptp.probe.up"
	metricFailing  = "pptp.probe.failing"
	metricWarnings = "pptp.probe.warnings"
	metricStages   = "pptp.probe.stage.duration"
)

// reachedBy are metrics that are there only for targets of a depth.
var reachedBy = map[string]string{
	"pptp.gre.data.ok": "gre", "pptp.auth.success": "auth", "pptp.mppe.decrypt.errors": "network",
	"pptp.tunnel.icmp.loss": "application", "pptp.tunnel.throughput": "application",
}

// keptRounds is how many rounds of a target are kept to find the other half of one.
const keptRounds = 4

// maxTeardown is how long after its last event the metrics of a session may be, at most.
const maxTeardown = 2 * time.Minute

// round is one session, or one report of a session that is held.
type round struct {
	at            int64
	trace         pcommon.TraceID
	metric, event bool
	failed        bool   // an event said so
	worked        uint16 // stages that it was told to have got past, a bit each
}

// target is one that a probe looks at.
type target struct {
	rounds   [keptRounds]round // newest first
	heard    int64
	latency  int64 // of warnings, how many there were
	warned   bool  // latency is known
	dnsWrong bool  // its name did not resolve once: tell when it does
}

// addSessions registers the metrics of sessions.
func (r *Reader) addSessions(disabled map[string]bool) {
	if disabled[metricUp] {
		return
	}
	r.metric(metricUp).session = sessionUp
	r.metric(metricFailing).session = sessionFailing
	r.metric(metricWarnings).session = sessionWarnings
	r.metric(metricStages).session = sessionStages
	for name := range reachedBy {
		r.metric(name).session = sessionReach
	}
}

// targetFor returns the target of a resource, nil if there are too many.
func (r *Reader) targetFor(resource pcommon.Map) *target {
	k := key(fnvOffset).with(r.targets[0]).with(r.vantage).with(textOf(resource, attrTarget)).with(textOf(resource, attrPeer))
	t := r.sessions[k]
	if t == nil {
		if len(r.sessions) >= r.config.MaxSessions {
			r.stats.Dropped[DroppedSessions]++
			return nil
		}
		t = &target{}
		r.sessions[k] = t
	}
	t.heard = r.now.UnixNano()
	return t
}

func (t *target) put(n round) *round {
	copy(t.rounds[1:], t.rounds[:])
	t.rounds[0] = n
	return &t.rounds[0]
}

// metricRound is the round of metrics at a time.
func (t *target) metricRound(at int64) *round {
	for i := range t.rounds {
		if n := &t.rounds[i]; n.metric && n.at == at {
			return n // the same metrics once more
		}
	}
	for i := range t.rounds { // newest first
		n := &t.rounds[i]
		if n.metric {
			break // what is before it has been told: an event that was left over is not of this session
		}
		if n.event && n.at <= at+int64(time.Second) && at-n.at <= int64(maxTeardown) {
			n.metric = true
			return n
		}
	}
	return t.put(round{at: at, metric: true})
}

// eventRound is the round of an event: that of its trace, or else of the metrics that the session ended
// with, at most span later.
func (t *target) eventRound(at int64, trace pcommon.TraceID, span time.Duration) *round {
	for i := range t.rounds {
		n := &t.rounds[i]
		if n.event && n.trace == trace && !trace.IsEmpty() && at-n.at <= int64(maxTeardown) && n.at-at <= int64(maxTeardown) {
			return n
		}
	}
	var best *round
	for i := range t.rounds {
		n := &t.rounds[i]
		if n.metric && !n.event && n.at >= at-int64(time.Second) && n.at-at <= int64(span+time.Second) && (best == nil || n.at < best.at) {
			best = n
		}
	}
	if best == nil {
		best = t.put(round{at: at})
	}
	best.event, best.trace = true, trace
	return best
}

// session is what is known of one session.
type session struct {
	errorType, stage string
	depth            string
	ok               bool
	trace            pcommon.TraceID
	span             pcommon.SpanID
}

// probeMetrics reads the session of a probe out of the metrics of its resource.
func (r *Reader) probeMetrics(rm pmetric.ResourceMetrics) {
	var s session
	found, slow := false, int64(0)
	var at int64
	reach := -1
	scopes := rm.ScopeMetrics()
	for j := range scopes.Len() {
		metrics := scopes.At(j).Metrics()
		for k := range metrics.Len() {
			m := metrics.At(k)
			rules := r.metrics[m.Name()]
			if rules == nil {
				continue
			}
			switch rules.session {
			case sessionUp:
				if dp, ok := lastNumber(m); ok {
					found, s.ok, at = true, dp.IntValue() > 0 || dp.DoubleValue() > 0, r.timeOf(dp.Timestamp())
				}
			case sessionFailing:
				s.failing(m)
			case sessionWarnings:
				slow = r.slowness(m)
			case sessionStages:
				reach = max(reach, r.stagesReached(m))
			case sessionReach:
				reach = max(reach, r.stages.reach[reachedBy[m.Name()]])
			case notSession:
			}
		}
	}
	if !found {
		return
	}
	t := r.targetFor(rm.Resource().Attributes())
	if t == nil {
		return
	}
	n := t.metricRound(at)
	r.round = n.at
	if s.ok {
		r.worked(t, n, &s, max(reach, r.stages.reach["control"]))
	} else if s.errorType != "" {
		r.failed(t, n, &s)
	}
	switch {
	case t.warned && slow > t.latency:
		r.stage(&s, says{"probe.latency", "high"})
	case t.warned && s.ok:
		r.stage(&s, says{"probe.latency", "ok"})
	}
	t.latency, t.warned = slow, true
}

// failing reads pptp.probe.failing: 1 for the reason of the last session.
func (s *session) failing(m pmetric.Metric) {
	if m.Type() != pmetric.MetricTypeSum {
		return
	}
	for i := range m.Sum().DataPoints().Len() {
		dp := m.Sum().DataPoints().At(i)
		if dp.IntValue() == 1 && !dp.Flags().NoRecordedValue() {
			s.errorType, s.stage = textOf(dp.Attributes(), attrErrorType), textOf(dp.Attributes(), attrStage)
		}
	}
}

// slowness adds up the warnings that are about latency.
func (r *Reader) slowness(m pmetric.Metric) (sum int64) {
	if m.Type() != pmetric.MetricTypeSum {
		return 0
	}
	for i := range m.Sum().DataPoints().Len() {
		dp := m.Sum().DataPoints().At(i)
		if w := r.stages.warnings[textOf(dp.Attributes(), attrWarning)]; w.signal == "probe.latency" {
			sum += dp.IntValue()
		}
	}
	return sum
}

// stagesReached is the last stage of those that have a series without an error.
func (r *Reader) stagesReached(m pmetric.Metric) int {
	reach := -1
	if m.Type() != pmetric.MetricTypeHistogram {
		return reach
	}
	for i := range m.Histogram().DataPoints().Len() {
		a := m.Histogram().DataPoints().At(i).Attributes()
		if _, failed := a.Get(attrErrorType); failed {
			continue
		}
		if n, ok := r.stages.byStage[textOf(a, attrStage)]; ok {
			reach = max(reach, n)
		}
	}
	return reach
}

func lastNumber(m pmetric.Metric) (dp pmetric.NumberDataPoint, ok bool) {
	var points pmetric.NumberDataPointSlice
	switch m.Type() {
	case pmetric.MetricTypeSum:
		points = m.Sum().DataPoints()
	case pmetric.MetricTypeGauge:
		points = m.Gauge().DataPoints()
	default:
		return dp, false
	}
	for i := range points.Len() {
		if !points.At(i).Flags().NoRecordedValue() {
			dp, ok = points.At(i), true
		}
	}
	return dp, ok
}

// worked tells that all stages up to one work: once, for a session that is told twice is still one.
func (r *Reader) worked(t *target, n *round, s *session, reach int) {
	for i := range min(reach+1, len(r.stages.signals)) {
		if n.worked&(1<<i) != 0 || r.stages.signals[i] == "probe.dns" && !t.dnsWrong {
			continue
		}
		n.worked |= 1 << i
		r.stage(s, says{r.stages.signals[i], "ok"})
	}
	if reach >= 0 {
		t.dnsWrong = false
	}
}

// failed tells which stage failed, and that those before work. Of those after it nothing is known.
func (r *Reader) failed(t *target, n *round, s *session) {
	f, ok := r.stages.failures[s.errorType]
	if !ok {
		r.stats.Dropped[DroppedStage]++
		return
	}
	at, known := r.stages.byStage[s.stage]
	if f.toStage && !known {
		r.stats.Dropped[DroppedStage]++
		return
	}
	reached, bad := f.reached, f.says
	if f.toStage {
		reached = at - 1
	}
	if f.atStage {
		bad = says{r.stages.signals[at], f.atValues[at]}
	}
	r.worked(t, n, s, reached)
	if bad.signal == "" {
		return
	}
	if bad.signal == "probe.dns" {
		t.dnsWrong = true
	}
	r.stage(s, bad)
}

// stage tells what a session says of one stage.
func (r *Reader) stage(s *session, w says) {
	ev := &r.scratch
	*ev = health.Evidence{Signal: w.signal, Value: w.value, Vantage: r.vantage, At: time.Unix(0, r.round), TraceID: s.trace, SpanID: s.span}
	ev.TTL = r.ttl(key(fnvOffset).with(r.targets[0]).with("probe").with(r.vantage), r.round)
	r.tell(ev)
}
