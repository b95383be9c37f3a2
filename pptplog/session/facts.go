package session

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
)

// maxText bounds what is kept of a name or a reason: they are what the peer says.
const maxText = 128

// facts is what the lines of one process, or of one session, have told. Its size
// does not grow with the number of lines.
type facts struct {
	seen Types

	peer, ip    netip.Addr
	user, iface string

	opened, called, started, connected, authed, encrypted, addressed, ended time.Time
	last                                                                    time.Time // stamp of the last line

	said    time.Duration // the daemon's own word of how long it was
	tx, rx  uint64
	counted bool

	// LCP packets in a log that has them. acked: the client has acknowledged our options,
	// and so hears us.
	lcpSent, lcpReceived uint16
	lcpAcked             bool
	// Lines about frames of protocols that nobody speaks, as decrypting with wrong keys
	// gives; noIP: there was one of IPCP among them, which is one that nobody spoke here.
	garbled uint16
	noIP    bool

	fault finding // why it was not established
	end   finding // why it ended
}

// add takes in what a line tells. at is its time.
func (f *facts) add(e *event.Event, at time.Time) {
	f.seen.add(e.Type)
	if f.last.IsZero() || at.After(f.last) {
		f.last = at
	}
	set(&f.peer, e.Peer)
	keep(&f.user, e.User)
	keep(&f.iface, e.Interface)
	switch e.Type {
	case event.SessionOpen:
		first(&f.opened, at)
	case event.CallStart:
		first(&f.called, at)
	case event.PPPStart:
		first(&f.started, at)
	case event.PPPIfname:
		f.iface = clip(e.Interface) // it can be renamed
	case event.PPPConnect:
		first(&f.connected, at)
	case event.AuthOK:
		first(&f.authed, at)
	case event.MPPEOK:
		first(&f.encrypted, at)
	case event.IPAssigned:
		if e.IP.IsValid() {
			f.ip = e.IP
			first(&f.addressed, at)
		}
	case event.LCPSent:
		f.lcpSent = more(f.lcpSent)
	case event.LCPReceived:
		f.lcpReceived = more(f.lcpReceived)
		f.lcpAcked = f.lcpAcked || e.Reason == "ConfAck"
	case event.MPPEUnsupportedProtocol:
		switch n := protocol(e.Text); {
		case n == 0x8021:
			f.noIP = true
		case n != 0 && nobodySpeaks(n):
			f.garbled += garbledMin
		default:
			f.garbled++
		}
		f.garbled = min(f.garbled, 1<<14)
	case event.SessionClose:
		f.ended = at
	case event.PPPEnd:
		first(&f.ended, at)
	}
	if e.Tx > 0 || e.Rx > 0 || e.Type == event.SessionStats {
		f.tx, f.rx, f.counted = max(f.tx, e.Tx), max(f.rx, e.Rx), true
	}
	if e.Duration > 0 {
		f.said = e.Duration
	}
	f.fault.improve(faultOf(e))
	f.end.improve(endOf(e))
}

// join adds what another process of the same session has told.
func (f *facts) join(o *facts) {
	f.seen.join(o.seen)
	if o.last.After(f.last) {
		f.last = o.last
	}
	set(&f.peer, o.peer)
	set(&f.ip, o.ip)
	for _, s := range [...][2]*string{{&f.user, &o.user}, {&f.iface, &o.iface}} {
		if *s[0] == "" {
			*s[0] = *s[1]
		}
	}
	for _, t := range [...][2]*time.Time{
		{&f.opened, &o.opened}, {&f.called, &o.called}, {&f.started, &o.started}, {&f.connected, &o.connected},
		{&f.authed, &o.authed}, {&f.encrypted, &o.encrypted}, {&f.addressed, &o.addressed}, {&f.ended, &o.ended},
	} {
		if t[0].IsZero() {
			*t[0] = *t[1]
		}
	}
	if o.counted {
		f.tx, f.rx, f.counted = o.tx, o.rx, true
	}
	if f.said == 0 {
		f.said = o.said
	}
	f.lcpSent, f.lcpReceived = f.lcpSent+o.lcpSent, f.lcpReceived+o.lcpReceived
	f.lcpAcked = f.lcpAcked || o.lcpAcked
	f.garbled += o.garbled
	f.noIP = f.noIP || o.noIP
	f.fault.improve(o.fault)
	f.end.improve(o.end)
}

// protocol finds the number of a PPP protocol in a line; 0: there is none.
func protocol(text string) uint64 {
	i := strings.Index(text, "0x")
	if i < 0 {
		return 0
	}
	text = text[i+2:]
	if end := strings.IndexAny(text, ") "); end >= 0 {
		text = text[:end]
	}
	n, err := strconv.ParseUint(text, 16, 16)
	if err != nil {
		return 0
	}
	return n
}

// nobodySpeaks says that a frame of the protocol is none that its sender has meant: the
// number is not one of a protocol (RFC 1661, section 2), or it is that of data, which is
// not sent before its control protocol is open (section 3.5). Compressed and encrypted
// frames are another matter: one side may be slower than the other.
func nobodySpeaks(n uint64) bool {
	switch n {
	case 0x53, 0x55, 0x57, 0xfb, 0xfd:
		return false
	}
	return n&0x0101 != 0x0001 || n < 0x4000
}

// more counts as far as anyone wants to know; two of it can be added.
func more(n uint16) uint16 { return min(n+1, 1<<14) }

func first(t *time.Time, at time.Time) {
	if t.IsZero() {
		*t = at
	}
}

func set(a *netip.Addr, v netip.Addr) {
	if !a.IsValid() && v.IsValid() {
		*a = v.Unmap()
	}
}

func keep(s *string, v string) {
	if *s == "" && v != "" {
		*s = clip(v)
	}
}

// clip copies a string that borrows a line, and makes valid UTF-8 of not too much of
// it.
func clip(s string) string {
	return strings.Clone(strings.ToValidUTF8(s[:min(len(s), maxText)], "?"))
}
