package greflowreceiver

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/internal/shared"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/greflowreceiver/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/greflowreceiver/internal/metadatatest"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/flowexport"
)

// statusHost has extensions, and remembers what the component reports.
type statusHost struct {
	extensions map[component.ID]component.Component
	mu         sync.Mutex
	events     []*componentstatus.Event
}

func (h *statusHost) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *statusHost) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *statusHost) statuses() (out []componentstatus.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		out = append(out, e.Status())
	}
	return out
}

// loopback is a configuration that any machine can start.
func loopback() *Config {
	cfg := testConfig()
	cfg.Listeners = []ListenerConfig{{Endpoint: "127.0.0.1:0", Sockets: 1, ReceiveBuffer: 1 << 16}}
	return cfg
}

// onlyFlows makes log records of flows, at once, and of nothing else.
func onlyFlows() *Config {
	cfg := loopback()
	cfg.Flows.Enabled = true
	cfg.Logs.Events.PptpFlowPairStateChanged.Enabled = false
	cfg.Logs.Events.PptpFlowGatewayStateChanged.Enabled = false
	return cfg
}

// exporterTo returns a socket to the receiver's first port.
func exporterTo(t *testing.T, r *flowReceiver) net.Conn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "udp", r.sockets.listeners[0].Sockets()[0].Address.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// From a datagram on the wire to metrics and log records, with both signals on
// one socket.
func TestThroughSockets(t *testing.T) {
	cfg := onlyFlows()
	cfg.CollectionInterval = time.Second
	metrics, logs := make(chan pmetric.Metrics, 100), make(chan plog.Logs, 100)
	nextMetrics, err := consumer.NewMetrics(func(_ context.Context, md pmetric.Metrics) error { metrics <- md; return nil })
	require.NoError(t, err)
	nextLogs, err := consumer.NewLogs(func(_ context.Context, ld plog.Logs) error { logs <- ld; return nil })
	require.NoError(t, err)
	f, set := NewFactory(), receivertest.NewNopSettings(metadata.Type)
	m, err := f.CreateMetrics(t.Context(), set, cfg, nextMetrics)
	require.NoError(t, err)
	l, err := f.CreateLogs(t.Context(), set, cfg, nextLogs)
	require.NoError(t, err)
	host := &statusHost{}
	require.NoError(t, m.Start(t.Context(), host))
	require.NoError(t, l.Start(t.Context(), host))
	r := l.(*shared.Component[*flowReceiver]).Unwrap()
	require.Len(t, r.sockets.listeners, 1, "one socket, whatever the number of signals")

	now := time.Now()
	x := flowexport.Exporter{Version: flow.NetFlow9, Boot: now.Add(-time.Hour)}
	conn := exporterTo(t, r)
	for _, b := range [][]byte{x.Template(nil, now), x.Datagram(nil, now, tunnel(1).Flows(nil, now.Add(-time.Minute), now))} {
		_, err := conn.Write(b)
		require.NoError(t, err)
	}
	assert.Equal(t, 4, (<-logs).LogRecordCount())
	assert.Equal(t, 2, (<-metrics).ResourceMetrics().Len(), "one for each gateway")
	require.NoError(t, m.Shutdown(t.Context()))
	require.NoError(t, l.Shutdown(t.Context()))
	assert.NotContains(t, host.statuses(), componentstatus.StatusRecoverableError)
}

