package accounting

import (
	"net/netip"
	"time"
)

// Session is one that the NAS has told of.
type Session struct {
	NAS     NAS
	ID      string // Acct-Session-Id
	User    string
	Client  netip.Addr
	Address netip.Addr // Framed-IP-Address

	Started time.Time // when the NAS began it: the record's time less its delay and Acct-Session-Time
	Heard   time.Time // when the last record came
	Traffic Traffic   // with wraps that the NAS did not tell added up
	// Duration is Acct-Session-Time of the newest record.
	Duration time.Duration
	Cause    Cause // once stopped
	Adopted  bool  // its Start was not seen
}

// Change is what has become of a session.
type Change uint8

// The changes.
const (
	Started   Change = iota // a Start came, or the first interim record of a session that was not known
	Updated                 // an interim record came
	Stopped                 // a Stop came
	Restarted               // the NAS said Accounting-On or -Off, and the session is gone with it
	Expired                 // nothing was heard for [Config].SessionTTL
	Evicted                 // the table was full, and this one was not heard for longest
)

var changeNames = [...]string{"started", "updated", "stopped", "restarted", "expired", "evicted"}

func (c Change) String() string { return changeNames[c] }

// Kind is what is odd.
type Kind uint8

// The anomalies.
const (
	// StopWithoutStart is a Stop of a session that was not known, though it began after the tracker.
	StopWithoutStart Kind = iota
	// StartMissing is an interim record of such a session.
	StartMissing
	// NoStop is a session of which nothing was heard for [Config].SessionTTL.
	NoStop
	// InterimGap is a session that was silent for [Config].InterimGap times its interval.
	InterimGap
	// CounterBackwards is a counter or Acct-Session-Time that is lower than before.
	CounterBackwards
	// GigawordsMissing is a counter that passed 2^32, of a NAS that does not send Gigawords.
	GigawordsMissing
	// DuplicateAddress is a Framed-IP-Address that two sessions of a NAS hold.
	DuplicateAddress
	// EmptySessions is a NAS of which many sessions end without time and octets: users are
	// accepted, and nothing works after that.
	EmptySessions
	// CauseShift is a NAS of which sessions end for other reasons than they used to.
	CauseShift
	// MassStop is a NAS of which many sessions ended within a minute.
	MassStop
	kinds
)

var kindNames = [kinds]string{
	"stop_without_start", "start_missing", "no_stop", "interim_gap", "counter_backwards", "gigawords_missing",
	"duplicate_address", "empty_sessions", "cause_shift", "mass_stop",
}

func (k Kind) String() string { return kindNames[k] }

// Kinds returns the names of all anomalies.
func Kinds() []string { return append([]string(nil), kindNames[:]...) }

// Anomaly is one odd thing. Those of a session are told once for the session, those of a NAS
// once until the condition has ended. It is the callee's until it returns.
type Anomaly struct {
	Kind    Kind
	Time    time.Time
	NAS     NAS
	Session *Session // nil: of the NAS
	Other   *Session // DuplicateAddress: who had the address first

	// Value is what crossed Limit: seconds of silence (NoStop, InterimGap), bytes or seconds
	// that a counter fell by, a share (EmptySessions, MassStop), a distance of two mixes in
	// [0, 1] (CauseShift). Zero where there is nothing to compare.
	Value, Limit float64
	// Count of Total sessions: EmptySessions, CauseShift (those with Cause), MassStop.
	Count, Total int
	Cause        Cause // CauseShift, MassStop: the one that rose most, or was given most
}

// Restart is a NAS that said Accounting-On or Accounting-Off.
type Restart struct {
	Time     time.Time
	NAS      NAS
	Status   Status // On or Off
	Sessions int    // that were active, and are no longer
}

// Measure is what a noisy party has much of.
type Measure uint8

// The measures.
const (
	Bytes    Measure = iota // both directions
	Sessions                // begun
)

func (m Measure) String() string { return [...]string{"bytes", "sessions"}[m] }

// Noisy is a user or a subnet that has more than its share of a NAS, or a user that
// has used up a quota. It is the callee's until it returns.
type Noisy struct {
	Time    time.Time
	NAS     NAS          // zero for a quota, which counts on all NAS together
	User    string       // or
	Subnet  netip.Prefix // of the client's address
	Measure Measure
	Quota   bool
	Value   uint64 // in the window
	Total   uint64 // of the NAS in the window; the quota
	Window  time.Duration
}
