package pptpprobe

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
)

// TestAcknowledgesWithinSmallWindows: mpd (ng_pptpgre) drops its own packets when 16
// of them are not acknowledged, which made a download from it ten times slower.
func TestAcknowledgesWithinSmallWindows(t *testing.T) {
	s := newSession(New(Options{}), &Target{Username: "u", Password: "p"})
	now := time.Unix(1000, 0)
	s.connected(now, 7)
	discard := []byte{0xFF, 0x03, 0xC0, 0x21, 11, 1, 0, 8, 0, 0, 0, 0} // LCP Discard-Request: nothing answers it
	var due bool
	for seq := range uint32(16) {
		s.gre.Receive(now, gre.Packet{HasSeq: true, Seq: seq, Payload: discard}, func([]byte) {})
		if _, due = s.gre.AppendAck(now, nil); due {
			require.Less(t, seq, uint32(12), "some of the window is left for what is on the way")
			break
		}
	}
	assert.True(t, due, "before the window is full, without a wait")
}
