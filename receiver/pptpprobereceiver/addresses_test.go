package pptpprobereceiver

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
)

var addrA, addrB = netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("198.51.100.2")

// ups runs a receiver for a time and returns pptp.probe.up by service.instance.id,
// in the order of the sessions, and what the prober was asked to do.
func ups(t *testing.T, length time.Duration, probe *fakeProber, change func(*Config)) map[string][]int64 {
	t.Helper()
	up := make(map[string][]int64)
	synctest.Test(t, func(t *testing.T) {
		cfg := targets(defaultConfig(), "vpn.example.com")
		change(cfg)
		require.NoError(t, cfg.Validate())
		var sink consumertest.MetricsSink
		m, err := probe.factory().CreateMetrics(t.Context(), receivertest.NewNopSettings(metadata.Type), cfg, &sink)
		require.NoError(t, err)
		require.NoError(t, m.Start(t.Context(), componenttest.NewNopHost()))
		pass(length)
		require.NoError(t, m.Shutdown(t.Context()))
		for _, md := range sink.AllMetrics() {
			for _, rm := range md.ResourceMetrics().All() {
				id, _ := rm.Resource().Attributes().Get("service.instance.id")
				up[id.Str()] = append(up[id.Str()], upOf(t, rm))
			}
		}
	})
	return up
}

func upOf(t *testing.T, rm pmetric.ResourceMetrics) int64 {
	for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
		if m.Name() == "pptp.probe.up" {
			return m.Sum().DataPoints().At(0).IntValue()
		}
	}
	t.Fatal("no pptp.probe.up")
	return 0
}

func allOf(cfg *Config) { cfg.Targets[0].Session.Addresses = allAddresses }

func TestEachAddressIsATargetOfItsOwn(t *testing.T) {
	probe := &fakeProber{addresses: []netip.Addr{addrA, addrB}, results: func(n int, _ pptpprobe.Target) *pptpprobe.Result {
		if n%2 == 1 {
			return greResult()
		}
		return goodResult()
	}}
	up := ups(t, 2*time.Minute, probe, allOf)
	assert.Equal(t, map[string][]int64{"vpn.example.com/198.51.100.1": {1, 1}, "vpn.example.com/198.51.100.2": {0, 0}}, up)
}

func TestNameThatDoesNotResolve(t *testing.T) {
	probe := &fakeProber{addresses: []netip.Addr{{}}, results: func(n int, _ pptpprobe.Target) *pptpprobe.Result {
		return greResult()
	}}
	up := ups(t, 2*time.Minute, probe, allOf)
	assert.Equal(t, map[string][]int64{"vpn.example.com": {0, 0}}, up, "no address is known")

	g := newGroup(t)
	assert.Equal(t, []*probeTarget{g.name}, g.of(&pptpprobe.Result{}))
	a, b := g.of(&pptpprobe.Result{PeerAddr: addrA}), g.of(&pptpprobe.Result{PeerAddr: addrB})
	assert.Equal(t, []*probeTarget{a[0], b[0]}, g.of(&pptpprobe.Result{}), "all that were known")
}

func newGroup(t *testing.T) *addressGroup {
	b := newBench(t, func(c *Config) { *c = *targets(defaultConfig(), "vpn.example.com") })
	return &addressGroup{r: b.probeReceiver, config: &b.cfg.Targets[0], name: b.target, targets: make(map[netip.Addr]*probeTarget)}
}

func TestAddressesAreBounded(t *testing.T) {
	g := newGroup(t)
	first := g.target(addrA)
	for i := range 3 * maxAddresses {
		g.target(netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}))
		if i < maxAddresses {
			assert.Same(t, first, g.target(addrA), "used all the time")
		}
	}
	assert.Len(t, g.targets, maxAddresses)
	assert.Len(t, g.used, maxAddresses)
	assert.NotSame(t, first, g.target(addrA))
}

func TestRefusedCredentialsRestAtAllAddresses(t *testing.T) {
	probe := &fakeProber{addresses: []netip.Addr{addrA, addrB}, results: func(n int, _ pptpprobe.Target) *pptpprobe.Result {
		if n%2 == 1 {
			return authResult()
		}
		return goodResult()
	}}
	up := ups(t, 5*time.Minute, probe, allOf)
	runs, _ := probe.count()
	assert.Equal(t, 2, runs, "one login at each")
	assert.Equal(t, map[string][]int64{
		"vpn.example.com/198.51.100.1": {1, 1, 1, 1, 1}, "vpn.example.com/198.51.100.2": {0, 0, 0, 0, 0},
	}, up, "and none of them falls silent")
}

func TestVantages(t *testing.T) {
	var from []netip.Addr
	probe := &fakeProber{results: func(_ int, tg pptpprobe.Target) *pptpprobe.Result {
		from = append(from, tg.LocalAddr)
		return goodResult()
	}}
	up := ups(t, time.Minute, probe, func(c *Config) {
		c.Vantages = []VantageConfig{{Name: "isp-a", LocalAddress: "192.0.2.10"}, {Name: "isp-b", LocalAddress: "198.51.100.10"}}
	})
	assert.Equal(t, map[string][]int64{"vpn.example.com@isp-a": {1}, "vpn.example.com@isp-b": {1}}, up)
	assert.ElementsMatch(t, []netip.Addr{netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("198.51.100.10")}, from)
}

// A session that fails has its packets in a file, which its event names.
func TestCapture(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Capture.Directory = t.TempDir() })
	assert.Nil(t, b.target.probe.Capture, "made by Start")
	res := greResult()
	res.CapturePath = "/captures/x.pcapng"
	b.run(res)
	record := b.lastLogs().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	path, ok := record.Attributes().Get("pptp.capture.path")
	require.True(t, ok, record.EventName())
	assert.Equal(t, "/captures/x.pcapng", path.Str())
	root := b.lastTraces().ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	path, ok = root.Attributes().Get("pptp.capture.path")
	require.True(t, ok)
	assert.Equal(t, "/captures/x.pcapng", path.Str())

	synctest.Test(t, func(t *testing.T) {
		var got *pptpprobe.Captures
		probe := &fakeProber{results: func(_ int, tg pptpprobe.Target) *pptpprobe.Result {
			got = tg.Capture
			return goodResult()
		}}
		cfg := targets(defaultConfig(), "vpn.example.com")
		cfg.Capture.Directory = "captures"
		m, err := probe.factory().CreateMetrics(t.Context(), receivertest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
		require.NoError(t, err)
		require.NoError(t, m.Start(t.Context(), componenttest.NewNopHost()))
		pass(10 * time.Second)
		require.NoError(t, m.Shutdown(t.Context()))
		assert.NotNil(t, got)
	})
}
