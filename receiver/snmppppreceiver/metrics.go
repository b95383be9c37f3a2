package snmppppreceiver

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"

	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
)

// metricsMaker turns results into metrics. It is safe for concurrent use, as long
// as each agent is polled once at a time.
type metricsMaker struct {
	resources metadata.ResourceAttributesConfig
	telemetry *telemetry
	series    *series

	mu sync.Mutex // guards mb, which holds one agent at a time
	mb *metadata.MetricsBuilder
}

func newMetricsMaker(cfg *Config, set receiver.Settings, tell *teller, t *telemetry) *metricsMaker {
	return &metricsMaker{
		resources: cfg.Metrics.ResourceAttributes, telemetry: t, series: newSeries(&cfg.SessionMetrics, tell, t),
		mb: metadata.NewMetricsBuilder(cfg.Metrics, set),
	}
}

// agentMetrics is what the metrics of an agent remember.
type agentMetrics struct {
	polls    map[string]int64 // by error.type, "" for success
	failures map[failure]int64

	requests, retries, varbinds, wrongTypes int64

	sessions sessionCounts
	traffic  [2 * numTraffic]bool // which counters there are of sessions
	ifaces   [2 * numTraffic]bool // and of interfaces
	tunnels  bool                 // there are some, or have been
	states   map[string]struct{}  // of control connections, which were seen
	ends     ends
}

// failure is a part of an agent that failed.
type failure struct{ table, kind string }

func newAgentMetrics() *agentMetrics {
	return &agentMetrics{polls: make(map[string]int64), failures: make(map[failure]int64), states: make(map[string]struct{})}
}

// add counts one poll.
func (m *agentMetrics) add(r *result) {
	m.polls[r.kind()]++
	m.requests += int64(r.stats.Requests)
	m.retries += int64(r.stats.Retries)
	m.varbinds += int64(r.stats.Varbinds)
	s := r.snapshot
	if s == nil {
		return
	}
	m.wrongTypes += int64(s.WrongType)
	for i := range s.Partial {
		p := &s.Partial[i]
		m.failures[failure{tableOf(p), string(p.Kind)}]++
	}
}

// tableOf names the part that is missing.
func tableOf(p *snapshot.Partial) string {
	if p.Profile == "" {
		return "rest"
	}
	return p.Profile + "/" + p.Table
}

// recorder records one result.
type recorder struct {
	*metricsMaker
	ts pcommon.Timestamp
	a  *agent
	m  *agentMetrics
	r  *result
	s  *snapshot.Snapshot
}

// make returns the metrics of an agent after a poll. Of one that failed they are
// about the agent only: nothing is known of its sessions, which is not the same as
// that there are none.
func (mm *metricsMaker) make(a *agent, res *result) pmetric.Metrics {
	a.metrics.add(res)
	r := &recorder{metricsMaker: mm, ts: pcommon.NewTimestampFromTime(res.end()), a: a, m: a.metrics, r: res, s: res.snapshot}

	mm.mu.Lock()
	mm.mb.Reset(metadata.WithStartTime(pcommon.NewTimestampFromTime(a.start)))
	r.agent()
	if r.s != nil {
		r.sessions()
		r.traffic()
		r.tunnels()
		r.links()
		r.connections()
		r.daemons()
		r.gauges()
		r.counters()
		mm.series.record(r)
	}
	out := mm.mb.Emit(metadata.WithResource(a.resource(mm.resources)))
	mm.mu.Unlock()
	a.metrics.ends.mark(out, r.ts, r.s != nil && r.s.Complete())
	return out
}

// agent records what is about the agent itself.
func (r *recorder) agent() {
	r.mb.RecordSnmpAgentUpDataPoint(r.ts, one(r.s != nil), errorType(r.r.kind())...)
	r.mb.RecordSnmpAgentPollDurationDataPoint(r.ts, r.r.duration.Seconds())
	for _, kind := range slices.Sorted(maps.Keys(r.m.polls)) {
		r.mb.RecordSnmpAgentPollsDataPoint(r.ts, r.m.polls[kind], errorType(kind)...)
	}
	r.mb.RecordSnmpAgentRequestsDataPoint(r.ts, r.m.requests)
	r.mb.RecordSnmpAgentRetriesDataPoint(r.ts, r.m.retries)
	r.mb.RecordSnmpAgentVarbindsDataPoint(r.ts, r.m.varbinds)
	r.mb.RecordSnmpAgentWrongTypesDataPoint(r.ts, r.m.wrongTypes)
	for f, n := range r.m.failures {
		r.mb.RecordSnmpAgentFailuresDataPoint(r.ts, n, f.table, errorType(f.kind)...)
	}
	if r.s == nil {
		return
	}
	r.mb.RecordSnmpAgentCompleteDataPoint(r.ts, one(r.s.Complete()))
	if r.s.Agent.Uptime > 0 {
		r.mb.RecordSnmpAgentUptimeDataPoint(r.ts, r.s.Agent.Uptime.Seconds())
	}
	for _, p := range r.s.Profiles {
		r.mb.RecordSnmpAgentCapabilityDataPoint(r.ts, 1, p)
	}
}

