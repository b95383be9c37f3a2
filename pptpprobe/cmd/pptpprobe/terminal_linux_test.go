package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// openPTY returns both ends of a terminal: that of the person, and that of the command.
func openPTY(t *testing.T) (person, tty *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("needs a pseudo-terminal: %v", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = person.Close() })
	var number int
	require.NoError(t, control(person, func(fd int) (e error) {
		if e = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); e == nil {
			number, e = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		}
		return e
	}))
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = tty.Close() })
	return person, tty
}

// readUntil reads what the terminal shows until it ends with text.
func readUntil(t *testing.T, person *os.File, text string) string {
	t.Helper()
	var shown bytes.Buffer
	b := make([]byte, 1)
	for !strings.HasSuffix(shown.String(), text) {
		_, err := person.Read(b)
		require.NoError(t, err, shown.String())
		shown.Write(b)
	}
	return shown.String()
}

func echoes(t *testing.T, tty *os.File) bool {
	t.Helper()
	s, err := getTermios(tty)
	require.NoError(t, err)
	return s.Lflag&unix.ECHO != 0
}

func TestPrompt(t *testing.T) {
	const question = "Password of probe: "
	for _, tt := range []struct {
		name, typed string
		code        int
		want        string
	}{
		{"a password", thePassword + "\n", 0, thePassword},
		{"a password, corrected", thePassword + "x\x7f\n", 0, thePassword},
		{"nothing", "\n", 2, ""},
		{"end of file", "\x04", 2, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			person, tty := openPTY(t)
			b := newBench(goodResult())
			b.openTTY = func() (*os.File, error) { return os.OpenFile(tty.Name(), os.O_RDWR|unix.O_NOCTTY, 0) }
			require.True(t, echoes(t, tty))
			code := make(chan int)
			go func() {
				code <- run(context.Background(), []string{"check", "vpn.example.com", "-u", "probe", "--depth", "auth"}, &b.environment)
			}()
			shown := readUntil(t, person, question)
			assert.False(t, echoes(t, tty), "while it is typed")
			_, err := person.WriteString(tt.typed)
			require.NoError(t, err)
			assert.Equal(t, tt.code, <-code)
			shown += readUntil(t, person, "\n")
			assert.Equal(t, question+"\r\n", shown, "no character of the password")
			assert.True(t, echoes(t, tty), "afterwards")
			assert.Equal(t, tt.want, string(b.target.Password))
			if tt.code != 0 {
				assert.Contains(t, b.err.String(), "no password given")
			}
		})
	}
}

func TestPromptInterrupted(t *testing.T) {
	person, tty := openPTY(t)
	b := newBench(goodResult())
	b.openTTY = func() (*os.File, error) { return os.OpenFile(tty.Name(), os.O_RDWR|unix.O_NOCTTY, 0) }
	ctx, cancel := context.WithCancel(context.Background())
	code := make(chan int)
	go func() { code <- run(ctx, []string{"check", "vpn.example.com", "-u", "probe"}, &b.environment) }()
	readUntil(t, person, ": ")
	_, err := person.WriteString("half a pass")
	require.NoError(t, err)
	cancel()
	assert.Equal(t, 2, <-code)
	assert.Equal(t, "pptpprobe: interrupted\n", b.err.String())
	assert.True(t, echoes(t, tty))
	assert.Zero(t, b.runs)
}

// TestPasswordFileIsTheTerminal: "-" at a terminal is a prompt, or the password would be shown.
func TestPasswordFileIsTheTerminal(t *testing.T) {
	person, tty := openPTY(t)
	b := newBench(goodResult())
	b.stdin, b.isTerminal = tty, isTerminal
	b.openTTY = func() (*os.File, error) { return os.OpenFile(tty.Name(), os.O_RDWR|unix.O_NOCTTY, 0) }
	code := make(chan int)
	go func() {
		code <- run(context.Background(), []string{"check", "vpn.example.com", "-u", "probe", "--password-file", "-"}, &b.environment)
	}()
	readUntil(t, person, ": ")
	assert.False(t, echoes(t, tty))
	_, err := person.WriteString(thePassword + "\n")
	require.NoError(t, err)
	assert.Zero(t, <-code)
	assert.Equal(t, thePassword, string(b.target.Password))
}

// TestPromptNeedsCapability: nobody should type a password in vain.
func TestPromptNeedsCapability(t *testing.T) {
	_, tty := openPTY(t)
	b := newBench(goodResult())
	b.openTTY = func() (*os.File, error) { return os.OpenFile(tty.Name(), os.O_RDWR|unix.O_NOCTTY, 0) }
	b.canOpenGRE = func() bool { return false }
	code, _, stderr := b.run(t, "check", "vpn.example.com", "-u", "probe")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "run once: sudo setcap cap_net_raw+ep ")
}

func TestPromptWithoutTerminal(t *testing.T) {
	b := newBench(goodResult())
	b.openTTY = func() (*os.File, error) { return os.OpenFile(os.DevNull, os.O_RDWR, 0) }
	code, _, stderr := b.run(t, "check", "vpn.example.com", "-u", "probe")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "ask for the password: ")
}

func TestIsTerminal(t *testing.T) {
	_, tty := openPTY(t)
	assert.True(t, isTerminal(tty))
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	assert.False(t, isTerminal(null))
	require.NoError(t, null.Close())
	assert.False(t, isTerminal(null), "closed")
	assert.False(t, isTerminal(&bytes.Buffer{}))
}
