package packet

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
)

// FuzzParse looks for what no packet may bring about; Ethernet frames are compared
// with gopacket as well.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, link uint8, b []byte) {
		r := flow.Record{In: 7, Packets: 3}
		before := r
		ok := Parse(&r, Link(link%5), b)
		h, found := Find(Link(link%5), b)
		require.Equal(t, ok, found)
		if Link(link%5) == LinkEthernet && len(b) >= ForeignLen && Foreign((*[ForeignLen]byte)(b)) {
			require.True(t, ok && !h.Relevant())
		}
		if !ok {
			require.Equal(t, before, r)
			return
		}
		require.True(t, r.Src.IsValid() && r.Dst.IsValid())
		require.False(t, r.Src.Is4In6() || r.Dst.Is4In6())
		require.Equal(t, uint64(3), r.Packets)
		require.Equal(t, r.Drop == flow.DropICMP, r.DropBy.IsValid())
		// What is ours is never left by the filter.
		if r.IsGRE() || r.IsControl() || r.Drop == flow.DropICMP {
			require.True(t, h.Relevant())
		}
		if r.Drop == flow.DropICMP {
			require.True(t, r.IsGRE() || r.IsControl())
		}
		if Link(link%5) == LinkEthernet {
			compareWithGopacket(t, b)
		}
	})
}
