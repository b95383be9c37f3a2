package line

import (
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// envelope is what stands around a message.
type envelope struct {
	stamp    stamp
	stamped  bool
	host     string
	tag      string // the program as the line names it; a list of topics for RouterOS
	pid      int32
	severity event.Severity
	text     string
}

// open takes the envelope off a line. What it does not find stays empty; a line
// without any is all text. known tells whether a word is a program's tag: only
// such a word may be a tag without a pid and a colon.
func (e *envelope) open(s string, known func(tag string) bool) {
	for s != "" && s[0] <= ' ' && s[0] != '\x1b' {
		s = s[1:]
	}
	s = skipColour(s)
	s, wire := e.priority(s)
	if wire && strings.HasPrefix(s, "1 ") {
		e.rfc5424(s[2:])
		return
	}
	if strings.HasPrefix(s, "1 2") && e.rfc5424(s[2:]) { // a file of RFC 5424 lines without priorities
		return
	}
	if strings.HasPrefix(s, "[") {
		if e.accelFile(s) {
			return
		}
		e.text = s
		return
	}
	s = strings.TrimPrefix(s, ":") // ASA with an empty host
	e.stamp, s, e.stamped = cutStamp(s)
	if e.stamped && strings.HasPrefix(s, ": ") && e.stamp.year != 0 && strings.IndexByte(s[2:], ':') > 0 && s[2] != '%' {
		e.tag, e.text = tagFreeRADIUS, s[2:]
		return
	}
	s = strings.TrimLeft(s, " ")
	if e.cisco(s) {
		return
	}
	e.hostAndTag(s, known)
}

// priority takes <PRI> off (RFC 5424 section 6.2.1).
func (e *envelope) priority(s string) (rest string, ok bool) {
	if len(s) < 3 || s[0] != '<' {
		return s, false
	}
	end := strings.IndexByte(s[:min(len(s), 5)], '>')
	if end < 2 {
		return s, false
	}
	n, ok := digits(s[1:end])
	if !ok || n > 191 {
		return s, false
	}
	e.severity = event.Severity(n&7) + event.Emergency
	return s[end+1:], true
}

// hostAndTag reads "host tag[pid]: text" with most of it missing.
func (e *envelope) hostAndTag(s string, known func(string) bool) {
	s = e.facility(s)
	first, rest := cutWord(s)
	if e.isTag(first, rest, known) {
		return
	}
	if e.stamped && e.cisco(rest) {
		e.host = first
		return
	}
	rest = e.facility(rest)
	second, after := cutWord(rest)
	if e.isTag(second, after, known) {
		e.host = first
		return
	}
	// Only with a stamp can the bare name of a program be its tag, since pppd's
	// own first line begins "pppd 2.4.9 started".
	if e.stamped && known(second) {
		e.host, e.tag, e.text = first, second, after
		return
	}
	if e.stamped && known(first) {
		e.tag, e.text = first, rest
		return
	}
	if e.stamped && first != "last" && (second == "last" || second == "message") {
		e.host, e.text = first, rest
		return
	}
	e.text = s
}

// isTag takes a word as the tag if its form says so: it ends in a colon or has
// a pid, or is a list of RouterOS topics.
func (e *envelope) isTag(word, rest string, known func(string) bool) bool {
	if word == "" {
		return false
	}
	tag := strings.TrimSuffix(word, ":")
	if open := strings.IndexByte(tag, '['); open > 0 && tag[len(tag)-1] == ']' {
		pid, ok := digits(tag[open+1 : len(tag)-1])
		if !ok {
			return false
		}
		e.tag, e.pid, e.text = program(tag[:open]), int32(pid), rest
		return true
	}
	if len(tag) < len(word) {
		// Without a stamp "CTRL: Client" and "LCP: timeout" look like tags.
		if tag = program(tag); e.stamped || known(tag) {
			e.tag, e.text = tag, rest
			return true
		}
		return false
	}
	if topics(word) {
		e.tag, e.text = word, rest
		return true
	}
	return false
}

// facility takes off BusyBox's "daemon.info".
func (e *envelope) facility(s string) string {
	dot := strings.IndexByte(s[:min(len(s), len("authpriv."))], '.')
	if dot < 1 {
		return s
	}
	switch s[:dot] {
	case "kern", "user", "daemon", "auth", "authpriv", "syslog", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7":
		word, rest := cutWord(s[dot+1:])
		if severity, ok := severities[word]; ok {
			e.severity = severity
			return rest
		}
	}
	return s
}

var severities = map[string]event.Severity{
	"emerg": event.Emergency, "panic": event.Emergency, "alert": event.Alert, "crit": event.Critical,
	"err": event.Error, "error": event.Error, "warn": event.Warning, "warning": event.Warning,
	"notice": event.Notice, "info": event.Info, "debug": event.Debug,
}

// program is a tag without a path.
func program(tag string) string { return tag[strings.LastIndexByte(tag, '/')+1:] }

// topics tells whether a word is RouterOS's list of topics: pptp,ppp,info.
func topics(word string) bool {
	comma := strings.IndexByte(word, ',')
	return comma > 0 && (word[:comma] == "pptp" || word[:comma] == "system")
}

// cutWord splits at the first space, and takes all spaces.
func cutWord(s string) (word, rest string) {
	i := strings.IndexByte(s, ' ')
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " ")
}

// skipColour takes ANSI colour sequences off the start.
func skipColour(s string) string {
	for strings.HasPrefix(s, "\x1b[") {
		end := strings.IndexByte(s, 'm')
		if end < 0 || end > 10 {
			return s
		}
		s = s[end+1:]
	}
	return s
}

// trimEnd takes line ends, spaces, other controls and colour sequences off the
// end.
func trimEnd(s string) string {
	for {
		for s != "" && s[len(s)-1] <= ' ' {
			s = s[:len(s)-1]
		}
		esc := strings.LastIndexByte(s[max(0, len(s)-10):], '\x1b')
		if esc < 0 || s[len(s)-1] != 'm' || skipColour(s[max(0, len(s)-10)+esc:]) != "" {
			return s
		}
		s = s[:max(0, len(s)-10)+esc]
	}
}
