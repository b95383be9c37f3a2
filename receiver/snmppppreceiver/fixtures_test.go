package snmppppreceiver

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-pptp/otelcol-pptp/internal/polling"
	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

// theSecret is in no output, ever.
const theSecret = "hunter2-theSecret"

// noon is the time of the first poll.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func count64(n uint64) snapshot.Counter { return snapshot.Counter{Value: n, Valid: true} }

// session is the nth session of a Cisco gateway, n minutes old at noon.
func session(n int) snapshot.Session {
	return snapshot.Session{
		Key: fmt.Sprintf("1.%d", n), User: fmt.Sprintf("user%d", n), Protocol: "pptp", State: snapshot.StateUp,
		Peer: netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}), Address: netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}),
		Interface: fmt.Sprintf("Virtual-Access%d", n), IfIndex: uint32(100 + n), MTU: uint32(1400 + n),
		Duration: time.Duration(n) * time.Minute, Started: noon.Add(-time.Duration(n) * time.Minute),
		Traffic: snapshot.Traffic{
			OctetsIn: count64(uint64(n) * 1000), OctetsOut: count64(uint64(n) * 2000),
			PacketsIn: count64(uint64(n) * 10), PacketsOut: count64(uint64(n) * 20), DropsIn: count64(uint64(n)),
		},
	}
}

// gateway is a Cisco gateway with sessions, the minutes after noon.
func gateway(minutes int, sessions ...int) *snapshot.Snapshot {
	passed := time.Duration(minutes) * time.Minute
	s := &snapshot.Snapshot{
		Time: noon.Add(passed), Duration: 120 * time.Millisecond,
		Agent: snapshot.Agent{
			ObjectID: "1.3.6.1.4.1.9.1.222", Descr: "Cisco IOS Software", Name: "vpn1", Uptime: 100*time.Hour + passed,
			EngineID: "80000009", EngineBoots: 3, EngineTime: 100*time.Hour + passed,
		},
		Profiles: []string{"cisco-vpdn", "if-mib", "ppp-ip", "tcp-connection"},
		Source:   "cisco-vpdn/sessions", SessionsComplete: true,
		Sources: []snapshot.Source{{Profile: "cisco-vpdn", Table: "sessions", Complete: true,
			Sessions: map[snapshot.SessionState]int{snapshot.StateUp: len(sessions)}}},
		Measures: []snapshot.Measure{
			gauge("sessions.active", "", float64(len(sessions))),
			{Name: "connections.attempted", Counter: true, Value: 50, Count: count64(50 + uint64(minutes))},
			{Name: "connections.failed", Counter: true, Value: 5, Count: count64(5)},
			gauge("cpu.utilization", "1m 1", 0.25),
		},
		Control: &snapshot.Control{Port: 1723, Listening: true, Connections: map[string]int{"established": len(sessions)}},
		Stats:   walk.Stats{Requests: 12, Retries: 1, Varbinds: 300},
	}
	for _, n := range sessions {
		x := session(n)
		x.Duration += passed
		x.Traffic.OctetsIn.Value += uint64(minutes) * 100
		x.Traffic.OctetsOut.Value += uint64(minutes) * 200
		s.Sessions = append(s.Sessions, x)
		s.Tunnels = append(s.Tunnels, snapshot.Tunnel{Key: fmt.Sprint(n), Profile: "cisco-vpdn", Protocol: "pptp", State: snapshot.StateUp})
	}
	for n := range 2 {
		x := session(n + 1)
		x.Traffic.OctetsIn.Value += uint64(minutes) * 50
		s.Interfaces = append(s.Interfaces, snapshot.Interface{
			Index: x.IfIndex, Name: x.Interface, Protocol: "pptp", Oper: "up", Traffic: x.Traffic,
			Link: &snapshot.Link{IPCP: "opened"},
		})
	}
	return s
}

