package health

import (
	"fmt"
	"path"
	"time"
)

// Gateway is one that is known by configuration.
type Gateway struct {
	ID string
	// Shares is what it has in common with others, by kind: "radius" -> names of
	// its RADIUS servers. The codebook's derived signals name the kind.
	Shares map[string][]string
}

// Config is how an [Engine] works. The zero value of a field is its default.
type Config struct {
	Codebook *Codebook // default [DefaultCodebook]
	Gateways []Gateway
	// Learn takes evidence about other gateways, too.
	Learn bool
	// Unexpected gateways are those of which nothing must come: that nothing ever did is no
	// gap. For a list of gateways of which others look at some.
	Unexpected bool

	MaxGateways int // default 10,000, with the configured ones
	MaxItems    int // signals times vantages that are kept of a gateway, default 192; the oldest goes
	MaxVantages int // names of vantages, default 1024

	// MaxAhead is how far evidence may be ahead of the time. Default 10 s.
	MaxAhead time.Duration
	// Forget is after how long without evidence a signal, vantage or learned gateway is
	// no longer expected. Default 24 h.
	Forget time.Duration
	// Interval is how often [Engine.Evaluate] is going to be called; dwell counts these
	// calls. Default 10 s. A pause of many of them is taken for a step of the clock.
	Interval time.Duration

	// Quorum is the share of the vantages that must see a failure, which are two at least
	// if there are two. Default 0.5.
	Quorum float64
	// Rounds is in how many of its last three rounds something that comes at intervals must be bad, where the
	// codebook does not say. Default 2.
	Rounds int
	// VantageShare is the share of its gateways that must fail to a vantage for it to
	// be the culprit. Default 0.8.
	VantageShare float64

	// Evaluations that must agree, one after the other, before the state changes.
	DegradedAfter int // default 2
	DownAfter     int // default 3; at once when two sources agree
	HealthyAfter  int // default 3
	// MinHold is how long a gateway stays degraded or down at least. Default 120 s.
	MinHold time.Duration
	// Settle is how long no state changes after [Engine.Load] or a step of the clock,
	// so that evidence can come first. Default 90 s.
	Settle time.Duration

	Windows []Window // maintenance that is announced by configuration
	// Grace is how long a gateway may take to recover after maintenance. Default 5 min.
	Grace time.Duration

	// OnEvent is called from [Engine.Evaluate] for every change. It must not call the
	// engine. The event is the callee's only until it returns; what it points at does not
	// change later. Nil: changes are only counted.
	OnEvent func(*Event)
}

func (c Config) withDefaults() Config {
	for _, v := range []struct {
		value *int
		def   int
	}{
		{&c.MaxGateways, 10_000}, {&c.MaxItems, 192}, {&c.MaxVantages, 1024}, {&c.Rounds, 2},
		{&c.DegradedAfter, 2}, {&c.DownAfter, 3}, {&c.HealthyAfter, 3},
	} {
		if *v.value == 0 {
			*v.value = v.def
		}
	}
	for _, v := range []struct {
		value *time.Duration
		def   time.Duration
	}{
		{&c.MaxAhead, 10 * time.Second}, {&c.Forget, 24 * time.Hour}, {&c.Interval, 10 * time.Second},
		{&c.MinHold, 120 * time.Second}, {&c.Settle, 90 * time.Second}, {&c.Grace, 5 * time.Minute},
	} {
		if *v.value == 0 {
			*v.value = v.def
		}
	}
	if c.Quorum == 0 {
		c.Quorum = 0.5
	}
	if c.VantageShare == 0 {
		c.VantageShare = 0.8
	}
	return c
}

// Validate says what cannot be. The zero value is valid, but knows no gateway.
func (c Config) Validate() error {
	c = c.withDefaults()
	for _, v := range []struct {
		name                   string
		value, lowest, highest int
	}{
		{"max_gateways", c.MaxGateways, 1, 1_000_000},
		{"max_items", c.MaxItems, 16, 4096},
		{"max_vantages", c.MaxVantages, 1, 65_535},
		{"rounds", c.Rounds, 1, keptObservations},
		{"degraded_after", c.DegradedAfter, 1, 100},
		{"down_after", c.DownAfter, 1, 100},
		{"healthy_after", c.HealthyAfter, 1, 100},
	} {
		if v.value < v.lowest || v.value > v.highest {
			return fmt.Errorf("%s: %d is not in [%d, %d]", v.name, v.value, v.lowest, v.highest)
		}
	}
	for _, v := range []struct {
		name                   string
		value, lowest, highest time.Duration
	}{
		{"max_ahead", c.MaxAhead, time.Millisecond, time.Hour},
		{"forget", c.Forget, time.Minute, 30 * 24 * time.Hour},
		{"interval", c.Interval, 100 * time.Millisecond, time.Hour},
		{"min_hold", c.MinHold, time.Millisecond, 24 * time.Hour},
		{"settle", c.Settle, time.Millisecond, time.Hour},
		{"grace", c.Grace, time.Millisecond, 24 * time.Hour},
	} {
		if v.value < v.lowest || v.value > v.highest {
			return fmt.Errorf("%s: %s is not in [%s, %s]", v.name, v.value, v.lowest, v.highest)
		}
	}
	if !(c.Quorum > 0 && c.Quorum <= 1) {
		return fmt.Errorf("quorum: %g is not in (0, 1]", c.Quorum)
	}
	if !(c.VantageShare > 0 && c.VantageShare <= 1) {
		return fmt.Errorf("vantage_share: %g is not in (0, 1]", c.VantageShare)
	}
	return c.validateLists()
}

func (c Config) validateLists() error {
	if len(c.Gateways) > c.MaxGateways {
		return fmt.Errorf("gateways: %d are more than max_gateways, %d", len(c.Gateways), c.MaxGateways)
	}
	seen := make(map[string]bool, len(c.Gateways))
	for i, g := range c.Gateways {
		if g.ID == "" || len(g.ID) > maxName {
			return fmt.Errorf("gateways[%d].id: %q is empty or longer than %d", i, g.ID, maxName)
		}
		if seen[g.ID] {
			return fmt.Errorf("gateways[%d].id: %s is there twice", i, g.ID)
		}
		seen[g.ID] = true
	}
	for i, w := range c.Windows {
		if err := w.validate(); err != nil {
			return fmt.Errorf("windows[%d].%w", i, err)
		}
	}
	return nil
}

// covers tells whether one of the patterns matches the name; none match all.
func covers(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, err := path.Match(p, name); err == nil && ok {
			return true
		}
	}
	return len(patterns) == 0
}
