package radiusreceiver

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/accounting"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/radiusreceiver/internal/metadata"
)

func accountingConfig(change func(*Config)) *Config {
	cfg := testConfig()
	cfg.Accounting.Endpoint = "127.0.0.1:0"
	cfg.Accounting.Clients = []ClientConfig{{CIDR: "127.0.0.0/8", Secret: theSecret}}
	cfg.Accounting.HashKey = "a key"
	if change != nil {
		change(cfg)
	}
	return cfg
}

// listener is a receiver that listens, and a NAS.
type listener struct {
	*radiusReceiver
	metrics consumertest.MetricsSink
	logs    consumertest.LogsSink
	nas     net.Conn
	id      uint8
	tel     *componenttest.Telemetry
}

func listen(t *testing.T, change func(*Config)) *listener {
	cfg := accountingConfig(change)
	require.NoError(t, cfg.Validate())
	l := &listener{tel: componenttest.NewTelemetry()}
	set := receivertest.NewNopSettings(metadata.Type)
	set.ID, set.TelemetrySettings = component.NewID(metadata.Type), l.tel.NewTelemetrySettings()
	var err error
	l.radiusReceiver, err = newRadiusReceiver(set, cfg, newChecker)
	require.NoError(t, err)
	require.NoError(t, l.out.addMetrics(set, &l.metrics))
	require.NoError(t, l.out.addLogs(set, &l.logs))
	require.NoError(t, l.Start(t.Context(), nopHost))
	t.Cleanup(func() { require.NoError(t, l.tel.Shutdown(context.Background())) })
	t.Cleanup(func() { require.NoError(t, l.Shutdown(context.Background())) })
	l.nas, err = net.Dial("udp", l.accounting.server.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.nas.Close() })
	return l
}

// Attributes of RFC 2866 that only a NAS sends.
const (
	acctStatus  packet.Type = 40
	acctIn      packet.Type = 42
	acctSession packet.Type = 44
	acctCause   packet.Type = 49
)

// send sends a record, and waits for the answer.
func (l *listener) send(t *testing.T, status accounting.Status, session string, more func(*packet.Builder)) {
	l.id++
	b := packet.NewRequest(packet.AccountingRequest, l.id, packet.Authenticator{})
	b.Number(acctStatus, uint32(status))
	b.Text(acctSession, session)
	b.Text(packet.UserName, "alice")
	b.Text(packet.NASIdentifier, "gw1")
	b.Text(packet.CallingStationID, "203.0.113.7")
	if more != nil {
		more(b)
	}
	key := packet.NewKey(theSecret)
	p, err := b.Request(key)
	require.NoError(t, err)
	_, err = l.nas.Write(p)
	require.NoError(t, err)
	buf := make([]byte, packet.MaxLen)
	require.NoError(t, l.nas.SetReadDeadline(time.Now().Add(20*time.Second)))
	n, err := l.nas.Read(buf)
	require.NoError(t, err)
	reply, err := packet.Parse(buf[:n])
	require.NoError(t, err)
	auth := p.Authenticator()
	_, err = key.VerifyReply(reply, &auth)
	require.NoError(t, err)
	assert.Equal(t, packet.AccountingResponse, reply.Code())
}

func (l *listener) report(t *testing.T) pmetric.Metrics {
	l.accounting.report(time.Now())
	return last(t, l.metrics.AllMetrics())
}

