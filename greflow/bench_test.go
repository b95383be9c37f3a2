package greflow

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/flowexport"
)

// stream returns datagrams of so many records each, of which ours are about
// PPTP, after the engine has seen them all: every pair and template is known.
func stream(tb testing.TB, e *Engine, version flow.Version, records, ours int) [][]byte {
	tb.Helper()
	x := &flowexport.Exporter{Version: version, Boot: noon.Add(-time.Hour)}
	if version != flow.NetFlow5 {
		require.NoError(tb, e.Ingest(router, noon, x.Template(nil, noon)))
	}
	start := noon.Add(-time.Minute)
	other := flowexport.Flow{Src: client, Dst: gateway, Proto: 17, SrcPort: 4500, DstPort: 443, Packets: 9, Bytes: 900, Start: start, End: noon}
	var datagrams [][]byte
	for i := range 64 {
		u := tunnel()
		u.Client = netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})
		flows := make([]flowexport.Flow, 0, records)
		for len(flows)+4 <= ours {
			flows = u.Flows(flows, start, noon)
			u.Port++
		}
		flows = append(flows, u.Flows(nil, start, noon)[:ours-len(flows)]...)
		for len(flows) < records {
			flows = append(flows, other)
		}
		datagrams = append(datagrams, x.Datagram(nil, noon, flows))
	}
	for range 2 {
		for _, b := range datagrams {
			require.NoError(tb, e.Ingest(router, noon, b))
		}
	}
	return datagrams
}

// BenchmarkIngest is a datagram from its bytes to the state of its pairs. The stream
// repeats, so that its sequence numbers jump back once in 64 datagrams.
func BenchmarkIngest(b *testing.B) {
	for _, version := range []flow.Version{flow.NetFlow5, flow.NetFlow9, flow.IPFIX} {
		for _, ours := range []int{0, 1, 28} {
			b.Run(fmt.Sprintf("%s/%d_of_28", version, ours), func(b *testing.B) {
				e := newEngine(b, config())
				datagrams := stream(b, e, version, 28, ours)
				b.ReportAllocs()
				b.SetBytes(int64(len(datagrams[0])))
				for i := 0; b.Loop(); i++ {
					if err := e.Ingest(router, noon, datagrams[i%len(datagrams)]); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/28, "ns/record")
			})
		}
	}
}

// BenchmarkIngestParallel is the same from several sockets at once, which share one lock.
func BenchmarkIngestParallel(b *testing.B) {
	e := newEngine(b, config())
	datagrams := stream(b, e, flow.NetFlow9, 28, 1)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if err := e.Ingest(router, noon, datagrams[i%len(datagrams)]); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/28, "ns/record")
}

// BenchmarkTick is one evaluation of a share of 100,000 pairs, each second.
func BenchmarkTick(b *testing.B) {
	e := newEngine(b, config())
	fill(b, e, 100_000)
	now := noon
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Second)
		e.Tick(now)
	}
}

// fill makes so many pairs known.
func fill(tb testing.TB, e *Engine, pairs int) {
	tb.Helper()
	x := &flowexport.Exporter{Version: flow.NetFlow9, Boot: noon.Add(-time.Hour)}
	require.NoError(tb, e.Ingest(router, noon, x.Template(nil, noon)))
	var flows []flowexport.Flow
	for i := range pairs {
		u := tunnel()
		u.Client = netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		flows = u.Flows(flows[:0], noon.Add(-time.Minute), noon)
		require.NoError(tb, e.Ingest(router, noon, x.Datagram(nil, noon, flows)))
	}
	require.Equal(tb, pairs, e.Stats().Detect.Pairs)
}
