package pptpprobereceiver

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// The bounds of what may be configured.
const (
	minInterval = time.Second // the least time between two starts at one host
	maxJitter   = 0.5
	maxActive   = 10000 // what one process has been measured with
	minMRU      = 576
	maxMRU      = 1500
	maxNameLen  = 63 // of what the gateway is told; some do not accept more
)

// The values of the configuration, and what the probe calls them.
var (
	authMethods = []chap.Method{chap.MethodMSCHAPv2, chap.MethodMSCHAPv1, chap.MethodMD5, chap.MethodPAP}
	mppeModes   = []string{mppeRequire, mppePrefer, mppeRefuse}
	strengths   = []int{128, 56, 40}
)

// problem is one thing that is wrong with the configuration.
type problem struct{ key, text string }

// problems collects what is wrong, each with key, value and remedy.
type problems []problem

func (p *problems) add(key, format string, a ...any) {
	*p = append(*p, problem{key, fmt.Sprintf(format, a...)})
}

// Validate implements [confmap.Validator]. It reports everything that is wrong,
// not just the first.
func (c *Config) Validate() error {
	var all problems
	if c.InitialDelay < 0 {
		all.add("initial_delay", "%s is negative; use 0s or more", c.InitialDelay)
	}
	if c.RejectedInterval < 0 {
		all.add("rejected_interval", "%s is negative; use 0s to log in at every interval even if the gateway refuses", c.RejectedInterval)
	}
	if c.Jitter < 0 || c.Jitter > maxJitter {
		all.add("jitter", "%g is out of range; use 0 to %g", c.Jitter, maxJitter)
	}
	if c.MaxConcurrent < 1 || c.MaxConcurrent > maxActive {
		all.add("max_concurrent", "%d is out of range; use 1 to %d", c.MaxConcurrent, maxActive)
	}
	if c.CollectionInterval < minInterval {
		all.add("collection_interval", "%s is too short; use at least %s", c.CollectionInterval, minInterval)
	}
	all = append(all, c.validateVantages()...)
	all = append(all, c.Capture.validate()...)
	defaults := c.Session.validate()
	all = append(all, defaults...)
	if len(c.Targets) == 0 {
		all.add("targets", "is empty; give at least one, such as {endpoint: vpn.example.com}")
	}
	var errs []error
	for _, p := range all {
		errs = append(errs, fmt.Errorf("%s: %s", p.key, p.text))
	}

	names, endpoints := make(map[string]int), make(map[string]int)
	anyTraffic := false
	for i := range c.Targets {
		t := &c.Targets[i]
		found := t.validate(c)
		found = append(found, t.duplicates(i, c.Targets, names, endpoints)...)
		for _, p := range found {
			if !slices.Contains(defaults, p) { // reported once, above
				errs = append(errs, fmt.Errorf("targets[%d] (%s): %s: %s", i, t.displayName(), p.key, p.text))
			}
		}
		anyTraffic = anyTraffic || t.Session.Depth == pptpprobe.DepthApplication.String()
	}
	if n := len(c.Session.Checks); n > 0 && len(c.Targets) > 0 && !anyTraffic {
		errs = append(errs, fmt.Errorf("checks: %d given, but no target has depth application, and only that sends traffic; set depth: application, or remove the checks", n))
	}
	return errors.Join(errs...)
}

func (c *Config) validateVantages() (p problems) {
	if c.Vantage != "" && len(c.Vantages) > 0 {
		p.add("vantage", "%q is given, and vantages too, each of which has a name; remove one of the two", c.Vantage)
	}
	names, addresses := make(map[string]int), make(map[string]int)
	for i, v := range c.Vantages {
		key := fmt.Sprintf("vantages[%d]", i)
		if v.Name == "" {
			p.add(key+"::name", "is empty; say where this looks from, such as isp-a")
		} else if first, ok := names[v.Name]; ok {
			p.add(key+"::name", "%q is the name of vantages[%d] too; give each its own", v.Name, first)
		}
		if addr, err := netip.ParseAddr(v.LocalAddress); err != nil || !addr.Is4() {
			p.add(key+"::local_address", "%q is not an IPv4 address; use one of this host, for example 192.0.2.1", v.LocalAddress)
		} else if first, ok := addresses[v.LocalAddress]; ok {
			p.add(key+"::local_address", "%q is that of vantages[%d] too; give each its own", v.LocalAddress, first)
		}
		names[v.Name], addresses[v.LocalAddress] = i, i
	}
	return p
}

func (c *CaptureConfig) validate() (p problems) {
	for _, n := range []struct {
		key   string
		value int64
	}{{"max_files", int64(c.MaxFiles)}, {"max_bytes", c.MaxBytes}, {"session_bytes", int64(c.SessionBytes)}} {
		if n.value <= 0 {
			p.add("capture::"+n.key, "%d is out of range; use a positive number, or leave it out", n.value)
		}
	}
	if o := c.options(); o != nil && len(p) == 0 {
		if err := o.Validate(); err != nil { // what the probe itself would refuse
			p.add("capture", "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
	return p
}

// duplicates compares target i to those before it.
func (t *TargetConfig) duplicates(i int, all []TargetConfig, names, endpoints map[string]int) (p problems) {
	if t.Endpoint == "" {
		return nil
	}
	host, port, _ := splitEndpoint(t.Endpoint)
	endpoint := strings.ToLower(host) + ":" + strconv.Itoa(int(port))
	if first, ok := endpoints[endpoint]; ok && (t.Name == "" || all[first].Name == "") {
		p.add("endpoint", "%q is probed by targets[%d] too; remove one, or give both a name", t.Endpoint, first)
		return p
	}
	if _, ok := endpoints[endpoint]; !ok {
		endpoints[endpoint] = i
	}
	if first, ok := names[t.displayName()]; ok {
		p.add("name", "%q is the name of targets[%d] too; give each target its own", t.displayName(), first)
		return p
	}
	names[t.displayName()] = i
	return p
}

func (t *TargetConfig) validate(c *Config) (p problems) {
	if err := checkEndpoint(t.Endpoint); err != nil {
		p.add("endpoint", "%s", err)
	}
	interval := t.interval(c)
	switch longest := t.Session.longest(); {
	case t.CollectionInterval != 0 && t.CollectionInterval < minInterval:
		p.add("collection_interval", "%s is too short; use at least %s", t.CollectionInterval, minInterval)
	case interval >= minInterval && interval < longest && !t.Session.Hold.Enabled:
		p.add("collection_interval", "%s is shorter than a session can take, timeout %s and budgets::teardown %s; use at least %s, or a shorter timeout",
			interval, t.Session.Timeout, t.Session.Budgets.Teardown, longest)
	}
	p = append(p, t.Session.validate()...)
	if len(c.Vantages) > 0 && t.Session.LocalAddress != "" {
		p.add("local_address", "%q is given, and vantages too, each of which has one; remove one of the two", t.Session.LocalAddress)
	}
	if t.Session.Addresses == allAddresses && t.Session.Hold.Enabled {
		p.add("addresses", "%q and hold: a held session has one address; make each address a target of its own, or use addresses: %s", allAddresses, firstAddress)
	}

	depth, err := pptpprobe.ParseDepth(t.Session.Depth)
	if err != nil {
		if t.Session.Depth == "" { // only if not unmarshalled, which sets it
			p.add("depth", "is empty; %s", suggest.OneOf("", pptpprobe.Depths()))
		}
		return p
	}
	if t.Session.Hold.Enabled && depth < pptpprobe.DepthNetwork {
		p.add("hold::enabled", "depth %s has no session to hold; use depth: network or application, or hold: {enabled: false}", depth)
	}
	if depth >= pptpprobe.DepthAuth {
		if t.Session.Username == "" {
			p.add("username", "is empty; depth %s logs in, so set username and password, or use depth: gre", depth)
		} else if t.Session.Password == "" {
			p.add("password", "is empty; depth %s logs in, so set it, best from the environment as ${env:PPTP_PASSWORD}, or use depth: gre", depth)
		}
	}
	switch n := len(t.Session.Checks); {
	case depth == pptpprobe.DepthApplication && n == 0:
		p.add("checks", "none given; depth application needs at least one, such as {type: icmp}, or use depth: network")
	case depth != pptpprobe.DepthApplication && n > 0:
		p.add("checks", "%d given, but depth %s ends before any traffic; use depth: application, or remove the checks", n, depth)
	}
	if len(p) == 0 {
		// What the probe itself would refuse, should it know more than we do here.
		if err := t.target().Validate(); err != nil {
			p.add("target", "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
	return p
}

// validate finds what is wrong whatever the target is.
func (s *SessionConfig) validate() (p problems) {
	if s.Depth != "" {
		if _, err := pptpprobe.ParseDepth(s.Depth); err != nil {
			p.add("depth", "%q is unknown; %s", s.Depth, suggest.OneOf(s.Depth, pptpprobe.Depths()))
		}
	}
	if a := []string{firstAddress, allAddresses}; !slices.Contains(a, s.Addresses) {
		p.add("addresses", "%q is unknown; %s", s.Addresses, suggest.OneOf(s.Addresses, a))
	}
	if s.Timeout <= 0 {
		p.add("timeout", "%s is not a time; use for example 30s", s.Timeout)
	}
	p = append(p, s.validateSecurity()...)
	if s.MRU < minMRU || s.MRU > maxMRU {
		p.add("mru", "%d is out of range; use %d to %d", s.MRU, minMRU, maxMRU)
	}
	for _, a := range []struct{ key, value string }{{"local_address", s.LocalAddress}, {"request_address", s.RequestAddress}} {
		if addr, err := netip.ParseAddr(a.value); a.value != "" && (err != nil || !addr.Is4()) {
			p.add(a.key, "%q is not an IPv4 address; use for example 192.0.2.1", a.value)
		}
	}
	for _, n := range []struct{ key, value string }{{"host_name", s.HostName}, {"vendor", s.Vendor}} {
		if len(n.value) > maxNameLen {
			p.add(n.key, "%q is %d bytes long; use at most %d", n.value, len(n.value), maxNameLen)
		}
	}
	for _, b := range s.Budgets.list() {
		if b.value <= 0 {
			p.add("budgets::"+b.key, "%s is not a time; use for example 5s, or leave it out", b.value)
		}
	}
	t := s.Thresholds
	if t.TCPConnect < 0 {
		p.add("thresholds::tcp_connect", "%s is negative; use 0s to switch the warning off", t.TCPConnect)
	}
	if t.Auth < 0 {
		p.add("thresholds::auth", "%s is negative; use 0s to switch the warning off", t.Auth)
	}
	if t.GRELoss < 0 || t.GRELoss > 1 {
		p.add("thresholds::gre_loss", "%g is out of range; use 0 to 1, where 0 switches the warning off", t.GRELoss)
	}
	p = append(p, s.Hold.validate()...)
	names := make(map[string]int)
	for i := range s.Checks {
		k := fmt.Sprintf("checks[%d]", i)
		p = append(p, s.Checks[i].validate(k)...)
		name := s.Checks[i].displayName()
		if first, ok := names[name]; ok {
			p.add(k+"::name", "%q is the name of checks[%d] too; give each check its own", name, first)
		} else {
			names[name] = i
		}
	}
	return p
}

func (s *SessionConfig) validateSecurity() (p problems) {
	names := make([]string, len(authMethods))
	for i, m := range authMethods {
		names[i] = m.String()
	}
	if len(s.Auth) == 0 {
		p.add("auth", "is empty; %s", suggest.OneOf("", names))
	}
	unknown, keys := false, false
	for _, a := range s.Auth {
		m, ok := parseAuth(a)
		switch {
		case a == chap.MethodEAP.String(): // no typing error, so no guess at what was meant
			unknown = true
			p.add("auth", "%q is not supported; %s", a, suggest.OneOf("", names))
		case !ok:
			unknown = true
			p.add("auth", "%q is unknown; %s", a, suggest.OneOf(a, names))
		}
		keys = keys || m == chap.MethodMSCHAPv1 || m == chap.MethodMSCHAPv2
	}
	if !slices.Contains(mppeModes, s.MPPE.Mode) {
		p.add("mppe::mode", "%q is unknown; %s", s.MPPE.Mode, suggest.OneOf(s.MPPE.Mode, mppeModes))
	}
	if s.MPPE.Mode == mppeRequire && len(s.Auth) > 0 && !unknown && !keys {
		p.add("mppe::mode", "%q needs encryption keys, which %s cannot give; add mschap_v2 to auth, or use mode: prefer or refuse",
			s.MPPE.Mode, strings.Join(s.Auth, " and "))
	}
	if len(s.MPPE.Strengths) == 0 && s.MPPE.Mode != mppeRefuse {
		p.add("mppe::strengths", "is empty; use some of 128, 56, 40")
	}
	for _, n := range s.MPPE.Strengths {
		if !slices.Contains(strengths, n) {
			p.add("mppe::strengths", "%d bit does not exist; use some of 128, 56, 40", n)
		}
	}
	return p
}

// budget is one stage's budget and its key.
type budget struct {
	key   string
	value time.Duration
}

func (b *BudgetsConfig) list() []budget {
	return []budget{
		{"dns", b.DNS}, {"tcp", b.TCP}, {"control", b.Control}, {"call", b.Call}, {"gre", b.GRE}, {"lcp", b.LCP},
		{"auth", b.Auth}, {"ccp", b.CCP}, {"ipcp", b.IPCP}, {"teardown", b.Teardown},
	}
}

func parseAuth(name string) (chap.Method, bool) {
	for _, m := range authMethods {
		if m.String() == name {
			return m, true
		}
	}
	return 0, false
}

func parseMPPEMode(mode string) ppp.Security {
	switch mode {
	case mppeRequire:
		return ppp.MPPERequire
	case mppePrefer:
		return ppp.MPPEPrefer
	}
	return ppp.MPPERefuse
}
