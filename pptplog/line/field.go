package line

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// field is where in an Event a value goes.
type field uint8

const (
	fieldNone field = iota // {_}: must be there, means nothing
	fieldPeer
	fieldIP
	fieldUser
	fieldInterface
	fieldSession
	fieldPort
	fieldServer
	fieldReason
	fieldErrno
	fieldChildPID
	fieldTx
	fieldRx
	fieldDuration
	fieldCapacity
	fieldValue
)

var fieldNames = []string{
	"_", "peer", "ip", "user", "interface", "session", "port", "server", "reason", "errno",
	"child_pid", "tx", "rx", "duration", "capacity", "value",
}

// kind is what a value looks like, and where it ends.
type kind uint8

const (
	kindAny     kind = iota // up to the next literal; not empty
	kindWord                // the same, without a space in it
	kindInt                 // a number, perhaps negative
	kindIP                  // an IPv4 or IPv6 address
	kindGreedy              // up to the last occurrence of the next literal
	kindQuoted              // greedy, and escaped as pppd's %q does it
	kindRest                // all that is left, even nothing
	kindSeconds             // a number, also with a fraction, into a duration
	kindMinutes
)

var kindNames = []string{"any", "word", "int", "ip", "greedy", "quoted", "rest", "seconds", "minutes"}

// usual is the kind of a field for which a pattern names none.
var usual = map[field]kind{
	fieldPeer: kindIP, fieldIP: kindIP, fieldChildPID: kindInt, fieldTx: kindInt, fieldRx: kindInt,
	fieldDuration: kindSeconds, fieldCapacity: kindInt, fieldValue: kindInt,
}

// allowed tells whether a field can hold a value of a kind.
func (f field) allowed(k kind) bool {
	switch f {
	case fieldPeer, fieldIP:
		return k == kindIP
	case fieldChildPID, fieldTx, fieldRx, fieldCapacity, fieldValue:
		return k == kindInt
	case fieldDuration:
		return k == kindSeconds || k == kindMinutes
	case fieldNone:
		return true
	default:
		return k != kindSeconds && k != kindMinutes
	}
}

// accepts checks a value by its form, cheaply; set may still refuse it.
func (k kind) accepts(v string) bool {
	if v == "" {
		return k == kindRest
	}
	switch k {
	case kindWord:
		return strings.IndexByte(v, ' ') < 0
	case kindInt:
		if v[0] == '-' {
			v = v[1:]
		}
		return v != "" && len(v) <= 20 && number(v, false)
	case kindSeconds, kindMinutes:
		return len(v) <= 12 && number(v, true)
	case kindIP:
		return len(v) <= len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
	}
	return true
}

// number tells whether all of a word are digits, with at most one point between
// them if that is allowed.
func number(s string, point bool) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
		case c == '.' && point && i > 0 && i < len(s)-1:
			point = false
		default:
			return false
		}
	}
	return true
}

// set puts a value into an event, and tells whether it is one.
func (f field) set(e *event.Event, k kind, v string) bool {
	switch f {
	case fieldPeer, fieldIP:
		// ParseAddr allocates its error; a forged value may cost that.
		a, err := netip.ParseAddr(v)
		if f == fieldPeer {
			e.Peer = a
		} else {
			e.IP = a
		}
		return err == nil
	case fieldUser:
		e.User = plain(k, v)
	case fieldInterface:
		e.Interface = v
	case fieldSession:
		e.Session = v
	case fieldPort:
		e.Port = v
	case fieldServer:
		e.Server = v
	case fieldReason:
		e.Reason = plain(k, v)
	case fieldErrno:
		e.Errno = errnoName(v)
	case fieldChildPID:
		n, err := strconv.ParseInt(v, 10, 32)
		e.ChildPID = int32(n)
		return err == nil
	case fieldTx, fieldRx:
		n, err := strconv.ParseUint(v, 10, 64)
		if f == fieldTx {
			e.Tx = n
		} else {
			e.Rx = n
		}
		return err == nil
	case fieldDuration:
		n, err := strconv.ParseFloat(v, 64)
		unit := float64(time.Second)
		if k == kindMinutes {
			unit = float64(time.Minute)
		}
		if n *= unit; err != nil || n > float64(maxDuration) {
			return false
		}
		e.Duration += time.Duration(n)
	case fieldCapacity, fieldValue:
		n, err := strconv.ParseInt(v, 10, 64)
		if f == fieldCapacity {
			e.Capacity = n
		} else {
			e.Value = n
		}
		return err == nil
	case fieldNone:
	}
	return true
}

