package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing to them")

// golden compares text to a file.
func golden(t *testing.T, name, text string) {
	t.Helper()
	// The command for the missing capability names this test binary.
	text = strings.ReplaceAll(text, pptpprobe.PrivilegeHint(), "sudo setcap cap_net_raw+ep /usr/local/bin/pptpprobe")
	name = filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
		return
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(want), text)
}

// TestGolden prints sessions in every form.
func TestGolden(t *testing.T) {
	for _, tt := range []struct {
		name         string
		result       *pptpprobe.Result
		args         string
		code, nagios int
	}{
		{name: "good", result: goodResult(), args: "vpn.example.com -u probe --ping peer --http http://intranet.example.com/health", nagios: 1},
		{name: "gre", result: greResult(), args: "198.51.100.1 -u probe", code: 1, nagios: 2},
		{name: "auth", result: authResult(), args: "vpn.example.com:1724 -u CORP\\probe --depth auth", code: 1, nagios: 2},
		{name: "permission", result: permissionResult(), args: "vpn.example.com", code: 2, nagios: 3},
		{name: "control", result: controlResult(), args: "vpn.example.com --depth control"},
		{name: "invalid", result: invalidResult(), args: "vpn.example.com", code: 2, nagios: 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(tt.result)
			b.vars[passwordVariable] = thePassword
			args := append([]string{"check"}, strings.Fields(tt.args)...)

			code, text, stderr := b.run(t, args...)
			assert.Equal(t, tt.code, code)
			assert.Empty(t, stderr)
			assert.NotContains(t, text, "\x1b")
			assert.True(t, utf8.ValidString(text))
			golden(t, tt.name+".txt", text)

			code, quiet, _ := b.run(t, append(args, "--quiet")...)
			assert.Equal(t, tt.code, code)
			assert.Equal(t, 1, strings.Count(quiet, "\n"))
			golden(t, tt.name+"_quiet.txt", quiet)

			code, out, _ := b.run(t, append(args, "--json")...)
			assert.Equal(t, tt.code, code)
			assert.True(t, json.Valid([]byte(out)))
			golden(t, tt.name+".json", out)

			code, line, _ := b.run(t, append(args, "--nagios")...)
			assert.Equal(t, tt.nagios, code)
			assert.Equal(t, 1, strings.Count(line, "\n"))
			assert.Equal(t, 1, strings.Count(line, "|"), "between text and performance data")
			golden(t, tt.name+"_nagios.txt", line)

			b.isTerminal = func(any) bool { return true }
			_, coloured, progress := b.run(t, args...)
			assert.Contains(t, coloured, "\x1b[")
			assert.Equal(t, text, withoutColours(coloured), "colours change no column")
			assert.Contains(t, progress, "probing ")
			for name, value := range map[string]string{"NO_COLOR": "1", "TERM": "dumb"} {
				b.vars[name] = value
				_, plain, _ := b.run(t, args...)
				assert.Equal(t, text, plain, name)
				delete(b.vars, name)
			}
		})
	}
}

func withoutColours(s string) string {
	for _, code := range []string{"0", "2", "32", "33", "1;31"} {
		s = strings.ReplaceAll(s, "\x1b["+code+"m", "")
	}
	return s
}

func TestThresholdsOfTheSession(t *testing.T) {
	for _, tt := range []struct {
		args string
		code int
		want string
	}{
		{"-w 1 -c 5", 0, "PPTP OK - vpn.example.com reached depth control in 50.0 ms|total=0.050000s;1;5;0 tcp=0.020000s;;;0 control=0.020000s;;;0 teardown=0.010000s;;;0\n"},
		{"-w 0.01 -c 5", 1, "PPTP WARNING - vpn.example.com reached depth control in 50.0 ms; warning: 0.01|total=0.050000s;0.01;5;0 "},
		{"-w 0.01 -c @0:1", 2, "PPTP CRITICAL - vpn.example.com reached depth control in 50.0 ms; critical: @0:1|total=0.050000s;0.01;@0:1;0 "},
		{"--critical 1", 0, "total=0.050000s;;1;0 "},
	} {
		code, line, _ := newBench(controlResult()).run(t, append([]string{"check", "vpn.example.com", "--depth", "control", "--nagios"}, strings.Fields(tt.args)...)...)
		assert.Equal(t, tt.code, code, tt.args)
		assert.Contains(t, line, tt.want)
	}
}

