package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/internal/inventory"
)

type attrs map[string]any

func (a attrs) put(m pcommon.Map) {
	for k, v := range a {
		switch v := v.(type) {
		case string:
			m.PutStr(k, v)
		case int:
			m.PutInt(k, int64(v))
		case float64:
			m.PutDouble(k, v)
		case bool:
			m.PutBool(k, v)
		}
	}
}

// datum is a data point of a test.
type datum struct {
	name  string
	value float64
	attrs attrs
}

var ofGateway = attrs{"pptp.gateway.id": "vpn-1"}

func metricsOf(at time.Time, resource attrs, list ...datum) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	resource.put(rm.Resource().Attributes())
	sm := rm.ScopeMetrics().AppendEmpty()
	for _, d := range list {
		m := sm.Metrics().AppendEmpty()
		m.SetName(d.name)
		sum := m.SetEmptySum()
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		dp := sum.DataPoints().AppendEmpty()
		dp.SetTimestamp(pcommon.NewTimestampFromTime(at))
		dp.SetDoubleValue(d.value)
		d.attrs.put(dp.Attributes())
	}
	return md
}

func (r *Reader) read(at time.Time, resource attrs, list ...datum) []health.Evidence {
	return collect(func(y func(*health.Evidence)) { r.Metrics(at, metricsOf(at, resource, list...), y) })
}

func (r *Reader) event(at time.Time, name string, resource, a attrs) []health.Evidence {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	resource.put(rl.Resource().Attributes())
	lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.SetEventName(name)
	lr.SetTimestamp(pcommon.NewTimestampFromTime(at))
	a.put(lr.Attributes())
	return collect(func(y func(*health.Evidence)) { r.Logs(at, ld, y) })
}

func TestMetricsOfOurReceivers(t *testing.T) {
	ofServer := attrs{"pptp.radius.server": "radius-1"}
	asked := func(e string, method string) attrs {
		return attrs{"error.type": e, "radius.method": method, "radius.message_authenticator": "always"}
	}
	for name, c := range map[string]struct {
		resource attrs
		points   []datum
		want     []string
	}{
		"agent answers":             {ofGateway, []datum{{"snmp.agent.up", 1, nil}}, []string{"snmp.agent=ok"}},
		"agent is silent":           {ofGateway, []datum{{"snmp.agent.up", 0, attrs{"error.type": "timeout"}}}, []string{"snmp.agent=unreachable"}},
		"agent refuses the user":    {ofGateway, []datum{{"snmp.agent.up", 0, attrs{"error.type": "wrong_digest"}}}, []string{"snmp.agent=bad"}},
		"daemon is gone":            {ofGateway, []datum{{"system.process.count", 0, attrs{"process.executable.name": "pptpd"}}}, []string{"snmp.daemon=absent"}},
		"no sessions":               {ofGateway, []datum{{"system.process.count", 0, attrs{"process.executable.name": "pppd"}}}, nil},
		"load":                      {ofGateway, []datum{{"system.cpu.utilization", 0.97, nil}}, []string{"snmp.load=high"}},
		"pool is full":              {ofGateway, pool(99, 1), []string{"snmp.pool=full"}},
		"pool has room":             {ofGateway, pool(50, 50), []string{"snmp.pool=ok"}},
		"pool is nearly full":       {ofGateway, pool(96, 4), nil},
		"sessions at their limit":   {ofGateway, []datum{{"pptp.sessions", 100, attrs{"pptp.session.state": "up"}}, {"pptp.sessions.max", 100, nil}}, []string{"snmp.pool=full"}},
		"gre one way":               {ofGateway, []datum{{"pptp.flow.gateway.status", 1, attrs{"pptp.flow.state": "inbound_only"}}}, []string{"netflow.gre=inbound_only", "netflow.traffic=ok"}},
		"another state":             {ofGateway, []datum{{"pptp.flow.gateway.status", 0, attrs{"pptp.flow.state": "inbound_only"}}}, nil},
		"idle":                      {ofGateway, []datum{{"pptp.flow.gateway.status", 1, attrs{"pptp.flow.state": "idle"}}}, []string{"netflow.gre=unknown"}},
		"radius answers":            {ofServer, []datum{{"radius.check.up", 1, asked("", "mschapv2")}}, []string{"radius.auth=ok", "radius.auth=ok"}},
		"radius is slow":            {ofServer, []datum{{"radius.check.up", 1, asked("", "pap")}, {"radius.check.failing", 1, asked("radius.slow", "pap")}}, []string{"radius.auth=ok", "radius.auth=ok", "radius.latency=slow", "radius.latency=slow"}},
		"radius was slow":           {ofServer, []datum{{"radius.check.up", 1, asked("", "pap")}, {"radius.check.failing", 0, asked("radius.slow", "pap")}}, []string{"radius.auth=ok", "radius.auth=ok"}},
		"radius is silent":          {ofServer, []datum{{"radius.check.failing", 1, asked("radius.timeout", "mschapv2")}}, []string{"radius.auth=timeout", "radius.auth=timeout"}},
		"radius was silent":         {ofServer, []datum{{"radius.check.failing", 0, asked("radius.timeout", "mschapv2")}}, nil},
		"radius needs a signature":  {ofServer, []datum{{"radius.check.failing", 1, asked("radius.message_authenticator_required", "pap")}}, []string{"radius.integrity=one_mode_only", "radius.integrity=one_mode_only"}},
		"status says less":          {ofServer, []datum{{"radius.check.up", 1, asked("", "status")}}, []string{"radius.auth=unknown", "radius.auth=unknown"}},
		"a server of nobody":        {attrs{"pptp.radius.server": "radius-9"}, []datum{{"radius.check.up", 1, asked("", "pap")}}, nil},
		"by address":                {attrs{"server.address": "192.0.2.1"}, []datum{{"snmp.agent.up", 1, nil}}, []string{"snmp.agent=ok"}},
		"by prefix":                 {attrs{"server.address": "198.51.100.7"}, []datum{{"snmp.agent.up", 1, nil}}, []string{"snmp.agent=ok"}},
		"by host name":              {attrs{"host.name": "vpn1.example.com"}, []datum{{"snmp.agent.up", 1, nil}}, []string{"snmp.agent=ok"}},
		"an id that is an address":  {attrs{"pptp.gateway.id": "192.0.2.1"}, []datum{{"snmp.agent.up", 1, nil}}, []string{"snmp.agent=ok"}},
		"of nobody":                 {attrs{"server.address": "203.0.113.9"}, []datum{{"snmp.agent.up", 1, nil}}, nil},
		"something else altogether": {ofGateway, []datum{{"http.server.duration", 1, nil}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReader(t, Config{Gateways: testGateways})
			got := r.read(start, c.resource, c.points...)
			assert.Equal(t, c.want, words(got))
			for i := range got {
				assert.NotEmpty(t, got[i].Gateway)
				assert.NotEqual(t, "192.0.2.1", got[i].Gateway)
				assert.Equal(t, start, got[i].At.UTC())
			}
		})
	}
}

