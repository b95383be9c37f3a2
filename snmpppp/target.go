package snmpppp

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
)

// Defaults of a [Target].
const (
	DefaultPort     = 161
	DefaultTimeout  = 5 * time.Second
	DefaultRetries  = 2
	DefaultBudget   = 45 * time.Second
	DefaultInterval = time.Minute
	DefaultMaxRows  = 20_000
	DefaultReprobe  = 10
)

// Target is an agent and how to ask it. The zero value of a field means its default.
type Target struct {
	// ID identifies the target in results and errors: what pptp.gateway.id is. Empty: Host.
	ID string
	// Host is a name or an address, without port.
	Host string
	Port uint16 // default 161
	// Transport is udp (default) or tcp.
	Transport string
	Auth      Auth

	// Timeout is how long to wait for one answer: 1 ms to 1 min, default 5 s.
	Timeout time.Duration
	// Retries is how often to send a request again: 0 to 10. Default 2; -1: none.
	Retries int
	// Budget is how long one poll may take: at least Timeout, default 45 s. What was
	// read until then is kept.
	Budget time.Duration
	// Interval is the time between the beginnings of two polls in a [Fleet]: at least
	// 1 s, default 1 min.
	Interval time.Duration
	// Pause is the time to wait before every request but the first, for devices that
	// suffer from being polled: 0 to 1 s.
	Pause time.Duration

	// MaxRows bounds the rows of one table, and twice as many those of all tables of a
	// poll: 1 to 1,000,000, default 20,000.
	MaxRows int
	// Reprobe is after how many polls to look again for tables that were not there: 1 to
	// 10,000, default 10. A restart of the agent has the same effect.
	Reprobe int
	// Costly reads tables that are a burden for the gateway, such as the sessions of
	// accel-ppp (see profile.Table).
	Costly bool

	// Profiles are what to ask for. nil: those of the module.
	Profiles *profile.Set
	// AssumePPTP takes PPP interfaces for PPTP sessions that nothing tells from PPPoE
	// or L2TP, such as ppp0 on Linux.
	AssumePPTP bool
	// Include and Exclude are regular expressions on interface names. Include makes an
	// interface a PPTP session; Exclude hides it, and counts more.
	Include, Exclude []string
}

// withDefaults fills in what is not set.
func (t Target) withDefaults() Target {
	if t.ID == "" {
		t.ID = t.Host
	}
	set(&t.Port, DefaultPort)
	set(&t.Transport, "udp")
	set(&t.Timeout, DefaultTimeout)
	set(&t.Retries, DefaultRetries)
	t.Retries = max(t.Retries, 0) // -1: none
	set(&t.Budget, max(DefaultBudget, t.Timeout))
	set(&t.Interval, DefaultInterval)
	set(&t.MaxRows, DefaultMaxRows)
	set(&t.Reprobe, DefaultReprobe)
	t.Auth = t.Auth.withDefaults()
	if t.Profiles == nil {
		t.Profiles = profile.Default()
	}
	return t
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate returns all that is wrong, with the name of the target, of the field as a
// config file would write it, the value, and what to do. Secrets are not in it.
func (t Target) Validate() error {
	retries := t.Retries
	t = t.withDefaults()
	var errs []error
	add := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	add(t.Host != "", "host: is empty: write the name or the address of the agent")
	add(t.Transport == "udp" || t.Transport == "tcp", "transport %q: %s", t.Transport, suggest.OneOf(t.Transport, []string{"udp", "tcp"}))
	add(t.Timeout >= time.Millisecond && t.Timeout <= time.Minute, "timeout %s: use 1ms to 1m", t.Timeout)
	add(retries >= -1 && retries <= 10, "retries %d: use 0 to 10", retries)
	add(t.Budget >= t.Timeout, "budget %s: is less than the timeout of one request, %s: raise it", t.Budget, t.Timeout)
	add(t.Interval >= time.Second, "interval %s: use at least 1s", t.Interval)
	add(t.Pause >= 0 && t.Pause <= time.Second, "pause %s: use 0 to 1s", t.Pause)
	add(t.MaxRows >= 1 && t.MaxRows <= 1_000_000, "max_rows %d: use 1 to 1000000", t.MaxRows)
	add(t.Reprobe >= 1 && t.Reprobe <= 10_000, "reprobe %d: use 1 to 10000 polls", t.Reprobe)
	for _, e := range t.Include {
		_, err := regexp.Compile(e)
		add(err == nil, "include %q: is not a regular expression: %w", e, err)
	}
	for _, e := range t.Exclude {
		_, err := regexp.Compile(e)
		add(err == nil, "exclude %q: is not a regular expression: %w", e, err)
	}
	errs = append(errs, t.Auth.validate()...)
	for i, err := range errs {
		errs[i] = fmt.Errorf("agent %q: %w", t.ID, err)
	}
	return errors.Join(errs...)
}