func TestPortInUse(t *testing.T) {
	var lc net.ListenConfig
	other, err := lc.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = other.Close() }()
	cfg := loopback()
	cfg.Listeners = append(cfg.Listeners, ListenerConfig{Endpoint: other.LocalAddr().String(), Sockets: 1, ReceiveBuffer: 1 << 16})
	r, err := newFlowReceiver(receivertest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	err = r.Start(t.Context(), componenttest.NewNopHost())
	require.ErrorContains(t, err, "listeners[1]::endpoint: ")
	require.ErrorContains(t, err, other.LocalAddr().String())
	require.ErrorContains(t, err, "another process listens there")
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestShutdownPassesOnWhatIsLeft(t *testing.T) {
	b := startedReceiver(t, onlyFlows(), nil)
	x := flowexport.Exporter{Version: flow.NetFlow5, Boot: noon.Add(-time.Hour)}
	b.ingest(router, noon, x.Datagram(nil, noon, tunnel(1).Flows(nil, noon.Add(-time.Minute), noon)))
	require.NoError(t, b.Shutdown(t.Context()))
	assert.Equal(t, 4, b.logsSink.LogRecordCount())
}

// started is a receiver that runs.
type started struct {
	*flowReceiver
	logsSink    consumertest.LogsSink
	metricsSink consumertest.MetricsSink
	host        *statusHost
}

func startedReceiver(t *testing.T, cfg *Config, nextLogs consumer.Logs) *started {
	t.Helper()
	s := &started{host: &statusHost{}}
	if nextLogs == nil {
		nextLogs = &s.logsSink
	}
	set := receivertest.NewNopSettings(metadata.Type)
	var err error
	s.flowReceiver, err = newFlowReceiver(set, cfg)
	require.NoError(t, err)
	require.NoError(t, s.addLogs(set, nextLogs))
	require.NoError(t, s.addMetrics(set, &s.metricsSink))
	require.NoError(t, s.Start(t.Context(), s.host))
	return s
}

// A pipeline that does not move keeps neither the sockets nor Shutdown.
func TestPipelineThatBlocks(t *testing.T) {
	cfg := onlyFlows()
	cfg.Flows.QueueSize = 8
	entered, leave := make(chan struct{}), make(chan struct{})
	var once sync.Once
	next, err := consumer.NewLogs(func(context.Context, plog.Logs) error {
		once.Do(func() { close(entered) })
		<-leave
		return nil
	})
	require.NoError(t, err)
	r := startedReceiver(t, cfg, next)
	x := flowexport.Exporter{Version: flow.NetFlow5, Boot: noon.Add(-time.Hour)}
	send := func() {
		r.ingest(router, noon, x.Datagram(nil, noon, tunnel(1).Flows(nil, noon.Add(-time.Minute), noon)))
	}
	send()
	<-entered
	for range 10 {
		send()
	}
	assert.Equal(t, uint64(44), r.engine.Stats().Detect.Records)
	assert.Equal(t, uint64(32), r.flows.lost(), "8 wait, the others are counted")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, r.Shutdown(ctx), context.Canceled)
	close(leave)
	<-r.done
}

func TestPipelineThatRefuses(t *testing.T) {
	core, said := observer.New(zap.WarnLevel)
	b := newBench(t, nil)
	b.logger = zap.New(core)
	b.metrics.next = consumertest.NewErr(assert.AnError)
	b.logs.next = consumertest.NewErr(assert.AnError)
	b.run(5, tunnel(1))
	b.pushMetrics(t.Context(), b.now)
	b.pushLogs(t.Context(), b.now)
	assert.Equal(t, 1, said.FilterMessage("The pipeline did not accept metrics").Len())
	assert.Equal(t, 1, said.FilterMessage("The pipeline did not accept events").Len())
}

// What is not wired costs nothing, and what is switched off is not there.
func TestOnlyMetrics(t *testing.T) {
	b := newBench(t, nil)
	b.logs = nil
	require.NoError(t, b.begin(noon))
	b.ingest(router, noon, b.exporter.Template(nil, noon))
	b.run(5, tunnel(1))
	s := b.engine.Stats()
	assert.Equal(t, 1, s.Detect.Pairs)
	assert.Zero(t, s.Changes)
	assert.Zero(t, s.ChangesLost)
}

func TestSwitchedOff(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.Logs.Events.PptpFlowPairStateChanged.Enabled = false
		for _, m := range []*bool{
			&c.Metrics.Metrics.PptpFlowBlackholedShare.Enabled, &c.Metrics.Metrics.PptpFlowConfidence.Enabled,
			&c.Metrics.Metrics.PptpFlowControlSessions.Enabled, &c.Metrics.Metrics.PptpFlowGatewayStatus.Enabled,
			&c.Metrics.Metrics.PptpFlowGreIo.Enabled, &c.Metrics.Metrics.PptpFlowGrePackets.Enabled,
			&c.Metrics.Metrics.PptpFlowPairs.Enabled, &c.Metrics.Metrics.PptpFlowPartialPairs.Enabled,
		} {
			*m = false
		}
	})
	b.run(5, tunnel(1))
	b.pushMetrics(t.Context(), b.now)
	assert.Empty(t, b.metricsSink.AllMetrics(), "nothing is better than an empty message")
	events := b.events(t)
	require.Equal(t, 1, events.LogRecordCount())
	assert.Equal(t, "pptp.flow.gateway.state.changed", events.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).EventName())
}

