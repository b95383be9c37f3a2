package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/deploy"
)

func TestDashboardsAreFresh(t *testing.T) {
	for name, b := range dashboards() {
		want, err := render(b)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join("dashboards", name))
		require.NoError(t, err, "run make generate")
		assert.True(t, bytes.Equal(want, got), "%s is stale: run make generate", name)
		assert.True(t, json.Valid(got), name)
	}
	files, err := filepath.Glob("dashboards/*")
	require.NoError(t, err)
	assert.Len(t, files, len(dashboards()), "a dashboard that nothing makes")
}

// all are the panels of a dashboard, also those in rows that are closed.
func all(b *board) []*panel {
	var out []*panel
	for _, p := range b.Panels {
		out = append(out, append([]*panel{p}, p.Panels...)...)
	}
	return out
}

func TestPanelsHaveTheirOwnIDAndPlace(t *testing.T) {
	uids := map[string]bool{}
	for name, b := range dashboards() {
		assert.False(t, uids[b.UID], "%s: uid twice", name)
		uids[b.UID] = true
		ids, taken := map[int]bool{}, map[[2]int]string{}
		for _, p := range all(b) {
			assert.False(t, ids[p.ID], "%s: %s: id %d twice", name, p.Title, p.ID)
			ids[p.ID] = true
			g := p.GridPos
			assert.LessOrEqual(t, g.X+g.W, columns, "%s: %s", name, p.Title)
			for x := g.X; x < g.X+g.W; x++ {
				for y := g.Y; y < g.Y+g.H; y++ {
					assert.Empty(t, taken[[2]int{x, y}], "%s: %s lies over it", name, p.Title)
					taken[[2]int{x, y}] = p.Title
				}
			}
			if p.Type == "row" {
				continue
			}
			assert.NotEmpty(t, p.Title, name)
			assert.Equal(t, prometheus, p.Datasource, p.Title)
			require.NotEmpty(t, p.Targets, p.Title)
			for _, q := range p.Targets {
				assert.Equal(t, prometheus, q.Datasource, p.Title)
			}
			if p.Type == "timeseries" || p.Type == "stat" || p.Type == "bargauge" {
				assert.NotEmpty(t, p.FieldConfig.Defaults.Unit, "%s: %s has no unit", name, p.Title)
			}
		}
	}
}

func TestQueriesUseWhatThereIs(t *testing.T) {
	metrics, err := deploy.Metrics("../..")
	require.NoError(t, err)
	for name, b := range dashboards() {
		for _, p := range all(b) {
			for _, q := range p.Targets {
				selectors, by := deploy.Selectors(q.Expr)
				require.NotEmpty(t, selectors, "%s: %s", name, p.Title)
				var labels []string
				for _, s := range selectors {
					require.Contains(t, metrics, s.Name, "%s: %s", name, p.Title)
					assert.Subset(t, metrics[s.Name].Labels, s.Labels, "%s: %s: labels of %s", name, p.Title, s.Name)
					labels = append(labels, metrics[s.Name].Labels...)
				}
				assert.Subset(t, labels, by, "%s: %s: by", name, p.Title)
				for _, m := range regexp.MustCompile(`{{(\w+)}}`).FindAllStringSubmatch(q.LegendFormat, -1) {
					assert.Contains(t, labels, m[1], "%s: %s: legend", name, p.Title)
				}
			}
		}
	}
}

func TestVariables(t *testing.T) {
	metrics, err := deploy.Metrics("../..")
	require.NoError(t, err)
	used := regexp.MustCompile(`\$(\w+)`)
	values := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
	for name, b := range dashboards() {
		have := map[string]bool{"__rate_interval": true}
		for _, v := range b.Templating.List {
			if v.Type == "query" {
				m := values.FindStringSubmatch(v.Definition)
				require.NotNil(t, m, v.Definition)
				for _, u := range used.FindAllStringSubmatch(m[1], -1) {
					assert.True(t, have[u[1]], "%s: %s uses $%s, which comes later or not at all", name, v.Name, u[1])
				}
				s, _ := deploy.Selectors(m[1])
				require.Len(t, s, 1)
				assert.Contains(t, metrics[s[0].Name].Labels, m[2], v.Definition)
			}
			have[v.Name] = true
		}
		for _, p := range all(b) {
			for _, q := range p.Targets {
				for _, u := range used.FindAllStringSubmatch(q.Expr, -1) {
					assert.True(t, have[u[1]], "%s: %s: no variable %s", name, p.Title, u[1])
				}
			}
		}
	}
}

// Links from alerts and between dashboards name a dashboard that there is.
func TestLinksNameADashboard(t *testing.T) {
	uids := map[string]bool{}
	for _, b := range dashboards() {
		uids[b.UID] = true
	}
	rules, err := deploy.Rules("../prometheus/rules")
	require.NoError(t, err)
	var urls []string
	for _, r := range rules {
		if u := r.Annotations["dashboard_url"]; u != "" {
			urls = append(urls, u)
		}
	}
	require.NotEmpty(t, urls)
	for _, u := range slices.Compact(slices.Sorted(slices.Values(urls))) {
		_, path, ok := strings.Cut(u, "/d/")
		require.True(t, ok, u)
		uid, _, _ := strings.Cut(path, "?")
		assert.True(t, uids[uid], u)
	}
	for _, name := range slices.Sorted(maps.Keys(dashboards())) {
		b, err := render(dashboards()[name])
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`"/d/([a-z-]+)`).FindAllStringSubmatch(string(b), -1) {
			assert.True(t, uids[m[1]], "%s links %s", name, m[1])
		}
	}
}
