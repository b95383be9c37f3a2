//go:build real && linux

package deploy

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What holds back what: alerts as the rules make them, handed to Alertmanager all at once.
func TestInhibitions(t *testing.T) {
	address := startAlertmanager(t, listen(t))
	alert := func(name, severity, scope, gateway, domain string) map[string]map[string]string {
		return map[string]map[string]string{"labels": {
			"alertname": name, "severity": severity, "scope": scope, "gateway": gateway, "radius_domain": domain, "correlation_group": gateway,
		}}
	}
	alerts := []map[string]map[string]string{
		alert("PPTPGatewayUnreachable", "critical", "gateway", "gone", "gone"),
		alert("PPTPTelemetryGap", "warning", "gateway", "gone", "gone"),
		alert("PPTPGatewayDown", "critical", "gateway", "gone", "gone"),
		alert("PPTPErrorBudgetBurnsFast", "critical", "slo", "gone", "gone"),
		alert("PPTPSNMPAgentSilent", "warning", "monitoring", "gone", "none"), // another team's
		alert("PPTPRADIUSDomainDown", "critical", "radius_domain", "all of radius-a", "radius-a"),
		alert("PPTPRADIUSDown", "critical", "gateway", "in-a", "radius-a"),
		alert("PPTPGREBlocked", "critical", "gateway", "also-in-a", "radius-a"), // has nothing to do with RADIUS
		alert("PPTPRADIUSDown", "critical", "gateway", "in-b", "radius-b"),
		alert("PPTPRADIUSDown", "critical", "gateway", "in-none", "in-none"),
		alert("PPTPDataPlaneDegraded", "warning", "gateway", "slow", "radius-b"),
		alert("PPTPErrorBudgetBurnsFast", "critical", "slo", "slow", "slow"),
		alert("PPTPErrorBudgetBurnsFast", "critical", "slo", "unexplained", "unexplained"),
		{"labels": {"alertname": "DiskFull", "severity": "warning"}}, // without a label that is compared
	}
	body, err := json.Marshal(alerts)
	require.NoError(t, err)
	resp, err := http.Post("http://"+address+"/api/v2/alerts", "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)

	want := []string{
		"PPTPTelemetryGap gone", "PPTPGatewayDown gone", "PPTPErrorBudgetBurnsFast gone", "PPTPRADIUSDown in-a", "PPTPErrorBudgetBurnsFast slow",
	}
	require.EventuallyWithT(t, func(c *assert.CollectT) { assert.ElementsMatch(c, want, inhibited(c, address)) }, patience, tick)
}
