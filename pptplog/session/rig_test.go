package session

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

var begin = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// rig feeds a tracker with events and writes down what it tells.
type rig struct {
	t   *testing.T
	tr  *Tracker
	now time.Time
	// stampless: events have no time of their own.
	stampless bool
	host      string

	told     []string // "opened 198.51.100.7", one per callback
	sessions []*Session
	gateway  []string
}

func newRig(t *testing.T, cfg Config) *rig {
	r := &rig{t: t, now: begin, host: "gw"}
	cfg.OnSession = func(c Change, s *Session) {
		r.sessions = append(r.sessions, s)
		r.told = append(r.told, tell(c, s))
	}
	cfg.OnGateway = func(e *event.Event) {
		r.gateway = append(r.gateway, strings.TrimSpace(e.Type.String()+" "+e.Errno+e.Server))
	}
	tr, err := New(cfg)
	require.NoError(t, err)
	r.tr = tr
	return r
}

func tell(c Change, s *Session) string {
	peer := "-"
	if s.Peer.IsValid() {
		peer = s.Peer.String()
	}
	text := fmt.Sprintf("%s %s", c, peer)
	if c != Closed && c != Failed {
		return text
	}
	if c == Closed {
		text += " " + s.Outcome.String()
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", text, s.Stage, s.Cause, s.Reason))
}

// after lets time pass.
func (r *rig) after(d time.Duration) *rig {
	r.now = r.now.Add(d)
	r.tr.Tick(r.now)
	return r
}

// line is an event of a program with a pid. What it holds is written as in the patterns:
// peer=..., user=..., child=...
func (r *rig) line(program string, pid int32, typ event.Type, fields ...string) *rig {
	r.t.Helper()
	e := event.Event{Type: typ, Class: typ.Class(), Host: r.host, Program: program, PID: pid, Time: r.now, Arrival: r.now, Count: 1}
	if r.stampless {
		e.Time = time.Time{}
	}
	for _, f := range fields {
		k, v, _ := strings.Cut(f, "=")
		switch k {
		case "peer":
			e.Peer = netip.MustParseAddr(v)
		case "ip":
			e.IP = netip.MustParseAddr(v)
		case "user":
			e.User = v
		case "iface":
			e.Interface = v
		case "session":
			e.Session = v
		case "server":
			e.Server = v
		case "reason":
			e.Reason = v
		case "errno":
			e.Errno = v
		case "text":
			e.Text = v
		case "group":
			e.Group = v
		case "child":
			_, err := fmt.Sscan(v, &e.ChildPID)
			require.NoError(r.t, err)
		case "io":
			_, err := fmt.Sscanf(v, "%d,%d", &e.Tx, &e.Rx)
			require.NoError(r.t, err)
		case "lasted":
			d, err := time.ParseDuration(v)
			require.NoError(r.t, err)
			e.Duration = d
		case "client":
			e.Role = event.Client
		case "ago":
			d, err := time.ParseDuration(v)
			require.NoError(r.t, err)
			e.Time = r.now.Add(-d)
		default:
			require.Fail(r.t, "no such field", f)
		}
	}
	r.tr.Observe(r.now, &e)
	return r
}

func (r *rig) pptpd(pid int32, typ event.Type, fields ...string) *rig {
	return r.line("pptpd", pid, typ, fields...)
}

func (r *rig) pppd(pid int32, typ event.Type, fields ...string) *rig {
	return r.line("pppd", pid, typ, fields...)
}

// open is a client that connects and calls.
func (r *rig) open(pid int32, peer string) *rig {
	return r.pptpd(pid, event.SessionOpen, "peer="+peer).pptpd(pid, event.CallStart)
}

// connect is a pppd that begins.
func (r *rig) connect(pid int32) *rig {
	return r.pppd(pid, event.PPPStart).pppd(pid, event.PPPIfname, "iface=ppp0").pppd(pid, event.PPPConnect, "iface=ppp0")
}

// up is a pppd that authenticates the client and gives it an address.
func (r *rig) up(pid int32, peer string) *rig {
	return r.pppd(pid, event.AuthOK, "peer="+peer).pppd(pid, event.MPPEOK).pppd(pid, event.IPAssigned, "ip=10.99.1.10")
}

// down is a client that leaves in good order.
func (r *rig) down(ctl, pppd int32, peer string) *rig {
	return r.pppd(pppd, event.TermByPeer, "reason=User request").pppd(pppd, event.SessionStats, "io=715,623", "lasted=1m").
		pppd(pppd, event.Hangup).pppd(pppd, event.PPPEnd).
		close(ctl, pppd, peer)
}

// close is the end of a control connection.
func (r *rig) close(ctl, pppd int32, peer string) *rig {
	return r.pptpd(ctl, event.ChildLink, fmt.Sprintf("child=%d", pppd)).pptpd(ctl, event.SessionClose, "peer="+peer)
}

// last is the session that was told of last.
func (r *rig) last() *Session {
	require.NotEmpty(r.t, r.sessions)
	return r.sessions[len(r.sessions)-1]
}
