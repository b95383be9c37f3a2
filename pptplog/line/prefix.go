package line

import (
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// Names of programs and tags that code, not data, must know.
const (
	programPoptop  = "pptpd"
	programPPPD    = "pppd"
	programWindows = "rras"

	tagFreeRADIUS = "freeradius"
	tagRouterOS   = "pptp,"
	tagAccelFile  = "accel-ppp file"
	tagAccelDebug = "accel-ppp debug file"
)

// prefix takes what a program writes before each of its messages off the text,
// into the event. It returns false for a line that is not of interest.
type prefix func(e *envelope, dst *event.Event) bool

var prefixes = map[string]prefix{
	"":           nil,
	"accel-ppp":  accelPrefix,
	"cisco-asa":  asaPrefix,
	"cisco-ios":  iosPrefix,
	"freeradius": freeRADIUSPrefix,
	"mpd5":       mpdPrefix,
	"pptp-linux": pptpLinuxPrefix,
	"mikrotik":   routerOSPrefix,
	"rras":       rrasPrefix,
}

// key is what a tag's books are found by.
func (e *envelope) key() string {
	if topics(e.tag) {
		return tagRouterOS
	}
	return e.tag
}

// pptpLinuxPrefix is "name log[func:file:line]: ", which also tells the client
// from pppd where both are tagged pptp.
func pptpLinuxPrefix(_ *envelope, dst *event.Event) bool {
	open := strings.IndexByte(dst.Text, '[')
	if open < 0 {
		return false
	}
	var severity event.Severity
	switch head := dst.Text[:open]; {
	case strings.HasSuffix(head, " log"):
		severity = event.Notice
	case strings.HasSuffix(head, " warn"):
		severity = event.Warning
	case strings.HasSuffix(head, " fatal"):
		severity = event.Critical
	default:
		return false
	}
	_, text, ok := strings.Cut(dst.Text[open:], "]: ")
	if !ok {
		return false
	}
	if dst.Severity == event.SeverityUnknown {
		dst.Severity = severity
	}
	dst.Text = text
	return true
}

// accelFile is the envelope of accel-ppp's own file, "[time]: level: ", and of
// its debug file, "[time.milliseconds] ".
func (e *envelope) accelFile(s string) bool {
	st, rest, ok := cutStamp(s[1:])
	if !ok || !strings.HasPrefix(rest, "]") {
		return false
	}
	if rest, ok = strings.CutPrefix(rest[1:], ": "); !ok {
		rest = strings.TrimLeft(rest, " ")
		_, after, _ := strings.Cut(rest, ": ")
		sid, _, _ := strings.Cut(after, ": ")
		if len(sid) != 16 || strings.Trim(sid, "0123456789abcdefABCDEF") != "" {
			return false
		}
		e.stamp, e.stamped, e.tag, e.text = st, true, tagAccelDebug, rest
		return true
	}
	level, text, ok := strings.Cut(strings.TrimLeft(rest, " "), ": ")
	if !ok {
		return false
	}
	switch level {
	case "msg", "info":
		e.severity = event.Info
	case "error":
		e.severity = event.Error
	case "warn":
		e.severity = event.Warning
	case "debug":
		e.severity = event.Debug
	default:
		return false
	}
	e.stamp, e.stamped, e.tag, e.text = st, true, tagAccelFile, text
	return true
}

// accelPrefix is "ifname:user: " in syslog, "ifname: " in the file and
// "ifname: session: " in the debug file. All are empty before PPP is up, and
// lines about no session have none in the file.
func accelPrefix(e *envelope, dst *event.Event) bool {
	text := dst.Text
	// At the end of authentication there is no prefix yet, but the line may be
	// the daemon's own copy without an empty one: what looks like a prefix then is
	// the user's name, as he chose it.
	if strings.HasSuffix(text, ": authentication failed") || strings.HasSuffix(text, ": authentication succeeded") {
		for _, empty := range []string{": : ", ":: ", ": "} {
			if rest, ok := strings.CutPrefix(text, empty); ok {
				dst.Text = rest
				return true
			}
		}
		if e.tag != tagAccelDebug {
			return true
		}
	}
	name, rest, ok := strings.Cut(text, ":")
	if !ok || name != "" && !interfaceName(name) {
		return true
	}
	rest = strings.TrimPrefix(rest, " ")
	switch e.tag {
	case tagAccelFile:
		dst.Interface, dst.Text = name, rest
	case tagAccelDebug:
		dst.Interface = name
		dst.Session, dst.Text, _ = strings.Cut(rest, ": ")
	default:
		if user, rest, ok := strings.Cut(rest, ": "); ok {
			dst.Interface, dst.User, dst.Text = name, user, rest
		}
	}
	return true
}

// interfaceName tells whether a word is a session's interface, such as ppp0;
// the words that begin messages end in no digit but for a few.
func interfaceName(s string) bool {
	return len(s) <= 15 && s[len(s)-1] >= '0' && s[len(s)-1] <= '9' && strings.IndexByte(s, ' ') < 0 && strings.IndexByte(s, '-') < 0
}

// mpdPrefix is "[link] ".
func mpdPrefix(_ *envelope, dst *event.Event) bool {
	if strings.HasPrefix(dst.Text, "[") {
		if name, text, ok := strings.Cut(dst.Text[1:], "] "); ok {
			dst.Session, dst.Text = name, text
		}
	}
	return true
}

// freeRADIUSPrefix is "Auth: (7) ", both optional.
func freeRADIUSPrefix(_ *envelope, dst *event.Event) bool {
	if level, text, ok := strings.Cut(dst.Text, ": "); ok {
		severity := event.SeverityUnknown
		switch strings.TrimSpace(level) {
		case "Auth", "Info", "Acct":
			severity = event.Info
		case "ERROR", "Error":
			severity = event.Error
		case "Warn", "WARNING":
			severity = event.Warning
		case "Debug", "Proxy":
			severity = event.Debug
		}
		if severity != event.SeverityUnknown {
			dst.Text = strings.TrimLeft(text, " ")
			if dst.Severity == event.SeverityUnknown {
				dst.Severity = severity
			}
		}
	}
	if strings.HasPrefix(dst.Text, "(") {
		if number, text, ok := strings.Cut(dst.Text[1:], ") "); ok {
			if _, ok := digits(number); ok {
				dst.Text = strings.TrimLeft(text, " ")
			}
		}
	}
	return true
}

// routerOSPrefix is the identity, which stands before the text where no syslog
// header names the host, and the session: <pptp-user>, or a number before the
// user is known. Only pptp's topics are of interest, and changes of its server's
// settings.
func routerOSPrefix(e *envelope, dst *event.Event) bool {
	if e.host == "" {
		if word, text := cutWord(dst.Text); len(word) > 1 && word[len(word)-1] == ':' && word[0] != '<' {
			dst.Host, dst.Text = word[:len(word)-1], text
		}
	}
	if strings.HasPrefix(dst.Text, "<") {
		// A user's name may hold the end of the prefix; a number does not.
		end := strings.LastIndex(dst.Text, ">: ")
		if len(dst.Text) > 1 && dst.Text[1] >= '0' && dst.Text[1] <= '9' {
			end = strings.Index(dst.Text, ">: ")
		}
		if end > 0 {
			dst.Session = dst.Text[1:end]
			dst.User, _ = strings.CutPrefix(dst.Session, "pptp-")
			if len(dst.User) == len(dst.Session) {
				dst.User = ""
			}
			dst.Text = strings.TrimLeft(dst.Text[end+3:], " ")
		}
	}
	if dst.Severity == event.SeverityUnknown {
		dst.Severity = topicSeverity(e.tag)
	}
	return !strings.HasPrefix(e.tag, "system") || strings.HasPrefix(dst.Text, "PPTP ")
}

func topicSeverity(topics string) event.Severity {
	for topics != "" {
		var topic string
		topic, topics, _ = strings.Cut(topics, ",")
		if severity, ok := severities[topic]; ok {
			return severity
		}
		if topic == "critical" {
			return event.Critical
		}
	}
	return event.SeverityUnknown
}

// rrasPrefix is "RoutingDomainID- {…}: CoID={…}: ", two spaces or a line
// between sentences besides.
func rrasPrefix(_ *envelope, dst *event.Event) bool {
	text := dst.Text
	if strings.HasPrefix(text, "RoutingDomainID-") {
		_, text, _ = strings.Cut(text, ": ")
		text = strings.TrimLeft(text, " ")
	}
	if len(text) > 5 && strings.EqualFold(text[:5], "CoID=") {
		if id, rest, ok := strings.Cut(text[5:], ":"); ok && connectionID(id) {
			text = strings.TrimLeft(rest, " ")
			dst.Session = session(id)
		}
	}
	if strings.Contains(text, "  ") || strings.ContainsAny(text, "\r\n\t") {
		text = strings.Join(strings.Fields(text), " ")
	}
	dst.Text = text
	return true
}
