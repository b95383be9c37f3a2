//go:build real && linux

package radius

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-pptp/otelcol-pptp/receiver/radiusreceiver"
)

// patience is for what happens within two rounds.
const patience = 40 * time.Second

// receiver is the component, as a pipeline has it.
type receiver struct {
	metrics consumertest.MetricsSink
	logs    consumertest.LogsSink
	traces  consumertest.TracesSink
}

func startReceiver(t *testing.T, config map[string]any) *receiver {
	f, r := radiusreceiver.NewFactory(), &receiver{}
	cfg := f.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(config).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	set := receivertest.NewNopSettings(f.Type())
	m, err := f.CreateMetrics(t.Context(), set, cfg, &r.metrics)
	require.NoError(t, err)
	l, err := f.CreateLogs(t.Context(), set, cfg, &r.logs)
	require.NoError(t, err)
	tr, err := f.CreateTraces(t.Context(), set, cfg, &r.traces)
	require.NoError(t, err)
	for _, c := range []component.Component{m, l, tr} {
		require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
		t.Cleanup(func() { assert.NoError(t, c.Shutdown(context.Background())) })
	}
	return r
}

// value returns a number of the last report that has it, with exactly these attributes.
func (r *receiver) value(name string, attributes map[string]any) (v float64, ok bool) {
	for _, md := range r.metrics.AllMetrics() {
		for _, rm := range md.ResourceMetrics().All() {
			for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
				if m.Name() != name {
					continue
				}
				for _, p := range numbers(m).All() {
					if fmt.Sprint(p.Attributes().AsRaw()) == fmt.Sprint(attributes) {
						v, ok = p.DoubleValue()+float64(p.IntValue()), true // one of them is zero
					}
				}
			}
		}
	}
	return v, ok
}

func numbers(m pmetric.Metric) pmetric.NumberDataPointSlice {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().DataPoints()
	case pmetric.MetricTypeGauge:
		return m.Gauge().DataPoints()
	default:
		return pmetric.NewNumberDataPointSlice()
	}
}

// event returns the attributes of the first event of a name.
func (r *receiver) event(name string) (pcommon.Map, bool) {
	for _, ld := range r.logs.AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			for _, lr := range rl.ScopeLogs().At(0).LogRecords().All() {
				if lr.EventName() == name {
					return lr.Attributes(), true
				}
			}
		}
	}
	return pcommon.Map{}, false
}

func (r *receiver) wait(t *testing.T, name string, attributes map[string]any, want float64) {
	t.Helper()
	require.Eventually(t, func() bool {
		v, ok := r.value(name, attributes)
		return ok && v == want
	}, patience, 50*time.Millisecond, "%s %v", name, attributes)
}

