package evidence

import (
	"encoding/csv"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// cause is a row of the closed list of the probe.
type cause struct{ stage, errorType, severity string }

func causes(t *testing.T) (list []cause) {
	t.Helper()
	f, err := os.Open("../../../pptpprobe/causes.csv")
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	for _, row := range rows[1:] {
		list = append(list, cause{row[0], row[1], row[2]})
	}
	return list
}

func newReader(t testing.TB, c Config) *Reader {
	t.Helper()
	r, err := NewReader(c)
	require.NoError(t, err)
	return r
}

// collect returns copies of the evidence that f tells.
func collect(f func(func(*health.Evidence))) (list []health.Evidence) {
	f(func(ev *health.Evidence) { list = append(list, *ev) })
	return list
}

// words writes evidence as "signal=value".
func words(list []health.Evidence) (out []string) {
	for i := range list {
		out = append(out, list[i].Signal+"="+list[i].Value)
	}
	return out
}

// sessionMetrics are those that the probe reports at the end of a session.
func sessionMetrics(end time.Time, depth, errorType, stage string) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	a := rm.Resource().Attributes()
	a.PutStr("pptp.gateway.id", "vpn-1")
	a.PutStr("pptp.target", "vpn-1")
	a.PutStr("pptp.vantage", "lon")
	list := rm.ScopeMetrics().AppendEmpty().Metrics()
	sum := func(name string, v int64, attrs ...string) {
		m := list.AppendEmpty()
		m.SetName(name)
		dp := m.SetEmptySum().DataPoints().AppendEmpty()
		dp.SetTimestamp(pcommon.NewTimestampFromTime(end))
		dp.SetIntValue(v)
		for i := 0; i < len(attrs); i += 2 {
			dp.Attributes().PutStr(attrs[i], attrs[i+1])
		}
	}
	if errorType == "" {
		sum("pptp.probe.up", 1)
	} else {
		sum("pptp.probe.up", 0)
		sum("pptp.probe.failing", 1, "error.type", errorType, "pptp.stage", stage)
	}
	for i, d := range []string{"gre", "auth", "network", "application"} {
		if strings.Contains("gre auth network application"[strings.Index("gre auth network application", d):], depth) && depth != "control" {
			sum([]string{"pptp.gre.data.ok", "pptp.auth.success", "pptp.mppe.decrypt.errors", "pptp.tunnel.icmp.loss"}[i], 0)
		}
	}
	return md
}

// sessionEvent is an event of the probe.
func sessionEvent(ld plog.Logs, name string, at time.Time, trace byte, attrs ...string) {
	rl := ld.ResourceLogs().AppendEmpty()
	a := rl.Resource().Attributes()
	a.PutStr("pptp.gateway.id", "vpn-1")
	a.PutStr("pptp.target", "vpn-1")
	a.PutStr("pptp.vantage", "lon")
	lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.SetEventName(name)
	lr.SetTimestamp(pcommon.NewTimestampFromTime(at))
	lr.SetTraceID(pcommon.TraceID{trace})
	for i := 0; i < len(attrs); i += 2 {
		lr.Attributes().PutStr(attrs[i], attrs[i+1])
	}
}

// TestEveryErrorType walks the closed list: each error.type is known to the table, and one that makes a
// session fail says which stage did, and that those before work.
func TestEveryErrorType(t *testing.T) {
	policy := map[string]bool{ // the end of a session as it was announced
		"hold.idle_timeout": true, "hold.session_timeout": true, "hold.traffic_limit": true, "hold.replaced": true,
	}
	book := health.DefaultCodebook()
	for _, c := range causes(t) {
		t.Run(c.errorType, func(t *testing.T) {
			r := newReader(t, Config{})
			_, known := r.stages.failures[c.errorType]
			require.True(t, known, "the table has no line for it")
			stage := c.stage
			switch stage { // as the probe calls the stage that was running
			case "mppe":
				stage = "ccp"
			case "ppp":
				stage = "lcp"
			case "local":
				stage = "gre"
			}
			list := collect(func(y func(*health.Evidence)) {
				r.Metrics(start, sessionMetrics(start, "application", c.errorType, stage), y)
			})
			// pptp.tunnel.icmp.loss of the fixture is 0: no evidence
			if c.severity == "warn" || c.severity == "info" {
				assert.Empty(t, list)
				return
			}
			var bad []health.Evidence
			engine, err := health.New(health.Config{Learn: true, Codebook: book})
			require.NoError(t, err)
			for i := range list {
				if list[i].Value != "ok" {
					bad = append(bad, list[i])
				}
				assert.Equal(t, health.Accepted, engine.Observe(start, &list[i]), words(list[i:i+1]))
			}
			if policy[c.errorType] {
				require.Empty(t, bad)
				require.NotEmpty(t, list)
				return
			}
			require.Len(t, bad, 1)
			order := r.stages.signals
			failed := -1
			for i, s := range order {
				if s == bad[0].Signal {
					failed = i
				}
			}
			for i := range list[:len(list)-1] {
				assert.Contains(t, order, list[i].Signal)
				if failed >= 0 {
					assert.Less(t, indexOf(order, list[i].Signal), failed, "a stage after the one that failed")
				}
			}
			if failed > 2 {
				assert.Contains(t, words(list), "probe.tcp=ok")
				assert.Contains(t, words(list), "probe.sccrp=ok")
			}
		})
	}
}

