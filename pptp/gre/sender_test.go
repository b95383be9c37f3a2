package gre

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// The sending times are kept as 32-bit microseconds, which begin anew after 71 minutes.
func TestRoundTripAcrossTheWrapOfSendingTimes(t *testing.T) {
	start := time.Unix(1000, 0)
	wrap := start.Add((math.MaxUint32 + 1) * time.Microsecond)
	var s sender
	s.acked = math.MaxUint32
	s.send(start)
	for _, tt := range []struct {
		sent time.Time
		rtt  time.Duration
	}{
		{wrap.Add(-20 * time.Millisecond), 50 * time.Millisecond},
		{wrap, time.Second},
		{wrap.Add(24 * time.Hour), 30 * time.Second},
	} {
		seq := s.send(tt.sent)
		_, rtt, timed := s.acknowledged(tt.sent.Add(tt.rtt), seq)
		assert.True(t, timed)
		assert.Equal(t, tt.rtt, rtt)
	}
}
