package main

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// parseEndpoint divides HOST[:PORT].
func parseEndpoint(s string) (host string, port uint16, err error) {
	const remedy = "use HOST or HOST:PORT, such as vpn.example.com:1723"
	switch {
	case strings.Contains(s, "@"): // not repeated: what is before it might have a password in it
		return "", 0, errors.New("the host has an @ in it; give the user as -u USER, and " + remedy)
	case strings.Contains(s, "://"):
		return "", 0, fmt.Errorf("%q is a URL; %s", s, remedy)
	case strings.ContainsAny(s, "[]") || strings.Count(s, ":") > 1:
		return "", 0, fmt.Errorf("%q is an IPv6 address, and PPTP runs over IPv4 only; use a host name or an IPv4 address", s)
	}
	host, p, given := strings.Cut(s, ":")
	n := uint64(defaultPort)
	if given {
		if n, err = strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return "", 0, fmt.Errorf("%q has no valid port; use 1 to 65535, or leave it out for %d", s, defaultPort)
		}
	}
	if host == "" || strings.ContainsAny(host, " \t\r\n/?#") {
		return "", 0, fmt.Errorf("%q has no valid host; %s", s, remedy)
	}
	return host, uint16(n), nil
}

func (c *checkOptions) setDepth(s string) (err error) {
	if c.target.Depth, err = pptpprobe.ParseDepth(s); err != nil {
		return fmt.Errorf("%q is unknown; %s", s, suggest.OneOf(s, pptpprobe.Depths()))
	}
	c.depthGiven = true
	return nil
}

func (c *checkOptions) setAuth(s string) error {
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		if name == chap.MethodEAP.String() { // no typing error, so no guess at what was meant
			return fmt.Errorf("%q is not supported; use one of %s", name, strings.Join(names(authMethods), ", "))
		}
		m, err := choose(name, authMethods)
		if err != nil {
			return err
		}
		c.target.Auth = append(c.target.Auth, m)
	}
	return nil
}

func (c *checkOptions) setMPPE(s string) (err error) {
	c.target.MPPE.Mode, err = choose(s, mppeModes)
	return err
}

func (c *checkOptions) setStrengths(s string) error {
	for bits := range strings.SplitSeq(s, ",") {
		n, err := choose(strings.TrimSpace(bits), strengths)
		if err != nil {
			return err
		}
		c.target.MPPE.Strengths = append(c.target.MPPE.Strengths, n)
	}
	return nil
}

func (c *checkOptions) setMRU(s string) error {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return fmt.Errorf("%q is not a number of bytes; use 576 to 1500", s)
	}
	c.target.MRU = uint16(n)
	return nil
}

func (c *checkOptions) setLocal(s string) (err error) {
	c.target.LocalAddr, err = parseIPv4(s)
	return err
}

// setTimeout takes "20" as seconds, as plugins of monitoring systems do.
func (c *checkOptions) setTimeout(s string) error {
	d, err := time.ParseDuration(s)
	if n, isNumber := strconv.ParseFloat(s, 64); isNumber == nil {
		d, err = time.Duration(n*float64(time.Second)), nil
		if math.IsNaN(n) || n > maxTimeout.Seconds() {
			d = -1
		}
	}
	if err != nil || d < minTimeout || d > maxTimeout {
		return fmt.Errorf("%q is not a time; use %s to %s, as 20 or 20s", s, minTimeout, maxTimeout)
	}
	c.target.Timeout = d
	return nil
}

const (
	minTimeout = 100 * time.Millisecond
	maxTimeout = time.Hour
)

func parseIPv4(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return netip.Addr{}, fmt.Errorf("%q is not an IPv4 address; use for example 192.0.2.1", s)
	}
	return a, nil
}

// choose returns the value with the name s.
func choose[T fmt.Stringer](s string, valid []T) (T, error) {
	if i := slices.Index(names(valid), s); i >= 0 {
		return valid[i], nil
	}
	var zero T
	return zero, fmt.Errorf("%q is unknown; %s", s, suggest.OneOf(s, names(valid)))
}

func names[T fmt.Stringer](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = v.String()
	}
	return list
}

// The setters of options without a meaning of their own.

func text(to *string) func(string) error { return func(s string) error { *to = s; return nil } }

func yes(to *bool) func(string) error { return func(string) error { *to = true; return nil } }

func limit(to **threshold) func(string) error {
	return func(s string) error {
		t, err := parseThreshold(s)
		*to = &t
		return err
	}
}
