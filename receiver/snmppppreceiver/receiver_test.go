package snmppppreceiver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadatatest"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
	testagent "github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
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

// Whatever happens, no secret and no name that may not be told gets out, and no
// metric has a series twice.
func TestOutputs(t *testing.T) {
	for _, mode := range privacy.Modes {
		b := newBench(t, func(c *Config) {
			c.UserName, c.ClientAddress = mode, mode
			c.SessionMetrics.Mode = sessionsTop
			c.Logs.Events.SnmpSnapshotPartial.Enabled = true
		})
		named := gateway(4, 1, 2)
		named.Sessions[1].Interface = "<pptp-user2>"
		b.run(polls{gateway(0, 1, 2), gateway(1, 2, 3), failed(walk.KindTimeout), truncated(gateway(3)), named, gateway(5)})
		var text strings.Builder
		for _, m := range b.metricsSink.AllMetrics() {
			j, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(m)
			require.NoError(t, err)
			text.Write(j)
		}
		b.noSeriesTwice(t)
		for _, l := range b.logsSink.AllLogs() {
			j, err := (&plog.JSONMarshaler{}).MarshalLogs(l)
			require.NoError(t, err)
			text.Write(j)
		}
		out := text.String()
		assert.NotContains(t, out, theSecret)
		for _, personal := range []string{"user2", "198.51.100.2", "10.0.0.2"} {
			assert.Equal(t, mode == privacy.Plain, strings.Contains(out, personal), "%s: %s", mode, personal)
		}
		assert.Equal(t, mode != privacy.Drop, strings.Contains(out, `"user.name"`), mode)
	}
}

// With the same key a client has the same hash in every component, so that they can be
// joined.
func TestHashIsThatOfOthers(t *testing.T) {
	hashed := newTeller(&Config{ClientAddress: privacy.Hash, HashKey: "key"})
	s := session(2)
	assert.Equal(t, privacy.New(privacy.Hash, []byte("key")).Address(s.Peer), hashed.identity(&s).client)
}

func TestEventsAreBounded(t *testing.T) {
	b := newBench(t, func(c *Config) { c.MaxEvents = 2 })
	b.run(polls{poptop(0, 700), func() *snapshot.Snapshot {
		s := poptop(1, 0)
		for n := range 5 {
			s.Sessions = append(s.Sessions, session(n+1))
		}
		return s
	}()})
	var names []string
	records := b.events().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	for i := range records.Len() {
		names = append(names, records.At(i).EventName())
	}
	assert.ElementsMatch(t, []string{"pptp.daemon.missing", "pptp.session.opened"}, names, "what is about the gateway comes first")
	n, ok := b.point(t, "pptp.session.events", map[string]any{"pptp.session.event": "opened"})
	assert.True(t, ok)
	assert.InDelta(t, 5, n, 0, "but all are counted")
}

func TestEveryMeasureIsReported(t *testing.T) {
	// Joined with other things, in sessions.go, metrics.go, daemons.go and traffic.go.
	elsewhere := map[string]bool{
		"sessions.active": true, "sessions.starting": true, "sessions.closing": true, "tunnels.active": true, "process.count": true,
	}
	for _, m := range profile.Measures() {
		if elsewhere[m.Name] || strings.HasPrefix(m.Name, "payload.") {
			continue
		}
		sinks := gaugeSinks
		if m.Counter {
			sinks = counterSinks
		}
		assert.Contains(t, sinks, m.Name)
	}
}

func TestLabelsAreBounded(t *testing.T) {
	b := newBench(t, nil)
	s := gateway(0, 1)
	for i := range 3 * maxLabels {
		s.Measures = append(s.Measures, gauge("pool.used", strings.Repeat("x", i), 1))
	}
	b.run(polls{s})
	list := b.lastMetrics(t).ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	for i := range list.Len() {
		assert.LessOrEqual(t, pointsOf(list.At(i)).Len(), maxLabels, list.At(i).Name())
	}
}

func TestSessionSeriesAreBounded(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.UserName = privacy.Plain
		c.SessionMetrics = SessionMetricsConfig{Mode: sessionsMatch, Match: []string{"."}, Top: 1, MaxSessions: 3, MaxTotal: 2}
	})
	b.run(polls{gateway(0, 1, 2, 3, 4, 5), gateway(1, 2, 3, 4)})
	assert.Equal(t, int64(2), b.metrics.maker.series.count())
	for user, want := range map[string]bool{"user4": true, "user3": true, "user2": false} {
		_, ok := b.point(t, "pptp.session.uptime", map[string]any{"user.name": user})
		assert.Equal(t, want, ok, user)
	}
	// A user with several sessions, and sessions of which nothing may be told.
	twice := gateway(2, 1, 2)
	twice.Sessions[0].User, twice.Sessions[1].User = "user1", "user1"
	b.run(polls{twice})
	_, ok := b.point(t, "pptp.session.uptime", map[string]any{"network.interface.name": "Virtual-Access2", "user.name": "user1"})
	assert.True(t, ok)
	assert.Equal(t, int64(2), b.metrics.maker.series.count())
}