func TestAccounting(t *testing.T) {
	l := listen(t, func(c *Config) { c.Accounting.Server = "east" })
	l.send(t, accounting.Start, "s1", nil)
	l.send(t, accounting.Start, "s2", nil)
	md := l.report(t)
	at := func(name string, attributes map[string]any) float64 {
		v, ok := value(md, name, attributes)
		assert.True(t, ok, "%s %v", name, attributes)
		return v
	}
	nas := map[string]any{"radius.nas": "gw1"}
	assert.InDelta(t, 2, at("radius.accounting.sessions", nas), 0)
	l.send(t, accounting.Stop, "s1", func(b *packet.Builder) { b.Number(acctIn, 5000); b.Number(acctCause, 2) })
	bad, err := packet.NewRequest(packet.AccountingRequest, 1, packet.Authenticator{}).Request(packet.NewKey("other"))
	require.NoError(t, err)
	_, err = l.nas.Write(bad)
	require.NoError(t, err)
	l.send(t, accounting.Interim, "s2", nil) // after it, so that it has been seen
	md = l.report(t)
	assert.InDelta(t, 1, at("radius.accounting.sessions", nas), 0)
	assert.InDelta(t, 5000, at("radius.accounting.io", map[string]any{"radius.nas": "gw1", "network.io.direction": "receive"}), 0)
	assert.InDelta(t, 1, at("radius.accounting.stops", map[string]any{"radius.nas": "gw1", "radius.terminate_cause": "lost_carrier"}), 0)
	assert.InDelta(t, 2, at("radius.accounting.records", map[string]any{"radius.nas": "gw1", "radius.accounting.status": "start"}), 0)
	assert.InDelta(t, 1, at("radius.accounting.packets", map[string]any{"radius.accounting.outcome": "bad_authenticator"}), 0)
	assert.InDelta(t, 4, at("radius.accounting.packets", map[string]any{"radius.accounting.outcome": "accepted"}), 0)
	assert.Zero(t, at("radius.accounting.anomalies", map[string]any{"radius.anomaly": "mass_stop"}))
	resource := md.ResourceMetrics().At(0).Resource().Attributes().AsRaw()
	assert.Equal(t, "accounting@radius", resource["service.instance.id"])
	assert.Equal(t, "east", resource["pptp.radius.server"])
	assert.Equal(t, "127.0.0.1", resource["server.address"])

	l.send(t, accounting.On, "boot", nil)
	require.Eventually(t, func() bool { return l.logs.LogRecordCount() == 1 }, 10*time.Second, time.Millisecond)
	lr := l.logs.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	assert.Equal(t, "radius.accounting.nas_restarted", lr.EventName())
	assert.Equal(t, "NAS gw1 said Accounting-on; sessions that are gone: 1.", lr.Body().Str())
	assert.Equal(t, "WARN", lr.SeverityText())
	for _, name := range []string{"otelcol_radius_accounting_entries", "otelcol_radius_accounting_entries_limit", "otelcol_radius_accounting_evicted", "otelcol_radius_accounting_socket_errors"} {
		_, err := l.tel.GetMetric(name)
		require.NoError(t, err, name)
	}
}

func session() *accounting.Session {
	return &accounting.Session{ID: "s1\xff", User: "alice", Client: netip.MustParseAddr("192.0.2.7")}
}

var gw1 = accounting.NAS{Identifier: "gw1", Address: netip.MustParseAddr("198.51.100.1")}

