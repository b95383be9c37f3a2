package sflow

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// FuzzDecode feeds a small decoder with two datagrams, the second of which may meet
// state of the first.
func FuzzDecode(f *testing.F) {
	f.Fuzz(func(t *testing.T, all bool, first, second []byte) {
		d := NewDecoder(Config{All: all, MaxExporters: 2, MaxSources: 3})
		for _, b := range [][]byte{first, second} {
			got := &collect{}
			before := d.Stats()
			err := d.Decode(sender, start, b, got)
			after := d.Stats()

			failures := uint64(0)
			for r := range Reasons {
				failures += after.Errors[r] - before.Errors[r]
			}
			require.Equal(t, err != nil, failures > 0, "an error is counted, and told")
			require.Equal(t, uint64(len(got.records)), after.Delivered-before.Delivered)
			require.LessOrEqual(t, after.Exporters, 2)
			require.LessOrEqual(t, after.Sources, 3)
			// A sample with a packet takes 80 bytes at least.
			require.LessOrEqual(t, len(got.records), len(b)/80)
			for i := range got.records {
				r := &got.records[i]
				require.True(t, r.Src.IsValid() && r.Dst.IsValid())
				require.False(t, r.Src.Is4In6() || r.Dst.Is4In6() || r.Exporter.Addr.Is4In6())
				require.True(t, all || r.IsGRE() || r.IsControl() || r.HasICMP)
				require.Equal(t, uint64(1), r.Packets)
			}
			for _, n := range got.notes {
				require.Equal(t, flow.SFlow5, n.Exporter.Version)
				require.GreaterOrEqual(t, n.Amount, 0.0)
			}
		}
	})
}
