// Package collector runs the built collector as a child process, for the demo
// and for tests over the whole distribution.
package collector

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process is a running collector. Its methods are safe for concurrent use.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of the process, when done is closed
	log  tail
}

// Options say what to run.
type Options struct {
	Binary string
	Args   []string
	// Env is added to this process's environment.
	Env []string
	// Credential runs it as another user; nil: as this one.
	Credential *syscall.Credential
}

// Start starts a collector. It has a process group of its own, so that an
// interrupt from the terminal does not reach it: the caller stops it, in order.
func Start(o Options) (*Process, error) {
	p := &Process{cmd: exec.Command(o.Binary, o.Args...), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), o.Env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: o.Credential}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w (build it with: make build)", o.Binary, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Stop asks the collector to shut down, waits for it, and kills it after
// patience. It returns an error unless the collector ended well; more calls
// return the same.
func (p *Process) Stop(patience time.Duration) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the collector: %w", err)
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("the collector did not end within %s:\n%s", patience, p.Log())
	}
	if p.err != nil {
		return fmt.Errorf("the collector ended with %w:\n%s", p.err, p.Log())
	}
	return nil
}

// Kill ends the collector at once, as a power failure would, and waits for that.
func (p *Process) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill the collector: %w", err)
	}
	<-p.done
	return nil
}

// Log is the end of what the collector has printed.
func (p *Process) Log() string { return p.log.String() }

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
	cut bool
}

const tailLen = 64 << 10

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if over := len(t.buf) - tailLen; over > 0 {
		t.buf, t.cut = append(t.buf[:0], t.buf[over:]...), true
	}
	return len(b), nil
}

// String returns what is kept, from the first whole line.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.buf
	if _, after, found := bytes.Cut(b, []byte("\n")); t.cut && found {
		b = after
	}
	return strings.TrimSpace(string(b))
}
