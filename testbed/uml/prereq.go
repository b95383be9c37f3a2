//go:build linux

package uml

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Memory that /dev/shm must have free: a gateway and a client of 192 MB each, which only ever use part of it.
const minSharedMemory = 256 << 20

//go:embed guest/init
var guestInit []byte

// DataDir is the folder of the guests' root file system and of the running guests: PPTP_UML_DIR, or
// otelcol-pptp/uml in the user's cache folder.
func DataDir() (string, error) {
	if dir := os.Getenv("PPTP_UML_DIR"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	return filepath.Join(cache, "otelcol-pptp", "uml"), nil
}

// Prerequisites says in one line what this host lacks to run guests; nil: nothing known.
func Prerequisites() error {
	if os.Geteuid() != 0 {
		return errors.New("not root")
	}
	for _, tool := range []string{"linux.uml", "ip", "bash", "setsid"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s is not installed: run testbed/uml/setup.sh", tool)
		}
	}
	tun, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("no tap devices: %w", err)
	}
	_ = tun.Close()
	var shm syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &shm); err != nil {
		return fmt.Errorf("no /dev/shm: %w", err)
	}
	if free := shm.Bavail * uint64(shm.Bsize); free < minSharedMemory && os.Getenv("UML_TMPDIR") == "" {
		return fmt.Errorf("/dev/shm has %d MB free of the %d that guests need", free>>20, minSharedMemory>>20)
	}
	return checkData()
}

// checkData says what is missing of what setup.sh makes.
func checkData() error {
	data, err := DataDir()
	if err != nil {
		return err
	}
	init, err := os.ReadFile(filepath.Join(data, "root", "uml-init"))
	if err != nil {
		return fmt.Errorf("no root file system in %s: run testbed/uml/setup.sh", data)
	}
	if !bytes.Equal(init, guestInit) {
		return fmt.Errorf("the root file system in %s is of another version: run testbed/uml/setup.sh", data)
	}
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return fmt.Errorf("read the CPU's features: %w", err)
	}
	if _, err := os.Stat(filepath.Join(data, "xstate.so")); err != nil && strings.Contains(string(cpu), " amx_tile") {
		return fmt.Errorf("this CPU has AMX, and there is no xstate.so in %s: run testbed/uml/setup.sh", data)
	}
	return nil
}

// Require skips the test, or fails it when CI is true in the environment, unless guests can run. The functions that
// start guests call it.
func Require(t testing.TB) {
	t.Helper()
	switch {
	case os.Getenv(insideVar) != "":
	case missing == nil:
		t.Fatal("call uml.Main from TestMain: guests run in a network namespace of their own")
	case inCI():
		t.Fatalf("real gateways cannot run here: %s", oneLine(missing))
	default:
		t.Skipf("real gateways cannot run here: %s", oneLine(missing))
	}
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

func inCI() bool {
	ci, err := strconv.ParseBool(os.Getenv("CI"))
	return err == nil && ci
}
