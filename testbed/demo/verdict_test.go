package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// logs are one event with these attributes.
func logs(t *testing.T, name string, attributes map[string]any) plog.Logs {
	t.Helper()
	ld := plog.NewLogs()
	r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetEventName(name)
	r.SetTimestamp(1_800_000_000_000_000_000)
	require.NoError(t, r.Attributes().FromRaw(attributes))
	return ld
}

func TestVerdict(t *testing.T) {
	broken := map[string]any{
		"pptp.gateway.id": "gw", "pptp.gateway.state": "down", "pptp.root_cause": "gre_blackhole_bidirectional",
		"pptp.root_cause.title": "GRE is lost in both directions", "pptp.severity": "critical", "pptp.confidence": 0.684,
		"pptp.hint": "Let IP protocol 47 through.",
		"pptp.evidence": []any{
			map[string]any{"role": "required", "finding": "holds", "text": "probe.gre_rx: none", "source": "probe"},
			map[string]any{"role": "supporting", "finding": "missing", "text": "log.lcp: timeout"},
			map[string]any{"role": "contradicting", "finding": "refuted", "text": "netflow.gre: ok"},
			map[string]any{"role": "contradicting", "finding": "holds", "text": "log.sessions: ok", "source": "log"},
		},
	}
	for name, test := range map[string]struct {
		event      string
		attributes map[string]any
		want       string
	}{
		"broken": {verdictChanged, broken, `
TIME  >> gw is DOWN: GRE is lost in both directions
          cause       gre_blackhole_bidirectional, severity critical, confidence 0.68
          evidence    + probe.gre_rx: none (probe)
                      - log.sessions: ok (log)
          what to do  Let IP protocol 47 through.
`},
		"works":         {verdictChanged, map[string]any{"pptp.gateway.id": "gw", "pptp.gateway.state": "healthy"}, "\nTIME  >> gw is HEALTHY\n"},
		"another event": {"pptp.gateway.incident.opened", broken, "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			(&view{out: &out}).showLogs(logs(t, test.event, test.attributes))
			at := time.Unix(1_800_000_000, 0).Format(time.TimeOnly)
			assert.Equal(t, strings.ReplaceAll(strings.TrimPrefix(test.want, "\n"), "TIME", at), out.String())
		})
	}
}

func TestSettings(t *testing.T) {
	set, err := fromEnvironment()
	require.NoError(t, err)
	assert.Equal(t, 15*time.Second, set.faultAfter)

	t.Setenv("FAULT_AFTER", "1m")
	t.Setenv("SESSIONS", "3")
	set, err = fromEnvironment()
	require.NoError(t, err)
	assert.Equal(t, time.Minute, set.faultAfter)
	assert.Equal(t, 3, set.sessions)

	t.Setenv("SESSIONS", "no")
	_, err = fromEnvironment()
	assert.ErrorContains(t, err, "SESSIONS")
	t.Setenv("SESSIONS", "")
	t.Setenv("FAULT_AFTER", "soon")
	_, err = fromEnvironment()
	assert.ErrorContains(t, err, "FAULT_AFTER")
}

func TestUnknownFault(t *testing.T) {
	_, err := startSite(t.Context(), "no_such_fault")
	assert.ErrorContains(t, err, `FAULT="no_such_fault" is unknown`)
}