// tunnels records the control connections that the gateway's own tables or counts
// tell of.
func (r *recorder) tunnels() {
	n := map[snapshot.SessionState]int64{}
	for i := range r.s.Tunnels {
		if t := &r.s.Tunnels[i]; t.Protocol == "pptp" {
			n[t.State]++
			r.m.tunnels = true
		}
	}
	if active, ok := sum(r.s.Measures, "tunnels.active"); ok && len(n) == 0 {
		n[snapshot.StateUp] = int64(active)
		r.m.tunnels = true
	}
	if !r.m.tunnels || !r.a.whole(r.s, profile.KindTunnel) {
		return
	}
	for _, state := range snapshot.SessionStates() {
		r.mb.RecordPptpTunnelsDataPoint(r.ts, n[state], metadata.MapAttributePptpTunnelState[string(state)])
	}
}

// sum adds up a measure over its labels.
func sum(list []snapshot.Measure, name string) (total float64, ok bool) {
	for i := range list {
		if list[i].Name == name {
			total += list[i].Value
			ok = true
		}
	}
	return total, ok
}

// links records what PPP says of its links.
func (r *recorder) links() {
	if !r.a.reads(r.s, profile.KindLink) || !r.a.whole(r.s, profile.KindLink) || !r.a.whole(r.s, profile.KindInterface) {
		return
	}
	ipcp, quality := map[string]int64{}, map[string]int64{}
	for i := range r.s.Interfaces {
		if l := r.s.Interfaces[i].Link; l != nil {
			ipcp[l.IPCP]++
			quality[l.Quality]++
		}
	}
	counted := slices.ContainsFunc(r.s.Measures, func(m snapshot.Measure) bool { return m.Name == "links.opened" && m.Label == "ipcp" })
	for name, state := range metadata.MapAttributePppLinkState {
		if !counted { // else by the agent itself, see gaugeSinks
			r.mb.RecordPppLinksDataPoint(r.ts, ipcp[name], state, "ipcp")
		}
	}
	if len(quality) > 1 || len(quality) == 1 && quality[""] == 0 { // some monitor it
		for name, q := range metadata.MapAttributePppLinkQuality {
			r.mb.RecordPppLinksQualityDataPoint(r.ts, quality[name], q)
		}
	}
}

// connections records the TCP connections of the control port.
func (r *recorder) connections() {
	c := r.s.Control
	if c == nil || !r.a.whole(r.s, profile.KindConnection) {
		return
	}
	r.m.states["established"] = struct{}{}
	for state := range c.Connections { // out of a closed list
		r.m.states[state] = struct{}{}
	}
	record := func(state string, n int64) {
		r.mb.RecordSystemNetworkConnectionCountDataPoint(r.ts, n, state, int64(c.Port), metadata.AttributeNetworkTransportTCP)
	}
	record("listen", one(c.Listening))
	for state := range r.m.states {
		record(state, int64(c.Connections[state]))
	}
}

// daemons records the processes of PPTP daemons.
func (r *recorder) daemons() {
	for name, d := range r.a.daemons.byName {
		if !d.known {
			continue
		}
		r.mb.RecordSystemProcessCountDataPoint(r.ts, int64(d.count), name)
		if d.listed {
			r.mb.RecordProcessMemoryUsageDataPoint(r.ts, int64(d.memory), name)
			r.mb.RecordProcessCPUTimeDataPoint(r.ts, d.cpu.Seconds(), name)
		}
	}
}

// errorType is the attribute of a failure, none for success.
func errorType(kind string) []metadata.MetricAttributeOption {
	return optional(metadata.WithErrorTypeMetricAttribute, kind)
}

// optional is an attribute that is absent if it is empty.
func optional(with func(string) metadata.MetricAttributeOption, value string) []metadata.MetricAttributeOption {
	if value == "" {
		return nil
	}
	return []metadata.MetricAttributeOption{with(value)}
}

// one is 1 for true.
func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// profileOf is the profile of a source, which is profile/table.
func profileOf(source string) string {
	p, _, _ := strings.Cut(source, "/")
	return p
}
