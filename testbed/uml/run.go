//go:build linux

package uml

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const (
	insideVar = "PPTP_UML_INSIDE" // set in the test process inside the namespace: the folder of the run's scripts
	runVar    = "PPTP_UML_RUN"
	ownerFile = "owner" // locked by the process a run belongs to, for as long as it lives

	stopTimeout = 20 * time.Second

	broadcast    = "10.98.0.255:9" // discard
	wakeInterval = 20 * time.Millisecond
)

// The scripts go with the binary, so that a test binary built elsewhere has those it was built with.
//
//go:embed *.sh guest
var scripts embed.FS

// missing is why the tests do not run inside a namespace.
var missing error

// Main runs the tests of m inside a network namespace of their own, and returns the exit code:
//
//	func TestMain(m *testing.M) { os.Exit(uml.Main(m)) }
//
// The namespace is made here; the tests run in it as a child process, the same binary with the same arguments; at the
// end guests, namespace and folders are removed. What an earlier run left that was killed is removed first. Without
// the prerequisites the tests run here, and [Require] skips or fails them.
func Main(m *testing.M) int {
	if os.Getenv(insideVar) != "" {
		defer wake()()
		return m.Run()
	}
	if missing = Prerequisites(); missing != nil {
		return m.Run()
	}
	r, err := newRun()
	if err != nil {
		missing = err
		return m.Run()
	}
	code, err := r.child()
	if err = errors.Join(err, r.end()); err != nil {
		fmt.Fprintln(os.Stderr, "uml:", err)
		code = max(code, 1)
	}
	return code
}

// wake sends the guests a broadcast that nobody listens to, many times a second, until it is told to stop. User-Mode
// Linux misses a packet's interrupt now and then; the packet then waits for the next one. Were that the repetition of a
// request, pppd would get both, and end encryption.
func wake() (stop func()) {
	conn, err := net.Dial("udp4", broadcast)
	if err != nil {
		return func() {} // guests work without, if less well
	}
	tick := time.NewTicker(wakeInterval)
	done := make(chan struct{})
	go func() {
		defer func() { _ = conn.Close() }()
		for {
			select {
			case <-tick.C:
				_, _ = conn.Write(nil)
			case <-done:
				return
			}
		}
	}()
	return func() { tick.Stop(); close(done) }
}

// run is a set of guests and their network namespace.
type run struct {
	id, dir, scripts string
	owner            *os.File
}

func newRun() (_ *run, err error) {
	data, err := DataDir()
	if err != nil {
		return nil, err
	}
	runs := filepath.Join(data, "run")
	if err := os.MkdirAll(runs, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of runs: %w", err)
	}
	// Nobody may take a run that is being made for one that was left.
	all, err := lock(filepath.Join(runs, ".lock"), syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer func() { _ = all.Close() }()

	dir, err := os.MkdirTemp(runs, strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return nil, fmt.Errorf("make the run's folder: %w", err)
	}
	r := &run{id: filepath.Base(dir), dir: dir, scripts: filepath.Join(dir, "scripts")}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if r.owner, err = lock(filepath.Join(dir, ownerFile), syscall.LOCK_EX); err != nil {
		return nil, err
	}
	if err := writeScripts(r.scripts); err != nil {
		return nil, fmt.Errorf("write the run's scripts: %w", err)
	}
	if err := r.removeStale(runs); err != nil {
		return nil, fmt.Errorf("remove what an earlier run left: %w", err)
	}
	// What the host does not allow (no CAP_NET_ADMIN, say) shows here.
	if err := r.script(r.id, "in.sh", "true"); err != nil {
		return nil, errors.Join(err, r.end())
	}
	return r, nil
}

// lock opens and locks a file. The lock ends with the process, or with Close.
func lock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open a lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// removeStale removes runs whose owner is gone. A run without an owner file was started by hand, and is left alone.
func (r *run) removeStale(runs string) error {
	owners, err := filepath.Glob(filepath.Join(runs, "*", ownerFile))
	if err != nil {
		return fmt.Errorf("list the runs: %w", err)
	}
	for _, path := range owners {
		owner, err := lock(path, syscall.LOCK_EX|syscall.LOCK_NB)
		if err != nil {
			continue // it lives, or was removed just now
		}
		err = r.script(filepath.Base(filepath.Dir(path)), "stop.sh")
		_ = owner.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func writeScripts(dir string) error {
	return fs.WalkDir(scripts, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, path)
		if entry.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		content, err := scripts.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, content, 0o755)
	})
}

// script runs one of the run's scripts on a run.
func (r *run) script(id, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return runScript(ctx, filepath.Join(r.scripts, name), []string{runVar + "=" + id}, args...)
}

// child runs the test binary again, inside the namespace. No signal ends this process before it has cleaned up.
func (r *run) child() (code int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 1, fmt.Errorf("find the test binary: %w", err)
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)

	cmd := exec.Command(filepath.Join(r.scripts, "in.sh"), append([]string{self}, os.Args[1:]...)...)
	cmd.Env = append(os.Environ(), runVar+"="+r.id, insideVar+"="+r.scripts)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // TestMain's thread is the main one, and stays
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("run the tests in the namespace: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	var kill <-chan time.Time
	for {
		select {
		case s := <-signals:
			_ = cmd.Process.Signal(s)
			if kill == nil {
				kill = time.After(2 * time.Second)
			}
		case <-kill:
			_ = cmd.Process.Kill()
		case err := <-done:
			var exit *exec.ExitError
			switch {
			case err == nil:
				return 0, nil
			case errors.As(err, &exit) && exit.Exited():
				return exit.ExitCode(), nil
			default:
				return 1, fmt.Errorf("the tests in the namespace: %w", err)
			}
		}
	}
}

// end stops every guest of the run and removes its namespace and folder.
func (r *run) end() error {
	defer func() { _ = r.owner.Close() }()
	if err := r.script(r.id, "stop.sh"); err != nil {
		return fmt.Errorf("end the run: %w", err)
	}
	return nil
}
