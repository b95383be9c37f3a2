package capture

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

func BenchmarkRecord(b *testing.B) {
	s, err := NewStore(Config{Dir: b.TempDir()})
	require.NoError(b, err)
	for name, size := range map[string]int{"60": 60, "1400": 1400} {
		b.Run(name, func(b *testing.B) {
			c := newScript(s)
			p := grePacket(1, 1, ppp.AppendFrame(nil, ppp.IPv4, make([]byte, size)))
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			for b.Loop() {
				c.r.GREReceived(testStart, p)
			}
		})
	}
	b.Run("off", func(b *testing.B) {
		var r *Recorder
		p := make([]byte, 60)
		b.ReportAllocs()
		for b.Loop() {
			r.GREReceived(testStart, p)
		}
	})
}

func BenchmarkSession(b *testing.B) {
	s, err := NewStore(Config{Dir: b.TempDir()})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		c := newScript(s)
		c.call()
		c.r.Discard()
	}
}

func BenchmarkSave(b *testing.B) {
	s, err := NewStore(Config{Dir: b.TempDir(), MaxFiles: 10})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		c := newScript(s)
		c.call()
		for range 100 {
			c.lcp()
		}
		c.save(b)
	}
}

func TestRecordDoesNotAllocate(t *testing.T) {
	c := newScript(newStore(t, nil))
	p := make([]byte, 300)
	for range 2000 { // until the ring has grown
		c.r.GRESent(testStart, p)
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		c.r.GRESent(testStart, p)
		c.r.GREReceived(testStart, p)
		c.r.ControlSent(testStart, p)
	}))
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		var off *Recorder
		off.GRESent(testStart, p)
		off.ControlSent(testStart, p)
	}))
}
