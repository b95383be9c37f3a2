//go:build linux

// Pptpload measures what the client side of many PPTP sessions costs: CPU per
// session set up, and memory, goroutines, threads and sockets per session held.
// The simulated gateway runs in a process of its own, so that what is measured
// is the client alone.
//
//	pptpload setup -sessions 5000 -parallel 16
//	pptpload hold -sessions 10000
//	pptpload hold -sessions 10000 -stack -for 2m
//	pptpload hold -sessions 200 -checks 1m -sample 5m -watch 2h
//	pptpload transfer -sessions 3
//
// The kernel copies each GRE packet to every raw GRE socket of its network
// namespace, so other PPTP clients and gateways of the host take part in the
// measurement unless it runs in a namespace of its own; see `make load`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"time"
)

const (
	user     = "load"
	password = "load-test"
)

// options are the flags of a run.
type options struct {
	gateway  string        // address of one that runs already; empty: a child process
	listen   string        // of the child
	sessions int           // in total, or held at once
	parallel int           // sessions that are set up at a time
	rate     float64       // sessions started per second; 0: as fast as they go
	watch    time.Duration // how long the held sessions are watched
	sample   time.Duration // from one line about them to the next; 0: none
	checks   time.Duration // from one round of checks in each held session to the next; 0: none
	hold     time.Duration // with a stack: from one ping through the tunnel to the next
	stack    bool          // an HTTP request first, which makes the TCP/IP stack
	url      string        // to download
	bytes    int64         // of it
	cpu, mem string        // files of profiles
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pptpload:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("usage: pptpload setup|hold|transfer [flags]; -h lists them")
	}
	o := options{}
	fs := flag.NewFlagSet("pptpload "+args[0], flag.ContinueOnError)
	fs.StringVar(&o.listen, "listen", "127.88.0.1:1723", "`address` of the simulated gateway")
	fs.StringVar(&o.gateway, "gateway", "", "`address` of a gateway that runs already (user "+user+"), instead of a child process")
	fs.IntVar(&o.sessions, "sessions", 1000, "how many sessions: in total (setup), at once (hold)")
	fs.IntVar(&o.parallel, "parallel", 16, "how many sessions are set up at a time")
	fs.Float64Var(&o.rate, "rate", 0, "sessions started per second; 0: as fast as they go")
	fs.DurationVar(&o.watch, "watch", 20*time.Second, "hold: how long the sessions are watched when all are up")
	fs.DurationVar(&o.sample, "sample", 0, "hold: print what the client and the gateway take as often as this")
	fs.DurationVar(&o.checks, "checks", 0, "hold: fetch a page and ping through each tunnel as often as this")
	fs.DurationVar(&o.hold, "for", time.Minute, "hold -stack: how long each session stays up, from its first ping through the tunnel to its second")
	fs.BoolVar(&o.stack, "stack", false, "hold: with a TCP/IP stack in each session (it fetches a page first)")
	fs.StringVar(&o.url, "url", "http://10.96.0.1/bytes/67108864", "transfer: the `URL` to download through the tunnel")
	fs.Int64Var(&o.bytes, "bytes", 16<<20, "transfer: how much of it")
	fs.StringVar(&o.cpu, "cpuprofile", "", "write a CPU profile to this `file`")
	fs.StringVar(&o.mem, "memprofile", "", "hold: write a heap profile with all sessions up to this `file`")
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	if o.sessions < 1 || o.parallel < 1 || fs.NArg() > 0 {
		return errors.New("-sessions and -parallel must be positive, and nothing may follow the flags")
	}
	if o.mem != "" {
		runtime.MemProfileRate = 4 << 10 // finer than the default: sessions are small
	}
	if args[0] == "gateway" { // what a child process runs
		return serve(ctx, o.listen, os.Stdin, out)
	}
	return measured(ctx, args[0], o, out)
}

// measured runs one of the measurements with a gateway beside it.
func measured(ctx context.Context, what string, o options, out io.Writer) (err error) {
	limit := raiseFiles()
	if what == "hold" && limit < uint64(o.sessions)+100 {
		return fmt.Errorf("%d sessions need as many TCP sockets, but the limit of open files is %d: raise `ulimit -n`", o.sessions, limit)
	}
	gw, err := startGateway(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, gw.stop()) }()
	if o.cpu != "" {
		f, err := os.Create(o.cpu)
		if err != nil {
			return err
		}
		defer func() { pprof.StopCPUProfile(); _ = f.Close() }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
	}
	switch what {
	case "setup":
		return measureSetup(ctx, o, gw, out)
	case "transfer":
		return measureTransfer(ctx, o, gw, out)
	case "hold":
		return measureHold(ctx, o, gw, out)
	}
	return fmt.Errorf("unknown measurement %q: use setup, hold or transfer", what)
}

// parseGateway reads an address with a port.
func parseGateway(s string) (netip.AddrPort, error) {
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		return a, fmt.Errorf("gateway: %w", err)
	}
	return a, nil
}
