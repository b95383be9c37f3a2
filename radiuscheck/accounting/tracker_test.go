package accounting

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLifeOfASession(t *testing.T) {
	s := newSim(t, Config{})
	require.Equal(t, Accepted, s.send(Start, "a", from("198.51.100.7"), late(3*time.Second)))
	assert.Equal(t, Session{
		NAS: NAS{Address: sender}, ID: "a", User: "user-a", Client: netip.MustParseAddr("198.51.100.7"),
		Started: start.Add(-3 * time.Second), Heard: start,
	}, s.last)

	s.pass(10 * time.Minute)
	s.send(Interim, "a", lasted(10*time.Minute), carried(100, 200), framedAs("203.0.113.5"))
	s.pass(time.Minute)
	s.send(Stop, "a", lasted(11*time.Minute), carried(300, 400), caused(LostCarrier))
	assert.Equal(t, Session{
		NAS: NAS{Address: sender}, ID: "a", User: "user-a", Client: netip.MustParseAddr("198.51.100.7"),
		Address: netip.MustParseAddr("203.0.113.5"), Started: start.Add(-3 * time.Second), Heard: s.now,
		Traffic: Traffic{BytesIn: 300, BytesOut: 400}, Duration: 11 * time.Minute, Cause: LostCarrier,
	}, s.last)
	assert.Equal(t, []string{"started a", "updated a", "stopped a"}, s.sessions)
	assert.Empty(t, s.anomalies)

	for n := range s.tracker.EachNAS {
		assert.Equal(t, [5]uint64{1, 1, 1, 0, 0}, n.Records)
		assert.Equal(t, uint64(1), n.Stops[LostCarrier])
		assert.Equal(t, uint64(300), n.BytesIn)
		assert.Equal(t, uint64(400), n.BytesOut)
		assert.Zero(t, n.Active)
	}
}

func TestRepeatedRecords(t *testing.T) {
	for name, test := range map[string]struct {
		run  func(*sim) Outcome
		want Outcome
		told []string
	}{
		"the same Start": {func(s *sim) Outcome {
			s.send(Start, "a")
			s.pass(10 * time.Second)
			return s.again(Start, "a")
		}, Duplicate, []string{"started a"}},
		"a Start with another Identifier": {func(s *sim) Outcome {
			s.send(Start, "a")
			return s.send(Start, "a")
		}, Duplicate, []string{"started a"}},
		"the same interim record": {func(s *sim) Outcome {
			s.send(Start, "a")
			s.send(Interim, "a")
			return s.again(Interim, "a")
		}, Duplicate, []string{"started a", "updated a"}},
		"a Stop with another Identifier": {func(s *sim) Outcome {
			s.send(Start, "a")
			s.send(Stop, "a")
			return s.send(Stop, "a")
		}, Duplicate, []string{"started a", "stopped a"}},
		"a Start behind its Stop": {func(s *sim) Outcome {
			s.send(Stop, "a")
			return s.send(Start, "a")
		}, Late, []string{"stopped a"}},
		"an interim record behind the Stop": {func(s *sim) Outcome {
			s.send(Start, "a")
			s.send(Stop, "a")
			return s.send(Interim, "a")
		}, Late, []string{"started a", "stopped a"}},
		"the same Identifier after the window": {func(s *sim) Outcome {
			s.send(Start, "a")
			s.send(Interim, "a")
			s.pass(5 * time.Minute)
			return s.again(Interim, "a")
		}, Accepted, []string{"started a", "updated a", "updated a"}},
		"the same records of another NAS": {func(s *sim) Outcome {
			s.send(Start, "a")
			return s.again(Start, "a", nasNamed("gw2"))
		}, Accepted, []string{"started a", "started a"}},
		"a status that is not followed": {func(s *sim) Outcome {
			return s.send(15, "a")
		}, Ignored, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Config{})
			s.tracker.Observe(s.now, sender, &Record{Status: On}) // the NAS is known
			assert.Equal(t, test.want, test.run(s))
			assert.Positive(t, s.tracker.Stats().Outcomes[test.want])
			assert.Equal(t, test.told, s.sessions)
			assert.Empty(t, s.anomalies)
		})
	}
}