func TestAccountingEvents(t *testing.T) {
	tests := []struct {
		name       string
		tell       func(*accountant)
		mode       string
		body       string
		attributes map[string]any
	}{
		{
			"of a session", func(a *accountant) {
				a.anomaly(&accounting.Anomaly{Kind: accounting.InterimGap, Time: noon, NAS: gw1, Session: session(), Value: 900, Limit: 750})
			}, privacy.Hash, "Accounting of NAS gw1 shows interim_gap: 900 where the limit is 750.",
			map[string]any{
				"radius.anomaly": "interim_gap", "radius.nas": "gw1", "radius.nas.address": "198.51.100.1", "radius.session.id": "s1\uFFFD",
				"user.name": "d8423a72610ac53b", "client.address": "f8628ae03174bbce", "radius.value": 900.0, "radius.limit": 750.0,
				"pptp.detail": "900 where the limit is 750",
			},
		},
		{
			"of a NAS", func(a *accountant) {
				a.anomaly(&accounting.Anomaly{Kind: accounting.MassStop, Time: noon, NAS: gw1, Value: 0.5, Limit: 0.3, Count: 10, Total: 20, Cause: accounting.LostCarrier})
			}, privacy.Hash, "Accounting of NAS gw1 shows mass_stop: 10 of 20 sessions, most of them lost_carrier.",
			map[string]any{
				"radius.anomaly": "mass_stop", "radius.nas": "gw1", "radius.nas.address": "198.51.100.1", "radius.value": 0.5, "radius.limit": 0.3,
				"radius.count": int64(10), "radius.total": int64(20), "radius.terminate_cause": "lost_carrier",
				"pptp.detail": "10 of 20 sessions, most of them lost_carrier",
			},
		},
		{
			"dropped names", func(a *accountant) {
				a.anomaly(&accounting.Anomaly{Kind: accounting.NoStop, Time: noon, NAS: gw1, Session: session()})
			}, privacy.Drop, "Accounting of NAS gw1 shows no_stop.",
			map[string]any{"radius.anomaly": "no_stop", "radius.nas": "gw1", "radius.nas.address": "198.51.100.1", "radius.session.id": "s1\uFFFD"},
		},
		{
			"noisy user", func(a *accountant) {
				a.noisy(&accounting.Noisy{Time: noon, NAS: gw1, User: "alice", Value: 60, Total: 100, Window: 15 * time.Minute})
			}, privacy.Plain, "User alice of NAS gw1 is noisy: 60 of 100 bytes in 15m0s.",
			map[string]any{
				"user.name": "alice", "radius.nas": "gw1", "radius.measure": "bytes", "radius.quota": false, "radius.value": 60.0, "radius.total": int64(100),
				"radius.window": 900.0, "pptp.detail": "60 of 100 bytes in 15m0s",
			},
		},
		{
			"quota", func(a *accountant) {
				a.noisy(&accounting.Noisy{Time: noon, User: "alice", Quota: true, Value: 200, Total: 100, Window: time.Hour})
			}, privacy.Drop, "A user is noisy: 200 bytes in 1h0m0s, more than the quota of 100.",
			map[string]any{
				"radius.measure": "bytes", "radius.quota": true, "radius.value": 200.0, "radius.total": int64(100), "radius.window": 3600.0,
				"pptp.detail": "200 bytes in 1h0m0s, more than the quota of 100",
			},
		},
		{
			"noisy subnet", func(a *accountant) {
				a.noisy(&accounting.Noisy{Time: noon, NAS: gw1, Subnet: netip.MustParsePrefix("192.0.2.0/24"), Measure: accounting.Sessions, Value: 6, Total: 10, Window: time.Minute})
			}, privacy.Plain, "Subnet 192.0.2.0/24 of NAS gw1 is noisy: 6 of 10 sessions in 1m0s.",
			map[string]any{
				"radius.subnet": "192.0.2.0/24", "radius.nas": "gw1", "radius.measure": "sessions", "radius.quota": false, "radius.value": 6.0, "radius.total": int64(10),
				"radius.window": 60.0, "pptp.detail": "6 of 10 sessions in 1m0s",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := listen(t, func(c *Config) { c.Accounting.UserName, c.Accounting.ClientAddress = tt.mode, tt.mode })
			tt.tell(l.accounting)
			require.Eventually(t, func() bool { return l.logs.LogRecordCount() == 1 }, 10*time.Second, time.Millisecond)
			lr := l.logs.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
			assert.Equal(t, tt.body, lr.Body().Str())
			assert.Equal(t, tt.attributes, lr.Attributes().AsRaw())
		})
	}
}

// More events than max_events in a second are counted, and those that are taken are told
// even if the receiver ends.
func TestEventsAreBounded(t *testing.T) {
	l := listen(t, func(c *Config) { c.Accounting.MaxEvents = 3 })
	for i := range 10 {
		l.accounting.restart(&accounting.Restart{Time: noon, NAS: accounting.NAS{Identifier: fmt.Sprint(i)}, Status: accounting.Off})
	}
	l.accounting.restart(&accounting.Restart{Time: noon.Add(time.Second), NAS: gw1, Status: accounting.On})
	require.NoError(t, l.Shutdown(t.Context()))
	assert.GreaterOrEqual(t, l.logs.LogRecordCount(), 3)
	assert.LessOrEqual(t, l.logs.LogRecordCount(), 4)
}

func TestPortIsTaken(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	cfg := accountingConfig(func(c *Config) { c.Accounting.Endpoint = taken.LocalAddr().String() })
	r, err := newRadiusReceiver(receivertest.NewNopSettings(metadata.Type), cfg, newChecker)
	require.NoError(t, err)
	require.ErrorContains(t, r.Start(t.Context(), nopHost), "address already in use")
	require.NoError(t, r.Shutdown(t.Context()))
}
