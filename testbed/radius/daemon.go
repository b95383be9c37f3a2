//go:build linux

package radius

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// host is the address of all servers of this package.
const host = "127.0.96.3"

// What the servers know.
const (
	Secret   = "testing-radius-secret"
	User     = "monitor"
	Password = "correct-horse"
)

// Server names a virtual server.
type Server string

// The virtual servers.
const (
	Good       Server = "good"
	NoKeys     Server = "nokeys" // MS-CHAPv2 without keys for MPPE
	Slow       Server = "slow"   // takes at least [SlowTime]
	Silent     Server = "silent" // does not answer Access-Requests
	Signed     Server = "signed" // drops Access-Requests without Message-Authenticator
	Accounting Server = "acct"   // accounting
	Statistics Server = "stats"  // Status-Server with statistics
	Challenge  Server = "challenge"
)

var servers = []Server{Good, NoKeys, Slow, Silent, Signed, Accounting, Statistics, Challenge}

// SlowTime is what [Slow] takes.
const SlowTime = 500 * time.Millisecond

// Daemon is a running FreeRADIUS.
type Daemon struct {
	Host  string
	Ports map[Server]uint16
	Dir   string // of its configuration and its log
	root  string
	cmd   *exec.Cmd
	done  chan struct{}
}

// Config is how to run FreeRADIUS.
type Config struct {
	NoStatus bool              // Status-Server is off
	Ports    map[Server]uint16 // those of a daemon that was stopped; nil: free ones
}

// find looks for what setup.sh has fetched.
func find() (root string, err error) {
	root = os.Getenv("PPTP_RADIUS_DIR")
	if root == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		root = filepath.Join(cache, "otelcol-pptp/radius")
	}
	if _, err := os.Stat(filepath.Join(root, "bin/freeradius")); err != nil {
		return "", errors.New("FreeRADIUS is not there: run testbed/radius/setup.sh")
	}
	return root, nil
}

func environment(root string) []string {
	lib := filepath.Join(root, "lib")
	return append(os.Environ(), "LD_LIBRARY_PATH="+lib+":"+filepath.Join(lib, "freeradius"))
}

// Start starts FreeRADIUS, and waits until it is ready. It ends with the test. Where it is
// not there the test is skipped, but never in CI.
func Start(t testing.TB, cfg Config) *Daemon {
	t.Helper()
	root, err := find()
	if err != nil && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	require.NoError(t, err)
	d := &Daemon{Host: host, Ports: cfg.Ports, Dir: t.TempDir(), root: root, done: make(chan struct{})}
	if d.Ports == nil {
		d.Ports = make(map[Server]uint16)
		for _, s := range servers {
			d.Ports[s] = freePort(t)
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(d.Dir, "radiusd.conf"), []byte(d.config(cfg)), 0o600))
	log := filepath.Join(d.Dir, "log")
	d.cmd = exec.Command(filepath.Join(root, "bin/freeradius"), "-f", "-l", log, "-d", d.Dir, "-n", "radiusd", "-D", filepath.Join(root, "share/freeradius"))
	d.cmd.Env = environment(root)
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, d.cmd.Start())
	go func() {
		_ = d.cmd.Wait() // however it ends
		close(d.done)
	}()
	t.Cleanup(d.Stop)
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(d.Log(), "Ready to process requests"); {
		select {
		case <-d.done:
			t.Fatalf("FreeRADIUS has ended; its log:\n%s", d.Log())
		case <-time.After(20 * time.Millisecond): // nothing else tells when a foreign process is ready
		}
		require.True(t, time.Now().Before(deadline), "FreeRADIUS is not ready; its log:\n%s", d.Log())
	}
	return d
}

// Log is what it has logged.
func (d *Daemon) Log() string {
	text, _ := os.ReadFile(filepath.Join(d.Dir, "log")) // not there before the first line
	return string(text)
}

// Stop ends it. It may be called again.
func (d *Daemon) Stop() {
	_ = d.cmd.Process.Signal(syscall.SIGCONT) // it may have ended by itself
	_ = d.cmd.Process.Kill()
	<-d.done
}

// Hang stops it from doing anything, until it is told to go on.
func (d *Daemon) Hang(t testing.TB) (goOn func()) {
	require.NoError(t, d.cmd.Process.Signal(syscall.SIGSTOP))
	return func() { require.NoError(t, d.cmd.Process.Signal(syscall.SIGCONT)) }
}

// Client runs radclient, which sends attributes, of a kind such as acct, to a port.
func (d *Daemon) Client(t testing.TB, port uint16, kind, attributes string) string {
	cmd := exec.Command(filepath.Join(d.root, "bin/radclient"), "-d", d.Dir, "-D", filepath.Join(d.root, "share/freeradius"),
		"-x", "-r", "1", "-t", "5", fmt.Sprintf("%s:%d", d.Host, port), kind, Secret)
	cmd.Env = environment(d.root)
	cmd.Stdin = strings.NewReader(attributes)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

// freePort returns a port that is free for UDP.
func freePort(t testing.TB) uint16 {
	l, err := net.ListenPacket("udp", host+":0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return uint16(l.LocalAddr().(*net.UDPAddr).Port)
}
