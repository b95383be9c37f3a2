package greflowreceiver

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

func TestThrottleIsBounded(t *testing.T) {
	var w throttle
	stranger := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }
	said := func(from, to int, now time.Time) (n int) {
		for i := from; i < to; i++ {
			if _, ok := w.allow(stranger(i), "short", now); ok {
				n++
			}
		}
		return n
	}
	assert.Equal(t, maxWarnings, said(0, 10*maxWarnings, noon), "no more than the table holds")
	assert.Len(t, w.said, maxWarnings)
	assert.Zero(t, said(0, 10*maxWarnings, noon.Add(59*time.Second)))
	before, ok := w.allow(stranger(1), "short", noon.Add(61*time.Second))
	assert.True(t, ok)
	assert.Equal(t, uint64(1), before)
	assert.Equal(t, maxWarnings-1, said(5000, 6000, noon.Add(62*time.Second)), "what is old makes room")
	assert.Len(t, w.said, maxWarnings)
}

func TestFlowQueueIsBounded(t *testing.T) {
	q := flowQueue{limit: 2}
	for i := range 5 {
		q.add(&flow.Record{SrcPort: uint16(i)})
	}
	first := q.take(nil)
	assert.Len(t, first, 2)
	assert.Equal(t, uint64(3), q.lost())
	q.add(&flow.Record{SrcPort: 9})
	second := q.take(first)
	assert.Len(t, second, 1)
	assert.Equal(t, uint16(9), second[0].SrcPort)
	assert.Empty(t, q.take(second))
}

// What only some exporters tell.
func TestRareAttributes(t *testing.T) {
	b := newBench(t, nil)
	drop := detect.Change{
		At: noon, Since: noon.Add(-time.Minute), Client: netip.MustParseAddr("198.51.100.1"),
		Gateway: detect.GatewayID{ID: "gw-1", Addr: gateway}, From: detect.Healthy, To: detect.PolicyDrop,
		Evidence: detect.Evidence{
			Drop: flow.DropICMP, DropCode: 13, DropWay: detect.ToClient, Confidence: 1, Calls: [2]int{1, 2}, Partial: true,
			LastGRE: [2]time.Duration{-1, time.Second}, LastControl: [2]time.Duration{-1, -1},
		},
	}
	unknown := drop
	unknown.From, unknown.To = detect.PolicyDrop, detect.Unknown
	unknown.Evidence = detect.Evidence{Reason: detect.Sampling, Sampling: 1000}
	records := func(ld plog.Logs) plog.LogRecordSlice { return ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords() }
	got := records(b.logs.maker.changes(noon, []detect.Change{drop, unknown}))
	assert.Equal(t, 2, got.Len(), "one resource for both")
	a := got.At(0).Attributes().AsRaw()
	assert.Subset(t, a, map[string]any{
		"pptp.flow.drop.source": "icmp", "pptp.flow.drop.code": int64(13), "pptp.flow.drop.direction": "gateway_to_client",
		"pptp.flow.calls.client_to_gateway": int64(1), "pptp.flow.calls.gateway_to_client": int64(2),
		"pptp.flow.partial_visibility": true, "pptp.flow.confidence": 1., "pptp.flow.previous_duration": 60.,
		"pptp.flow.last_gre.gateway_to_client": 1.,
	})
	assert.NotContains(t, a, "pptp.flow.last_gre.client_to_gateway", "never is not a number")
	assert.Equal(t, plog.SeverityNumberWarn, got.At(0).SeverityNumber())
	a = got.At(1).Attributes().AsRaw()
	assert.Subset(t, a, map[string]any{"pptp.flow.reason": "sampling", "pptp.flow.sampling": 1000.})
	assert.NotContains(t, a, "pptp.flow.confidence")

	a = records(b.logs.maker.flows(noon, []flow.Record{{
		Proto: 50, Src: gateway, Biflow: true, RevPackets: 3, RevBytes: 4, Packets: 1 << 63, HasCallID: true, CallID: 7,
		Drop: flow.DropForwarding, Code: 129, Sampling: 10, Arrival: noon.UnixNano(),
	}})).At(0).Attributes().AsRaw()
	assert.Subset(t, a, map[string]any{
		"pptp.flow.protocol": "50", "pptp.flow.reverse_packets": int64(3), "pptp.flow.reverse_bytes": int64(4),
		"pptp.flow.packets": int64(1<<63 - 1), "pptp.call.id": int64(7), "pptp.flow.drop.source": "forwarding_status",
		"pptp.flow.drop.code": int64(129), "pptp.flow.sampling": 10.,
	})
	assert.NotContains(t, a, "destination.address")
	for d, name := range map[flow.Drop]string{
		flow.DropFirewall: "firewall_event", flow.DropSFlow: "sflow_discard", flow.NotDropped: "",
	} {
		assert.Equal(t, name, dropSource(d))
	}
	assert.Equal(t, "icmp", protocolName(1))
}

// An event that is switched off does not lead the next one astray.
func TestEventsStayWithTheirGateway(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Logs.Events.PptpFlowPairStateChanged.Enabled = false })
	change := func(id string, client netip.Addr) detect.Change {
		return detect.Change{At: noon, Gateway: detect.GatewayID{ID: id}, Client: client, To: detect.Healthy}
	}
	client := netip.MustParseAddr("198.51.100.1")
	out := b.logs.maker.changes(noon, []detect.Change{
		change("gw-1", netip.Addr{}), change("gw-2", client), change("gw-2", netip.Addr{}), change("gw-2", netip.Addr{}), change("gw-1", netip.Addr{}),
	})
	var got []string
	for i := range out.ResourceLogs().Len() {
		rl := out.ResourceLogs().At(i)
		id, _ := rl.Resource().Attributes().Get("pptp.gateway.id")
		for range rl.ScopeLogs().At(0).LogRecords().Len() {
			got = append(got, id.Str())
		}
	}
	assert.Equal(t, []string{"gw-1", "gw-2", "gw-2", "gw-1"}, got)
}
