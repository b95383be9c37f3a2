package snmppppreceiver

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	testagent "github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
)

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
