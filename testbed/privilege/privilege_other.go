//go:build !linux

package privilege

import "testing"

// RawGRE skips the test: the raw GRE socket is there on Linux only.
func RawGRE(t testing.TB) {
	t.Helper()
	t.Skip("the raw GRE socket is implemented for Linux only")
}
