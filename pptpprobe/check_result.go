package pptpprobe

import (
	"fmt"
	"net/netip"
	"time"
)

// TCPResult is the outcome of a [CheckTCP].
type TCPResult struct {
	// Address is what was connected to; of several addresses of a name, the last that was tried.
	Address netip.AddrPort
	// Lookup is how long the name took to resolve, zero for an address; Connect is the TCP handshake.
	Lookup, Connect time.Duration
}

// DNSResult is the outcome of a [CheckDNS]: one answer, or none, for each server.
type DNSResult struct {
	Servers []DNSServerResult
}

// DNSServerResult is what one name server had to say.
type DNSServerResult struct {
	Server netip.Addr
	// RCode is the response code, such as "NOERROR" or "NXDOMAIN"; empty if there was no answer.
	RCode string
	// Answers are the records of the answer as text, the first few.
	Answers []string
	// Latency is from the request that was answered to the answer, over TCP with the handshake.
	Latency time.Duration
	// Requests is how many were sent over UDP: 2 if the first was not answered.
	Requests int
	// TCP says that the answer was truncated and asked for again over TCP.
	TCP bool
	// Failure is nil if the server gave what was asked for.
	Failure *Failure
}

// ThroughputResult is the outcome of a [CheckThroughput].
type ThroughputResult struct {
	Direction Direction
	// Status is that of the HTTP answer, 0 if there was none.
	Status int
	// Bytes were transferred, without headers, in Elapsed: from the request to the
	// last byte of a download, and to the answer to an upload.
	Bytes   int64
	Elapsed time.Duration
	// Connect is the TCP handshake.
	Connect time.Duration
	// Complete says that the transfer was not ended by time.
	Complete bool
}

// Rate is the throughput in bytes a second.
func (t *ThroughputResult) Rate() float64 {
	if t.Elapsed <= 0 {
		return 0
	}
	return float64(t.Bytes) / t.Elapsed.Seconds()
}

// MTUResult is the outcome of a [CheckMTU]. Sizes are of whole IP packets, in bytes.
type MTUResult struct {
	// Negotiated is what the session allows: the smaller of the two MRUs, less what encryption takes.
	Negotiated int
	// Path is the largest size that passed, 0 if none did.
	Path int
	// Lost is the smallest size that got lost without a word, 0 if none did.
	Lost int
	// Refused is the smallest size for which a router said that it is too large, 0 if none did.
	Refused int
	// ICMP is what that router said, nil if there was none.
	ICMP *ICMPError
	// Sent and Received count the echo requests and their replies.
	Sent, Received int
	// Complete says that there is no size left between Path and what did not pass.
	Complete bool
}

// EchoResult is the outcome of a [CheckEcho].
type EchoResult struct {
	// LCP are the Echo-Requests of the link (RFC 1661 §5.8), Control those of the
	// control connection (RFC 2637 §2.5). The latter are asked one at a time, so a
	// slow answer makes for fewer of them.
	LCP, Control EchoStats
}

// EchoStats counts echo requests of one kind.
type EchoStats struct {
	Sent, Received int
	// RTTs are those of the replies, in the order of their arrival.
	RTTs []time.Duration
}

func (e *EchoStats) replied(rtt time.Duration) {
	if e.Received < e.Sent { // one may be the answer to a request from before
		e.Received++
		e.RTTs = append(e.RTTs, rtt)
	}
}

// CheckResult is one [Check] that ran. Just one of the pointers to a result is
// set, that of its kind.
type CheckResult struct {
	Check    Check
	Start    time.Time
	Duration time.Duration
	Failure  *Failure // nil if the check passed
	// Warnings are what was wrong with a check that passed.
	Warnings []Warning

	Ping       *PingResult
	HTTP       *HTTPResult
	TCP        *TCPResult
	DNS        *DNSResult
	Throughput *ThroughputResult
	MTU        *MTUResult
	Echo       *EchoResult
}

// warn notes that the check passed, but not well.
func (r *CheckResult) warn(c Cause, format string, a ...any) {
	r.Warnings = append(r.Warnings, Warning{Stage: StageApp, Cause: c, Detail: fmt.Sprintf(format, a...), Hint: c.Hint(), At: time.Now()})
}

// fail notes that the check failed.
func (r *CheckResult) fail(c Cause, err error, format string, a ...any) {
	r.Failure = newFailure(StageApp, c, fmt.Sprintf(format, a...), err)
}
