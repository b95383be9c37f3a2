package gateway

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
)

// MPPEMode is the gateway's policy on encryption.
type MPPEMode uint8

// The policies.
const (
	MPPEPrefer  MPPEMode = iota // asks for it, goes on without it
	MPPERequire                 // ends links without it
	MPPERefuse                  // answers CCP with Protocol-Reject
)

// String returns "prefer", "require" or "refuse".
func (m MPPEMode) String() string {
	switch m {
	case MPPERequire:
		return "require"
	case MPPERefuse:
		return "refuse"
	}
	return "prefer"
}

// MPPEConfig is what the gateway wants of encryption; the zero value prefers 128
// bit stateless.
type MPPEConfig struct {
	Mode MPPEMode
	// Strengths that may be agreed; empty: 128 bit only.
	Strengths []mppe.Strength
	// Stateful asks for stateful mode first and grants it. Otherwise stateless mode
	// is asked for and nothing else granted.
	Stateful bool
	// LANManagerKeys derives the 40 and 56 bit keys of MS-CHAPv1 from the LAN
	// Manager hash (RFC 3079 section 2), instead of from the NT hash as pppd does.
	LANManagerKeys bool
}

// Config configures a [Gateway]. Listen and Users are all it needs.
type Config struct {
	// Listen is where the control connection is accepted: an IPv4 address of this
	// host and a port, 0 for any. GRE is received and sent on the same address.
	Listen netip.AddrPort
	// Users are the passwords by user name. A domain in front ("DOMAIN\user") is
	// ignored when the name with it is not found.
	Users map[string]string
	// Auth are the methods to offer, in this order; empty: MS-CHAPv2. chap.MethodEAP
	// can be offered, as Windows does, but not carried out.
	Auth []chap.Method
	MPPE MPPEConfig

	// LocalIP is the gateway's end of every tunnel (default 10.99.0.1), Pool the
	// clients' addresses (default 10.99.0.0/24, without the first, the last and LocalIP).
	LocalIP netip.Addr
	Pool    netip.Prefix
	// DNS are the servers pushed to clients, at most two are; nil: LocalIP, empty: none.
	DNS []netip.Addr
	// Zone is what the DNS service knows: names in lower case without a dot at the
	// end. nil: www.pptp.test and gateway.pptp.test. See [DefaultZone].
	Zone map[string]netip.Addr

	// Vendor, HostName and Firmware are shown in SCCRP (defaults: otelcol-pptp, testbed, 1).
	Vendor, HostName string
	Firmware         uint16
	// FirstSeq is the first GRE sequence number of a call: 0 or 1, by vendor.
	FirstSeq uint32
	// WaitForClient makes the gateway wait for the client's first LCP frame, as
	// Cisco IOS does, instead of speaking first.
	WaitForClient bool
	// MRU is asked for in LCP (default 1400).
	MRU uint16
	// MaxCalls bounds the calls at a time, further ones are told "busy"; 0: 16384.
	MaxCalls int
	// MaxConnections bounds the TCP connections at a time; further ones are closed
	// after accept. 0: 32768.
	MaxConnections int
	// AckDelay is when a GRE packet is acknowledged by a packet of its own if none
	// goes out anyway; negative: never, as the Linux kernel does it; 0: 50 ms.
	AckDelay time.Duration
	// EchoInterval is the silence on the control connection after which an
	// Echo-Request is sent; unanswered for as long again, the session ends. 0: 60 s.
	EchoInterval time.Duration
	// LCPEchoInterval is the same for LCP Echo-Requests, of which three may go
	// unanswered; 0: none are sent.
	LCPEchoInterval time.Duration
	// Rechallenge is the time between CHAP Challenges on a link that is up; 0: none.
	Rechallenge time.Duration
	// Manners are how this gateway differs from others without being broken; see [Persona].
	Manners Manners
	// NoGRE leaves the GRE socket away: control connections and calls work, nothing
	// comes over GRE. It needs no privilege.
	NoGRE bool

	// Faults are the faults to begin with; see [Gateway.SetFaults].
	Faults Faults
	// Seed makes loss, reordering and duplication repeatable, call by call.
	Seed uint64
	// Rand is the source of challenges and magic numbers; nil: crypto/rand. It must
	// be safe for concurrent use.
	Rand io.Reader
	// Logger gets one line for each event, at debug level; nil: none.
	Logger *slog.Logger
	// Observe is called for each event, from many goroutines and never for the same
	// session at the same time. It must not block for long, nor call Close. nil: nobody looks.
	Observe func(Event)
	// Tap is called for each packet of control connections and GRE, from many goroutines.
	// It must not block. nil: nobody looks.
	Tap func(Packet)
}

