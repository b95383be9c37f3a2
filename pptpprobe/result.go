package pptpprobe

import (
	"net/netip"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// Stage is one step of a session, in the order in which they are reached.
type Stage string

// The stages.
const (
	StageDNS      Stage = "dns"
	StageTCP      Stage = "tcp"
	StageControl  Stage = "control"
	StageCall     Stage = "call"
	StageGRE      Stage = "gre"
	StageLCP      Stage = "lcp"
	StageAuth     Stage = "auth"
	StageCCP      Stage = "ccp"
	StageIPCP     Stage = "ipcp"
	StageApp      Stage = "app"
	StageHold     Stage = "hold"
	StageTeardown Stage = "teardown"
)

// Outcome says how a stage ended.
type Outcome string

// The outcomes.
const (
	OutcomeOK      Outcome = "ok"
	OutcomeFailed  Outcome = "failed"
	OutcomeSkipped Outcome = "skipped" // not needed: no encryption wanted, an address instead of a name
)

// StageResult is one stage that was entered.
type StageResult struct {
	Stage    Stage
	Outcome  Outcome
	Start    time.Time
	Duration time.Duration
	// Attempts is how many requests this stage sent, Retransmits how many of them
	// repeated one that was not answered in time.
	Attempts    int
	Retransmits int
}

// Failure is why a session did not reach its depth.
type Failure struct {
	// Stage is the stage that was running.
	Stage Stage
	// Cause is the error.type, from the closed list of [Causes].
	Cause Cause
	// Detail is what was seen, in one sentence, without secrets.
	Detail string
	// Hint is what to do, from the list of causes.
	Hint string

	// ResultCode and ErrorCode are those of the PPTP message that refused, -1 if none did.
	ResultCode, ErrorCode int
	// MSCHAPError is the E= of a CHAP Failure; 0 if none.
	MSCHAPError int
	// MSCHAPMessage is its M= text.
	MSCHAPMessage string
	// RAS is the Windows error number of a Terminate-Request; 0 if none.
	RAS uint32
	// TerminateReason is the text of a Terminate-Request.
	TerminateReason string
	// ICMP is the ICMP error that explains the failure, nil if there was none.
	ICMP *ICMPError
	// Err is the underlying error of the host, if there is one.
	Err error
}

// ICMPError is an ICMP error that came back for one of our GRE or TCP packets.
type ICMPError struct {
	Type, Code uint8
	// From is the router or host that sent it.
	From netip.Addr
	// MTU is the next-hop MTU of a fragmentation-needed error, otherwise 0.
	MTU int
	At  time.Time
}

// Warning is something wrong that did not stop the session. Cause is from the
// same closed list as failures.
type Warning struct {
	Stage  Stage
	Cause  Cause
	Detail string
	Hint   string
	At     time.Time
}

// Server is what the gateway told of itself in its Start-Control-Connection-Reply.
type Server struct {
	Vendor, HostName string
	Firmware         uint16
	Version          uint16
	MaxChannels      uint16
}

// PingResult is the outcome of a [CheckICMP].
type PingResult struct {
	Sent, Received int
	// RTTs are those of the replies, in the order of the requests.
	RTTs []time.Duration
	// Jitter is the RFC 3550 interarrival jitter of the replies.
	Jitter time.Duration
}

// Loss is the share of requests without a reply, 0..1.
func (p *PingResult) Loss() float64 {
	if p.Sent == 0 {
		return 0
	}
	return float64(p.Sent-p.Received) / float64(p.Sent)
}

// HTTPResult is the outcome of a [CheckHTTP].
type HTTPResult struct {
	Status int
	// Bytes is the size of the body, as far as it was read.
	Bytes int64
	// Connect is the TCP handshake, FirstByte from the request to the first byte of the answer.
	Connect, FirstByte time.Duration
	// TLS is the TLS handshake, zero without one.
	TLS time.Duration
}

// Result is one session, from its start to the end of its teardown. It is
// complete when [Probe.Run] returns it and is not touched again.
type Result struct {
	Target Target
	Start  time.Time
	// Duration is the whole session with its teardown.
	Duration time.Duration
	// Connect is from the start to the completion of IPCP, zero if that was not reached.
	Connect time.Duration

	Stages   []StageResult
	Failure  *Failure // nil: the session reached its depth
	Warnings []Warning
	Checks   []CheckResult

	LocalAddr, PeerAddr netip.Addr
	CallID, PeerCallID  uint16
	// CallConnected says that the two call ids are those of a connected call; 0 is a valid id.
	CallConnected bool

	Server Server
	// Negotiated is what LCP, authentication, CCP and IPCP agreed upon.
	Negotiated ppp.Negotiated
	// AuthOK says that the server accepted the credentials, and with MS-CHAPv2 proved itself.
	AuthOK bool
	// DataOK says that GRE frames went both ways: one of the server was accepted and it answered one of ours.
	DataOK bool

	GRE gre.Stats
	PPP ppp.Stats
	// UnknownCalls counts GRE packets of this server, during the session, with a call id that is not ours.
	UnknownCalls uint64
	// Hold sums up the time that the session was held, nil if it was not.
	Hold *HoldResult
	// ControlEchoRTTs and LCPEchoRTTs are the round trips measured by echo requests, the last 64 of each.
	ControlEchoRTTs, LCPEchoRTTs []time.Duration
	ICMPErrors                   []ICMPError // the first few
	Identification               string      // text of an LCP Identification, as RRAS sends

	// CapturePath is the file with the packets of a failed session, if there is
	// one, and CaptureErr why it could not be written.
	CapturePath string
	CaptureErr  error
}

// OK says whether the session reached its depth.
func (r *Result) OK() bool { return r.Failure == nil }

// Stage returns the result of a stage, and false if the session did not get there.
func (r *Result) Stage(s Stage) (StageResult, bool) {
	for _, sr := range r.Stages {
		if sr.Stage == s {
			return sr, true
		}
	}
	return StageResult{}, false
}
