//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
)

// child runs this program again as a worker. The first poll, which finds out what there is, is not counted.
func child(kind string) func(context.Context, *options, func()) (cost, error) {
	return func(ctx context.Context, o *options, begin func()) (cost, error) {
		self, err := os.Executable()
		if err != nil {
			return cost{}, err
		}
		c := exec.CommandContext(ctx, self, "-worker", kind, "-target", o.target, "-polls", strconv.Itoa(o.polls),
			"-sessions", strconv.Itoa(o.sessions), "-repetitions", strconv.Itoa(o.repetitions))
		c.Stderr = os.Stderr
		in, err := c.StdinPipe()
		if err != nil {
			return cost{}, err
		}
		out, err := c.StdoutPipe()
		if err != nil {
			return cost{}, err
		}
		if err := c.Start(); err != nil {
			return cost{}, err
		}
		lines := bufio.NewScanner(out)
		if lines.Scan() { // ready
			begin()
			_, err = fmt.Fprintln(in)
		}
		lines.Scan()
		nanoseconds, parsed := strconv.ParseInt(lines.Text(), 10, 64)
		if err := errors.Join(err, parsed, c.Wait()); err != nil {
			return cost{}, err
		}
		return cost{time.Duration(nanoseconds), resident(c.ProcessState)}, nil
	}
}

func resident(s *os.ProcessState) int64 { return s.SysUsage().(*syscall.Rusage).Maxrss * 1024 }

// work polls once, says that it is ready, polls on when it is told to, and says how much CPU that took.
func work(ctx context.Context, o *options) error {
	at, err := netip.ParseAddrPort(o.target)
	if err != nil {
		return err
	}
	poll := walk(o, at)
	if o.worker == "snmpppp" {
		p, err := snmpppp.New(snmpppp.Target{
			Host: at.Addr().String(), Port: at.Port(), Timeout: 10 * time.Second,
			Auth: snmpppp.Auth{Version: snmpppp.V2c, Community: "public"},
		})
		if err != nil {
			return err
		}
		poll = func() error {
			s, err := p.Poll(ctx)
			if err == nil && (len(s.Sessions) != o.sessions || !s.Complete()) {
				err = fmt.Errorf("%d sessions of %d", len(s.Sessions), o.sessions)
			}
			return err
		}
	}
	if err := poll(); err != nil {
		return err
	}
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // its end would do as well
	before := used()
	for range o.polls {
		if err := poll(); err != nil {
			return err
		}
	}
	fmt.Println(int64(used() - before))
	return nil
}

func used() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for this process
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// walk is what a user of gosnmp writes: one BulkWalk for each column, and the values kept.
func walk(o *options, at netip.AddrPort) func() error {
	return func() error {
		g := &gosnmp.GoSNMP{
			Target: at.Addr().String(), Port: at.Port(), Community: "public", Version: gosnmp.Version2c, Timeout: 10 * time.Second,
			MaxRepetitions: uint32(o.repetitions),
		}
		if err := g.Connect(); err != nil {
			return err
		}
		cells := map[string]any{}
		var errs []error
		for _, c := range columns {
			errs = append(errs, g.BulkWalk(fmt.Sprintf("%s.%d", root, c), func(v gosnmp.SnmpPDU) error {
				cells[strings.TrimPrefix(v.Name, ".")] = v.Value
				return nil
			}))
		}
		if want := o.sessions * len(columns); len(cells) != want {
			errs = append(errs, fmt.Errorf("%d cells of %d", len(cells), want))
		}
		return errors.Join(append(errs, g.Close())...)
	}
}
