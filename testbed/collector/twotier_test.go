//go:build distribution && linux

package collector_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/collector"
)

// twoTierBinary is a collector that has load_balancing, which is not in the default distribution: the one that
// COLLECTOR_FULL names, or else one that is built and kept in the user's cache.
func twoTierBinary(t *testing.T) string {
	t.Helper()
	if b := os.Getenv("COLLECTOR_FULL"); b != "" {
		b, err := filepath.Abs(b)
		require.NoError(t, err)
		return b
	}
	manifest, err := os.ReadFile("testdata/two-tier-builder.yaml")
	require.NoError(t, err)
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	sum := sha256.Sum256(manifest)
	out := filepath.Join(cache, "otelcol-pptp", "two-tier-"+hex.EncodeToString(sum[:6]))
	require.NoError(t, os.MkdirAll(out, 0o750))
	config := write(t, "builder.yaml", strings.ReplaceAll(string(manifest), "${OUTPUT}", out))
	// What is compiled is kept, so this is a matter of seconds when nothing changed.
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile=internal/tools/go.mod", "builder", "--config", config)
	cmd.Dir = "../.."
	printed, err := cmd.CombinedOutput()
	require.NoError(t, err, string(printed))
	return filepath.Join(out, "otelcol-two-tier")
}

// Three collectors: an edge, which routes by gateway, and two correlators, each of which makes the verdicts of its share of
// the gateways.
func TestTwoTiers(t *testing.T) {
	bin := twoTierBinary(t)
	dir := t.TempDir()
	const gateways = 16
	var list, ids []string
	for i := range gateways {
		ids = append(ids, fmt.Sprintf("vpn-%d", i+1))
		list = append(list, "{id: "+ids[i]+"}")
	}
	var correlators, files []string
	for i := range 2 {
		endpoint, file := freePort(t), filepath.Join(dir, fmt.Sprintf("events-%d.json", i))
		correlators, files = append(correlators, endpoint), append(files, file)
		start(t, collector.Options{
			Binary: bin, Env: []string{"CORRELATOR_LISTEN=" + endpoint},
			Args: []string{
				"--config", "../../examples/two-tier-correlator.yaml",
				"--config", "yaml:processors::pptp_correlation::gateways: [" + strings.Join(list, ", ") + "]",
				"--config", "yaml:processors::pptp_correlation::interval: 300ms",
				"--config", "yaml:exporters: {debug: {}, file: {path: " + file + ", flush_interval: 10ms}}",
				"--config", "yaml:service::pipelines::metrics::exporters: [debug]",
				"--config", "yaml:service::pipelines::logs::exporters: [file]",
				"--config", "yaml:service::telemetry::metrics::level: none",
			},
		})
	}
	edge := freePort(t)
	start(t, collector.Options{
		Binary: bin, Env: []string{"EDGE_LISTEN=" + freePort(t), "CORRELATOR_1=" + correlators[0], "CORRELATOR_2=" + correlators[1]},
		Args: []string{
			"--config", "../../examples/two-tier-edge.yaml",
			"--config", "yaml:receivers::otlp::protocols::http::endpoint: " + edge,
			"--config", "yaml:service::telemetry::metrics::level: none",
		},
	})
	probe := &sender{t, edge}
	opened := func(file, id string) int {
		n, _ := count(verdictEvents(t, file), "pptp.gateway.incident.opened", id)
		return n
	}
	require.Eventually(t, func() bool {
		all := true
		for _, id := range ids {
			probe.session(id, "lon", "tcp.refused", "tcp")
			probe.session(id, "ams", "tcp.refused", "tcp")
			all = all && opened(files[0], id)+opened(files[1], id) > 0
		}
		return all
	}, patience, 300*time.Millisecond)

	var shares [2]int
	for _, id := range ids {
		here, there := opened(files[0], id), opened(files[1], id)
		assert.Equal(t, 1, here+there, "%s: one incident, at one correlator", id)
		shares[0] += here
		shares[1] += there
	}
	assert.Positive(t, shares[0], "each has its share")
	assert.Positive(t, shares[1], "each has its share")
	traced := 0
	for _, r := range verdictEvents(t, files...) {
		assert.Contains(t, ids, r.attributes["pptp.gateway.id"])
		if r.name == "pptp.gateway.incident.opened" {
			assert.Equal(t, "control_port_down", r.attributes["pptp.root_cause"])
			if r.attributes["pptp.evidence.trace_ids"] != "" {
				traced++
			}
		}
	}
	// Not of all: an evaluation may come between the metrics and the event of a session.
	assert.Positive(t, traced, "the events of sessions went where their metrics went")
}
