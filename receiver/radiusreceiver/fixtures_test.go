package radiusreceiver

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
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/exchange"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/freeradius"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/radiusreceiver/internal/metadata"
)

// theSecret is in no output, ever.
const theSecret = "hunter2-theSecret"

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func testConfig() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Check.Secret = theSecret
	return cfg
}

func servers(cfg *Config, endpoints ...string) *Config {
	for _, e := range endpoints {
		s := ServerConfig{Endpoint: e, Check: cfg.Check}
		s.Check.Methods = s.methods()
		cfg.Servers = append(cfg.Servers, s)
	}
	return cfg
}

// fakeChecker finds what it is told.
type fakeChecker struct {
	mu      sync.Mutex
	cfg     radiuscheck.Config
	rounds  []time.Time
	resting bool
	closed  int
	round   func(ctx context.Context) ([]radiuscheck.Result, error)
}

func (f *fakeChecker) Round(ctx context.Context) ([]radiuscheck.Result, error) {
	f.mu.Lock()
	f.rounds = append(f.rounds, time.Now())
	f.mu.Unlock()
	if f.round != nil {
		return f.round(ctx)
	}
	return []radiuscheck.Result{good(radiuscheck.Status)}, nil
}

func (f *fakeChecker) Statistics(context.Context) (*freeradius.Statistics, error) {
	return nil, &radiuscheck.StatisticsError{Failure: *failure(radiuscheck.Timeout)}
}

func (f *fakeChecker) Resting(time.Time) bool { return f.resting }

func (f *fakeChecker) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed++
}

func (f *fakeChecker) starts() []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]time.Time(nil), f.rounds...)
}

// good is a result of a server that passed.
func good(m radiuscheck.Method) radiuscheck.Result {
	r := radiuscheck.Result{
		Method: m, Signing: radiuscheck.Always, Start: noon, Total: 2 * time.Millisecond, Latency: 2 * time.Millisecond,
		Server: netip.MustParseAddrPort("192.0.2.1:1812"), Code: packet.AccessAccept, Signed: true,
	}
	if m == radiuscheck.MSCHAPv2 {
		r.Keys, r.HasKeys = true, true
	}
	return r
}

func failure(c radiuscheck.Cause) *radiuscheck.Failure {
	return &radiuscheck.Failure{Cause: c, Detail: "What was seen.", Hint: "What to do."}
}

// failed is a result without answer, or with a rejection.
func failed(m radiuscheck.Method, c radiuscheck.Cause) radiuscheck.Result {
	r := good(m)
	r.Failure = failure(c)
	r.Keys, r.HasKeys = false, false
	if c == radiuscheck.Rejected {
		r.Code, r.Message, r.MSCHAPError = packet.AccessReject, "Denied", 691
		return r
	}
	r.Code, r.Signed, r.Latency, r.Total, r.Retransmissions = 0, false, 0, 9*time.Second, 2
	r.Replies[exchange.BadAuthenticator], r.Replies[exchange.Late] = 1, 2
	return r
}

// slow is a result with a warning.
func slow(m radiuscheck.Method) radiuscheck.Result {
	r := good(m)
	r.Total, r.Latency, r.Warning = 2*time.Second, 2*time.Second, failure(radiuscheck.Slow)
	return r
}

func later(minutes int, list ...radiuscheck.Result) []radiuscheck.Result {
	for i := range list {
		list[i].Start = list[i].Start.Add(time.Duration(minutes) * time.Minute)
	}
	return list
}

// statistics is what a FreeRADIUS that has served so many requests says.
func statistics(tb testing.TB, started, requests uint32) *freeradius.Statistics {
	b := packet.NewRequest(packet.AccessAccept, 1, packet.Authenticator{})
	for _, n := range []struct {
		attribute byte
		value     uint32
	}{{128, requests}, {129, requests / 2}, {130, requests / 4}, {148, 7}, {164, 3}, {172, 1}, {176, started}} {
		v := n.value
		b.VendorAttribute(freeradius.Vendor, n.attribute, []byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
	}
	var parts []byte
	for n := range byte(8) {
		parts = append(parts, n+1, 10, 0, 0, 0, 0, 0, 0, 0, n)
	}
	b.VendorAttribute(freeradius.Vendor, 198, parts)
	p, err := b.Reply(packet.NewKey("s"))
	require.NoError(tb, err)
	s, err := freeradius.Decode(p)
	require.NoError(tb, err)
	return s
}

// bench is a receiver with all signals and one server, outside of any schedule.
type bench struct {
	*radiusReceiver
	server  *server
	metrics consumertest.MetricsSink
	logs    consumertest.LogsSink
	traces  consumertest.TracesSink
}

func newBench(tb testing.TB, change func(*Config)) *bench {
	tb.Helper()
	cfg := testConfig()
	cfg.Vantage, cfg.Check.Username, cfg.Check.Password = "lab", "monitor", "password"
	servers(cfg, "radius1.example.com")
	cfg.Servers[0].Name = "east"
	if change != nil {
		change(cfg)
	}
	require.NoError(tb, cfg.Validate())
	b := &bench{}
	set := receivertest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	var err error
	b.radiusReceiver, err = newRadiusReceiver(set, cfg, func(c radiuscheck.Config) (checker, error) { return &fakeChecker{cfg: c}, nil })
	require.NoError(tb, err)
	require.NoError(tb, b.out.addMetrics(set, &b.metrics))
	require.NoError(tb, b.out.addLogs(set, &b.logs))
	require.NoError(tb, b.out.addTraces(set, &b.traces))
	b.out.ctx = tb.Context()
	b.status = polling.NewStatus(nopHost, 1, nonePasses)
	b.out.logs.now = func() time.Time { return noon.Add(time.Hour) }
	n := uint64(0)
	b.random = func() uint64 { n++; return n }
	if len(cfg.Servers) > 0 {
		b.server, err = b.newServer(&cfg.Servers[0], noon.Add(-time.Minute))
		require.NoError(tb, err)
	}
	return b
}

// rounds reports findings, a minute apart.
func (b *bench) rounds(list ...*finding) {
	for i, f := range list {
		f.at = noon.Add(time.Duration(i)*time.Minute + 10*time.Second)
		later(i, f.results...)
		b.report(b.server, f)
	}
}

func found(results ...radiuscheck.Result) *finding { return &finding{results: results} }

func last[T any](tb testing.TB, list []T) T {
	require.NotEmpty(tb, list)
	return list[len(list)-1]
}

// events are those of all rounds.
func (b *bench) events() plog.Logs {
	out := plog.NewLogs()
	for _, ld := range b.logs.AllLogs() {
		ld.ResourceLogs().MoveAndAppendTo(out.ResourceLogs())
	}
	return out
}

// names are those of all events.
func names(ld plog.Logs) (list []string) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				list = append(list, lr.EventName())
			}
		}
	}
	return list
}

// value returns a point with exactly these attributes.
func value(md pmetric.Metrics, name string, attributes map[string]any) (v float64, ok bool) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if m.Name() != name || m.Type() == pmetric.MetricTypeHistogram {
					continue
				}
				points := m.Gauge().DataPoints
				if m.Type() == pmetric.MetricTypeSum {
					points = m.Sum().DataPoints
				}
				for _, p := range points().All() {
					if fmt.Sprint(p.Attributes().AsRaw()) == fmt.Sprint(attributes) {
						if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
							return float64(p.IntValue()), true
						}
						return p.DoubleValue(), true
					}
				}
			}
		}
	}
	return 0, false
}

var nopHost = componenttest.NewNopHost()