// poptop is a Linux gateway, the minutes after noon: pptpd has the process ID pid, 0
// if it does not run, and one client.
func poptop(minutes int, pid uint32) *snapshot.Snapshot {
	passed := time.Duration(minutes) * time.Minute
	peer := netip.MustParseAddr("203.0.113.7")
	s := &snapshot.Snapshot{
		Time: noon.Add(passed), Duration: 40 * time.Millisecond,
		Agent:    snapshot.Agent{ObjectID: "1.3.6.1.4.1.8072.3.2.10", Name: "poptop", Uptime: time.Hour + passed},
		Profiles: []string{"hr-processes", "tcp-connection", "ucd"},
		Source:   "hr-processes/processes", SessionsComplete: true,
		Sessions: []snapshot.Session{{Key: "811/203.0.113.7", Protocol: "pptp", State: snapshot.StateUp, Peer: peer,
			Address: netip.MustParseAddr("10.1.0.100")}},
		Processes: []snapshot.Process{
			{PID: 811, Name: "pptpctrl", Role: snapshot.RoleSession, Peer: peer, CPU: passed / 100, Memory: 1 << 20},
			{PID: 812, Name: "pppd", Role: snapshot.RoleLink, Peer: peer, CPU: passed / 10, Memory: 3 << 20},
		},
		Measures: []snapshot.Measure{
			gauge("cpu.load", "1", 0.5), gauge("memory.free", "real", 1<<28), gauge("memory.total", "real", 1<<30),
			gauge("memory.used", "buffers", 1<<20), gauge("memory.used", "cache", 1<<21),
			gauge("process.count", "radiusd", 1),
		},
		Stats: walk.Stats{Requests: 8, Varbinds: 120},
	}
	if pid != 0 {
		s.Processes = append(s.Processes, snapshot.Process{PID: pid, Name: "pptpd", Role: snapshot.RoleDaemon, CPU: time.Second, Memory: 2 << 20})
	}
	return s
}

func gauge(name, label string, v float64) snapshot.Measure {
	return snapshot.Measure{Name: name, Label: label, Value: v}
}

// truncated is a snapshot whose table of sessions ended early.
func truncated(s *snapshot.Snapshot) *snapshot.Snapshot {
	s.SessionsComplete = false
	s.Measures = nil
	s.Partial = []snapshot.Partial{{Profile: profileOf(s.Source), Table: "sessions", Kind: walk.KindTimeout, Detail: "no answer within 5s", Rows: len(s.Sessions)}}
	return s
}

// failed is the outcome of a poll that got no answer.
func failed(kind walk.Kind) error { return &snmpppp.Error{Kind: kind, What: `polling "berlin"`} }

// polls are outcomes of polls, a minute apart, each a snapshot or an error.
type polls []any

// bench is a receiver with both signals and an agent, outside of any schedule.
type bench struct {
	*snmpReceiver
	agent       *agent
	metricsSink consumertest.MetricsSink
	logsSink    consumertest.LogsSink
	n           int
}

func testConfig() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Poll.Community = theSecret
	cfg.HashKey = ""
	return cfg
}

func agents(cfg *Config, endpoints ...string) *Config {
	for _, e := range endpoints {
		cfg.Agents = append(cfg.Agents, AgentConfig{Endpoint: e, Poll: cfg.Poll.clone()})
	}
	return cfg
}

