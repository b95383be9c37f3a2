package radiuscheck

import (
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/exchange"
	"github.com/otelcol-pptp/otelcol-pptp/radiuscheck/packet"
)

// Result is what one check found.
type Result struct {
	Method Method
	// Signing is [Always] or [Never], whether the request had a Message-Authenticator.
	Signing Signing

	Start time.Time
	// Total is from the first transmission until the answer, or until waiting ended; what
	// other addresses of the name were waited for is part of it.
	Total time.Duration
	// Latency is from the transmission that was answered until its answer; 0: there was
	// none, or it cannot be told which one was answered.
	Latency time.Duration
	// Server is the address that was asked, the last one if there were several; invalid if
	// the name has none.
	Server netip.AddrPort

	Code            packet.Code // of the answer; 0: there was none
	Signed          bool        // the answer has a Message-Authenticator
	Retransmissions int
	Replies         exchange.Counts // what came meanwhile

	// Keys says whether the keys for MPPE came and are the right ones. Only of
	// [MSCHAPv2], and only if the server accepted; see HasKeys.
	Keys, HasKeys bool
	// Message is what the server wanted the user to see.
	Message string
	// MSCHAPError is the E= of a rejected MS-CHAPv2 (RFC 2759, section 6); 0: none.
	MSCHAPError int

	Failure *Failure // nil: the server passed
	Warning *Failure // nil: nothing else is to be said
}

// OK says whether the server passed.
func (r *Result) OK() bool { return r.Failure == nil }

// Answered says whether there was an answer, whatever it was.
func (r *Result) Answered() bool { return r.Code != 0 }

// rejected says whether the password was refused, or may have been: with another secret
// the server reads another password, and its reply cannot be trusted.
func (r *Result) rejected() bool {
	return r.Method.UsesPassword() && (r.Code == packet.AccessReject || r.Failure != nil && r.Failure.Cause == BadAuthenticator)
}

// heard says whether anything came from the server.
func (r *Result) heard() bool {
	return r.Failure == nil || r.Failure.Cause != Timeout && r.Failure.Cause != Unreachable
}

func (r *Result) fail(c Cause, detail string) {
	if r.Failure == nil {
		r.Failure = failure(c, detail)
	}
}