func TestSessionNumberGivenAgain(t *testing.T) {
	s := newSim(t, Config{})
	s.send(Start, "a", user("alice"))
	s.pass(time.Hour)
	assert.Equal(t, Accepted, s.send(Start, "a", user("bob")))
	assert.Equal(t, []string{"started a", "expired a", "started a"}, s.sessions)
	assert.Equal(t, []Kind{NoStop}, s.kinds())
	assert.Equal(t, "alice", s.anomalies[0].Session.User)
	assert.Equal(t, "bob", s.last.User)
}

func TestRestart(t *testing.T) {
	s := newSim(t, Config{})
	s.send(Start, "a")
	s.send(Start, "b")
	s.send(Start, "c", nasNamed("gw2"))
	s.pass(time.Minute)
	require.Equal(t, Accepted, s.send(On, ""))
	assert.Equal(t, []Restart{{Time: s.now, NAS: NAS{Address: sender}, Status: On, Sessions: 2}}, s.restarts)
	assert.ElementsMatch(t, []string{"restarted a", "restarted b"}, s.sessions[3:])
	assert.Equal(t, 1, s.tracker.Stats().Sessions, "the other NAS keeps its own")

	assert.Equal(t, Duplicate, s.again(On, ""))
	s.pass(bootWindow)
	assert.Equal(t, Accepted, s.again(On, ""), "it booted again, and numbers its packets as before")

	s.send(Stop, "a", lasted(time.Minute+bootWindow))
	assert.Empty(t, s.anomalies, "a session of before need not be known")
}

func TestNASAddress(t *testing.T) {
	for name, test := range map[string]struct {
		says, want string
	}{
		"says its address":         {"203.0.113.9", "203.0.113.9"},
		"found 127.0.1.1 for it":   {"127.0.1.1", "192.0.2.1"},
		"says 0.0.0.0":             {"0.0.0.0", "192.0.2.1"},
		"says nothing":             {"", "192.0.2.1"},
		"says an address of IPv6":  {"2001:db8::1", "2001:db8::1"},
		"says its loopback of IP6": {"::1", "192.0.2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Config{})
			s.send(Start, "a", func(r *Record) {
				if test.says != "" {
					r.NASAddress = netip.MustParseAddr(test.says)
				}
			})
			assert.Equal(t, test.want, s.last.NAS.Address.String())
		})
	}
}

func TestBounds(t *testing.T) {
	s := newSim(t, Config{MaxSessions: 3, MaxNAS: 2, MaxRecent: 4})
	for _, id := range []string{"a", "b", "c"} {
		s.send(Start, id)
	}
	s.send(Interim, "a")
	s.send(Start, "d")
	assert.Equal(t, "evicted b", s.sessions[4], "it was not heard for longest")
	s.send(Stop, "b", lasted(0))
	assert.Empty(t, s.anomalies, "whoever was evicted need not be known")

	assert.Equal(t, Accepted, s.send(Start, "e", nasNamed("gw2")))
	assert.Equal(t, Refused, s.send(Start, "f", nasNamed("gw3")))
	stats := s.tracker.Stats()
	assert.Equal(t, 3, stats.Sessions)
	assert.Equal(t, 2, stats.NAS)
	assert.Equal(t, 4, stats.Recent)
	assert.Positive(t, stats.RecentEvicted)
	assert.Equal(t, uint64(2), stats.SessionsEvicted, "b for d, c for e")

	s.send(Off, "")
	s.send(Off, "", nasNamed("gw2"))
	s.pass(24*time.Hour + time.Minute)
	stats = s.tracker.Stats()
	assert.Zero(t, stats.Sessions+stats.NAS+stats.Recent, "nothing is kept for ever")
	assert.Equal(t, Accepted, s.send(Start, "f", nasNamed("gw3")), "there is room again")
}