// TestNotesDoNotWarn: every session with poptop has teardown.no_cdn, and is fine.
func TestNotesDoNotWarn(t *testing.T) {
	r := goodResult()
	r.Warnings = r.Warnings[:1]
	b := newBench(r)
	b.vars[passwordVariable] = thePassword
	code, line, _ := b.run(t, "check", "vpn.example.com", "-u", "probe", "--nagios")
	assert.Zero(t, code)
	assert.Contains(t, line, "PPTP OK - vpn.example.com reached depth network in 2.00 s, connected after 400.0 ms, mschap_v2, encryption MPPE 128 bit, stateless")
}

func TestLocalCauses(t *testing.T) {
	for _, c := range pptpprobe.Causes() {
		stage, _, _ := strings.Cut(string(c.Cause), ".")
		want := stage == "local" || c.Cause == pptpprobe.CauseGRESendError || c.Cause == pptpprobe.CauseGRENoReplyLocal
		assert.Equal(t, want, isLocal(c.Cause), c.Cause)
	}
}

// interruptedProbe is interrupted while it runs.
type interruptedProbe struct {
	*bench
	cancel context.CancelFunc
}

func (p *interruptedProbe) Run(ctx context.Context, t pptpprobe.Target) *pptpprobe.Result {
	p.cancel()
	r := p.bench.Run(ctx, t)
	r.Failure.Cause, r.Failure.Detail, r.Failure.Hint = pptpprobe.CauseLocalDeadline, "the session was cancelled in stage gre", "raise timeout"
	return r
}

func TestInterrupted(t *testing.T) {
	for _, tt := range []struct {
		arg, want string
		code      int
	}{
		{"", "INTERRUPTED in stage gre\n", 2},
		{"--quiet", "INTERRUPTED in stage gre: vpn.example.com\n", 2},
		{"--json", `"verdict": "interrupted"`, 2},
		{"--nagios", "PPTP UNKNOWN - vpn.example.com: interrupted in stage gre|total=10.200000s;;;0 ", 3},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		b := newBench(greResult())
		b.isTerminal = func(any) bool { return true }
		b.newProbe = func() prober { return &interruptedProbe{b, cancel} }
		args := append([]string{"check", "vpn.example.com"}, strings.Fields(tt.arg)...)
		assert.Equal(t, tt.code, run(ctx, args, &b.environment))
		assert.Contains(t, withoutColours(b.out.String()), tt.want)
		assert.NotContains(t, b.out.String(), "raise timeout", "nobody should, for that")
	}
}

// brokenPipe is who does not read.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestNobodyReads(t *testing.T) {
	for _, arg := range []string{"--json", "--quiet", "--stateful"} {
		b := newBench(controlResult())
		b.stdout = brokenPipe{}
		code, _, stderr := b.run(t, "check", "vpn.example.com", "-d", "control", arg)
		assert.Equal(t, 2, code)
		assert.Contains(t, stderr, "write the result: broken pipe")
	}
}

func TestBar(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		start, took, total time.Duration
		want               string
	}{
		{0, 100 * ms, 100 * ms, "██████████"},
		{0, 0, 100 * ms, "█"},
		{50 * ms, 10 * ms, 100 * ms, "     █"},
		{55 * ms, 10 * ms, 100 * ms, "     ██"},
		{100 * ms, 0, 100 * ms, "         █"},
		{200 * ms, 100 * ms, 100 * ms, "         █"}, // clocks may differ
		{-5 * ms, 10 * ms, 100 * ms, "█"},
		{0, 0, 0, ""},
	} {
		assert.Equal(t, tt.want, drawBar(tt.start, tt.took, tt.total, 10), "%s %s %s", tt.start, tt.took, tt.total)
	}
}

// TestREADMEIsComplete keeps what is written by hand in step with the code.
func TestREADMEIsComplete(t *testing.T) {
	b, err := os.ReadFile("README.md")
	require.NoError(t, err)
	readme := string(b)
	for _, o := range new(checkOptions).options() {
		assert.Contains(t, readme, "--"+o.long)
	}
	for _, field := range fieldNames(reflect.TypeFor[report]()) {
		assert.Contains(t, readme, "`"+field+"`")
	}
	for _, v := range []verdict{verdictOK, verdictFailed, verdictLocal, verdictInterrupted} {
		assert.Contains(t, readme, "`"+string(v)+"`")
	}
}

// fieldNames are the names of all fields in JSON of t and what is in it.
func fieldNames(t reflect.Type) (list []string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.PkgPath() != reflect.TypeFor[report]().PkgPath() {
		return nil
	}
	for f := range t.Fields() {
		list = append(list, f.Tag.Get("json"))
		list = append(list, fieldNames(f.Type)...)
	}
	return list
}
