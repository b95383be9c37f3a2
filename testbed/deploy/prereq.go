package deploy

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// dataDir is where setup.sh puts the programs: PPTP_DEPLOY_DIR, or otelcol-pptp/deploy in the user's cache folder.
func dataDir() (string, error) {
	if dir := os.Getenv("PPTP_DEPLOY_DIR"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	return filepath.Join(cache, "otelcol-pptp", "deploy"), nil
}

// Program returns the path of a program that setup.sh fetches. Without it the test is skipped, or fails when CI is true
// in the environment.
func Program(t testing.TB, name string) string {
	t.Helper()
	dir, err := dataDir()
	path := filepath.Join(dir, "bin", name)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err == nil {
		return path
	}
	if ci, _ := strconv.ParseBool(os.Getenv("CI")); ci {
		t.Fatalf("run testbed/deploy/setup.sh: %v", err)
	}
	t.Skipf("run testbed/deploy/setup.sh: %v", err)
	return ""
}
