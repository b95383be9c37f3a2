package health

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var down = both("tcp", "timeout") + "snmp.agent=unreachable netflow.traffic=absent"

func TestStatesNeedDwell(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(3, works)
	b.expect(Healthy, "")
	b.rounds(2, both("data", "lost")) // the first is one round of three
	b.expect(Healthy, "")
	b.rounds(1, both("data", "lost"))
	b.expect(Degraded, "data_plane_loss")
	b.rounds(10, works)
	b.expect(Degraded, "data_plane_loss") // the hold of 120 s
	b.rounds(4, works)
	b.expect(Healthy, "")
	assert.Equal(t, []string{
		"verdict_changed gw healthy", "verdict_changed gw degraded", "incident_opened gw degraded",
		"verdict_changed gw healthy", "incident_closed gw degraded",
	}, b.kinds())
	closed := b.events[4].Incident
	assert.Equal(t, b.events[2].Incident.ID, closed.ID)
	assert.Equal(t, closed.Closed.Sub(closed.Opened), closed.Duration(b.now))
	assert.Equal(t, Major, closed.Worst)
	assert.NotEmpty(t, closed.Hint)
	assert.Empty(t, b.e.Incidents())
}

func TestDownAtOnceWhenTwoSourcesAgree(t *testing.T) {
	for name, c := range map[string]struct {
		evidence string
		after    int // rounds until down
	}{
		"two sources": {down, 2},
		"one source":  {both("tcp", "timeout") + "snmp.daemon=unknown netflow.gre=unknown log.activity=unknown", 4},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Config{})
			b.rounds(3, works)
			b.rounds(c.after-1, c.evidence)
			b.expect(Healthy, "")
			b.rounds(1, c.evidence)
			b.expect(Down, "gateway_unreachable")
		})
	}
}

func TestWhatACauseBecomesIsNotTold(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(5, both("sccrp", "timeout"))
	b.expect(Down, "control_plane_hung")
	b.rounds(8, both("tcp", "timeout")) // the queue of connections is full
	b.expect(Down, "control_plane_hung")
	b.rounds(8, both("tcp", "timeout")+"snmp.agent=unreachable")
	b.expect(Down, "gateway_unreachable")
}

func TestAFaultThatMovesToAnEarlierStageDoesNotLookHealed(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(20, both("sccrp", "timeout"))
	b.rounds(1, both("tcp", "timeout")) // not yet often enough to count
	b.rounds(4, "")
	b.expect(Down, "control_plane_hung")
}

func TestWhatShowsThatTheGatewayIsThereDecides(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(6, both("tcp", "timeout")+"netflow.gre=ok")
	b.expect(Down, "control_plane_hung")
	b.rounds(6, both("tcp", "timeout")+"netflow.gre=unknown") // and it was that alone which spoke for it
	b.expect(Down, "gateway_unreachable")
}

func TestContributionsSayWhatSpokeForAgainstAndIsMissing(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(2, works)
	b.trace = 7
	b.rounds(4, both("tcp", "timeout")+"snmp.agent=unreachable netflow.traffic=ok log.activity=unknown")
	v := b.expect(Down, "gateway_unreachable")
	assert.Equal(t, []string{
		"required probe.tcp: timeout or unreachable holds",
		"supporting snmp.agent: unreachable holds",
		"supporting netflow.traffic: absent refuted",
		"supporting log.activity: silent missing",
		"supporting log.disconnects: bad; or radius.stops: bad missing",
		"contradicting snmp.agent: ok refuted",
		"contradicting probe.tcp: any_ok refuted",
		"contradicting log.activity: ok missing",
		"contradicting netflow.gre: ok holds",
	}, lines(v.Evidence))
	first := v.Evidence[0]
	assert.Equal(t, "timeout", first.Value)
	assert.Equal(t, Probe, first.Source)
	assert.Equal(t, 2, first.Saw)
	assert.Equal(t, 2, first.Of)
	assert.Equal(t, byte(7), first.TraceID[0])
	require.Len(t, b.e.Incidents(), 1)
	assert.Equal(t, [][16]byte{{7}}, b.e.Incidents()[0].TraceIDs)
}

func TestQuorum(t *testing.T) {
	view := func(bad, all int) string {
		var s strings.Builder
		for i := range all {
			value := "ok"
			if i < bad {
				value = "refused"
			}
			fmt.Fprintf(&s, "probe.tcp=%s@v%d ", value, i)
		}
		return s.String()
	}
	for name, c := range map[string]struct {
		evidence string
		cause    string
	}{
		"1 of 1": {view(1, 1), "control_port_down"},
		"1 of 2": {view(1, 2), "upstream_path_or_vantage"},
		"2 of 2": {view(2, 2), "control_port_down"},
		"1 of 3": {view(1, 3), "upstream_path_or_vantage"},
		"2 of 3": {view(2, 3), "control_port_down"},
		"2 of 5": {view(2, 5), "upstream_path_or_vantage"},
		"3 of 5": {view(3, 5), "control_port_down"},
		"0 of 5": {view(0, 5), ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Config{})
			b.rounds(6, c.evidence)
			assert.Equal(t, c.cause, b.verdict().Cause)
		})
	}
}

