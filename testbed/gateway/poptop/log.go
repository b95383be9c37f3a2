// Package poptop writes what the simulated gateway does as poptop 1.4.0 and pppd 2.4.9
// of Debian do, as lines of syslog.
package poptop

import (
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
)

// stamp is that of rsyslog's default format.
const stamp = "2006-01-02T15:04:05.000000-07:00"

// The numbers of processes begin here: the manager, and then two for each session.
const managerPID = 900

const noUnit = -1 // pppd has not come to an interface

// Log writes the lines of a gateway. It is safe for concurrent use.
type Log struct {
	cfg Config

	mu       sync.Mutex
	out      io.Writer
	err      error
	sessions map[uint64]*session
	units    map[int]bool // interfaces that are there
}

// session is what the processes of one session know.
type session struct {
	child, pppd int // process numbers; pppd 0: not started
	unit        int // of the interface
	established time.Time
	encrypted   bool
	told        bool // pppd has said why it ends
	gone        bool // pppd has
}

// Config is whose log it is.
type Config struct {
	Host    string
	LocalIP netip.Addr // the gateway's end of the tunnels
	Started time.Time  // when the daemon did
	// Faults are those of the gateway. What has reasons that events do not tell gets its
	// reason here: no address is a pool that is empty, a pppd that dies has a wrong option. nil: none.
	Faults func() gateway.Faults
}

// New returns a log with the lines of the daemon's start.
func New(out io.Writer, cfg Config) *Log {
	l := &Log{cfg: cfg, out: out, sessions: make(map[uint64]*session), units: make(map[int]bool)}
	l.pptpd(cfg.Started, managerPID, "MGR: Manager process started")
	l.pptpd(cfg.Started, managerPID, "MGR: Maximum of 100 connections available")
	return l
}

func (l *Log) faults() gateway.Faults {
	if l.cfg.Faults == nil {
		return gateway.Faults{}
	}
	return l.cfg.Faults()
}

// Err returns the first error of writing.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func (l *Log) pptpd(now time.Time, pid int, format string, a ...any) {
	l.line(now, "pptpd", pid, format, a...)
}

func (l *Log) line(now time.Time, tag string, pid int, format string, a ...any) {
	_, err := fmt.Fprintf(l.out, "%s %s %s[%d]: %s\n", now.Format(stamp), l.cfg.Host, tag, pid, fmt.Sprintf(format, a...))
	if l.err == nil {
		l.err = err
	}
}

// Observe takes an event; it is made for [gateway.Config].Observe.
func (l *Log) Observe(e gateway.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.sessions[e.Session]
	if s == nil {
		if e.Kind != gateway.EventConnected {
			return
		}
		// The processes of a session have numbers next to each other most of the time.
		s = &session{child: managerPID + 100 + int(e.Session)*2}
		l.sessions[e.Session] = s
	}
	switch e.Kind {
	case gateway.EventConnected:
		if l.faults().IPCPNoAddress != 0 {
			l.pptpd(e.At, managerPID, "MGR: No free connection slots or IPs - no more clients can connect!")
		}
		l.pptpd(e.At, s.child, "CTRL: Client %s control connection started", e.Client.Addr())
	case gateway.EventRefused: // of all results, poptop gives this one only
		if strings.HasPrefix(e.Detail, "OCRP result 4 ") {
			l.pptpd(e.At, s.child, "CTRL: No free Call IDs!")
		}
	case gateway.EventCallUp:
		l.callUp(&e, s)
	case gateway.EventClosed:
		l.closed(&e, s)
	default:
		if s.pppd != 0 && !s.gone {
			l.pppdEvent(&e, s)
		}
	}
}

// callUp is the start of pppd.
func (l *Log) callUp(e *gateway.Event, s *session) {
	l.pptpd(e.At, s.child, "CTRL: Starting call (launching pppd, opening GRE)")
	s.pppd = s.child + 1
	if l.faults().DaemonDies > 0 {
		l.pppd(e.At, s, "In file /etc/ppp/pptpd-options: unrecognized option 'require-mppe-256'")
		s.unit = noUnit
		return
	}
	for l.units[s.unit] {
		s.unit++
	}
	l.units[s.unit] = true
	l.pppd(e.At, s, "Plugin /usr/lib/pptpd/pptpd-logwtmp.so loaded.")
	l.pppd(e.At, s, "pppd 2.4.9 started by root, uid 0")
	l.pppd(e.At, s, "Using interface ppp%d", s.unit)
	l.pppd(e.At, s, "Connect: ppp%d <--> /dev/pts/%d", s.unit, s.unit+1)
}

func (l *Log) pppd(now time.Time, s *session, format string, a ...any) {
	l.line(now, "pppd", s.pppd, format, a...)
}

