package chap

import "fmt"

// maxNameLen is the longest user name, and with PAP the longest password, that
// can be sent: PAP's length fields are one octet (RFC 1334 §2.2.1), and no
// access server takes a longer name in CHAP.
const maxNameLen = 255

// Credentials are a user name and its password. No form of printing or
// marshaling shows the password.
type Credentials struct {
	User     string // as sent, with DOMAIN\ when wanted; at most 255 bytes
	Password string // UTF-8; at most 255 bytes with PAP
}

// String returns the user name and a placeholder for the password.
func (c Credentials) String() string { return fmt.Sprintf("%q:[redacted]", c.User) }

// GoString is String: %#v must not show the password either.
func (c Credentials) GoString() string { return c.String() }

// Format writes String whatever the verb and the flags are.
func (c Credentials) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// MarshalText returns String; encoding/json and YAML encoders use it as well.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