func TestOneVantageCapsTheConfidenceInTheNetwork(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(6, fails("tcp", "timeout", "lon")+"snmp.agent=unreachable netflow.traffic=absent log.activity=silent")
	assert.InDelta(t, singleVantage, b.expect(Down, "gateway_unreachable").Confidence, 1e-9)
	b = newBench(t, Config{})
	b.rounds(6, down+" log.activity=silent")
	assert.Greater(t, b.expect(Down, "gateway_unreachable").Confidence, HighConfidence)
}

func TestLateStagesAreUnknownAfterAnEarlierOneFailed(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(3, works)
	b.rounds(4, both("tcp", "refused")+"snmp.agent=ok") // sccrp was ok 40 s ago, which does not speak against it
	for _, c := range b.expect(Down, "control_port_down").Evidence {
		if c.Text == "probe.sccrp: ok" {
			assert.Equal(t, NotKnown, c.Finding)
		}
	}
}

func TestRatesNeedSamples(t *testing.T) {
	s := &signal{kinds: commonKinds, rate: 0.5}
	for name, c := range map[string]struct {
		bad, total uint32
		want       uint8
	}{
		"1 of 1":       {1, 1, kindUnknown},
		"3 of 3":       {3, 3, kindUnknown},
		"9 of 10":      {9, 10, kindBad},
		"6 of 10":      {6, 10, kindUnknown},
		"600 of 1000":  {600, 1000, kindBad},
		"0 of 10":      {0, 10, kindOK},
		"all that fit": {1<<32 - 1, 1<<32 - 1, kindBad},
	} {
		kind, outcome := s.kindOf(&Evidence{Value: "bad", Bad: c.bad, Total: c.total})
		assert.Equal(t, Accepted, outcome)
		assert.Equal(t, c.want, kind, name)
	}
}

func TestContradictoryEvidenceSaysNothing(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(6, both("data", "ok")+"log.disconnects=mass@a log.disconnects=ok@b")
	b.expect(Healthy, "")
	b.rounds(6, both("data", "ok")+"log.disconnects=mass@a log.disconnects=mass@c log.disconnects=ok@b")
	b.expect(Down, "mass_disconnect")
}

func TestTwoFaultsAtOnce(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(8, both("mppe", "refused")+"log.mppe=failed radius.accounting=interim_gap")
	v := b.expect(Degraded, "mppe_negotiation_failure")
	assert.Equal(t, []string{"accounting_anomaly"}, v.Also)
	assert.Greater(t, v.Probability, 0.8, "what another fault shows does not make this one less likely")
}

func TestCauseChangesOnlyWhenClearlyLikelier(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(6, noGRE+"netflow.gre=none")
	b.expect(Down, "gre_blackhole_bidirectional")
	b.rounds(1, noGRE+"netflow.gre=inbound_only")
	b.expect(Down, "gre_blackhole_bidirectional")
	b.rounds(1, noGRE+"netflow.gre=inbound_only")
	b.expect(Down, "gre_blackhole_server_to_client")
	assert.Equal(t, "incident_updated gw down", b.kinds()[len(b.kinds())-1])
	assert.Len(t, b.e.Incidents(), 1)
}

func TestFlappingIsToldOnce(t *testing.T) {
	b := newBench(t, Config{})
	for range 12 {
		b.rounds(1, works+" radius.accounting=interim_gap")
		b.rounds(1, works+" radius.accounting=ok")
	}
	v := b.verdict()
	assert.Equal(t, Flapping, v.State)
	assert.Equal(t, Warning, v.Severity)
	opened := 0
	for _, k := range b.kinds() {
		if strings.HasPrefix(k, "incident_opened") {
			opened++
		}
	}
	assert.Equal(t, 1, opened)
	b.rounds(40, works)
	b.expect(Healthy, "")
	assert.Empty(t, b.e.Incidents())
}

func TestRepeatedStartsAreCritical(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(4, both("data", "ok")+"log.start=crash_loop")
	assert.Equal(t, Critical, b.expect(Degraded, "daemon_restart_or_crash").Severity)
}

// A line that asks for something to work does not weaken a cause when it does.
func TestWhatIsRequiredToWorkAndDoes(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(5, noGRE+"netflow.gre=none")
	with := b.expect(Down, "gre_blackhole_bidirectional").Probability
	b = newBench(t, Config{})
	b.rounds(5, "probe.gre_rx=none@lon probe.gre_rx=none@ams netflow.gre=none")
	assert.Greater(t, with, b.expect(Down, "gre_blackhole_bidirectional").Probability, "it is not known whether calls are answered")
}