func (l *Log) pppdEvent(e *gateway.Event, s *session) {
	switch e.Kind {
	case gateway.EventAuthOK: // of CHAP pppd 2.4.9 says nothing but this
		l.pppd(e.At, s, "peer from calling number %s authorized", e.Client.Addr())
	case gateway.EventAuthFailed:
		l.pppd(e.At, s, "Peer %s failed CHAP authentication", failedUser(e.Detail))
		s.told = true
	case gateway.EventEncrypted:
		l.pppd(e.At, s, "MPPE %s compression enabled", mppe(e.Detail))
		s.encrypted = true
	case gateway.EventEstablished:
		l.pppd(e.At, s, "local  IP address %s", l.cfg.LocalIP)
		l.pppd(e.At, s, "remote IP address %s", e.Address)
		s.established = e.At
	case gateway.EventTerminating:
		l.terminating(e, s)
	case gateway.EventTerminated:
		if e.Detail == "" {
			l.pppd(e.At, s, "LCP terminated by peer")
		} else {
			l.pppd(e.At, s, "LCP terminated by peer (%s)", e.Detail)
		}
		s.told = true
	case gateway.EventCallDown:
		l.callDown(e, s)
	}
}

// terminating is why pppd ends a link. The names are those of the gateway.
func (l *Log) terminating(e *gateway.Event, s *session) {
	s.told = true
	switch e.Detail {
	case "Peer not responding":
		l.pppd(e.At, s, "No response to 4 echo-requests")
		l.pppd(e.At, s, "Serial link appears to be disconnected.")
	case "peer failed to respond to CHAP challenge":
		l.pppd(e.At, s, "CHAP authentication timed out")
	case "peer refused to authenticate":
		l.pppd(e.At, s, "peer refused to authenticate: terminating link")
	case "MPPE required but not available":
		l.pppd(e.At, s, "MPPE required, but MS-CHAP[v2] auth not performed.")
	case "MPPE required but peer refused", "MPPE required but peer negotiation failed":
		l.pppd(e.At, s, "%s", e.Detail)
	case "Too many MPPE errors":
		l.pppd(e.At, s, "Too many MPPE errors, closing LCP")
	case "no address":
		l.pppd(e.At, s, "Could not determine local IP address")
	}
}

// callDown is the end of pppd.
func (l *Log) callDown(e *gateway.Event, s *session) {
	switch {
	case e.Detail == "the daemon has died":
		// pptpd sees it before anybody: pppd itself says nothing.
		l.pptpd(e.At, s.child, "GRE: read(fd=6,buffer=55d0c3b3a6c0,len=8196) from PTY failed: status = -1 error = Input/output error, "+
			"usually caused by unexpected termination of pppd, check option syntax and pppd logs")
		l.pptpd(e.At, s.child, "CTRL: PTY read or GRE write failed (pty,gre)=(6,7)")
		s.gone = true
	case e.Detail == "LCP timeout":
		l.pppd(e.At, s, "LCP: timeout sending Config-Requests")
	case !s.told: // the client or pptpd has ended the call: the terminal is gone
		l.pppd(e.At, s, "Hangup (SIGHUP)")
		l.pppd(e.At, s, "Modem hangup")
	}
	delete(l.units, s.unit)
	if s.gone {
		return
	}
	if !s.established.IsZero() {
		l.pppd(e.At, s, "Connect time %.1f minutes.", e.At.Sub(s.established).Minutes())
		l.pppd(e.At, s, "Sent %d bytes, received %d bytes.", uint32(e.BytesOut), uint32(e.BytesIn))
	}
	if s.encrypted {
		l.pppd(e.At, s, "MPPE disabled")
	}
	l.pppd(e.At, s, "Connection terminated.")
	l.pppd(e.At, s, "Exit.")
	s.gone = true
}

// closed is the end of the session's child of pptpd.
func (l *Log) closed(e *gateway.Event, s *session) {
	delete(l.sessions, e.Session)
	switch t := e.Teardown; {
	case t.Reason == "client closed the connection":
		l.pptpd(e.At, s.child, "CTRL: EOF or bad error reading ctrl packet length.")
		l.pptpd(e.At, s.child, "CTRL: couldn't read packet header (exit)")
		l.pptpd(e.At, s.child, "CTRL: CTRL read failed")
	case t.Reason == "no Echo-Reply":
		l.pptpd(e.At, s.child, "CTRL: Session timed out, ending call")
	}
	if s.pppd != 0 {
		l.pptpd(e.At, s.child, "CTRL: Reaping child PPP[%d]", s.pppd)
	}
	l.pptpd(e.At, s.child, "CTRL: Client %s control connection finished", e.Client.Addr())
}

// failedUser takes the name out of the detail of EventAuthFailed, which quotes it.
func failedUser(detail string) string {
	_, rest, _ := strings.Cut(detail, ", user ")
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return ""
	}
	return quoted[1 : len(quoted)-1] // pppd escapes it, too
}

// mppe is the gateway's "128 bit stateless" in pppd's words.
func mppe(detail string) string {
	var bits int
	mode := "stateless"
	if _, err := fmt.Sscanf(detail, "%d bit %s", &bits, &mode); err != nil {
		bits = 128
	}
	return fmt.Sprintf("%d-bit %s", bits, mode)
}