const (
	defaultMRU            = 1400
	defaultMaxCalls       = 16384
	defaultMaxConnections = 32768
	defaultAckDelay       = 50 * time.Millisecond
	defaultEchoInterval   = 60 * time.Second
	maxNameField          = 63 // 64 octets in SCCRP, one of them for a NUL
)

// withDefaults returns c with zero values replaced, or what is wrong with it.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if a := c.Listen.Addr(); !a.Is4() || a.IsUnspecified() || a.IsMulticast() {
		bad("listen: %q is not an IPv4 address of this host with a port, such as 127.0.0.2:1723", c.Listen)
	}
	if len(c.Auth) == 0 {
		c.Auth = []chap.Method{chap.MethodMSCHAPv2}
	}
	for _, m := range c.Auth {
		if m < chap.MethodPAP || m > chap.MethodEAP {
			bad("auth: %s is not a method", m)
		}
	}
	if len(c.MPPE.Strengths) == 0 {
		c.MPPE.Strengths = []mppe.Strength{mppe.Bits128}
	}
	for _, s := range c.MPPE.Strengths {
		if s != mppe.Bits40 && s != mppe.Bits56 && s != mppe.Bits128 {
			bad("mppe strengths: %d bit does not exist; use 40, 56 or 128", s)
		}
	}
	c.addressDefaults()
	if !c.LocalIP.Is4() {
		bad("local ip: %s is not an IPv4 address", c.LocalIP)
	}
	if !c.Pool.Addr().Is4() || c.Pool.Bits() < 8 || c.Pool.Bits() > 30 {
		bad("pool: %s is not an IPv4 prefix of 8 to 30 bits", c.Pool)
	}
	for _, a := range c.DNS {
		if !a.Is4() {
			bad("dns: %s is not an IPv4 address", a)
		}
	}
	c.limitDefaults()
	if len(c.Vendor) > maxNameField || len(c.HostName) > maxNameField {
		bad("vendor and host name: longer than %d bytes", maxNameField)
	}
	return c, errors.Join(errs...)
}

func (c *Config) addressDefaults() {
	if !c.LocalIP.IsValid() {
		c.LocalIP = netip.AddrFrom4([4]byte{10, 99, 0, 1})
	}
	if !c.Pool.IsValid() {
		c.Pool = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 99, 0, 0}), 24)
	}
	c.Pool = c.Pool.Masked()
	if c.DNS == nil {
		c.DNS = []netip.Addr{c.LocalIP}
	}
	if c.Zone == nil {
		c.Zone = DefaultZone(c.LocalIP)
	}
}

func (c *Config) limitDefaults() {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	if !c.Manners.NamesAsGiven {
		def(&c.Vendor, "otelcol-pptp")
		def(&c.HostName, "testbed")
		if c.Firmware == 0 {
			c.Firmware = 1
		}
	}
	if c.MRU == 0 {
		c.MRU = defaultMRU
	}
	if c.MaxCalls <= 0 {
		c.MaxCalls = defaultMaxCalls
	}
	if c.MaxConnections <= 0 {
		c.MaxConnections = defaultMaxConnections
	}
	if c.AckDelay == 0 {
		c.AckDelay = defaultAckDelay
	}
	if c.EchoInterval <= 0 {
		c.EchoInterval = defaultEchoInterval
	}
}