func newBench(tb testing.TB, change func(*Config)) *bench {
	tb.Helper()
	cfg := agents(testConfig(), "vpn1.example.com")
	cfg.Agents[0].Name, cfg.Agents[0].GatewayID = "berlin", "gw-1"
	cfg.ClientAddress = privacy.Plain // as in the golden files
	if change != nil {
		change(cfg)
	}
	require.NoError(tb, cfg.Validate())
	b := &bench{}
	set := receivertest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	fake := func(snmpppp.Target) (poller, error) { return &fakePoller{}, nil }
	var err error
	b.snmpReceiver, err = newSNMPReceiver(set, cfg, fake)
	require.NoError(tb, err)
	require.NoError(tb, b.addMetrics(set, &b.metricsSink))
	require.NoError(tb, b.addLogs(set, &b.logsSink))
	b.pushCtx = tb.Context()
	b.status = polling.NewStatus(componenttest.NewNopHost(), 1, noneAnswers)
	b.logs.maker.now = func() time.Time { return noon.Add(time.Hour) }
	profiles, err := cfg.profileSet()
	require.NoError(tb, err)
	b.agent, err = b.newAgent(&cfg.Agents[0], profiles, noon.Add(-time.Minute))
	require.NoError(tb, err)
	return b
}

// run reports polls one after the other.
func (b *bench) run(list polls) {
	for _, x := range list {
		res := result{start: noon.Add(time.Duration(b.n) * time.Minute), duration: 5 * time.Second}
		b.n++
		switch x := x.(type) {
		case *snapshot.Snapshot:
			res.snapshot, res.stats, res.start, res.duration = x, x.Stats, x.Time, x.Duration
			res.delta = b.agent.tracker.Observe(x)
		case error:
			res.err, res.stats = x, withoutAnswer
		}
		b.report(b.agent, &res)
	}
}

func (b *bench) lastMetrics(tb testing.TB) pmetric.Metrics {
	all := b.metricsSink.AllMetrics()
	require.NotEmpty(tb, all)
	return all[len(all)-1]
}

// events are those of all polls.
func (b *bench) events() plog.Logs {
	out := plog.NewLogs()
	for _, ld := range b.logsSink.AllLogs() {
		ld.ResourceLogs().MoveAndAppendTo(out.ResourceLogs())
	}
	return out
}

// point returns the value of a point of the last report, if there is one with
// exactly these attributes.
func (b *bench) point(tb testing.TB, name string, attributes map[string]any) (v float64, ok bool) {
	list := b.lastMetrics(tb).ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for i := range list.Len() {
		if list.At(i).Name() != name {
			continue
		}
		points := pointsOf(list.At(i))
		for k := range points.Len() {
			p := points.At(k)
			if p.Flags().NoRecordedValue() || fmt.Sprint(p.Attributes().AsRaw()) != fmt.Sprint(attributes) {
				continue
			}
			if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
				return float64(p.IntValue()), true
			}
			return p.DoubleValue(), true
		}
	}
	return 0, false
}

// withoutAnswer is what a poll takes that fails.
var withoutAnswer = walk.Stats{Requests: 3, Retries: 2}

// fakePoller returns what a test wants, at once unless it is told to wait.
type fakePoller struct {
	mu     sync.Mutex
	target snmpppp.Target
	polled []time.Time
	takes  time.Duration
	polls  func(n int) (*snapshot.Snapshot, error)
	stats  walk.Stats
}

func (f *fakePoller) Poll(ctx context.Context) (*snapshot.Snapshot, error) {
	f.mu.Lock()
	n := len(f.polled)
	f.polled = append(f.polled, time.Now())
	f.mu.Unlock()
	if f.takes > 0 {
		select {
		case <-time.After(f.takes):
		case <-ctx.Done():
			return nil, &snmpppp.Error{Kind: walk.KindCanceled}
		}
	}
	s, err := f.polls(n)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stats = withoutAnswer
	if s != nil {
		f.stats = s.Stats
	}
	return s, err
}

func (f *fakePoller) Stats() walk.Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stats
}

func (f *fakePoller) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.polled)
}

// everything is a snapshot with all measures that there are.
func everything() *snapshot.Snapshot {
	s := gateway(0, 1, 2)
	s.Measures = nil
	for i, m := range profile.Measures() {
		x := snapshot.Measure{Name: m.Name, Label: "kind part", Value: float64(i), Counter: m.Counter}
		if m.Counter {
			x.Count = count64(uint64(i))
		}
		s.Measures = append(s.Measures, x)
	}
	return s
}
