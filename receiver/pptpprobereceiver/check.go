package pptpprobereceiver

import (
	"net/netip"
	"net/url"
)

func (c *CheckConfig) validate(k string) (p problems) {
	if c.Timeout < 0 {
		p.add(k+"::timeout", "%s is negative; use for example 5s", c.Timeout)
	}
	switch c.Type {
	case checkICMP:
		if a, err := netip.ParseAddr(c.Address); c.Address != "" && (err != nil || !a.Is4()) {
			p.add(k+"::address", "%q is not an IPv4 address; use for example 10.0.0.1, or leave it out to ping the gateway's end of the tunnel", c.Address)
		}
		if c.Count < 0 || c.Count > maxPings {
			p.add(k+"::count", "%d is out of range; use 1 to %d", c.Count, maxPings)
		}
		if c.Interval < 0 {
			p.add(k+"::interval", "%s is negative; use for example 200ms", c.Interval)
		}
		if c.Size < 0 || c.Size > maxPingSize {
			p.add(k+"::size", "%d is out of range; use 0 to %d", c.Size, maxPingSize)
		}
		if c.URL != "" || c.Status != 0 {
			p.add(k, "url and status are for type http; remove them, or use type: http")
		}
	case checkHTTP:
		if u, err := url.Parse(c.URL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			p.add(k+"::url", "%q is not an absolute URL; use for example http://intranet.example.com/health", c.URL)
		}
		if c.Status != 0 && (c.Status < 100 || c.Status > 599) {
			p.add(k+"::status", "%d is not an HTTP status code; use 100 to 599, or leave it out to accept 200 to 399", c.Status)
		}
		if c.Address != "" || c.Count != 0 || c.Interval != 0 || c.Size != 0 {
			p.add(k, "address, count, interval and size are for type icmp; remove them, or use type: icmp")
		}
	default:
		p.add(k+"::type", "%q is unknown; %s", c.Type, oneOf(c.Type, checkTypes))
	}
	return p
}

// displayName is the name under which the check is reported.
func (c *CheckConfig) displayName() string {
	switch {
	case c.Name != "":
		return c.Name
	case c.Type == checkHTTP:
		return c.Type + " " + redactURL(c.URL)
	case c.Address == "":
		return c.Type + " gateway"
	}
	return c.Type + " " + c.Address
}
