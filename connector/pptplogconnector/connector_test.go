package pptplogconnector

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/connector/pptplogconnector/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/internal/inventory"
)

func TestBothSignals(t *testing.T) {
	r := newRig(t, nil).send(lines(poptop(t, "secret_changed"))).stop()
	assert.Equal(t, []string{
		"pptp.session.opened", "pptp.session.failed auth.rejected",
		"pptp.session.opened", "pptp.session.established", "pptp.session.closed",
	}, r.names())

	failed := r.all()[1]
	assert.Equal(t, map[string]any{
		"client.address": "317ea2a3373c9138", "error.type": "auth.rejected", "network.interface.name": "ppp0",
		"pptp.link.confidence": 1.0, "pptp.log.program": "pptpd", "pptp.session.duration": failed.Attributes().AsRaw()["pptp.session.duration"],
		"pptp.session.outcome": "failed", "pptp.session.reason": "auth_fail", "pptp.stage": "auth",
		"process.pid": failed.Attributes().AsRaw()["process.pid"],
	}, failed.Attributes().AsRaw())
	assert.Equal(t, plog.SeverityNumberWarn, failed.SeverityNumber())
	assert.Equal(t, map[string]any{
		"host.name": "gateway", "network.protocol.name": "pptp", "pptp.gateway.id": "gateway",
		"service.instance.id": "gateway@pptp_log", "service.name": "pptp",
	}, failed.resource.AsRaw())

	// Each line came to both nodes, and counts once.
	n := int64(strings.Count(poptop(t, "secret_changed"), "\n"))
	assert.Equal(t, n, r.value("pptp.log.lines"))
	assert.EqualValues(t, 1, r.value("pptp.log.sessions", "pptp.session.outcome=failed", "pptp.stage=auth"))
	assert.EqualValues(t, 1, r.value("pptp.log.sessions", "pptp.session.outcome=established"))
	assert.EqualValues(t, 1, r.value("pptp.log.failures", "error.type=auth.rejected"))
	assert.EqualValues(t, 1, r.value("pptp.log.auth.failures"))
	assert.EqualValues(t, 1, r.value("pptp.log.failures.peers"))
	assert.Zero(t, r.value("pptp.log.unclassified"))
}

// What is not told by default is nowhere in what comes out.
func TestPrivacy(t *testing.T) {
	text := poptop(t, "secret_changed") + poptop(t, "radius_hangs")
	told := func(change func(*Config)) string {
		r := newRig(t, change).send(lines(text)).stop()
		var m plog.JSONMarshaler
		var b strings.Builder
		for _, ld := range r.events.AllLogs() {
			out, err := m.MarshalLogs(ld)
			require.NoError(t, err)
			b.Write(out)
		}
		return b.String()
	}
	hidden := told(nil)
	for _, secret := range []string{"10.98.0.1", "10.99.1.10", "10.99.50.5", `"probe"`, "of probe"} {
		assert.NotContains(t, hidden, secret)
	}
	plain := told(func(c *Config) { c.UserName, c.ClientAddress, c.KeepOriginal = "plain", "plain", true })
	for _, word := range []string{`"10.98.0.1"`, `"10.99.1.10"`, `"probe"`, "rc_send_server: no reply from RADIUS server localhost:1812"} {
		assert.Contains(t, plain, word)
	}
	dropped := told(func(c *Config) { c.ClientAddress = "drop" })
	assert.NotContains(t, dropped, "client.address")
}

// refuser is a next component that refuses, while it has an error.
type refuser struct {
	consumertest.LogsSink

	err   error
	calls int
}

func (c *refuser) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	c.calls++
	ld.ResourceLogs().At(0).Resource().Attributes().PutStr("changed", "by the next component")
	if c.err != nil {
		return c.err
	}
	return c.LogsSink.ConsumeLogs(ctx, ld)
}

func (*refuser) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func TestNextComponentRefuses(t *testing.T) {
	next := new(refuser)
	cfg := createDefaultConfig().(*Config)
	cfg.MaxPending = 4
	n, err := NewFactory().CreateLogsToLogs(t.Context(), connectortest.NewNopSettings(metadata.Type), cfg, next)
	require.NoError(t, err)
	require.NoError(t, n.Start(t.Context(), componenttest.NewNopHost()))
	first, second := lines(poptop(t, "pap_only")), lines(poptop(t, "eap_only"))

	next.err = errors.New("full")
	require.NoError(t, n.ConsumeLogs(t.Context(), first), "the lines have been read, whatever becomes of the events")
	for range 3 {
		require.ErrorIs(t, n.ConsumeLogs(t.Context(), second), next.err, "no more is read while events wait")
	}
	next.err = nil
	require.NoError(t, n.ConsumeLogs(t.Context(), second))
	assert.Equal(t, 4, next.LogRecordCount(), "nothing is lost, and nothing is told twice")

	next.err = consumererror.NewPermanent(errors.New("never"))
	require.NoError(t, n.ConsumeLogs(t.Context(), lines(poptop(t, "chap_with_md5_only"))))
	next.err = nil
	require.NoError(t, n.ConsumeLogs(t.Context(), lines(poptop(t, "secret_changed")+poptop(t, "secret_changed"))))
	assert.Equal(t, 8, next.LogRecordCount(), "no more than max_pending at once")
	require.NoError(t, n.Shutdown(t.Context()))
	require.NoError(t, n.Shutdown(t.Context()), "twice")
}

// pass lets time pass.
func pass(d time.Duration) { <-time.After(d) }

