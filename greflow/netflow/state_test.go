package netflow

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

func host(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// consistent checks the gauges against what is there.
func consistent(t *testing.T, d *Decoder) {
	t.Helper()
	var bytes int64
	templates, sets := 0, 0
	peers := map[netip.Addr]int64{}
	for e, s := range d.scopes {
		own := scopeCost
		for id, x := range s.templates {
			require.Equal(t, id, x.id)
			own += x.cost()
		}
		require.Equal(t, len(s.templates), s.byUse.Len())
		templates += len(s.templates)
		pending := 0
		for i := range s.pending.sets {
			pending += s.pending.sets[i].cost()
		}
		require.Equal(t, pending, s.pending.bytes)
		require.LessOrEqual(t, pending, d.cfg.PendingBytes)
		sets += len(s.pending.sets)
		bytes += own + int64(pending)
		peers[e.Addr] += own + int64(pending)
		require.Same(t, d.peers[e.Addr], s.peer)
		require.LessOrEqual(t, len(s.templates), d.cfg.MaxTemplates)
		require.LessOrEqual(t, len(s.rates.samplers), maxSamplers)
	}
	stats := d.Stats()
	require.Equal(t, bytes, stats.StateBytes)
	require.LessOrEqual(t, bytes, d.cfg.MaxBytes)
	require.Equal(t, []int{len(d.scopes), templates, sets}, []int{stats.Exporters, stats.Templates, stats.PendingSets})
	require.LessOrEqual(t, len(d.scopes), d.cfg.MaxExporters)
	require.Equal(t, len(d.scopes), d.byUse.Len())
	require.Len(t, d.peers, len(peers))
	for a, n := range peers {
		require.Equal(t, n, d.peers[a].bytes)
	}
}

func TestScopeIsWithoutPortAndMapping(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{})
	b.take(e.send(0, e.data(256, gre()...)[0]))
	require.NoError(t, b.Decode(netip.MustParseAddr("::ffff:192.0.2.1"), noon, e.send(1, set(256, record(gre()...))), &b.collected))
	require.Len(t, b.records, 1)
	require.Equal(t, router, b.records[0].Exporter.Addr)
	require.Equal(t, 1, b.Stats().Exporters)
	require.Equal(t, []flow.Note{{Kind: flow.NoteSeen, Exporter: b.records[0].Exporter, Arrival: noon.UnixNano()}}, b.notes)
}

func TestExportersAreBounded(t *testing.T) {
	b := newBench(t, Config{MaxExporters: 16})
	e := newExporter(9)
	datagram := e.send(0, e.data(256, gre()...)[0])
	for i := range 100 {
		require.NoError(t, b.Decode(host(i), noon, datagram, &b.collected))
		require.NoError(t, b.Decode(host(0), noon, datagram, &b.collected)) // which is in use
		consistent(t, b.Decoder)
	}
	require.Equal(t, 16, b.Stats().Exporters)
	require.Equal(t, uint64(84), b.Stats().ExportersEvicted)
	require.Contains(t, b.peers, host(0))
	require.Contains(t, b.peers, host(99))
	require.NotContains(t, b.peers, host(1), "the least recently used")
}

// One address that invents domains displaces itself, not the others.
func TestFloodOfDomainsFromOneAddress(t *testing.T) {
	b := newBench(t, Config{MaxExporters: 64})
	e := newExporter(9)
	datagram := e.send(0, e.data(256, gre()...)[0])
	for i := range 50 {
		require.NoError(t, b.Decode(host(i), noon, datagram, &b.collected))
	}
	for i := range uint32(1000) {
		e.domain = i
		require.NoError(t, b.Decode(router, noon, e.send(0, e.data(256, gre()...)[0]), &b.collected))
	}
	consistent(t, b.Decoder)
	for i := range 50 {
		require.Contains(t, b.peers, host(i))
	}
	require.Equal(t, 64, b.Stats().Exporters)
}

func TestFloodOfTemplates(t *testing.T) {
	b := newBench(t, Config{MaxTemplates: 10})
	e := newExporter(9)
	b.take(e.send(0, e.data(256, gre()...)[0]))
	for i := range 1000 {
		b.take(e.send(1, set(setTemplateV9, layout(uint16(300+i), gre()...)), set(256, record(gre()...))))
	}
	consistent(t, b.Decoder)
	require.Equal(t, 10, b.Stats().Templates)
	require.Equal(t, uint64(991), b.Stats().TemplatesEvicted)
	require.Len(t, b.records, 1000, "the one in use stays")
}

