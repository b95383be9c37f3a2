package sflow

import (
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// step is one datagram of one sample, and what is noted of it.
type step struct {
	seq, uptime      uint32
	sample           sampled
	lost, late, down uint64 // datagrams lost, datagrams late, restarts
	amount           float64
}

func TestSequence(t *testing.T) {
	on := func(seq, drops uint32) sampled { return sampled{seq: seq, source: 3, rate: 100, drops: drops} }
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"nothing missing", []step{
			{seq: 7, uptime: 100, sample: on(20, 0)},
			{seq: 8, uptime: 200, sample: on(21, 0)},
			{seq: 9, uptime: 200, sample: on(22, 0)},
		}},
		{"datagrams and samples missing", []step{
			{seq: 7, uptime: 100, sample: on(20, 0)},
			{seq: 10, uptime: 200, sample: on(31, 0), lost: 2, amount: 10},
			{seq: 11, uptime: 300, sample: on(32, 0)},
		}},
		{"numbers wrap", []step{
			{seq: math.MaxUint32 - 1, uptime: math.MaxUint32 - 10, sample: on(math.MaxUint32, math.MaxUint32)},
			{seq: 1, uptime: 90, sample: on(3, 4), lost: 2, amount: 3 + 5},
		}},
		{"dropped by the agent", []step{
			{seq: 7, uptime: 100, sample: on(20, 1000)},
			{seq: 8, uptime: 200, sample: on(21, 1004), amount: 4},
			{seq: 9, uptime: 300, sample: on(22, 1004)},
			{seq: 10, uptime: 400, sample: on(23, 2)}, // it counts anew
			{seq: 11, uptime: 500, sample: on(24, 3), amount: 1},
		}},
		{"late and twice", []step{
			{seq: 7, uptime: 100, sample: on(20, 0)},
			{seq: 9, uptime: 300, sample: on(22, 0), lost: 1, amount: 1},
			{seq: 8, uptime: 200, sample: on(21, 0), late: 1},
			{seq: 9, uptime: 300, sample: on(22, 0), late: 1},
			{seq: 10, uptime: 400, sample: on(23, 0)},
		}},
		{"a restart is no loss", []step{
			{seq: 70_000, uptime: 86_400_000, sample: on(20_000, 50)},
			{seq: 3, uptime: 12_000, sample: on(9, 1), down: 1},
			{seq: 4, uptime: 13_000, sample: on(10, 1)},
			{seq: 5, uptime: 14_000, sample: on(12, 1), amount: 1},
		}},
		{"a restart that only the uptime tells", []step{
			{seq: 2, uptime: 60_000, sample: on(20, 0)},
			{seq: 9, uptime: 12_000, sample: on(90, 0), down: 1},
			{seq: 10, uptime: 13_000, sample: on(91, 0)},
		}},
		{"a restart that only the sequence tells", []step{
			{seq: 5000, uptime: 60_000, sample: on(20, 0)},
			{seq: 1, uptime: 61_000, sample: on(1, 0), down: 1},
			{seq: 2, uptime: 62_000, sample: on(2, 0)},
		}},
		{"an uptime of always 0 is no restart", []step{
			{seq: 1, sample: on(20, 0)},
			{seq: 2, sample: on(21, 0)},
		}},
		{"a source that counts anew is no loss", []step{
			{seq: 1, uptime: 100, sample: on(20_000, 7)},
			{seq: 2, uptime: 200, sample: on(1, 0)},
			{seq: 3, uptime: 300, sample: on(4, 0), amount: 2},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := NewDecoder(Config{})
			for i, s := range tt.steps {
				before, got := d.Stats(), &collect{}
				b := header{agent: agent, seq: s.seq, uptime: s.uptime}.datagram(s.sample.flow())
				require.NoError(t, d.Decode(sender, start, b, got))
				after := d.Stats()
				assert.Equal(t, s.lost, after.DatagramsLost-before.DatagramsLost, "lost, step %d", i)
				assert.Equal(t, s.late, after.DatagramsLate-before.DatagramsLate, "late, step %d", i)
				assert.Equal(t, s.down, after.Restarts-before.Restarts, "restarts, step %d", i)
				want := map[flow.NoteKind]float64{}
				if i == 0 {
					want[flow.NoteSeen], want[flow.NoteSampling] = 0, 100
				}
				if s.down > 0 {
					want[flow.NoteRestart] = 0
				}
				if s.amount > 0 {
					want[flow.NoteLoss] = s.amount
				}
				assert.Equal(t, want, got.kinds(), "step %d", i)
			}
		})
	}
}

func TestSequencesAreApart(t *testing.T) {
	d, got := NewDecoder(Config{}), &collect{}
	send := func(from netip.Addr, h header, samples ...[]byte) {
		require.NoError(t, d.Decode(from, start, h.datagram(samples...), got))
	}
	a := sampled{seq: 100, source: 1, rate: 10}
	b := sampled{seq: 900, source: 2, rate: 10}
	other := netip.MustParseAddr("192.0.2.77")
	send(sender, header{agent: agent, seq: 50}, a.flow(), b.flow(), a.discard(258))
	send(sender, header{agent: agent, seq: 7, subAgent: 1}, b.flow())
	send(sender, header{agent: other, seq: 7}, b.flow())
	send(other, header{agent: agent, seq: 7}, b.flow()) // another who says that it is agent
	a.seq, b.seq = 101, 901
	send(sender, header{agent: agent, seq: 51}, a.flow(), b.expanded(), a.discard(258))
	stats := d.Stats()
	assert.Zero(t, stats.SamplesLost)
	assert.Zero(t, stats.Restarts)
	assert.Zero(t, stats.DatagramsLost)
	assert.Equal(t, 4, stats.Exporters)
	assert.Equal(t, 6, stats.Sources)

	// Discards have a sequence of their own, which says nothing of the flow samples.
	got.notes = nil
	a.seq, a.drops = 105, 2
	send(sender, header{agent: agent, seq: 52}, a.discard(258))
	assert.Equal(t, uint64(3+2), d.Stats().DiscardsLost)
	assert.Empty(t, got.notes)
}

