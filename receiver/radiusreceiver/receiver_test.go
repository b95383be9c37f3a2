package radiusreceiver

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-pptp/otelcol-pptp/internal/polling"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/radiusreceiver/internal/metadata"
)

// fleet is a receiver with fake checkers on its schedule.
type fleet struct {
	checkers []*fakeChecker
	metrics  consumertest.MetricsSink
	receiver *radiusReceiver
}

func start(t *testing.T, cfg *Config, round func(ctx context.Context) ([]radiuscheck.Result, error)) *fleet {
	f := &fleet{}
	r, err := newRadiusReceiver(receivertest.NewNopSettings(metadata.Type), cfg, func(c radiuscheck.Config) (checker, error) {
		fake := &fakeChecker{cfg: c, round: round}
		f.checkers = append(f.checkers, fake)
		return fake, nil
	})
	require.NoError(t, err)
	require.NoError(t, r.out.addMetrics(receivertest.NewNopSettings(metadata.Type), &f.metrics))
	r.jitter = func() float64 { return 0.5 }
	f.receiver = r
	require.NoError(t, r.Start(t.Context(), nopHost))
	return f
}

// pass lets the time of the bubble pass.
func pass(d time.Duration) { <-time.After(d) }

func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		cfg := servers(testConfig(), "a", "b", "c")
		f := start(t, cfg, nil)
		pass(3*time.Minute + 20*time.Second)
		synctest.Wait()
		for i, c := range f.checkers {
			want := []time.Duration{0, 63 * time.Second, 123 * time.Second, 183 * time.Second} // half of the jitter of 6 s
			var got []time.Duration
			for _, at := range c.starts() {
				got = append(got, at.Sub(begin)-time.Second-time.Duration(i)*time.Second)
			}
			assert.Equal(t, want, got, i)
		}
		require.NoError(t, f.receiver.Shutdown(t.Context()))
		assert.Len(t, f.metrics.AllMetrics(), 12)
		for _, c := range f.checkers {
			assert.Equal(t, 1, c.closed)
		}
	})
}

func TestSlowRoundsAreLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := servers(testConfig(), "a")
		f := start(t, cfg, func(context.Context) ([]radiuscheck.Result, error) {
			pass(90 * time.Second)
			return []radiuscheck.Result{good(radiuscheck.Status)}, nil
		})
		pass(5*time.Minute + time.Second)
		synctest.Wait()
		assert.Len(t, f.checkers[0].starts(), 3)
		require.NoError(t, f.receiver.Shutdown(t.Context()))
	})
}

func TestMaxConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := servers(testConfig(), "a", "b", "c")
		cfg.MaxConcurrent = 1
		running := make(chan struct{}, 1)
		f := start(t, cfg, func(context.Context) ([]radiuscheck.Result, error) {
			running <- struct{}{}
			pass(10 * time.Second)
			<-running
			return nil, nil
		})
		pass(5 * time.Second)
		synctest.Wait()
		assert.Equal(t, int64(1), f.receiver.schedule.Active())
		assert.Equal(t, int64(2), f.receiver.schedule.Waiting())
		pass(time.Minute)
		require.NoError(t, f.receiver.Shutdown(t.Context()))
		assert.Zero(t, f.receiver.schedule.Waiting())
	})
}

func TestShutdownEndsRunningChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, servers(testConfig(), "a", "b"), func(ctx context.Context) ([]radiuscheck.Result, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		pass(10 * time.Second)
		require.NoError(t, f.receiver.Shutdown(t.Context()))
		require.NoError(t, f.receiver.Shutdown(t.Context()))
		assert.Empty(t, f.metrics.AllMetrics(), "that says nothing of the servers")
	})
}

func TestShutdownGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		f := start(t, servers(testConfig(), "a"), func(context.Context) ([]radiuscheck.Result, error) {
			<-stuck
			return nil, nil
		})
		pass(10 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, f.receiver.Shutdown(ctx), context.DeadlineExceeded)
		close(stuck)
	})
}