func TestStaleSessionsAreForgotten(t *testing.T) {
	b := newBench(t, nil)
	b.run(polls{gateway(0, 1, 2, 3)})
	up := map[string]any{"pptp.session.source": "cisco-vpdn/sessions", "pptp.session.state": "up"}
	for n := range staleAfter {
		b.run(polls{truncated(gateway(n+1, 1))})
		v, ok := b.point(t, "pptp.sessions", up)
		assert.True(t, ok)
		assert.InDelta(t, 3, v, 0, "not the one that was read")
	}
	b.run(polls{truncated(gateway(staleAfter+1, 1))})
	_, ok := b.point(t, "pptp.sessions", up)
	assert.False(t, ok, "not known any more")
}

// Agents of all kinds, polled over the network by the real poller.
func TestRealAgents(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "snmpppp", "testdata", "agents", "*.rows"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	sessions := map[string]float64{} // that are up, of each kind
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".rows")
		t.Run(name, func(t *testing.T) {
			b, s := pollFile(t, file, nil)
			v, ok := b.point(t, "snmp.agent.up", map[string]any{})
			assert.True(t, ok)
			assert.InDelta(t, 1, v, 0)
			v, ok = b.point(t, "snmp.agent.complete", map[string]any{})
			assert.True(t, ok)
			assert.InDelta(t, one(s.Complete()), v, 0)
			b.noSeriesTwice(t)
			for _, source := range []string{s.Source, scalarSource} {
				v, _ = b.point(t, "pptp.sessions", map[string]any{"pptp.session.source": source, "pptp.session.state": "up"})
				sessions[name] += v
			}
		})
	}
	for _, name := range []string{"cisco-ios", "linux-poptop", "routeros", "accel-ppp", "f5"} { //nolint:misspell // the system of MikroTik
		assert.Positive(t, sessions[name], name)
	}
	for _, name := range []string{"linux-listening", "windows", "ups", "cisco-ios-idle"} {
		assert.Zero(t, sessions[name], name)
	}
}

// noSeriesTwice fails if a metric of a report has two points with the same attributes.
func (b *bench) noSeriesTwice(t *testing.T) {
	for _, m := range b.metricsSink.AllMetrics() {
		list := m.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
		for i := range list.Len() {
			seen := map[string]bool{}
			points := pointsOf(list.At(i))
			for k := range points.Len() {
				key := encode(points.At(k).Attributes())
				assert.False(t, seen[key], "%s: twice: %q", list.At(i).Name(), key)
				seen[key] = true
			}
		}
	}
}

// pollFile polls an agent that serves a file of rows, as the configuration of b says.
func pollFile(t *testing.T, file string, change func(*Config)) (*bench, *snapshot.Snapshot) {
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	rows, err := testagent.Load(f)
	require.NoError(t, err)
	server, err := testagent.Start(rows, testagent.Config{})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	b := newBench(t, change)
	c := &b.cfg.Agents[0]
	c.Endpoint, c.Poll.Community = server.Addr().String(), "public"
	profiles, err := b.cfg.profileSet()
	require.NoError(t, err)
	p, err := newPoller(c.target(b.cfg, profiles))
	require.NoError(t, err)
	s, err := p.Poll(t.Context())
	require.NoError(t, err)
	b.run(polls{s})
	return b, s
}

// The profile of the example reads a device that nobody else knows.
func TestProfileOfTheExample(t *testing.T) {
	t.Setenv("SNMP_COMMUNITY", "public")
	cfg := example(t, "snmp_ppp-profile.yaml")
	b, s := pollFile(t, filepath.Join("testdata", "acme.rows"), func(c *Config) { c.Profiles = cfg.Profiles })
	assert.Equal(t, "acme-pptp/sessions", s.Source)
	for state, want := range map[string]float64{"up": 2, "starting": 1, "closing": 0} {
		v, ok := b.point(t, "pptp.sessions", map[string]any{"pptp.session.source": s.Source, "pptp.session.state": state})
		assert.True(t, ok)
		assert.InDelta(t, want, v, 0, state)
	}
	v, ok := b.point(t, "pptp.ip_pool.usage", map[string]any{"pptp.ip_pool.name": "clients", "pptp.ip_pool.state": "free"})
	assert.True(t, ok)
	assert.InDelta(t, 250, v, 0)
}
