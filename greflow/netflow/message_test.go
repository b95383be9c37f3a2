package netflow

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

func TestVersions(t *testing.T) {
	for _, version := range []int{9, 10} {
		e := newExporter(version)
		b := newBench(t, Config{})
		r := b.one(e.send(1, e.data(256, gre()...)...))
		require.Equal(t, flow.Exporter{Addr: router, Version: flow.Version(version), Domain: 7}, r.Exporter)
		require.Equal(t, "198.51.100.1", r.Src.String())
		require.Equal(t, "203.0.113.1", r.Dst.String())
		require.True(t, r.IsGRE())
		require.Equal(t, []uint64{10, 1000}, []uint64{r.Packets, r.Bytes})
		require.Equal(t, []uint32{3, 4}, []uint32{r.In, r.Out})
		require.Equal(t, flow.Ingress, r.Direction)
		require.Equal(t, flow.EndActive, r.EndReason)
		require.Equal(t, noon.UnixNano(), r.Export)
		require.Equal(t, noon.UnixNano(), r.Arrival)
		require.False(t, r.Biflow)
	}
	r := newBench(t, Config{}).one(newExporter(5).v5(0, recordOfV5("198.51.100.1", "203.0.113.1", 6, 40000, 1723)))
	require.Equal(t, flow.Exporter{Addr: router, Version: flow.NetFlow5, Domain: 7}, r.Exporter)
	require.True(t, r.IsControl())
	require.Equal(t, []uint64{10, 1000, 3, 4, 0x12}, []uint64{r.Packets, r.Bytes, uint64(r.In), uint64(r.Out), uint64(r.TCPFlags)})
	require.Equal(t, noon.UnixNano()-5e9, r.Start)
	require.Equal(t, noon.UnixNano()-1e9, r.End)
}

func TestBadHeaders(t *testing.T) {
	v5 := newExporter(5).v5(0, recordOfV5("198.51.100.1", "203.0.113.1", 47, 0, 0))
	lying := append([]byte(nil), v5...)
	be.PutUint16(lying[2:], 2)
	e := newExporter(10)
	ipfix := e.send(1, e.data(256, gre()...)...)
	long := append([]byte(nil), ipfix...)
	be.PutUint16(long[2:], uint16(len(long)+8))
	tiny := append([]byte(nil), ipfix...)
	be.PutUint16(tiny[2:], 15)
	for name, tc := range map[string]struct {
		why      Reason
		datagram []byte
		records  int
	}{
		"empty":                        {ReasonShort, nil, 0},
		"a byte":                       {ReasonShort, []byte{0}, 0},
		"another version":              {ReasonVersion, []byte{0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0},
		"v5 header cut off":            {ReasonShort, v5[:23], 0},
		"v5 count beyond the datagram": {ReasonCount, lying, 0},
		"v5 record cut off":            {ReasonCount, v5[:len(v5)-1], 0},
		"v9 header cut off":            {ReasonShort, newExporter(9).send(0)[:19], 0},
		"IPFIX length below header":    {ReasonMessageLength, tiny, 0},
		"IPFIX length beyond datagram": {ReasonMessageLength, long, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Config{})
			b.refuse(tc.why, tc.datagram)
			require.Len(t, b.records, tc.records)
			require.Equal(t, uint64(1), b.Stats().Errors[tc.why])
			require.Equal(t, uint64(len(tc.datagram)), b.Stats().Bytes)
		})
	}
}

func TestIPFIXEndsWhereItsHeaderSays(t *testing.T) {
	e := newExporter(10)
	b := newBench(t, Config{})
	datagram := e.send(1, e.data(256, gre()...)...)
	b.one(append(datagram, set(256, record(gre()...))...))
}

// A v9 header counts records or sets, and neither is to be trusted.
func TestV9CountIsIgnored(t *testing.T) {
	for _, count := range []uint16{0, 1, 65535} {
		e := newExporter(9)
		datagram := e.send(1, e.data(256, gre()...)...)
		be.PutUint16(datagram[2:], count)
		newBench(t, Config{}).one(datagram)
	}
}

func TestSetLength(t *testing.T) {
	for name, length := range map[string]uint16{"below its header": 3, "zero": 0, "beyond the datagram": 200} {
		t.Run(name, func(t *testing.T) {
			e := newExporter(9)
			sets := e.data(256, gre()...)
			bad := set(256, record(gre()...))
			be.PutUint16(bad[2:], length)
			b := newBench(t, Config{})
			b.refuse(ReasonSetLength, e.send(1, append(sets, bad, set(256, record(gre()...)))...))
			require.Len(t, b.records, 1, "what came before is delivered, what comes after is not looked for")
		})
	}
}

func TestReservedSet(t *testing.T) {
	for version, ids := range map[int][]uint16{9: {2, 3, 255}, 10: {0, 1, 4, 255}} {
		for _, id := range ids {
			e := newExporter(version)
			b := newBench(t, Config{})
			b.refuse(ReasonSetID, e.send(1, append([][]byte{set(id, make([]byte, 8))}, e.data(256, gre()...)...)...))
			require.Len(t, b.records, 1, "the others are decoded")
		}
	}
}

func TestPadding(t *testing.T) {
	for _, version := range []int{9, 10} {
		for n := range 4 {
			e := newExporter(version)
			sets := e.data(256, gre()...)
			sets[0] = set(be.Uint16(sets[0]), sets[0][4:], make([]byte, n))
			sets[1] = set(256, sets[1][4:], make([]byte, n))
			newBench(t, Config{}).one(e.send(1, sets...))
		}
		e := newExporter(version)
		sets := e.data(256, gre()...)
		long := make([]byte, len(sets[1])-4-1) // anything shorter than a record
		newBench(t, Config{}).one(e.send(1, sets[0], set(256, sets[1][4:], long)))
	}
}

func TestSeveralTemplatesAndRecords(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{})
	control := with(gre(), num(4, 1, 6), num(11, 2, 1723))
	b.take(e.send(4,
		set(setTemplateV9, layout(256, gre()...), layout(300, control...)),
		set(300, record(control...)), set(256, record(gre()...), record(gre()...)), set(300, record(control...))))
	require.Len(t, b.records, 4)
	require.Equal(t, VersionStats{Datagrams: 1, Records: 4, Delivered: 4}, b.Stats().V9)
	require.Equal(t, 2, b.Stats().Templates)
	require.Equal(t, []bool{true, false, false, true}, []bool{
		b.records[0].IsControl(), b.records[1].IsControl(), b.records[2].IsControl(), b.records[3].IsControl(),
	})
}
