package main

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// add adds the check that an option asks for.
func (c *checkOptions) add(option string, check pptpprobe.Check) error {
	if c.firstCheck == "" {
		c.firstCheck = option
	}
	c.target.Checks = append(c.target.Checks, check)
	return nil
}

func (c *checkOptions) addPing(s string) error {
	a, err := parsePeer(s)
	if err != nil {
		return err
	}
	return c.add("ping", pptpprobe.Check{Kind: pptpprobe.CheckICMP, Name: "ping " + s, Address: a})
}

func (c *checkOptions) addMTU(s string) error {
	a, err := parsePeer(s)
	if err != nil {
		return err
	}
	return c.add("mtu", pptpprobe.Check{Kind: pptpprobe.CheckMTU, Name: "mtu " + s, Address: a})
}

// parsePeer reads an address; the zero Addr is the gateway's end of the tunnel.
func parsePeer(s string) (netip.Addr, error) {
	if s == "peer" {
		return netip.Addr{}, nil
	}
	a, err := parseIPv4(s)
	if err != nil {
		return a, fmt.Errorf("%w, or peer for the gateway's end of the tunnel", err)
	}
	return a, nil
}

func (c *checkOptions) addHTTP(s string) error {
	if err := checkURL(s); err != nil {
		return err
	}
	return c.add("http", pptpprobe.Check{Kind: pptpprobe.CheckHTTP, Name: s, URL: s})
}

func (c *checkOptions) addThroughput(s string) error {
	if err := checkURL(s); err != nil {
		return err
	}
	return c.add("throughput", pptpprobe.Check{Kind: pptpprobe.CheckThroughput, Name: "throughput " + s, URL: s})
}

func checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("is not an absolute URL; use for example http://intranet.example.com/health")
	}
	if u.User != nil {
		return errors.New("the URL has a user or password in it, which every user of this host could read (ps); leave it out")
	}
	return nil
}

func (c *checkOptions) addTCP(s string) error {
	return c.add("tcp", pptpprobe.Check{Kind: pptpprobe.CheckTCP, Name: "tcp " + s, Endpoint: s})
}

func (c *checkOptions) addDNS(s string) error {
	return c.add("dns", pptpprobe.Check{Kind: pptpprobe.CheckDNS, Name: "dns " + s, Query: s})
}

func (c *checkOptions) addEcho(string) error {
	return c.add("echo", pptpprobe.Check{Kind: pptpprobe.CheckEcho, Name: "echo"})
}

func (c *checkOptions) setCapture(s string) (err error) {
	c.target.Capture, err = pptpprobe.NewCaptures(pptpprobe.CaptureOptions{Dir: s})
	return err
}

// measured is what a check found, for people.
func (s *session) measured(c *pptpprobe.CheckResult) string {
	parts := s.found(c)
	for _, w := range c.Warnings {
		parts = append(parts, fmt.Sprintf("%s: %s", w.Cause, s.clean(w.Detail)))
	}
	if f := c.Failure; f != nil {
		parts = append(parts, fmt.Sprintf("%s: %s", f.Cause, s.clean(f.Detail)))
	}
	if len(parts) == 0 {
		return "passed in " + took(c.Duration)
	}
	return strings.Join(parts, "; ")
}

func (s *session) found(c *pptpprobe.CheckResult) (parts []string) {
	add := func(format string, a ...any) { parts = append(parts, fmt.Sprintf(format, a...)) }
	switch p, h, t, d, r, m, e := c.Ping, c.HTTP, c.TCP, c.DNS, c.Throughput, c.MTU, c.Echo; {
	case p != nil:
		text := fmt.Sprintf("%d of %d answered", p.Received, p.Sent)
		if len(p.RTTs) > 0 {
			text += fmt.Sprintf(", rtt min/avg/max %s/%s/%s ms, jitter %s ms",
				milliseconds(slices.Min(p.RTTs)), milliseconds(average(p.RTTs)), milliseconds(slices.Max(p.RTTs)), milliseconds(p.Jitter))
		}
		add("%s", text)
	case h != nil && h.Status != 0:
		add("status %d, %d bytes, connect %s, first byte %s", h.Status, h.Bytes, took(h.Connect), took(h.FirstByte))
	case t != nil && t.Connect > 0:
		text := fmt.Sprintf("connected to %s in %s", t.Address, took(t.Connect))
		if t.Lookup > 0 {
			text += ", name resolved in " + took(t.Lookup)
		}
		add("%s", text)
	case d != nil:
		for _, sv := range d.Servers {
			if sv.RCode != "" {
				add("%s says %s in %s %s", sv.Server, s.clean(sv.RCode), took(sv.Latency), s.clean(strings.Join(sv.Answers, ", ")))
			}
		}
	case r != nil && r.Bytes > 0:
		add("%.1f kB in %s, %.2f Mbit/s %s", float64(r.Bytes)/1e3, took(r.Elapsed), r.Rate()*8/1e6, r.Direction)
	case m != nil && m.Path > 0:
		text := fmt.Sprintf("%d bytes pass", m.Path)
		switch {
		case m.Refused > 0:
			text += fmt.Sprintf(", %d are refused", m.Refused)
		case m.Lost > 0:
			text += fmt.Sprintf(", %d are lost without a word", m.Lost)
		}
		add("%s of %d negotiated", text, m.Negotiated)
	case e != nil:
		for _, k := range []struct {
			name  string
			stats pptpprobe.EchoStats
		}{{"LCP", e.LCP}, {"control", e.Control}} {
			text := fmt.Sprintf("%s %d of %d answered", k.name, k.stats.Received, k.stats.Sent)
			if l := k.stats.RTTs; len(l) > 0 {
				text += fmt.Sprintf(", rtt min/avg/max %s/%s/%s ms", milliseconds(slices.Min(l)), milliseconds(average(l)), milliseconds(slices.Max(l)))
			}
			add("%s", text)
		}
	}
	return parts
}
