package main

import (
	"context"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

func TestOptionsToTarget(t *testing.T) {
	c, err := parseCheck(strings.Fields("vpn.example.com:1724 -u CORP\\probe --auth mschap_v2,mschap_v1 -auth=pap --mppe=require " +
		"--mppe-strength 128,40 --stateful -mru 1450 --local 192.0.2.9 --timeout 90 --ping peer --http http://www.example.com/?q=1 " +
		"--ping 10.0.0.7 --no-link-info --json"))
	require.NoError(t, err)
	assert.Equal(t, pptpprobe.Target{
		Host: "vpn.example.com", Port: 1724, LocalAddr: netip.MustParseAddr("192.0.2.9"),
		Depth: pptpprobe.DepthApplication, Username: `CORP\probe`,
		Auth: []chap.Method{chap.MethodMSCHAPv2, chap.MethodMSCHAPv1, chap.MethodPAP},
		MPPE: pptpprobe.MPPE{Mode: ppp.MPPERequire, Strengths: []mppe.Strength{mppe.Bits128, mppe.Bits40}, Stateful: true},
		MRU:  1450, NoLinkInfo: true, Timeout: 90 * time.Second, Budgets: usualBudgets(t),
		Thresholds: pptpprobe.Thresholds{TCPConnect: time.Second, Auth: 5 * time.Second, GRELoss: 0.1},
		Checks: []pptpprobe.Check{
			{Kind: pptpprobe.CheckICMP, Name: "ping peer"},
			{Kind: pptpprobe.CheckHTTP, Name: "http://www.example.com/?q=1", URL: "http://www.example.com/?q=1"},
			{Kind: pptpprobe.CheckICMP, Name: "ping 10.0.0.7", Address: netip.MustParseAddr("10.0.0.7")},
		},
	}, c.target)
	assert.True(t, c.json)
}

// usualBudgets are the probe's own, but for teardown, which no time-out shortens.
func usualBudgets(t *testing.T) pptpprobe.Budgets {
	t.Helper()
	p := pptpprobe.New(pptpprobe.Options{})
	b := p.Run(t.Context(), pptpprobe.Target{}).Target.Budgets // an invalid target is completed, and goes no further
	require.NoError(t, p.Close())
	b.Teardown = 0
	return b
}

func TestDefaultDepth(t *testing.T) {
	for args, want := range map[string]pptpprobe.Depth{
		"vpn.example.com":                              pptpprobe.DepthGRE,
		"vpn.example.com -u probe":                     pptpprobe.DepthNetwork,
		"-u probe --ping peer vpn.example.com":         pptpprobe.DepthApplication,
		"vpn.example.com -u probe --depth gre":         pptpprobe.DepthGRE,
		"-d control -- vpn.example.com":                pptpprobe.DepthControl,
		"vpn.example.com --user=probe -depth=auth":     pptpprobe.DepthAuth,
		"vpn.example.com -u=probe --http http://a.b/c": pptpprobe.DepthApplication,
	} {
		c, err := parseCheck(strings.Fields(args))
		require.NoError(t, err, args)
		assert.Equal(t, want, c.target.Depth, args)
		assert.Equal(t, uint16(1723), c.target.Port)
		assert.Equal(t, ppp.MPPEPrefer, c.target.MPPE.Mode)
	}
}

// TestShortTimeoutLeavesTimeForAVerdict: a stage is over before the session is.
func TestShortTimeoutLeavesTimeForAVerdict(t *testing.T) {
	usual := usualBudgets(t)
	assert.Equal(t, usual, budgetsWithin(30*time.Second))
	assert.Zero(t, budgetsWithin(0), "the probe's own")
	b := budgetsWithin(10 * time.Second)
	assert.Equal(t, 8*time.Second, b.GRE)
	assert.Equal(t, 8*time.Second, b.LCP)
	assert.Equal(t, 5*time.Second, b.TCP)
}

func TestUsageErrors(t *testing.T) {
	const host = "vpn.example.com"
	for _, tt := range []struct {
		name, want string
		args       []string
	}{
		{"no host", "whom to probe?", nil},
		{"two hosts", "2 arguments besides the options", []string{host, thePassword}},
		{"URL", "is a URL", []string{"pptp://" + host}},
		{"IPv6", "IPv4 only", []string{"[2001:db8::1]:1723"}},
		{"IPv6 without brackets", "IPv4 only", []string{"2001:db8::1"}},
		{"user and password in the host", "give the user as -u USER", []string{"probe:" + thePassword + "@" + host}},
		{"port", "use 1 to 65535", []string{host + ":65536"}},
		{"port zero", "use 1 to 65535", []string{host + ":0"}},
		{"empty host", "has no valid host", []string{":1723"}},
		{"unknown option", "did you mean --stateful?", []string{host, "--statefull"}},
		{"unknown option like none", "pptpprobe help check lists all", []string{host, "--zzzzzzzzzzzzzzzzz"}},
		{"value missing", "--user: the value is missing", []string{host, "-u"}},
		{"option instead of a value", "--user: the value is missing", []string{host, "-u", "--json"}},
		{"value too many", "--json: takes no value", []string{host, "--json=yes"}},
		{"depth", `"aut" is unknown; use one of control, gre, auth, network, application (did you mean "auth"?)`, []string{host, "--depth", "aut"}},
		{"auth", `did you mean "mschap_v2"?`, []string{host, "--auth", "mschapv2"}},
		{"eap", `"eap" is not supported`, []string{host, "--auth", "eap"}},
		{"mppe", "use one of require, prefer, refuse", []string{host, "--mppe", "on"}},
		{"mppe without keys", "give no encryption keys", []string{host, "--mppe", "require", "--auth", "pap"}},
		{"strength", "use one of 128, 56, 40", []string{host, "--mppe-strength", "64"}},
		{"mru", "use 576 to 1500", []string{host, "--mru", "1501"}},
		{"mru zero", "use 576 to 1500", []string{host, "--mru", "0"}},
		{"local", "not an IPv4 address", []string{host, "--local", "::1"}},
		{"timeout", "use 100ms to 1h0m0s", []string{host, "--timeout", "soon"}},
		{"timeout too short", "use 100ms to 1h0m0s", []string{host, "--timeout", "0"}},
		{"timeout too long", "use 100ms to 1h0m0s", []string{host, "--timeout", "1e300"}},
		{"timeout not a number", "use 100ms to 1h0m0s", []string{host, "--timeout", "NaN"}},
		{"ping a name", "or peer for the gateway's end", []string{host, "-u", "probe", "--ping", "www"}},
		{"URL without scheme", "not an absolute URL", []string{host, "-u", "probe", "--http", "www"}},
		{"URL with a password", "leave it out", []string{host, "-u", "probe", "--http", "http://a:" + thePassword + "@www/"}},
		{"checks without user", "--user: is missing", []string{host, "--ping", "peer"}},
		{"depth without user", "--user: is missing; depth network", []string{host, "--depth", "network"}},
		{"depth without checks", "say which: --ping, --http, --tcp", []string{host, "-u", "probe", "--depth", "application"}},
		{"checks with another depth", "ends before any traffic", []string{host, "-u", "probe", "--depth", "auth", "--ping", "peer"}},
		{"password for nothing", "does not log in", []string{host, "--password-file", "/dev/null"}},
		{"thresholds without nagios", "are for --nagios", []string{host, "-w", "5"}},
		{"two outputs", "give one of them", []string{host, "--json", "--quiet"}},
		{"password", "use --password-file FILE", []string{host, "--password", thePassword}},
		{"password with =", "ps", []string{host, "--password=" + thePassword}},
		{"short password", "shell's history", []string{host, "-p", thePassword}},
		{"attached password", "cannot be given as an argument", []string{host, "-p" + thePassword}},
		{"other names of it", "cannot be given as an argument", []string{host, "--passwd=" + thePassword}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(goodResult())
			b.vars[passwordVariable] = thePassword
			code, stdout, stderr := b.run(t, append([]string{"check"}, tt.args...)...)
			assert.Equal(t, 2, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, tt.want)
			assert.Regexp(t, "^pptpprobe: ", stderr)

			code, stdout, stderr = b.run(t, append([]string{"check", "--nagios"}, tt.args...)...)
			if tt.name == "thresholds without nagios" {
				assert.Equal(t, 1, code, "no mistake then, and there are warnings")
				return
			}
			assert.Equal(t, 3, code)
			assert.Empty(t, stderr)
			assert.Equal(t, 1, strings.Count(stdout, "\n"), "one line")
			assert.Regexp(t, "^PPTP UNKNOWN - .*"+regexp.QuoteMeta(tt.want), stdout)
			assert.Zero(t, b.runs)
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, _, stderr := newBench(nil).run(t, "check", "vpn.example.com", "--ping", "peer", "-c", "5", "--json", "--quiet")
	assert.Equal(t, 3, strings.Count(stderr, "pptpprobe: "), stderr)
}

func TestThreshold(t *testing.T) {
	for _, tt := range []struct {
		text   string
		alerts map[float64]bool
	}{
		{"10", map[float64]bool{0: false, 10: false, 10.5: true}},
		{"10:", map[float64]bool{9.9: true, 10: false, 1000: false}},
		{":10", map[float64]bool{0: false, 11: true}},
		{"~:10", map[float64]bool{0: false, 10: false, 11: true}},
		{"1.5:10", map[float64]bool{1: true, 1.5: false, 10: false, 11: true}},
		{"@1:10", map[float64]bool{0.5: false, 1: true, 10: true, 11: false}},
	} {
		th, err := parseThreshold(tt.text)
		require.NoError(t, err, tt.text)
		assert.Equal(t, tt.text, th.String())
		for v, want := range tt.alerts {
			assert.Equal(t, want, th.alerts(time.Duration(v*float64(time.Second))), "%s: %g", tt.text, v)
		}
	}
	for _, bad := range []string{"", ":", "@", "5s", "1:x", "x:1", "10:5", "NaN", "~:"} {
		_, err := parseThreshold(bad)
		if bad == "~:" { // never alerts, and is one
			require.NoError(t, err)
			continue
		}
		assert.ErrorContains(t, err, "is not a range of seconds", bad)
	}
	var none *threshold
	assert.False(t, none.alerts(math.MaxInt64))
	assert.Empty(t, none.String())
}

func TestPasswordSources(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		name = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
		return name
	}
	for _, tt := range []struct {
		name, args, stdin, env string
		unset                  bool
		want                   pptpprobe.Secret
		err                    string
	}{
		{name: "environment", env: thePassword, want: thePassword},
		{name: "file", args: "--password-file " + file("unix", thePassword+"\nmore\n"), unset: true, want: thePassword},
		{name: "file from Windows", args: "--password-file " + file("dos", thePassword+"\r\n"), unset: true, want: thePassword},
		{name: "file without a line end", args: "--password-file " + file("bare", " "+thePassword+" "), unset: true, want: " " + thePassword + " "},
		{name: "file before environment", args: "--password-file " + file("first", thePassword), env: "other", want: thePassword},
		{name: "stdin before environment", args: "--password-file -", stdin: thePassword + "\n", env: "other", want: thePassword},
		{name: "no file", args: "--password-file " + filepath.Join(dir, "none"), err: "no such file"},
		{name: "a folder", args: "--password-file " + dir, err: "is a directory"},
		{name: "empty file", args: "--password-file " + file("empty", "\nsecond"), err: "has no password in its first line"},
		{name: "empty stdin", args: "--password-file -", err: "stdin: has no password"},
		{name: "empty variable", err: "PPTP_PASSWORD: is empty"},
		{name: "none, and nobody to ask", unset: true, err: "set PPTP_PASSWORD, or give --password-file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(goodResult())
			if !tt.unset {
				b.vars[passwordVariable] = tt.env
			}
			var err error
			b.stdin, err = os.Open(file("stdin", tt.stdin))
			require.NoError(t, err)
			defer func() { _ = b.stdin.Close() }()
			code, _, stderr := b.run(t, append([]string{"check", "vpn.example.com", "-u", "probe"}, strings.Fields(tt.args)...)...)
			if tt.err != "" {
				assert.Equal(t, 2, code)
				assert.Contains(t, stderr, tt.err)
				assert.Zero(t, b.runs)
				return
			}
			assert.Zero(t, code)
			assert.Equal(t, string(tt.want), string(b.target.Password))
		})
	}
}

// TestNoPasswordWithoutLogin: what does not log in need not ask.
func TestNoPasswordWithoutLogin(t *testing.T) {
	b := newBench(goodResult())
	code, _, _ := b.run(t, "check", "vpn.example.com", "-u", "probe", "--depth", "gre")
	assert.Zero(t, code)
	assert.Empty(t, string(b.target.Password))
}

func TestHostEnvironment(t *testing.T) {
	env := hostEnvironment()
	assert.False(t, env.isTerminal(&strings.Builder{}))
	p := env.newProbe()
	assert.Equal(t, pptpprobe.Cause(""), p.Run(context.Background(), pptpprobe.Target{}).Failure.Cause)
	assert.NoError(t, p.Close())
}
