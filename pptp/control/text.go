package control

import "fmt"

// General error code and result codes that the state machine itself uses.
const (
	ResultOK           uint8 = 1 // SCCRP, OCRP, ICRP, StopCCRP, Echo-Reply
	ResultGeneralError uint8 = 2 // the same in every message; only with it the error code means something

	outgoingRefused uint8 = 7 // OCRP: do not accept
	incomingRefused uint8 = 3 // ICRP: do not accept
)

// Reasons of a StopRequest (RFC 2637 section 2.3).
const (
	StopReasonNone     uint8 = 1
	StopReasonProtocol uint8 = 2 // can not support the peer's version
	StopReasonShutdown uint8 = 3 // the sender is being shut down
)

func lookup(texts []string, code uint8, what string) string {
	if int(code) < len(texts) && texts[code] != "" {
		return texts[code]
	}
	return fmt.Sprintf("%s %d", what, code)
}

var startResults = []string{
	// Zero is no code of the RFC; some servers mean success by it.
	"ok", "ok", "general error", "control channel already exists", "not authorized", "protocol version not supported",
}

// StartResultText says what the result code of a StartReply means (RFC 2637 section 2.2).
func StartResultText(code uint8) string { return lookup(startResults, code, "result") }

var callResults = []string{
	"", "connected", "general error", "no carrier", "busy", "no dial tone", "time-out", "do not accept",
}

// CallResultText says what the result code of an OutgoingCallReply means (RFC 2637 section 2.8).
func CallResultText(code uint8) string { return lookup(callResults, code, "result") }

var disconnectResults = []string{"", "lost carrier", "general error", "admin shutdown", "request"}

// DisconnectResultText says what the result code of a CallDisconnectNotify means
// (RFC 2637 section 2.13). Windows sends 0, which has no meaning.
func DisconnectResultText(code uint8) string { return lookup(disconnectResults, code, "result") }

var stopReasons = []string{"", "none", "stop protocol", "local shutdown"}

// StopReasonText says what the reason of a StopRequest means (RFC 2637 section
// 2.3). accel-ppp sends 0, which has no meaning.
func StopReasonText(code uint8) string { return lookup(stopReasons, code, "reason") }

var generalErrors = []string{"none", "not connected", "bad format", "bad value", "no resource", "bad call id", "pac error"}

// GeneralErrorText says what a general error code means (RFC 2637 section 2.16).
func GeneralErrorText(code uint8) string { return lookup(generalErrors, code, "error") }

var plainResults = []string{"", "ok", "general error"}

// ResultError is a reply or notification whose result is not success.
type ResultError struct {
	Type      MessageType
	Result    uint8
	ErrorCode uint8 // the general error code; 0 unless Result is 2
}

// newResultError drops an error code that comes without result 2: it is bogus
// (RFC 2637 section 2.2, "Error Code").
func newResultError(t MessageType, result, code uint8) *ResultError {
	if result != ResultGeneralError {
		code = 0
	}
	return &ResultError{Type: t, Result: result, ErrorCode: code}
}

// Error implements error.
func (e *ResultError) Error() string {
	texts := plainResults
	switch e.Type {
	case TypeStartReply:
		texts = startResults
	case TypeOutgoingCallReply:
		texts = callResults
	case TypeCallDisconnectNotify:
		texts = disconnectResults
	}
	s := fmt.Sprintf("%s: %s", e.Type, lookup(texts, e.Result, "result"))
	if e.ErrorCode != 0 {
		s += ": " + GeneralErrorText(e.ErrorCode)
	}
	return s
}
