//go:build linux

package snmp

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// User is a user of SNMPv3.
type User struct {
	Name           string
	Auth, AuthPass string // as snmpd.conf writes them: MD5, SHA, SHA-256, …; empty: none
	Priv, PrivPass string // DES, AES, AES-256, …
	Level          string // that it needs at least: noauth, auth or priv
	Context        string
	Excluded       []string // subtrees that it may not see
}

// Config is how to run snmpd.
type Config struct {
	Users []User
	// Rows are files of package agent's form, by the subtree that they serve.
	Rows map[string]string
	// Replay serves nothing but Rows: not even the system group is snmpd's own.
	Replay bool
	// Lines are added to the configuration.
	Lines []string
	// Dir keeps state over a restart; empty: one that ends with the test.
	Dir string
	// Port to listen at; 0: a free one.
	Port uint16
}

// Daemon is a running snmpd.
type Daemon struct {
	Host string
	Port uint16
	Dir  string
	cmd  *exec.Cmd
	done chan struct{}
}

// Address of all snmpds of this package.
const host = "127.0.96.2"

// find looks for snmpd. Out of a foreign root file system it needs its own libraries.
func find() (path string, env []string, err error) {
	if p := os.Getenv("SNMPD"); p != "" {
		return p, libraries(p), nil
	}
	if p, err := exec.LookPath("snmpd"); err == nil {
		return p, nil, nil
	}
	candidates := []string{"/usr/sbin/snmpd"}
	if dir := os.Getenv("PPTP_UML_DIR"); dir != "" {
		candidates = append(candidates, filepath.Join(dir, "root/usr/sbin/snmpd"))
	}
	if cache, err := os.UserCacheDir(); err == nil {
		candidates = append(candidates, filepath.Join(cache, "otelcol-pptp/uml/root/usr/sbin/snmpd"))
	}
	for _, p := range candidates {
		if _, err := os.Stat(p); err == nil {
			return p, libraries(p), nil
		}
	}
	return "", nil, errors.New("snmpd is not installed: apt-get install snmpd, or run testbed/uml/setup.sh")
}

func libraries(snmpd string) []string {
	root, ok := strings.CutSuffix(snmpd, "/usr/sbin/snmpd")
	if !ok || root == "" {
		return nil
	}
	dirs, _ := filepath.Glob(filepath.Join(root, "usr/lib/*-linux-gnu"))
	return []string{"LD_LIBRARY_PATH=" + strings.Join(dirs, ":")}
}

// Start starts snmpd, and waits until it answers. It ends with the test. Without snmpd
// the test is skipped, but never in CI.
func Start(t testing.TB, cfg Config) *Daemon {
	t.Helper()
	path, env, err := find()
	if err != nil && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	require.NoError(t, err)
	d := &Daemon{Host: host, Port: cfg.Port, Dir: cfg.Dir, done: make(chan struct{})}
	if d.Dir == "" {
		d.Dir = t.TempDir()
	}
	if d.Port == 0 {
		d.Port = freePort(t)
	}
	require.NoError(t, os.WriteFile(filepath.Join(d.Dir, "snmpd.conf"), []byte(cfg.text(t, d)), 0o600))
	modules := "-smux"
	if cfg.Replay {
		modules = "vacm_conf,vacm_vars,usmConf,pass_persist,pass,override"
	}
	log := filepath.Join(d.Dir, "log")
	d.cmd = exec.Command(path, "-f", "-Lf", log, "-p", filepath.Join(d.Dir, "pid"), "-I", modules)
	d.cmd.Env = append(append(os.Environ(), "SNMPCONFPATH="+d.Dir+":"+filepath.Join(d.Dir, "state"), "SNMP_PERSISTENT_DIR="+filepath.Join(d.Dir, "state"), "MIBS="), env...)
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, d.cmd.Start())
	go func() {
		_ = d.cmd.Wait() // however it ends
		close(d.done)
	}()
	t.Cleanup(func() { d.Stop(t) })
	deadline := time.Now().Add(20 * time.Second)
	for !d.answers() {
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log)
			t.Fatalf("snmpd does not answer; its log:\n%s", text)
		}
	}
	return d
}

// Stop stops snmpd, which writes its state; Start with the same Dir goes on from it.
func (d *Daemon) Stop(t testing.TB) {
	if d.cmd == nil {
		return
	}
	_ = d.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-d.done:
	case <-time.After(10 * time.Second):
		t.Error("snmpd does not stop")
		_ = d.cmd.Process.Kill() // it has ended otherwise
		<-d.done
	}
	d.cmd = nil
}

// answers sends a GET of sysUpTime with the community "public", of 40 octets.
func (d *Daemon) answers() bool {
	c, err := net.Dial("udp", net.JoinHostPort(d.Host, strconv.Itoa(int(d.Port))))
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	get := "\x30\x26\x02\x01\x01\x04\x06public\xa0\x19\x02\x01\x01\x02\x01\x00\x02\x01\x00\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x03\x00\x05\x00"
	_ = c.SetDeadline(time.Now().Add(200 * time.Millisecond)) // of a socket that is open
	if _, err := c.Write([]byte(get)); err != nil {
		return false
	}
	n, err := c.Read(make([]byte, 1500))
	if err != nil { // refused at once while it starts: do not spin
		time.Sleep(20 * time.Millisecond) // nothing else tells when a foreign process is ready
	}
	return err == nil && n > 0
}

// freePort returns a port that is free for UDP and TCP.
func freePort(t testing.TB) uint16 {
	l, err := net.Listen("tcp", host+":0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

func (c *Config) text(t testing.TB, d *Daemon) string {
	self, err := os.Executable()
	require.NoError(t, err)
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("agentAddress udp:%s:%d,tcp:%s:%d", d.Host, d.Port, d.Host, d.Port)
	line("com2sec ro %s public", "127.0.0.0/8")
	line("group g v2c ro")
	line("group g v1 ro")
	line("view all included .1")
	line(`access g "" any noauth exact all none none`)
	for _, u := range c.Users {
		create := "createUser " + u.Name
		if u.Auth != "" {
			create += fmt.Sprintf(" %s %q", u.Auth, u.AuthPass)
		}
		if u.Priv != "" {
			create += fmt.Sprintf(" %s %q", u.Priv, u.PrivPass)
		}
		line("%s", create)
		line("group u-%s usm %s", u.Name, u.Name)
		line("view v-%s included .1", u.Name)
		for _, x := range u.Excluded {
			line("view v-%s excluded .%s", u.Name, x)
		}
		line(`access u-%s %q usm %s exact v-%s none none`, u.Name, u.Context, u.Level, u.Name)
	}
	for root, file := range c.Rows {
		abs, err := filepath.Abs(file)
		require.NoError(t, err)
		line("pass_persist -p 1 .%s %s %s %s", root, self, passArg, abs)
	}
	for _, l := range c.Lines {
		line("%s", l)
	}
	return b.String()
}
