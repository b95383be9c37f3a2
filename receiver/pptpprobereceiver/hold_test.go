package pptpprobereceiver

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
)

// upResult is a held session that has just got up.
func upResult() *pptpprobe.Result {
	r := goodResult()
	r.Stages = r.Stages[:len(r.Stages)-1] // no teardown yet
	r.Duration = 1800 * time.Millisecond
	r.Warnings = r.Warnings[:1]
	return r
}

// lostResult is the same session after an hour.
func lostResult() *pptpprobe.Result {
	r := upResult()
	r.Warnings = append(r.Warnings, pptpprobe.Warning{
		Stage: pptpprobe.StageHold, Cause: pptpprobe.CauseMPPEPlaintextLeak, Detail: "1 packet in the clear", At: at(900000),
	})
	r.Stages = append(r.Stages,
		stage(pptpprobe.StageHold, pptpprobe.OutcomeFailed, 1800, 3600000, 1, 0),
		stage(pptpprobe.StageTeardown, pptpprobe.OutcomeOK, 3601800, 200, 1, 0))
	r.Duration = 3602 * time.Second
	r.GRE.Rx.Packets, r.GRE.RxLost = 500, 12
	r.Hold = &pptpprobe.HoldResult{Established: at(1800), Renegotiated: 1, Reauthenticated: 1, Degraded: 1, EchoSent: 241, EchoLost: 12}
	r.Failure = &pptpprobe.Failure{
		Stage: pptpprobe.StageHold, Cause: pptpprobe.CauseHoldIdleTimeout, Hint: pptpprobe.CauseHoldIdleTimeout.Hint(),
		Detail: `the server sent a Terminate-Request for LCP: "Link inactive"`, TerminateReason: "Link inactive", ResultCode: -1, ErrorCode: -1,
	}
	return r
}

func report(ms int, kind pptpprobe.HoldKind) pptpprobe.HoldReport {
	return pptpprobe.HoldReport{At: at(ms), Kind: kind}
}

// statusReport is a minute in which one of four echoes was lost.
func statusReport(ms int) pptpprobe.HoldReport {
	r := report(ms, pptpprobe.HoldStatusReport)
	r.Status = pptpprobe.HoldStatus{
		Since: at(ms - 60000), EchoSent: 4, EchoLost: 1,
		GRE: gre.Stats{
			Tx: gre.Direction{Packets: 4, Bytes: 48}, Rx: gre.Direction{Packets: 3, Bytes: 36}, RxReordered: 1,
			AckRTT: gre.RTT{Count: 2, Sum: 60 * time.Millisecond},
		},
		LCPEchoRTTs:     []time.Duration{20 * time.Millisecond, 30 * time.Millisecond, 40 * time.Millisecond},
		ControlEchoRTTs: []time.Duration{25 * time.Millisecond},
	}
	r.Status.PPP = upResult().PPP
	r.Status.PPP.MPPERx.Rekeys += 3
	return r
}

func newHoldBench(tb testing.TB) (*bench, *heldTarget) {
	tb.Helper()
	b := newBench(tb, func(c *Config) { c.Targets[0].Session.Hold.Enabled = true })
	cfg := b.cfg.Targets[0]
	return b, b.newHeldTarget(b.target, &cfg.Session.Hold, cfg.interval(b.cfg))
}

func (h *heldTarget) handleAll(reports ...pptpprobe.HoldReport) {
	for i := range reports {
		h.handle(&reports[i])
	}
}

func establishedReport() pptpprobe.HoldReport {
	r := report(1800, pptpprobe.HoldEstablished)
	r.Session = upResult()
	return r
}