// The lists of the table stay whole whatever is done, and all is given back.
func TestTableStaysWhole(t *testing.T) {
	s := newSim(t, Config{MaxSessions: 20, MaxRecent: 64})
	statuses := []Status{Start, Interim, Interim, Start, Stop, Interim, Start}
	for i := range 20_000 {
		name := nasNamed(fmt.Sprint("gw", i%3))
		if i%997 == 0 {
			s.send(On, "", name)
		}
		s.send(statuses[i*7%len(statuses)], fmt.Sprint(i*31%57), name, framedAs(fmt.Sprintf("203.0.113.%d", i*13%40+1)))
		if i%50 == 0 {
			s.pass(10 * time.Second)
			assertWhole(t, s.tracker)
		}
	}
	for i := range 3 {
		s.send(Off, "", nasNamed(fmt.Sprint("gw", i)))
	}
	s.pass(time.Minute)
	assertWhole(t, s.tracker)
	assert.Zero(t, s.tracker.Stats().Sessions)
	assert.Empty(t, s.tracker.sessions.byAddress)
	assert.Empty(t, s.tracker.rivals)
}

func assertWhole(t *testing.T, k *Tracker) {
	t.Helper()
	byAge, byNAS := 0, 0
	for s := k.sessions.oldest(); s != nil; s = s.newer {
		byAge++
		require.Same(t, s, k.sessions.byKey[s.key])
	}
	for _, n := range k.nas {
		of := 0
		for s := n.first; s != nil; s = s.behind {
			of++
		}
		require.Equal(t, n.active, of)
		byNAS += of
	}
	require.Len(t, k.sessions.byKey, byAge)
	require.Equal(t, byAge, byNAS)
	require.LessOrEqual(t, len(k.sessions.byAddress), byAge)
	require.LessOrEqual(t, k.recent.n, k.recent.max)
	require.Len(t, k.recent.at, k.recent.n)
}

func TestClockSetBack(t *testing.T) {
	s := newSim(t, Config{})
	s.send(Start, "a")
	s.send(Start, "b")
	s.now = s.now.Add(-time.Hour)
	assert.Equal(t, Duplicate, s.send(Start, "b"))
	s.tracker.Tick(s.now)
	assert.Equal(t, Accepted, s.send(Stop, "a"))
	assert.Equal(t, Accepted, s.send(Start, "c"))
	s.pass(2 * time.Hour)
	assert.Equal(t, 2, s.tracker.Stats().Sessions)
	assert.Empty(t, s.anomalies)
}

func TestConfigValidate(t *testing.T) {
	require.NoError(t, Config{}.Validate())
	for want, c := range map[string]Config{
		"max_sessions: -1 is not in [1, 10000000]":                        {MaxSessions: -1},
		"session_ttl: 1s is not in [1m0s, 720h0m0s]":                      {SessionTTL: time.Second},
		"empty_share: 2 is not in (0, 1]; use -1 to switch it off":        {EmptyShare: 2},
		"noisy.user_share: -0.1 is not in [0, 1]; 0 switches it off":      {Noisy: NoisyConfig{UserShare: -0.1}},
		"interim_gap: 0.5 is not in [1, 100]; use -1 to switch it off":    {InterimGap: 0.5},
		"noisy.subnet_bits: 33 is not in [8, 32]":                         {Noisy: NoisyConfig{SubnetBits: 33}},
		"mass_stop_share: -0.5 is not in (0, 1]; use -1 to switch it off": {MassStopShare: -0.5},
	} {
		assert.EqualError(t, c.Validate(), want)
		_, err := New(c)
		assert.EqualError(t, err, "accounting: "+want)
	}
	require.NoError(t, Config{EmptyShare: Disabled, InterimGap: Disabled, CauseDistance: Disabled, MassStopShare: Disabled}.Validate())
}
