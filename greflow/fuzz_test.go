package greflow

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
)

// FuzzEngine lets anyone send anything: a series of datagrams, each with the seconds
// that pass before it, its exporter and its length (2 bytes) in front. No table may
// grow beyond its bound, and what is reported must make sense.
func FuzzEngine(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 64
		cfg := config()
		cfg.MaxChanges = limit
		cfg.NetFlow.MaxExporters, cfg.NetFlow.MaxTemplates, cfg.NetFlow.MaxBytes = 4, 4, 1<<20
		cfg.SFlow.MaxExporters, cfg.SFlow.MaxSources = 4, 8
		cfg.Detect.MaxPairs, cfg.Detect.MaxExporters, cfg.Detect.MaxGateways, cfg.Detect.MaxPending = limit, 4, 4, 4
		cfg.Detect.Learn = true
		e := newEngine(t, cfg)
		now, ticks := noon, 0
		for len(b) >= 4 && ticks < 4000 { // an hour is enough for a script
			seconds, exporter, length := b[0], b[1], int(binary.BigEndian.Uint16(b[2:]))
			b = b[4:]
			length = min(length, len(b))
			ticks += 1 + int(seconds)
			for range seconds {
				now = now.Add(time.Second)
				e.Tick(now)
			}
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, exporter}), 1)
			if err := e.Ingest(from, now, b[:length]); err != nil && Reason(err) == "other" {
				t.Fatal(err)
			}
			b = b[length:]
		}
		s := e.Stats()
		require.LessOrEqual(t, s.Detect.Pairs, limit)
		require.LessOrEqual(t, s.Detect.Gateways, 1+4)
		require.LessOrEqual(t, s.Detect.Exporters, 4)
		require.LessOrEqual(t, s.NetFlow.Exporters, 4)
		require.LessOrEqual(t, s.NetFlow.StateBytes, int64(1<<20))
		require.LessOrEqual(t, s.SFlow.Exporters, 4)
		pairs := 0
		for _, g := range e.Gateways(nil) {
			require.True(t, g.Share >= 0 && g.Share <= 1, "share %g", g.Share)
			for _, n := range g.Pairs {
				require.GreaterOrEqual(t, n, 0)
				pairs += n
			}
		}
		require.Equal(t, s.Detect.Pairs, pairs)
		for _, c := range e.Changes(nil) {
			require.True(t, c.Evidence.Confidence >= 0 && c.Evidence.Confidence <= 1, "confidence %g", c.Evidence.Confidence)
			require.NotEqual(t, c.From, c.To)
			require.NotEqual(t, "invalid", c.To.String())
			require.NotEmpty(t, c.Summary())
			require.True(t, c.OfGateway() || c.To != detect.Unknown || c.Evidence.Reason != detect.NoReason)
		}
		var saved bytes.Buffer
		require.NoError(t, e.Save(&saved))
		require.NoError(t, newEngine(t, cfg).Load(&saved, now))
	})
}
