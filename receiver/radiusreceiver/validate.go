package radiusreceiver

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck"
)

// The bounds of what may be configured.
const (
	minInterval = 5 * time.Second
	maxJitter   = 0.5
	maxActive   = 1000
	minRejected = time.Minute
	maxEvents   = 10_000 // room for a second's events is made at once
)

// problems collects what is wrong, each with key, value and remedy.
type problems []error

func (p *problems) add(key, format string, a ...any) {
	*p = append(*p, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, a...)))
}

// Validate implements [confmap.Validator]. It reports everything that is wrong, not
// just the first.
func (c *Config) Validate() error {
	var p problems
	if c.CollectionInterval < minInterval {
		p.add("collection_interval", "%s is too short; use at least %s", c.CollectionInterval, minInterval)
	}
	if c.InitialDelay < 0 {
		p.add("initial_delay", "%s is negative; use 0s or more", c.InitialDelay)
	}
	if !(c.Jitter >= 0 && c.Jitter <= maxJitter) {
		p.add("jitter", "%g is out of range; use 0 to %g", c.Jitter, maxJitter)
	}
	if c.RejectedInterval < minRejected {
		p.add("rejected_interval", "%s is so short that the account may get locked; use at least %s", c.RejectedInterval, minRejected)
	}
	if c.MaxConcurrent < 1 || c.MaxConcurrent > maxActive {
		p.add("max_concurrent", "%d is out of range; use 1 to %d", c.MaxConcurrent, maxActive)
	}
	if len(c.Servers) == 0 && c.Accounting.Endpoint == "" {
		p.add("servers", "is empty, and so is accounting::endpoint; give at least one server, such as {endpoint: radius.example.com, secret: ...}")
	}
	names := make(map[string]int)
	for i := range c.Servers {
		s := &c.Servers[i]
		if first, ok := names[s.displayName()]; ok {
			p.add(fmt.Sprintf("servers[%d]::name", i), "%q is the name of servers[%d] too; give each server its own", s.displayName(), first)
		}
		names[s.displayName()] = i
		for _, err := range s.validate(c) {
			p = append(p, fmt.Errorf("servers[%d] (%s): %w", i, s.displayName(), err))
		}
	}
	p = append(p, c.Accounting.validate()...)
	return errors.Join(p...)
}

func (s *ServerConfig) validate(c *Config) (p problems) {
	p.endpoint("endpoint", s.Endpoint, authPort, "radius.example.com:1812")
	if s.AccountingEndpoint != "" {
		p.endpoint("accounting_endpoint", s.AccountingEndpoint, acctPort, "radius.example.com:1813")
	}
	if s.Statistics.Endpoint != "" {
		p.endpoint("statistics::endpoint", s.Statistics.Endpoint, statisticsPort, "127.0.0.1:18121")
	}
	p = append(p, s.Check.validate()...)
	if s.CollectionInterval != 0 && s.CollectionInterval < minInterval {
		p.add("collection_interval", "%s is too short; use at least %s", s.CollectionInterval, minInterval)
	}
	if slices.Contains(s.Check.Methods, string(radiuscheck.StatusAccounting)) && s.AccountingEndpoint == "" {
		p.add("methods", "%s needs accounting_endpoint; set it, for example to %s", radiuscheck.StatusAccounting, "radius.example.com:1813")
	}
	if len(p) > 0 {
		return p
	}
	d := s.checker()
	if err := d.Validate(); err != nil { // what the check itself would refuse
		p.add("server", "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	} else if interval, longest := s.interval(c), d.Longest(); interval >= minInterval && interval < longest {
		p.add("collection_interval", "%s is shorter than a round can take with timeout %s and retries %d; use at least %s, or fewer of them",
			interval, s.Check.Timeout, s.Check.Retries, longest)
	}
	return p
}

func (c *CheckConfig) validate() (p problems) {
	if c.Secret == "" {
		p.add("secret", "is empty; set the one that the server has for this host, best from the environment as ${env:RADIUS_SECRET}")
	}
	all := make([]string, 0, len(radiuscheck.Methods()))
	for _, m := range radiuscheck.Methods() {
		all = append(all, string(m))
	}
	login := ""
	for _, m := range c.Methods {
		if !slices.Contains(all, m) {
			p.add("methods", "%q is unknown; %s", m, suggest.OneOf(m, all))
		}
		if radiuscheck.Method(m).UsesPassword() {
			login = m
		}
	}
	if login != "" && c.Username == "" {
		p.add("username", "is empty, and %s logs in; set username and password, or use methods: [status]", login)
	}
	if login != "" && c.Password == "" {
		p.add("password", "is empty, and %s logs in; set it, best from the environment as ${env:RADIUS_PASSWORD}", login)
	}
	signings := make([]string, 0, len(radiuscheck.Signings()))
	for _, s := range radiuscheck.Signings() {
		signings = append(signings, string(s))
	}
	if !slices.Contains(signings, c.MessageAuthenticator) {
		p.add("message_authenticator", "%q is unknown; %s", c.MessageAuthenticator, suggest.OneOf(c.MessageAuthenticator, signings))
	}
	if _, err := netip.ParseAddr(c.NAS.Address); c.NAS.Address != "" && err != nil {
		p.add("nas::address", "%q is not an address; use for example 192.0.2.1, or leave it out for the one that is sent from", c.NAS.Address)
	}
	return p
}

func (p *problems) endpoint(key, value string, port uint16, example string) {
	host, n, err := splitEndpoint(value, port)
	if err != nil || n == 0 || host == "" || strings.ContainsAny(host, " \t\r\n/@?#") {
		p.add(key, "%q is not host or host:port; use for example %s", value, example)
	}
}

func (c *AccountingConfig) validate() (p problems) {
	if c.Endpoint == "" {
		return nil
	}
	for i := range c.Clients {
		if _, err := c.Clients[i].prefix(); err != nil {
			p.add(fmt.Sprintf("accounting::clients[%d]::cidr", i), "%q is not a prefix or address; use for example 192.0.2.0/24", c.Clients[i].CIDR)
		}
	}
	for _, m := range []struct{ key, value string }{{"user_name", c.UserName}, {"client_address", c.ClientAddress}} {
		if !slices.Contains(privacy.Modes, m.value) {
			p.add("accounting::"+m.key, "%q is unknown; %s", m.value, suggest.OneOf(m.value, privacy.Modes))
		}
	}
	if _, port, err := net.SplitHostPort(c.Endpoint); err != nil || !isPort(port) {
		p.add("accounting::endpoint", "%q is not host:port; use for example 0.0.0.0:1813", c.Endpoint)
	}
	if c.InterimInterval > 0 && c.InterimInterval < time.Second { // it is counted in seconds
		p.add("accounting::interim_interval", "%s is too short; use at least 1s, or 0s for what the NAS say", c.InterimInterval)
	}
	if c.MaxEvents < 1 || c.MaxEvents > maxEvents {
		p.add("accounting::max_events", "%d is out of range; use 1 to %d", c.MaxEvents, maxEvents)
	}
	if len(p) > 0 {
		return p
	}
	listener, tracker := c.listener(), c.tracker()
	for _, err := range []error{listener.Validate(), tracker.Validate()} {
		if err != nil {
			name, text, _ := strings.Cut(err.Error(), ": ")
			p.add(accountingKey(name), "%s", text)
		}
	}
	return p
}

// isPort says whether s is a port to listen on; 0 takes a free one.
func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// accountingKey is the key of what the domain calls by its own name.
func accountingKey(name string) string {
	key := "accounting::"
	switch name {
	case "window", "min_stops", "empty_share", "cause_distance", "interim_gap", "mass_stop_share", "mass_stop_min":
		key += "thresholds::"
	}
	return key + strings.NewReplacer(".prefix", "::cidr", ".", "::").Replace(name)
}
