package pptpprobe

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/chap"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// Depth says how far a session goes before it is torn down. Each depth
// includes those before it. The zero value is not a depth.
type Depth uint8

// The depths, shallow to deep.
const (
	DepthControl     Depth = iota + 1 // TCP and the control connection; needs no privilege
	DepthGRE                          // a call, GRE both ways and LCP; no credentials are used
	DepthAuth                         // authentication
	DepthNetwork                      // encryption and an address: CCP and IPCP
	DepthApplication                  // traffic through the tunnel: the Checks of the target
)

var depthNames = [...]string{"", "control", "gre", "auth", "network", "application"}

// Depths lists the names of all depths, shallow to deep.
func Depths() []string { return append([]string(nil), depthNames[1:]...) }

// String returns the configuration name of d.
func (d Depth) String() string {
	if int(d) < len(depthNames) && d != 0 {
		return depthNames[d]
	}
	return fmt.Sprintf("depth(%d)", uint8(d))
}

// ParseDepth is the reverse of [Depth.String].
func ParseDepth(s string) (Depth, error) {
	for i, n := range depthNames[1:] {
		if n == s {
			return Depth(i + 1), nil
		}
	}
	return 0, fmt.Errorf("unknown depth %q: use one of %s", s, strings.Join(depthNames[1:], ", "))
}

// MPPE is what a target demands of encryption.
type MPPE struct {
	// Mode says whether encryption is refused, preferred or required.
	Mode ppp.Security
	// Strengths are the acceptable key lengths; empty means 128 bit.
	Strengths []mppe.Strength
	// Stateful allows stateful encryption when the server insists on it.
	Stateful bool
}

// Budgets are the times after which a stage that has not completed fails. A
// zero value takes the default. All of them end early when the Timeout of the
// target is over.
type Budgets struct {
	DNS      time.Duration // 5 s
	TCP      time.Duration // 5 s
	Control  time.Duration // 12 s: poptop's accept loop may be busy for 10 s with a silent client
	Call     time.Duration // 10 s
	GRE      time.Duration // 10 s until the first frame of the server
	LCP      time.Duration // 15 s; ten requests of the restart timer take longer than most faults
	Auth     time.Duration // 15 s
	CCP      time.Duration // 10 s
	IPCP     time.Duration // 10 s
	Teardown time.Duration // 4 s for all of it; not part of Timeout, because teardown always happens
}

// Thresholds turn a slow success into a warning. Zero disables one.
type Thresholds struct {
	TCPConnect time.Duration // tcp.connect_slow
	Auth       time.Duration // auth.slow: duration of authentication less one round trip
	GRELoss    float64       // gre.loss: share of the server's packets that were lost, 0..1
}

// Target is one gateway to probe and how.
type Target struct {
	// Name identifies the target in results; it defaults to Host.
	Name string
	// Host is a name or an IPv4 address; Port 0 is 1723.
	Host string
	Port uint16
	// LocalAddr is the address to probe from; the zero Addr lets the kernel choose.
	LocalAddr netip.Addr

	Depth Depth

	// Username may carry a domain (DOMAIN\user). Both are used from DepthAuth on.
	Username string
	Password Secret

	// Auth are the acceptable methods; empty means MS-CHAPv2 only.
	Auth []chap.Method
	MPPE MPPE
	// MRU is what we ask the server to keep its packets below; 0 is 1400.
	MRU uint16
	// Address is a fixed address to request; the zero Addr asks the server for one.
	Address netip.Addr
	// HostName and Vendor are shown to the server; empty takes a neutral default.
	HostName, Vendor string
	// NoLinkInfo suppresses the Set-Link-Info after the call is connected, which
	// some pass-through routers do not survive.
	NoLinkInfo bool

	// Timeout bounds the whole session without its teardown; 0 is 30 s.
	Timeout    time.Duration
	Budgets    Budgets
	Thresholds Thresholds

	// Checks run at DepthApplication, in order.
	Checks []Check

	// Hold keeps the session up; nil ends it when it has reached its depth.
	Hold *Hold

	// Capture writes the packets of the session to a file if it fails; nil is off.
	Capture *Captures
}

// Secret is a string that does not show itself: every formatting verb and
// encoder prints a placeholder. Convert to string to use it.
type Secret string

const redacted = "[REDACTED]"

// String returns a placeholder.
func (Secret) String() string { return redacted }

// GoString returns a placeholder.
func (Secret) GoString() string { return redacted }

// Format writes a placeholder for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText returns a placeholder.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

const (
	defaultPort    = 1723
	defaultMRU     = 1400
	defaultTimeout = 30 * time.Second
	minMRU         = 576
	maxMRU         = 1500
)

