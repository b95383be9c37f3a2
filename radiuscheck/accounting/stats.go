package accounting

import "time"

// Outcome is what [Tracker.Observe] made of a record.
type Outcome uint8

// The outcomes. All but Refused are to be answered.
const (
	Accepted  Outcome = iota
	Duplicate         // seen before: a retransmission, or a copy
	Late              // a Start that came after the Stop, or an interim record that did
	Ignored           // a status that is not followed
	Refused           // a NAS beyond [Config].MaxNAS
	outcomes
)

var outcomeNames = [outcomes]string{"accepted", "duplicate", "late", "ignored", "refused"}

func (o Outcome) String() string { return outcomeNames[o] }

// Stats are the counters of a [Tracker] since it began, and what it holds.
type Stats struct {
	Outcomes  [outcomes]uint64 // by Outcome
	Anomalies [kinds]uint64    // by Kind, told or not
	Noisy     uint64

	Sessions, MaxSessions int // now, and the bound
	NAS, MaxNAS           int
	Recent, MaxRecent     int
	Talkers, MaxTalkers   int

	SessionsEvicted, SessionsExpired uint64
	RecentEvicted                    uint64 // forgotten before DuplicateWindow was over
	TalkersEvicted                   uint64
}

// NASStats is what is known of one NAS. Counters are since it was first heard, or heard
// again after it had been forgotten. Bytes are those that sessions have carried since they are followed.
type NASStats struct {
	NAS       NAS
	Since     time.Time
	Active    int
	Records   [5]uint64 // start, stop, interim, on, off: see RecordStatuses
	Duplicate uint64
	Stops     [otherCause + 1]uint64 // by Cause
	BytesIn   uint64
	BytesOut  uint64
}

// RecordStatuses are the statuses in the order of [NASStats].Records.
var RecordStatuses = [5]Status{Start, Stop, Interim, On, Off}
