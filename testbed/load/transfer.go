//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// measureTransfer has sessions, one after the other, download o.bytes through
// the tunnel.
func measureTransfer(ctx context.Context, o options, gw *child, out io.Writer) error {
	p := pptpprobe.New(pptpprobe.Options{})
	defer func() { _ = p.Close() }()
	target := target(gw)
	target.Depth = pptpprobe.DepthApplication
	target.Checks = []pptpprobe.Check{{
		Kind: pptpprobe.CheckThroughput, URL: o.url, MaxBytes: o.bytes, Timeout: 30 * time.Second,
	}}
	target.Timeout = time.Minute
	results := newTally()
	var bytes float64
	var elapsed []time.Duration
	var spent time.Duration
	before := cpuTime()
	for range o.sessions {
		r := p.Run(ctx, target)
		results.add(r)
		for _, c := range r.Checks {
			if c.Throughput != nil {
				bytes += float64(c.Throughput.Bytes)
				elapsed = append(elapsed, c.Throughput.Elapsed)
				spent += c.Throughput.Elapsed
			}
		}
	}
	cpu := cpuTime() - before
	t := newTable(out)
	t.row("downloads", fmt.Sprintf("%d, %.1f MB in all", len(elapsed), bytes/1e6))
	if spent > 0 {
		t.row("rate", fmt.Sprintf("%.1f Mbit/s", 8*bytes/1e6/spent.Seconds()))
		t.row("client CPU per MB, with the set-up", (time.Duration(float64(cpu) / bytes * 1e6)).Round(10*time.Microsecond).String())
	}
	t.times("duration of a download", elapsed)
	t.times("start to address", results.connect)
	t.result(results, p.Stats())
	if err := t.flush(); err != nil {
		return err
	}
	return results.err()
}