var testGateways = []inventory.Gateway{
	{ID: "vpn-1", Addresses: []string{"192.0.2.1", "vpn1.example.com"}, RADIUS: []string{"radius-1"}},
	{ID: "vpn-2", Addresses: []string{"198.51.100.0/28"}, RADIUS: []string{"radius-1", "radius-2"}},
}

func pool(used, free float64) []datum {
	return []datum{
		{"pptp.ip_pool.usage", used, attrs{"pptp.ip_pool.state": "used", "pptp.ip_pool.name": "a"}},
		{"pptp.ip_pool.usage", free, attrs{"pptp.ip_pool.state": "free", "pptp.ip_pool.name": "a"}},
	}
}

func TestEventsOfOurComponents(t *testing.T) {
	lines := attrs{"pptp.log.program": "pptpd"}
	for name, c := range map[string]struct {
		event string
		attrs attrs
		want  []string
	}{
		"daemon missing":   {"pptp.daemon.missing", nil, []string{"snmp.daemon=absent"}},
		"host restarted":   {"pptp.gateway.restarted", attrs{"pptp.gateway.host_restarted": true}, []string{"snmp.uptime=reset"}},
		"agent restarted":  {"pptp.gateway.restarted", attrs{"pptp.gateway.host_restarted": false}, nil},
		"flow state":       {"pptp.flow.gateway.state.changed", attrs{"pptp.flow.state": "control_only"}, []string{"netflow.gre=none"}},
		"daemon start":     {"pptp.log.daemon_start", lines, []string{"log.activity=ok", "log.start=started", "log.daemon=ok"}},
		"no free slots":    {"pptp.log.pool_exhausted", lines, []string{"log.activity=ok", "log.calls=no_slots", "log.pool=exhausted"}},
		"radius timeout":   {"pptp.log.radius_timeout", lines, []string{"log.activity=ok", "log.radius=no_reply"}},
		"gre read error":   {"pptp.log.gre_read_error", attrs{"pptp.log.program": "pptpd", "error.errno": "ENOPROTOOPT", "client.address": "x"}, []string{"log.activity=ok", "log.gre_read=not_available"}},
		"first bad option": {"pptp.log.option_error", lines, []string{"log.activity=ok"}},
		"turned away":      {"pptp.session.failed", attrs{"error.type": "auth.rejected", "pptp.session.duration": 1.6}, []string{"probe.refusal=ok"}},
		"turned away late": {"pptp.session.failed", attrs{"error.type": "auth.rejected", "pptp.session.duration": 9.4}, []string{"probe.refusal=late"}},
		"mass stop":        {"radius.accounting.anomaly", attrs{"radius.anomaly": "mass_stop", "radius.nas": "192.0.2.1"}, []string{"radius.stops=mass"}},
		"nas restart":      {"radius.accounting.nas_restarted", attrs{"radius.nas": "192.0.2.1", "radius.sessions": 12}, []string{"radius.stops=mass"}},
		"empty nas":        {"radius.accounting.nas_restarted", attrs{"radius.nas": "192.0.2.1", "radius.sessions": 0}, nil},
		"unknown nas":      {"radius.accounting.nas_restarted", attrs{"radius.nas": "203.0.113.1", "radius.sessions": 12}, nil},
		"not ours":         {"device.started", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReader(t, Config{Gateways: testGateways})
			assert.Equal(t, c.want, words(r.event(start, c.event, ofGateway, c.attrs)))
		})
	}
}

