package pptpprobereceiver

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// The types of check that others refer to.
const (
	checkICMP       = "icmp"
	checkHTTP       = "http"
	checkTCP        = "tcp"
	checkDNS        = "dns"
	checkThroughput = "throughput"
	checkMTU        = "mtu"
	checkEcho       = "echo"
)

// The bounds of what a check may do.
const (
	maxPings        = 1000
	maxEchoes       = 100
	minEchoInterval = 100 * time.Millisecond
	maxPingSize     = 1372 // fits the default MRU with the headers of IPv4 and ICMP
	maxPattern      = 1024
	maxTransfer     = 1 << 30
	minTransferTime = 100 * time.Millisecond
)

// directions are the ways of a transfer.
var directions = []string{pptpprobe.Download.String(), pptpprobe.Upload.String()}

// keys are those that only some types of check have.
func (c *CheckConfig) keys() []checkKey {
	return []checkKey{
		{"address", c.Address, c.Address != "", []string{checkICMP, checkMTU}},
		{"count", strconv.Itoa(c.Count), c.Count != 0, []string{checkICMP, checkEcho}},
		{"interval", c.Interval.String(), c.Interval != 0, []string{checkICMP, checkEcho}},
		{"size", strconv.Itoa(c.Size), c.Size != 0, []string{checkICMP}},
		{"max_loss", fmt.Sprintf("%g", c.MaxLoss), c.MaxLoss != 0, []string{checkICMP}},
		{"max_jitter", c.MaxJitter.String(), c.MaxJitter != 0, []string{checkICMP}},
		{"endpoint", c.Endpoint, c.Endpoint != "", []string{checkTCP}},
		{"url", redactURL(c.URL), c.URL != "", []string{checkHTTP, checkThroughput}},
		{"insecure_skip_verify", "true", c.InsecureSkipVerify, []string{checkHTTP, checkThroughput}},
		{"status", strconv.Itoa(c.Status), c.Status != 0, []string{checkHTTP}},
		{"body_pattern", c.BodyPattern, c.BodyPattern != "", []string{checkHTTP}},
		{"query", c.Query, c.Query != "", []string{checkDNS}},
		{"query_type", c.QueryType, c.QueryType != "", []string{checkDNS}},
		{"server", c.Server, c.Server != "", []string{checkDNS}},
		{"direction", c.Direction, c.Direction != "", []string{checkThroughput}},
		{"max_bytes", strconv.FormatInt(c.MaxBytes, 10), c.MaxBytes != 0, []string{checkThroughput}},
		{"min_rate", fmt.Sprintf("%g", c.MinRate), c.MinRate != 0, []string{checkThroughput}},
	}
}

// checkKey is one key, its value, and the types that it is for.
type checkKey struct {
	name, value string
	set         bool
	types       []string
}

// validate finds what is wrong with the check at key k.
func (c *CheckConfig) validate(k string) (p problems) {
	if c.Timeout < 0 {
		p.add(k+"::timeout", "%s is negative; use for example 5s", c.Timeout)
	}
	kinds := pptpprobe.CheckKinds()
	if !slices.Contains(kinds, c.Type) {
		p.add(k+"::type", "%q is unknown; %s", c.Type, suggest.OneOf(c.Type, kinds))
		return p
	}
	switch c.Type {
	case checkICMP:
		p = append(p, c.validateICMP(k)...)
	case checkHTTP:
		p = append(p, c.validateHTTP(k)...)
	case checkTCP:
		p = append(p, c.validateTCP(k)...)
	case checkDNS:
		p = append(p, c.validateDNS(k)...)
	case checkThroughput:
		p = append(p, c.validateThroughput(k)...)
	case checkMTU:
		p.address(k+"::address", c.Address, "leave it out to test the path to the gateway's end of the tunnel")
	case checkEcho:
		p.count(k, c, maxEchoes)
		if c.Interval > 0 && c.Interval < minEchoInterval {
			p.add(k+"::interval", "%s is too short; use at least %s", c.Interval, minEchoInterval)
		}
	}
	for _, key := range c.keys() {
		if key.set && !slices.Contains(key.types, c.Type) {
			p.add(k+"::"+key.name, "%q is for type %s, not for %s; remove it, or change the type", key.value, strings.Join(key.types, " or "), c.Type)
		}
	}
	return p
}

func (c *CheckConfig) validateICMP(k string) (p problems) {
	p.address(k+"::address", c.Address, "leave it out to ping the gateway's end of the tunnel")
	p.count(k, c, maxPings)
	if c.Size < 0 || c.Size > maxPingSize {
		p.add(k+"::size", "%d is out of range; use 0 to %d", c.Size, maxPingSize)
	}
	if !(c.MaxLoss >= 0 && c.MaxLoss <= 1) { // not a number is neither
		p.add(k+"::max_loss", "%g is out of range; use 0 to 1, where 0 switches the warning off", c.MaxLoss)
	}
	if c.MaxJitter < 0 {
		p.add(k+"::max_jitter", "%s is negative; use 0s to switch the warning off", c.MaxJitter)
	}
	return p
}

