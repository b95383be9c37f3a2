package pptpprobe

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"
)

// CheckKind is what a [Check] does through the tunnel.
type CheckKind uint8

// The kinds of check.
const (
	CheckICMP CheckKind = iota + 1 // ICMP echo requests
	CheckHTTP                      // one HTTP GET
)

// String returns "icmp" or "http".
func (k CheckKind) String() string {
	switch k {
	case CheckICMP:
		return "icmp"
	case CheckHTTP:
		return "http"
	}
	return fmt.Sprintf("check(%d)", uint8(k))
}

// Check is one test of the traffic through the tunnel. Which fields count
// depends on Kind.
type Check struct {
	Kind CheckKind
	// Name identifies the check among several of a target; it defaults to kind and destination.
	Name string
	// Timeout bounds the check; 0 is 5 s.
	Timeout time.Duration

	// Address is whom to ping (CheckICMP); the zero Addr is the server's end of the tunnel.
	Address netip.Addr
	// Count is the number of echo requests, Interval the time from one to the next,
	// Size the payload in bytes (CheckICMP); zero values are 3, 200 ms and 56.
	Count    int
	Interval time.Duration
	Size     int

	// URL is fetched with GET (CheckHTTP). Names are resolved by the DNS servers that
	// the gateway pushed, through the tunnel; redirects are not followed.
	URL string
	// Status is the expected status code (CheckHTTP); 0 accepts 200 to 399.
	Status int
}

const (
	defaultCheckTimeout = 5 * time.Second
	defaultPingCount    = 3
	defaultPingInterval = 200 * time.Millisecond
	defaultPingSize     = 56
	maxPingCount        = 1000
	maxPingSize         = 1372
	maxPingsWaiting     = 64 // that the IP stack keeps track of
	maxHTTPBody         = 4 << 20
)

func (c Check) validate() error {
	if c.Timeout < 0 || c.Interval < 0 {
		return errors.New("timeout and interval must not be negative")
	}
	switch c.Kind {
	case CheckICMP:
		if c.Address.IsValid() && !c.Address.Is4() {
			return fmt.Errorf("address: %s is not an IPv4 address", c.Address)
		}
		if c.Count < 0 || c.Count > maxPingCount {
			return fmt.Errorf("count: %d is out of range; use 1 to %d", c.Count, maxPingCount)
		}
		if c.Size < 0 || c.Size > maxPingSize {
			return fmt.Errorf("size: %d is out of range; use 0 to %d", c.Size, maxPingSize)
		}
		if d := c.withDefaults(netip.Addr{}); d.Interval < d.Timeout/maxPingsWaiting && d.Count > maxPingsWaiting {
			return fmt.Errorf("interval: %s is too short for %d requests within a timeout of %s; use at least %s", d.Interval, d.Count, d.Timeout, d.Timeout/maxPingsWaiting)
		}
		return nil
	case CheckHTTP:
		u, err := url.Parse(c.URL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return fmt.Errorf("url: %q is not an absolute http or https URL", c.URL)
		}
		if c.Status != 0 && (c.Status < 100 || c.Status > 599) {
			return fmt.Errorf("status: %d is not an HTTP status code", c.Status)
		}
		return nil
	}
	return fmt.Errorf("kind: %s is unknown", c.Kind)
}

func (c Check) withDefaults(peer netip.Addr) Check {
	if c.Timeout == 0 {
		c.Timeout = defaultCheckTimeout
	}
	if c.Kind == CheckICMP {
		if !c.Address.IsValid() {
			c.Address = peer
		}
		if c.Count == 0 {
			c.Count = defaultPingCount
		}
		if c.Interval == 0 {
			c.Interval = defaultPingInterval
		}
		if c.Size == 0 {
			c.Size = defaultPingSize
		}
	}
	if c.Name == "" {
		c.Name = c.Kind.String() + " " + c.destination()
	}
	return c
}

func (c Check) destination() string {
	if c.Kind == CheckHTTP {
		return c.URL
	}
	return c.Address.String()
}
