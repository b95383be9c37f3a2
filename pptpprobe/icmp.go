package pptpprobe

import (
	"fmt"
	"time"
)

// ICMP types and codes (RFC 792, RFC 1812).
const (
	icmpUnreachable = 3
	icmpTimeExceed  = 11

	icmpNetUnreachable   = 0
	icmpHostUnreachable  = 1
	icmpProtoUnreachable = 2
	icmpPortUnreachable  = 3
	icmpFragNeeded       = 4
)

const (
	maxICMPKept = 8
	// icmpPatience is how long ICMP errors must go on, without any sign that our
	// frames arrive, before they end a session early: a single one also comes from
	// a server that is still starting the daemon behind the call.
	icmpPatience = 2 * time.Second
)

// describe says in words what e is.
func (e *ICMPError) describe() string {
	return fmt.Sprintf("%s sent ICMP type %d code %d (%s)", e.From, e.Type, e.Code, e.meaning())
}

func (e *ICMPError) meaning() string {
	if e.Type == icmpTimeExceed {
		return "time exceeded: a routing loop"
	}
	if e.Type != icmpUnreachable {
		return "see RFC 792"
	}
	switch e.Code {
	case icmpNetUnreachable, 6, 11:
		return "network unreachable"
	case icmpHostUnreachable, 7, 12:
		return "host unreachable"
	case icmpProtoUnreachable:
		return "protocol unreachable"
	case icmpPortUnreachable:
		return "rejected by a packet filter"
	case icmpFragNeeded:
		return "fragmentation needed"
	case 9, 10, 13:
		return "administratively prohibited"
	}
	return "destination unreachable"
}

// cause is the failure that e stands for when our GRE does not get through,
// empty if it does not explain that.
func (e *ICMPError) cause() Cause {
	switch {
	case e.Type == icmpTimeExceed:
		return CauseGREHostUnreachable
	case e.Type != icmpUnreachable || e.Code == icmpFragNeeded:
		return ""
	}
	switch e.Code {
	case icmpProtoUnreachable:
		return CauseGREProtoUnreachable
	case 9, 10, 13, icmpPortUnreachable:
		// GRE has no ports: a port unreachable is what packet filters send by default.
		return CauseGREAdminProhibited
	}
	return CauseGREHostUnreachable
}

// icmp notes an ICMP error for our GRE, and gives the session up when such
// errors go on and nothing shows that any frame of ours arrives.
func (s *session) icmp(now time.Time, e ICMPError) {
	if len(s.res.ICMPErrors) < maxICMPKept {
		s.res.ICMPErrors = append(s.res.ICMPErrors, e)
	}
	if e.cause() == "" || s.seen.lcpUp {
		return
	}
	if s.seen.icmpCount == 0 {
		s.seen.icmpFirst = now
	}
	s.seen.icmpCount++
	s.seen.icmpLast = &e
	if s.seen.icmpCount >= 2 && now.Sub(s.seen.icmpFirst) >= icmpPatience && !s.ourFramesArrive() {
		s.failICMP(s.stages.current())
	}
}

// failICMP fails the session for the last ICMP error; false if there was none.
func (s *session) failICMP(stage Stage) bool {
	e := s.seen.icmpLast
	if e == nil {
		return false
	}
	s.failWith(stage, e.cause(), e.describe()+" for our GRE packets", nil)
	s.fail.ICMP = e
	return true
}

// ourFramesArrive says whether anything shows that the server gets our frames:
// it acknowledged one, or answered one.
func (s *session) ourFramesArrive() bool {
	return s.gre != nil && (s.gre.Stats().TxAcked > 0 || s.link.Stats().LCP.Answers > 0)
}
