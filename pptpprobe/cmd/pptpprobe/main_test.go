package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// asCommand in the environment makes the test binary the command itself.
const asCommand = "PPTPPROBE_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// thePassword is in no output, ever.
const thePassword = "hunter2-thePassword"

// bench runs the command with everything around it replaced.
type bench struct {
	environment
	out, err bytes.Buffer
	vars     map[string]string
	result   *pptpprobe.Result // of the next run; nil: that of a real session
	target   pptpprobe.Target  // of the last run
	runs     int
}

func newBench(r *pptpprobe.Result) *bench {
	b := &bench{vars: make(map[string]string), result: r}
	b.environment = environment{
		stdin: os.Stdin, stdout: &b.out, stderr: &b.err,
		lookupEnv:  func(name string) (string, bool) { v, ok := b.vars[name]; return v, ok },
		isTerminal: func(any) bool { return false },
		openTTY:    func() (*os.File, error) { return nil, errors.New("no terminal") },
		canOpenGRE: func() bool { return true },
		newProbe:   func() prober { return b },
	}
	return b
}

func (b *bench) Run(_ context.Context, t pptpprobe.Target) *pptpprobe.Result {
	b.runs++
	b.target = t
	return b.result
}

func (b *bench) Close() error { return nil }

// run returns the exit code and both outputs, which must not have the password in them.
func (b *bench) run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	b.out.Reset()
	b.err.Reset()
	code = run(t.Context(), args, &b.environment)
	stdout, stderr = b.out.String(), b.err.String()
	assert.NotContains(t, stdout+stderr, thePassword)
	return code, stdout, stderr
}

func TestCommands(t *testing.T) {
	for _, tt := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"nothing", nil, 2, "", "usage: pptpprobe COMMAND"},
		{"help", []string{"help"}, 0, "usage: pptpprobe COMMAND", ""},
		{"help option", []string{"--help"}, 0, "usage: pptpprobe COMMAND", ""},
		{"help help", []string{"help", "help"}, 0, "usage: pptpprobe COMMAND", ""},
		{"help check", []string{"help", "check"}, 0, "--mppe-strength BITS", ""},
		{"help of check", []string{"check", "-h"}, 0, "--mppe-strength BITS", ""},
		{"help causes", []string{"help", "causes"}, 0, "usage: pptpprobe causes", ""},
		{"help of causes", []string{"causes", "--help"}, 0, "usage: pptpprobe causes", ""},
		{"help for something else", []string{"help", "chek"}, 2, "", `did you mean "check"?`},
		{"version", []string{"--version"}, 0, "pptpprobe ", ""},
		{"version of check", []string{"check", "-version"}, 0, "pptpprobe ", ""},
		{"misspelt command", []string{"chekc"}, 2, "", `did you mean "check"?`},
		{"host without command", []string{"vpn.example.com", "-u", "probe"}, 2, "", "to probe a gateway: pptpprobe check vpn.example.com"},
		{"option without command", []string{"-p" + thePassword}, 2, "", "the command comes first"},
		{"nagios without command", []string{"vpn.example.com", "--nagios"}, 3, `PPTP UNKNOWN - unknown command "vpn.example.com"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := newBench(nil).run(t, tt.args...)
			assert.Equal(t, tt.code, code)
			assertHas(t, stdout, tt.stdout)
			assertHas(t, stderr, tt.stderr)
		})
	}
}

// assertHas checks that text has part in it, or is empty if part is.
func assertHas(t *testing.T, text, part string) {
	t.Helper()
	if part == "" {
		assert.Empty(t, text)
		return
	}
	assert.Contains(t, text, part)
}

func TestCauses(t *testing.T) {
	b := newBench(nil)
	code, all, _ := b.run(t, "causes")
	require.Zero(t, code)
	lines := strings.Split(strings.TrimSuffix(all, "\n"), "\n")
	assert.Len(t, lines, len(pptpprobe.Causes()))
	for i, c := range pptpprobe.Causes() {
		assert.True(t, strings.HasPrefix(lines[i], string(c.Cause)+" "), lines[i])
	}

	code, one, _ := b.run(t, "causes", "gre.no_reply")
	require.Zero(t, code)
	golden(t, "causes_one.txt", one)

	code, stage, _ := b.run(t, "causes", "ccp", "TEARDOWN.no_cdn")
	require.Zero(t, code)
	golden(t, "causes_stage.txt", stage)

	// "local" is a stage too, and "hold" has no cause of that name alone.
	code, local, _ := b.run(t, "causes", "local")
	require.Zero(t, code)
	assert.Equal(t, 3, strings.Count(local, "\n"))

	for _, tt := range []struct{ arg, want string }{
		{"gre.noreply", "did you mean gre.no_reply?"},
		{"zzzzzzzzzzzzzzzzzzzzzzzz", "pptpprobe causes lists all"},
		{"--all", "unknown option"},
	} {
		code, stdout, stderr := b.run(t, "causes", tt.arg)
		assert.Equal(t, 2, code)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, tt.want)
	}
}
