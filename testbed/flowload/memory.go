//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow"
)

// recordsOfPair is how many records an exporter has of a healthy pair.
const recordsOfPair = 4

// memory makes exporters and pairs known, and says what they take.
func memory(ctx context.Context, o *options, out io.Writer) error {
	o.ours = o.records
	before := heap()
	engine, err := newEngine(o)
	if err != nil {
		return err
	}
	empty := heap()
	now := time.Now()
	if err := know(ctx, engine, o, now); err != nil {
		return err
	}
	full := heap()
	s := engine.Stats()
	if s.Detect.Pairs != o.pairs || s.NetFlow.Exporters != o.exporters {
		return fmt.Errorf("%d pairs and %d exporters are known, of %d and %d", s.Detect.Pairs, s.NetFlow.Exporters, o.pairs, o.exporters)
	}
	begin, cpu := time.Now(), cpuTime()
	const ticks = 20
	for i := range ticks {
		engine.Tick(now.Add(time.Duration(i) * time.Second))
	}
	used := cpuTime() - cpu
	_, err = fmt.Fprintf(out, "engine     %.1f MiB empty\nknown      %d pairs, %d exporters with %d templates: %.1f MiB, %.0f bytes a pair with all else\n"+
		"estimated  %.1f MiB of pairs, %.1f MiB of templates\nevaluation %.2f ms a second (%s for %d)\n",
		mib(empty-before), s.Detect.Pairs, s.NetFlow.Exporters, s.NetFlow.Templates, mib(full-before), float64(full-before)/float64(o.pairs),
		mib(s.Detect.Bytes), mib(s.NetFlow.StateBytes), float64(used)/ticks/1e6, time.Since(begin).Round(time.Millisecond), ticks)
	runtime.KeepAlive(engine)
	return err
}

// know deals the pairs out to the exporters, which tell of them once.
func know(ctx context.Context, engine *greflow.Engine, o *options, now time.Time) error {
	for i := range o.exporters {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 168, byte(i >> 8), byte(i)}), 2055)
		t := newTraffic(o, 1, now)
		t.next = i * o.pairs / o.exporters
		share := (i+1)*o.pairs/o.exporters - t.next
		if b := t.template(now); b != nil {
			if err := engine.Ingest(from, now, b); err != nil {
				return err
			}
		}
		for range (share*recordsOfPair + o.records - 1) / o.records {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := engine.Ingest(from, now, t.datagram(now)); err != nil {
				return err
			}
		}
	}
	return nil
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }
