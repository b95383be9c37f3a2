package health

import "time"

// Bounds of how long evidence counts.
const (
	minTTL     = time.Second
	maxTTL     = 24 * time.Hour
	defaultTTL = 90 * time.Second
)

// Evidence is one observation of one thing about a gateway.
//
// The engine keeps copies of what it needs; strings and the value itself belong
// to the caller.
type Evidence struct {
	Gateway string // id, as in [Gateway]
	Signal  string // one of the codebook's
	// Value is "ok", "bad", "unknown", or one of the signal's own values. With Total
	// it is the kind of failure that Bad counts, and may be empty.
	Value string
	// Source is whose word it is; the zero value is the source in the signal's name.
	// Third parties are Probe, SNMP and so on too, by what they do.
	Source Source
	// Vantage is from where it was seen: of a probe, poller or exporter. Each
	// (Signal, Source, Vantage) of a gateway is kept apart.
	Vantage string
	// Peer is the client that it is about, if it is about one: an address or a user
	// name. Only a hash of it is kept, to count how many there are.
	Peer string
	// Strength in (0, 1] weakens evidence that is not sure; 0 is 1.
	Strength float64
	// Bad of Total did fail. With Total above zero the signal is bad or ok only if the
	// share is surely above or below the signal's rate: 1 of 1 is no 100 %.
	Bad, Total uint32
	// At is when it was observed, TTL how long it counts: three intervals, say.
	// Zero is the signal's; others are brought into 1 s to 24 h.
	At  time.Time
	TTL time.Duration
	// TraceID and SpanID are those of the session that found it; zero is none.
	TraceID [16]byte
	SpanID  [8]byte
}

// Outcome is what became of a piece of evidence.
type Outcome uint8

// The outcomes of [Engine.Observe].
const (
	Accepted       Outcome = iota
	Duplicate              // known already, word for word
	Superseded             // newer is known; what is kept did not change
	Late                   // did not count any more when it came
	Future                 // from a clock that is ahead by more than Config.MaxAhead
	UnknownGateway         // none of Config.Gateways, and Config.Learn is false
	UnknownSignal          // not in the codebook, or one that the engine derives
	UnknownValue           // not one of the signal's values
	Invalid                // no gateway, strength out of range, more bad than there are, or a name too long
	TableFull              // no room for another gateway or vantage
	numOutcomes
)

var outcomeNames = []string{"accepted", "duplicate", "superseded", "late", "future",
	"unknown_gateway", "unknown_signal", "unknown_value", "invalid", "table_full"}

func (o Outcome) String() string { return nameOf(outcomeNames, int(o)) }

// maxName bounds the names that evidence brings.
const maxName = 256

// kindOf returns the kind of the evidence's value, by the counts if it has some.
func (s *signal) kindOf(ev *Evidence) (uint8, Outcome) {
	name := ev.Value
	if name == "" && ev.Total > 0 {
		name = "bad"
	}
	kind, ok := s.kind(name)
	if !ok || kind == kindFewPeers {
		return 0, UnknownValue
	}
	if ev.Total == 0 || s.rate == 0 || kind == kindUnknown {
		return kind, Accepted
	}
	low, high := wilson(ev.Bad, ev.Total)
	switch {
	case low > s.rate:
		return max(kind, kindBad), Accepted
	case high < s.rate:
		return kindOK, Accepted
	}
	return kindUnknown, Accepted
}
