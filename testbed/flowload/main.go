//go:build linux

// Flowload measures what it costs to watch PPTP through flow exports: the CPU for
// a record on its way from a socket to the detector, and the memory of pairs and
// exporters.
//
//	flowload ingest -for 10s -rate 50000
//	flowload memory -pairs 100000 -exporters 1000
//
// In the first, the exporter is a process of its own, so that what is measured is
// the receiving side alone: system calls, decoding and detection. The kernel's
// way through the loopback interface is the sender's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

// options are the flags of a run.
type options struct {
	sockets   int
	buffer    int // receive buffer of each, in bytes
	rate      int // datagrams a second; 0: as fast as they go
	length    time.Duration
	records   int // in a datagram
	ours      int // of them about PPTP
	pairs     int
	exporters int
	version   int
	to        string // of the exporter
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "flowload:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	modes := map[string]func(context.Context, *options, io.Writer) error{"ingest": ingest, "memory": memory, "export": export}
	if len(args) == 0 || modes[args[0]] == nil {
		return errors.New("say what to measure: ingest or memory, and -h for its flags")
	}
	var o options
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	f.IntVar(&o.sockets, "sockets", 1, "that share the port")
	f.IntVar(&o.buffer, "buffer", 16<<20, "receive buffer of each, in bytes; with CAP_NET_ADMIN beyond net.core.rmem_max")
	f.IntVar(&o.rate, "rate", 20000, "datagrams a second; 0: as fast as they go")
	f.DurationVar(&o.length, "for", 5*time.Second, "how long")
	f.IntVar(&o.records, "records", 28, "in a datagram, up to 30")
	f.IntVar(&o.ours, "ours", 1, "of them about PPTP")
	f.IntVar(&o.pairs, "pairs", 10000, "of clients and gateways")
	f.IntVar(&o.exporters, "exporters", 1, "that send")
	f.IntVar(&o.version, "version", 9, "5, 9 or 10")
	f.StringVar(&o.to, "to", "", "of export, where to")
	if err := f.Parse(args[1:]); err != nil {
		return err
	}
	if o.records < 1 || o.records > 30 || o.ours < 0 || o.ours > o.records {
		return errors.New("-records is 1 to 30, and -ours no more than that")
	}
	if o.pairs < 1 || o.exporters < 1 {
		return errors.New("-pairs and -exporters are 1 at least")
	}
	return modes[args[0]](ctx, &o, out)
}
