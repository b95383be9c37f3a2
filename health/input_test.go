package health

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBadEvidence(t *testing.T) {
	good := Evidence{Gateway: "gw", Signal: "probe.tcp", Value: "ok", At: start, Vantage: "lon"}
	for name, c := range map[string]struct {
		change func(*Evidence)
		want   Outcome
	}{
		"good":                 {func(*Evidence) {}, Accepted},
		"unknown gateway":      {func(ev *Evidence) { ev.Gateway = "other" }, UnknownGateway},
		"no gateway":           {func(ev *Evidence) { ev.Gateway = "" }, Invalid},
		"unknown signal":       {func(ev *Evidence) { ev.Signal = "probe.tpc" }, UnknownSignal},
		"derived signal":       {func(ev *Evidence) { ev.Signal = "fleet.radius" }, UnknownSignal},
		"unknown value":        {func(ev *Evidence) { ev.Value = "fine" }, UnknownValue},
		"no value":             {func(ev *Evidence) { ev.Value = "" }, UnknownValue},
		"value of the engine":  {func(ev *Evidence) { ev.Value = "few_peers" }, UnknownValue},
		"future":               {func(ev *Evidence) { ev.At = start.Add(11 * time.Second) }, Future},
		"far future":           {func(ev *Evidence) { ev.At = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }, Future},
		"a little ahead":       {func(ev *Evidence) { ev.At = start.Add(9 * time.Second) }, Accepted},
		"late":                 {func(ev *Evidence) { ev.At = start.Add(-91 * time.Second) }, Late},
		"no time":              {func(ev *Evidence) { ev.At = time.Time{} }, Late},
		"late but counts long": {func(ev *Evidence) { ev.At = start.Add(-91 * time.Second); ev.TTL = time.Hour }, Accepted},
		"counts too long":      {func(ev *Evidence) { ev.At = start.Add(-25 * time.Hour); ev.TTL = 1000 * time.Hour }, Late},
		"strength":             {func(ev *Evidence) { ev.Strength = 1.1 }, Invalid},
		"more bad than all":    {func(ev *Evidence) { ev.Bad = 1 }, Invalid},
		"derived source":       {func(ev *Evidence) { ev.Source = Fleet }, Invalid},
		"long vantage":         {func(ev *Evidence) { ev.Vantage = strings.Repeat("x", maxName+1) }, Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Config{})
			ev := good
			c.change(&ev)
			assert.Equal(t, c.want.String(), b.e.Observe(start, &ev).String())
			assert.Equal(t, uint64(1), b.e.Stats().Evidence[c.want])
		})
	}
}

func TestDuplicatesAndOldEvidenceChangeNothing(t *testing.T) {
	b := newBench(t, Config{})
	ev := Evidence{Gateway: "gw", Signal: "snmp.agent", Value: "ok", At: start}
	assert.Equal(t, Accepted, b.e.Observe(start, &ev))
	assert.Equal(t, Duplicate, b.e.Observe(start, &ev))
	for i := 1; i < keptObservations; i++ { // rounds that came late still count
		ev.At, ev.Value = start.Add(-time.Duration(i)*time.Second), "unreachable"
		assert.Equal(t, Accepted, b.e.Observe(start, &ev))
	}
	ev.At = start.Add(-time.Minute)
	assert.Equal(t, Superseded, b.e.Observe(start, &ev))
}

func TestFloodStaysWithinItsBounds(t *testing.T) {
	b := newBench(t, Config{Gateways: []Gateway{}, Learn: true, MaxGateways: 3, MaxItems: 16, MaxVantages: 20, Forget: time.Hour})
	for i := range 1000 {
		ev := Evidence{
			Gateway: fmt.Sprintf("g%d", i%10), Signal: "probe.tcp", Value: "ok", Vantage: fmt.Sprintf("v%d", i%40),
			At: start.Add(time.Duration(i) * time.Millisecond),
		}
		b.e.Observe(start.Add(time.Second), &ev)
	}
	s := b.e.Stats()
	assert.Equal(t, 3, s.Gateways)
	assert.LessOrEqual(t, s.Items, 3*16)
	assert.LessOrEqual(t, s.Vantages, 20)
	assert.Positive(t, s.Evidence[TableFull])
	b.e.Evaluate(start.Add(3 * time.Hour))
	s = b.e.Stats()
	assert.Zero(t, s.Gateways+s.Items+s.Vantages)
	assert.Equal(t, uint64(3), s.GatewaysForgotten)
	assert.Positive(t, s.VantagesForgotten)
}