// Validate reports everything that is wrong with t, each with the field, the
// value and a remedy.
func (t Target) Validate() error {
	var errs []error
	add := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if strings.TrimSpace(t.Host) == "" {
		add("host: is empty; give a host name or an IPv4 address")
	} else if a, err := netip.ParseAddr(t.Host); err == nil && !a.Is4() {
		add("host: %s is not an IPv4 address; PPTP runs over IPv4 only", t.Host)
	}
	if t.Depth < DepthControl || t.Depth > DepthApplication {
		add("depth: %s; use one of %s", t.Depth, strings.Join(depthNames[1:], ", "))
	}
	if t.LocalAddr.IsValid() && !t.LocalAddr.Is4() {
		add("local address: %s is not an IPv4 address", t.LocalAddr)
	}
	if t.Address.IsValid() && !t.Address.Is4() {
		add("address: %s is not an IPv4 address", t.Address)
	}
	if t.MRU != 0 && (t.MRU < minMRU || t.MRU > maxMRU) {
		add("mru: %d is out of range; use %d to %d, or 0 for %d", t.MRU, minMRU, maxMRU, defaultMRU)
	}
	if t.Timeout < 0 {
		add("timeout: %s is negative", t.Timeout)
	}
	if len(t.HostName) > 63 || len(t.Vendor) > 63 {
		add("host name and vendor: longer than 63 bytes, which some servers do not accept")
	}
	if t.Depth >= DepthAuth && t.Username == "" {
		add("username: is empty; depth %s authenticates, so give credentials, or use depth gre", t.Depth)
	}
	errs = append(errs, t.validateAuth()...)
	if t.Depth == DepthApplication && len(t.Checks) == 0 {
		add("checks: none given; depth application needs at least one, or use depth network")
	}
	if t.Depth != DepthApplication && len(t.Checks) > 0 {
		add("checks: %d given, but depth %s ends before any traffic; use depth application", len(t.Checks), t.Depth)
	}
	if t.Hold != nil {
		if err := t.Hold.validate(t.Depth); err != nil {
			errs = append(errs, err)
		}
	}
	for i, c := range t.Checks {
		if err := c.validate(); err != nil {
			add("checks[%d]: %w", i, err)
		}
	}
	return errors.Join(errs...)
}

func (t Target) validateAuth() (errs []error) {
	keys := len(t.Auth) == 0
	for _, m := range t.Auth {
		switch m {
		case chap.MethodMSCHAPv1, chap.MethodMSCHAPv2:
			keys = true
		case chap.MethodPAP, chap.MethodMD5:
		default:
			errs = append(errs, fmt.Errorf("auth: %s is not supported; use pap, chap_md5, mschap_v1 or mschap_v2", m))
		}
	}
	if t.MPPE.Mode == ppp.MPPERequire && !keys {
		errs = append(errs, errors.New("mppe: required, but only PAP or CHAP-MD5 are allowed, and these give no encryption keys; allow mschap_v2, or set mppe to prefer or refuse"))
	}
	for _, s := range t.MPPE.Strengths {
		if s != mppe.Bits40 && s != mppe.Bits56 && s != mppe.Bits128 {
			errs = append(errs, fmt.Errorf("mppe strengths: %d bit does not exist; use 40, 56 or 128", s))
		}
	}
	return errs
}

// withDefaults returns t with every zero value replaced by its default.
func (t Target) withDefaults() Target {
	if t.Port == 0 {
		t.Port = defaultPort
	}
	if t.Name == "" {
		t.Name = t.Host
	}
	if t.MRU == 0 {
		t.MRU = defaultMRU
	}
	if t.Timeout == 0 {
		t.Timeout = defaultTimeout
	}
	if len(t.Auth) == 0 {
		t.Auth = []chap.Method{chap.MethodMSCHAPv2}
	}
	if len(t.MPPE.Strengths) == 0 {
		t.MPPE.Strengths = []mppe.Strength{mppe.Bits128}
	}
	if t.HostName == "" {
		t.HostName = "probe"
	}
	if t.Hold != nil {
		t.Hold = t.Hold.withDefaults()
	}
	b := &t.Budgets
	for _, d := range []struct {
		v   *time.Duration
		def time.Duration
	}{
		{&b.DNS, 5 * time.Second}, {&b.TCP, 5 * time.Second}, {&b.Control, 12 * time.Second},
		{&b.Call, 10 * time.Second}, {&b.GRE, 10 * time.Second}, {&b.LCP, 15 * time.Second},
		{&b.Auth, 15 * time.Second}, {&b.CCP, 10 * time.Second}, {&b.IPCP, 10 * time.Second},
		{&b.Teardown, 4 * time.Second},
	} {
		if *d.v <= 0 {
			*d.v = d.def
		}
	}
	return t
}
