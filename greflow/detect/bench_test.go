package detect

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

func clientAddr(i int) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], 0x0a000000+uint32(i)*7)
	return netip.AddrFrom4(b)
}

// load gives a detector control and GRE both ways of n pairs at one time.
func load(d *Detector, n int, at time.Time) {
	var r flow.Record
	for i := range n {
		for k := range 4 {
			fill(&r, i, k, at)
			d.Record(&r)
		}
	}
}

// fill makes one of the four records that a pair gives.
func fill(r *flow.Record, client, kind int, at time.Time) {
	*r = flow.Record{
		Exporter: exporterAt(1), In: uint32(1 + kind%2), Src: clientAddr(client), Dst: gw1, Proto: flow.ProtoGRE,
		Packets: 60, Bytes: 6000, Sampling: 1, EndReason: flow.EndActive,
		Start: at.Add(-time.Minute).UnixNano(), End: at.UnixNano(), Export: at.UnixNano(), Arrival: at.UnixNano(),
	}
	if kind >= 2 {
		r.Proto, r.SrcPort, r.DstPort = flow.ProtoTCP, uint16(1024+client%60000), flow.PPTPPort
	}
	if kind%2 == 1 {
		r.Src, r.Dst, r.SrcPort, r.DstPort = r.Dst, r.Src, r.DstPort, r.SrcPort
	}
}

func TestMemoryOfPair(t *testing.T) {
	const n = 100_000
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	d, err := New(gatewayConfig())
	require.NoError(t, err)
	load(d, n, began)
	d.Tick(began.Add(time.Second))
	perPair := float64(heap()-before) / n
	s := d.Stats()
	require.Equal(t, n, s.Pairs)
	t.Logf("%.0f B/pair all included, struct %d B, stats say %.0f", perPair, unsafe.Sizeof(pair{}), float64(s.Bytes)/n)
	require.LessOrEqual(t, perPair, 380.0)
	require.InDelta(t, perPair, float64(s.Bytes)/n, 20)
}

func TestRecordAllocatesNothing(t *testing.T) {
	d, err := New(gatewayConfig())
	require.NoError(t, err)
	load(d, 1000, began)
	var r flow.Record
	i, at := 0, began
	require.Zero(t, testing.AllocsPerRun(5000, func() {
		if i++; i%1000 == 0 {
			at = at.Add(10 * time.Second)
			d.Tick(at)
		}
		fill(&r, i%1000, i/7%4, at)
		d.Record(&r)
		d.Note(flow.Note{Kind: flow.NoteLoss, Exporter: r.Exporter, Arrival: r.Arrival})
	}))
}

// BenchmarkRecord updates pairs in an order that no cache knows.
func BenchmarkRecord(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d, err := New(gatewayConfig())
			require.NoError(b, err)
			load(d, n, began)
			records := make([]flow.Record, 1<<12)
			for i := range records {
				fill(&records[i], (i*7919)%n, i%4, began)
			}
			b.ReportAllocs()
			i, at := 0, began
			for b.Loop() {
				r := &records[i&(1<<12-1)]
				if i&(1<<12-1) == 0 {
					at = at.Add(time.Second)
				}
				if n > 1<<12 && i&3 == 0 {
					c := clientAddr((i * 7919) % n)
					r.Src = c
				}
				r.Arrival = at.UnixNano()
				d.Record(r)
				i++
			}
		})
	}
}

// BenchmarkEvaluate is what Tick does for each pair in its turn.
func BenchmarkEvaluate(b *testing.B) {
	const n = 10_000
	d, err := New(gatewayConfig())
	require.NoError(b, err)
	load(d, n, began)
	now := d.clock.now()
	b.ReportAllocs()
	for b.Loop() {
		for i := range d.table.used {
			d.evaluate(d.table.at(i), now, true)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/pair")
}
