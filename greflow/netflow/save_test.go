package netflow

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// saved is a decoder that knows a bit of everything, saved.
func saved(t testing.TB) []byte {
	d := NewDecoder(Config{})
	sink := &collected{}
	take := func(from string, datagram []byte) {
		t.Helper()
		require.NoError(t, d.Decode(host(len(from)), noon, datagram, sink))
	}
	v9, ipfix := newExporter(9), newExporter(10)
	take("a", v9.send(2, append(v9.data(256, gre()...), v9.data(257, append([]spec{num(5, 1, 0)}, gre()...)...)...)...))
	take("a", v9.send(1, v9.options(300, 1, num(1, 4, 0), num(34, 4, 64), num(36, 2, 60), num(37, 2, 15))...))
	take("a", v9.send(1, v9.options(301, 1, num(1, 4, 0), num(48, 1, 3), num(50, 4, 128))...))
	take("a", v9.send(1, v9.options(302, 1, num(2, 4, 9), num(34, 4, 256))...))
	take("bb", ipfix.send(1, ipfix.data(256, append([]spec{vary(96, nil), pen(9, num(1, 2, 0))}, gre()...)...)...))
	take("bb", ipfix.send(1, ipfix.options(300, 1, num(149, 4, 7), num(160, 8, uint64(noon.UnixMilli()-uptime)))...))
	take("ccc", newExporter(5).v5(100))
	take("dddd", newExporter(10).send(0)) // of which there is nothing to save
	var buf bytes.Buffer
	require.NoError(t, d.Save(&buf))
	return buf.Bytes()
}

func TestSaveAndLoad(t *testing.T) {
	state := saved(t)
	b := newBench(t, Config{})
	require.NoError(t, b.Load(bytes.NewReader(state), noon))
	consistent(t, b.Decoder)
	require.Equal(t, 3, b.Stats().Exporters)
	require.Equal(t, 7, b.Stats().Templates)

	v9 := newExporter(9)
	datagram := v9.send(1, set(256, record(gre()...)))
	require.NoError(t, b.Decode(host(1), noon, datagram, &b.collected))
	require.Len(t, b.records, 1)
	require.InDelta(t, 64, b.records[0].Sampling, 0)
	require.Equal(t, flow.NoteSeen, b.notes[0].Kind)
	require.Equal(t, flow.Note{
		Kind: flow.NoteTimeouts, Exporter: b.records[0].Exporter, Arrival: noon.UnixNano(),
		Active: time.Minute, Idle: 15 * time.Second,
	}, b.notes[1], "the sink is told again")
	require.Equal(t, []flow.NoteKind{flow.NoteTimeouts, flow.NoteSampling, flow.NoteSampling, flow.NoteSampling}, b.kinds())

	ipfix := newExporter(10)
	ipfix.sequence = 1
	require.NoError(t, b.Decode(host(2), noon, ipfix.send(1, ipfix.data(400, gre()...)...), &b.collected))
	require.Equal(t, noon.UnixNano()-1e9, b.records[1].End, "sysUpTime has its base")

	var again bytes.Buffer
	fresh := NewDecoder(Config{})
	require.NoError(t, fresh.Load(bytes.NewReader(state), noon))
	require.NoError(t, fresh.Save(&again))
	require.Equal(t, state, again.Bytes())
}

func TestLoadedTemplatesAreProvisional(t *testing.T) {
	b := newBench(t, Config{})
	require.NoError(t, b.Load(bytes.NewReader(saved(t)), noon))
	longer := append(gre(), num(148, 8, 1))
	e := newExporter(9)
	require.NoError(t, b.Decode(host(1), noon, e.send(1, set(256, record(longer...))), &b.collected))
	require.Empty(t, b.records)
	require.Equal(t, uint64(1), b.Stats().TemplateMisses)
	require.NoError(t, b.Decode(host(1), noon, e.send(0, e.data(256, longer...)[0]), &b.collected))
	require.Len(t, b.records, 1)
}

func TestLoadLeavesWhatIsKnown(t *testing.T) {
	b := newBench(t, Config{})
	e := newExporter(9)
	require.NoError(t, b.Decode(host(1), noon, e.send(1, e.data(256, num(4, 1, 47))...), &b.collected))
	require.NoError(t, b.Load(bytes.NewReader(saved(t)), noon))
	consistent(t, b.Decoder)
	require.NoError(t, b.Decode(host(1), noon, e.send(1, set(256, []byte{47}, []byte{47})), &b.collected))
	require.Len(t, b.records, 3)
}

