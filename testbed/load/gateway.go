//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
)

// pool leaves room for all the sessions that one client address can have.
var pool = netip.MustParsePrefix("10.96.0.0/14")

// report is what the gateway's process says of itself when asked.
type report struct {
	Addr  string
	Stats gateway.Stats
	Use   usage
}

// serve runs the gateway until in ends, and answers each line of in with a report; one
// that is empty with a cheap one, without what the process uses.
func serve(ctx context.Context, listen string, in io.Reader, out io.Writer) error {
	raiseFiles()
	addr, err := parseGateway(listen)
	if err != nil {
		return err
	}
	gw, err := gateway.Start(ctx, gateway.Config{
		Listen: addr, Users: map[string]string{user: password},
		MPPE: gateway.MPPEConfig{Mode: gateway.MPPERequire}, Pool: pool, LocalIP: pool.Addr().Next(),
	})
	if err != nil {
		return err
	}
	answer := json.NewEncoder(out)
	lines := bufio.NewScanner(in)
	err = answer.Encode(report{Addr: gw.Addr().String()})
	for err == nil && lines.Scan() {
		r := report{Addr: gw.Addr().String(), Stats: gw.Stats()}
		if len(lines.Bytes()) > 0 {
			r.Use = readUsage()
		}
		err = answer.Encode(r)
	}
	return errors.Join(err, gw.Close())
}

// child is the gateway that a measurement talks to.
type child struct {
	addr netip.AddrPort
	cmd  *exec.Cmd // nil: not ours
	in   io.WriteCloser
	out  *json.Decoder
}

// startGateway starts the gateway's process, unless one is given.
func startGateway(ctx context.Context, o options) (*child, error) {
	if o.gateway != "" {
		addr, err := parseGateway(o.gateway)
		return &child{addr: addr}, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "gateway", "-listen", o.listen)
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = 10 * time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start gateway: %w", err)
	}
	c := &child{cmd: cmd, in: in, out: json.NewDecoder(out)}
	var r report
	if err := c.out.Decode(&r); err != nil {
		return nil, errors.Join(fmt.Errorf("start gateway: %w", err), c.stop())
	}
	c.addr, err = parseGateway(r.Addr)
	return c, err
}

// ask returns the gateway's report, which is empty if the gateway is not ours to ask.
func (c *child) ask() (report, error) { return c.send("report\n") }

// established returns how many sessions have got an address so far.
func (c *child) established() (uint64, error) {
	r, err := c.send("\n")
	return r.Stats.Established, err
}

func (c *child) send(line string) (r report, err error) {
	if c.cmd == nil {
		return r, nil
	}
	if _, err = io.WriteString(c.in, line); err == nil {
		err = c.out.Decode(&r)
	}
	if err != nil {
		return r, fmt.Errorf("ask gateway: %w", err)
	}
	return r, nil
}

// stop ends the gateway's process.
func (c *child) stop() error {
	if c.cmd == nil {
		return nil
	}
	_ = c.in.Close()
	return c.cmd.Wait()
}
