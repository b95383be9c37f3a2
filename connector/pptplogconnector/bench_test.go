package pptplogconnector

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-pptp/otelcol-pptp/connector/pptplogconnector/internal/metadata"
)

// batches are all lines that poptop logged in the testbed, a hundred at a time.
func batches(tb testing.TB) (list []plog.Logs, n int) {
	files, err := filepath.Glob(filepath.Join("..", "..", "pptplog", "testdata", "poptop", "*.log"))
	require.NoError(tb, err)
	var ld plog.Logs
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(tb, err)
		for l := range strings.Lines(string(text)) {
			if n%100 == 0 {
				ld = plog.NewLogs()
				ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
				list = append(list, ld)
			}
			n++
			ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty().Body().SetStr(strings.TrimSuffix(l, "\n"))
		}
	}
	return list, n
}

func started(tb testing.TB, maxSessions int) (logs, metrics connector.Logs) {
	f, cfg := NewFactory(), createDefaultConfig().(*Config)
	cfg.MaxSessions = maxSessions
	logs, err := f.CreateLogsToLogs(tb.Context(), connectortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(tb, err)
	metrics, err = f.CreateLogsToMetrics(tb.Context(), connectortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(tb, err)
	require.NoError(tb, logs.Start(tb.Context(), componenttest.NewNopHost()))
	return logs, metrics
}

// Real lines through both nodes. Passing them on costs as much as the sessions in them.
func BenchmarkConnector(b *testing.B) {
	list, _ := batches(b)
	logs, metrics := started(b, 50_000)
	b.ReportAllocs()
	b.ResetTimer()
	read := 0
	for i := range b.N {
		ld := list[i%len(list)]
		read += ld.LogRecordCount()
		if err := logs.ConsumeLogs(b.Context(), ld); err != nil {
			b.Fatal(err)
		}
		if err := metrics.ConsumeLogs(b.Context(), ld); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(read)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(read), "ns/line")
	require.NoError(b, logs.Shutdown(b.Context()))
}

// Many lines leave no more behind than a few: as much as max_sessions allows.
func TestMemoryIsBounded(t *testing.T) {
	list, n := batches(t)
	logs, _ := started(t, 1000)
	heap := func(lines int) uint64 {
		for i := 0; i*n < lines; i++ {
			for _, ld := range list {
				require.NoError(t, logs.ConsumeLogs(t.Context(), ld))
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap(50_000)
	after := heap(300_000)
	assert.Less(t, int64(after)-int64(before), int64(2<<20))
	require.NoError(t, logs.Shutdown(t.Context()))
}