func TestBytesAreBounded(t *testing.T) {
	const limit = 200_000
	b := newBench(t, Config{MaxBytes: limit})
	for i := range 200 {
		for version := 9; version <= 10; version++ {
			e := newExporter(version)
			for id := uint16(256); id < 270; id++ {
				require.NoError(t, b.Decode(host(i), noon, e.send(0, e.data(id, gre()...)[0]), &b.collected))
			}
			require.NoError(t, b.Decode(host(i), noon, e.send(0, set(999, make([]byte, 1000))), &b.collected))
		}
		consistent(t, b.Decoder)
	}
	require.Positive(t, b.Stats().ExportersEvicted)
	require.Greater(t, b.Stats().StateBytes, int64(limit/2))
}

func TestNoRoomAtAll(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{MaxBytes: 1})
	b.refuse(ReasonMemory, e.send(1, e.data(256, gre()...)...))
	b = newBench(t, Config{MaxBytes: scopeCost + 100})
	b.refuse(ReasonMemory, e.send(1, e.data(256, gre()...)...))
	require.Empty(t, b.records)
	require.Equal(t, uint64(1), b.Stats().PendingDropped)
	consistent(t, b.Decoder)
}

func TestForget(t *testing.T) {
	b := newBench(t, Config{TemplateTTL: time.Hour, PendingAge: time.Minute})
	used, unused := newExporter(9), newExporter(10)
	unused.domain = 1
	b.take(used.send(0, set(setTemplateV9, layout(256, gre()...), layout(257, gre()...)), set(999, record(gre()...))))
	b.take(unused.send(0, unused.data(256, gre()...)[0]))
	b.Forget(noon.Add(30 * time.Second))
	require.Equal(t, []int{2, 3, 1}, []int{b.Stats().Exporters, b.Stats().Templates, b.Stats().PendingSets})
	b.Forget(noon.Add(61 * time.Second))
	require.Equal(t, []int{2, 3, 0}, []int{b.Stats().Exporters, b.Stats().Templates, b.Stats().PendingSets})
	require.NoError(t, b.Decode(router, noon.Add(30*time.Minute), used.send(1, set(256, record(gre()...))), &b.collected))
	b.Forget(noon.Add(time.Hour + time.Second))
	require.Equal(t, []int{1, 1, 0}, []int{b.Stats().Exporters, b.Stats().Templates, b.Stats().PendingSets})
	require.Contains(t, b.last.templates, uint16(256), "which is in use")
	b.Forget(noon.Add(2 * time.Hour))
	stats := b.Stats()
	require.Equal(t, []int{0, 0, 0}, []int{stats.Exporters, stats.Templates, stats.PendingSets})
	require.Zero(t, stats.StateBytes)
	require.Equal(t, []uint64{2, 1, 1}, []uint64{stats.ExportersExpired, stats.TemplatesExpired, stats.PendingDropped})

	b.notes = nil
	b.take(used.send(0))
	require.Equal(t, flow.NoteSeen, b.notes[0].Kind, "as if for the first time")
}

func TestMissingTemplateCostsOnlyItsSet(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{PendingAge: 24 * time.Hour})
	b.take(e.send(0, e.data(256, gre()...)[0]))
	first := with(gre(), num(2, 4, 77))
	b.take(e.send(3, set(256, record(gre()...)), set(257, record(first...)), set(256, record(gre()...))))
	require.Len(t, b.records, 2)
	require.Equal(t, []flow.NoteKind{flow.NoteTemplateMissing}, b.kinds())
	require.Equal(t, uint64(1), b.Stats().TemplateMisses)

	e.at = noon.Add(10 * time.Minute)
	e.uptime += 20 * 3600_000
	require.NoError(t, b.Decode(router, noon.Add(20*time.Hour), e.send(0, e.data(257, first...)[0]), &b.collected))
	require.Len(t, b.records, 3)
	late := b.records[2]
	require.Equal(t, uint64(77), late.Packets)
	require.Equal(t, noon.UnixNano(), late.Arrival, "as when it came")
	require.Equal(t, noon.UnixNano(), late.Export)
	require.Equal(t, noon.UnixNano()-1e9, late.End)
	require.Zero(t, b.Stats().TimesClamped)
	require.Equal(t, []flow.NoteKind{flow.NoteTemplateMissing, flow.NoteTemplateArrived}, b.kinds())
	require.Equal(t, uint64(1), b.Stats().PendingDecoded)
	require.Zero(t, b.Stats().PendingSets)
	consistent(t, b.Decoder)
}

func TestTemplateAfterItsDataInOneDatagram(t *testing.T) {
	for _, version := range []int{9, 10} {
		e := newExporter(version)
		sets := e.data(256, gre()...)
		newBench(t, Config{}).one(e.send(1, sets[1], sets[0]))
	}
}

