//go:build distribution

package foreign

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const module = "github.com/otelcol-pptp/otelcol-pptp"

// manifest lists the receiver alone, and the one exporter without which a
// collector has no pipeline. Whoever takes a released version leaves path out.
const manifest = `dist:
  module: example.com/somebody/otelcol-foreign
  name: otelcol-foreign
  output_path: %[1]q
receivers:
  - gomod: ` + module + ` v0.0.0
    import: ` + module + `/receiver/pptpprobereceiver
    path: %[2]q
exporters:
  - gomod: go.opentelemetry.io/collector/exporter/debugexporter v0.159.0
`

const goodConfig = `receivers:
  pptp_probe:
    targets:
      - endpoint: vpn.example.com
        depth: control
exporters:
  debug:
service:
  pipelines:
    metrics: {receivers: [pptp_probe], exporters: [debug]}
    logs: {receivers: [pptp_probe], exporters: [debug]}
    traces: {receivers: [pptp_probe], exporters: [debug]}
`

func TestForeignDistribution(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	work := t.TempDir()
	out := filepath.Join(work, "build")
	config := write(t, work, "builder-config.yaml", fmt.Sprintf(manifest, out, root))

	// ocb takes minutes when nothing is compiled yet, a quarter of one when the project's own distribution is.
	run(t, root, "go", "tool", "-modfile=internal/tools/go.mod", "builder", "--config", config)
	run(t, root, "scripts/check-versions.sh", filepath.Join(out, "go.mod"))
	collector := filepath.Join(out, "otelcol-foreign")

	t.Run("components", func(t *testing.T) {
		var has struct {
			Receivers []struct {
				Name      string            `yaml:"name"`
				Module    string            `yaml:"module"`
				Stability map[string]string `yaml:"stability"`
			} `yaml:"receivers"`
		}
		printed := run(t, work, collector, "components")
		require.NoError(t, yaml.Unmarshal([]byte(printed), &has), printed)
		require.Len(t, has.Receivers, 1, "receivers that came along unasked")
		assert.Equal(t, "pptp_probe", has.Receivers[0].Name)
		assert.Equal(t, module+" v0.0.0", has.Receivers[0].Module)
		for _, signal := range []string{"metrics", "logs", "traces"} {
			assert.Equal(t, "Alpha", has.Receivers[0].Stability[signal], signal)
		}
	})

	t.Run("validate", func(t *testing.T) {
		run(t, work, collector, "validate", "--config", write(t, work, "good.yaml", goodConfig))
	})

	t.Run("validate refuses", func(t *testing.T) {
		bad := strings.Replace(goodConfig, "depth: control", "depth: bottom", 1)
		require.NotEqual(t, goodConfig, bad)
		cmd := exec.CommandContext(t.Context(), collector, "validate", "--config", write(t, work, "bad.yaml", bad))
		printed, err := cmd.CombinedOutput()
		require.Error(t, err, "an unknown depth was accepted")
		for _, part := range []string{"pptp_probe", "vpn.example.com", "depth", "bottom"} {
			assert.Contains(t, string(printed), part, "the error does not say what is wrong, and where")
		}
	})
}

// run runs a command in dir and returns what it printed; it has to succeed.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	// As the Makefile builds, so that what is compiled already is used.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS="+os.Getenv("GOFLAGS")+" -trimpath -buildvcs=false")
	printed, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s:\n%s", cmd, printed)
	return string(printed)
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}
