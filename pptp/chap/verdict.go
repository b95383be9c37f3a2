package chap

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// The error codes of a Failure (RFC 2759 §6).
const (
	CodeRestrictedLogonHours = 646
	CodeAccountDisabled      = 647
	CodePasswordExpired      = 648
	CodeNoDialinPermission   = 649
	CodeAuthenticationFailed = 691
	CodeChangingPassword     = 709
)

// Failure is what a server says with its refusal.
type Failure struct {
	Code      int    // E=, a RAS error number such as 691; 0: none given
	Retry     bool   // R=1: another attempt would be allowed. A [Peer] never makes it
	Challenge []byte // C=, the challenge for that attempt: 8 bytes (v1), 16 bytes (v2), or nil
	Version   int    // V=, the version of the change-password protocol; 0: none given
	Message   string // M=, or the whole text where it has not this form; valid UTF-8
}

// ParseFailure reads the data of a Failure: "E=eeeeeeeeee R=r C=hex V=v M=text"
// (RFC 2759 §6). Each field may be missing, and one that cannot be read counts as
// missing; text without any field, as CHAP-MD5 has it, is the message.
func ParseFailure(b []byte) Failure {
	var f Failure
	rest := cleanText(b)
	if !strings.HasPrefix(rest, "E=") {
		f.Message = strings.TrimPrefix(rest, "M=")
		return f
	}
	for rest != "" {
		// M= takes the rest of the text, spaces and equals signs included.
		if message, ok := strings.CutPrefix(rest, "M="); ok {
			f.Message = message
			break
		}
		var field string
		field, rest, _ = strings.Cut(rest, " ")
		f.set(field)
	}
	return f
}

func (f *Failure) set(field string) {
	key, value, _ := strings.Cut(field, "=")
	switch key {
	case "E":
		f.Code = parseNumber(value)
	case "R":
		f.Retry = value == "1"
	case "C":
		if c, err := hex.DecodeString(value); err == nil && (len(c) == 8 || len(c) == 16) {
			f.Challenge = c
		}
	case "V":
		f.Version = parseNumber(value)
	}
}

// parseNumber reads a decimal number of 31 bits, 0 for anything else.
func parseNumber(s string) int {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}

// Success is what a server says when it accepts.
type Success struct {
	AuthenticatorResponse [20]byte // S=, the server's own proof (MS-CHAPv2 only)
	HasResponse           bool     // a readable S= was there
	Message               string   // M=, or the whole text where it has not this form; valid UTF-8
}

// ParseSuccess reads the data of a Success: "S=<40 hex digits> M=text" (RFC 2759
// §5). Servers write " M=", "M=" or nothing after the digits; other methods send
// any text, which is the message.
func ParseSuccess(b []byte) Success {
	var s Success
	const digits = 2 * len(s.AuthenticatorResponse)
	rest := cleanText(b)
	if text, ok := strings.CutPrefix(rest, "S="); ok && len(text) >= digits {
		if proof, err := hex.DecodeString(text[:digits]); err == nil {
			s.AuthenticatorResponse, s.HasResponse = [20]byte(proof), true
			rest = strings.TrimPrefix(text[digits:], " ")
		}
	}
	s.Message = strings.TrimPrefix(rest, "M=")
	return s
}

// cleanText makes a text off the wire fit for a log: valid UTF-8, without the
// NUL or line end some servers put after it.
func cleanText(b []byte) string {
	return strings.TrimRight(strings.ToValidUTF8(string(b), "\uFFFD"), "\x00\r\n ")
}
