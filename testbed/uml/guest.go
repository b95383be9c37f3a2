//go:build linux

package uml

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
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	bootTimeout  = 150 * time.Second // more than start.sh's own limit, which says more about what went wrong
	execTimeout  = 60 * time.Second
	pollInterval = 50 * time.Millisecond
)

// Guest is a running User-Mode Linux guest. Its methods can be called concurrently.
type Guest struct {
	Name string
	IP   string
	Dir  string // its folder on the host, /inst in the guest: configuration, logs
	PID  int    // of its main process on the host

	http *http.Client
}

// Options of a guest; the zero value is good.
type Options struct {
	Name string   // default: the role; at most 11 of a-z, 0-9 and '-'
	IP   string   // in 10.98.0.0/24; default [GatewayIP] or [ClientIP]
	Env  []string // UML_* variables of start.sh, as NAME=value: README.md has the list
}

// start boots a guest, which is stopped when the test ends.
func start(t testing.TB, role, ip string, o Options) *Guest {
	t.Helper()
	Require(t)
	data, err := DataDir()
	if err != nil {
		t.Fatal(err)
	}
	name := o.Name
	if name == "" {
		name = role
	}
	if o.IP != "" {
		ip = o.IP
	}
	g := &Guest{Name: name, IP: ip, Dir: filepath.Join(data, "run", os.Getenv(runVar), name)}
	g.http = &http.Client{Transport: &http.Transport{
		DialContext:       (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		DisableKeepAlives: true, // and no proxy: the environment's is of another network
	}}
	t.Cleanup(func() { g.stop(t) }) // also what is left of a guest that did not come up
	ctx, cancel := context.WithTimeout(t.Context(), bootTimeout)
	defer cancel()
	if err := runScript(ctx, hostScript("start.sh"), o.Env, role, name, ip); err != nil {
		t.Fatalf("boot the guest %s: %v", name, err)
	}
	pid, err := os.ReadFile(filepath.Join(g.Dir, "pid"))
	if err != nil {
		t.Fatalf("boot the guest %s: %v", name, err)
	}
	if g.PID, err = strconv.Atoi(strings.TrimSpace(string(pid))); err != nil {
		t.Fatalf("boot the guest %s: %v", name, err)
	}
	return g
}

func (g *Guest) stop(t testing.TB) {
	if t.Failed() {
		for _, log := range []string{"console", "main.log", "syslog"} {
			if lines, err := readLines(filepath.Join(g.Dir, log), 0); err == nil && len(lines) > 0 {
				t.Logf("end of %s's %s:\n%s", g.Name, log, strings.Join(lines[max(0, len(lines)-60):], "\n"))
			}
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), stopTimeout) // a cleanup's has ended
	defer cancel()
	if err := runScript(ctx, hostScript("stop.sh"), nil, g.Name); err != nil {
		t.Errorf("stop the guest %s: %v", g.Name, err)
	}
}

func hostScript(name string) string { return filepath.Join(os.Getenv(insideVar), name) }

// runScript runs a script on the host; the error holds what it printed.
func runScript(ctx context.Context, path string, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(path), errors.Join(ctx.Err(), err), bytes.TrimSpace(out))
	}
	return nil
}

// ExitError is a script in a guest that ended with another code than 0.
type ExitError struct {
	Code   int
	Output string
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("exit code %d: %s", e.Code, strings.TrimSpace(e.Output))
}

// Exec runs a bash script in the guest, as root, and returns its standard output and error. The error is an
// [*ExitError] when the script's exit code is not 0. The script goes on when ctx ends before it does.
func (g *Guest) Exec(ctx context.Context, script string) (string, error) {
	url := "http://" + net.JoinHostPort(g.IP, "8022") + "/cgi-bin/sh"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(script))
	if err != nil {
		return "", fmt.Errorf("run a script in %s: %w", g.Name, err)
	}
	res, err := g.http.Do(req)
	if err != nil {
		return "", fmt.Errorf("run a script in %s: %w", g.Name, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", fmt.Errorf("run a script in %s: %w", g.Name, err)
	}
	out, code, err := splitCode(string(body))
	if err != nil {
		return "", fmt.Errorf("run a script in %s: HTTP %s: %w", g.Name, res.Status, err)
	}
	if code != 0 {
		return out, fmt.Errorf("run a script in %s: %w", g.Name, &ExitError{Code: code, Output: out})
	}
	return out, nil
}

// splitCode takes the last line, rc=<exit code>, off the control channel's answer.
func splitCode(answer string) (out string, code int, err error) {
	i := strings.LastIndex(answer, "\nrc=")
	if i < 0 {
		return "", 0, fmt.Errorf("no exit code in %q", answer)
	}
	if code, err = strconv.Atoi(strings.TrimSpace(answer[i+len("\nrc="):])); err != nil {
		return "", 0, fmt.Errorf("exit code: %w", err)
	}
	return answer[:i], code, nil
}

// Run is Exec for a script that must succeed within a minute.
func (g *Guest) Run(t testing.TB, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), execTimeout)
	defer cancel()
	out, err := g.Exec(ctx, script)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Process is a process in a guest.
type Process struct {
	PID  int
	Args string
}

// Processes lists the guest's processes of these names.
func (g *Guest) Processes(t testing.TB, names ...string) []Process {
	t.Helper()
	var list []Process
	// ps ends with 1 when there is none.
	for line := range strings.Lines(g.Run(t, "ps -o pid=,args= -C "+strings.Join(names, ",")+" || [ $? = 1 ]")) {
		pid, args, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.Atoi(pid); err == nil {
			list = append(list, Process{PID: n, Args: args})
		}
	}
	return list
}

// quote makes one word of s for a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// eventually polls until ok says true, and reports whether it did in time.
func eventually(t testing.TB, within time.Duration, ok func() bool) bool {
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			return ok()
		case <-tick.C:
		}
	}
	return true
}
