package snmppppreceiver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

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