func TestPendingIsBounded(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{PendingBytes: 2000})
	for i := range 100 {
		b.take(e.send(1, set(257, record(with(gre(), num(2, 4, uint64(i)))...))))
		consistent(t, b.Decoder)
	}
	waiting := b.Stats().PendingSets
	require.Greater(t, waiting, 5)
	require.Equal(t, uint64(100-waiting), b.Stats().PendingDropped)
	b.take(e.send(1, set(257, make([]byte, 3000)))) // more than there is room for
	require.Equal(t, waiting, b.Stats().PendingSets)
	b.take(e.send(0, e.data(257, gre()...)[0]))
	require.Len(t, b.records, waiting)
	for i, r := range b.records {
		require.Equal(t, uint64(100-len(b.records)+i), r.Packets, "the newest ones, in order")
	}
}

func TestPendingOfManyTemplates(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{})
	const n = maxMissing + 10
	for i := range uint16(n) {
		b.take(e.send(1, set(300+i, record(gre()...))))
	}
	for i := range uint16(n) {
		b.take(e.send(0, set(setTemplateV9, layout(300+i, gre()...))))
	}
	require.Len(t, b.records, n)
	require.Equal(t, []flow.NoteKind{flow.NoteTemplateMissing, flow.NoteTemplateArrived}, b.kinds())
}

// A template that is never sent again must not freeze the exporter for ever.
func TestMissingTemplateIsGivenUp(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{PendingAge: time.Minute})
	b.take(e.send(1, set(300, record(gre()...))))
	require.NoError(t, b.Decode(router, noon.Add(30*time.Second), e.send(0), &b.collected))
	require.Equal(t, []flow.NoteKind{flow.NoteTemplateMissing}, b.kinds())
	require.NoError(t, b.Decode(router, noon.Add(61*time.Second), e.send(0), &b.collected))
	require.Equal(t, []flow.NoteKind{flow.NoteTemplateMissing, flow.NoteTemplateArrived}, b.kinds())
}

func TestPendingOptionData(t *testing.T) {
	e := newExporter(9)
	b := newBench(t, Config{})
	sets := e.options(300, 1, num(1, 4, 0), num(34, 4, 64))
	b.take(e.send(1, sets[1]))
	b.take(e.send(0, sets[0]))
	require.InDelta(t, 64, b.one(e.send(1, e.data(256, gre()...)...)).Sampling, 0)
}

func TestErrors(t *testing.T) {
	for r := range Reason(Reasons) {
		require.NotEmpty(t, r.String())
		e := &failures[r]
		require.Equal(t, r, e.Reason)
		require.ErrorIs(t, e, e.Err)
		require.Contains(t, e.Error(), e.Err.Error())
	}
	require.Equal(t, "unknown", Reason(200).String())
}

// Nothing is allocated for what is known, nor for what is bad.
func TestNoAllocations(t *testing.T) {
	sink := &discard{}
	for _, all := range []bool{true, false} {
		for _, m := range mixes(50) {
			t.Run(fmt.Sprintf("%s/all=%t", m.name, all), func(t *testing.T) {
				d := NewDecoder(Config{All: all})
				require.NoError(t, d.Decode(router, noon, m.template, sink))
				i := 0
				require.Zero(t, testing.AllocsPerRun(200, func() {
					_ = d.Decode(router, noon, m.template, sink)
					_ = d.Decode(router, noon, m.datagrams[i%len(m.datagrams)], sink)
					i++
				}))
			})
		}
	}
	e := newExporter(10)
	varied := e.send(1, e.data(256, append([]spec{vary(96, []byte("x"))}, append(gre(), vary(313, enhancedGRE()))...)...)...)
	rare := e.send(1, e.data(258, append(gre(), addr(225, "192.0.2.9"), addr(130, "192.0.2.8"), num(233, 1, 3), num(34, 4, 9))...)...)
	option := e.send(1, e.options(257, 1, num(149, 4, 7), num(48, 1, 3), num(34, 4, 64), num(36, 4, 60))...)
	short := e.send(1, set(256, []byte{200}))
	cut := e.send(0, set(999, nil), []byte{0, 9, 0, 3})
	for name, datagram := range map[string][]byte{
		"variable length": varied, "rare fields": rare, "option data": option, "overrun": short, "set length": cut[:len(cut)-6],
		"version": {0, 1}, "short": {0},
	} {
		t.Run(name, func(t *testing.T) {
			d := NewDecoder(Config{})
			_ = d.Decode(router, noon, varied, sink)
			require.Zero(t, testing.AllocsPerRun(200, func() { _ = d.Decode(router, noon, datagram, sink) }))
		})
	}
}
