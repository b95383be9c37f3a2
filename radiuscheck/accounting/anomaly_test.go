package accounting

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUnknownSessions(t *testing.T) {
	for name, test := range map[string]struct {
		status Status
		lasted time.Duration
		want   []Kind
	}{
		"a Stop of a session that began before":             {Stop, 2 * time.Hour, nil},
		"a Stop of one whose Start should have come":        {Stop, 30 * time.Minute, []Kind{StopWithoutStart}},
		"an interim record of a session that began before":  {Interim, 2 * time.Hour, nil},
		"an interim record of one whose Start did not come": {Interim, 30 * time.Minute, []Kind{StartMissing}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Config{})
			s.send(Start, "other")
			s.pass(time.Hour)
			require.Equal(t, Accepted, s.send(test.status, "a", lasted(test.lasted)))
			assert.Equal(t, test.want, s.kinds())
			assert.True(t, s.last.Adopted)
			assert.Equal(t, s.now.Add(-test.lasted), s.last.Started.UTC().Local())
		})
	}
}

func TestNoStop(t *testing.T) {
	s := newSim(t, Config{SessionTTL: time.Hour})
	s.send(Start, "a")
	s.pass(time.Hour)
	assert.Empty(t, s.anomalies)
	s.pass(20 * time.Second)
	require.Equal(t, []Kind{NoStop}, s.kinds())
	assert.InDelta(t, 3600, s.anomalies[0].Limit, 0)
	assert.Equal(t, "expired a", s.sessions[1])
	s.send(Stop, "a", lasted(2*time.Hour))
	assert.Len(t, s.anomalies, 1, "the Stop of one that was given up is not odd once more")
}

func TestInterimGap(t *testing.T) {
	every := func(s *sim, gap time.Duration, n int, fill ...func(*Record)) {
		for range n {
			s.pass(gap)
			s.send(Interim, "a", fill...)
		}
	}
	told := func(r *Record) { r.Interval = 10 * time.Minute }
	for name, test := range map[string]struct {
		config  Config
		records func(*sim)
		limit   time.Duration // 0: never told
	}{
		"learned from two gaps":         {Config{}, func(s *sim) { every(s, 10*time.Minute, 2) }, 25 * time.Minute},
		"one gap does not tell it":      {Config{}, func(s *sim) { every(s, 10*time.Minute, 1) }, 0},
		"the longest counts":            {Config{}, func(s *sim) { every(s, 2*time.Second, 1); every(s, 10*time.Minute, 1) }, 25 * time.Minute},
		"shorter ones are not believed": {Config{}, func(s *sim) { every(s, 2*time.Second, 3) }, 150 * time.Second},
		"told by the NAS":               {Config{}, func(s *sim) { every(s, time.Minute, 1, told) }, 25 * time.Minute},
		"told by configuration":         {Config{InterimInterval: 20 * time.Second}, func(*sim) {}, 50 * time.Second},
		"switched off":                  {Config{InterimGap: Disabled}, func(s *sim) { every(s, 10*time.Minute, 2) }, 0},
		"another factor":                {Config{InterimGap: 4}, func(s *sim) { every(s, 10*time.Minute, 2) }, 40 * time.Minute},
		"never any":                     {Config{}, func(*sim) {}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, test.config)
			s.send(Start, "a")
			test.records(s)
			if test.limit == 0 {
				s.pass(12 * time.Hour)
				assert.Empty(t, s.anomalies)
				return
			}
			s.pass(test.limit)
			assert.Empty(t, s.anomalies)
			s.pass(10 * time.Minute)
			require.Equal(t, []Kind{InterimGap}, s.kinds(), "once")
			assert.InDelta(t, test.limit.Seconds(), s.anomalies[0].Limit, 0)
			assert.Greater(t, s.anomalies[0].Value, s.anomalies[0].Limit)
		})
	}
}