func TestRoundError(t *testing.T) {
	b := newBench(t, nil)
	b.server.checker.(*fakeChecker).round = func(context.Context) ([]radiuscheck.Result, error) { return nil, errors.New("boom") }
	b.round(t.Context(), b.server, 0)
	assert.Empty(t, b.metrics.AllMetrics())
	b.server.checker.(*fakeChecker).round = nil
	b.server.checker.(*fakeChecker).resting = true
	b.server.cfg.StatusPort = 18121
	b.round(t.Context(), b.server, 0)
	md := last(t, b.metrics.AllMetrics())
	v, ok := value(md, "radius.server.statistics.up", map[string]any{})
	assert.True(t, ok)
	assert.Zero(t, v)
	assert.True(t, b.server.resting.Load())
}

// What a method found stays reported while nobody logs in.
func TestMetricsAreRepeatedWhileResting(t *testing.T) {
	b := newBench(t, nil)
	b.rounds(found(good(radiuscheck.Status), failed(radiuscheck.MSCHAPv2, radiuscheck.Rejected)), found(good(radiuscheck.Status)))
	md := last(t, b.metrics.AllMetrics())
	login := map[string]any{"radius.method": "mschapv2", "radius.message_authenticator": "always"}
	v, ok := value(md, "radius.check.up", login)
	assert.True(t, ok)
	assert.Zero(t, v)
	login["error.type"] = "radius.rejected"
	v, ok = value(md, "radius.check.failing", login)
	assert.True(t, ok)
	assert.InDelta(t, 1, v, 0)
	assert.Equal(t, []string{"radius.check.failed"}, names(b.events()), "once")
}

func TestWarningsAreToldOnce(t *testing.T) {
	b := newBench(t, nil)
	both := slow(radiuscheck.MSCHAPv2)
	both.Failure = failure(radiuscheck.NoMPPEKeys)
	b.rounds(found(slow(radiuscheck.Status)), found(slow(radiuscheck.Status)), found(good(radiuscheck.Status)), found(slow(radiuscheck.Status)), found(both))
	assert.Equal(t, []string{"radius.check.warning", "radius.check.warning", "radius.check.failed", "radius.check.warning"}, names(b.events()))
	md := last(t, b.metrics.AllMetrics())
	for _, c := range []radiuscheck.Cause{radiuscheck.Slow, radiuscheck.NoMPPEKeys} {
		v, _ := value(md, "radius.check.failing", map[string]any{
			"radius.method": "mschapv2", "radius.message_authenticator": "always", "error.type": string(c),
		})
		assert.InDelta(t, 1, v, 0, c)
	}
}

// One account behind several servers is not tried more often than one behind a single one.
func TestRejectedIntervalIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig()
		cfg.Check.Username, cfg.Check.Password = "monitor", "password"
		servers(cfg, "a", "b")
		cfg.Check.Methods = []string{"status"}
		cfg.Servers = append(cfg.Servers, ServerConfig{Endpoint: "d", Check: cfg.Check}) // does not log in
		cfg.Check.Username = "other"
		servers(cfg, "c")
		f := start(t, cfg, nil)
		var got []time.Duration
		for _, c := range f.checkers {
			got = append(got, c.cfg.RejectedInterval)
		}
		assert.Equal(t, []time.Duration{10 * time.Minute, 10 * time.Minute, 10 * time.Minute, 5 * time.Minute}, got)
		require.NoError(t, f.receiver.Shutdown(t.Context()))
	})
}

func TestRefusingPipelinesKeepNothingFromOthers(t *testing.T) {
	b := newBench(t, nil)
	b.out.nextMetrics = consumertest.NewErr(errors.New("full"))
	b.out.nextLogs = consumertest.NewErr(errors.New("full"))
	b.rounds(found(failed(radiuscheck.Status, radiuscheck.Timeout)))
	assert.Equal(t, 1, b.traces.SpanCount())
}

func TestSignalsThatAreNotWiredCostNothing(t *testing.T) {
	b := newBench(t, nil)
	b.out.metrics, b.out.logs, b.out.traces = nil, nil, nil
	b.rounds(found(failed(radiuscheck.Status, radiuscheck.Timeout)))
	assert.Empty(t, b.metrics.AllMetrics())
}

