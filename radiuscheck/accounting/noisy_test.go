package accounting

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNoisyShares(t *testing.T) {
	for name, test := range map[string]struct {
		config NoisyConfig
		scale  uint64
		users  int
		want   []string
	}{
		"a user":            {NoisyConfig{UserShare: 0.5}, 1 << 30, 4, []string{"user-0"}},
		"a subnet":          {NoisyConfig{SubnetShare: 0.5}, 1 << 30, 4, []string{"198.51.0.0/24"}},
		"a wider subnet":    {NoisyConfig{SubnetShare: 0.5, SubnetBits: 16}, 1 << 30, 4, nil}, // all are in one
		"below the share":   {NoisyConfig{UserShare: 0.9}, 1 << 30, 4, nil},
		"too little at all": {NoisyConfig{UserShare: 0.5}, 1 << 10, 4, nil},
		"of two users":      {NoisyConfig{UserShare: 0.5}, 1 << 30, 2, nil},
		"off":               {NoisyConfig{}, 1 << 30, 4, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Config{Noisy: test.config})
			s.pass(10 * time.Second)
			for i := range test.users {
				s.send(Start, fmt.Sprint(i), from(fmt.Sprintf("198.51.%d.1", i)))
			}
			s.pass(time.Minute)
			for i := range test.users {
				load := test.scale
				if i == 0 {
					load *= uint64(test.users) * 2
				}
				s.send(Interim, fmt.Sprint(i), carried(load, load))
			}
			s.pass(15 * time.Minute)
			var got []string
			for _, n := range s.noisy {
				who := n.User
				if n.Subnet.IsValid() {
					who = n.Subnet.String()
				}
				got = append(got, who)
				assert.Equal(t, Bytes, n.Measure)
				assert.Greater(t, n.Total, n.Value)
			}
			assert.Equal(t, test.want, got)
			assert.Zero(t, s.tracker.Stats().Talkers, "the window is over")
			s.pass(15 * time.Minute)
			assert.Len(t, s.noisy, len(test.want))
		})
	}
}

func TestNoisyStarts(t *testing.T) {
	s := newSim(t, Config{Noisy: NoisyConfig{UserStarts: 3, SubnetStarts: 5}, EmptyShare: Disabled})
	for i := range 10 {
		s.send(Start, fmt.Sprint(i), user("alice"), from(fmt.Sprintf("198.51.100.%d", i)))
		s.send(Stop, fmt.Sprint(i), user("alice"))
	}
	require.Len(t, s.noisy, 2)
	assert.Equal(t, Noisy{Time: s.now, NAS: NAS{Address: sender}, User: "alice", Measure: Sessions, Value: 4, Total: 4, Window: 15 * time.Minute}, s.noisy[0])
	assert.Equal(t, "198.51.100.0/24", s.noisy[1].Subnet.String())
	assert.Equal(t, uint64(6), s.noisy[1].Value)

	s.send(Interim, "of before", user("bob"), lasted(time.Hour))
	assert.Equal(t, uint64(2), s.tracker.Stats().Noisy, "a session that goes on does not begin")
}

func TestQuota(t *testing.T) {
	s := newSim(t, Config{Noisy: NoisyConfig{UserQuota: 1000, QuotaWindow: time.Hour}})
	s.tracker.Tick(s.now)
	s.send(Start, "a", user("alice"))
	s.send(Interim, "a", user("alice"), carried(300, 300))
	assert.Empty(t, s.noisy)
	s.send(Interim, "a", user("alice"), carried(600, 300), nasNamed("gw2")) // another NAS: 900 more
	require.Len(t, s.noisy, 1)
	assert.Equal(t, Noisy{Time: s.now, User: "alice", Quota: true, Value: 1500, Total: 1000, Window: time.Hour}, s.noisy[0])
	s.send(Interim, "a", user("alice"), carried(900, 900))
	assert.Len(t, s.noisy, 1, "once in a window")
	s.pass(time.Hour)
	assert.Zero(t, s.tracker.Stats().Talkers)
	s.send(Interim, "a", user("alice"), carried(2000, 2000))
	assert.Len(t, s.noisy, 2)
}

func TestTalkersAreBounded(t *testing.T) {
	s := newSim(t, Config{Noisy: NoisyConfig{UserStarts: 2, MaxTalkers: 2}})
	for _, name := range []string{"a", "b", "a", "c", "b", "a"} {
		s.send(Start, fmt.Sprint(s.now.UnixNano()), user(name))
		s.now = s.now.Add(time.Second)
	}
	stats := s.tracker.Stats()
	assert.Equal(t, 2, stats.Talkers)
	assert.Equal(t, uint64(3), stats.TalkersEvicted, "b for c, a for b, c for a")
	assert.Empty(t, s.noisy, "who is forgotten begins anew")
}