func (c *CheckConfig) validateHTTP(k string) (p problems) {
	p.url(k+"::url", c.URL, "http://intranet.example.com/health")
	if c.Status != 0 && (c.Status < 100 || c.Status > 599) {
		p.add(k+"::status", "%d is not an HTTP status code; use 100 to 599, or leave it out to accept 200 to 399", c.Status)
	}
	if len(c.BodyPattern) > maxPattern {
		p.add(k+"::body_pattern", "is %d bytes long; use at most %d", len(c.BodyPattern), maxPattern)
	} else if _, err := regexp.Compile(c.BodyPattern); err != nil {
		p.add(k+"::body_pattern", "%q is not a regular expression (%s); use the syntax of RE2", c.BodyPattern, err)
	}
	return p
}

func (c *CheckConfig) validateTCP(k string) (p problems) {
	host, port, err := net.SplitHostPort(c.Endpoint)
	n, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || host == "" || portErr != nil || n == 0 {
		p.add(k+"::endpoint", "%q is not host:port; use for example 10.0.0.1:443 or intranet.example.com:22", c.Endpoint)
	} else if a, err := netip.ParseAddr(host); err == nil && !a.Is4() {
		p.add(k+"::endpoint", "%q is not an IPv4 address; tunnels carry IPv4 only, use for example 10.0.0.1:443", c.Endpoint)
	}
	return p
}

func (c *CheckConfig) validateDNS(k string) (p problems) {
	if strings.Trim(c.Query, ".") == "" {
		p.add(k+"::query", "%q is not a name; use for example intranet.example.com", c.Query)
	}
	if types := pptpprobe.QueryTypes(); c.QueryType != "" && !slices.Contains(types, c.QueryType) {
		p.add(k+"::query_type", "%q is unknown; %s", c.QueryType, suggest.OneOf(c.QueryType, types))
	}
	p.address(k+"::server", c.Server, "leave it out to ask each server that the gateway pushed")
	return p
}

func (c *CheckConfig) validateThroughput(k string) (p problems) {
	p.url(k+"::url", c.URL, "http://intranet.example.com/10MB.bin")
	if c.Direction != "" && !slices.Contains(directions, c.Direction) {
		p.add(k+"::direction", "%q is unknown; %s", c.Direction, suggest.OneOf(c.Direction, directions))
	}
	if c.MaxBytes < 0 || c.MaxBytes > maxTransfer {
		p.add(k+"::max_bytes", "%d is out of range; use 1 to %d", c.MaxBytes, maxTransfer)
	}
	if !(c.MinRate >= 0) {
		p.add(k+"::min_rate", "%g is negative; use bytes a second, or 0 to switch the warning off", c.MinRate)
	}
	if c.Timeout > 0 && c.Timeout < minTransferTime {
		p.add(k+"::timeout", "%s is too short to measure a rate; use at least %s", c.Timeout, minTransferTime)
	}
	return p
}

func (p *problems) address(key, value, remedy string) {
	if a, err := netip.ParseAddr(value); value != "" && (err != nil || !a.Is4()) {
		p.add(key, "%q is not an IPv4 address; use for example 10.0.0.1, or %s", value, remedy)
	}
}

func (p *problems) count(k string, c *CheckConfig, most int) {
	if c.Count < 0 || c.Count > most {
		p.add(k+"::count", "%d is out of range; use 1 to %d", c.Count, most)
	}
	if c.Interval < 0 {
		p.add(k+"::interval", "%s is negative; use for example 200ms", c.Interval)
	}
}

func (p *problems) url(key, value, example string) {
	if u, err := url.Parse(value); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		p.add(key, "%q is not an absolute URL; use for example %s", value, example)
	}
}

// displayName is the name under which the check is reported.
func (c *CheckConfig) displayName() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Type + c.destination()
}

// destination is what follows the type in the name of a check that has none.
func (c *CheckConfig) destination() string {
	switch c.Type {
	case checkHTTP:
		return " " + redactURL(c.URL)
	case checkThroughput:
		if c.Direction == "" {
			return " " + directions[0] + " " + redactURL(c.URL)
		}
		return " " + c.Direction + " " + redactURL(c.URL)
	case checkTCP:
		return " " + c.Endpoint
	case checkDNS:
		d := " " + c.Query
		if c.QueryType != "" {
			d += " " + c.QueryType
		}
		if c.Server != "" {
			d += " at " + c.Server
		}
		return d
	case checkEcho:
		return ""
	}
	if c.Address == "" {
		return " gateway"
	}
	return " " + c.Address
}
