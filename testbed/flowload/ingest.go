//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/greflow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/listen"
)

func newEngine(o *options) (*greflow.Engine, error) {
	return greflow.New(greflow.Config{
		MaxChanges: 10_000,
		Detect: detect.Config{
			MaxPairs: max(64, o.pairs),
			Gateways: []detect.Gateway{{ID: "gw", Addresses: []netip.Prefix{netip.PrefixFrom(gateway, 32)}}},
		},
	})
}

// ingest lets another process export, and says what it cost to take it.
func ingest(ctx context.Context, o *options, out io.Writer) error {
	engine, err := newEngine(o)
	if err != nil {
		return err
	}
	listener, err := listen.Open(ctx, listen.Config{Addresses: []string{"127.0.0.1:0"}, Sockets: o.sockets, ReceiveBuffer: o.buffer},
		func(from netip.AddrPort, arrival time.Time, datagram []byte) {
			_ = engine.Ingest(from, arrival, datagram)
		})
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	stop := make(chan struct{})
	defer close(stop)
	go tick(engine, stop)

	begin, cpu := time.Now(), cpuTime()
	sent, err := exporter(ctx, o, listener.Sockets()[0].Address.String())
	if err != nil {
		return err
	}
	settle(listener, sent)
	wall, used := time.Since(begin), cpuTime()-cpu
	s, l := engine.Stats(), listener.Stats()
	got := s.NetFlow.V5.Datagrams + s.NetFlow.V9.Datagrams + s.NetFlow.IPFIX.Datagrams
	records := s.NetFlow.V5.Records + s.NetFlow.V9.Records + s.NetFlow.IPFIX.Records
	if o.version != 5 {
		got-- // the template
	}
	_, err = fmt.Fprintf(out, "datagrams  %d sent, %d received, %d dropped by the kernel, %d lost\n"+
		"records    %d, %d about PPTP, %.0f a second\nCPU        %.0f ns a datagram, %.1f ns a record: %.1f million records a second and core\n"+
		"detector   %d pairs, %d records\n",
		sent, got, l.KernelDrops, sent-got, records, s.Detect.Records, float64(records)/wall.Seconds(),
		float64(used)/float64(max(got, 1)), float64(used)/float64(max(records, 1)), float64(records)/used.Seconds()/1e6,
		s.Detect.Pairs, s.Detect.Records)
	return err
}

func tick(e *greflow.Engine, stop chan struct{}) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-t.C:
			e.Tick(now)
			e.Changes(nil)
		}
	}
}

// exporter runs this program again, to send, and returns how many datagrams it sent.
func exporter(ctx context.Context, o *options, to string) (uint64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	c := exec.CommandContext(ctx, self, "export", "-to", to, "-rate", strconv.Itoa(o.rate), "-for", o.length.String(),
		"-records", strconv.Itoa(o.records), "-ours", strconv.Itoa(o.ours), "-pairs", strconv.Itoa(o.pairs), "-version", strconv.Itoa(o.version))
	c.Stderr = os.Stderr
	said, err := c.Output()
	if err != nil {
		return 0, fmt.Errorf("exporter: %w", err)
	}
	return strconv.ParseUint(strings.TrimSpace(string(said)), 10, 64)
}

// settle returns when all that was sent is accounted for, or no more comes: what it wrote last is in our buffer by then, or was dropped,
// and of drops the kernel tells only with a later datagram.
func settle(l *listen.Listener, sent uint64) {
	const interval, quiet = 5 * time.Millisecond, 40
	before := l.Stats()
	for still := 0; still < quiet && before.Datagrams+before.KernelDrops < sent; still++ {
		time.Sleep(interval)
		if s := l.Stats(); s != before {
			before, still = s, 0
		}
	}
}

// cpuTime is what this process has used, in user and kernel mode.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it cannot fail with these arguments
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