// maxDuration is longer than any session: an upper bound for what a line says.
const maxDuration = 100 * 365 * 24 * time.Hour

// plain undoes the escapes of pppd's %q (vslprintf in pppd/utils.c): \" and \\,
// \t \n \b \f, and \xHH, in older versions \ooo.
func plain(k kind, v string) string {
	if k != kindQuoted || strings.IndexByte(v, '\\') < 0 {
		return v
	}
	var b strings.Builder
	b.Grow(len(v))
	for i := 0; i < len(v); i++ {
		if v[i] != '\\' || i+1 == len(v) {
			b.WriteByte(v[i])
			continue
		}
		i++
		code, n := uint64(0), 0
		switch c := v[i]; {
		case c == 'x' && i+3 <= len(v):
			var err error
			if code, err = strconv.ParseUint(v[i+1:i+3], 16, 8); err == nil {
				n = 3
			}
		case c >= '0' && c <= '3' && i+3 <= len(v):
			var err error
			if code, err = strconv.ParseUint(v[i:i+3], 8, 8); err == nil {
				n = 3
			}
		}
		if n > 0 {
			b.WriteByte(byte(code))
			i += n - 1
			continue
		}
		if at := strings.IndexByte("tnbf", v[i]); at >= 0 {
			b.WriteByte("\t\n\b\f"[at])
			continue
		}
		b.WriteByte(v[i])
	}
	return b.String()
}

// errnoName gives the name of an error whose text a C library wrote.
func errnoName(text string) string {
	if name, ok := errnos[strings.TrimSpace(text)]; ok {
		return name
	}
	return text
}

// errnos are the texts of glibc, and of musl where it has another.
var errnos = map[string]string{
	"Address already in use": "EADDRINUSE", "Address in use": "EADDRINUSE",
	"Address family not supported by protocol": "EAFNOSUPPORT",
	"Address not available":                    "EADDRNOTAVAIL", "Cannot assign requested address": "EADDRNOTAVAIL",
	"Bad file descriptor":    "EBADF",
	"Broken pipe":            "EPIPE",
	"Cannot allocate memory": "ENOMEM", "Out of memory": "ENOMEM",
	"Connection refused":       "ECONNREFUSED",
	"Connection reset by peer": "ECONNRESET",
	"Connection timed out":     "ETIMEDOUT", "Operation timed out": "ETIMEDOUT",
	"Device or resource busy": "EBUSY", "Resource busy": "EBUSY",
	"File exists":                    "EEXIST",
	"Host is down":                   "EHOSTDOWN",
	"Inappropriate ioctl for device": "ENOTTY", "Not a tty": "ENOTTY",
	"Input/output error": "EIO", "I/O error": "EIO",
	"Interrupted system call": "EINTR",
	"Invalid argument":        "EINVAL",
	"Message too long":        "EMSGSIZE", "Message too large": "EMSGSIZE",
	"Network is down":        "ENETDOWN",
	"Network is unreachable": "ENETUNREACH", "Network unreachable": "ENETUNREACH",
	"No buffer space available": "ENOBUFS",
	"No route to host":          "EHOSTUNREACH", "Host is unreachable": "EHOSTUNREACH",
	"No such device":                   "ENODEV",
	"No such device or address":        "ENXIO",
	"No such file or directory":        "ENOENT",
	"Operation not permitted":          "EPERM",
	"Permission denied":                "EACCES",
	"Protocol family not supported":    "EPFNOSUPPORT",
	"Protocol not available":           "ENOPROTOOPT",
	"Protocol not supported":           "EPROTONOSUPPORT",
	"Resource temporarily unavailable": "EAGAIN",
	"Socket type not supported":        "ESOCKTNOSUPPORT",
	"Too many open files":              "EMFILE", "No file descriptors available": "EMFILE",
	"Too many open files in system":       "ENFILE",
	"Transport endpoint is not connected": "ENOTCONN", "Socket not connected": "ENOTCONN",
}
