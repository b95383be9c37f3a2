package pptpprobe

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The bounds of a check.
const (
	maxPingCount    = 1000
	maxEchoCount    = 100
	minEchoInterval = 100 * time.Millisecond // the link keeps track of 8 requests
	maxPingSize     = 1372
	maxPingsWaiting = 64 // that the IP stack keeps track of
	maxPatternLen   = 1024
	maxMaxBytes     = 1 << 30
	maxLabelLen     = 63  // RFC 1035 §2.3.4
	maxDomainLen    = 253 // the same, as text
)

// validate reports the first thing that is wrong, with the field, the value and a remedy.
func (c Check) validate() error {
	if c.Timeout < 0 || c.Interval < 0 {
		return fmt.Errorf("timeout and interval: %s and %s must not be negative; use 0 for the default", c.Timeout, c.Interval)
	}
	switch c.Kind {
	case CheckICMP:
		return c.validateICMP()
	case CheckHTTP:
		return errors.Join(validateURL(c.URL), c.validateStatus(), validatePattern(c.Body))
	case CheckTCP:
		_, _, err := splitEndpoint(c.Endpoint)
		return err
	case CheckDNS:
		return c.validateDNS()
	case CheckThroughput:
		return errors.Join(validateURL(c.URL), c.validateTransfer())
	case CheckMTU:
		return validateAddr("address", c.Address)
	case CheckEcho:
		if c.Count < 0 || c.Count > maxEchoCount {
			return fmt.Errorf("count: %d is out of range; use 1 to %d", c.Count, maxEchoCount)
		}
		if c.Interval != 0 && c.Interval < minEchoInterval {
			return fmt.Errorf("interval: %s is too short; use at least %s", c.Interval, minEchoInterval)
		}
		return nil
	}
	return fmt.Errorf("kind: %s is unknown; use one of %s", c.Kind, strings.Join(CheckKinds(), ", "))
}

func (c Check) validateICMP() error {
	if c.Count < 0 || c.Count > maxPingCount {
		return fmt.Errorf("count: %d is out of range; use 1 to %d", c.Count, maxPingCount)
	}
	if c.Size < 0 || c.Size > maxPingSize {
		return fmt.Errorf("size: %d is out of range; use 0 to %d", c.Size, maxPingSize)
	}
	if d := c.withDefaults(netip.Addr{}); d.Interval < d.Timeout/maxPingsWaiting && d.Count > maxPingsWaiting {
		return fmt.Errorf("interval: %s is too short for %d requests within a timeout of %s; use at least %s", d.Interval, d.Count, d.Timeout, d.Timeout/maxPingsWaiting)
	}
	if !(c.MaxLoss >= 0 && c.MaxLoss <= 1) { // not a number is neither
		return fmt.Errorf("max loss: %g is out of range; use 0 to 1, where 0 is never", c.MaxLoss)
	}
	if c.MaxJitter < 0 {
		return fmt.Errorf("max jitter: %s is negative; use 0 for never", c.MaxJitter)
	}
	return validateAddr("address", c.Address)
}

func (c Check) validateStatus() error {
	if c.Status != 0 && (c.Status < 100 || c.Status > 599) {
		return fmt.Errorf("status: %d is not an HTTP status code; use 100 to 599, or 0 for 200 to 399", c.Status)
	}
	return nil
}

func (c Check) validateDNS() error {
	if !slices.Contains(QueryTypes(), c.QueryType) && c.QueryType != "" {
		return fmt.Errorf("query type: %q is unknown; use one of %s", c.QueryType, strings.Join(QueryTypes(), ", "))
	}
	return errors.Join(validateDomain("query", c.Query), validateAddr("server", c.Server))
}

func (c Check) validateTransfer() error {
	switch {
	case c.Direction > Upload:
		return fmt.Errorf("direction: %d is unknown; use Download or Upload", uint8(c.Direction))
	case c.MaxBytes < 0 || c.MaxBytes > maxMaxBytes:
		return fmt.Errorf("max bytes: %d is out of range; use 1 to %d", c.MaxBytes, maxMaxBytes)
	case !(c.MinRate >= 0):
		return fmt.Errorf("min rate: %g is negative; use bytes a second, or 0 for never", c.MinRate)
	case c.Timeout != 0 && c.Timeout < 100*time.Millisecond:
		return fmt.Errorf("timeout: %s is too short to measure a rate; use at least 100ms", c.Timeout)
	}
	return nil
}

func validateAddr(field string, a netip.Addr) error {
	if a.IsValid() && !a.Is4() {
		return fmt.Errorf("%s: %s is not an IPv4 address", field, a)
	}
	return nil
}

func validateURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("url: %q is not an absolute http or https URL", text)
	}
	return nil
}

func validatePattern(p string) error {
	if len(p) > maxPatternLen {
		return fmt.Errorf("body: the pattern is %d bytes long; use at most %d", len(p), maxPatternLen)
	}
	if _, err := regexp.Compile(p); err != nil {
		return fmt.Errorf("body: %q is not a regular expression: %w", p, err)
	}
	return nil
}

// validateDomain accepts what can be asked for in a query, underscores and all.
func validateDomain(field, name string) error {
	plain := strings.TrimSuffix(name, ".")
	if plain == "" {
		return fmt.Errorf("%s: is empty; give the name to ask for", field)
	}
	if len(plain) > maxDomainLen {
		return fmt.Errorf("%s: %q is longer than %d bytes", field, name, maxDomainLen)
	}
	for label := range strings.SplitSeq(plain, ".") {
		if label == "" || len(label) > maxLabelLen {
			return fmt.Errorf("%s: %q is not a domain name; each part has 1 to %d bytes", field, name, maxLabelLen)
		}
	}
	if strings.ContainsFunc(plain, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("%s: %q has characters that no query can carry; write it in ASCII (xn--...)", field, name)
	}
	return nil
}

// splitEndpoint takes host and port apart. The host is an IPv4 address or a name.
func splitEndpoint(endpoint string) (host string, port uint16, err error) {
	host, text, err := net.SplitHostPort(endpoint)
	if err != nil {
		return "", 0, fmt.Errorf("endpoint: %q is not host:port; use for example 10.0.0.1:443", endpoint)
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("endpoint: %q has no port between 1 and 65535", endpoint)
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return host, uint16(n), validateAddr("endpoint", a)
	}
	return host, uint16(n), validateDomain("endpoint", host)
}
