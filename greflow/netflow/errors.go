package netflow

import "errors"

// Reason says what is wrong with a datagram, a set or a template.
type Reason uint8

// The reasons.
const (
	ReasonShort         Reason = iota // the datagram is shorter than its header
	ReasonVersion                     // not version 5, 9 or 10
	ReasonCount                       // a v5 header counts more records than there are
	ReasonMessageLength               // the length in an IPFIX header is not that of the datagram
	ReasonSetLength                   // a set is shorter than its header, or longer than the rest of the datagram
	ReasonSetID                       // a set has a reserved ID
	ReasonTemplate                    // a template is malformed or cut off
	ReasonTemplateSize                // the records of a template would have no length
	ReasonFields                      // a template has more fields than Config.MaxFields
	ReasonOverrun                     // a field of variable length is longer than the rest of its set
	ReasonMemory                      // no room within Config.MaxBytes

	Reasons = iota // how many there are
)

var reasonNames = [Reasons]string{
	"short", "version", "count", "message_length", "set_length", "set_id",
	"template", "template_size", "fields", "overrun", "memory",
}

// String returns the name used in metrics.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}

// Error is what is wrong with a datagram: the first thing, if there are several.
// It holds nothing of the datagram, since what logs it would be at the mercy of whoever sends.
type Error struct {
	Reason Reason
	Err    error
}

func (e *Error) Error() string { return "flow export: " + e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// failures are made once, so that bad input costs no allocation.
var failures = func() (all [Reasons]Error) {
	for r, text := range [Reasons]string{
		ReasonShort:         "datagram is shorter than its header: it was cut off, or is no flow export",
		ReasonVersion:       "version is not 5, 9 or 10: set the exporter to NetFlow v5, NetFlow v9 or IPFIX",
		ReasonCount:         "v5 count is larger than the records in the datagram",
		ReasonMessageLength: "IPFIX message length is not that of the datagram: it was cut off, or is no IPFIX",
		ReasonSetLength:     "set length is less than 4 or more than the rest of the datagram",
		ReasonSetID:         "set ID is reserved",
		ReasonTemplate:      "template is cut off, or its ID is below 256, or its scope is larger than itself",
		ReasonTemplateSize:  "template describes records of no length",
		ReasonFields:        "template has more fields than are allowed: raise the bound if the exporter is in order",
		ReasonOverrun:       "field of variable length is longer than the rest of its set",
		ReasonMemory:        "no room for a template or an exporter: raise the bound on memory",
	} {
		all[r] = Error{Reason: Reason(r), Err: errors.New(text)}
	}
	return all
}()
