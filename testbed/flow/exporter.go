//go:build linux

package flow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	exportLimit = time.Minute // a run of an exporter takes 0.1 to 4 s
	largest     = 1 << 16
)

// programs are the runs of the exporters, by the name of the export.
var programs = map[string]func(context.Context, *run) error{
	"softflowd-v5":               softflowd("-v", "5"),
	"softflowd-v9":               softflowd("-v", "9"),
	"softflowd-v10":              softflowd("-v", "10"),
	"softflowd-v10-biflow":       softflowd("-v", "10", "-b"),
	"softflowd-v5-sampled":       softflowd("-v", "5", "-s", "100"),
	"softflowd-v9-sampled":       softflowd("-v", "9", "-s", "100"),
	"softflowd-v10-sampled":      softflowd("-v", "10", "-s", "100"),
	"softflowd-v10-sampled-busy": softflowd("-v", "10", "-s", "100"),
	"pmacctd-v5":                 nfprobe(5),
	"pmacctd-v9":                 nfprobe(9),
	"pmacctd-v10":                nfprobe(10),
	"pmacctd-sflow":              sfprobe(1),
	"pmacctd-sflow-sampled":      sfprobe(100),
	"pmacctd-sflow-sampled-busy": sfprobe(100),
	"nfpcapd-v5":                 nfpcapd(5),
	"nfpcapd-v9":                 nfpcapd(9),
}

// run is one run of an exporter.
type run struct {
	data, dir, pcap string // what setup.sh made, a folder of the run's own, and the capture
	to              *net.UDPAddr
}

// Run has the exporter read a capture, with a folder for its files, and returns its datagrams.
func (e Export) Run(ctx context.Context, dir, pcap string) ([][]byte, error) {
	data, err := dataDir()
	if err != nil {
		return nil, err
	}
	collector, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 95, 1)})
	if err != nil {
		return nil, fmt.Errorf("collect from %s: %w", e.Name, err)
	}
	defer func() { _ = collector.Close() }()
	if err := enlarge(collector); err != nil {
		return nil, fmt.Errorf("collect from %s: %w", e.Name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, exportLimit)
	defer cancel()
	r := &run{data: data, dir: dir, pcap: pcap, to: collector.LocalAddr().(*net.UDPAddr)}
	if err := programs[e.Name](ctx, r); err != nil {
		return nil, fmt.Errorf("export with %s: %w", e.Name, err)
	}
	return drain(collector)
}

// enlarge makes a socket take all of an export, which nobody reads before it is complete.
func enlarge(c *net.UDPConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, 16<<20)
	})
	return errors.Join(err, set)
}

// drain returns what is in the socket. On loopback what was sent is there, and an own datagram comes behind all others.
func drain(c *net.UDPConn) ([][]byte, error) {
	end := []byte("end of export")
	own, err := net.DialUDP("udp4", nil, c.LocalAddr().(*net.UDPAddr))
	if err != nil {
		return nil, fmt.Errorf("collect: %w", err)
	}
	defer func() { _ = own.Close() }()
	if _, err := own.Write(end); err != nil {
		return nil, fmt.Errorf("collect: %w", err)
	}
	if err := c.SetReadDeadline(time.Now().Add(exportLimit)); err != nil {
		return nil, fmt.Errorf("collect: %w", err)
	}
	var all [][]byte
	for b := make([]byte, largest); ; {
		n, err := c.Read(b)
		if err != nil {
			return nil, fmt.Errorf("collect: %w", err)
		}
		if bytes.Equal(b[:n], end) {
			return all, nil
		}
		all = append(all, bytes.Clone(b[:n]))
	}
}

// exec runs one of the programs until it and its children have ended.
func (r *run) exec(ctx context.Context, name string, args ...string) error {
	_, err := r.output(ctx, name, args...)
	return err
}

// output is exec that returns what the program said.
func (r *run) output(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(r.data, "usr", "bin", name), args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Join(r.data, "usr", "lib"), "TZ=UTC")
	// A process group of its own: pmacctd's plugins are processes, which a signal to it alone would leave.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second // after which a plugin is not waited for that goes on when pmacctd itself has ended
	out, err := cmd.CombinedOutput() // returns when the last of the group has closed its standard output
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails when all have ended, as they should
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, errors.Join(ctx.Err(), err), bytes.TrimSpace(out[max(0, len(out)-500):]))
	}
	return string(out), nil
}

// softflowd reads a capture as if it happened: -m 16 makes it look at its flows every 16 packets, -c none keeps it from
// waiting for its control program. Flows end with the packet after their active time-out, and never for being idle.
func softflowd(args ...string) func(context.Context, *run) error {
	return func(ctx context.Context, r *run) error {
		return r.exec(ctx, "softflowd", append([]string{
			"-r", r.pcap, "-c", "none", "-a", "-m", "16", "-n", r.to.String(),
			"-t", "maxlife=60", "-t", "general=15", "-t", "tcp=15", "-t", "expint=5",
		}, args...)...)
	}
}

func nfprobe(version int) func(context.Context, *run) error {
	return func(ctx context.Context, r *run) error {
		return r.pmacctd(ctx, "plugins: nfprobe", "nfprobe_receiver: "+r.to.String(), fmt.Sprintf("nfprobe_version: %d", version),
			"nfprobe_timeouts: tcp=15:tcp.rst=15:tcp.fin=15:udp=15:icmp=15:general=15:maxlife=60:expint=5",
			"aggregate: src_host,dst_host,src_port,dst_port,proto,tos,tcpflags")
	}
}

func sfprobe(sampling int) func(context.Context, *run) error {
	return func(ctx context.Context, r *run) error {
		return r.pmacctd(ctx, "plugins: sfprobe", "sfprobe_receiver: "+r.to.String(), fmt.Sprintf("sampling_rate: %d", sampling))
	}
}

// pmacctd exports a capture, and ends. The smaller its buffer, the more often it looks at its flows; as with softflowd
// they do not end for being idle.
func (r *run) pmacctd(ctx context.Context, settings ...string) error {
	path := filepath.Join(r.dir, "pmacctd.conf")
	settings = append(settings, "daemonize: false", "pcap_savefile: "+r.pcap, "pcap_savefile_delay: 1",
		"plugin_pipe_size: 10240000", "plugin_buffer_size: 4096", "")
	if err := os.WriteFile(path, []byte(strings.Join(settings, "\n")), 0o600); err != nil {
		return err
	}
	err := r.exec(ctx, "pmacctd", "-f", path)
	// Its exit code is 1 when it notices that a plugin has ended, as it should, before it has itself.
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 && strings.Contains(err.Error(), "Shutting down on user request") {
		return nil
	}
	return err
}

// nfpcapd writes flows to a file, of one hour, which nfreplay sends.
func nfpcapd(version int) func(context.Context, *run) error {
	return func(ctx context.Context, r *run) error {
		if err := r.exec(ctx, "nfpcapd", "-r", r.pcap, "-e", "60,15", "-t", "3600", "-w", r.dir); err != nil {
			return err
		}
		files, err := filepath.Glob(filepath.Join(r.dir, "nfcapd.2*"))
		if err != nil || len(files) != 1 {
			return fmt.Errorf("nfpcapd wrote %d files in place of one: %q: %w", len(files), files, err)
		}
		return r.exec(ctx, "nfreplay", "-v", fmt.Sprint(version), "-r", files[0],
			"-H", r.to.IP.String(), "-p", fmt.Sprint(r.to.Port))
	}
}
