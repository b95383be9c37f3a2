package detect

import (
	"fmt"
	"net/netip"
	"time"
)

// Gateway is a PPTP server that is known by configuration.
type Gateway struct {
	ID, Name  string
	Addresses []netip.Prefix // a single address is a prefix of its full length
}

// Config is how a [Detector] works. The zero value of a field is its default.
type Config struct {
	Gateways []Gateway
	// Learn takes the side with port 1723 for a gateway when it is none of Gateways,
	// once both a control connection and GRE were seen between two addresses.
	Learn bool

	MaxPairs     int // default 100,000, at least 64
	MaxExporters int // default 4096; records of further ones are not used, and counted
	MaxGateways  int // addresses of gateways, default 4096
	MaxPending   int // pairs of no known gateway that wait for control or GRE, default 8192

	// Active and Idle are the time-outs of exporters that neither tell theirs nor
	// show it by their records; defaults 1800 s and 15 s, as of Cisco and Fortinet.
	Active, Idle time.Duration
	// Lag is how long, after a time-out, a record may take to get here. Default 5 s.
	Lag time.Duration
	// MinWindow is the shortest window within which GRE counts as going on. The window is
	// 2*active + idle + lag if that is longer. Default 120 s.
	MinWindow time.Duration
	// ControlWindow is how long a control connection counts as alive after its last
	// packet, if longer than the window. Default 150 s: RFC 2637 section 3.1.4
	// sends an Echo-Request after 60 s of silence and waits 60 s for the reply.
	ControlWindow time.Duration
	// Grace is how long a new control connection has until GRE is missed: LCP gives up
	// after ten requests, 3 s apart (RFC 1661 section 4.6). Default 30 s.
	Grace time.Duration
	// OrphanAfter is how long GRE may outlive its control connection. Default 180 s.
	OrphanAfter time.Duration
	// EchoInterval is the longest pause that an idle tunnel is expected to make, that
	// is the interval of the LCP echo. Longer ones are learned. Default 20 s.
	EchoInterval time.Duration
	// Visibility is how long something seen from or to a gateway proves that what
	// goes this way is exported. Default 24 h.
	Visibility time.Duration

	// FalseAlarm is the chance of a false alarm for a pair and window that is put up
	// with. Default 3.5e-7: one a day for 10,000 pairs and windows of 5 minutes.
	FalseAlarm float64
	// Passes is in how many evaluations in a row, each with its share of the
	// evidence, a blackhole must be found. Default 2, at most 5.
	Passes int
	// EvalInterval is how often each pair is evaluated. Default 5 s.
	EvalInterval time.Duration

	// GatewayShare of the judged pairs must be blackholed, in Passes evaluations, for the
	// gateway to be, and less than half of it for it no longer to be. Default 0.5.
	GatewayShare float64
	// GatewayPairs is how many of its pairs must be blackholed for a gateway to be; one
	// may be due to that client's network. Default 2.
	GatewayPairs int

	// OnChange is called, from Tick, Record and Note, when a pair or a gateway changes
	// its state. It must not call the detector. Nil: changes are only counted.
	OnChange func(Change)
}

// withDefaults returns c with every default filled in.
func (c Config) withDefaults() Config {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	span := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	number := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	def(&c.MaxPairs, 100_000)
	def(&c.MaxExporters, 4096)
	def(&c.MaxGateways, 4096)
	def(&c.MaxPending, 8192)
	span(&c.Active, 1800*time.Second)
	span(&c.Idle, 15*time.Second)
	span(&c.Lag, 5*time.Second)
	span(&c.MinWindow, 120*time.Second)
	span(&c.ControlWindow, 150*time.Second)
	span(&c.Grace, 30*time.Second)
	span(&c.OrphanAfter, 180*time.Second)
	span(&c.EchoInterval, 20*time.Second)
	span(&c.Visibility, 24*time.Hour)
	number(&c.FalseAlarm, 3.5e-7)
	def(&c.Passes, 2)
	span(&c.EvalInterval, 5*time.Second)
	number(&c.GatewayShare, 0.5)
	def(&c.GatewayPairs, 2)
	return c
}

// Validate says what cannot be. The zero value is valid, but sees no pairs: it
// has neither Gateways nor Learn.
func (c Config) Validate() error {
	c = c.withDefaults()
	for _, v := range []struct {
		name        string
		value       int
		lowest, top int
	}{
		{"max_pairs", c.MaxPairs, 64, 16_000_000},
		{"max_exporters", c.MaxExporters, 1, 1<<16 - 2},
		{"max_gateways", c.MaxGateways, 1, 1_000_000},
		{"max_pending", c.MaxPending, 1, 16_000_000},
		{"passes", c.Passes, 1, 5},
		{"gateway_pairs", c.GatewayPairs, 1, 16_000_000},
	} {
		if v.value < v.lowest || v.value > v.top {
			return fmt.Errorf("%s: %d is not in [%d, %d]", v.name, v.value, v.lowest, v.top)
		}
	}
	for _, v := range []struct {
		name        string
		value       time.Duration
		lowest, top time.Duration
	}{
		{"active", c.Active, time.Second, 7 * 24 * time.Hour},
		{"idle", c.Idle, time.Second, 7 * 24 * time.Hour},
		{"lag", c.Lag, time.Second, time.Hour},
		{"min_window", c.MinWindow, time.Second, 24 * time.Hour},
		{"control_window", c.ControlWindow, time.Second, 24 * time.Hour},
		{"grace", c.Grace, time.Second, 24 * time.Hour},
		{"orphan_after", c.OrphanAfter, time.Second, 24 * time.Hour},
		{"echo_interval", c.EchoInterval, time.Second, 24 * time.Hour},
		{"visibility", c.Visibility, time.Minute, 365 * 24 * time.Hour},
		{"eval_interval", c.EvalInterval, time.Second, time.Hour},
	} {
		if v.value < v.lowest || v.value > v.top {
			return fmt.Errorf("%s: %s is not in [%s, %s]", v.name, v.value, v.lowest, v.top)
		}
	}
	if !(c.FalseAlarm >= 1e-15 && c.FalseAlarm <= 0.1) {
		return fmt.Errorf("false_alarm: %g is not in [1e-15, 0.1]", c.FalseAlarm)
	}
	if !(c.GatewayShare > 0 && c.GatewayShare <= 1) {
		return fmt.Errorf("gateway_share: %g is not in (0, 1]", c.GatewayShare)
	}
	return c.validateGateways()
}

func (c Config) validateGateways() error {
	owner := make(map[netip.Prefix]string)
	for i, g := range c.Gateways {
		if g.ID == "" {
			return fmt.Errorf("gateways[%d].id: must not be empty", i)
		}
		if len(g.Addresses) == 0 {
			return fmt.Errorf("gateways[%d].addresses: %s has none, name at least one", i, g.ID)
		}
		for _, p := range g.Addresses {
			if !p.IsValid() || p.Addr().Is4In6() {
				return fmt.Errorf("gateways[%d].addresses: %s is not an IPv4 or IPv6 prefix", i, p)
			}
			p = p.Masked()
			if other, taken := owner[p]; taken && other != g.ID {
				return fmt.Errorf("gateways[%d].addresses: %s belongs to %s already", i, p, other)
			}
			owner[p] = g.ID
		}
	}
	return nil
}
