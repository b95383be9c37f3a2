package session

import (
	"fmt"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// The defaults of a [Config].
const (
	DefaultMaxSessions = 50_000
	DefaultMaxHosts    = 10_000
	DefaultTTL         = 24 * time.Hour
	DefaultLinger      = 3 * time.Second
)

// Config is how a [Tracker] works. The zero value of a field is its default.
type Config struct {
	// MaxSessions is how many control connections, pppds and sessions of other daemons
	// are followed. When there are more, the one that was silent for longest is given
	// up, and counted.
	MaxSessions int
	// MaxHosts is how many hosts are followed.
	MaxHosts int
	// TTL is after how long a silence a session is given up.
	TTL time.Duration
	// Linger is for how long after a session's end its other lines are waited for.
	Linger time.Duration

	// OnSession is called with every change. It may keep the session.
	OnSession func(Change, *Session)
	// OnGateway is called with what is not of one session alone: starts, limits, errors
	// of GRE, RADIUS servers that do not answer. It must not keep the event.
	OnGateway func(*event.Event)
}

// Validate says what cannot be.
func (c *Config) Validate() error {
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"max sessions", int64(c.MaxSessions)}, {"max hosts", int64(c.MaxHosts)},
		{"ttl", int64(c.TTL)}, {"linger", int64(c.Linger)},
	} {
		if f.value < 0 {
			return fmt.Errorf("%s: %d is negative; use 0 for the default", f.name, f.value)
		}
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.MaxSessions == 0 {
		c.MaxSessions = DefaultMaxSessions
	}
	if c.MaxHosts == 0 {
		c.MaxHosts = DefaultMaxHosts
	}
	if c.TTL == 0 {
		c.TTL = DefaultTTL
	}
	if c.Linger == 0 {
		c.Linger = DefaultLinger
	}
	if c.OnSession == nil {
		c.OnSession = func(Change, *Session) {}
	}
	if c.OnGateway == nil {
		c.OnGateway = func(*event.Event) {}
	}
	return c
}
