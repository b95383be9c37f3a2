package health

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// evaluated evaluates every ten seconds for a time, and returns the incidents that were opened.
func evaluated(t *testing.T, c Config, length time.Duration) (e *Engine, opened []string) {
	t.Helper()
	c.Gateways = []Gateway{{ID: "vpn-1"}}
	c.OnEvent = func(ev *Event) {
		if ev.Kind == IncidentOpened {
			opened = append(opened, ev.Incident.Cause)
		}
	}
	e, err := New(c)
	require.NoError(t, err)
	for at := time.Duration(0); at < length; at += 10 * time.Second {
		e.Evaluate(start.Add(at))
	}
	return e, opened
}

func TestWhatHasNotComeYetIsNotMissing(t *testing.T) {
	_, opened := evaluated(t, Config{}, 90*time.Second)
	assert.Empty(t, opened, "it may still come")
	_, opened = evaluated(t, Config{}, 3*time.Minute)
	assert.Equal(t, []string{"telemetry_gap"}, opened)
}

func TestUnexpectedGatewayIsNoGap(t *testing.T) {
	_, opened := evaluated(t, Config{Unexpected: true}, time.Hour)
	assert.Empty(t, opened)
}

func TestOneFailureIsNotHealthy(t *testing.T) {
	e, _ := evaluated(t, Config{}, 10*time.Second)
	require.Equal(t, Accepted, e.Observe(start.Add(10*time.Second), &Evidence{Gateway: "vpn-1", Signal: "probe.tcp", Value: "refused", At: start.Add(10 * time.Second)}))
	e.Evaluate(start.Add(10 * time.Second))
	v, ok := e.Verdict("vpn-1")
	require.True(t, ok)
	assert.Equal(t, Unknown, v.State, "nothing says that it works")
	assert.True(t, e.Knows("vpn-1"))
	assert.False(t, e.Knows("vpn-2"))
	e.Evaluate(start.Add(10 * time.Minute))
	assert.Equal(t, 1, e.Stats().Stale)
}