func TestCounters(t *testing.T) {
	for name, test := range map[string]struct {
		records []func(*Record)
		want    []Kind
		value   float64
		bytes   uint64
	}{
		"rise":                          {[]func(*Record){carried(1, 0), carried(5<<32, 0)}, nil, 0, 5 << 32},
		"fall":                          {[]func(*Record){carried(1000, 0), carried(400, 0)}, []Kind{CounterBackwards}, 600, 400},
		"fall twice, told once":         {[]func(*Record){carried(1000, 0), carried(400, 0), carried(100, 0)}, []Kind{CounterBackwards}, 600, 100},
		"fall without Gigawords":        {[]func(*Record){carried32(1 << 20), carried32(1)}, []Kind{CounterBackwards}, 1<<20 - 1, 1},
		"pass 2^32 without Gigawords":   {[]func(*Record){carried32(0xfffffff0), carried32(16)}, []Kind{GigawordsMissing}, 0, 1<<32 + 16},
		"pass it twice":                 {[]func(*Record){carried32(0xfffffff0), carried32(16), carried32(0xfffffff0), carried32(1)}, []Kind{GigawordsMissing}, 0, 2<<32 + 1},
		"Gigawords only where they are": {[]func(*Record){carried32(0xfffffff0), carried(1<<32+16, 0)}, nil, 0, 1<<32 + 16},
		"time falls":                    {[]func(*Record){lasted(time.Minute), lasted(time.Second)}, []Kind{CounterBackwards}, 59, 0},
		"packets pass 2^32": {[]func(*Record){
			func(r *Record) { r.Traffic.PacketsOut, r.HasGigawords = 0xfffffff0, true },
			func(r *Record) { r.Traffic.PacketsOut, r.HasGigawords = 16, true },
		}, nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Config{})
			s.send(Start, "a")
			for _, r := range test.records {
				s.pass(time.Minute)
				s.send(Interim, "a", r)
			}
			assert.Equal(t, test.want, s.kinds())
			assert.Equal(t, test.bytes, s.last.Traffic.BytesIn)
			for _, a := range s.anomalies {
				assert.InDelta(t, test.value, a.Value, 0)
			}
		})
	}
}

func TestDuplicateAddress(t *testing.T) {
	const shared = "203.0.113.5"
	for name, test := range map[string]struct {
		then func(*sim)
		want []Kind
	}{
		"for long":                     {func(*sim) {}, []Kind{DuplicateAddress}},
		"until the old session stops":  {func(s *sim) { s.send(Stop, "a") }, nil},
		"until the new session stops":  {func(s *sim) { s.send(Stop, "b") }, nil},
		"until the old has another":    {func(s *sim) { s.send(Interim, "a", framedAs("203.0.113.6")) }, nil},
		"of two NAS, which may":        {func(s *sim) { s.send(Stop, "b"); s.send(Start, "c", nasNamed("gw2"), framedAs(shared)) }, nil},
		"and the same once more later": {func(s *sim) { s.pass(time.Hour); s.send(Interim, "b", framedAs(shared)) }, []Kind{DuplicateAddress}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, Config{})
			s.send(Start, "a", framedAs(shared))
			s.send(Start, "b", framedAs(shared))
			s.pass(30 * time.Second)
			test.then(s)
			assert.LessOrEqual(t, len(s.anomalies), 1)
			s.pass(40 * time.Second)
			require.Equal(t, test.want, s.kinds())
			for _, anomaly := range s.anomalies {
				assert.Equal(t, "b", anomaly.Session.ID)
				assert.Equal(t, "a", anomaly.Other.ID)
			}
		})
	}
}

