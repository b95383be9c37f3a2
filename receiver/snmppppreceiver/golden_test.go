package snmppppreceiver

import (
	"flag"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing to them")

// change applies f to a snapshot.
func change(s *snapshot.Snapshot, f func(*snapshot.Snapshot)) *snapshot.Snapshot {
	f(s)
	return s
}

func plainUsers(c *Config) { c.UserName = privacy.Plain }

func TestGolden(t *testing.T) {
	restart := func(s *snapshot.Snapshot) {
		s.Agent.Uptime, s.Agent.EngineBoots, s.Agent.HostUptime = 30*time.Second, 4, 45*time.Second
	}
	host := func(s *snapshot.Snapshot) { s.Agent.HostUptime = 200 * time.Hour }
	tests := []struct {
		name   string
		change func(*Config)
		polls  polls
	}{
		{"first", nil, polls{gateway(0, 1, 2, 3)}},
		// One is there no more, one is new, and one began again.
		{"sessions_change", plainUsers, polls{gateway(0, 1, 2, 3), change(gateway(1, 2, 3, 4), func(s *snapshot.Snapshot) {
			s.Sessions[0].Duration, s.Sessions[0].Started = 20*time.Second, noon.Add(40*time.Second)
			s.Sessions[0].Traffic.OctetsIn.Value = 7
			s.Measures[1].Count.Value = 60
			s.Failures = []snapshot.Failure{{Key: "mallory", User: "mallory", Peer: session(9).Peer, Reason: "authentication failure", Count: 3, Time: noon.Add(30 * time.Second)}}
		})}},
		{"hashed", func(c *Config) { c.UserName, c.ClientAddress, c.HashKey = privacy.Hash, privacy.Hash, "key" }, polls{gateway(0, 1), gateway(1, 2)}},
		{"dropped", func(c *Config) { c.ClientAddress = privacy.Drop }, polls{gateway(0, 1), gateway(1, 2)}},
		{"flapping", plainUsers, polls{gateway(0, 1), gateway(1), gateway(2, 1), gateway(3)}},
		{"never_answered", nil, polls{failed(walk.KindUnknownUser)}},
		{"failing", nil, polls{gateway(0, 1, 2), failed(walk.KindTimeout), failed(walk.KindRefused)}},
		{"recovered", nil, polls{gateway(0, 1, 2), failed(walk.KindTimeout), gateway(2, 1, 2)}},
		// Fewer sessions than there were are no sessions that ended.
		{"partial", nil, polls{gateway(0, 1, 2, 3), truncated(gateway(1, 1))}},
		{"partial_recovered", nil, polls{gateway(0, 1, 2, 3), truncated(gateway(1, 1)), gateway(2, 1, 2, 3)}},
		{"restarted", nil, polls{change(gateway(0, 1, 2), host), change(gateway(1, 2), restart)}},
		{"poptop", nil, polls{poptop(0, 700), poptop(1, 700)}},
		{"daemon_missing", nil, polls{poptop(0, 700), poptop(1, 0)}},
		{"daemon_restarted", nil, polls{poptop(0, 700), poptop(1, 0), poptop(2, 701), poptop(3, 702)}},
		// An agent that stops answering in the middle says nothing of what comes after.
		{"cut_short", nil, polls{poptop(0, 700), change(poptop(1, 0), func(s *snapshot.Snapshot) {
			s.Sessions, s.SessionsComplete, s.Source = nil, false, "hr-processes/processes"
			s.Processes, s.Measures = nil, nil
			s.Partial = []snapshot.Partial{{Kind: walk.KindTimeout, Detail: "the rest was not asked for"}}
		})}},
		{"tunnels_counted", nil, polls{change(gateway(0, 1), func(s *snapshot.Snapshot) {
			s.Tunnels = nil
			s.Measures = append(s.Measures, gauge("tunnels.active", "a", 2), gauge("tunnels.active", "b", 3))
		})}},
		{"scalars", nil, polls{change(poptop(0, 700), func(s *snapshot.Snapshot) {
			s.Measures = append(s.Measures, gauge("sessions.active", "", 7), gauge("sessions.starting", "", 2))
		})}},
		{"everything", func(c *Config) {
			c.Metrics.Metrics.SnmpAgentCapability.Enabled, c.Metrics.Metrics.PptpProcessLimit.Enabled = true, true
			c.Metrics.Metrics.PptpSourceSessions.Enabled = true
			c.Metrics.ResourceAttributes.SnmpAgentDescription.Enabled, c.Metrics.ResourceAttributes.SnmpAgentObjectID.Enabled = true, true
			c.Vantage = "office"
		}, polls{everything(), everything()}},
		{"top", func(c *Config) {
			c.UserName = privacy.Plain
			c.SessionMetrics.Mode, c.SessionMetrics.Top = sessionsTop, 2
		}, polls{gateway(0, 1, 2, 3), gateway(1, 1, 3)}},
		{"match", func(c *Config) {
			c.UserName, c.HashKey = privacy.Hash, "key"
			c.SessionMetrics.Mode, c.SessionMetrics.Match = sessionsMatch, []string{"^user2$", "^Virtual-Access3$"}
		}, polls{gateway(0, 1, 2, 3)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, tt.change)
			b.run(tt.polls)
			metrics, logs := b.lastMetrics(t), b.events()
			file := func(signal string) string { return filepath.Join("testdata", "golden", tt.name+"_"+signal+".yaml") }
			if *update {
				require.NoError(t, golden.WriteMetrics(t, file("metrics"), metrics, golden.SkipMetricTimestampNormalization()))
				require.NoError(t, golden.WriteLogs(t, file("logs"), logs))
				return
			}
			wantMetrics, err := golden.ReadMetrics(file("metrics"))
			require.NoError(t, err)
			require.NoError(t, pmetrictest.CompareMetrics(wantMetrics, metrics, pmetrictest.IgnoreMetricsOrder(),
				pmetrictest.IgnoreMetricDataPointsOrder()))
			wantLogs, err := golden.ReadLogs(file("logs"))
			require.NoError(t, err)
			require.NoError(t, plogtest.CompareLogs(wantLogs, logs))
		})
	}
}