func indexOf(list []string, s string) int {
	for i := range list {
		if list[i] == s {
			return i
		}
	}
	return -1
}

func TestSuccessTellsAllStagesOfTheDepth(t *testing.T) {
	for depth, want := range map[string][]string{
		"control":     {"probe.tcp=ok", "probe.sccrp=ok"},
		"gre":         {"probe.tcp=ok", "probe.sccrp=ok", "probe.ocrp=ok", "probe.gre_rx=ok", "probe.lcp=ok"},
		"auth":        {"probe.tcp=ok", "probe.sccrp=ok", "probe.ocrp=ok", "probe.gre_rx=ok", "probe.lcp=ok", "probe.auth=ok"},
		"network":     {"probe.tcp=ok", "probe.sccrp=ok", "probe.ocrp=ok", "probe.gre_rx=ok", "probe.lcp=ok", "probe.auth=ok", "probe.mppe=ok", "probe.ipcp=ok"},
		"application": {"probe.tcp=ok", "probe.sccrp=ok", "probe.ocrp=ok", "probe.gre_rx=ok", "probe.lcp=ok", "probe.auth=ok", "probe.mppe=ok", "probe.ipcp=ok", "probe.data=ok"},
	} {
		t.Run(depth, func(t *testing.T) {
			r := newReader(t, Config{})
			assert.Equal(t, want, words(collect(func(y func(*health.Evidence)) { r.Metrics(start, sessionMetrics(start, depth, "", ""), y) })))

			r = newReader(t, Config{})
			ld := plog.NewLogs()
			sessionEvent(ld, "pptp.session.established", start, 1, "pptp.depth", depth)
			sessionEvent(ld, "pptp.session.closed", start.Add(time.Second), 1, "pptp.depth", depth)
			list := collect(func(y func(*health.Evidence)) { r.Logs(start, ld, y) })
			assert.Equal(t, want, words(list)[len(list)-len(want):])
			for i := range list {
				assert.Equal(t, [16]byte{1}, list[i].TraceID)
				assert.Equal(t, "lon", list[i].Vantage)
			}
		})
	}
}

// TestSessionIsOneRound: metrics and events of a session have the same time for the engine, whichever
// comes first, so that one failure is not taken for two, and what worked in it is told once.
func TestSessionIsOneRound(t *testing.T) {
	metrics := func(r *Reader, end time.Time) []health.Evidence {
		return collect(func(y func(*health.Evidence)) {
			r.Metrics(end, sessionMetrics(end, "network", "gre.no_reply", "gre"), y)
		})
	}
	events := func(r *Reader, end time.Time, trace byte) []health.Evidence {
		ld := plog.NewLogs()
		sessionEvent(ld, "pptp.session.failed", end.Add(-2*time.Second), trace, "pptp.depth", "network", "error.type", "gre.no_reply", "pptp.stage", "gre")
		return collect(func(y func(*health.Evidence)) { r.Logs(end, ld, y) })
	}
	for name, steps := range map[string]string{"metrics first": "meme", "events first": "emem", "events late": "mmee", "metrics only": "mm", "events only": "ee"} {
		t.Run(name, func(t *testing.T) {
			r := newReader(t, Config{})
			rounds := make(map[time.Time]bool)
			var nm, ne, worked int
			for _, s := range steps {
				var list []health.Evidence
				if s == 'm' {
					list = metrics(r, start.Add(time.Duration(nm)*10*time.Second))
					nm++
				} else {
					list = events(r, start.Add(time.Duration(ne)*10*time.Second), byte(ne+1))
					ne++
				}
				require.NotEmpty(t, list)
				rounds[list[len(list)-1].At] = true
				worked += strings.Count(strings.Join(words(list), " "), "probe.ocrp=ok")
				assert.Equal(t, "probe.gre_rx=none", words(list)[len(list)-1])
			}
			assert.Len(t, rounds, 2, "two sessions")
			assert.Equal(t, 2, worked)
		})
	}
}
