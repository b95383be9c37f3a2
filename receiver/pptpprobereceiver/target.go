package pptpprobereceiver

import (
	"net/netip"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// target translates a valid configuration into what the probe takes.
func (t *TargetConfig) target() pptpprobe.Target {
	s := &t.Session
	host, port, _ := splitEndpoint(t.Endpoint)
	depth, _ := pptpprobe.ParseDepth(s.Depth)
	auth := make([]chap.Method, 0, len(s.Auth))
	for _, a := range s.Auth {
		m, _ := parseAuth(a)
		auth = append(auth, m)
	}
	bits := make([]mppe.Strength, 0, len(s.MPPE.Strengths))
	for _, n := range s.MPPE.Strengths {
		bits = append(bits, mppe.Strength(n))
	}
	b := s.Budgets
	out := pptpprobe.Target{
		Name:       t.displayName(),
		Host:       host,
		Port:       port,
		LocalAddr:  parseAddr(s.LocalAddress),
		Depth:      depth,
		Auth:       auth,
		MPPE:       pptpprobe.MPPE{Mode: parseMPPEMode(s.MPPE.Mode), Strengths: bits, Stateful: s.MPPE.Stateful},
		MRU:        s.MRU,
		Address:    parseAddr(s.RequestAddress),
		HostName:   s.HostName,
		Vendor:     s.Vendor,
		NoLinkInfo: !s.SetLinkInfo,
		Timeout:    s.Timeout,
		Budgets: pptpprobe.Budgets{
			DNS: b.DNS, TCP: b.TCP, Control: b.Control, Call: b.Call, GRE: b.GRE, LCP: b.LCP,
			Auth: b.Auth, CCP: b.CCP, IPCP: b.IPCP, Teardown: b.Teardown,
		},
		Thresholds: pptpprobe.Thresholds{
			TCPConnect: s.Thresholds.TCPConnect, Auth: s.Thresholds.Auth, GRELoss: s.Thresholds.GRELoss,
		},
	}
	out.Hold = s.Hold.hold()
	if depth >= pptpprobe.DepthAuth { // a session that does not log in need not know how
		out.Username, out.Password = s.Username, pptpprobe.Secret(s.Password)
	}
	for i := range s.Checks {
		out.Checks = append(out.Checks, s.Checks[i].check())
	}
	return out
}

func (c *CheckConfig) check() pptpprobe.Check {
	kind, _ := pptpprobe.ParseCheckKind(c.Type)
	out := pptpprobe.Check{
		Kind: kind, Name: c.displayName(), Timeout: c.Timeout,
		Address: parseAddr(c.Address), Count: c.Count, Interval: c.Interval, Size: c.Size,
		MaxLoss: c.MaxLoss, MaxJitter: c.MaxJitter,
		Endpoint: c.Endpoint,
		URL:      c.URL, InsecureSkipVerify: c.InsecureSkipVerify, Status: c.Status, Body: c.BodyPattern,
		Query: c.Query, QueryType: c.QueryType, Server: parseAddr(c.Server),
		MaxBytes: c.MaxBytes, MinRate: c.MinRate,
	}
	if c.Direction == pptpprobe.Upload.String() {
		out.Direction = pptpprobe.Upload
	}
	return out
}

// parseAddr returns the address, or the zero Addr for the empty string.
func parseAddr(s string) netip.Addr {
	a, _ := netip.ParseAddr(s)
	return a
}
