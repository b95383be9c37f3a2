package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/scenario/world"
)

// A small part of what make eval does, with the seeds for tuning: what it finds may be worked on.
func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		have  sources
		least float64
	}{
		{everything, 0.93},
		{sources{probe: true, logs: true}, 0.75},
		{sources{probe: true, snmp: true}, 0.75},
	} {
		t.Run(c.have.String(), func(t *testing.T) {
			trials := trialsOf(tuning, 2, kind{have: c.have}, observable(c.have)...)
			require.NoError(t, runAll(trials))
			s := scoreOf(trials, toldOf)
			assert.GreaterOrEqual(t, s.macroF1(), c.least, "%v", s.confusion)
			for _, trial := range trials {
				assert.Zero(t, trial.falsely, "%s, seed %d: %v", trial.truth, trial.seed, trial.log)
			}
		})
	}
}

func TestNothingIsToldOfHealthyGateways(t *testing.T) {
	r, err := replay(tuning, 1, 4)
	require.NoError(t, err)
	assert.Zero(t, r.incidents, "%v", r.told)
	assert.Positive(t, r.alerts, "the day had nothing that could be taken for a fault")
}

func TestNothingIsOpenedInMaintenance(t *testing.T) {
	trials := trialsOf(tuning, 1, kind{have: everything, maintenance: true}, "control_port_down", "gre_blackhole_bidirectional", "auth_backend_down")
	require.NoError(t, runAll(trials))
	for _, trial := range trials {
		assert.True(t, trial.silent, trial.truth)
		assert.Equal(t, trial.truth, trial.told)
	}
}

func TestSameSeedSameTrial(t *testing.T) {
	k := kind{have: everything, noise: noisy}
	a, b := trialsOf(tuning, 1, k, "gre_blackhole_client_to_server")[0], trialsOf(tuning, 1, k, "gre_blackhole_client_to_server")[0]
	require.NoError(t, a.run())
	require.NoError(t, b.run())
	assert.Equal(t, a, b)
}

func TestEveryCauseOfTheCodebookHasAFault(t *testing.T) {
	have := world.Causes()
	for _, c := range health.DefaultCodebook().Causes() {
		if c.Name != "unknown" {
			assert.Contains(t, have, c.Name)
		}
	}
	assert.Len(t, have, 31)
}

func TestScore(t *testing.T) {
	trials := []*trial{
		{truth: "a", told: "a", confidence: 1}, {truth: "a", told: "b", also: []string{"a"}, confidence: 0.5}, {truth: "b", told: "b", confidence: 1},
		{truth: "b"}, {},
	}
	s := scoreOf(trials, toldOf)
	assert.Equal(t, counts{tp: 1, fn: 1}, *s.causes["a"])
	assert.Equal(t, counts{tp: 1, fp: 1, fn: 1}, *s.causes["b"])
	assert.InDelta(t, (2.0/3+0.5)/2, s.macroF1(), 1e-9)
	assert.Equal(t, 3, s.rightTop2)
	assert.InDelta(t, 0.25/3, brier(trials), 1e-9)
}
