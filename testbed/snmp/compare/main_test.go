//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain lets the test run itself as a worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-worker" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestCompare(t *testing.T) {
	args := []string{"-sessions", "30", "-polls", "2"}
	want := []string{"snmpppp", "gosnmp BulkWalk"}
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	exporter := filepath.Join(cache, "otelcol-pptp", "snmp", "usr", "bin", "prometheus-snmp-exporter")
	if _, err := os.Stat(exporter); err == nil { // as setup.sh fetched it
		args, want = append(args, "-exporter", exporter), append(want, "prometheus-snmp-exporter")
	}
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), args, &out))
	for _, w := range want {
		assert.Contains(t, out.String(), w)
	}
	require.Error(t, run(t.Context(), []string{"-polls", "0"}, &out))
	require.Error(t, run(t.Context(), []string{"-exporter", "/none", "-sessions", "1", "-polls", "1"}, &out))
}
