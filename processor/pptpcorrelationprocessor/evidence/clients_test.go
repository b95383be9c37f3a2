package evidence

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// clientLog feeds sessions of clients to a reader and an engine.
type clientLog struct {
	t      *testing.T
	r      *Reader
	engine *health.Engine
	at     time.Time
}

func newClientLog(t *testing.T) *clientLog {
	t.Helper()
	engine, err := health.New(health.Config{Learn: true})
	require.NoError(t, err)
	return &clientLog{t, newReader(t, Config{}), engine, start}
}

func (l *clientLog) tell(name, client string, a attrs) []health.Evidence {
	l.t.Helper()
	l.at = l.at.Add(time.Second)
	if a == nil {
		a = attrs{}
	}
	a["pptp.log.program"], a["client.address"] = "pptpd", client
	got := l.r.event(l.at, name, ofGateway, a)
	for i := range got {
		o := l.engine.Observe(l.at, &got[i])
		assert.Contains(l.t, []health.Outcome{health.Accepted, health.Duplicate, health.Superseded}, o, words(got[i:i+1]))
	}
	l.engine.Evaluate(l.at)
	return got
}

func (l *clientLog) established(client string) { l.tell("pptp.session.established", client, nil) }
func (l *clientLog) failed(client, errorType, reason string) []health.Evidence {
	return l.tell("pptp.session.failed", client, attrs{"error.type": errorType, "pptp.session.reason": reason})
}

func (l *clientLog) causes() []string {
	v, ok := l.engine.Verdict("vpn-1")
	require.True(l.t, ok)
	return append([]string{v.Cause}, v.Also...)
}

func find(list []health.Evidence, signal string) *health.Evidence {
	for i := range list {
		if list[i].Signal == signal {
			return &list[i]
		}
	}
	return nil
}

func TestManyClientsRejected(t *testing.T) {
	l := newClientLog(t)
	var got []health.Evidence
	for i := range 12 {
		got = l.failed(fmt.Sprintf("client-%d", i), "auth.rejected", "")
	}
	ev := find(got, "log.auth")
	require.NotNil(t, ev)
	assert.Equal(t, uint32(12), ev.Bad)
	assert.Equal(t, uint32(12), ev.Total)
	assert.Empty(t, ev.Peer, "it is about all")
	assert.Contains(t, l.causes(), "auth_rejects_surge")
}

func TestOneClientFailsAgainAndAgain(t *testing.T) {
	l := newClientLog(t)
	for i := range 20 {
		l.established(fmt.Sprintf("client-%d", i))
		if i%2 == 0 {
			l.failed("unlucky", "lcp.timeout", "")
		}
	}
	assert.Equal(t, []string{"client_side"}, l.causes())
	v, _ := l.engine.Verdict("vpn-1")
	assert.Equal(t, health.Healthy, v.State)
}

func TestFewFailuresAmongMany(t *testing.T) {
	l := newClientLog(t)
	for i := range 50 {
		l.established(fmt.Sprintf("client-%d", i))
		if i%12 == 5 {
			l.failed(fmt.Sprintf("other-%d", i), "lcp.timeout", "")
		}
	}
	assert.Equal(t, []string{""}, l.causes())
}

func TestDirectionOfLCP(t *testing.T) {
	l := newClientLog(t)
	for range repeatsOfClient { // one client is told once it fails again and again
		l.failed("c", "lcp.timeout", "")
	}
	for reason, want := range map[string]string{"sent_only": "sent_only", "received_only": "received_only", "hang_up": "timeout", "": "timeout"} {
		ev := find(l.failed("c", "lcp.timeout", reason), "log.lcp")
		require.NotNil(t, ev)
		assert.Equal(t, want, ev.Value, reason)
	}
	assert.Nil(t, find(l.failed("c", "unknown", "hang_up"), "log.lcp"), "why is not known")
}

func TestWholeIsWhoCameAsFar(t *testing.T) {
	l := newClientLog(t)
	for i := range 6 {
		l.failed(fmt.Sprintf("lcp-%d", i), "lcp.timeout", "")
	}
	for i := range 4 {
		l.failed(fmt.Sprintf("auth-%d", i), "auth.rejected", "")
	}
	ev := find(l.failed("a", "auth.rejected", ""), "log.auth")
	require.NotNil(t, ev)
	assert.Equal(t, uint32(5), ev.Total, "the others did not get to authentication")
}

func TestMassDisconnect(t *testing.T) {
	l := newClientLog(t)
	for i := range 40 {
		l.established(fmt.Sprintf("client-%d", i))
	}
	end := func(i int, reason string) *health.Evidence {
		return find(l.tell("pptp.session.closed", fmt.Sprintf("client-%d", i), attrs{
			"pptp.session.outcome": "established", "pptp.session.reason": reason, "pptp.session.duration": 600.0, "pptp.session.io.receive": 1000,
		}), "log.disconnects")
	}
	for i := range 10 {
		ev := end(i, "User request")
		assert.Equal(t, "ok", ev.Value, "whoever wants to go")
		assert.Zero(t, ev.Total)
	}
	l.at = l.at.Add(2 * time.Minute)
	var ev *health.Evidence
	for i := range 25 {
		ev = end(10+i, "")
	}
	assert.Equal(t, uint32(25), ev.Bad)
	assert.Equal(t, uint32(30), ev.Total)
	assert.Contains(t, l.causes(), "mass_disconnect")
}

func TestEndsOfSessions(t *testing.T) {
	l := newClientLog(t)
	var got []health.Evidence
	for i := range 8 {
		got = l.tell("pptp.session.closed", fmt.Sprint(i), attrs{
			"pptp.session.outcome": "established", "pptp.session.duration": 30.0, "pptp.session.io.receive": 0, "error.type": "lcp.echo_timeout",
		})
	}
	for signal, want := range map[string]string{"log.echo": "timeout", "log.short_sessions": "many", "log.traffic": "none_received"} {
		ev := find(got, signal)
		require.NotNil(t, ev, signal)
		assert.Equal(t, want, ev.Value)
		assert.Equal(t, uint32(8), ev.Bad, signal)
		assert.Equal(t, uint32(8), ev.Total, signal)
	}
	assert.Nil(t, find(l.tell("pptp.session.closed", "x", attrs{"pptp.session.outcome": "abandoned"}), "log.echo"), "it was never up")
}

func TestSameClientAgainAndAgain(t *testing.T) {
	l := newClientLog(t)
	lost := func(client, reason string) *health.Evidence {
		return find(l.tell("pptp.session.closed", client, attrs{"pptp.session.outcome": "established", "pptp.session.reason": reason}), "log.repeats")
	}
	for i := range 3 {
		assert.Nil(t, lost("restless", "hangup"))
		assert.Nil(t, lost(fmt.Sprint(i), "hangup"))
		assert.Nil(t, lost("restless", "User request"), "in good order")
	}
	assert.NotNil(t, lost("restless", "hangup"))
}

// TestUsersAreWhoIsTurnedAway: users behind one address are not one.
func TestUsersAreWhoIsTurnedAway(t *testing.T) {
	l := newClientLog(t)
	var got []health.Evidence
	for i := range 8 {
		got = l.tell("pptp.session.failed", "nat", attrs{"error.type": "auth.rejected", "user.name": fmt.Sprint(i)})
	}
	ev := find(got, "log.auth")
	require.NotNil(t, ev)
	assert.Equal(t, uint32(8), ev.Bad)
}