func TestHoldGolden(t *testing.T) {
	b, h := newHoldBench(t)
	compare := func(t *testing.T, name string, logs plog.Logs) {
		t.Helper()
		file := func(kind string) string { return filepath.Join("testdata", "golden", name+"_"+kind+".yaml") }
		metrics, traces := b.lastMetrics(), b.lastTraces()
		if *update {
			require.NoError(t, golden.WriteMetrics(t, file("metrics"), metrics, golden.SkipMetricTimestampNormalization()))
			require.NoError(t, golden.WriteLogs(t, file("logs"), logs))
			require.NoError(t, golden.WriteTraces(t, file("traces"), traces))
			return
		}
		wantMetrics, err := golden.ReadMetrics(file("metrics"))
		require.NoError(t, err)
		require.NoError(t, pmetrictest.CompareMetrics(wantMetrics, metrics, pmetrictest.IgnoreMetricsOrder(), pmetrictest.IgnoreMetricDataPointsOrder()))
		wantLogs, err := golden.ReadLogs(file("logs"))
		require.NoError(t, err)
		require.NoError(t, plogtest.CompareLogs(wantLogs, logs))
		wantTraces, err := golden.ReadTraces(file("traces"))
		require.NoError(t, err)
		require.NoError(t, ptracetest.CompareTraces(wantTraces, traces))
	}
	h.handleAll(establishedReport())
	t.Run("up", func(t *testing.T) { compare(t, "held_up", b.lastLogs()) })

	degraded, renegotiated := statusReport(120000), report(130000, pptpprobe.HoldRenegotiated)
	degraded.Kind, degraded.Detail = pptpprobe.HoldDegraded, "25.0 % of the packets were lost, more than 10.0 %"
	renegotiated.Detail = "lcp"
	before := len(b.sinks.logs.AllLogs())
	h.handleAll(statusReport(61800), statusReport(121800), degraded, renegotiated,
		report(140000, pptpprobe.HoldReauthenticated), report(180000, pptpprobe.HoldRecovered))
	all := plog.NewLogs()
	for _, l := range b.sinks.logs.AllLogs()[before:] {
		l.ResourceLogs().MoveAndAppendTo(all.ResourceLogs())
	}
	t.Run("going", func(t *testing.T) { compare(t, "held_going", all) })

	lost := report(3601800, pptpprobe.HoldLost)
	h.handleAll(lost)
	h.ended(lostResult(), at(3609000))
	t.Run("lost", func(t *testing.T) { compare(t, "held_lost", b.lastLogs()) })
	assert.Nil(t, h.session)
	for _, o := range b.outputs(t) {
		assert.NotContains(t, o, thePassword)
	}
}

// spans returns the spans of a trace by name.
func spans(td ptrace.Traces) map[string]ptrace.Span {
	out := make(map[string]ptrace.Span)
	list := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	for i := range list.Len() {
		out[list.At(i).Name()] = list.At(i)
	}
	return out
}

// One trace in two parts: nothing twice, nothing left out.
func TestHoldIsOneTrace(t *testing.T) {
	b, h := newHoldBench(t)
	h.handleAll(establishedReport())
	up := spans(b.lastTraces())
	h.ended(lostResult(), at(3609000))
	end := spans(b.lastTraces())
	root, ok := end["pptp.session"]
	require.True(t, ok)
	for name, s := range up {
		assert.NotContains(t, end, name)
		assert.Equal(t, root.TraceID(), s.TraceID())
		assert.Equal(t, root.SpanID(), s.ParentSpanID())
	}
	assert.Contains(t, up, "pptp.auth")
	assert.NotContains(t, up, "pptp.session", "it has not ended")
	assert.Len(t, end, 3)
	hold := end["pptp.hold"]
	assert.Equal(t, ptrace.StatusCodeError, hold.Status().Code())
	assert.Equal(t, ptrace.StatusCodeUnset, end["pptp.teardown"].Status().Code())
	assert.Equal(t, time.Hour, hold.EndTimestamp().AsTime().Sub(hold.StartTimestamp().AsTime()))
}

// value returns the value of the point of a metric without attributes but those of want.
func value(t *testing.T, md pmetric.Metrics, name, errorType string) int64 {
	t.Helper()
	list := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for i := range list.Len() {
		if list.At(i).Name() != name {
			continue
		}
		points := list.At(i).Sum().DataPoints()
		for k := range points.Len() {
			got, ok := points.At(k).Attributes().Get("error.type")
			if !ok && errorType == "" || ok && errorType == got.AsString() {
				return points.At(k).IntValue()
			}
		}
	}
	require.Failf(t, "no point", "%s %s", name, errorType)
	return 0
}

func TestHoldMetricsGoOn(t *testing.T) {
	b, h := newHoldBench(t)
	h.handleAll(establishedReport())
	assert.EqualValues(t, 1, value(t, b.lastMetrics(), "pptp.session.active", ""))
	assert.EqualValues(t, 1, value(t, b.lastMetrics(), "pptp.probe.attempts", ""))
	rekeys := value(t, b.lastMetrics(), "pptp.mppe.rekeys", "")
	h.handleAll(statusReport(61800))
	assert.Equal(t, rekeys+3, value(t, b.lastMetrics(), "pptp.mppe.rekeys", ""))
	assert.EqualValues(t, 1, value(t, b.lastMetrics(), "pptp.probe.attempts", ""), "still the same session")
	h.handleAll(statusReport(121800))
	assert.Equal(t, rekeys+3, value(t, b.lastMetrics(), "pptp.mppe.rekeys", ""), "no new ones")

	h.ended(lostResult(), at(3609000))
	lost := string(pptpprobe.CauseHoldIdleTimeout)
	assert.EqualValues(t, 0, value(t, b.lastMetrics(), "pptp.session.active", ""))
	assert.EqualValues(t, 0, value(t, b.lastMetrics(), "pptp.probe.up", ""))
	assert.EqualValues(t, 1, value(t, b.lastMetrics(), "pptp.session.lost", lost))
	assert.EqualValues(t, 1, value(t, b.lastMetrics(), "pptp.probe.failing", lost))

	h.ended(greResult(), at(3700000)) // the next one does not get up
	blocked := string(pptpprobe.CauseGREAdminProhibited)
	assert.EqualValues(t, 0, value(t, b.lastMetrics(), "pptp.session.active", ""))
	assert.EqualValues(t, 1, value(t, b.lastMetrics(), "pptp.probe.attempts", blocked))
	assert.EqualValues(t, 1, value(t, b.lastMetrics(), "pptp.session.lost", lost))

	h.handleAll(establishedReport())
	assert.EqualValues(t, 1, value(t, b.lastMetrics(), "pptp.session.active", ""))
	assert.EqualValues(t, 0, value(t, b.lastMetrics(), "pptp.probe.failing", lost))
}

