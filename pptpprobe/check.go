package pptpprobe

import (
	"fmt"
	"net/netip"
	"net/url"
	"time"
)

// CheckKind is what a [Check] does through the tunnel.
type CheckKind uint8

// The kinds of check.
const (
	CheckICMP       CheckKind = iota + 1 // ICMP echo requests
	CheckHTTP                            // one HTTP GET
	CheckTCP                             // one TCP handshake
	CheckDNS                             // one query to each name server
	CheckThroughput                      // one HTTP transfer, as fast as it gets
	CheckMTU                             // the largest packet that passes, and what happens to larger ones
	CheckEcho                            // LCP and control echo requests: the tunnel itself, without IP
)

var checkKindNames = [...]string{"", "icmp", "http", "tcp", "dns", "throughput", "mtu", "echo"}

// CheckKinds lists the names of all kinds.
func CheckKinds() []string { return append([]string(nil), checkKindNames[1:]...) }

// String returns the configuration name of k, such as "icmp".
func (k CheckKind) String() string {
	if int(k) < len(checkKindNames) && k != 0 {
		return checkKindNames[k]
	}
	return fmt.Sprintf("check(%d)", uint8(k))
}

// ParseCheckKind is the reverse of [CheckKind.String].
func ParseCheckKind(s string) (CheckKind, bool) {
	for i, n := range checkKindNames[1:] {
		if n == s {
			return CheckKind(i + 1), true
		}
	}
	return 0, false
}

// Direction is the way of a transfer.
type Direction uint8

// The directions, seen from the probe.
const (
	Download Direction = iota
	Upload
)

// String returns "download" or "upload".
func (d Direction) String() string {
	if d == Upload {
		return "upload"
	}
	return "download"
}

// Check is one test of the traffic through the tunnel. Which fields count
// depends on Kind. Names in it are resolved by the DNS servers that the gateway
// pushed, through the tunnel, exactly as they are: neither a search domain nor a
// hosts file of this host has a part in it.
type Check struct {
	Kind CheckKind
	// Name identifies the check among several of a target; it defaults to kind and destination.
	Name string
	// Timeout bounds the check; 0 is 5 s, and 10 s for CheckThroughput and CheckMTU.
	Timeout time.Duration

	// Address is whom to ping (CheckICMP, CheckMTU); the zero Addr is the server's end of the tunnel.
	Address netip.Addr
	// Count is the number of echo requests, of which CheckICMP sends more, one a second,
	// as long as there is only silence; Interval is the time from one to the next
	// (CheckICMP, CheckEcho); zero values are 3 and 200 ms.
	Count    int
	Interval time.Duration
	// Size is the payload of an echo request in bytes (CheckICMP); 0 is 56.
	Size int
	// MaxLoss is the share of unanswered requests, 0..1, and MaxJitter the jitter
	// above which a warning is given (CheckICMP); 0 is never.
	MaxLoss   float64
	MaxJitter time.Duration

	// Endpoint is host:port (CheckTCP), where host is an IPv4 address or a name.
	Endpoint string

	// URL is fetched with GET (CheckHTTP, CheckThroughput), or posted to
	// (CheckThroughput with Upload). Redirects are not followed. User name and
	// password in it are sent as basic authentication.
	URL string
	// Status is the expected status code (CheckHTTP); 0 accepts 200 to 399.
	Status int
	// Body is a regular expression (RE2) that the first MiB of the body has to match (CheckHTTP); empty is any.
	Body string
	// InsecureSkipVerify accepts any certificate (CheckHTTP, CheckThroughput with https).
	InsecureSkipVerify bool

	// Query is the name to ask for (CheckDNS), QueryType one of [QueryTypes], empty is A.
	Query     string
	QueryType string
	// Server is the name server to ask (CheckDNS); the zero Addr is each that the gateway pushed.
	Server netip.Addr

	// Direction is the way of the transfer (CheckThroughput).
	Direction Direction
	// MaxBytes bounds the transfer (CheckThroughput), as Timeout does; 0 is 4 MiB.
	MaxBytes int64
	// MinRate is the rate in bytes a second below which a warning is given (CheckThroughput); 0 is never.
	MinRate float64
}

const (
	defaultCheckTimeout = 5 * time.Second
	defaultLongTimeout  = 10 * time.Second // of a transfer and of a search
	defaultPingCount    = 3
	defaultPingInterval = 200 * time.Millisecond
	defaultPingSize     = 56
	defaultMaxBytes     = 4 << 20
)

func (c Check) withDefaults(peer netip.Addr) Check {
	long := c.Kind == CheckThroughput || c.Kind == CheckMTU
	setDefault(&c.Timeout, defaultCheckTimeout, !long)
	setDefault(&c.Timeout, defaultLongTimeout, long)
	if !c.Address.IsValid() && (c.Kind == CheckICMP || c.Kind == CheckMTU) {
		c.Address = peer
	}
	pings := c.Kind == CheckICMP || c.Kind == CheckEcho
	setDefault(&c.Count, defaultPingCount, pings)
	setDefault(&c.Interval, defaultPingInterval, pings)
	setDefault(&c.Size, defaultPingSize, c.Kind == CheckICMP)
	setDefault(&c.QueryType, "A", c.Kind == CheckDNS)
	setDefault(&c.MaxBytes, defaultMaxBytes, c.Kind == CheckThroughput)
	if c.Name == "" {
		c.Name = c.Kind.String()
		if d := c.destination(); d != "" {
			c.Name += " " + d
		}
	}
	return c
}

// setDefault gives a zero value its default where it applies.
func setDefault[T comparable](v *T, def T, applies bool) {
	var zero T
	if applies && *v == zero {
		*v = def
	}
}

// destination says what the check looks at, empty if there is just one such thing.
func (c Check) destination() string {
	switch c.Kind {
	case CheckHTTP:
		return c.url()
	case CheckThroughput:
		return c.Direction.String() + " " + c.url()
	case CheckTCP:
		return c.Endpoint
	case CheckDNS:
		d := c.Query
		if c.QueryType != "" && c.QueryType != "A" {
			d += " " + c.QueryType
		}
		if c.Server.IsValid() {
			d += " at " + c.Server.String()
		}
		return d
	case CheckICMP, CheckMTU:
		return c.Address.String()
	}
	return ""
}

// url is the URL without a password, fit to be shown.
func (c Check) url() string {
	u, err := url.Parse(c.URL)
	if err != nil {
		return "the URL"
	}
	return u.Redacted()
}
