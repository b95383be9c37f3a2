//go:build linux

package flow

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// dataDir is where setup.sh puts the exporters: PPTP_FLOW_DIR, or otelcol-pptp/flow in the user's cache folder.
func dataDir() (string, error) {
	if dir := os.Getenv("PPTP_FLOW_DIR"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	return filepath.Join(cache, "otelcol-pptp", "flow"), nil
}

// Prerequisites says in one line what this host lacks to run exporters and the programs they are compared with; nil:
// nothing known.
func Prerequisites() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("not root")
	}
	data, err := dataDir()
	if err != nil {
		return err
	}
	for _, name := range []string{"softflowd", "pmacctd", "nfpcapd", "nfreplay", "nfdump", "ovs-vswitchd"} {
		if _, err := os.Stat(filepath.Join(data, "usr", "bin", name)); err != nil {
			return fmt.Errorf("no %s in %s: run testbed/flow/setup.sh", name, data)
		}
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		return fmt.Errorf("tshark is not installed: run testbed/flow/setup.sh")
	}
	return nil
}

// Require skips the test, or fails it when CI is true in the environment, unless exporters can run.
func Require(t testing.TB) {
	t.Helper()
	err := Prerequisites()
	if err == nil {
		return
	}
	if ci, _ := strconv.ParseBool(os.Getenv("CI")); ci {
		t.Fatalf("real exporters cannot run here: %v", err)
	}
	t.Skipf("real exporters cannot run here: %v", err)
}
