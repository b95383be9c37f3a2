//go:build real && linux

package deploy

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// queries are the expressions of all panels of a dashboard.
func queries(t *testing.T, path string) (out []string) {
	t.Helper()
	type panel struct {
		Targets []struct{ Expr string }
		Panels  []panel
	}
	var d panel
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &d))
	var walk func(panel)
	walk = func(p panel) {
		for _, q := range p.Targets {
			out = append(out, q.Expr)
		}
		for _, below := range p.Panels {
			walk(below)
		}
	}
	walk(d)
	require.NotEmpty(t, out, path)
	return out
}
