//go:build real && linux

package deploy

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const files = "../../deploy"

func TestRulesByPromtool(t *testing.T) {
	promtool := Program(t, "promtool")
	for what, pattern := range map[string]string{"check": "prometheus/rules/*.yaml", "test": "prometheus/tests/*.yaml"} {
		paths, err := filepath.Glob(filepath.Join(files, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, paths)
		out, err := exec.CommandContext(t.Context(), promtool, append([]string{what, "rules"}, paths...)...).CombinedOutput()
		assert.NoError(t, err, "%s", out)
	}
	out, err := exec.CommandContext(t.Context(), promtool, "check", "config", "--syntax-only", filepath.Join(files, "prometheus/prometheus.yml")).CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

func TestRoutesByAmtool(t *testing.T) {
	amtool, config := Program(t, "amtool"), filepath.Join(files, "alertmanager/alertmanager.yml")
	out, err := exec.CommandContext(t.Context(), amtool, "check-config", config).CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, c := range []struct {
		receiver string
		labels   []string
	}{
		{"on-call", []string{"alertname=PPTPGREBlocked", "severity=critical", "scope=gateway"}},
		{"on-call", []string{"alertname=PPTPRADIUSDomainDown", "severity=critical", "scope=radius_domain"}},
		{"on-call", []string{"alertname=PPTPErrorBudgetBurnsFast", "severity=critical", "scope=slo"}},
		{"on-call", []string{"alertname=PPTPVerdictsMissing", "severity=critical", "scope=monitoring"}},
		{"team", []string{"alertname=PPTPDataPlaneDegraded", "severity=warning", "scope=gateway"}},
		{"team", []string{"alertname=PPTPPathOrVantage", "severity=warning", "scope=gateway"}},
		{"team", []string{"alertname=PPTPEvidenceStale", "severity=warning", "scope=monitoring"}},
		{"tickets", []string{"alertname=PPTPClientSide", "severity=info", "scope=gateway"}},
		{"tickets", []string{"alertname=PPTPSyntheticCredentialInvalid", "severity=warning", "scope=gateway"}},
		{"tickets", []string{"alertname=PPTPSyntheticCredentialInvalid", "severity=critical", "scope=gateway"}},
		{"team", []string{"alertname=SomebodyElses", "severity=page"}},
	} {
		args := append([]string{"config", "routes", "test", "--config.file", config, "--verify.receivers", c.receiver}, c.labels...)
		out, err := exec.CommandContext(t.Context(), amtool, args...).CombinedOutput()
		assert.NoError(t, err, "%v: %s", c.labels, out)
	}
}
