package accounting

import (
	"fmt"
	"time"
)

// Config is how a [Tracker] works. The zero value of a field is its default; thresholds
// that are [Disabled] are not checked.
type Config struct {
	MaxSessions int // default 100,000; the one not heard for longest goes
	MaxNAS      int // default 1024; records of more are refused, and not answered

	// DuplicateWindow is for how long a record is known again: by NAS, session, status and Identifier,
	// a repeated Stop and a Start that comes after its Stop by NAS and session. Default 5 min.
	DuplicateWindow time.Duration
	// MaxRecent is how many records that window holds at most; the oldest go. Default 65,536.
	MaxRecent int
	// SessionTTL is after how much silence a session is given up (NoStop). Default 24 h.
	SessionTTL time.Duration

	// InterimInterval is how often the NAS send interim records. Default: what Acct-Interim-Interval
	// says, else the longest time between two records that the session has had so far, 1 min at least.
	InterimInterval time.Duration
	// InterimGap is how many intervals of silence are a gap. Default 2.5.
	InterimGap float64
	// AddressGrace is how long two sessions may hold one address: the Stop of the old session
	// often comes after the Start of the new. Default 1 min.
	AddressGrace time.Duration

	// Window is over what stops of a NAS are counted for EmptySessions and CauseShift. Default 5 min.
	Window time.Duration
	// EmptyShare is the share of stops in Window that have no time and no octets. Default 0.3.
	EmptyShare float64
	// EmptyTime is up to what Acct-Session-Time a session without octets counts as empty. Default 5 s.
	EmptyTime time.Duration
	// CauseDistance is how far the mix of causes in Window may be from that of the time
	// before: half the sum of the differences of all shares. Default 0.5.
	CauseDistance float64
	// MinStops is how many stops there must be in Window, and for CauseDistance five times as many
	// before it. Default 20.
	MinStops int

	// MassStopShare is the share of a NAS's sessions that may end within a minute. Default 0.3.
	MassStopShare float64
	// MassStopMin is how many there must be at least. Default 5.
	MassStopMin int

	Noisy NoisyConfig

	// Callbacks; nil ones are not called. They must not call the tracker, and must not keep what
	// they get, except for its strings.
	OnSession func(Change, *Session)
	OnAnomaly func(*Anomaly)
	OnRestart func(*Restart)
	OnNoisy   func(*Noisy)
}

// NoisyConfig is from when on users and subnets are too much for their neighbours. All
// limits are off by default, and nobody is counted then.
type NoisyConfig struct {
	// Window is over what is counted; make it some times the interval of interim records,
	// which is when the tracker hears of octets. Default 15 min.
	Window time.Duration

	UserShare    float64 // of the NAS's bytes; 0: off
	SubnetShare  float64
	UserStarts   int // sessions begun by a user in the window; 0: off
	SubnetStarts int
	SubnetBits   int           // prefix length of a subnet, default 24
	MinBytes     uint64        // of the NAS in the window for shares to count; default 100 MiB
	UserQuota    uint64        // bytes of a user in QuotaWindow; 0: off
	QuotaWindow  time.Duration // default 24 h
	MaxTalkers   int           // users and subnets that are counted; default 20,000; the quietest for longest goes
}

func (c *NoisyConfig) on() bool {
	return c.UserShare > 0 || c.SubnetShare > 0 || c.UserStarts > 0 || c.SubnetStarts > 0 || c.UserQuota > 0
}

// Disabled as a threshold means that it is not checked.
const Disabled = -1

func setInt(v *int, def int) {
	if *v == 0 {
		*v = def
	}
}

func setFloat(v *float64, def float64) {
	if *v == 0 {
		*v = def
	}
}

func setTime(v *time.Duration, def time.Duration) {
	if *v == 0 {
		*v = def
	}
}