func TestClientsAreNowhereButInEvents(t *testing.T) {
	for mode, want := range map[string]int{privacy.Plain: 1, privacy.Hash: 0, privacy.Drop: 0} {
		t.Run(mode, func(t *testing.T) {
			b := newBench(t, func(c *Config) { c.ClientAddress, c.Flows.Enabled = mode, true })
			u := tunnel(77)
			b.run(10, u)
			u.NoOutbound = true
			b.run(8, u)
			j, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(b.metricsNow(t))
			require.NoError(t, err)
			assert.NotContains(t, string(j), u.Client.String())
			j, err = (&plog.JSONMarshaler{}).MarshalLogs(b.events(t))
			require.NoError(t, err)
			if want == 0 {
				assert.NotContains(t, string(j), u.Client.String())
			} else {
				assert.Contains(t, string(j), u.Client.String())
			}
			assert.Contains(t, string(j), gateway.String(), "the gateway is no secret")
		})
	}
}

func TestOneWarningAMinute(t *testing.T) {
	core, said := observer.New(zap.WarnLevel)
	b := newBench(t, func(c *Config) { c.Exporters = []string{"192.0.2.1"} })
	b.logger = zap.New(core)
	stranger := netip.MustParseAddrPort("[::ffff:192.0.2.9]:1")
	secret := []byte("\x00\x09 what nobody should read")
	for i := range 120 {
		now := noon.Add(time.Duration(i) * time.Second)
		b.ingest(stranger, now, secret)
		b.ingest(router, now, secret[:5])
		b.note(flow.Note{Kind: flow.NoteTemplateMissing, Exporter: flow.Exporter{Addr: router.Addr()}, Arrival: now.UnixNano()})
		b.note(flow.Note{Kind: flow.NoteSeen, Exporter: flow.Exporter{Addr: router.Addr()}, Arrival: now.UnixNano()})
	}
	got := map[string]int{}
	for _, e := range said.All() {
		m := e.ContextMap()
		got[fmt.Sprint(m["exporter"], " ", m["reason"], " ", m["held_back"])]++
		assert.NotContains(t, fmt.Sprint(m), "nobody")
	}
	assert.Equal(t, map[string]int{
		"192.0.2.9 not_allowed 0": 1, "192.0.2.9 not_allowed 59": 1,
		"192.0.2.1 short 0": 1, "192.0.2.1 short 59": 1,
		"192.0.2.1 template_missing 0": 1, "192.0.2.1 template_missing 59": 1,
	}, got)
}

func TestSelfTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.WithoutCancel(t.Context()))) })
	cfg := loopback()
	cfg.Exporters = []string{"192.0.2.1"}
	cfg.Flows.Enabled, cfg.Flows.QueueSize = true, 1
	r, err := newFlowReceiver(metadatatest.NewSettings(tel), cfg)
	require.NoError(t, err)
	require.NoError(t, r.begin(noon))
	require.NoError(t, r.sockets.open(t.Context(), r))
	defer func() { require.NoError(t, r.sockets.close()) }()
	require.NoError(t, r.telemetry.observe(r))

	x := flowexport.Exporter{Version: flow.NetFlow9, Boot: noon.Add(-time.Hour)}
	r.ingest(router, noon, x.Template(nil, noon))
	flows := tunnel(1).Flows(nil, noon.Add(-time.Minute), noon)
	flows = append(flows, flowexport.Flow{Src: gateway, Dst: gateway, Proto: 17, Start: noon, End: noon})
	r.ingest(router, noon, x.Datagram(nil, noon, flows))
	r.ingest(router, noon, []byte{0, 9, 0})
	r.ingest(router, noon, []byte{0, 9, 0, 0, 0})
	r.ingest(netip.MustParseAddrPort("192.0.2.2:1"), noon, nil)
	x.Domain = 2 // which has sent no template
	r.ingest(router, noon, x.Datagram(nil, noon, flows))

	self := attribute.String("receiver", "gre_flow")
	one := func(n int64) []metricdata.DataPoint[int64] {
		return []metricdata.DataPoint[int64]{{Attributes: attribute.NewSet(self), Value: n}}
	}
	by := func(key string, all map[string]int64) (out []metricdata.DataPoint[int64]) {
		for k, n := range all {
			out = append(out, metricdata.DataPoint[int64]{Attributes: attribute.NewSet(self, attribute.String(key, k)), Value: n})
		}
		return out
	}
	versions := func(v9 int64) []metricdata.DataPoint[int64] {
		return by("version", map[string]int64{"netflow_v5": 0, "netflow_v9": v9, "ipfix": 0, "sflow_v5": 0})
	}
	opt := metricdatatest.IgnoreTimestamp()
	metadatatest.AssertEqualGreFlowDatagrams(t, tel, versions(3), opt)
	metadatatest.AssertEqualGreFlowRecords(t, tel, versions(5), opt)
	metadatatest.AssertEqualGreFlowRecordsUsed(t, tel, versions(4), opt)
	metadatatest.AssertEqualGreFlowErrors(t, tel, by("reason", map[string]int64{
		"not_allowed": 1, "version": 1, "short": 1, "count": 0, "message_length": 0, "set_length": 0, "set_id": 0, "template": 0,
		"template_size": 0, "fields": 0, "overrun": 0, "memory": 0, "address": 0, "sample_count": 0, "sample_length": 0,
		"sample": 0, "record_count": 0, "record_length": 0, "record": 0,
	}), opt)
	metadatatest.AssertEqualGreFlowEvictions(t, tel, by("table", map[string]int64{
		"exporters": 0, "templates": 0, "sources": 0, "gateways": 0, "pairs": 0, "candidates": 0,
	}), opt)
	metadatatest.AssertEqualGreFlowTemplateMisses(t, tel, one(1), opt)
	metadatatest.AssertEqualGreFlowPendingDropped(t, tel, one(0), opt)
	metadatatest.AssertEqualGreFlowRecordsLost(t, tel, one(0), opt)
	metadatatest.AssertEqualGreFlowRestarts(t, tel, one(0), opt)
	metadatatest.AssertEqualGreFlowTemplates(t, tel, one(1), opt)
	metadatatest.AssertEqualGreFlowStateSizeLimit(t, tel, one(64<<20), opt)
	metadatatest.AssertEqualGreFlowStateSize(t, tel, one(0), opt, metricdatatest.IgnoreValue())
	metadatatest.AssertEqualGreFlowExporters(t, tel, one(2), opt)
	metadatatest.AssertEqualGreFlowExportersLimit(t, tel, one(4096), opt)
	metadatatest.AssertEqualGreFlowPairs(t, tel, one(1), opt)
	metadatatest.AssertEqualGreFlowPairsLimit(t, tel, one(100_000), opt)
	metadatatest.AssertEqualGreFlowChangesDropped(t, tel, one(0), opt)
	metadatatest.AssertEqualGreFlowFlowsDropped(t, tel, one(0), opt)
	metadatatest.AssertEqualGreFlowKernelDrops(t, tel, by("endpoint", map[string]int64{"127.0.0.1:0": 0}), opt)
	metadatatest.AssertEqualGreFlowReceiveBuffer(t, tel, by("endpoint", map[string]int64{"127.0.0.1:0": 1 << 16}), opt)
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestStatusTellsBeginningAndEnd(t *testing.T) {
	h := &statusHost{}
	s := status{host: h}
	s.set(faultSockets, nil)
	assert.Empty(t, h.statuses())
	s.set(faultStorage, assert.AnError)
	s.set(faultSockets, assert.AnError)
	s.set(faultStorage, nil)
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, h.statuses())
	s.set(faultSockets, nil)
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, h.statuses())
}

func TestSocketsThatFail(t *testing.T) {
	core, said := observer.New(zap.WarnLevel)
	b := newBench(t, nil)
	b.logger, b.status.host = zap.New(core), &statusHost{}
	for i := range 3 {
		b.sockets.readErrors = math.MaxUint64 // as if there was one error more each time
		b.tick(noon.Add(time.Duration(i) * time.Second))
	}
	b.tick(noon.Add(4 * time.Second))
	require.Equal(t, 1, said.Len(), "once a minute")
	assert.Equal(t, "reading flow exports has failed 1 times within 1s", said.All()[0].ContextMap()["error"])
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK},
		b.status.host.(*statusHost).statuses())
}

func BenchmarkMetrics(b *testing.B) {
	x := newBench(b, nil)
	x.metrics.next = consumertest.NewNop()
	x.run(10, tunnel(1))
	b.ReportAllocs()
	for b.Loop() {
		x.pushMetrics(context.Background(), x.now)
	}
}

// BenchmarkLogs is one change of a pair.
func BenchmarkLogs(b *testing.B) {
	x := newBench(b, nil)
	u := tunnel(1)
	x.run(10, u)
	changes := x.engine.Changes(nil)
	maker := x.logs.maker
	b.ReportAllocs()
	for b.Loop() {
		maker.changes(x.now, changes[:1])
	}
}

var _ receiver.Logs = (*flowReceiver)(nil)
