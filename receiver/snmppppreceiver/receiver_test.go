package snmppppreceiver

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadatatest"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

var nop = componenttest.NewNopHost()

// with is a factory whose agents all are p.
func with(p poller) receiver.Factory {
	return newFactory(func(t snmpppp.Target) (poller, error) {
		if f, ok := p.(*fakePoller); ok {
			f.target = t
		}
		return p, nil
	})
}

// always answers.
func always() *fakePoller {
	return &fakePoller{polls: func(n int) (*snapshot.Snapshot, error) { return gateway(n, 1, 2), nil }}
}

// calm is a configuration without anything random.
func calm(endpoints ...string) *Config {
	cfg := agents(testConfig(), endpoints...)
	cfg.Jitter = 0
	return cfg
}

// pass lets time pass in the bubble of a test, and all that happens in it happen.
func pass(d time.Duration) {
	t := time.NewTimer(d)
	<-t.C
	synctest.Wait()
}

// statusHost remembers what the component reports.
type statusHost struct {
	component.Host
	events []*componentstatus.Event
}

func (h *statusHost) Report(e *componentstatus.Event) { h.events = append(h.events, e) }

func TestOnePollFeedsBothSignals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fakePoller{polls: func(n int) (*snapshot.Snapshot, error) { return gateway(n, 1+n), nil }}
		f, cfg := with(p), calm("vpn1.example.com")
		var metrics consumertest.MetricsSink
		var logs consumertest.LogsSink
		set := receivertest.NewNopSettings(metadata.Type)
		m, err := f.CreateMetrics(t.Context(), set, cfg, &metrics)
		require.NoError(t, err)
		l, err := f.CreateLogs(t.Context(), set, cfg, &logs)
		require.NoError(t, err)
		require.NoError(t, m.Start(t.Context(), nop))
		require.NoError(t, l.Start(t.Context(), nop))
		pass(3 * time.Minute)
		require.NoError(t, m.Shutdown(t.Context()))
		require.NoError(t, l.Shutdown(t.Context()))

		assert.Equal(t, 3, p.count(), "one poll a minute, whatever the number of signals")
		assert.Equal(t, theSecret, p.target.Auth.Community)
		require.Len(t, metrics.AllMetrics(), 3)
		require.Len(t, logs.AllLogs(), 2, "nothing changed before the first poll")
		assert.Equal(t, metrics.AllMetrics()[0].ResourceMetrics().At(0).Resource().Attributes().AsRaw(),
			logs.AllLogs()[0].ResourceLogs().At(0).Resource().Attributes().AsRaw())
	})
}

func TestOneSignalAlone(t *testing.T) {
	for name, create := range map[string]func(receiver.Factory, *Config) (component.Component, func() int, error){
		"metrics": func(f receiver.Factory, c *Config) (component.Component, func() int, error) {
			s := new(consumertest.MetricsSink)
			r, err := f.CreateMetrics(t.Context(), receivertest.NewNopSettings(metadata.Type), c, s)
			return r, func() int { return len(s.AllMetrics()) }, err
		},
		"logs": func(f receiver.Factory, c *Config) (component.Component, func() int, error) {
			s := new(consumertest.LogsSink)
			r, err := f.CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), c, s)
			return r, func() int { return len(s.AllLogs()) }, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &fakePoller{polls: func(int) (*snapshot.Snapshot, error) { return nil, failed(walk.KindTimeout) }}
				r, count, err := create(with(p), calm("vpn1.example.com"))
				require.NoError(t, err)
				require.NoError(t, r.Start(t.Context(), nop))
				pass(30 * time.Second)
				require.NoError(t, r.Shutdown(t.Context()))
				assert.Equal(t, 1, count())
			})
		})
	}
}

func TestDownstreamErrorsDoNotStopTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &fakePoller{polls: func(n int) (*snapshot.Snapshot, error) { return gateway(n, 1+n), nil }}
		f, cfg := with(p), calm("vpn1.example.com")
		tel := componenttest.NewTelemetry()
		defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
		set := metadatatest.NewSettings(tel)
		m, err := f.CreateMetrics(t.Context(), set, cfg, consumertest.NewErr(errors.New("refused")))
		require.NoError(t, err)
		var logs consumertest.LogsSink
		_, err = f.CreateLogs(t.Context(), set, cfg, &logs)
		require.NoError(t, err)
		require.NoError(t, m.Start(t.Context(), nop))
		pass(5 * time.Minute)
		require.NoError(t, m.Shutdown(t.Context()))
		assert.Len(t, logs.AllLogs(), 4, "what one signal refuses reaches the other")
		refused, err := tel.GetMetric("otelcol_receiver_refused_metric_points")
		require.NoError(t, err)
		assert.Positive(t, refused.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
	})
}

func TestSelfTelemetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
		p := &fakePoller{takes: 70 * time.Second, polls: func(n int) (*snapshot.Snapshot, error) {
			if n == 0 {
				return nil, failed(walk.KindTimeout)
			}
			return gateway(n, 1, 2), nil
		}}
		set := metadatatest.NewSettings(tel)
		cfg := calm("vpn1.example.com", "vpn2.example.com")
		cfg.MaxConcurrent = 1
		cfg.SessionMetrics.Mode, cfg.SessionMetrics.MaxSessions = sessionsTop, 1
		r, err := with(p).CreateMetrics(t.Context(), set, cfg, consumertest.NewNop())
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context(), nop))
		pass(190 * time.Second)

		id := attribute.NewSet(attribute.String("receiver", set.ID.String()))
		point := func(v int64) []metricdata.DataPoint[int64] {
			return []metricdata.DataPoint[int64]{{Attributes: id, Value: v}}
		}
		opt := metricdatatest.IgnoreTimestamp()
		metadatatest.AssertEqualSnmpPppAgents(t, tel, point(2), opt)
		metadatatest.AssertEqualSnmpPppAgentsFailing(t, tel, point(1), opt)
		metadatatest.AssertEqualSnmpPppPollsActive(t, tel, point(1), opt)
		metadatatest.AssertEqualSnmpPppPollsLimit(t, tel, point(1), opt)
		metadatatest.AssertEqualSnmpPppQueueSize(t, tel, point(1), opt)
		metadatatest.AssertEqualSnmpPppPollsStarted(t, tel, point(3), opt)
		metadatatest.AssertEqualSnmpPppPollsFailed(t, tel, point(1), opt)
		metadatatest.AssertEqualSnmpPppPollsSkipped(t, tel, point(3), opt)
		metadatatest.AssertEqualSnmpPppRequests(t, tel, point(15), opt)
		metadatatest.AssertEqualSnmpPppSessionSeries(t, tel, point(1), opt)
		metadatatest.AssertEqualSnmpPppSessionSeriesLimit(t, tel, point(10_000), opt)
		metadatatest.AssertEqualSnmpPppSeriesDropped(t, tel, []metricdata.DataPoint[int64]{{
			Attributes: attribute.NewSet(attribute.String("receiver", set.ID.String()), attribute.String("reason", "sessions")), Value: 1,
		}}, opt)
		require.NoError(t, r.Shutdown(t.Context()))
	})
}

func TestStatusOnlyWhenNoAgentAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		dial := func(snmpppp.Target) (poller, error) {
			n++
			up := n == 1
			return &fakePoller{polls: func(n int) (*snapshot.Snapshot, error) {
				if up && n != 2 {
					return gateway(n, 1), nil
				}
				return nil, failed(walk.KindWrongDigest)
			}}, nil
		}
		r, err := newFactory(dial).CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type),
			calm("vpn1.example.com", "vpn2.example.com"), consumertest.NewNop())
		require.NoError(t, err)
		host := &statusHost{Host: nop}
		require.NoError(t, r.Start(t.Context(), host))
		pass(5 * time.Minute)
		require.NoError(t, r.Shutdown(t.Context()))
		var got []componentstatus.Status
		for _, e := range host.events {
			got = append(got, e.Status())
		}
		assert.Equal(t, []componentstatus.Status{
			componentstatus.StatusStarting,
			componentstatus.StatusOK,
			componentstatus.StatusRecoverableError, // one failed before, and now the other
			componentstatus.StatusOK,
			componentstatus.StatusStopping, componentstatus.StatusStopped,
		}, got)
		assert.ErrorContains(t, host.events[2].Err(), "wrong_digest")
	})
}

func TestShutdownEndsPollsWithoutReportingThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := always()
		p.takes = 20 * time.Second
		var metrics consumertest.MetricsSink
		r, err := with(p).CreateMetrics(t.Context(), receivertest.NewNopSettings(metadata.Type), calm("vpn1.example.com"), &metrics)
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context(), nop))
		pass(10 * time.Second)
		require.NoError(t, r.Shutdown(t.Context()))
		require.NoError(t, r.Shutdown(t.Context()), "twice")
		assert.Equal(t, 1, p.count())
		assert.Empty(t, metrics.AllMetrics(), "our shutdown is not the agent's failure")
	})
}

// stubborn ends its polls only when it is told to.
type stubborn chan struct{}

func (s stubborn) Poll(context.Context) (*snapshot.Snapshot, error) {
	<-s
	return gateway(0, 1), nil
}

func (s stubborn) Stats() walk.Stats { return walk.Stats{} }

func TestShutdownHonoursItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := make(stubborn)
		var metrics consumertest.MetricsSink
		r, err := with(p).CreateMetrics(t.Context(), receivertest.NewNopSettings(metadata.Type), calm("vpn1.example.com"), &metrics)
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context(), nop))
		pass(10 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, r.Shutdown(ctx), context.DeadlineExceeded)
		close(p)
		synctest.Wait()
		assert.Empty(t, metrics.AllMetrics(), "nothing is passed on after Shutdown")
	})
}

func TestShutdownWithoutStart(t *testing.T) {
	r, err := with(always()).CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), calm("vpn1.example.com"), consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, r.Shutdown(t.Context()))
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestStartRefusesWhatTheDomainRefuses(t *testing.T) {
	r, err := NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), calm("vpn1.example.com", "vpn1.example.com:0"), consumertest.NewNop())
	require.NoError(t, err)
	r2, err := NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), &Config{
		MaxConcurrent: 1, Agents: []AgentConfig{{Endpoint: "vpn1.example.com"}},
	}, consumertest.NewNop())
	require.NoError(t, err)
	require.ErrorContains(t, r2.Start(t.Context(), nop), "community")
	require.NoError(t, r2.Shutdown(t.Context()))
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestNothingIsPassedOnIfNothingIsWanted(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.Metrics.Metrics = metadata.MetricsConfig{}
		c.Logs.Events = metadata.EventsConfig{}
	})
	b.run(polls{gateway(0, 1), gateway(1, 2), failed(walk.KindTimeout)})
	assert.Empty(t, b.metricsSink.AllMetrics())
	assert.Empty(t, b.logsSink.AllLogs())
}
