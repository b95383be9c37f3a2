package pptplog

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/line"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/session"
)

// The same session by lines, by messages, and by events of Windows.
func TestEngine(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var told []string
	var hosts []string
	e, err := New(Config{
		OnEvent: func(e *event.Event) {
			hosts = append(hosts, e.Host)
			e.Host = "renamed " + e.Host
		},
		Session: session.Config{OnSession: func(c session.Change, s *session.Session) { told = append(told, c.String()+" "+s.Host) }},
	})
	require.NoError(t, err)

	assert.True(t, e.Line(now, "elsewhere", []byte("Nov 22 12:00:00 gw1 pptpd[7]: CTRL: Client 198.51.100.7 control connection started")))
	assert.True(t, e.LineString(now, "gw2", "pptpd[7]: CTRL: Client 198.51.100.7 control connection started"))
	assert.False(t, e.LineString(now, "gw2", "Nov 22 12:00:00 gw1 sshd[7]: hello"))
	h := line.Header{Host: "gw3", Program: "pptpd", PID: 7, Time: now, Arrival: now}
	assert.True(t, e.Message(now, h, "CTRL: Client 198.51.100.7 control connection started"))
	assert.True(t, e.Windows(now, line.Header{Host: "gw4", Arrival: now}, 20271, []string{"{NA}", "eve", "198.51.100.7", "denied"}))
	e.Tick(now.Add(time.Minute))
	assert.Equal(t, []string{"gw1", "gw2", "gw3", "gw4"}, hosts)
	assert.Equal(t, []string{"opened renamed gw1", "opened renamed gw2", "opened renamed gw3", "failed renamed gw4"}, told)

	e.Forget("renamed gw1")
	assert.Equal(t, "closed renamed gw1", told[4])
	e.Tick(now.Add(2 * time.Minute))
	s := e.Stats()
	assert.EqualValues(t, 5, s.Lines.Lines)
	assert.Equal(t, 2, s.Sessions.Sessions)
}

func TestNewFails(t *testing.T) {
	_, err := New(Config{Line: line.Config{Patterns: []byte("program: [")}})
	require.ErrorContains(t, err, "patterns")
	_, err = New(Config{Session: session.Config{TTL: -1}})
	require.ErrorContains(t, err, "ttl")
}
