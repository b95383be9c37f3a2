package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/privilege"
)

// startGateway starts a simulated gateway with a fault of its catalog, or none.
// Without CAP_NET_RAW the test is skipped then, but never in CI.
func startGateway(t *testing.T, addr, fault string, observe func(gateway.Event)) *gateway.Gateway {
	t.Helper()
	cfg := gateway.Config{
		Listen: netip.AddrPortFrom(netip.MustParseAddr(addr), 0), Users: map[string]string{"probe": thePassword}, Observe: observe,
	}
	if fault != "" {
		f, ok := gateway.FaultByName(fault)
		require.True(t, ok, fault)
		cfg.Faults = f
	}
	privilege.RawGRE(t)
	gw, err := gateway.Start(context.Background(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, gw.Close()) })
	return gw
}

// realBench runs real sessions.
func realBench() *bench {
	b := newBench(nil)
	b.newProbe = hostEnvironment().newProbe
	return b
}

// Each kind of check says what it found, to people and to programs; and a session
// that fails leaves its packets.
func TestEveryCheck(t *testing.T) {
	gw := startGateway(t, "127.0.40.9", "", nil)
	b := realBench()
	b.vars[passwordVariable] = thePassword
	args := []string{
		"check", gw.Addr().String(), "-u", "probe", "--tcp", "gateway.pptp.test:7", "--dns", "www.pptp.test", "--mtu", "peer",
		"--throughput", "http://www.pptp.test/bytes/1000000", "--echo",
	}
	code, text, stderr := b.run(t, args...)
	assert.Zero(t, code, text+stderr)
	found := strings.Join(strings.Fields(text), " ") // long lines are broken
	for _, want := range []string{
		`tcp gateway\.pptp\.test:7 connected to [0-9.]+:7 in [0-9.]+ ms, name resolved in `,
		`dns www\.pptp\.test [0-9.]+ says NOERROR in [0-9.]+ ms [0-9.]+ `,
		`mtu peer \d+ bytes pass of \d+ negotiated`,
		`throughput http://www\.pptp\.test/bytes/1000000 1000\.0 kB in [0-9.]+ m?s, [0-9.]+ Mbit/s download`,
		`echo LCP 3 of 3 answered, rtt .* ms; control [1-3] of [1-3] answered, rtt`,
	} {
		assert.Regexp(t, want, found)
	}
	code, out, _ := b.run(t, append(args, "--json")...)
	assert.Zero(t, code)
	var got report
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Len(t, got.Checks, 5)
	assert.NotNil(t, got.Checks[0].TCP.Connect)
	assert.Equal(t, "NOERROR", *got.Checks[1].DNS[0].RCode)
	assert.Equal(t, got.Checks[2].MTU.Negotiated, *got.Checks[2].MTU.Path)
	assert.EqualValues(t, 1000000, got.Checks[3].Throughput.Bytes)
	assert.Equal(t, 3, got.Checks[4].Echo.LCP.Received)

	_, line, _ := b.run(t, append(args, "--nagios")...)
	assert.Regexp(t, `\|.* mtu1_path=\d+B;.* throughput1_rate=[1-9]`, line)

	dir := t.TempDir()
	gw.SetFaults(gateway.Faults{ControlClose: true})
	code, text, _ = b.run(t, "check", gw.Addr().String(), "--capture", dir)
	assert.Equal(t, exitFailed, code)
	assert.Regexp(t, `capture `+dir+`/\S*\.pcapng `, strings.Join(strings.Fields(text), " "))

	code, _, stderr = b.run(t, "check", "x", "-u", "probe", "--echo", "--depth", "gre")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "--depth: gre ends before any traffic; leave it out, or leave out --echo")
}

