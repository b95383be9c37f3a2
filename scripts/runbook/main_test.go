package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

const (
	rules = "../../deploy/prometheus/rules"
	pages = "../../docs/runbook"
)

func TestPagesAreFresh(t *testing.T) {
	files, err := generate(rules)
	require.NoError(t, err)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(pages, name))
		require.NoError(t, err, "run make generate")
		assert.True(t, bytes.Equal(want, got), "%s is stale: run make generate", name)
	}
	there, err := filepath.Glob(filepath.Join(pages, "*"))
	require.NoError(t, err)
	assert.Len(t, there, len(files), "a page that nothing makes")
}

func TestEveryCauseHasAFullPage(t *testing.T) {
	groups, err := loadPages()
	require.NoError(t, err)
	all := map[string]page{}
	for _, g := range groups {
		assert.NotEmpty(t, g.Title)
		for name, p := range g.Causes {
			assert.NotContains(t, all, name, "told twice")
			all[name] = p
		}
	}
	for _, c := range health.DefaultCodebook().Causes() {
		p, ok := all[c.Name]
		require.True(t, ok, c.Name)
		assert.NotEmpty(t, p.Means, c.Name)
		assert.GreaterOrEqual(t, len(p.Check), 2, c.Name)
		assert.NotEmpty(t, p.Do, c.Name)
		for _, k := range p.Check {
			assert.NotEmpty(t, k.On, c.Name)
			assert.NotEmpty(t, k.Look, "%s: %s", c.Name, k.On)
		}
	}
	assert.Len(t, all, len(health.DefaultCodebook().Causes()))
}

// Every cause has an alert that names it, but for unknown, and the alert links a page that there is.
func TestEveryCauseHasAnAlert(t *testing.T) {
	alerts, err := loadAlerts(rules)
	require.NoError(t, err)
	for _, c := range health.DefaultCodebook().Causes() {
		if c.Name == "unknown" {
			continue
		}
		found := tell(alerts, c.Name)
		require.NotEmpty(t, found, c.Name)
		if c.Name == "synthetic_credential_invalid" {
			for _, a := range found {
				assert.NotEqual(t, "critical", a.Severity, "the probe's password pages nobody")
			}
		} else if c.Severity == health.Critical {
			assert.Equal(t, "critical", found[0].Severity, c.Name)
		}
	}
}

var (
	runbookURL = regexp.MustCompile(`/docs/runbook/([^\s"']+)`)
	heading    = regexp.MustCompile(`(?m)^## (.*)$`)
	link       = regexp.MustCompile(`\]\(([^)#]*)(?:#([^)]*))?\)`)
)

func TestLinksOfAlertsLeadSomewhere(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(rules, "*.yaml"))
	require.NoError(t, err)
	var found int
	for _, path := range paths {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, m := range runbookURL.FindAllStringSubmatch(string(b), -1) {
			file, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(file, "{{") { // the name of a cause
				continue
			}
			checkLink(t, path, file, anchor)
			found++
		}
	}
	assert.Greater(t, found, 10)
}

func TestLinksOfPagesLeadSomewhere(t *testing.T) {
	files, err := generate(rules)
	require.NoError(t, err)
	for name, b := range files {
		for _, m := range link.FindAllStringSubmatch(string(b), -1) {
			if !strings.Contains(m[1], "://") {
				file := m[1]
				if file == "" {
					file = name
				}
				checkLink(t, name, file, m[2])
			}
		}
	}
}

func checkLink(t *testing.T, from, file, anchor string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(pages, file))
	require.NoError(t, err, "linked from %s", from)
	if anchor == "" {
		return
	}
	for _, m := range heading.FindAllStringSubmatch(string(b), -1) {
		if strings.ToLower(m[1]) == anchor {
			return
		}
	}
	assert.Fail(t, "no such heading", "%s links %s#%s", from, file, anchor)
}

func TestPlainWords(t *testing.T) {
	signals := signalsByName()
	assert.Equal(t, "TCP connection to port 1723: **timeout** or **unreachable** (`probe.tcp`)", plain("probe.tcp: timeout or unreachable", signals))
	assert.Equal(t, "TCP connection to port 1723: **bad from some vantages only** (`probe.tcp`), *or* LCP of clients: **received only** (`log.lcp`)",
		plain("probe.tcp: partial; or log.lcp: received_only", signals))
}
