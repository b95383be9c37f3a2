package pptpprobereceiver

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// HoldConfig says whether, and how, a session is kept up and watched instead of
// being torn down when it has reached its depth.
type HoldConfig struct {
	// Enabled keeps sessions up.
	Enabled bool `mapstructure:"enabled"`
	// EchoInterval is the time from one LCP echo to the next, EchoFailure how many
	// in a row may go unanswered.
	EchoInterval time.Duration `mapstructure:"echo_interval"`
	EchoFailure  int           `mapstructure:"echo_failure"`
	// ControlEcho is the silence on the control connection after which it is tested.
	ControlEcho time.Duration `mapstructure:"control_echo"`
	// CheckInterval is the time from one round of checks to the next.
	CheckInterval time.Duration `mapstructure:"check_interval"`
	// ReportInterval is the time from one report of a session that is up to the next.
	ReportInterval time.Duration `mapstructure:"report_interval"`
	// DegradedLoss and DegradedRTT are from where on a session is degraded. Zero disables.
	DegradedLoss float64       `mapstructure:"degraded_loss"`
	DegradedRTT  time.Duration `mapstructure:"degraded_rtt"`
	// BackoffMin and BackoffMax bound the pause before a lost session is established again.
	BackoffMin time.Duration `mapstructure:"backoff_min"`
	BackoffMax time.Duration `mapstructure:"backoff_max"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func defaultHold() HoldConfig {
	return HoldConfig{
		EchoInterval: 15 * time.Second, EchoFailure: 3, ControlEcho: time.Minute,
		CheckInterval: time.Minute, ReportInterval: time.Minute, DegradedLoss: 0.1,
		BackoffMin: 5 * time.Second, BackoffMax: 5 * time.Minute,
	}
}

// minHoldReport bounds how often a held session may report.
const minHoldReport = time.Second

func (h *HoldConfig) validate() (p problems) {
	if !h.Enabled {
		return nil
	}
	for _, d := range []struct {
		key   string
		value time.Duration
		least time.Duration
	}{
		{"echo_interval", h.EchoInterval, time.Second}, {"control_echo", h.ControlEcho, time.Second},
		{"check_interval", h.CheckInterval, time.Second}, {"report_interval", h.ReportInterval, minHoldReport},
		{"backoff_min", h.BackoffMin, time.Second}, {"backoff_max", h.BackoffMax, h.BackoffMin},
	} {
		if d.value < d.least {
			p.add("hold::"+d.key, "%s is too short; use at least %s", d.value, d.least)
		}
	}
	if h.EchoFailure < 1 {
		p.add("hold::echo_failure", "%d is out of range; use 1 or more", h.EchoFailure)
	}
	if h.DegradedLoss < 0 || h.DegradedLoss > 1 {
		p.add("hold::degraded_loss", "%g is out of range; use 0 to 1, where 0 switches it off", h.DegradedLoss)
	}
	if h.DegradedRTT < 0 {
		p.add("hold::degraded_rtt", "%s is negative; use 0s to switch it off", h.DegradedRTT)
	}
	return p
}

// hold is what the probe is told, nil if the session is not to be held.
func (h *HoldConfig) hold() *pptpprobe.Hold {
	if !h.Enabled {
		return nil
	}
	return &pptpprobe.Hold{
		EchoInterval: h.EchoInterval, EchoFailure: h.EchoFailure, ControlEcho: h.ControlEcho,
		CheckInterval: h.CheckInterval, ReportInterval: h.ReportInterval,
		DegradedLoss: h.DegradedLoss, DegradedRTT: h.DegradedRTT,
	}
}