// A session whose last line is missing is told of when nothing more comes.
func TestTimePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Interval = 10 * time.Second })
		text := poptop(t, "gre_to_the_gateway_dropped")
		text, _, _ = strings.Cut(text, "control connection finished")
		r.send(lines(text[:strings.LastIndexByte(text, '\n')]))
		assert.Equal(t, []string{"pptp.session.opened"}, r.names())
		pass(5 * time.Second)
		synctest.Wait()
		assert.Equal(t, []string{"pptp.session.opened", "pptp.session.failed lcp.timeout"}, r.names())
		assert.Empty(t, r.measures.AllMetrics())
		pass(6 * time.Second)
		synctest.Wait()
		assert.EqualValues(t, 1, r.value("pptp.log.failures", "error.type=lcp.timeout"))
		pass(6 * time.Minute)
		synctest.Wait()
		assert.Zero(t, r.value("pptp.log.failures.peers"), "nobody has failed for 5 minutes")
		assert.EqualValues(t, 1, r.value("pptp.log.failures", "error.type=lcp.timeout"), "which grows only")
		r.stop()
	})
}

func TestMetricsOnly(t *testing.T) {
	sink := new(consumertest.MetricsSink)
	n, err := NewFactory().CreateLogsToMetrics(t.Context(), connectortest.NewNopSettings(metadata.Type), createDefaultConfig(), sink)
	require.NoError(t, err)
	require.NoError(t, n.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, n.ConsumeLogs(t.Context(), lines(poptop(t, "pap_only"))))
	require.NoError(t, n.Shutdown(t.Context()))
	r := &rig{t: t, measures: sink}
	assert.EqualValues(t, 1, r.value("pptp.log.failures", "error.type=auth.protocol_refused"))
	assert.False(t, n.Capabilities().MutatesData)
}

func TestGateways(t *testing.T) {
	gateways := []inventory.Gateway{
		{ID: "berlin", Addresses: []string{"gateway"}}, {ID: "paris", Name: "gw2", Addresses: []string{"203.0.113.2"}},
	}
	line := "Nov 22 12:00:00 %h pptpd[7]: CTRL: Client 198.51.100.7 control connection started"
	for _, tt := range []struct {
		name, host, resource, peer string
		gateway, hostName          string
	}{
		{"by the host in the line", "gateway", "", "", "berlin", "gateway"},
		{"by its name in the inventory", "gw2", "", "", "paris", "gw2"},
		{"by where it came from", "vpn", "", "203.0.113.2", "paris", "vpn"},
		{"the resource knows", "gateway", "rome", "", "rome", "gateway"},
		{"nobody knows", "vpn", "", "", "vpn", "vpn"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, func(c *Config) { c.Gateways = gateways })
			ld := lines(strings.Replace(line, "%h", tt.host, 1))
			if tt.resource != "" {
				ld.ResourceLogs().At(0).Resource().Attributes().PutStr("pptp.gateway.id", tt.resource)
			}
			if tt.peer != "" {
				ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr("net.peer.ip", tt.peer)
			}
			r.send(ld)
			require.Len(t, r.all(), 1)
			assert.Equal(t, tt.gateway, r.all()[0].resource.AsRaw()["pptp.gateway.id"])
			assert.Equal(t, tt.hostName, r.all()[0].resource.AsRaw()["host.name"])
		})
	}
	t.Run("two hosts with the name that they were delivered with", func(t *testing.T) {
		r := newRig(t, func(c *Config) {
			c.Gateways = []inventory.Gateway{{ID: "berlin", Addresses: []string{"203.0.113.1"}}, {ID: "paris", Addresses: []string{"203.0.113.2"}}}
		})
		for _, address := range []string{"203.0.113.1", "203.0.113.2"} {
			ld := lines(strings.Replace(line, "%h", "MikroTik", 1))
			ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr("net.peer.ip", address)
			r.send(ld)
		}
		require.Len(t, r.all(), 2)
		assert.Equal(t, "berlin", r.all()[0].resource.AsRaw()["pptp.gateway.id"])
		assert.Equal(t, "paris", r.all()[1].resource.AsRaw()["pptp.gateway.id"])
	})
	t.Run("two hosts with the same name", func(t *testing.T) {
		r := newRig(t, nil)
		for _, id := range []string{"berlin", "paris"} {
			ld := lines("Nov 22 12:00:00 gw pptpd[7]: CTRL: Client 198.51.100.7 control connection started")
			ld.ResourceLogs().At(0).Resource().Attributes().PutStr("pptp.gateway.id", id)
			r.send(ld)
		}
		assert.Equal(t, []string{"pptp.session.opened", "pptp.session.opened"}, r.names(), "pid 7 is not one process")
	})
}

// Anybody who can write to a syslog port can invent hosts.
func TestInventedHosts(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.MaxHosts = 10
		c.Gateways = []inventory.Gateway{{ID: "berlin", Addresses: []string{"gw0"}}}
	})
	for i := range 1000 {
		r.send(lines("Nov 22 12:00:00 gw" + strings.Repeat("0", 1+i) + " pptpd[7]: CTRL: Client 198.51.100.7 control connection started"))
	}
	r.send(lines("Nov 22 12:00:01 gw0 pptpd[7]: CTRL: Client 198.51.100.7 control connection finished"))
	all := r.all()
	last := all[len(all)-1]
	assert.Equal(t, "pptp.session.closed", last.EventName(), "a gateway of the inventory is not forgotten")
	assert.Equal(t, "berlin", last.resource.AsRaw()["pptp.gateway.id"])
	assert.LessOrEqual(t, r.stop().measures.AllMetrics()[0].ResourceMetrics().Len(), 10)
}
