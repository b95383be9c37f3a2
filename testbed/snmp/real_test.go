//go:build real && linux

package snmp

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
)

// standIn makes the process a stand-in for a daemon: it does nothing until its standard
// input ends.
const standIn = "SNMP_STAND_IN"

func TestMain(m *testing.M) {
	Main()
	if os.Getenv(standIn) != "" {
		_, _ = os.Stdin.Read(make([]byte, 1)) // its end is what is waited for
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func (d *Daemon) target() snmpppp.Target {
	return snmpppp.Target{
		ID: "gw", Host: d.Host, Port: d.Port, Timeout: 5 * time.Second, Costly: true,
		Auth: snmpppp.Auth{Version: snmpppp.V2c, Community: "public"},
	}
}

func poll(t *testing.T, target snmpppp.Target) *snapshot.Snapshot {
	t.Helper()
	p, err := snmpppp.New(target)
	require.NoError(t, err)
	s, err := p.Poll(context.Background())
	require.NoError(t, err)
	return s
}

// process starts a stand-in with a name and a command line.
func process(t *testing.T, name string, args ...string) {
	self, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.Symlink(self, path))
	cmd := &exec.Cmd{Path: path, Args: args, Env: append(os.Environ(), standIn+"=1")}
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close() // ends it
		_ = cmd.Wait()
	})
}

// TestOwnMIBs reads what snmpd says of this host: stand-ins for poptop's processes and
// a control connection.
func TestOwnMIBs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.96.50:1723")
	require.NoError(t, err)
	defer l.Close()
	c, err := net.Dial("tcp", "127.0.96.50:1723")
	require.NoError(t, err)
	defer c.Close()
	process(t, "pptpctrl", "pptpd [203.0.113.7]   ")
	process(t, "pptpd", "/usr/sbin/pptpd", "--fg")
	process(t, "pppd", "/usr/sbin/pppd", "local", "file", "/etc/ppp/pptpd-options", "115200", "192.168.0.1:192.168.0.234", "ipparam", "203.0.113.7",
		"plugin", "/usr/lib/pptpd/pptpd-logwtmp.so")
	for _, version := range []snmpppp.Version{snmpppp.V1, snmpppp.V2c} {
		for _, transport := range []string{"udp", "tcp"} {
			t.Run(string(version)+"/"+transport, func(t *testing.T) {
				target := Start(t, Config{Lines: []string{"proc pptpd 10 1"}}).target()
				target.Auth.Version, target.Transport = version, transport
				s := poll(t, target)
				assert.Empty(t, s.Partial)
				assert.Equal(t, "1.3.6.1.4.1.8072.3.2.10", s.Agent.ObjectID)
				assert.NotZero(t, s.Agent.Uptime)
				assert.NotZero(t, s.Agent.HostUptime)
				assert.NotEmpty(t, s.Agent.EngineID)
				for _, name := range []string{"if-mib", "hr-processes", "tcp", "tcp-connection", "ucd", "hr-system"} {
					assert.Contains(t, s.Profiles, name)
				}
				roles := map[snapshot.ProcessRole]snapshot.Process{}
				for _, p := range s.Processes {
					roles[p.Role] = p
				}
				assert.Equal(t, "203.0.113.7", roles[snapshot.RoleSession].Peer.String())
				assert.Equal(t, "192.168.0.234", roles[snapshot.RoleLink].Address.String())
				assert.Equal(t, "pptpd", roles[snapshot.RoleDaemon].Name)
				assert.NotZero(t, roles[snapshot.RoleDaemon].Memory)
				require.NotNil(t, s.Control)
				assert.True(t, s.Control.Listening)
				assert.NotZero(t, s.Control.Connections["established"])
				require.Equal(t, "hr-processes/processes", s.Source)
				require.Len(t, s.Sessions, 1)
				assert.Equal(t, "203.0.113.7", s.Sessions[0].Peer.String())
				assert.Equal(t, snapshot.StateUp, s.Sessions[0].State)
				count := slices.IndexFunc(s.Measures, func(m snapshot.Measure) bool { return m.Name == "process.count" && m.Label == "pptpd" })
				require.GreaterOrEqual(t, count, 0)
				assert.InDelta(t, 1, s.Measures[count].Value, 1)
			})
		}
	}
}

// TestReplay serves the files of all vendors with snmpd, and compares with what the
// agent of the tests says to the same questions.
func TestReplay(t *testing.T) {
	files, err := filepath.Glob("../../snmpppp/testdata/agents/*.rows")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".rows"), func(t *testing.T) {
			d := Start(t, Config{Replay: true, Rows: map[string]string{"1.3.6.1.2.1": file, "1.3.6.1.4.1": file, "1.3.6.1.6.3.10": file}})
			f, err := os.Open(file)
			require.NoError(t, err)
			defer f.Close()
			rows, err := agent.Load(f)
			require.NoError(t, err)
			a, err := agent.Start(rows, agent.Config{})
			require.NoError(t, err)
			defer a.Close()
			target := d.target()
			got := poll(t, target)
			target.Host, target.Port = a.Addr().Addr().String(), a.Addr().Port()
			want := poll(t, target)
			for _, s := range []*snapshot.Snapshot{got, want} {
				for i := range s.Sessions {
					s.Sessions[i].Started = time.Time{}
				}
				for i := range s.Failures {
					s.Failures[i].Time = time.Time{}
				}
				for i := range s.Tunnels {
					s.Tunnels[i].Started = time.Time{}
				}
				s.Time, s.Duration, s.Stats = time.Time{}, 0, walk.Stats{}
			}
			assert.Equal(t, want, got)
		})
	}
}

// TestVendorTables serves vendors' tables beside snmpd's own.
func TestVendorTables(t *testing.T) {
	file := "../../snmpppp/testdata/agents/cisco-ios.rows"
	d := Start(t, Config{
		Rows: map[string]string{"1.3.6.1.4.1.9": file},
		Lines: []string{
			"override 1.3.6.1.2.1.10.23.3.1.1.1.7 integer 1",
			"override 1.3.6.1.2.1.10.131.1.1.1.1.3.7 integer 6",
		},
	})
	s := poll(t, d.target())
	assert.Equal(t, "cisco-vpdn/sessions", s.Source)
	assert.Len(t, s.Sessions, 3)
	assert.Contains(t, s.Profiles, "ppp-ip")
	assert.Contains(t, s.Profiles, "tunnel-mib")
	assert.Contains(t, s.Profiles, "tcp-connection")
}
