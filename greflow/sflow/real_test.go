package sflow

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// TestPmacctd decodes what the sfprobe plugin of pmacctd 1.7.7 made of a capture with
// tunnel packets both ways, control, and ICMP errors that quote the tunnel; tshark
// reads the same from it.
func TestPmacctd(t *testing.T) {
	b, err := os.ReadFile("testdata/pmacctd-1.7.7.bin")
	require.NoError(t, err)
	got, stats := decodeOne(t, Config{}, b)

	now := start.UnixNano()
	of := func(change func(*flow.Record)) flow.Record {
		r := flow.Record{
			Exporter: flow.Exporter{Addr: agent, Version: flow.SFlow5, Domain: 5}, Packets: 1, Sampling: 2,
			Start: now, End: now, Export: now, Arrival: now,
		}
		change(&r)
		return r
	}
	tunnel := func(r *flow.Record) {
		r.Src, r.Dst, r.Proto, r.Bytes, r.CallID, r.HasCallID = client, gateway, flow.ProtoGRE, 90, 61, true
	}
	out := of(tunnel)
	back := of(func(r *flow.Record) { tunnel(r); r.Src, r.Dst, r.CallID = gateway, client, 7 })
	refused := of(func(r *flow.Record) {
		tunnel(r)
		r.Bytes, r.Drop, r.Code, r.DropBy = 118, flow.DropICMP, 2, gateway
	})
	control := of(func(r *flow.Record) {
		r.Src, r.Dst, r.Proto, r.Bytes, r.SrcPort, r.DstPort, r.TCPFlags = client, gateway, flow.ProtoTCP, 98, 40000, 1723, 0x10
	})
	assert.Equal(t, []flow.Record{back, refused, out, control, back, refused, back}, got.records)
	assert.Equal(t, Stats{Datagrams: 1, Bytes: 1324, FlowSamples: 7, Records: 7, Delivered: 7, Exporters: 1, Sources: 1}, stats)
}