func TestLossIsOneNoteADatagram(t *testing.T) {
	d, got := NewDecoder(Config{}), &collect{}
	a, b := sampled{seq: 1, source: 1}, sampled{seq: 1, source: 2}
	require.NoError(t, d.Decode(sender, start, header{agent: agent, seq: 1}.datagram(a.flow(), b.flow(), a.discard(258)), got))
	got.notes = nil
	want := flow.Note{Kind: flow.NoteLoss, Exporter: flow.Exporter{Addr: agent, Version: flow.SFlow5}, Arrival: start.UnixNano(), Amount: 3 + 6, Of: 4}
	a.seq, b.seq = 5, 8
	// It comes even if the rest of the datagram is bad.
	require.Error(t, d.Decode(sender, start, header{agent: agent, seq: 2}.datagram(a.flow(), b.flow(), []byte{1}), got))
	assert.Equal(t, []flow.Note{want}, got.notes)

	got.notes = nil
	a.seq = 7
	want.Amount, want.Of = 1, 1
	require.NoError(t, d.Decode(sender, start, header{agent: agent, seq: 3}.datagram(a.flow()), got))
	assert.Equal(t, []flow.Note{want}, got.notes, "since the last")
}

func TestSamplingIsNotedWhenItChanges(t *testing.T) {
	d := NewDecoder(Config{})
	seq := uint32(0)
	send := func(samples ...sampled) map[flow.NoteKind]float64 {
		got := &collect{}
		var encoded [][]byte
		for _, s := range samples {
			s.seq = seq
			encoded = append(encoded, s.flow())
		}
		require.NoError(t, d.Decode(sender, start, header{agent: agent, seq: seq}.datagram(encoded...), got))
		seq++
		return got.kinds()
	}
	a, b := sampled{source: 1, rate: 100}, sampled{source: 2, rate: 100}
	assert.Equal(t, map[flow.NoteKind]float64{flow.NoteSeen: 0, flow.NoteSampling: 100}, send(a, b))
	assert.Empty(t, send(a, b))
	b.rate = 200
	assert.Equal(t, map[flow.NoteKind]float64{flow.NoteSampling: 200}, send(a, b))
	assert.Empty(t, send(a, b, a, b), "interfaces may differ")
}

func TestBoundsAndEviction(t *testing.T) {
	d := NewDecoder(Config{MaxExporters: 16, MaxSources: 32})
	known := header{agent: agent}
	mine := sampled{source: 1, rate: 10}
	for i := range uint32(2000) {
		now := start.Add(time.Duration(i) * time.Millisecond)
		// An agent that sends all the time, among agents and sources that come and go.
		known.seq, mine.seq = i, i*2
		require.NoError(t, d.Decode(sender, now, known.datagram(mine.flow()), &collect{}))
		stray := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		require.NoError(t, d.Decode(stray, now, header{agent: stray}.datagram(sampled{source: i}.flow(), sampled{source: i + 1}.flow()), &collect{}))
		stats := d.Stats()
		require.LessOrEqual(t, stats.Exporters, 16)
		require.LessOrEqual(t, stats.Sources, 32)
	}
	stats := d.Stats()
	assert.Equal(t, uint64(2001-16), stats.ExportersEvicted, "the agent that sends is not evicted")
	assert.Equal(t, uint64(4001-32), stats.SourcesEvicted)
	assert.Equal(t, uint64(1999), stats.SamplesLost, "and its samples are counted on")
	assert.Len(t, d.exporters.index, 16)
	assert.Len(t, d.sources.index, 32)
}

func TestForget(t *testing.T) {
	d := NewDecoder(Config{TTL: time.Hour})
	late := netip.MustParseAddr("192.0.2.77")
	for i := range uint32(10) {
		a := netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})
		require.NoError(t, d.Decode(a, start, header{agent: a}.datagram(sampled{source: i}.flow()), &collect{}))
	}
	require.NoError(t, d.Decode(late, start.Add(30*time.Minute), header{agent: late}.datagram(sampled{seq: 1, source: 1}.flow()), &collect{}))
	d.Forget(start.Add(time.Hour))
	assert.Equal(t, 11, d.Stats().Exporters, "an hour is allowed")
	d.Forget(start.Add(time.Hour + 1))
	stats := d.Stats()
	assert.Equal(t, []int{1, 1}, []int{stats.Exporters, stats.Sources})
	assert.Equal(t, []uint64{10, 10}, []uint64{stats.ExportersExpired, stats.SourcesExpired})

	got := &collect{}
	require.NoError(t, d.Decode(late, start.Add(40*time.Minute), header{agent: late, seq: 1}.datagram(sampled{seq: 5, source: 1}.flow()), got))
	assert.Equal(t, map[flow.NoteKind]float64{flow.NoteLoss: 3}, got.kinds(), "what was kept goes on")
	back := netip.AddrFrom4([4]byte{10, 0, 0, 3})
	got = &collect{}
	require.NoError(t, d.Decode(back, start.Add(2*time.Hour), header{agent: back}.datagram(), got))
	assert.Equal(t, map[flow.NoteKind]float64{flow.NoteSeen: 0}, got.kinds())
}
