package pptpprobe

import (
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheckValidatesEveryKind(t *testing.T) {
	v6 := netip.MustParseAddr("2001:db8::1")
	for _, tt := range []struct {
		name  string
		check Check
		want  string // empty: it is valid
	}{
		{"icmp", Check{Kind: CheckICMP, Count: 1000, Interval: 100 * time.Millisecond, MaxLoss: 1, MaxJitter: time.Second}, ""},
		{"no kind", Check{}, "kind: check(0) is unknown; use one of icmp, http, tcp, dns, throughput, mtu, echo"},
		{"timeout", Check{Kind: CheckICMP, Timeout: -1}, "timeout and interval: -1ns and 0s must not be negative; use 0 for the default"},
		{"icmp address", Check{Kind: CheckICMP, Address: v6}, "address: 2001:db8::1 is not an IPv4 address"},
		{"icmp count", Check{Kind: CheckICMP, Count: 1001}, "count: 1001 is out of range; use 1 to 1000"},
		{"icmp size", Check{Kind: CheckICMP, Size: 1373}, "size: 1373 is out of range; use 0 to 1372"},
		{"icmp interval", Check{Kind: CheckICMP, Count: 100, Interval: time.Millisecond}, "interval: 1ms is too short for 100 requests within a timeout of 5s; use at least 78.125ms"},
		{"icmp loss", Check{Kind: CheckICMP, MaxLoss: math.NaN()}, "max loss: NaN is out of range; use 0 to 1, where 0 is never"},
		{"icmp jitter", Check{Kind: CheckICMP, MaxJitter: -time.Second}, "max jitter: -1s is negative; use 0 for never"},
		{"http", Check{Kind: CheckHTTP, URL: "https://x/", Body: "^ok", Status: 204}, ""},
		{"http url", Check{Kind: CheckHTTP, URL: "ftp://x/"}, `url: "ftp://x/" is not an absolute http or https URL`},
		{"http status", Check{Kind: CheckHTTP, URL: "http://x/", Status: 42}, "status: 42 is not an HTTP status code; use 100 to 599, or 0 for 200 to 399"},
		{"http body", Check{Kind: CheckHTTP, URL: "http://x/", Body: "("}, "body: \"(\" is not a regular expression: error parsing regexp: missing closing ): `(`"},
		{"http long body", Check{Kind: CheckHTTP, URL: "http://x/", Body: strings.Repeat("x", 1025)}, "body: the pattern is 1025 bytes long; use at most 1024"},
		{"tcp", Check{Kind: CheckTCP, Endpoint: "10.0.0.1:22"}, ""},
		{"tcp name", Check{Kind: CheckTCP, Endpoint: "host_1.example.com:22"}, ""},
		{"tcp port", Check{Kind: CheckTCP, Endpoint: "10.0.0.1:0"}, `endpoint: "10.0.0.1:0" has no port between 1 and 65535`},
		{"tcp without port", Check{Kind: CheckTCP, Endpoint: "10.0.0.1"}, `endpoint: "10.0.0.1" is not host:port; use for example 10.0.0.1:443`},
		{"tcp address", Check{Kind: CheckTCP, Endpoint: "[2001:db8::1]:22"}, "endpoint: 2001:db8::1 is not an IPv4 address"},
		{"tcp without host", Check{Kind: CheckTCP, Endpoint: ":22"}, "endpoint: is empty; give the name to ask for"},
		{"dns", Check{Kind: CheckDNS, Query: "_ldap._tcp.example.com.", QueryType: "SRV", Server: netip.MustParseAddr("10.0.0.1")}, ""},
		{"dns query", Check{Kind: CheckDNS}, "query: is empty; give the name to ask for"},
		{"dns label", Check{Kind: CheckDNS, Query: "a..b"}, `query: "a..b" is not a domain name; each part has 1 to 63 bytes`},
		{"dns long", Check{Kind: CheckDNS, Query: strings.Repeat("a.", 127) + "a"}, `query: "` + strings.Repeat("a.", 127) + `a" is longer than 253 bytes`},
		{"dns characters", Check{Kind: CheckDNS, Query: "bücher.example"}, `query: "bücher.example" has characters that no query can carry; write it in ASCII (xn--...)`},
		{"dns type", Check{Kind: CheckDNS, Query: "x", QueryType: "ANY"}, `query type: "ANY" is unknown; use one of A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, TXT`},
		{"dns server", Check{Kind: CheckDNS, Query: "x", Server: v6}, "server: 2001:db8::1 is not an IPv4 address"},
		{"throughput", Check{Kind: CheckThroughput, URL: "http://x/", Direction: Upload, MaxBytes: 1 << 30, MinRate: 1e6}, ""},
		{"throughput url", Check{Kind: CheckThroughput}, `url: "" is not an absolute http or https URL`},
		{"throughput direction", Check{Kind: CheckThroughput, URL: "http://x/", Direction: 2}, "direction: 2 is unknown; use Download or Upload"},
		{"throughput bytes", Check{Kind: CheckThroughput, URL: "http://x/", MaxBytes: 1<<30 + 1}, "max bytes: 1073741825 is out of range; use 1 to 1073741824"},
		{"throughput rate", Check{Kind: CheckThroughput, URL: "http://x/", MinRate: -1}, "min rate: -1 is negative; use bytes a second, or 0 for never"},
		{"throughput time", Check{Kind: CheckThroughput, URL: "http://x/", Timeout: time.Millisecond}, "timeout: 1ms is too short to measure a rate; use at least 100ms"},
		{"mtu", Check{Kind: CheckMTU}, ""},
		{"mtu address", Check{Kind: CheckMTU, Address: v6}, "address: 2001:db8::1 is not an IPv4 address"},
		{"echo", Check{Kind: CheckEcho, Count: 100, Interval: 100 * time.Millisecond}, ""},
		{"echo count", Check{Kind: CheckEcho, Count: -1}, "count: -1 is out of range; use 1 to 100"},
		{"echo interval", Check{Kind: CheckEcho, Interval: time.Millisecond}, "interval: 1ms is too short; use at least 100ms"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.check.validate()
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, tt.want)
		})
	}
}