func TestLoadLeavesOutWhatHasAged(t *testing.T) {
	b := newBench(t, Config{TemplateTTL: time.Hour})
	require.NoError(t, b.Load(bytes.NewReader(saved(t)), noon.Add(time.Hour+time.Minute)))
	require.Equal(t, []int{0, 0}, []int{b.Stats().Exporters, b.Stats().Templates})
	require.NoError(t, b.Load(bytes.NewReader(saved(t)), noon.Add(-time.Hour)), "saved in the future: as of now")
	require.Equal(t, 3, b.Stats().Exporters)
	b.Forget(noon.Add(time.Minute))
	require.Zero(t, b.Stats().Exporters)
}

func TestLoadIsBounded(t *testing.T) {
	state := saved(t)
	for name, cfg := range map[string]Config{
		"exporters": {MaxExporters: 1}, "templates": {MaxTemplates: 1}, "fields": {MaxFields: 3}, "bytes": {MaxBytes: 2 * scopeCost},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, cfg)
			require.NoError(t, b.Load(bytes.NewReader(state), noon))
			consistent(t, b.Decoder)
			require.Less(t, b.Stats().Templates, 7)
		})
	}
}

func TestLoadOfDamagedState(t *testing.T) {
	state := saved(t)
	for n := range state {
		b := newBench(t, Config{})
		err := b.Load(bytes.NewReader(state[:n]), noon)
		require.ErrorIs(t, err, ErrState)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		consistent(t, b.Decoder)
	}
	for name, text := range map[string]string{
		"of something else":       `{"templates":[]}`,
		"another version":         "gre-flow\x02.",
		"unknown part":            saveMagic + "X",
		"template of no exporter": saveMagic + "T\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"address of a wrong size": saveMagic + "E\x05aaaaa\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00.",
		"varint without an end":   saveMagic + "E\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"many samplers":           saveMagic + "E\x04aaaa\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\x7f.",
		"rate below one":          saveMagic + "E\x04aaaa\x09\x00\x00\x00\x00\x00\x3f\x00\x00\x00\x00\x00\x00\x00\x00.",
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Config{})
			require.ErrorIs(t, b.Load(bytes.NewReader([]byte(text)), noon), ErrState)
			require.Zero(t, b.Stats().Exporters)
		})
	}
}

func TestLoadOfDamagedTemplates(t *testing.T) {
	number := func(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }
	for name, tc := range map[string]struct {
		version, id, scopes uint64
		wire                []byte
	}{
		"ID of a set":          {9, 255, 0, []byte{0, 4, 0, 1}},
		"more scope than all":  {9, 256, 2, []byte{0, 4, 0, 1}},
		"of NetFlow v5":        {5, 256, 0, []byte{0, 4, 0, 1}},
		"half a field":         {9, 256, 0, []byte{0, 4, 0, 1, 0, 1}},
		"half an enterprise":   {10, 256, 0, []byte{0x80, 4, 0, 1, 0, 1}},
		"in order":             {10, 256, 0, []byte{0, 4, 0, 1}},
		"records of no length": {10, 256, 0, []byte{0, 4, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			state := append([]byte(saveMagic), "E\x04aaaa"...)
			state = number(number(number(state, tc.version), 7), uint64(noon.Unix()))
			state = append(state, make([]byte, 3+8+1)...) // time-outs, start, rate, samplers
			state = number(number(number(append(state, 'T'), tc.id), 0), tc.scopes)
			state = number(number(state, uint64(noon.Unix())), uint64(len(tc.wire)))
			state = append(append(state, tc.wire...), '.')
			b := newBench(t, Config{})
			err := b.Load(bytes.NewReader(state), noon)
			switch name {
			case "in order":
				require.NoError(t, err)
				require.Equal(t, 1, b.Stats().Templates)
			case "records of no length":
				require.NoError(t, err, "it is left out")
				require.Zero(t, b.Stats().Templates)
			default:
				require.ErrorIs(t, err, ErrState)
				require.Zero(t, b.Stats().Templates)
			}
		})
	}
}

type broken struct{ after int }

func (b *broken) Write(p []byte) (int, error) {
	if b.after -= len(p); b.after < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func (b *broken) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestSaveAndLoadReportErrors(t *testing.T) {
	d := NewDecoder(Config{})
	require.ErrorIs(t, d.Save(&broken{}), io.ErrClosedPipe)
	e := newExporter(9)
	for i := range 100 {
		require.NoError(t, d.Decode(host(i), noon, e.send(0, e.data(256, gre()...)[0]), &discard{}))
	}
	require.ErrorIs(t, d.Save(&broken{after: 5000}), io.ErrClosedPipe)
	err := d.Load(&broken{}, noon)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.NotErrorIs(t, err, ErrState)
}
