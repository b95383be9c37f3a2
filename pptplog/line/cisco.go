package line

import (
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// iosPrefix leaves out links that are not dial-in sessions.
func iosPrefix(e *envelope, dst *event.Event) bool {
	return strings.HasPrefix(e.tag, "%VPDN") || strings.Contains(dst.Text, "Virtual-Access")
}

// asaPrefix takes the messages about PPTP and PPP only: 603101 to 603109.
func asaPrefix(_ *envelope, dst *event.Event) bool {
	return strings.HasPrefix(dst.Text, "6031")
}

// cisco finds "%FACILITY-6-MNEMONIC: ", before which a sequence number, a second
// stamp and a zone may stand, and nothing else: a message of another program
// must not begin to speak Cisco in its middle. The text is what follows the
// severity.
func (e *envelope) cisco(s string) bool {
	stamped := false
	for range 4 {
		if s == "" {
			return false
		}
		if c := s[0]; c == '%' {
			break
		} else if c >= 'a' || c == '<' || c == '[' {
			return false
		}
		st, rest, ok := cutStamp(strings.TrimLeft(s, "*."))
		if ok && !stamped {
			if stamped = true; !e.stamped {
				e.stamp, e.stamped = st, true
			}
			s = strings.TrimLeft(rest, ": ")
			continue
		}
		word, rest := cutWord(s)
		number, colon := strings.CutSuffix(word, ":")
		if !colon || strings.Trim(number, "0123456789") != "" && number != "UTC" && !(stamped && len(number) <= 5) {
			return false
		}
		s = rest
	}
	if len(s) < 2 || s[0] != '%' {
		return false
	}
	facility, rest, ok := strings.Cut(s, "-")
	if !ok || len(facility) > 32 || len(rest) < 3 || rest[0] < '0' || rest[0] > '7' || rest[1] != '-' {
		return false
	}
	e.tag, e.text = facility, rest[2:]
	e.severity = event.Severity(rest[0]-'0') + event.Emergency
	return true
}
