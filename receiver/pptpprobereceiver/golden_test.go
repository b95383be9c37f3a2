package pptpprobereceiver

import (
	"encoding/json"
	"flag"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing to them")

// bench is a receiver with all three signals, and a target, outside of any schedule.
type bench struct {
	*probeReceiver
	target *probeTarget
	sinks
}

type sinks struct {
	metrics *consumertest.MetricsSink
	logs    *consumertest.LogsSink
	traces  *consumertest.TracesSink
}

func newBench(tb testing.TB, change func(*Config)) *bench {
	tb.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Vantage = "lab"
	session := cfg.Session.clone()
	session.Depth, session.Username, session.Password = "application", "probe", thePassword
	session.Checks = []CheckConfig{{Type: checkICMP}}
	cfg.Targets = []TargetConfig{{Endpoint: "vpn1.example.com", Name: "berlin", GatewayID: "gw-1", Session: session}}
	if change != nil {
		change(cfg)
	}
	require.NoError(tb, cfg.Validate())
	b := &bench{sinks: sinks{new(consumertest.MetricsSink), new(consumertest.LogsSink), new(consumertest.TracesSink)}}
	set := receivertest.NewNopSettings(metadata.Type)
	var err error
	b.probeReceiver, err = newProbeReceiver(set, cfg, nil)
	require.NoError(tb, err)
	require.NoError(tb, b.addMetrics(set, b.sinks.metrics))
	require.NoError(tb, b.addLogs(set, b.sinks.logs))
	require.NoError(tb, b.addTraces(set, b.sinks.traces))
	b.pushCtx = tb.Context()
	b.probeReceiver.metrics.maker.begin(pcommon.NewTimestampFromTime(began.Add(-time.Minute)))
	b.probeReceiver.logs.maker.now = func() time.Time { return at(120000) }
	n := uint64(0)
	b.random = func() uint64 { n++; return n }
	b.target = b.newTarget(&cfg.Targets[0], cfg.vantages()[0], netip.Addr{})
	return b
}

// run reports results one after the other.
func (b *bench) run(results ...*pptpprobe.Result) {
	for _, r := range results {
		b.report(newSession(b.target, r, b.random), false)
	}
}

func last[T any](list []T) T { return list[len(list)-1] }

func (b *bench) lastMetrics() pmetric.Metrics { return last(b.sinks.metrics.AllMetrics()) }
func (b *bench) lastLogs() plog.Logs          { return last(b.sinks.logs.AllLogs()) }
func (b *bench) lastTraces() ptrace.Traces    { return last(b.sinks.traces.AllTraces()) }

func TestGolden(t *testing.T) {
	tests := []struct {
		name    string
		results []*pptpprobe.Result
		change  func(*Config)
	}{
		{"good", []*pptpprobe.Result{goodResult()}, nil},
		{"gre_blocked", []*pptpprobe.Result{greResult()}, nil},
		// The counters go on, and what has passed is reported as passed.
		{"recovered", []*pptpprobe.Result{goodResult(), greResult(), authResult(), goodResult()}, nil},
		{"auth_rejected", []*pptpprobe.Result{authResult()}, func(c *Config) { c.IncludeUsername = true }},
		{"mutual_failed", []*pptpprobe.Result{mutualResult()}, nil},
		{"checks", []*pptpprobe.Result{checksResult()}, nil},
		{"checks_failed", []*pptpprobe.Result{failedChecksResult()}, nil},
		{"no_permission", []*pptpprobe.Result{permissionResult()}, nil},
		{"control", []*pptpprobe.Result{controlResult()}, func(c *Config) {
			c.Vantage = ""
			c.Targets[0] = TargetConfig{Endpoint: "192.0.2.7", Session: c.Session.clone()}
			c.Targets[0].Session.Depth = "control"
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, tt.change)
			b.run(tt.results...)
			metrics, logs, traces := b.lastMetrics(), b.lastLogs(), b.lastTraces()
			if tt.name == "no_permission" {
				hideExecutable(logs, traces)
			}
			file := func(kind string) string { return filepath.Join("testdata", "golden", tt.name+"_"+kind+".yaml") }
			if *update {
				require.NoError(t, golden.WriteMetrics(t, file("metrics"), metrics, golden.SkipMetricTimestampNormalization()))
				require.NoError(t, golden.WriteLogs(t, file("logs"), logs))
				require.NoError(t, golden.WriteTraces(t, file("traces"), traces))
				return
			}
			wantMetrics, err := golden.ReadMetrics(file("metrics"))
			require.NoError(t, err)
			require.NoError(t, pmetrictest.CompareMetrics(wantMetrics, metrics, pmetrictest.IgnoreMetricsOrder(),
				pmetrictest.IgnoreMetricDataPointsOrder()))
			wantLogs, err := golden.ReadLogs(file("logs"))
			require.NoError(t, err)
			require.NoError(t, plogtest.CompareLogs(wantLogs, logs))
			wantTraces, err := golden.ReadTraces(file("traces"))
			require.NoError(t, err)
			require.NoError(t, ptracetest.CompareTraces(wantTraces, traces))
		})
	}
}

// controlResult is a session of depth control that went well.
func controlResult() *pptpprobe.Result {
	r := goodResult()
	r.Duration, r.Connect, r.Warnings, r.Checks = 60*time.Millisecond, 0, nil, nil
	r.Stages = append(r.Stages[1:3:3], stage(pptpprobe.StageTeardown, pptpprobe.OutcomeOK, 45, 15, 1, 0))
	bare := &pptpprobe.Result{Start: r.Start, Duration: r.Duration, Stages: r.Stages, Server: r.Server,
		LocalAddr: r.LocalAddr, PeerAddr: r.PeerAddr}
	return bare
}

// hideExecutable takes the path of the test's executable out of the hint.
func hideExecutable(logs plog.Logs, traces ptrace.Traces) {
	clean := func(m pcommon.Map) {
		if _, ok := m.Get("pptp.hint"); ok {
			m.PutStr("pptp.hint", "<hint>")
		}
	}
	records := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	for i := range records.Len() {
		clean(records.At(i).Attributes())
	}
	spans := traces.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	for i := range spans.Len() {
		clean(spans.At(i).Attributes())
	}
}

// outputs returns everything that was reported, as JSON.
func (b *bench) outputs(t *testing.T) (out []string) {
	for _, m := range b.sinks.metrics.AllMetrics() {
		j, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(m)
		require.NoError(t, err)
		out = append(out, string(j))
	}
	for _, l := range b.sinks.logs.AllLogs() {
		j, err := (&plog.JSONMarshaler{}).MarshalLogs(l)
		require.NoError(t, err)
		out = append(out, string(j))
	}
	for _, x := range b.sinks.traces.AllTraces() {
		j, err := (&ptrace.JSONMarshaler{}).MarshalTraces(x)
		require.NoError(t, err)
		out = append(out, string(j))
	}
	return out
}

func TestNoSecretInAnyOutput(t *testing.T) {
	for _, include := range []bool{false, true} {
		b := newBench(t, func(c *Config) { c.IncludeUsername = include })
		b.run(goodResult(), greResult(), authResult(), mutualResult(), permissionResult(), checksResult(), failedChecksResult())
		user := false
		for _, o := range b.outputs(t) {
			assert.NotContains(t, o, thePassword)
			require.True(t, json.Valid([]byte(o)))
			user = user || strings.Contains(o, `"user.name"`)
		}
		assert.Equal(t, include, user, "the user name is there only if asked for")
	}
}
