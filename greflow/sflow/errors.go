package sflow

import "errors"

// Reason says what is wrong with a datagram, a sample or a record.
type Reason uint8

// The reasons.
const (
	ReasonShort        Reason = iota // the datagram is shorter than its header
	ReasonVersion                    // not version 5
	ReasonAddress                    // the type of the agent address is unknown
	ReasonSampleCount                // the header counts more samples than there are
	ReasonSampleLength               // a sample is longer than the rest of the datagram
	ReasonSample                     // a sample is shorter than its fixed part
	ReasonRecordCount                // a sample counts more records than there are
	ReasonRecordLength               // a record is longer than the rest of its sample
	ReasonRecord                     // a record is shorter than its fixed part, or than the header it holds

	Reasons = iota // how many there are
)

var reasonNames = [Reasons]string{
	"short", "version", "address", "sample_count", "sample_length", "sample", "record_count", "record_length", "record",
}

// String returns the name used in metrics.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}

// Error is what is wrong with a datagram: the first thing, if there are several.
// It holds nothing of the datagram, so that a log of errors is not written by who sends them.
type Error struct {
	Reason Reason
	Err    error
}

func (e *Error) Error() string { return "sflow: " + e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// failures are made once, so that bad input costs no allocation.
var failures = func() (all [Reasons]Error) {
	for r, text := range [Reasons]string{
		ReasonShort:        "datagram is shorter than its header: it was cut off, or is not sFlow",
		ReasonVersion:      "version is not 5: set the agent to sFlow version 5",
		ReasonAddress:      "agent address is neither IPv4 nor IPv6: the datagram is damaged, or not sFlow",
		ReasonSampleCount:  "datagram counts more samples than it has: it was cut off",
		ReasonSampleLength: "sample is longer than the rest of the datagram: it was cut off",
		ReasonSample:       "sample is shorter than its fixed part",
		ReasonRecordCount:  "sample counts more records than it has",
		ReasonRecordLength: "record is longer than the rest of its sample",
		ReasonRecord:       "record is shorter than its fixed part, or than the packet header in it",
	} {
		all[r] = Error{Reason: Reason(r), Err: errors.New(text)}
	}
	return all
}()

// fail counts a failure, and returns it unless there was one before.
func (d *Decoder) fail(before *Error, r Reason) *Error {
	d.stats.Errors[r]++
	if before != nil {
		return before
	}
	return &failures[r]
}
