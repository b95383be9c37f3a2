package control

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCodeTexts(t *testing.T) {
	tests := []struct {
		name string
		text func(uint8) string
		want []string
	}{
		{"SCCRP result", StartResultText, []string{"ok", "ok", "general error", "control channel already exists", "not authorized", "protocol version not supported", "result 6"}},
		{"OCRP result", CallResultText, []string{"result 0", "connected", "general error", "no carrier", "busy", "no dial tone", "time-out", "do not accept", "result 8"}},
		{"CDN result", DisconnectResultText, []string{"result 0", "lost carrier", "general error", "admin shutdown", "request", "result 5"}},
		{"StopCCRQ reason", StopReasonText, []string{"reason 0", "none", "stop protocol", "local shutdown", "reason 4"}},
		{"general error", GeneralErrorText, []string{"none", "not connected", "bad format", "bad value", "no resource", "bad call id", "pac error", "error 7"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for code, want := range tt.want {
				assert.Equal(t, want, tt.text(uint8(code)))
			}
		})
	}
}

func TestResultErrorIgnoresBogusErrorCode(t *testing.T) {
	tests := []struct {
		name string
		err  *ResultError
		want string
	}{
		{"error code with result 2", newResultError(TypeStartReply, 2, 4), "SCCRP: general error: no resource"},
		{"error code without result 2", newResultError(TypeOutgoingCallReply, 4, 5), "OCRP: busy"},
		{"disconnect", newResultError(TypeCallDisconnectNotify, 0, 9), "CDN: result 0"},
		{"plain", newResultError(TypeStopReply, 2, 1), "StopCCRP: general error: not connected"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.EqualError(t, tt.err, tt.want) })
	}
}

func TestStrings(t *testing.T) {
	assert.Equal(t, "message type 0", MessageType(0).String())
	assert.Equal(t, "connected", EventConnected.String())
	assert.Equal(t, "event 0", EventKind(0).String())
	assert.Equal(t, "event 99", EventKind(99).String())
	assert.Equal(t, "wait call reply", StateWaitCallReply.String())
	assert.Equal(t, "state 99", State(99).String())
	for k := EventStarted; k <= EventMalformed; k++ {
		assert.NotEmpty(t, k.String())
	}
}
