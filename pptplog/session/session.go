package session

import (
	"net/netip"
	"time"
)

// Unknown is the cause of failures that the lines do not tell.
const Unknown = "unknown"

// Stages of a session, as in the causes: what was going on when it ended.
const (
	StageControl = "control" // the control connection is up
	StageCall    = "call"    // a call was asked for
	StageGRE     = "gre"
	StagePPP     = "ppp" // pppd was started, and has not connected
	StageLCP     = "lcp"
	StageAuth    = "auth"
	StageMPPE    = "mppe"
	StageCCP     = "ccp"
	StageIPCP    = "ipcp"
	StageHold    = "hold" // it was established
)

// Change is what became of a session.
type Change uint8

// The changes. A session is Opened at most once, Established at most once, and
// ends as either Closed or Failed.
const (
	Opened Change = iota
	Established
	Closed
	Failed
)

// String names the change in lower case.
func (c Change) String() string { return [...]string{"opened", "established", "closed", "failed"}[c&3] }

// Outcome is what there is to say of a session that has ended.
type Outcome uint8

const (
	// OutcomeNone says that it has not ended.
	OutcomeNone Outcome = iota
	// OutcomeEstablished says that it was established, and has been closed.
	OutcomeEstablished
	// OutcomeFailed says that it was never established.
	OutcomeFailed
	// OutcomeAbandoned says that the client took its leave in good order before it was
	// established, as those do that only look whether the gateway is there. That is
	// no failure.
	OutcomeAbandoned
	// OutcomeLost says that its end is not in the log. How it ended is not known.
	OutcomeLost
)

// String names the outcome in lower case.
func (o Outcome) String() string {
	if int(o) < len(outcomes) {
		return outcomes[o]
	}
	return "invalid"
}

var outcomes = [...]string{"none", "established", "failed", "abandoned", "lost"}

// Outcomes lists the names of what a session can end as.
func Outcomes() []string { return outcomes[1:] }

// Session is what is known of a session. It shares no memory with the tracker.
type Session struct {
	// Host and Program wrote the lines: Program is that of the control connection.
	Host, Program string
	// PID is that of the control connection, 0 if there is none.
	PID int32

	Peer      netip.Addr // the client's address
	IP        netip.Addr // the address that it was given
	User      string     // anything at all may stand in it
	Interface string

	// When it happened, by the lines' own stamps, or by their arrival where they have
	// none; zero: not seen.
	Opened, Authenticated, Encrypted, Addressed, Closed time.Time

	// Duration is how long an established session was up, or else how long it was
	// tried. Negative never.
	Duration time.Duration
	// Tx and Rx are bytes sent to and received from the client, if Counted.
	Tx, Rx  uint64
	Counted bool

	Outcome Outcome
	// Stage is how far it came. Cause is stage.cause out of the closed list, [Unknown],
	// or empty: nothing is wrong. An established session may have one, too, if
	// something tore it down.
	Stage, Cause string
	// Reason is more about it: a word of the peer's, or of this package's, such as
	// hang_up, radius_timeout, sent_only.
	Reason string

	// LinkConfidence is how sure it is that all the lines are of one session, 0 to 1.
	LinkConfidence float64
	// Evidence are the types of the lines.
	Evidence Types
}
