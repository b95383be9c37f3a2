// Package privilege is for tests that need what not every machine grants.
package privilege

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// RawGRE skips a test where this process may not open the raw GRE socket, but
// never in CI, where it must.
func RawGRE(t testing.TB) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_GRE)
	switch {
	case err == nil:
		_ = unix.Close(fd)
	case os.Getenv("CI") != "":
		t.Fatalf("CI must have CAP_NET_RAW for the raw GRE socket: %v", err)
	default:
		t.Skipf("needs CAP_NET_RAW for the raw GRE socket: %v", err)
	}
}
