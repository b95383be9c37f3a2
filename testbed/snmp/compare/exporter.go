//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// module is a module of snmp.yml with the eight columns, as its generator would write it: names, types and indexes are
// those of CISCO-VPDN-MGMT-MIB.
func module(o *options) string {
	var b strings.Builder
	fmt.Fprintf(&b, "vpdn:\n  version: 2\n  auth: {community: public}\n  timeout: 10s\n  max_repetitions: %d\n  walk:\n", o.repetitions)
	for _, c := range columns {
		fmt.Fprintf(&b, "  - %s.%d\n", root, c)
	}
	b.WriteString("  metrics:\n")
	types := map[int]string{2: "DisplayString", 3: "gauge", 4: "gauge", 10: "DisplayString"}
	for _, c := range columns {
		kind := types[c]
		if kind == "" {
			kind = "counter"
		}
		fmt.Fprintf(&b, "  - name: vpdn_session_%d\n    oid: %s.%d\n    type: %s\n    help: column %d\n    indexes:\n", c, root, c, kind, c)
		for _, index := range []string{"protocol", "tunnel", "session"} {
			fmt.Fprintf(&b, "    - {labelname: %s, type: gauge}\n", index)
		}
	}
	return b.String()
}

// scrape starts the exporter and scrapes it as Prometheus does.
func scrape(ctx context.Context, o *options, begin func()) (c cost, err error) {
	dir, err := os.MkdirTemp("", "compare")
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	config := filepath.Join(dir, "snmp.yml")
	if err := os.WriteFile(config, []byte(module(o)), 0o600); err != nil {
		return c, err
	}
	address, err := free(ctx)
	if err != nil {
		return c, err
	}
	e := exec.CommandContext(ctx, o.exporter, "--config.file="+config, "--web.listen-address="+address, "--log.level=error")
	e.Stderr = os.Stderr
	if err := e.Start(); err != nil {
		return c, err
	}
	defer func() {
		err = errors.Join(err, e.Process.Kill())
		_ = e.Wait() // killed
		c.memory = resident(e.ProcessState)
	}()
	once := func() error { return get(ctx, o, address) }
	// It needs a moment until it listens.
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if err = once(); err == nil {
			break
		}
		if time.Since(begun) > 10*time.Second {
			return c, err
		}
	}
	begin()
	before, err := ticks(e.Process.Pid)
	if err != nil {
		return c, err
	}
	for range o.polls {
		if err := once(); err != nil {
			return c, err
		}
	}
	after, err := ticks(e.Process.Pid)
	c.cpu = after - before
	return c, err
}

func get(ctx context.Context, o *options, address string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/snmp?module=vpdn&target="+o.target, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if n, want := bytes.Count(body, []byte("\nvpdn_session_")), o.sessions*len(columns); n != want || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d series of %d: %.200s", answer.Status, n, want, body)
	}
	return nil
}

// free is an address that nobody listens on.
func free(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// ticks is the CPU time that a process has used: utime and stime of proc(5), in hundredths of a second.
func ticks(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, b)
	}
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		return 0, err
	}
	return time.Duration(user+system) * 10 * time.Millisecond, nil
}
