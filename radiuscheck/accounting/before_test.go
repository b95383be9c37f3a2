package accounting

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func (s *sim) only() (out NASStats) {
	s.tracker.EachNAS(func(n *NASStats) bool {
		out = *n
		return true
	})
	return out
}

// What a session has carried before it is followed is not traffic of now: not a jump of
// the counters when the listener starts, and nobody's share or quota.
func TestTrafficOfBefore(t *testing.T) {
	for name, test := range map[string]struct {
		run   func(s *sim)
		in    uint64
		noisy int
	}{
		"an old session": {func(s *sim) {
			s.send(Interim, "a", user("alice"), lasted(2*time.Hour), carried(5000, 0))
			s.send(Interim, "a", user("alice"), lasted(2*time.Hour+time.Minute), carried(5100, 0))
		}, 100, 0},
		"the end of an old session": {func(s *sim) {
			s.send(Stop, "a", user("alice"), lasted(2*time.Hour), carried(5000, 0))
		}, 0, 0},
		"a session whose Start was lost": {func(s *sim) {
			s.pass(time.Hour)
			s.send(Interim, "a", user("alice"), lasted(30*time.Minute), carried(5000, 0))
		}, 5000, 1},
		"a session whose Start came late": {func(s *sim) {
			s.send(Start, "a", user("alice"), late(time.Minute))
			s.send(Interim, "a", user("alice"), lasted(2*time.Minute), carried(5000, 0))
		}, 5000, 1},
		"a session that had to go for want of room": {func(s *sim) {
			s.send(Start, "a", user("alice"))
			s.send(Interim, "a", user("alice"), carried(900, 0))
			s.pass(time.Minute)
			s.send(Start, "b")
			s.send(Start, "c")
			s.pass(time.Minute)
			s.send(Interim, "a", user("alice"), lasted(2*time.Minute), carried(950, 0))
		}, 900, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Config{MaxSessions: 2, Noisy: NoisyConfig{UserQuota: 1000}})
			s.send(Start, "other")
			test.run(s)
			assert.Equal(t, test.in, s.only().BytesIn)
			assert.Len(t, s.noisy, test.noisy)
		})
	}
}

// A NAS that was forgotten counts from zero, and says since when.
func TestCountersOfAForgottenNAS(t *testing.T) {
	s := newSim(t, Config{SessionTTL: time.Minute})
	s.send(Start, "a")
	s.send(Stop, "a")
	assert.Equal(t, start, s.only().Since)
	s.pass(2 * time.Minute)
	assert.Equal(t, NASStats{}, s.only())
	s.send(Start, "b")
	assert.Equal(t, s.now, s.only().Since)
	assert.Equal(t, uint64(1), s.only().Records[0])
}
