package pptplog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// corpus is everything that poptop has logged in the testbed, with the packets of pppd's debug.
func corpus(tb testing.TB) (lines []string) {
	files, err := filepath.Glob(filepath.Join("testdata", "poptop", "*.log"))
	require.NoError(tb, err)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(tb, err)
		for l := range strings.Lines(string(text)) {
			lines = append(lines, strings.TrimSuffix(l, "\n"))
		}
	}
	return lines
}

// Real lines, parsed and joined to sessions.
func BenchmarkEngine(b *testing.B) {
	lines := corpus(b)
	e, err := New(Config{})
	require.NoError(b, err)
	now := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		now = now.Add(10 * time.Microsecond)
		e.LineString(now, "", lines[i%len(lines)])
		if i%1000 == 0 {
			e.Tick(now)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