func TestWithoutTracesThereAreNoExemplars(t *testing.T) {
	for _, traces := range []bool{true, false} {
		t.Run(fmt.Sprint(traces), func(t *testing.T) {
			b := newBench(t, nil)
			if !traces {
				b.out.traces = nil
			}
			b.rounds(found(good(radiuscheck.Status)))
			n := 0
			for _, m := range last(t, b.metrics.AllMetrics()).ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
				if m.Type() == pmetric.MetricTypeHistogram {
					n += m.Histogram().DataPoints().At(0).Exemplars().Len()
				}
			}
			assert.Equal(t, traces, n > 0)
		})
	}
}

func TestEverythingCanBeSwitchedOff(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.Histograms = HistogramsConfig{}
		c.Logs.Events.RadiusCheckFailed.Enabled = false
	})
	b.rounds(found(failed(radiuscheck.Status, radiuscheck.Timeout)))
	assert.Zero(t, b.logs.LogRecordCount())
	for _, m := range last(t, b.metrics.AllMetrics()).ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		assert.NotEqual(t, pmetric.MetricTypeHistogram, m.Type(), m.Name())
	}
}

func TestSelfTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(t.Context())) }()
	set := receivertest.NewNopSettings(metadata.Type)
	set.ID, set.TelemetrySettings = component.NewID(metadata.Type), tel.NewTelemetrySettings()
	cfg := servers(testConfig(), "a")
	r, err := newRadiusReceiver(set, cfg, func(radiuscheck.Config) (checker, error) { return &fakeChecker{}, nil })
	require.NoError(t, err)
	r.out.ctx = t.Context()
	s, err := r.newServer(&cfg.Servers[0], noon)
	require.NoError(t, err)
	r.servers = append(r.servers, s)
	r.schedule, r.status = polling.New(polling.Config{}, nil), polling.NewStatus(nopHost, 1, nonePasses)
	require.NoError(t, r.telemetry.observe(r))
	s.checker.(*fakeChecker).resting = true
	s.checker.(*fakeChecker).round = func(context.Context) ([]radiuscheck.Result, error) {
		return []radiuscheck.Result{failed(radiuscheck.Status, radiuscheck.Timeout)}, nil
	}
	r.round(t.Context(), s, time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.round(ctx, s, 0)
	r.telemetry.skipped(2)
	for _, name := range []string{
		"otelcol_radius_rounds_started", "otelcol_radius_checks_failed", "otelcol_radius_checks_cancelled", "otelcol_radius_checks_skipped",
		"otelcol_radius_logins_resting", "otelcol_radius_rounds_limit", "otelcol_radius_round_duration", "otelcol_radius_start_delay",
	} {
		_, err := tel.GetMetric(name)
		require.NoError(t, err, name)
	}
	r.telemetry.shutdown()
}

func TestSharedInstance(t *testing.T) {
	f := NewFactory()
	cfg := servers(testConfig(), "127.0.0.1")
	set := receivertest.NewNopSettings(metadata.Type)
	m, err := f.CreateMetrics(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	l, err := f.CreateLogs(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	tr, err := f.CreateTraces(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	assert.Equal(t, m, l)
	assert.Equal(t, any(m), any(tr))
	require.NoError(t, m.Shutdown(t.Context()))
}

func BenchmarkReport(b *testing.B) {
	for _, signal := range []string{"metrics", "logs", "traces"} {
		b.Run(signal, func(b *testing.B) {
			x := newBench(b, nil)
			x.out.ctx = context.Background()
			x.out.nextMetrics, x.out.nextLogs, x.out.nextTraces = consumertest.NewNop(), consumertest.NewNop(), consumertest.NewNop()
			if signal != "metrics" {
				x.out.metrics = nil
			}
			if signal != "logs" {
				x.out.logs = nil
			}
			if signal != "traces" {
				x.out.traces = nil
			}
			f := found(good(radiuscheck.Status), failed(radiuscheck.MSCHAPv2, radiuscheck.Timeout))
			f.at = noon
			b.ReportAllocs()
			for b.Loop() {
				x.report(x.server, f)
			}
		})
	}
}
