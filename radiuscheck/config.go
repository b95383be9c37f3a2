package radiuscheck

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Method is how a server is asked.
type Method string

// The methods.
const (
	Status           Method = "status"            // Status-Server to the authentication port
	StatusAccounting Method = "status_accounting" // Status-Server to the accounting port
	PAP              Method = "pap"
	CHAP             Method = "chap"
	MSCHAPv2         Method = "mschapv2"
)

// Methods returns all methods.
func Methods() []Method { return []Method{Status, StatusAccounting, PAP, CHAP, MSCHAPv2} }

// UsesPassword says whether the method logs in.
func (m Method) UsesPassword() bool { return m == PAP || m == CHAP || m == MSCHAPv2 }

// Signing is whether Access-Requests carry a Message-Authenticator. A Status-Server
// always does (RFC 5997, section 2).
type Signing string

// The ways of signing.
const (
	Always Signing = "always"
	Never  Signing = "never" // as pppd's radius plugin does
	// Compare asks with and without, to find a server that ignores the gateways.
	Compare Signing = "compare"
)

// Signings returns all ways of signing.
func Signings() []Signing { return []Signing{Always, Never, Compare} }

// NAS is what the server is told of the gateway that seems to ask.
type NAS struct {
	Identifier       string     // NAS-Identifier
	Address          netip.Addr // NAS-IP-Address; zero: the address that is sent from
	Port             uint32     // NAS-Port
	CallingStationID string     // most gateways: the address of the client
	CalledStationID  string
	// Tunnel adds the attributes of RFC 2868 for PPTP, as Cisco and Windows do.
	Tunnel bool
}

// Config is a server and how to check it.
type Config struct {
	Host string // name or address
	Port uint16 // of authentication
	// AccountingHost and AccountingPort are for [StatusAccounting]; the host is Host if empty.
	AccountingHost string
	AccountingPort uint16
	Secret         string

	Methods            []Method
	Username, Password string
	Signing            Signing
	// RequireSigned makes an Access-Accept or Access-Reject without Message-Authenticator a failure.
	RequireSigned bool
	// RequireKeys makes an Access-Accept to MS-CHAPv2 without keys for MPPE a failure.
	RequireKeys bool

	Timeout time.Duration // to wait after each transmission
	Retries int           // transmissions after the first
	Slow    time.Duration // from this time on an answer is slow; 0: never
	// Spare is the time that a round may take beyond Longest, for other addresses of a name
	// if the first is silent; 0: a round asks one.
	Spare time.Duration
	// RejectedInterval is the least time between two logins after one was rejected.
	RejectedInterval time.Duration

	NAS NAS

	// StatusHost and StatusPort are the listener that FreeRADIUS has for statistics, with
	// a secret of its own; StatusPort 0: there is none.
	StatusHost   string
	StatusPort   uint16
	StatusSecret string
}

// The bounds of the configuration.
const (
	maxRetries  = 10
	maxTimeout  = time.Minute
	maxPassword = 128 // RFC 2865, section 5.2
	maxText     = 253
)

// Validate says what is wrong with the configuration.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if c.Host == "" {
		bad("host: is empty")
	}
	if c.Secret == "" {
		bad("secret: is empty")
	}
	if len(c.Methods) == 0 && c.StatusPort == 0 {
		bad("methods: is empty")
	}
	for i, m := range c.Methods {
		switch {
		case !slices.Contains(Methods(), m):
			bad("methods: %q is unknown", m)
		case slices.Contains(c.Methods[:i], m):
			bad("methods: %q is there twice", m)
		case m == StatusAccounting && c.AccountingPort == 0:
			bad("accounting port: is missing, and %s needs it", m)
		case m != StatusAccounting && c.Port == 0:
			bad("port: is missing, and %s needs it", m)
		case m.UsesPassword() && (c.Username == "" || c.Password == ""):
			bad("username, password: %s needs both", m)
		}
	}
	if !slices.Contains(Signings(), c.Signing) {
		bad("message authenticator: %q is unknown", c.Signing)
	}
	if len(c.Password) > maxPassword || strings.ContainsRune(c.Password, 0) {
		bad("password: is longer than %d bytes or has a zero byte, which RADIUS cannot carry", maxPassword)
	}
	for _, t := range []string{c.Username, c.NAS.Identifier, c.NAS.CallingStationID, c.NAS.CalledStationID} {
		if len(t) > maxText {
			bad("an attribute is %d bytes long; %d fit", len(t), maxText)
		}
	}
	if c.Timeout <= 0 || c.Timeout > maxTimeout {
		bad("timeout: %s is not in (0, %s]", c.Timeout, maxTimeout)
	}
	if c.Retries < 0 || c.Retries > maxRetries {
		bad("retries: %d is not in [0, %d]", c.Retries, maxRetries)
	}
	if c.Slow < 0 || c.RejectedInterval < 0 || c.Spare < 0 {
		bad("slow, rejected interval, spare: must not be negative")
	}
	if c.StatusPort != 0 && c.StatusSecret == "" {
		bad("status secret: is empty")
	}
	return errors.Join(errs...)
}

// Longest is how long a round can take, with its statistics and the resolution of names,
// but without what [Config].Spare allows.
func (c *Config) Longest() time.Duration {
	requests, names := 0, 0
	for _, m := range c.Methods {
		requests++
		if c.Signing == Compare && m.UsesPassword() {
			requests++
		}
	}
	if c.StatusPort != 0 {
		requests++
	}
	for _, host := range []string{c.Host, c.AccountingHost, c.StatusHost} {
		if _, err := netip.ParseAddr(host); host != "" && err != nil {
			names++
		}
	}
	return time.Duration(requests)*c.exchange(false).Longest() + time.Duration(names)*c.Timeout
}
