//go:build linux

package pptpprobe_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/privilege"
)

// everyCheck is each kind of check once, and both directions.
var everyCheck = []pptpprobe.Check{
	{Kind: pptpprobe.CheckEcho, Interval: 100 * time.Millisecond},
	{Kind: pptpprobe.CheckICMP, Interval: 20 * time.Millisecond},
	{Kind: pptpprobe.CheckMTU},
	{Kind: pptpprobe.CheckDNS, Query: "www.pptp.test"},
	{Kind: pptpprobe.CheckDNS, Query: "gateway.pptp.test", Server: netip.MustParseAddr("192.0.2.53")},
	{Kind: pptpprobe.CheckTCP, Endpoint: "www.pptp.test:7"},
	{Kind: pptpprobe.CheckHTTP, URL: "http://www.pptp.test/", Body: "came through the tunnel"},
	{Kind: pptpprobe.CheckThroughput, URL: "http://www.pptp.test/bytes/300000"},
	{Kind: pptpprobe.CheckThroughput, URL: "http://www.pptp.test/sink", Direction: pptpprobe.Upload, MaxBytes: 300000},
}

// checked runs one session with checks against a gateway of its own.
func checked(t *testing.T, host byte, faults gateway.Faults, checks ...pptpprobe.Check) *pptpprobe.Result {
	t.Helper()
	privilege.RawGRE(t)
	cfg := gateway.Config{
		Listen: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 61, host}), 1723),
		MPPE:   gateway.MPPEConfig{Mode: gateway.MPPERequire}, Faults: faults,
	}
	startGateway(t, cfg)
	probe := pptpprobe.New(pptpprobe.Options{})
	t.Cleanup(func() { assert.NoError(t, probe.Close()) })
	target := catalogTarget(cfg.Listen)
	target.MPPE.Mode, target.Checks = ppp.MPPERequire, checks
	return probe.Run(context.Background(), target)
}

func TestEveryCheckThroughTheGateway(t *testing.T) {
	r := checked(t, 1, gateway.Faults{}, everyCheck...)
	require.True(t, r.OK(), describe(r))
	require.Len(t, r.Checks, len(everyCheck))
	echo, ping, mtu, dns, other, tcp, http, down, up := r.Checks[0].Echo, r.Checks[1].Ping, r.Checks[2].MTU, r.Checks[3].DNS,
		r.Checks[4].DNS, r.Checks[5].TCP, r.Checks[6].HTTP, r.Checks[7].Throughput, r.Checks[8].Throughput
	assert.Equal(t, 3, echo.LCP.Received)
	assert.Len(t, echo.LCP.RTTs, 3)
	assert.Positive(t, echo.Control.Received)
	assert.Len(t, echo.Control.RTTs, echo.Control.Received)
	assert.Equal(t, 3, ping.Received)
	assert.Equal(t, 1396, mtu.Negotiated)
	assert.Equal(t, 1396, mtu.Path)
	require.NotEmpty(t, dns.Servers)
	assert.Equal(t, []string{"192.0.2.80"}, dns.Servers[0].Answers)
	require.Len(t, other.Servers, 1)
	assert.Equal(t, "192.0.2.53", other.Servers[0].Server.String())
	assert.Equal(t, "192.0.2.80:7", tcp.Address.String())
	assert.Equal(t, 200, http.Status)
	assert.Equal(t, int64(300000), down.Bytes)
	assert.Equal(t, int64(300000), up.Bytes)
	assert.Positive(t, up.Rate())
}

func TestEchoCheckFailures(t *testing.T) {
	for i, tt := range []struct {
		faults gateway.Faults
		want   pptpprobe.Cause
	}{
		{gateway.Faults{LCPEchoSilent: true}, pptpprobe.CauseLCPEchoTimeout},
		{gateway.Faults{EchoSilent: true}, pptpprobe.CauseControlEchoTimeout},
	} {
		t.Run(string(tt.want), func(t *testing.T) {
			r := checked(t, byte(2+i), tt.faults, pptpprobe.Check{Kind: pptpprobe.CheckEcho, Interval: 100 * time.Millisecond, Timeout: time.Second})
			require.NotNil(t, r.Failure)
			assert.Equal(t, tt.want, r.Failure.Cause, r.Failure.Detail)
			assert.Equal(t, pptpprobe.StageApp, r.Failure.Stage)
		})
	}
}

// A check that hangs until the time-out of the target is over does not hide one
// that failed before.
func TestFailedCheckOutlivesTheDeadline(t *testing.T) {
	privilege.RawGRE(t)
	listen := netip.MustParseAddrPort("127.0.61.9:1723")
	startGateway(t, gateway.Config{
		Listen: listen, MPPE: gateway.MPPEConfig{Mode: gateway.MPPERequire}, Faults: gateway.Faults{HTTPStall: true},
	})
	probe := pptpprobe.New(pptpprobe.Options{})
	t.Cleanup(func() { assert.NoError(t, probe.Close()) })
	target := catalogTarget(listen)
	target.Timeout = 4 * time.Second
	target.Checks = []pptpprobe.Check{
		{Kind: pptpprobe.CheckTCP, Endpoint: "192.0.2.80:9"},
		{Kind: pptpprobe.CheckHTTP, URL: "http://192.0.2.80/", Timeout: time.Minute},
	}
	r := probe.Run(context.Background(), target)
	require.NotNil(t, r.Failure)
	assert.Equal(t, pptpprobe.CauseAppTCPRefused, r.Failure.Cause, r.Failure.Detail)
	assert.Len(t, r.Checks, 1, "the one that was cut short is no result")
}
