package pptpprobereceiver

import (
	"context"
	"testing"

	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// newBenchmark is a receiver whose telemetry nobody keeps.
func newBenchmark(b *testing.B) (*bench, *pptpprobe.Result) {
	x := newBench(b, nil)
	x.pushCtx = context.Background()
	x.probeReceiver.metrics.next = consumertest.NewNop()
	x.probeReceiver.logs.next = consumertest.NewNop()
	x.probeReceiver.traces.next = consumertest.NewNop()
	b.ReportAllocs()
	return x, goodResult()
}

func (b *bench) loop(tb *testing.B, r *pptpprobe.Result) {
	for tb.Loop() {
		b.report(newSession(b.target, r, b.random), false)
	}
}

func BenchmarkMetrics(b *testing.B) {
	x, r := newBenchmark(b)
	x.probeReceiver.logs, x.probeReceiver.traces = nil, nil
	x.loop(b, r)
}

func BenchmarkLogs(b *testing.B) {
	x, r := newBenchmark(b)
	x.probeReceiver.metrics, x.probeReceiver.traces = nil, nil
	x.loop(b, r)
}

func BenchmarkTraces(b *testing.B) {
	x, r := newBenchmark(b)
	x.probeReceiver.metrics, x.probeReceiver.logs = nil, nil
	x.loop(b, r)
}

func BenchmarkAllSignals(b *testing.B) {
	x, r := newBenchmark(b)
	x.loop(b, r)
}