func (c Config) withDefaults() Config {
	setInt(&c.MaxSessions, 100_000)
	setInt(&c.MaxNAS, 1024)
	setInt(&c.MaxRecent, 65_536)
	setInt(&c.MinStops, 20)
	setInt(&c.MassStopMin, 5)
	setInt(&c.Noisy.SubnetBits, 24)
	setInt(&c.Noisy.MaxTalkers, 20_000)
	setFloat(&c.InterimGap, 2.5)
	setFloat(&c.EmptyShare, 0.3)
	setFloat(&c.CauseDistance, 0.5)
	setFloat(&c.MassStopShare, 0.3)
	setTime(&c.DuplicateWindow, 5*time.Minute)
	setTime(&c.SessionTTL, 24*time.Hour)
	setTime(&c.AddressGrace, time.Minute)
	setTime(&c.Window, 5*time.Minute)
	setTime(&c.EmptyTime, 5*time.Second)
	setTime(&c.Noisy.Window, 15*time.Minute)
	setTime(&c.Noisy.QuotaWindow, 24*time.Hour)
	if c.Noisy.MinBytes == 0 {
		c.Noisy.MinBytes = 100 << 20
	}
	return c
}

// Validate says what cannot be; the zero value is valid. Names are those of the fields in snake case.
func (c Config) Validate() error {
	c = c.withDefaults()
	for _, v := range []struct {
		name                   string
		value, lowest, highest int
	}{
		{"max_sessions", c.MaxSessions, 1, 10_000_000},
		{"max_nas", c.MaxNAS, 1, 100_000},
		{"max_recent", c.MaxRecent, 1, 10_000_000},
		{"min_stops", c.MinStops, 1, 1_000_000},
		{"mass_stop_min", c.MassStopMin, 1, 1_000_000},
		{"noisy.user_starts", c.Noisy.UserStarts, 0, 1_000_000},
		{"noisy.subnet_starts", c.Noisy.SubnetStarts, 0, 1_000_000},
		{"noisy.subnet_bits", c.Noisy.SubnetBits, 8, 32},
		{"noisy.max_talkers", c.Noisy.MaxTalkers, 1, 10_000_000},
	} {
		if v.value < v.lowest || v.value > v.highest {
			return fmt.Errorf("%s: %d is not in [%d, %d]", v.name, v.value, v.lowest, v.highest)
		}
	}
	for _, v := range []struct {
		name            string
		value           time.Duration
		lowest, highest time.Duration
	}{
		{"duplicate_window", c.DuplicateWindow, time.Second, time.Hour},
		{"session_ttl", c.SessionTTL, time.Minute, 30 * 24 * time.Hour},
		{"interim_interval", c.InterimInterval, 0, 24 * time.Hour},
		{"address_grace", c.AddressGrace, time.Second, time.Hour},
		{"window", c.Window, 10 * time.Second, 24 * time.Hour},
		{"empty_time", c.EmptyTime, time.Second, time.Hour},
		{"noisy.window", c.Noisy.Window, 10 * time.Second, 24 * time.Hour},
		{"noisy.quota_window", c.Noisy.QuotaWindow, time.Minute, 31 * 24 * time.Hour},
	} {
		if v.value < v.lowest || v.value > v.highest {
			return fmt.Errorf("%s: %s is not in [%s, %s]", v.name, v.value, v.lowest, v.highest)
		}
	}
	for _, v := range []struct {
		name  string
		value float64
	}{
		{"empty_share", c.EmptyShare}, {"cause_distance", c.CauseDistance}, {"mass_stop_share", c.MassStopShare},
	} {
		if v.value != Disabled && !(v.value > 0 && v.value <= 1) {
			return fmt.Errorf("%s: %g is not in (0, 1]; use %d to switch it off", v.name, v.value, Disabled)
		}
	}
	for _, v := range []struct {
		name  string
		value float64
	}{{"noisy.user_share", c.Noisy.UserShare}, {"noisy.subnet_share", c.Noisy.SubnetShare}} {
		if !(v.value >= 0 && v.value <= 1) {
			return fmt.Errorf("%s: %g is not in [0, 1]; 0 switches it off", v.name, v.value)
		}
	}
	if c.InterimGap != Disabled && !(c.InterimGap >= 1 && c.InterimGap <= 100) {
		return fmt.Errorf("interim_gap: %g is not in [1, 100]; use %d to switch it off", c.InterimGap, Disabled)
	}
	return nil
}
