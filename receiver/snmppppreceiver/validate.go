package snmppppreceiver

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
)

// The bounds of what may be configured.
const (
	minInterval = time.Second
	maxInterval = 24 * time.Hour
	maxJitter   = 0.5
	maxActive   = 4096 // sockets at once
)

// problem is one thing that is wrong with the configuration.
type problem struct{ key, text string }

func (p problem) String() string {
	if p.key == "" {
		return p.text
	}
	return p.key + ": " + p.text
}

// problems collects what is wrong, each with key, value and remedy.
type problems []problem

func (p *problems) add(key, format string, a ...any) {
	*p = append(*p, problem{key, fmt.Sprintf(format, a...)})
}

// within adds a problem if value is not in [low, high].
func within[T cmp.Ordered](p *problems, key string, value, low, high T) {
	if !(value >= low && value <= high) { // so that NaN is outside
		p.add(key, "%v is out of range; use %v to %v", value, low, high)
	}
}

// Validate implements [confmap.Validator]. It reports everything that is wrong,
// not just the first.
func (c *Config) Validate() error {
	var p problems
	within(&p, "collection_interval", c.CollectionInterval, minInterval, maxInterval)
	within(&p, "initial_delay", c.InitialDelay, 0, maxInterval)
	within(&p, "jitter", c.Jitter, 0, maxJitter)
	within(&p, "max_concurrent", c.MaxConcurrent, 1, maxActive)
	within(&p, "max_events", c.MaxEvents, 1, 1_000_000)
	c.validateTelling(&p)
	c.SessionMetrics.validate(&p)
	profiles, err := c.profileSet()
	if err != nil {
		p.add("profiles", "%s", strings.ReplaceAll(strings.TrimPrefix(err.Error(), "profiles: "), "\n", "; "))
		profiles = profile.Default()
	}
	if len(c.Agents) == 0 {
		p.add("agents", "is empty; give at least one, such as {endpoint: vpn.example.com}")
	}
	errs := make([]error, 0, len(p))
	for _, x := range p {
		errs = append(errs, errors.New(x.String()))
	}
	return errors.Join(append(errs, c.validateAgents(profiles)...)...)
}

// validateAgents names what is wrong with several agents once: it is most likely
// something that they have from the defaults.
func (c *Config) validateAgents(profiles *profile.Set) []error {
	var order []problem
	who := make(map[problem][]string)
	names, endpoints := make(map[string]int), make(map[string]int)
	for i := range c.Agents {
		a := &c.Agents[i]
		found := append(a.validate(c, profiles), a.duplicates(i, c.Agents, names, endpoints)...)
		for _, x := range found {
			if who[x] == nil {
				order = append(order, x)
			}
			who[x] = append(who[x], fmt.Sprintf("agents[%d] (%s)", i, a.displayName()))
		}
	}
	errs := make([]error, 0, len(order))
	for _, x := range order {
		label := who[x][0]
		if n := len(who[x]) - 1; n > 0 {
			label += " and " + strconv.Itoa(n) + " more"
		}
		errs = append(errs, fmt.Errorf("%s: %s", label, x))
	}
	return errs
}

func (c *Config) validateTelling(p *problems) {
	for _, x := range []struct{ key, value string }{{"user_name", c.UserName}, {"client_address", c.ClientAddress}} {
		if !slices.Contains(privacy.Modes, x.value) {
			p.add(x.key, "%q is unknown; %s", x.value, suggest.OneOf(x.value, privacy.Modes))
		}
	}
	if c.HashKey != "" && c.UserName != privacy.Hash && c.ClientAddress != privacy.Hash {
		p.add("hash_key", "is given, but nothing is hashed; use user_name: hash or client_address: hash, or leave the key out")
	}
}

func (s *SessionMetricsConfig) validate(p *problems) {
	modes := []string{sessionsNone, sessionsTop, sessionsMatch}
	if !slices.Contains(modes, s.Mode) {
		p.add("session_metrics::mode", "%q is unknown; %s", s.Mode, suggest.OneOf(s.Mode, modes))
	}
	within(p, "session_metrics::max_sessions", s.MaxSessions, 1, 100_000)
	within(p, "session_metrics::max_total", s.MaxTotal, 1, 1_000_000)
	within(p, "session_metrics::top", s.Top, 1, 100_000)
	if s.Mode == sessionsMatch && len(s.Match) == 0 {
		p.add("session_metrics::match", "is empty; give regular expressions on the name of the user, the interface, or the client's address, such as ^vip-")
	}
	if s.Mode != sessionsMatch && len(s.Match) > 0 {
		p.add("session_metrics::match", "is given, but mode is %s; use mode: match, or leave it out", s.Mode)
	}
	for i, m := range s.Match {
		if _, err := regexp.Compile(m); err != nil {
			p.add(fmt.Sprintf("session_metrics::match[%d]", i), "%q is not a regular expression; use RE2, such as ^vip-: %s", m, err)
		}
	}
}

// validate returns what is wrong with one agent.
func (a *AgentConfig) validate(c *Config, profiles *profile.Set) (p problems) {
	if err := checkEndpoint(a.Endpoint); err != nil {
		p.add("endpoint", "%s", err)
		return p
	}
	if a.CollectionInterval != 0 {
		within(&p, "collection_interval", a.CollectionInterval, minInterval, maxInterval)
	}
	within(&p, "retries", a.Poll.Retries, 0, 10)
	t := a.target(c, profiles)
	t.Retries = 1 // said already
	if t.Interval >= minInterval && t.Budget > t.Interval {
		key, value := "budget", a.Poll.Budget
		if value == 0 {
			key, value = "timeout", a.Poll.Timeout
		}
		p.add(key, "%s is longer than the interval between two polls, %s; use less, or a longer collection_interval", value, t.Interval)
	}
	t.Interval = max(t.Interval, minInterval) // said already
	err := t.Validate()
	if err == nil {
		return p
	}
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for _, err := range all {
		p = append(p, problem{text: strings.TrimPrefix(err.Error(), fmt.Sprintf("agent %q: ", t.ID))}) // begins with the key
	}
	return p
}

// duplicates compares agent i to those before it.
func (a *AgentConfig) duplicates(i int, all []AgentConfig, names, endpoints map[string]int) (p problems) {
	if a.Endpoint == "" {
		return nil
	}
	host, port, _ := splitEndpoint(a.Endpoint)
	endpoint := strings.ToLower(host) + " " + strconv.Itoa(int(port))
	if first, ok := endpoints[endpoint]; ok && (a.Name == "" || all[first].Name == "") {
		p.add("endpoint", "%q is polled by agents[%d] too; remove one, or give both a name", a.Endpoint, first)
		return p
	} else if !ok {
		endpoints[endpoint] = i
	}
	if first, ok := names[a.displayName()]; ok {
		p.add("name", "%q is the name of agents[%d] too; give each agent its own", a.displayName(), first)
		return p
	}
	names[a.displayName()] = i
	return p
}
