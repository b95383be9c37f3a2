//go:build linux

package uml

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSplitCode(t *testing.T) {
	for name, tt := range map[string]struct {
		answer, out string
		code        int
		bad         bool
	}{
		"success":              {answer: "hello\n\nrc=0\n", out: "hello\n"},
		"failure":              {answer: "\nrc=19\n", code: 19},
		"no line end":          {answer: "hello\nrc=1\n", out: "hello", code: 1},
		"output looks like it": {answer: "a\nrc=7\n\nrc=0\n", out: "a\nrc=7\n"},
		"cut short":            {answer: "hello", bad: true},
		"no number":            {answer: "\nrc=\n", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			out, code, err := splitCode(tt.answer)
			if tt.bad {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.out, out)
			assert.Equal(t, tt.code, code)
		})
	}
}

func TestQuoteSurvivesAShell(t *testing.T) {
	for _, s := range []string{"", "plain", "two words", `a'b"c$HOME\`, "line\nbreak"} {
		out, err := exec.Command("sh", "-c", "printf %s "+quote(s)).Output()
		require.NoError(t, err)
		assert.Equal(t, s, string(out))
	}
}

func TestReadLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "syslog")
	lines, err := readLines(path, 0)
	require.NoError(t, err)
	assert.Empty(t, lines, "not there yet")

	require.NoError(t, os.WriteFile(path, []byte("one\ntwo\nhal"), 0o600))
	for name, tt := range map[string]struct {
		from Mark
		want Lines
	}{
		"all":            {0, Lines{"one", "two"}},
		"from the mark":  {4, Lines{"two"}},
		"half a line":    {8, nil},
		"beyond the end": {99, nil},
	} {
		t.Run(name, func(t *testing.T) {
			lines, err := readLines(path, tt.from)
			require.NoError(t, err)
			assert.Equal(t, tt.want, lines)
		})
	}
}

func TestCleanEnd(t *testing.T) {
	clean := Lines{
		"pptpd[7]: CTRL: Client 10.98.0.9 control connection started",
		"pppd[8]: pppd 2.4.9 started by root, uid 0",
		"pppd[8]: Connection terminated.",
		"pppd[8]: Exit.",
		"pptpd[7]: CTRL: Client 10.98.0.9 control connection finished",
	}
	require.NoError(t, clean.CleanEnd(1))
	require.NoError(t, Lines(nil).CleanEnd(0))
	require.Error(t, clean.CleanEnd(2), "one session too few")
	require.Error(t, clean[:4].CleanEnd(1), "control connection not finished")
	bad := append(clean[:5:5], "pptpd[7]: GRE: xmit failed from decaps_hdlc: Operation not permitted")
	require.ErrorContains(t, bad.CleanEnd(1), "xmit failed")
	require.NoError(t, bad.CleanEnd(1, "xmit failed"))
}

func TestFaultsAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Faults() {
		assert.NotEmpty(t, f.Name)
		assert.False(t, seen[f.Name], f.Name)
		seen[f.Name] = true
		assert.NotEmpty(t, f.Apply, f.Name)
		assert.True(t, f.InSession || f.Undo != "", f.Name)
		for _, script := range []string{f.Apply, f.Undo} {
			out, err := exec.Command("bash", "-n", "-c", script).CombinedOutput()
			assert.NoError(t, err, "%s: %s", f.Name, out)
		}
	}
}

func TestScriptsGoWithTheBinary(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, writeScripts(dir))
	for _, name := range []string{"start.sh", "stop.sh", "in.sh", "guest/init", "guest/control", "guest/radiusd.conf"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		own, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, string(own), string(content), name)
	}
}

// The reason must fit the one line that a skipped test prints.
func TestReasonIsOneLine(t *testing.T) {
	t.Setenv("PPTP_UML_DIR", t.TempDir())
	require.Error(t, checkData())
	assert.NotContains(t, oneLine(errors.Join(checkData(), checkData())), "\n")
}

func TestInCI(t *testing.T) {
	for value, want := range map[string]bool{"true": true, "1": true, "false": false, "": false, "yes": false} {
		t.Setenv("CI", value)
		assert.Equal(t, want, inCI(), value)
	}
}