func TestSession(t *testing.T) {
	gw := startGateway(t, "127.0.40.1", "", nil)
	host := gw.Addr().String()
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte(thePassword+"\n"), 0o600))
	full := []string{"check", host, "-u", "probe", "--password-file", file, "--mppe", "require", "--ping", "peer", "--http", "http://www.pptp.test/"}
	b := realBench()

	code, text, stderr := b.run(t, full...)
	assert.Zero(t, code, text+stderr)
	for _, want := range []string{
		"PPTP session with " + host + " as probe, depth application", "\n  ipcp ", "\n    ping peer ", "\n  teardown ",
		"MPPE 128 bit, stateless", "mschap_v2, accepted", "3 of 3 answered", "status 200, ", "\nOK: " + host + " reached depth application in ",
	} {
		assert.Contains(t, text, want)
	}

	code, out, _ := b.run(t, append(full, "--json")...)
	assert.Zero(t, code)
	var got report
	d := json.NewDecoder(strings.NewReader(out))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&got))
	assert.Equal(t, verdictOK, got.Verdict)
	assert.Nil(t, got.Failure)
	assert.Len(t, got.Stages, 11)
	assert.Len(t, got.Checks, 2)
	assert.True(t, got.Negotiated.Authenticated)
	assert.Equal(t, 128, *got.Negotiated.MPPEBits)
	assert.Less(t, *got.Connect, got.Duration)

	code, line, _ := b.run(t, append(full, "--nagios", "-w", "60", "-c", "90")...)
	assert.Zero(t, code, line)
	assert.Regexp(t, `^PPTP OK - 127\.0\.40\.1:\d+ reached depth application in .*\|total=[0-9.]+s;60;90;0 connect=[0-9.]+s;;;0 tcp=.* icmp1_loss=0%;;;0;100 http1=[0-9.]+s;;;0\n$`, line)

	code, quiet, _ := b.run(t, "check", host, "-q", "--depth", "control")
	assert.Zero(t, code)
	assert.Regexp(t, "^OK: 127.* reached depth control in .*\n$", quiet)

	require.NoError(t, gw.Close())
	s := gw.Stats()
	assert.Equal(t, uint64(4), s.Connections)
	assert.Equal(t, uint64(3), s.Established)
	assert.Equal(t, uint64(3), s.ClosedClean, "the fourth had no call to clear")
}

func TestSessionFails(t *testing.T) {
	for _, tt := range []struct {
		fault, addr string
		stage       string
		cause       pptpprobe.Cause
		args        []string
	}{
		// A short time-out, and still the gateway's fault.
		{"gre.no_reply", "127.0.40.2", "gre", pptpprobe.CauseGRENoReply, []string{"--timeout", "5s"}},
		{"auth.rejected", "127.0.40.3", "auth", pptpprobe.CauseAuthRejected, []string{"-u", "probe"}},
		{"call.busy", "127.0.40.4", "call", pptpprobe.CauseCallBusy, nil},
		{"mppe.unsupported_by_server", "127.0.40.5", "ccp", pptpprobe.CauseMPPEUnsupportedByServer, []string{"-u", "probe", "--mppe", "require"}},
	} {
		t.Run(tt.fault, func(t *testing.T) {
			gw := startGateway(t, tt.addr, tt.fault, nil)
			b := realBench()
			b.vars[passwordVariable] = thePassword
			args := append([]string{"check", gw.Addr().String()}, tt.args...)

			code, text, _ := b.run(t, args...)
			assert.Equal(t, 1, code)
			assert.Contains(t, text, "\nFAILED in stage "+tt.stage+"\ncause         "+string(tt.cause)+"\ndetail        ")
			assert.Contains(t, text, "\ndo            ")
			assert.Regexp(t, "\n  "+tt.stage+" +FAILED ", text)

			code, line, _ := b.run(t, append(args, "--nagios")...)
			assert.Equal(t, 2, code)
			assert.Contains(t, line, "PPTP CRITICAL - "+gw.Addr().String()+": "+string(tt.cause)+" in stage "+tt.stage)
		})
	}
}

// TestInterruptEndsTheSessionInOrder sends the signal of Ctrl-C to a process of its own.
func TestInterruptEndsTheSessionInOrder(t *testing.T) {
	up, closed := make(chan struct{}, 1), make(chan gateway.Teardown, 1)
	gw := startGateway(t, "127.0.40.6", "auth.timeout", func(e gateway.Event) {
		switch e.Kind {
		case gateway.EventLCPUp:
			up <- struct{}{}
		case gateway.EventClosed:
			closed <- e.Teardown
		}
	})
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, "check", gw.Addr().String(), "-u", "probe")
	cmd.Env = append(os.Environ(), asCommand+"=1", passwordVariable+"="+thePassword)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-up:
		require.NoError(t, cmd.Process.Signal(unix.SIGINT))
		err = <-ended
	case err = <-ended: // too early
	}
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, out.String())
	assert.Equal(t, 2, exit.ExitCode(), out.String())
	assert.Regexp(t, `\nINTERRUPTED in stage (lcp|auth)\n$`, out.String())
	assert.NotContains(t, out.String(), thePassword)
	td := <-closed
	assert.True(t, td.Clean(), "%+v", td)
}
