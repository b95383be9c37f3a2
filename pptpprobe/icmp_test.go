package pptpprobe

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestICMPCause(t *testing.T) {
	tests := []struct {
		typ, code uint8
		want      Cause
		text      string
	}{
		{3, 0, CauseGREHostUnreachable, "network unreachable"},
		{3, 1, CauseGREHostUnreachable, "host unreachable"},
		{3, 2, CauseGREProtoUnreachable, "protocol unreachable"},
		{3, 3, CauseGREAdminProhibited, "rejected by a packet filter"},
		{3, 4, "", "fragmentation needed"},
		{3, 9, CauseGREAdminProhibited, "administratively prohibited"},
		{3, 10, CauseGREAdminProhibited, "administratively prohibited"},
		{3, 13, CauseGREAdminProhibited, "administratively prohibited"},
		{3, 14, CauseGREHostUnreachable, "destination unreachable"},
		{11, 0, CauseGREHostUnreachable, "a routing loop"},
		{4, 0, "", "see RFC 792"}, // source quench
	}
	for _, tt := range tests {
		e := ICMPError{Type: tt.typ, Code: tt.code, From: netip.MustParseAddr("192.0.2.9")}
		assert.Equal(t, tt.want, e.cause(), "%d/%d", tt.typ, tt.code)
		assert.Contains(t, e.describe(), tt.text)
		assert.Contains(t, e.describe(), "192.0.2.9")
	}
}