func TestEmptySessions(t *testing.T) {
	for name, test := range map[string]struct {
		config      Config
		empty, full int
		want        bool
	}{
		"all":             {Config{}, 10, 0, true},
		"a third":         {Config{}, 5, 10, true},
		"a few":           {Config{}, 2, 10, false},
		"too few stops":   {Config{}, 9, 0, false},
		"another share":   {Config{EmptyShare: 0.9}, 8, 2, false},
		"another minimum": {Config{MinStops: 3}, 3, 0, true},
		"switched off":    {Config{EmptyShare: Disabled}, 10, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			setInt(&test.config.MinStops, 10)
			s := newSim(t, test.config)
			for i := range test.empty + test.full {
				id := fmt.Sprint(i)
				s.send(Start, id)
				if s.now = s.now.Add(2 * time.Second); i < test.empty {
					s.send(Stop, id, lasted(2*time.Second))
				} else {
					s.send(Stop, id, lasted(2*time.Second), carried(1, 1))
				}
			}
			s.pass(20 * time.Second)
			if !test.want {
				assert.Empty(t, s.anomalies)
				return
			}
			require.Equal(t, []Kind{EmptySessions}, s.kinds(), "told once")
			assert.Equal(t, test.empty, s.anomalies[0].Count)
			assert.Equal(t, test.empty+test.full, s.anomalies[0].Total)
			s.pass(10 * time.Minute)
			for i := range 10 {
				s.send(Start, fmt.Sprint("again", i))
				s.send(Stop, fmt.Sprint("again", i))
			}
			s.pass(10 * time.Second)
			assert.Len(t, s.anomalies, 2, "and again when it comes again")
		})
	}
}

// stops lets sessions of a minute end one after the other.
func stops(s *sim, n int, every time.Duration, c Cause) {
	for range n {
		s.id++
		id := fmt.Sprint(s.now.UnixNano())
		s.send(Start, id, late(2*time.Minute))
		s.send(Stop, id, lasted(2*time.Minute), carried(1, 1), caused(c))
		s.pass(every)
	}
}

func TestCauseShift(t *testing.T) {
	const userRequest = 1
	s := newSim(t, Config{MassStopShare: Disabled, MinStops: 10})
	stops(s, 60, 20*time.Second, userRequest)
	assert.Empty(t, s.anomalies)
	stops(s, 10, 20*time.Second, LostCarrier)
	require.Equal(t, []Kind{CauseShift}, s.kinds())
	a := s.anomalies[0]
	assert.Equal(t, LostCarrier, a.Cause)
	assert.GreaterOrEqual(t, a.Value, 0.5)
	assert.LessOrEqual(t, a.Count, a.Total)
	stops(s, 400, 20*time.Second, LostCarrier)
	assert.Len(t, s.anomalies, 1, "what lasts is usual some day")

	s = newSim(t, Config{MassStopShare: Disabled, MinStops: 10})
	stops(s, 30, 20*time.Second, userRequest)
	stops(s, 15, 20*time.Second, LostCarrier)
	assert.Empty(t, s.anomalies, "too little is known of before")
}

func TestMassStop(t *testing.T) {
	for name, test := range map[string]struct {
		config        Config
		active, ended int
		want          bool
	}{
		"all":             {Config{}, 20, 20, true},
		"a third":         {Config{}, 30, 10, true},
		"a fifth":         {Config{}, 50, 10, false},
		"too few":         {Config{}, 4, 4, false},
		"another share":   {Config{MassStopShare: 0.1}, 50, 10, true},
		"another minimum": {Config{MassStopMin: 2}, 4, 4, true},
		"switched off":    {Config{MassStopShare: Disabled}, 20, 20, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, test.config)
			for i := range test.active {
				s.send(Start, fmt.Sprint(i))
			}
			s.pass(time.Hour)
			for i := range test.ended {
				s.send(Stop, fmt.Sprint(i), lasted(time.Hour), caused(NASError), carried(1, 1))
				s.send(Start, fmt.Sprint("again", i)) // they come back at once
			}
			s.pass(30 * time.Second)
			if !test.want {
				assert.Empty(t, s.anomalies)
				return
			}
			require.Equal(t, []Kind{MassStop}, s.kinds())
			assert.Equal(t, test.ended, s.anomalies[0].Count)
			assert.Equal(t, test.active, s.anomalies[0].Total)
			assert.Equal(t, NASError, s.anomalies[0].Cause)
		})
	}
}

// One user who tries again and again is not a mass.
func TestMassStopOfOneUser(t *testing.T) {
	s := newSim(t, Config{EmptyShare: Disabled})
	s.send(Start, "steady")
	for i := range 100 {
		s.send(Start, fmt.Sprint(i))
		s.pass(time.Second)
		s.send(Stop, fmt.Sprint(i), lasted(time.Second))
	}
	assert.Empty(t, s.anomalies)
}
