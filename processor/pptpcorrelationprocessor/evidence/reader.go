package evidence

import (
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/internal/inventory"
)

// Config is how a [Reader] works. The zero value of a field is its default.
type Config struct {
	Gateways []inventory.Gateway
	Codebook *health.Codebook // default [health.DefaultCodebook]
	// Rules are added to those of the table; Disable names signals or event and metric names whose
	// rules of the table are left out.
	Rules   []Rule
	Disable []string
	// Regular are the signals whose silence says something.
	Regular []Regular
	// Interval is how long it is taken to be from one point to the next until that is known. Default 60 s.
	Interval time.Duration
	// Window is the time over which sessions of clients are counted. Default 5 min.
	Window time.Duration

	MaxSeries   int // series that are compared with the point before, default 100,000
	MaxSessions int // targets of probes, gateways with logs, streams: of each, default 50,000

	// Settings are for the compilation of conditions; the zero value logs nothing.
	Settings component.TelemetrySettings
}

// Reasons for which something that was to be evidence is none.
const (
	DroppedNoGateway = iota // nothing tells which gateway it is about
	DroppedNoValue          // a point without a value
	DroppedStage            // a session that failed for a reason that is not in the table
	DroppedSeries           // Config.MaxSeries
	DroppedSessions         // Config.MaxSessions
	DroppedCondition        // a condition that could not be evaluated
	NumDropped
)

// DroppedNames are the names of the reasons, for telemetry.
var DroppedNames = [NumDropped]string{"no_gateway", "no_value", "unknown_error_type", "max_series", "max_sessions", "condition_error"}

// Stats counts what the reader did, and how full its tables are.
type Stats struct {
	Evidence uint64 // pieces that were told
	Dropped  [NumDropped]uint64
	// Forgotten are entries of tables that were not used for long.
	Forgotten uint64

	Series, Sessions, Streams, Windows int // now
}

// Reader turns telemetry into evidence. It is not safe for concurrent use, but for [Reader.WantsMetrics],
// [Reader.WantsLogs] and [Reader.Gateway], which read only what never changes.
type Reader struct {
	config  Config
	index   *inventory.Index
	metrics map[string]*metricRules
	events  map[string][]*compiled
	others  []*compiled // of log records by condition alone
	stages  *stages
	clients *clients
	regular map[string]*Regular // by signal
	stats   Stats

	series   map[key]*series
	streams  map[key]*stream
	sessions map[key]*target
	counts   map[key]*countWindow
	times    map[key]*occurrences
	windows  map[string]*gatewayWindow
	silent   map[key]*silence
	cleaned  time.Time

	// Of the resource that is being read.
	targets []string
	touched []*compiled
	vantage string
	round   int64 // when its session ended; 0: it is of none
	now     time.Time
	yield   func(*health.Evidence)
	scratch health.Evidence
}

// metricRules are the rules of a metric's name.
type metricRules struct {
	rules   []*compiled
	parts   []compiledPart // of rules that add it up
	session sessionPart    // what it tells of a session of the probe
}

// NewReader compiles the table. Its errors name the rule.
func NewReader(c Config) (*Reader, error) {
	if c.Codebook == nil {
		c.Codebook = health.DefaultCodebook()
	}
	if c.Interval == 0 {
		c.Interval = time.Minute
	}
	if c.Window == 0 {
		c.Window = 5 * time.Minute
	}
	if c.MaxSeries == 0 {
		c.MaxSeries = 100_000
	}
	if c.MaxSessions == 0 {
		c.MaxSessions = 50_000
	}
	if c.Settings.Logger == nil {
		c.Settings.Logger = zap.NewNop()
	}
	if len(c.Rules) > maxRules {
		return nil, fmt.Errorf("evidence: %d items are more than %d", len(c.Rules), maxRules)
	}
	r := &Reader{
		config: c, index: inventory.NewIndex(c.Gateways), metrics: make(map[string]*metricRules), events: make(map[string][]*compiled),
		regular: make(map[string]*Regular),
		series:  make(map[key]*series), streams: make(map[key]*stream), sessions: make(map[key]*target),
		counts: make(map[key]*countWindow), times: make(map[key]*occurrences), windows: make(map[string]*gatewayWindow), silent: make(map[key]*silence),
	}
	t := embedded()
	comp := newCompiler(c.Codebook, c.Settings)
	r.stages = comp.stages(&t.Sessions)
	r.clients = comp.clients(&t.ClientSessions)
	disabled := make(map[string]bool, len(c.Disable))
	for _, name := range c.Disable {
		disabled[name] = true
	}
	for i := range t.Rules {
		rule := &t.Rules[i]
		if disabled[rule.Signal] || disabled[rule.Metric] || slices.ContainsFunc(rule.Event, func(name string) bool { return disabled[name] }) {
			continue
		}
		r.add(comp.rule(fmt.Sprintf("evidence.yaml: rules[%d]", i), *rule))
	}
	for i := range c.Rules {
		r.add(comp.rule(fmt.Sprintf("evidence[%d]", i), c.Rules[i]))
	}
	comp.regulars(c.Regular, r.regular)
	r.addSessions(disabled)
	if err := comp.err(); err != nil {
		return nil, err
	}
	return r, nil
}

// add puts a rule where the names of its metrics and events lead to.
func (r *Reader) add(c *compiled) {
	switch {
	case c.Metric != "":
		m := r.metric(c.Metric)
		m.rules = append(m.rules, c)
		for _, p := range c.parts {
			m := r.metric(c.Of[p.index].Metric)
			m.parts = append(m.parts, p)
		}
	case len(c.Event) > 0:
		for _, name := range c.Event {
			r.events[name] = append(r.events[name], c)
		}
	default:
		r.others = append(r.others, c)
	}
}

func (r *Reader) metric(name string) *metricRules {
	m := r.metrics[name]
	if m == nil {
		m = &metricRules{}
		r.metrics[name] = m
	}
	return m
}

// Stats returns the counters.
func (r *Reader) Stats() Stats {
	s := r.stats
	s.Series, s.Sessions, s.Streams, s.Windows = len(r.series), len(r.sessions), len(r.streams), len(r.windows)+len(r.counts)+len(r.times)
	return s
}

// tell passes a piece of evidence on, once for each gateway that it is about.
func (r *Reader) tell(ev *health.Evidence) {
	for _, id := range r.targets {
		ev.Gateway = id
		r.stats.Evidence++
		r.yield(ev)
		r.heard(ev)
	}
}

// minTTL is how long evidence of metrics counts at least.
const minTTL = 90 * time.Second

// StreamsPerSession is how many streams there may be for each of Config.MaxSessions.
const StreamsPerSession = 4

// maxInterval is the longest time between two points that is believed; what pauses for longer
// has begun anew.
const maxInterval = time.Hour

// ttl is three times the time from one point of a stream to the next.
func (r *Reader) ttl(k key, at int64) time.Duration {
	s := r.streams[k]
	if s == nil {
		if len(r.streams) >= r.config.MaxSessions*StreamsPerSession {
			r.stats.Dropped[DroppedSessions]++
			return 3 * r.config.Interval
		}
		s = &stream{at: at, interval: int64(r.config.Interval)}
		r.streams[k] = s
	}
	if gap := at - s.at; gap >= int64(time.Second) {
		if gap <= int64(maxInterval) {
			s.interval = max(gap, s.interval/2) // a late one does not count for ever
		}
		s.at = at
	}
	return max(3*time.Duration(s.interval), minTTL)
}