func TestLearnedGatewayThatIsGoneLeavesNoIncident(t *testing.T) {
	b := newBench(t, Config{Gateways: []Gateway{}, Learn: true, Forget: 30 * time.Minute})
	b.rounds(6, down)
	require.Len(t, b.e.Incidents(), 1)
	for range 60 {
		b.now = b.now.Add(time.Minute)
		b.e.Evaluate(b.now)
	}
	assert.Zero(t, b.e.Stats().Gateways)
	assert.Empty(t, b.e.Incidents())
	assert.Contains(t, b.kinds()[len(b.kinds())-1], "incident_closed")
}

func TestFullTableOfAGatewayLosesTheOldest(t *testing.T) {
	b := newBench(t, Config{MaxItems: 16})
	for i := range 40 {
		ev := Evidence{Gateway: "gw", Signal: "probe.tcp", Value: "ok", Vantage: fmt.Sprintf("v%d", i), At: start.Add(time.Duration(i) * time.Millisecond)}
		require.Equal(t, Accepted, b.e.Observe(start.Add(time.Second), &ev))
	}
	s := b.e.Stats()
	assert.Equal(t, 16, s.Items)
	assert.Equal(t, uint64(24), s.ItemsEvicted)
}

// TestOrderOfArrivalMakesNoDifference shuffles evidence of twelve rounds, with
// duplicates, and wants the same verdicts to the last digit.
func TestOrderOfArrivalMakesNoDifference(t *testing.T) {
	words := strings.Fields(works + " " + down + " " + noGRE + ` log.lcp=timeout%a log.lcp=timeout%b log.lcp=ok%a log.gre_read=not_available%c
		log.gre_read=not_available%d log.auth=rejected%a netflow.gre=inbound_only log.start=started log.mppe=failed radius.auth=timeout`)
	shares := map[string][]string{"radius": {"aaa"}}
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		var all []Evidence
		now := start.Add(time.Minute)
		for range 300 {
			ev := parse(words[random.IntN(len(words))], start.Add(time.Duration(random.IntN(14))*5*time.Second))[0]
			ev.Gateway = []string{"gw", "g2", "g3"}[random.IntN(3)]
			ev.Total = uint32(random.IntN(3))
			ev.Strength = float64(random.IntN(3)) / 2
			ev.TraceID[0] = byte(random.IntN(3))
			all = append(all, ev)
		}
		var want []Verdict
		for try := range 4 {
			e, err := New(Config{Gateways: []Gateway{{ID: "gw", Shares: shares}, {ID: "g2", Shares: shares}, {ID: "g3"}}})
			require.NoError(t, err)
			for i := range all {
				e.Observe(now, &all[i])
			}
			for i := range 4 {
				e.Evaluate(now.Add(time.Duration(i) * time.Second))
			}
			var got []Verdict
			for v := range e.Verdicts {
				got = append(got, v)
			}
			if try == 0 {
				want = got
			}
			require.Equal(t, want, got, "seed %d", seed)
			random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		}
	}
}

func TestClockSetBack(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(6, works)
	b.now = b.now.Add(-time.Hour)
	b.e.Evaluate(b.now) // up to here what comes is older than what is known
	b.rounds(20, works)
	b.expect(Healthy, "")
	s := b.e.Stats()
	assert.Equal(t, uint64(1), s.ClockSteps)
	assert.Positive(t, s.FutureDropped)
	b.rounds(6, down)
	b.expect(Down, "gateway_unreachable")
}

func TestClockSetForwardHoldsTheStates(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(6, down)
	b.now = b.now.Add(time.Hour)
	b.rounds(5, "")
	b.expect(Down, "gateway_unreachable")
	b.rounds(20, down)
	b.expect(Down, "gateway_unreachable")
	assert.Len(t, b.e.Incidents(), 1)
}

func TestConfigThatCannotBe(t *testing.T) {
	for want, c := range map[string]Config{
		"rounds: 4 is not in [1, 3]":     {Rounds: 4},
		"quorum: 2 is not in (0, 1]":     {Quorum: 2},
		"vantage_share: -1 is not in":    {VantageShare: -1},
		"min_hold: -1ns is not in":       {MinHold: -1},
		"gateways[1].id: a is there":     {Gateways: []Gateway{{ID: "a"}, {ID: "a"}}},
		`gateways[0].id: "" is empty`:    {Gateways: []Gateway{{}}},
		"gateways: 2 are more than max_": {MaxGateways: 1, Gateways: []Gateway{{ID: "a"}, {ID: "b"}}},
	} {
		_, err := New(c)
		require.ErrorContains(t, err, want)
	}
}
