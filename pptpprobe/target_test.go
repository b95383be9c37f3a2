package pptpprobe

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

func TestDepthNames(t *testing.T) {
	for _, name := range Depths() {
		d, err := ParseDepth(name)
		require.NoError(t, err)
		assert.Equal(t, name, d.String())
	}
	_, err := ParseDepth("deep")
	assert.EqualError(t, err, `unknown depth "deep": use one of control, gre, auth, network, application`)
	assert.Equal(t, "depth(0)", Depth(0).String())
}

func TestSecretNeverShows(t *testing.T) {
	type holder struct{ Password Secret }
	s := Secret("hunter2")
	j, err := json.Marshal(holder{s})
	require.NoError(t, err)
	for _, out := range []string{
		fmt.Sprint(s), fmt.Sprintf("%s %v %+v %#v %q %x %d", s, s, s, s, s, s, s),
		fmt.Sprintf("%+v %#v", holder{s}, holder{s}), fmt.Sprintf("%+v", Target{Password: s}),
		fmt.Sprintf("%#v", Result{Target: Target{Password: s}}), string(j),
	} {
		assert.NotContains(t, out, "hunter2")
		assert.NotContains(t, out, "68756e74657232")
		assert.Contains(t, out, "REDACTED")
	}
	assert.Equal(t, "hunter2", string(s))
}

func TestTargetValidate(t *testing.T) {
	good := Target{Host: "vpn.example.com", Depth: DepthNetwork, Username: "probe", Password: "x"}
	tests := []struct {
		name   string
		change func(*Target)
		want   string // empty: valid
	}{
		{"as it is", func(*Target) {}, ""},
		{"depth gre needs no credentials", func(t *Target) { t.Depth, t.Username = DepthGRE, "" }, ""},
		{"no host", func(t *Target) { t.Host = " " }, "host: is empty"},
		{"IPv6", func(t *Target) { t.Host = "2001:db8::1" }, "is not an IPv4 address"},
		{"no depth", func(t *Target) { t.Depth = 0 }, "depth: depth(0); use one of control"},
		{"depth auth without a user", func(t *Target) { t.Username = "" }, "username: is empty"},
		{"local address of IPv6", func(t *Target) { t.LocalAddr = netip.IPv6Unspecified() }, "local address"},
		{"requested address of IPv6", func(t *Target) { t.Address = netip.IPv6Unspecified() }, "address:"},
		{"MRU too small", func(t *Target) { t.MRU = 100 }, "mru: 100 is out of range; use 576 to 1500"},
		{"negative time-out", func(t *Target) { t.Timeout = -1 }, "timeout"},
		{"long host name", func(t *Target) { t.HostName = string(make([]byte, 64)) }, "63 bytes"},
		{"EAP", func(t *Target) { t.Auth = []chap.Method{chap.MethodEAP} }, "auth: eap is not supported"},
		{"MPPE required with PAP", func(t *Target) {
			t.Auth, t.MPPE.Mode = []chap.Method{chap.MethodPAP, chap.MethodMD5}, ppp.MPPERequire
		}, "mppe: required, but only PAP or CHAP-MD5"},
		{"MPPE preferred with PAP", func(t *Target) {
			t.Auth, t.MPPE.Mode = []chap.Method{chap.MethodPAP}, ppp.MPPEPrefer
		}, ""},
		{"unknown key length", func(t *Target) { t.MPPE.Strengths = []mppe.Strength{64} }, "64 bit does not exist"},
		{"application without checks", func(t *Target) { t.Depth = DepthApplication }, "checks: none given"},
		{"checks beyond the depth", func(t *Target) { t.Checks = []Check{{Kind: CheckICMP}} }, "use depth application"},
		{"broken check", func(t *Target) { t.Depth, t.Checks = DepthApplication, []Check{{Kind: CheckHTTP, URL: "x"}} }, "checks[0]: url"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			target := good
			tt.change(&target)
			err := target.Validate()
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestCheckValidate(t *testing.T) {
	tests := []struct {
		name string
		c    Check
		want string
	}{
		{"ping of the peer", Check{Kind: CheckICMP}, ""},
		{"no kind", Check{}, "kind: check(0) is unknown"},
		{"negative time", Check{Kind: CheckICMP, Timeout: -1}, "must not be negative"},
		{"IPv6 ping", Check{Kind: CheckICMP, Address: netip.IPv6Loopback()}, "is not an IPv4 address"},
		{"too many", Check{Kind: CheckICMP, Count: 1001}, "count: 1001 is out of range; use 1 to 1000"},
		{"too large", Check{Kind: CheckICMP, Size: 1400}, "size: 1400"},
		{"too fast", Check{Kind: CheckICMP, Count: 100, Interval: time.Millisecond}, "interval: 1ms is too short"},
		{"HTTP", Check{Kind: CheckHTTP, URL: "http://10.0.0.1/"}, ""},
		{"HTTP without a scheme", Check{Kind: CheckHTTP, URL: "10.0.0.1/"}, "is not an absolute http or https URL"},
		{"HTTP status", Check{Kind: CheckHTTP, URL: "http://10.0.0.1/", Status: 99}, "status: 99"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.c.validate()
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
		})
	}
}