func TestTimesWithin(t *testing.T) {
	r := newReader(t, Config{})
	starts := func(at time.Duration) []string {
		return words(r.event(start.Add(at), "pptp.log.daemon_start", ofGateway, attrs{"pptp.log.program": "pptpd"}))
	}
	assert.NotContains(t, starts(0), "log.start=crash_loop")
	assert.NotContains(t, starts(10*time.Minute), "log.start=crash_loop")
	assert.NotContains(t, starts(10*time.Minute), "log.start=crash_loop", "the same line once more")
	assert.Contains(t, starts(20*time.Minute), "log.start=crash_loop")
	assert.NotContains(t, starts(3*time.Hour), "log.start=crash_loop")
}

func TestRADIUSServerLogIsAboutItsGateways(t *testing.T) {
	r := newReader(t, Config{Gateways: testGateways})
	got := r.event(start, "pptp.log.radius_server_slow", attrs{"pptp.gateway.id": "radius-1"}, nil)
	require.Len(t, got, 2)
	assert.Equal(t, "vpn-1", got[0].Gateway)
	assert.Equal(t, "vpn-2", got[1].Gateway)
}

// TestNoValue: a point that says that there is no value is none, whatever number it has.
func TestNoValue(t *testing.T) {
	r := newReader(t, Config{})
	md := metricsOf(start, ofGateway, datum{"snmp.agent.up", 0, attrs{"error.type": "timeout"}})
	md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	assert.Empty(t, collect(func(y func(*health.Evidence)) { r.Metrics(start, md, y) }))
	assert.Equal(t, uint64(1), r.Stats().Dropped[DroppedNoValue])

	md = sessionMetrics(start, "network", "tcp.refused", "tcp")
	for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		m.Sum().DataPoints().At(0).SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	}
	assert.Empty(t, collect(func(y func(*health.Evidence)) { r.Metrics(start, md, y) }))
}

func TestTimeToLiveFollowsTheInterval(t *testing.T) {
	r := newReader(t, Config{})
	ttl := func(at time.Duration) time.Duration {
		return r.read(start.Add(at), ofGateway, datum{"snmp.agent.up", 1, nil})[0].TTL
	}
	assert.Equal(t, 3*time.Minute, ttl(0), "the interval is not known yet")
	assert.Equal(t, 15*time.Minute, ttl(5*time.Minute))
	assert.Equal(t, 15*time.Minute, ttl(10*time.Minute))
	for i := range 12 {
		ttl(10*time.Minute + time.Duration(i+1)*10*time.Second)
	}
	assert.Equal(t, 90*time.Second, ttl(12*time.Minute+10*time.Second), "not shorter")
}

// TestSilence: only of what was heard before, and only where it is said to be regular.
func TestSilence(t *testing.T) {
	r := newReader(t, Config{Gateways: testGateways, Regular: []Regular{{Signal: "netflow.traffic", After: 5 * time.Minute, Gateways: []string{"vpn-1"}}}})
	tick := func(at time.Duration) []string {
		return words(collect(func(y func(*health.Evidence)) { r.Tick(start.Add(at), y) }))
	}
	assert.Empty(t, tick(time.Hour), "never heard of")
	r.read(start.Add(time.Hour), ofGateway, datum{"pptp.flow.gateway.status", 1, attrs{"pptp.flow.state": "healthy"}})
	r.read(start.Add(time.Hour), attrs{"pptp.gateway.id": "vpn-2"}, datum{"pptp.flow.gateway.status", 1, attrs{"pptp.flow.state": "healthy"}})
	assert.Empty(t, tick(time.Hour+4*time.Minute))
	assert.Equal(t, []string{"netflow.traffic=absent"}, tick(time.Hour+5*time.Minute))
	r.read(start.Add(time.Hour+6*time.Minute), ofGateway, datum{"pptp.flow.gateway.status", 1, attrs{"pptp.flow.state": "healthy"}})
	assert.Empty(t, tick(time.Hour+7*time.Minute))
	assert.Empty(t, tick(time.Minute), "the clock was set back")
	assert.Empty(t, tick(2*24*time.Hour), "no longer expected")
	assert.Empty(t, tick(2*24*time.Hour+time.Minute))
}
