package deploy_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/deploy"
)

func metrics(t *testing.T) map[string]deploy.Metric {
	t.Helper()
	m, err := deploy.Metrics("..")
	require.NoError(t, err)
	return m
}

func rules(t *testing.T) []deploy.Rule {
	t.Helper()
	r, err := deploy.Rules("prometheus/rules")
	require.NoError(t, err)
	return r
}

// What users rely upon, as a collector with all components really serves it.
func TestNamesAreThoseOfThePrometheusExporter(t *testing.T) {
	m := metrics(t)
	for name, labels := range map[string][]string{
		"pptp_connect_duration_seconds_bucket":    {"le", "pptp_gateway_id", "pptp_vantage"},
		"pptp_auth_success_total":                 {"pptp_gateway_id"},
		"pptp_gre_data_ok":                        {"pptp_target"},
		"pptp_gre_packet_loss_ratio":              nil,
		"pptp_gre_io_bytes_total":                 {"network_io_direction"},
		"pptp_tunnel_throughput_bytes_per_second": {"pptp_check"},
		"pptp_gateway_status":                     {"pptp_gateway_state", "pptp_gateway_site", "pptp_radius_domain"},
		"pptp_gateway_verdict_confidence_ratio":   nil,
		"pptp_gateway_verdict_severity":           nil,
		"pptp_gateway_evidence_age_seconds":       {"pptp_evidence_source"},
		"process_cpu_time_seconds_total":          {"process_executable_name"},
		"otelcol_gre_flow_kernel_drops":           {"receiver", "endpoint"},
		"otelcol_pptp_probe_start_delay_bucket":   {"receiver", "le"},
	} {
		require.Contains(t, m, name)
		assert.Subset(t, m[name].Labels, labels, name)
	}
	assert.NotContains(t, m, "pptp_gateway_status_ratio", "only gauges get a ratio")
}

func TestSelectorsOfAQuery(t *testing.T) {
	s, by := deploy.Selectors(`histogram_quantile(0.95, sum by (le, a) (rate(x_bucket{b="c{d", e=~"$f"}[$__rate_interval]))) > 10m
		and on (g) max by(h) (job:y:z offset 1h) or vector(0) unless ignoring (i) {j="k"}`)
	assert.Equal(t, []deploy.Selector{{Name: "x_bucket", Labels: []string{"b", "e"}}, {Name: "job:y:z"}}, s)
	assert.ElementsMatch(t, []string{"le", "a", "g", "h", "i"}, by)
}

func TestRulesUseWhatThereIs(t *testing.T) {
	m, all := metrics(t), rules(t)
	for _, r := range all {
		if r.Record != "" {
			m[r.Record] = deploy.Metric{}
		}
	}
	for _, r := range all {
		selectors, _ := deploy.Selectors(r.Expr)
		require.NotEmpty(t, selectors, r.Expr)
		for _, s := range selectors {
			require.Contains(t, m, s.Name, "%s%s", r.Alert, r.Record)
			if l := m[s.Name].Labels; l != nil {
				assert.Subset(t, l, s.Labels, "%s%s: %s", r.Alert, r.Record, s.Name)
			}
		}
	}
}

func TestAlertsHaveWhatTheirReadersNeed(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		assert.False(t, seen[r.Alert], "%s twice", r.Alert)
		seen[r.Alert] = true
		assert.Contains(t, []string{"critical", "warning", "info"}, r.Labels["severity"], r.Alert)
		for _, l := range []string{"scope", "gateway", "radius_domain", "correlation_group"} {
			assert.NotEmpty(t, r.Labels[l], "%s: label %s, which inhibition compares", r.Alert, l)
		}
		for _, a := range []string{"summary", "description", "runbook_url", "dashboard_url"} {
			assert.NotEmpty(t, r.Annotations[a], "%s: annotation %s", r.Alert, a)
		}
	}
	assert.Greater(t, len(seen), 30)
}

// promtool runs the tests in testbed/deploy; here it is asked whether each alert is in one at all.
func TestEveryAlertHasATest(t *testing.T) {
	paths, err := filepath.Glob("prometheus/tests/*.yaml")
	require.NoError(t, err)
	var all strings.Builder
	for _, path := range paths {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		all.Write(b)
	}
	for _, r := range rules(t) {
		if r.Alert != "" {
			assert.Contains(t, all.String(), `alertname="`+r.Alert+`"`)
		}
	}
}

// The list that PPTPOtherCause leaves to the others is all that the others take.
func TestOtherCauseTakesWhatNoOtherDoes(t *testing.T) {
	var named, left []string
	for _, r := range rules(t) {
		_, causes, found := strings.Cut(r.Expr, `pptp_root_cause=`)
		_, except, other := strings.Cut(r.Expr, `pptp_root_cause!~"`)
		switch {
		case r.Alert == "PPTPOtherCause":
			except, _, _ = strings.Cut(except, `"`)
			left = strings.Split(except, "|")
		case found && !other && r.Labels["scope"] == "gateway" && !strings.Contains(r.Annotations["runbook_url"], "alerts.md"):
			causes, _, _ = strings.Cut(strings.Trim(causes, `~"`), `"`)
			named = append(named, strings.Split(causes, "|")...)
		}
	}
	slices.Sort(named)
	slices.Sort(left)
	assert.Equal(t, named, left)
}