func TestReceiver(t *testing.T) {
	d := Start(t, Config{})
	at := func(s Server) string { return fmt.Sprintf("%s:%d", d.Host, d.Ports[s]) }
	r := startReceiver(t, map[string]any{
		"collection_interval": "5s", "initial_delay": "10ms", "jitter": 0, "timeout": "400ms", "retries": 1, "slow": "300ms",
		"secret": Secret, "username": User, "password": Password,
		"servers": []any{
			map[string]any{
				"endpoint": at(Good), "accounting_endpoint": at(Accounting), "name": "good", "methods": []any{"status", "status_accounting", "pap", "chap", "mschapv2"},
				"statistics": map[string]any{"endpoint": at(Statistics)},
			},
			map[string]any{"endpoint": at(NoKeys), "name": "nokeys"},
			map[string]any{"endpoint": at(Signed), "name": "signed", "message_authenticator": "compare"},
			map[string]any{"endpoint": at(Slow), "name": "slow", "timeout": "2s", "retries": 0},
		},
	})
	by := func(method, signing string, more ...string) map[string]any {
		m := map[string]any{"radius.method": method, "radius.message_authenticator": signing}
		if len(more) > 0 {
			m["error.type"] = more[0]
		}
		return m
	}
	for _, m := range []string{"pap", "chap", "status_accounting"} { // of "good" alone
		r.wait(t, "radius.check.up", by(m, "always"), 1)
	}
	r.wait(t, "radius.check.failing", by("mschapv2", "always", "radius.no_mppe_keys"), 1)
	r.wait(t, "radius.check.failing", by("mschapv2", "never", "radius.message_authenticator_required"), 1)
	r.wait(t, "radius.check.up", by("mschapv2", "never"), 0)
	r.wait(t, "radius.check.failing", by("mschapv2", "always", "radius.slow"), 1)
	r.wait(t, "radius.server.statistics.up", map[string]any{}, 1)
	for _, name := range []string{"radius.check.failed", "radius.check.warning"} {
		a, ok := r.event(name)
		require.True(t, ok, name)
		hint, _ := a.Get("pptp.hint")
		assert.NotEmpty(t, hint.Str())
	}
	assert.NotZero(t, r.traces.SpanCount())

	d.Stop()
	r.wait(t, "radius.check.failing", by("pap", "always", "radius.unreachable"), 1)
	r.wait(t, "radius.server.statistics.up", map[string]any{}, 0)
	r.wait(t, "radius.server.statistics.failing", map[string]any{"error.type": "radius.unreachable"}, 1)
	Start(t, Config{Ports: d.Ports})
	r.wait(t, "radius.check.up", by("pap", "always"), 1)
	r.wait(t, "radius.server.statistics.failing", map[string]any{"error.type": "radius.unreachable"}, 0)
	require.Eventually(t, func() bool { _, ok := r.event("radius.server.restarted"); return ok }, patience, 50*time.Millisecond)
	_, ok := r.event("radius.check.recovered")
	assert.True(t, ok)
}

// TestAccounting lets radclient be the NAS of two sessions.
func TestAccounting(t *testing.T) {
	d := Start(t, Config{}) // radclient takes its dictionaries
	port := freePort(t)
	r := startReceiver(t, map[string]any{
		"collection_interval": "5s",
		"accounting": map[string]any{
			"endpoint": fmt.Sprintf("%s:%d", d.Host, port),
			"clients":  []any{map[string]any{"cidr": "127.0.0.0/8", "secret": Secret}},
		},
	})
	send := func(status, session, more string) string {
		return d.Client(t, port, "acct", fmt.Sprintf("Acct-Status-Type = %s\nAcct-Session-Id = %q\nUser-Name = alice\nNAS-Identifier = gw1\n"+
			"NAS-IP-Address = 192.0.2.1\nCalling-Station-Id = 203.0.113.7\nTunnel-Type:0 = PPTP\n%s", status, session, more))
	}
	nas := map[string]any{"radius.nas": "gw1"}
	assert.Contains(t, send("Start", "s1", "Framed-IP-Address = 10.0.0.1\n"), "Received Accounting-Response")
	send("Start", "s2", "Framed-IP-Address = 10.0.0.2\n")
	r.wait(t, "radius.accounting.sessions", nas, 2)
	send("Interim-Update", "s1", "Acct-Session-Time = 60\nAcct-Input-Octets = 1000\nAcct-Output-Octets = 2000\n")
	send("Stop", "s1", "Acct-Session-Time = 90\nAcct-Input-Octets = 1500\nAcct-Output-Octets = 3000\nAcct-Terminate-Cause = Lost-Carrier\n")
	r.wait(t, "radius.accounting.sessions", nas, 1)
	r.wait(t, "radius.accounting.stops", map[string]any{"radius.nas": "gw1", "radius.terminate_cause": "lost_carrier"}, 1)
	r.wait(t, "radius.accounting.io", map[string]any{"radius.nas": "gw1", "network.io.direction": "transmit"}, 3000)
	send("Accounting-On", "boot", "")
	require.Eventually(t, func() bool { _, ok := r.event("radius.accounting.nas_restarted"); return ok }, patience, 50*time.Millisecond)
	r.wait(t, "radius.accounting.sessions", nas, 0)
	r.wait(t, "radius.accounting.packets", map[string]any{"radius.accounting.outcome": "accepted"}, 5)

	// The listener answers Status-Server, as a server that is checked does.
	assert.Contains(t, d.Client(t, port, "status", "Message-Authenticator = 0x00\n"), "Received Accounting-Response")
}