func TestCheckNames(t *testing.T) {
	peer := netip.MustParseAddr("10.0.0.1")
	for _, tt := range []struct {
		check Check
		want  string
	}{
		{Check{Kind: CheckICMP}, "icmp 10.0.0.1"},
		{Check{Kind: CheckMTU, Address: netip.MustParseAddr("10.0.0.2")}, "mtu 10.0.0.2"},
		{Check{Kind: CheckHTTP, URL: "http://u:secret@x/"}, "http http://u:xxxxx@x/"},
		{Check{Kind: CheckHTTP, URL: "http://["}, "http the URL"},
		{Check{Kind: CheckThroughput, URL: "http://x/"}, "throughput download http://x/"},
		{Check{Kind: CheckThroughput, URL: "http://x/", Direction: Upload}, "throughput upload http://x/"},
		{Check{Kind: CheckTCP, Endpoint: "x:22"}, "tcp x:22"},
		{Check{Kind: CheckDNS, Query: "x"}, "dns x"},
		{Check{Kind: CheckDNS, Query: "x", QueryType: "MX", Server: peer}, "dns x MX at 10.0.0.1"},
		{Check{Kind: CheckEcho}, "echo"},
		{Check{Kind: CheckEcho, Name: "mine"}, "mine"},
	} {
		assert.Equal(t, tt.want, tt.check.withDefaults(peer).Name)
	}
	for _, name := range CheckKinds() {
		k, ok := ParseCheckKind(name)
		assert.True(t, ok)
		assert.Equal(t, name, k.String())
	}
	_, ok := ParseCheckKind("ping")
	assert.False(t, ok)
	assert.Equal(t, "check(99)", CheckKind(99).String())
}

func TestCheckDefaults(t *testing.T) {
	peer := netip.MustParseAddr("10.0.0.1")
	assert.Equal(t, Check{Kind: CheckICMP, Name: "icmp 10.0.0.1", Timeout: 5 * time.Second, Address: peer, Count: 3, Interval: 200 * time.Millisecond, Size: 56},
		Check{Kind: CheckICMP}.withDefaults(peer))
	assert.Equal(t, Check{Kind: CheckMTU, Name: "mtu 10.0.0.1", Timeout: 10 * time.Second, Address: peer}, Check{Kind: CheckMTU}.withDefaults(peer))
	assert.Equal(t, Check{Kind: CheckEcho, Name: "echo", Timeout: 5 * time.Second, Count: 3, Interval: 200 * time.Millisecond}, Check{Kind: CheckEcho}.withDefaults(peer))
	assert.Equal(t, Check{Kind: CheckDNS, Name: "dns x", Query: "x", QueryType: "A", Timeout: 5 * time.Second}, Check{Kind: CheckDNS, Query: "x"}.withDefaults(peer))
	assert.Equal(t, int64(4<<20), Check{Kind: CheckThroughput}.withDefaults(peer).MaxBytes)
	assert.Equal(t, time.Second, Check{Kind: CheckMTU, Timeout: time.Second}.withDefaults(peer).Timeout)
}