// A check that fails is told once, when that begins.
func TestHoldChecks(t *testing.T) {
	b, h := newHoldBench(t)
	h.handleAll(establishedReport())
	round := func(ms int, fail bool) pptpprobe.HoldReport {
		r := report(ms, pptpprobe.HoldChecked)
		r.Checks = goodResult().Checks
		if fail {
			r.Checks[0].Failure = &pptpprobe.Failure{Stage: pptpprobe.StageApp, Cause: pptpprobe.CauseAppPeerUnreachable, Detail: "none answered"}
		}
		return r
	}
	before := len(b.sinks.logs.AllLogs())
	h.handleAll(round(60000, false), round(120000, true), round(180000, true), round(240000, false), round(300000, true))
	logs := b.sinks.logs.AllLogs()[before:]
	require.Len(t, logs, 2)
	lr := logs[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	assert.Equal(t, "pptp.quality.degraded", lr.EventName())
	cause, _ := lr.Attributes().Get("error.type")
	assert.Equal(t, "app.peer_unreachable", cause.AsString())
}

// holdProber holds sessions in virtual time: each for its time, then it is lost.
type holdProber struct {
	mu    sync.Mutex
	held  []time.Duration // the n-th session; the last one again and again
	fails *pptpprobe.Result
	began []time.Time
	done  bool
}

func (*holdProber) RunAll(context.Context, pptpprobe.Target) []*pptpprobe.Result {
	panic("not for held targets")
}

func (p *holdProber) Run(ctx context.Context, t pptpprobe.Target) *pptpprobe.Result {
	p.mu.Lock()
	n := len(p.began)
	p.began = append(p.began, time.Now())
	p.mu.Unlock()
	if p.fails != nil {
		return p.fails
	}
	up := upResult()
	up.Start = time.Now()
	t.Hold.Report(pptpprobe.HoldReport{At: time.Now(), Kind: pptpprobe.HoldEstablished, Session: up})
	tick := time.NewTicker(t.Hold.ReportInterval)
	defer tick.Stop()
	end := time.After(p.held[min(n, len(p.held)-1)])
	for {
		select {
		case <-tick.C:
			r := statusReport(0)
			r.At = time.Now()
			t.Hold.Report(r)
		case <-end:
			res := lostResult()
			res.Start, res.Duration = up.Start, time.Since(up.Start)
			t.Hold.Report(pptpprobe.HoldReport{At: time.Now(), Kind: pptpprobe.HoldLost, Failure: res.Failure})
			return res
		case <-ctx.Done():
			res := lostResult()
			res.Failure, res.Start, res.Duration = nil, up.Start, time.Since(up.Start)
			return res
		}
	}
}

func (p *holdProber) Stats() pptpprobe.ProbeStats { return pptpprobe.ProbeStats{} }

func (p *holdProber) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = true
	return nil
}

func (p *holdProber) starts() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.began)
}

// hold makes the targets held.
func hold(cfg *Config) *Config {
	for i := range cfg.Targets {
		cfg.Targets[i].Session.Depth, cfg.Targets[i].Session.Username, cfg.Targets[i].Session.Password = "network", "probe", thePassword
		cfg.Targets[i].Session.Hold.Enabled = true
	}
	return cfg
}

func TestHoldRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &holdProber{held: []time.Duration{10 * time.Minute, 24 * time.Hour}}
		f, cfg := newFactory(newProbePool(func() prober { return p })), hold(targets(defaultConfig(), "vpn1.example.com"))
		var (
			metrics consumertest.MetricsSink
			logs    consumertest.LogsSink
			traces  consumertest.TracesSink
			set     = receivertest.NewNopSettings(metadata.Type)
		)
		m, err := f.CreateMetrics(t.Context(), set, cfg, &metrics)
		require.NoError(t, err)
		l, err := f.CreateLogs(t.Context(), set, cfg, &logs)
		require.NoError(t, err)
		tr, err := f.CreateTraces(t.Context(), set, cfg, &traces)
		require.NoError(t, err)
		all := []component.Component{m, l, tr}
		for _, c := range all {
			require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
		}
		pass(15 * time.Minute)
		for _, c := range all {
			require.NoError(t, c.Shutdown(t.Context()))
		}
		starts := p.starts()
		require.Len(t, starts, 2)
		pause := starts[1].Sub(starts[0]) - 10*time.Minute
		assert.GreaterOrEqual(t, pause, 5*time.Second)
		assert.LessOrEqual(t, pause, 10*time.Second)
		assert.True(t, p.done)
		assert.Len(t, traces.AllTraces(), 4, "two for each session")
		var names []string
		for _, ld := range logs.AllLogs() {
			records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
			for i := range records.Len() {
				names = append(names, records.At(i).EventName())
			}
		}
		count := func(name string) (n int) {
			for _, x := range names {
				if x == name {
					n++
				}
			}
			return n
		}
		assert.Equal(t, 2, count("pptp.session.established"))
		assert.Equal(t, 1, count("pptp.session.lost"))
		assert.Equal(t, 2, count("pptp.session.closed"))
		assert.Zero(t, count("pptp.session.failed"))
		assert.EqualValues(t, 0, value(t, last(metrics.AllMetrics()), "pptp.session.active", ""), "not up after the shutdown")
		assert.Greater(t, len(metrics.AllMetrics()), 14, "one each minute")
	})
}

// Starts at one host keep their distance, and a rejected password its five minutes.
func TestHoldDoesNoHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &holdProber{fails: authResult()}
		f, cfg := newFactory(newProbePool(func() prober { return p })), hold(targets(defaultConfig(), "vpn1.example.com", "vpn1.example.com", "VPN1.example.com"))
		m, err := f.CreateMetrics(t.Context(), receivertest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
		require.NoError(t, err)
		require.NoError(t, m.Start(t.Context(), componenttest.NewNopHost()))
		pass(21 * time.Minute)
		require.NoError(t, m.Shutdown(t.Context()))
		starts := p.starts()
		require.Len(t, starts, 3*5, "each of them once in five minutes")
		for i := range starts[1:] {
			assert.GreaterOrEqual(t, starts[i+1].Sub(starts[i]), time.Second)
		}
	})
}

func TestHoldShutdownThatCannotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &holds{done: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, h.wait(ctx), context.Canceled)
		close(h.done)
		require.NoError(t, h.wait(ctx))
	})
}

// Reports that find no room are left out; the session never waits.
func TestHoldSlowPipeline(t *testing.T) {
	b, h := newHoldBench(t)
	b.holds.queue = make(chan func(), 1)
	h.report(statusReport(1))
	h.report(statusReport(2))
	assert.Len(t, b.holds.queue, 1)
}

func TestHoldConfigValidate(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*TargetConfig)
		want   string
	}{
		"good":           {func(*TargetConfig) {}, ""},
		"off":            {func(t *TargetConfig) { t.Session.Hold = HoldConfig{EchoFailure: -1} }, ""},
		"shallow":        {func(t *TargetConfig) { t.Session.Depth = "auth" }, "hold::enabled: depth auth has no session to hold"},
		"echo interval":  {func(t *TargetConfig) { t.Session.Hold.EchoInterval = 0 }, "hold::echo_interval: 0s is too short; use at least 1s"},
		"echo failure":   {func(t *TargetConfig) { t.Session.Hold.EchoFailure = 0 }, "hold::echo_failure: 0 is out of range"},
		"backoff":        {func(t *TargetConfig) { t.Session.Hold.BackoffMax = time.Second }, "hold::backoff_max: 1s is too short; use at least 5s"},
		"loss":           {func(t *TargetConfig) { t.Session.Hold.DegradedLoss = 2 }, "hold::degraded_loss: 2 is out of range"},
		"rtt":            {func(t *TargetConfig) { t.Session.Hold.DegradedRTT = -1 }, "hold::degraded_rtt: -1ns is negative"},
		"short interval": {func(t *TargetConfig) { t.CollectionInterval = 2 * time.Second }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := hold(targets(defaultConfig(), "vpn1.example.com"))
			tt.change(&cfg.Targets[0])
			err := cfg.Validate()
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
		})
	}
	c := defaultHold()
	assert.Nil(t, c.hold())
	c.Enabled = true
	assert.Equal(t, 15*time.Second, c.hold().EchoInterval)
}
