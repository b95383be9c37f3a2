package health

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSharedServerExplainsItsGateways(t *testing.T) {
	shares := map[string][]string{"radius": {"aaa"}}
	gateways := []Gateway{{ID: "gw", Shares: shares}, {ID: "g2", Shares: shares}, {ID: "g3", Shares: shares}, {ID: "g4"}}
	b := newBench(t, Config{Gateways: gateways})
	fail := both("auth", "timeout")
	onG2 := strings.ReplaceAll(fail, " ", "/g2 ")
	fine := strings.ReplaceAll(both("data", "ok"), " ", "/g3 ") + strings.ReplaceAll(both("data", "ok"), " ", "/g4 ")
	b.rounds(6, fail+onG2+fine)
	v := b.expect(Down, "auth_backend_down")
	assert.Equal(t, "radius:aaa", v.ExplainedBy)
	incidents := b.e.Incidents()
	require.Len(t, incidents, 3)
	shared := incidents[2]
	assert.Equal(t, "radius:aaa", shared.Subject)
	assert.Equal(t, []string{"g2", "gw"}, shared.Gateways)
	other, _ := b.e.Verdict("g3")
	assert.Equal(t, Healthy, other.State)
	b.rounds(20, works+" "+fine+strings.ReplaceAll(both("data", "ok"), " ", "/g2 "))
	assert.Empty(t, b.e.Incidents())
	assert.Contains(t, b.kinds(), "incident_closed radius:aaa down")
}

func TestAuthFailureOfOneGatewayIsItsOwn(t *testing.T) {
	shares := map[string][]string{"radius": {"aaa"}}
	b := newBench(t, Config{Gateways: []Gateway{{ID: "gw", Shares: shares}, {ID: "g2", Shares: shares}}})
	b.rounds(6, both("auth", "timeout")+"radius.auth=timeout "+strings.ReplaceAll(both("data", "ok"), " ", "/g2 "))
	assert.Empty(t, b.expect(Down, "auth_backend_down").ExplainedBy)
}

// everywhere is a probe of four gateways.
func everywhere(vantage, stage, value string) string {
	s := ""
	for _, g := range []string{"gw", "g2", "g3", "g4"} {
		s += strings.ReplaceAll(fails(stage, value, vantage), " ", "/"+g+" ")
	}
	return s
}

var four = []Gateway{{ID: "gw"}, {ID: "g2"}, {ID: "g3"}, {ID: "g4"}}

func TestVantageToWhichAllFail(t *testing.T) {
	for name, other := range map[string]string{"alone": "", "others see them work": everywhere("ams", "data", "ok")} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Config{Gateways: four})
			b.rounds(6, everywhere("lon", "tcp", "timeout")+other)
			v := b.expect(Degraded, "upstream_path_or_vantage")
			assert.Equal(t, "vantage:lon", v.ExplainedBy)
			assert.Equal(t, Warning, v.Severity)
		})
	}
}

func TestAllGatewaysDownForAllVantages(t *testing.T) {
	b := newBench(t, Config{Gateways: four})
	b.rounds(6, everywhere("lon", "tcp", "timeout")+everywhere("ams", "tcp", "timeout"))
	assert.Empty(t, b.expect(Down, "gateway_unreachable").ExplainedBy)
}
