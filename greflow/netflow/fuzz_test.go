package netflow

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// fuzzConfig has bounds that a short input meets.
var fuzzConfig = Config{
	MaxExporters: 8, MaxTemplates: 6, MaxFields: 40, MaxBytes: 8*scopeCost + 20_000,
	TemplateTTL: time.Hour, PendingBytes: 1500, PendingAge: 5 * time.Minute,
}

// checked is a sink that looks for what cannot be.
type checked struct {
	t       *testing.T
	records int
	notes   int
}

func (c *checked) Record(r *flow.Record) {
	c.records++
	for _, a := range []netip.Addr{r.Src, r.Dst, r.PostSrc, r.PostDst, r.Exporter.Addr, r.Relay} {
		require.False(c.t, a.Is4In6())
	}
	require.True(c.t, r.Exporter.Addr.IsValid())
	require.True(c.t, r.Sampling == 0 || r.Sampling >= 1 && r.Sampling <= maxRate)
	if r.End != 0 {
		require.LessOrEqual(c.t, r.Start, r.End)
		require.LessOrEqual(c.t, r.End, max(r.Export, r.Arrival)+clockAhead)
	}
	require.True(c.t, r.Biflow || r.RevBytes == 0 && r.RevPackets == 0)
	require.Equal(c.t, r.Drop == flow.DropICMP, r.DropBy.IsValid())
}

func (c *checked) Note(n flow.Note) {
	c.notes++
	require.GreaterOrEqual(c.t, n.Amount, 0.0)
	require.GreaterOrEqual(c.t, n.Active, time.Duration(0))
	require.LessOrEqual(c.t, n.Active, time.Duration(maxActive))
}

// FuzzDecode takes datagrams, each after two bytes of length, of which the upper
// half tells from whom it is and how much later; so templates and their data meet.
func FuzzDecode(f *testing.F) {
	f.Fuzz(func(t *testing.T, all bool, stream []byte) {
		cfg := fuzzConfig
		cfg.All = all
		d := NewDecoder(cfg)
		now, total := noon, 0
		for len(stream) >= 2 {
			how, size := stream[0], int(be.Uint16(stream)&0x7ff)
			datagram := bytes.Clone(stream[2 : 2+min(size, len(stream)-2)])
			stream = stream[2+len(datagram):]
			now = now.Add(time.Duration(how>>3) * time.Second)
			if how>>3 == 31 {
				now = now.Add(10 * time.Minute)
				d.Forget(now)
			}
			sink := &checked{t: t}
			before := d.Stats()
			err := d.Decode(host(int(how>>3)%3), now, datagram, sink)
			after := d.Stats()
			consistent(t, d)
			require.Equal(t, err != nil, after.Errors != before.Errors)
			// Every record takes a byte at least, of this datagram or of what waited.
			require.LessOrEqual(t, sink.records, len(datagram)+cfg.PendingBytes)
			require.LessOrEqual(t, sink.notes, 8+2*(len(datagram)+cfg.PendingBytes))
			total += sink.records
			for i := range datagram {
				datagram[i] = 0xff // it is not retained
			}
		}
		stats := d.Stats()
		require.Equal(t, uint64(total), stats.V5.Delivered+stats.V9.Delivered+stats.IPFIX.Delivered)

		var state, again bytes.Buffer
		require.NoError(t, d.Save(&state))
		other := NewDecoder(cfg)
		require.NoError(t, other.Load(bytes.NewReader(state.Bytes()), now))
		consistent(t, other)
		require.NoError(t, other.Save(&again))
		require.Equal(t, state.Bytes(), again.Bytes())
	})
}

// FuzzLoad loads anything, and uses what it got.
func FuzzLoad(f *testing.F) {
	e := newExporter(9)
	datagram := e.send(4, set(256, make([]byte, 64)), set(257, make([]byte, 60)), set(300, make([]byte, 12)))
	f.Fuzz(func(t *testing.T, state []byte) {
		d := NewDecoder(fuzzConfig)
		err := d.Load(bytes.NewReader(state), noon)
		consistent(t, d)
		for from := range d.peers {
			require.NoError(t, d.Decode(from, noon, datagram, &checked{t: t}))
			break
		}
		consistent(t, d)
		if err != nil {
			return
		}
		var out, again bytes.Buffer
		require.NoError(t, d.Save(&out))
		other := NewDecoder(fuzzConfig)
		require.NoError(t, other.Load(bytes.NewReader(out.Bytes()), noon))
		require.NoError(t, other.Save(&again))
		require.Equal(t, out.Bytes(), again.Bytes())
	})
}
