package line

import "strings"

// rfc5424 reads what follows the version (RFC 5424 section 6).
func (e *envelope) rfc5424(s string) bool {
	var ok bool
	if strings.HasPrefix(s, "- ") {
		s = s[2:]
	} else if e.stamp, s, ok = cutStamp(s); !ok {
		return false
	}
	e.stamped = true
	var pid string
	e.host, s = cutWord(s)
	e.tag, s = cutWord(s)
	pid, s = cutWord(s)
	_, s = cutWord(s) // MSGID
	e.host, e.tag = nilValue(e.host), program(nilValue(e.tag))
	if n, ok := digits(pid); ok {
		e.pid = int32(n)
	}
	if strings.HasPrefix(s, "-") {
		s = s[1:]
	} else {
		s = skipStructured(s)
	}
	e.text = strings.TrimPrefix(strings.TrimLeft(s, " "), "\ufeff")
	return true
}

// skipStructured takes SD-ELEMENTs off (section 6.3), brackets one after another.
func skipStructured(s string) string {
	for strings.HasPrefix(s, "[") {
		end := elementEnd(s)
		if end < 0 {
			return ""
		}
		s = s[end+1:]
	}
	return s
}

// elementEnd is where the bracket closes that s begins with, or -1. In quoted
// values \" and \] are escaped.
func elementEnd(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == ']' && !quoted:
			return i
		}
	}
	return -1
}

// nilValue is NILVALUE of the grammar.
func nilValue(s string) string {
	if s == "-" {
		return ""
	}
	return s
}
