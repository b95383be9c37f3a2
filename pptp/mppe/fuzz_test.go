package mppe

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzOpen feeds a decryptor with packets, each after one octet of length.
func FuzzOpen(f *testing.F) {
	f.Fuzz(func(t *testing.T, mode uint8, stream []byte) {
		cfg := Config{Strength: strengths[int(mode>>1)%3], Stateless: mode&1 == 0, Key: testKey}
		d := NewDecryptor(cfg)
		for n := 0; n < 8 && len(stream) > 0; n++ {
			size := min(int(stream[0]), len(stream)-1)
			packet := stream[1 : 1+size]
			stream = stream[1+size:]

			before := d.Stats()
			out, err := d.Open([]byte("head"), packet)
			after := d.Stats()
			require.Equal(t, "head", string(out[:4]))
			if after.Packets != before.Packets {
				require.Len(t, out, 4+len(packet)-headerLen)
				require.Equal(t, err == nil, Plausible(out[4:]))
			} else {
				require.Error(t, err)
				require.Len(t, out, 4)
			}
			limit := uint64(maxAhead)
			if !cfg.Stateless {
				limit = maxAhead/256 + 3
			}
			require.LessOrEqual(t, after.Rekeys-before.Rekeys, limit)
			require.False(t, d.ResetNeeded() && cfg.Stateless)
			if d.ResetNeeded() {
				d.ResetRequested()
			}
		}
	})
}
