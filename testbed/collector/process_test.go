package collector

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProcess(t *testing.T) {
	p, err := Start(Options{Binary: "/bin/sh", Args: []string{"-c", "echo $WORD; trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done"}, Env: []string{"WORD=hello"}})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Contains(p.Log(), "hello") }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, p.Stop(10*time.Second))
	require.NoError(t, p.Stop(10*time.Second))
	assert.Equal(t, "hello\nbye", p.Log())
}

func TestProcessThatFails(t *testing.T) {
	p, err := Start(Options{Binary: "/bin/sh", Args: []string{"-c", "echo broken; exit 3"}})
	require.NoError(t, err)
	<-p.Done()
	require.ErrorContains(t, p.Stop(time.Second), "exit status 3:\nbroken")
}

func TestProcessThatDoesNotEnd(t *testing.T) {
	p, err := Start(Options{Binary: "/bin/sh", Args: []string{"-c", "trap '' TERM; echo up; while :; do sleep 0.05; done"}})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return p.Log() == "up" }, 10*time.Second, 10*time.Millisecond)
	require.ErrorContains(t, p.Stop(100*time.Millisecond), "did not end within 100ms")
}

func TestNoSuchBinary(t *testing.T) {
	_, err := Start(Options{Binary: "/nonexistent/collector"})
	require.ErrorContains(t, err, "make build")
}

func TestTailStartsAtALine(t *testing.T) {
	var l tail
	for range tailLen / 4 {
		_, _ = l.Write([]byte("abcdefg\n"))
	}
	assert.LessOrEqual(t, len(l.String()), tailLen)
	assert.True(t, strings.HasPrefix(l.String(), "abcdefg"))
}
