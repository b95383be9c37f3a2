//go:build linux

package pptpprobe_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/privilege"
)

const (
	testUser     = "probe"
	testPassword = "correct horse"
)

func startGateway(t testing.TB, cfg gateway.Config) *gateway.Gateway {
	t.Helper()
	if cfg.Users == nil {
		cfg.Users = map[string]string{testUser: testPassword}
	}
	gw, err := gateway.Start(context.Background(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, gw.Close()) })
	return gw
}

// catalogTarget is a session that any fault of the catalog shows in.
func catalogTarget(to netip.AddrPort) pptpprobe.Target {
	return pptpprobe.Target{
		Host: to.Addr().String(), Port: to.Port(),
		Depth: pptpprobe.DepthApplication, Username: testUser, Password: testPassword,
		MPPE:    pptpprobe.MPPE{Mode: ppp.MPPERequire},
		Timeout: 25 * time.Second,
		Budgets: pptpprobe.Budgets{
			TCP: 2 * time.Second, Control: 2 * time.Second, Call: 2 * time.Second, GRE: 3 * time.Second, LCP: 6 * time.Second,
			Auth: 4 * time.Second, CCP: 5 * time.Second, IPCP: 4 * time.Second,
		},
		Thresholds: pptpprobe.Thresholds{Auth: time.Second, GRELoss: 0.02},
		Checks: []pptpprobe.Check{
			{Kind: pptpprobe.CheckICMP, Count: 40, Interval: 50 * time.Millisecond, MaxLoss: 0.25, MaxJitter: 20 * time.Millisecond},
			{Kind: pptpprobe.CheckICMP, Address: netip.MustParseAddr("198.51.100.7"), Count: 20, Interval: 50 * time.Millisecond, Timeout: 2 * time.Second},
			{Kind: pptpprobe.CheckDNS, Query: "www.pptp.test", Timeout: 3 * time.Second},
			{Kind: pptpprobe.CheckTCP, Endpoint: "gateway.pptp.test:7", Timeout: 3 * time.Second},
			{Kind: pptpprobe.CheckHTTP, URL: "http://www.pptp.test./", Timeout: 4 * time.Second},
		},
	}
}

// adapt gives a session what an entry of the catalog needs besides the fault.
func adapt(name string, t *pptpprobe.Target, cfg *gateway.Config) {
	switch name {
	case "auth.weak_protocol":
		t.Auth, t.MPPE.Mode = []chap.Method{chap.MethodMD5, chap.MethodMSCHAPv2}, ppp.MPPEPrefer
		cfg.MPPE.Mode = gateway.MPPEPrefer
	case "auth.not_requested", "ipcp.dns_missing":
		t.MPPE.Mode, cfg.MPPE.Mode = ppp.MPPEPrefer, gateway.MPPEPrefer
		t.Checks = t.Checks[:1]
	case "app.mtu_blackhole", "app.mtu_low":
		t.Checks = []pptpprobe.Check{{Kind: pptpprobe.CheckMTU}}
	case "control.echo_timeout", "lcp.echo_timeout":
		t.Checks = []pptpprobe.Check{{Kind: pptpprobe.CheckEcho, Timeout: 2 * time.Second}}
	case "app.throughput_low":
		t.Checks = []pptpprobe.Check{{Kind: pptpprobe.CheckThroughput, URL: "http://www.pptp.test/bytes/4000000", Timeout: 4 * time.Second, MinRate: 200_000}}
	case "ipcp.address_rejected":
		t.Address = netip.MustParseAddr("10.99.0.200")
	}
}

// unreachable are the entries that a single session of this depth cannot show,
// and the tests that do.
var unreachable = map[string]func(*testing.T){
	"hold.data_lost": TestHoldCatalog,
	"hold.replaced":  TestHoldReplacedByGateway,
}

func TestCatalog(t *testing.T) {
	privilege.RawGRE(t)
	probe := pptpprobe.New(pptpprobe.Options{})
	t.Cleanup(func() { assert.NoError(t, probe.Close()) })

	var wg sync.WaitGroup
	slots := make(chan struct{}, 24)
	catalog := gateway.Catalog()
	results := make([]*pptpprobe.Result, len(catalog))
	var second *pptpprobe.Result // of two sessions at a time; the later one sees the address of the other
	for i, e := range catalog {
		if unreachable[e.Name] != nil {
			continue
		}
		cfg := gateway.Config{
			Listen: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 60, byte(i + 1)}), 1723),
			MPPE:   gateway.MPPEConfig{Mode: gateway.MPPERequire}, Faults: e.Faults,
		}
		target := catalogTarget(cfg.Listen)
		adapt(e.Name, &target, &cfg)
		startGateway(t, cfg)
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if e.Name == "ipcp.duplicate_address" {
				wg.Go(func() { second = probe.Run(context.Background(), target) })
			}
			results[i] = probe.Run(context.Background(), target)
		})
	}
	wg.Wait()
	for i, e := range catalog {
		t.Run(e.Name, func(t *testing.T) {
			r := results[i]
			if r == nil {
				return
			}
			if e.Name == "ipcp.duplicate_address" {
				r.Warnings = append(r.Warnings, second.Warnings...)
			}
			requireReported(t, e.Causes, r)
			assert.NotContains(t, fmt.Sprintf("%+v %#v", r, r), testPassword)
		})
	}
}

// requireReported wants one of the causes as the failure, or as a warning if the
// list says so, and no other failure.
func requireReported(t *testing.T, causes []string, r *pptpprobe.Result) {
	t.Helper()
	if f := r.Failure; f != nil {
		if info, ok := f.Cause.Info(); assert.True(t, ok, "%q is not in the list", f.Cause) {
			assert.NotContains(t, []pptpprobe.Severity{pptpprobe.SeverityWarn, pptpprobe.SeverityInfo}, info.Severity, "%s is not a failure", f.Cause)
		}
		assert.NotEmpty(t, f.Detail)
		if slices.Contains(causes, string(f.Cause)) {
			return
		}
	}
	for _, w := range r.Warnings {
		// What the link drops for its security, or what went to the other session with the same address, may be
		// missed by a check, which then fails as well.
		if slices.Contains(causes, string(w.Cause)) && (r.Failure == nil || strings.HasPrefix(string(w.Cause), "mppe.") || w.Cause == pptpprobe.CauseIPCPDuplicateAddress) {
			return
		}
	}
	t.Errorf("want %s, got %s", strings.Join(causes, " or "), describe(r))
}

func describe(r *pptpprobe.Result) string {
	var b strings.Builder
	if r.Failure != nil {
		fmt.Fprintf(&b, "%s in stage %s: %s", r.Failure.Cause, r.Failure.Stage, r.Failure.Detail)
	} else {
		b.WriteString("a whole session")
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "; warning %s: %s", w.Cause, w.Detail)
	}
	for _, s := range r.Stages {
		fmt.Fprintf(&b, "; %s %s %s", s.Stage, s.Outcome, s.Duration.Round(time.Millisecond))
	}
	return b.String()
}
