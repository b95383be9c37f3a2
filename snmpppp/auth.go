package snmpppp

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gosnmp/gosnmp"

	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
)

// Version is a version of SNMP.
type Version string

// The versions of SNMP.
const (
	V1  Version = "v1"
	V2c Version = "v2c"
	V3  Version = "v3"
)

// Auth are the credentials of an agent. Its String and Format show no secret.
type Auth struct {
	// Version is v1, v2c or v3. Default: v3 if User is set, else v2c.
	Version Version
	// Community of v1 and v2c, 1 to 127 octets.
	Community string
	// User is the security name of v3.
	User string
	// AuthProtocol is one of [AuthProtocols], in any case. Empty: SHA256 if there is an
	// AuthPassphrase, else none.
	AuthProtocol   string
	AuthPassphrase string // at least 8 octets (RFC 3414 section 11.2)
	// PrivProtocol is one of [PrivProtocols], in any case. Empty: AES if there is a
	// PrivPassphrase, else none.
	PrivProtocol   string
	PrivPassphrase string // at least 8 octets
	// Context is the contextName of v3.
	Context string
	// EngineID is the contextEngineID of v3, hexadecimal. Empty: that of the agent.
	EngineID string
}

// The names are those of net-snmp and RFC 7860. AES192C and AES256C extend the key as
// Cisco and net-snmp do (draft-reeder-snmpv3-usm-3dese), AES192 and AES256 as
// draft-blumenthal-aes-usm-04 does.
//
// With the former a key is made of one that depends on the engine id, which is whatever the agent says, and gosnmp remembers
// it for the life of the process: 170 octets for each id. Emptying its memory is not safe while it is in use, and without
// one every discovery hashes two MiB more (RFC 3414 appendix A.2), so it is left as it is.
var (
	authProtocols = map[string]gosnmp.SnmpV3AuthProtocol{
		"MD5": gosnmp.MD5, "SHA": gosnmp.SHA, "SHA224": gosnmp.SHA224, "SHA256": gosnmp.SHA256, "SHA384": gosnmp.SHA384,
		"SHA512": gosnmp.SHA512,
	}
	privProtocols = map[string]gosnmp.SnmpV3PrivProtocol{
		"DES": gosnmp.DES, "AES": gosnmp.AES, "AES192": gosnmp.AES192, "AES256": gosnmp.AES256, "AES192C": gosnmp.AES192C,
		"AES256C": gosnmp.AES256C,
	}
)

// AuthProtocols lists the authentication protocols of v3.
func AuthProtocols() []string { return slices.Sorted(maps.Keys(authProtocols)) }

// PrivProtocols lists the privacy protocols of v3.
func PrivProtocols() []string { return slices.Sorted(maps.Keys(privProtocols)) }

// String shows what is no secret.
func (a Auth) String() string {
	a = a.withDefaults()
	if a.Version != V3 {
		return string(a.Version)
	}
	return strings.TrimSuffix(fmt.Sprintf("v3 %s %s", a.AuthProtocol, a.PrivProtocol), " ")
}

// Format keeps secrets out of every verb.
func (a Auth) Format(f fmt.State, _ rune) { fmt.Fprint(f, a.String()) }

func (a Auth) withDefaults() Auth {
	if a.Version == "" {
		a.Version = V2c
		if a.User != "" {
			a.Version = V3
		}
	}
	a.AuthProtocol, a.PrivProtocol = strings.ToUpper(a.AuthProtocol), strings.ToUpper(a.PrivProtocol)
	if a.AuthProtocol == "" && a.AuthPassphrase != "" {
		a.AuthProtocol = "SHA256"
	}
	if a.PrivProtocol == "" && a.PrivPassphrase != "" {
		a.PrivProtocol = "AES"
	}
	return a
}

// validate returns all that is wrong. Errors begin with the name of the field.
func (a Auth) validate() []error {
	a = a.withDefaults()
	switch a.Version {
	case V1, V2c:
		return a.validateCommunity()
	case V3:
		return a.validateUser()
	}
	return []error{fmt.Errorf("version %q: %s", a.Version, suggest.OneOf(string(a.Version), []string{"v1", "v2c", "v3"}))}
}

func (a Auth) validateCommunity() []error {
	var errs []error
	if a.Community == "" {
		errs = append(errs, fmt.Errorf("community: is needed for version %s", a.Version))
	}
	if n := len(a.Community); n > 127 {
		// The encoder writes the length in one octet (BER short form).
		errs = append(errs, fmt.Errorf("community: has %d octets: use at most 127", n))
	}
	if a.User != "" || a.AuthPassphrase != "" || a.PrivPassphrase != "" {
		errs = append(errs, fmt.Errorf("user, auth_passphrase and priv_passphrase: are of version v3, not %s: set version to v3, or remove them", a.Version))
	}
	return errs
}

func (a Auth) validateUser() []error {
	var errs []error
	if a.User == "" || len(a.User) > 32 {
		errs = append(errs, fmt.Errorf("user: has %d octets: version v3 needs a name of 1 to 32 (RFC 3414 section 5)", len(a.User)))
	}
	if a.Community != "" {
		errs = append(errs, fmt.Errorf("community: is of version v1 and v2c: remove it, or set version to v2c"))
	}
	errs = append(errs, protocol("auth", a.AuthProtocol, a.AuthPassphrase, AuthProtocols())...)
	errs = append(errs, protocol("priv", a.PrivProtocol, a.PrivPassphrase, PrivProtocols())...)
	if a.PrivProtocol != "" && a.AuthProtocol == "" {
		errs = append(errs, fmt.Errorf("priv_protocol %q: there is no privacy without authentication (RFC 3411 section 3.4.3): set auth_passphrase", a.PrivProtocol))
	}
	if a.EngineID != "" && !validEngineID(a.EngineID) {
		errs = append(errs, fmt.Errorf("engine_id %q: write 5 to 32 octets in hexadecimal, like 80001f8803001122334455", a.EngineID))
	}
	if len(a.Context) > 255 {
		errs = append(errs, fmt.Errorf("context: has %d octets: use at most 255", len(a.Context)))
	}
	return errs
}

func protocol(name, protocol, passphrase string, known []string) []error {
	switch {
	case protocol == "" && passphrase == "":
		return nil
	case !slices.Contains(known, protocol):
		return []error{fmt.Errorf("%s_protocol %q: %s", name, protocol, suggest.OneOf(protocol, known))}
	case len(passphrase) < 8:
		return []error{fmt.Errorf("%s_passphrase: has %d octets: agents want at least 8 (RFC 3414 section 11.2)", name, len(passphrase))}
	}
	return nil
}

func validEngineID(s string) bool {
	if len(s)%2 != 0 || len(s) < 10 || len(s) > 64 {
		return false
	}
	return strings.Trim(strings.ToLower(s), "0123456789abcdef") == ""
}
