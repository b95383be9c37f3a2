//go:build real && linux

package flow

import (
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/flow/dgram"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/uml"
)

// Open vSwitch, with the datapath that needs no kernel module. It sees packets when they come, so the capture is played to
// it a hundred times as fast: times say nothing here, and the detector is not asked.
func TestOpenVSwitch(t *testing.T) {
	Require(t)
	uml.Require(t) // for its network namespace
	data, err := dataDir()
	require.NoError(t, err)
	r := &run{data: data, dir: t.TempDir()}
	for _, args := range [][]string{
		{"link", "add", "port0", "type", "veth", "peer", "name", "wire0"}, {"link", "set", "port0", "up"}, {"link", "set", "wire0", "up"},
	} {
		out, err := exec.CommandContext(t.Context(), "ip", args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	t.Cleanup(func() { _ = exec.Command("ip", "link", "del", "wire0").Run() })
	collector, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 95, 1)})
	require.NoError(t, err)
	defer func() { _ = collector.Close() }()
	require.NoError(t, enlarge(collector))

	database, socket := filepath.Join(r.dir, "conf.db"), "unix:"+filepath.Join(r.dir, "db.sock")
	require.NoError(t, r.exec(t.Context(), "ovsdb-tool", "create", database, filepath.Join(data, "usr", "lib", "vswitch.ovsschema")))
	daemon(t, r, "ovsdb-server", database, "--remote=p"+socket, "--unixctl="+filepath.Join(r.dir, "db.ctl"))
	daemon(t, r, "ovs-vswitchd", socket, "--unixctl="+filepath.Join(r.dir, "switch.ctl"))
	// It waits until the switch is as it should be.
	require.NoError(t, r.exec(t.Context(), "ovs-vsctl", "--retry", "--timeout=30", "--db="+socket,
		"add-br", "br-flow", "--", "set", "bridge", "br-flow", "datapath_type=netdev", "netflow=@flows", "--", "add-port", "br-flow", "port0",
		"--", "--id=@flows", "create", "NetFlow", `targets="`+collector.LocalAddr().String()+`"`, "active-timeout=1"))

	start := time.Now()
	send(t, "wire0")
	f := dgram.File{Start: start}
	want := captured(t, "reference", Length, ofFrame)
	require.NoError(t, collector.SetReadDeadline(start.Add(time.Minute)))
	decoder, counted := newDecoder(false), counts{}
	for b := make([]byte, largest); !maps.Equal(counted, want); {
		n, err := collector.Read(b)
		require.NoError(t, err, "counted %v of %v", counted, want)
		d := dgram.Datagram{At: time.Since(start), Bytes: append([]byte(nil), b[:n]...)}
		f.Datagrams = append(f.Datagrams, d)
		var s tap
		require.NoError(t, decoder.decode(f.Arrival(d), d.Bytes, &s))
		counted.add(s.records)
	}
	compareNetFlow(t, f)
}

// daemon runs one of the programs until the test ends.
func daemon(t *testing.T, r *run, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(r.data, "usr", "bin", name), args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Join(r.data, "usr", "lib"), "OVS_RUNDIR="+r.dir, "OVS_LOGDIR="+r.dir, "OVS_DBDIR="+r.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Wait() }) // the test's context has ended, and with it the program
}

// send sends the packets of the reference capture out of an interface, one each millisecond.
func send(t *testing.T, name string) {
	t.Helper()
	link, err := net.InterfaceByName(name)
	require.NoError(t, err)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer func() { _ = unix.Close(fd) }()
	all, err := packets(Reference())
	require.NoError(t, err)
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for _, p := range all {
		<-pace.C
		require.NoError(t, unix.Sendto(fd, p.bytes, 0, &unix.SockaddrLinklayer{Ifindex: link.Index}))
	}
}
