//go:build distribution && linux

package collector_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/collector"
)

// sender passes telemetry on by OTLP over HTTP.
type sender struct {
	t        *testing.T
	endpoint string
}

// post sends a request, and tries again until the collector is there.
func (s *sender) post(path string, body []byte, err error) {
	s.t.Helper()
	assert.NoError(s.t, err)
	assert.Eventually(s.t, func() bool { // not require: it is called from conditions
		res, err := http.Post("http://"+s.endpoint+path, "application/x-protobuf", bytes.NewReader(body))
		if err != nil {
			return false
		}
		_, _ = io.Copy(io.Discard, res.Body)
		return res.Body.Close() == nil && res.StatusCode == http.StatusOK
	}, patience, 50*time.Millisecond)
}

// session tells how a session of a probe with a gateway went: as metrics, and if it failed by an event.
func (s *sender) session(gateway, vantage, errorType, stage string) {
	s.t.Helper()
	now := pcommon.NewTimestampFromTime(time.Now())
	describe := func(a pcommon.Map) {
		a.PutStr("pptp.gateway.id", gateway)
		a.PutStr("pptp.target", gateway)
		a.PutStr("pptp.vantage", vantage)
	}
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	describe(rm.Resource().Attributes())
	list := rm.ScopeMetrics().AppendEmpty().Metrics()
	point := func(name string, v int64) pmetric.NumberDataPoint {
		m := list.AppendEmpty()
		m.SetName(name)
		dp := m.SetEmptySum().DataPoints().AppendEmpty()
		dp.SetTimestamp(now)
		dp.SetIntValue(v)
		return dp
	}
	point("pptp.mppe.decrypt.errors", 0) // of a target of depth network
	if errorType == "" {
		point("pptp.probe.up", 1)
	} else {
		point("pptp.probe.up", 0)
		a := point("pptp.probe.failing", 1).Attributes()
		a.PutStr("error.type", errorType)
		a.PutStr("pptp.stage", stage)
	}
	body, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	s.post("/v1/metrics", body, err)
	if errorType == "" {
		return
	}
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	describe(rl.Resource().Attributes())
	lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.SetEventName("pptp.session.failed")
	lr.SetTimestamp(now)
	lr.SetTraceID(pcommon.TraceID{1, 2, byte(time.Now().UnixNano())})
	lr.Attributes().PutStr("pptp.depth", "network")
	lr.Attributes().PutStr("error.type", errorType)
	lr.Attributes().PutStr("pptp.stage", stage)
	body, err = plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	s.post("/v1/logs", body, err)
}

// record is an event in the file of a file exporter.
type record struct {
	name       string
	attributes map[string]string
}

// verdictEvents returns the events of the correlation in files of the file exporter, in their order.
func verdictEvents(t *testing.T, files ...string) (out []record) {
	t.Helper()
	for _, file := range files {
		data, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		for line := range strings.Lines(string(data)) {
			var u plog.JSONUnmarshaler
			if !json.Valid([]byte(line)) {
				continue // cut off by the kill
			}
			ld, err := u.UnmarshalLogs([]byte(line))
			require.NoError(t, err)
			for _, rl := range ld.ResourceLogs().All() {
				for _, sl := range rl.ScopeLogs().All() {
					for _, lr := range sl.LogRecords().All() {
						if !strings.HasPrefix(lr.EventName(), "pptp.gateway.") {
							continue
						}
						r := record{lr.EventName(), make(map[string]string)}
						for k, v := range lr.Attributes().All() {
							r.attributes[k] = v.AsString()
						}
						out = append(out, r)
					}
				}
			}
		}
	}
	return out
}

func count(list []record, name, gateway string) (n int, id string) {
	for _, r := range list {
		if r.name == name && r.attributes["pptp.gateway.id"] == gateway {
			n++
			id = r.attributes["pptp.incident.id"]
		}
	}
	return n, id
}

const correlatorConfig = `
receivers:
  otlp: {protocols: {http: {endpoint: %[1]s}}}
processors:
  pptp_correlation:
    gateways: [{id: vpn-1}]
    interval: 300ms
    storage: file_storage
    verdict: {settle: 2s, min_hold: 1s}
exporters:
  debug:
  file: {path: %[2]s, flush_interval: 10ms, append: true}
extensions:
  file_storage: {directory: %[3]s}
service:
  extensions: [file_storage]
  telemetry: {metrics: {level: none}}
  pipelines:
    metrics: {receivers: [otlp], processors: [pptp_correlation], exporters: [debug]}
    logs: {receivers: [otlp], processors: [pptp_correlation], exporters: [file]}
`

// A collector that is killed in the middle of an incident, and started again, goes on with the same incident: it is
// opened once, and closed under the id that it had.
func TestIncidentSurvivesKill(t *testing.T) {
	bin := binary(t)
	dir := t.TempDir()
	otlp, events, state := freePort(t), filepath.Join(dir, "events.json"), filepath.Join(dir, "state")
	require.NoError(t, os.Mkdir(state, 0o700))
	options := collector.Options{Binary: bin, Args: []string{"--config", write(t, "correlator.yaml", fmt.Sprintf(correlatorConfig, otlp, events, state))}}

	first, err := collector.Start(options)
	require.NoError(t, err)
	probe := &sender{t, otlp}
	var id string
	require.Eventually(t, func() bool {
		probe.session("vpn-1", "lon", "tcp.refused", "tcp")
		probe.session("vpn-1", "ams", "tcp.refused", "tcp")
		var n int
		n, id = count(verdictEvents(t, events), "pptp.gateway.incident.opened", "vpn-1")
		return n == 1
	}, patience, 200*time.Millisecond, first.Log())
	require.NotEmpty(t, id)

	require.NoError(t, first.Kill())
	second := start(t, options)
	require.Never(t, func() bool { // the fault goes on
		probe.session("vpn-1", "lon", "tcp.refused", "tcp")
		probe.session("vpn-1", "ams", "tcp.refused", "tcp")
		n, _ := count(verdictEvents(t, events), "pptp.gateway.incident.opened", "vpn-1")
		return n > 1
	}, 5*time.Second, 200*time.Millisecond, "opened twice")
	n, again := count(verdictEvents(t, events), "pptp.gateway.incident.opened", "vpn-1")
	require.Equal(t, 1, n, "opened once: %s", second.Log())
	assert.Equal(t, id, again)

	require.Eventually(t, func() bool {
		probe.session("vpn-1", "lon", "", "")
		probe.session("vpn-1", "ams", "", "")
		n, again = count(verdictEvents(t, events), "pptp.gateway.incident.closed", "vpn-1")
		return n == 1
	}, patience, 200*time.Millisecond, second.Log())
	assert.Equal(t, id, again, "closed is what was opened before the kill")
	n, _ = count(verdictEvents(t, events), "pptp.gateway.incident.opened", "vpn-1")
	assert.Equal(t, 1, n)
}
