package health

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// bench is an engine with a clock: every round tells the evidence and evaluates.
type bench struct {
	t      *testing.T
	e      *Engine
	now    time.Time
	events []Event
	trace  byte
}

func newBench(t *testing.T, c Config) *bench {
	t.Helper()
	b := &bench{t: t, now: start}
	if c.Gateways == nil {
		c.Gateways = []Gateway{{ID: "gw"}}
	}
	c.OnEvent = func(ev *Event) { b.events = append(b.events, *ev) }
	e, err := New(c)
	require.NoError(t, err)
	b.e = e
	return b
}

// parse reads "probe.tcp=timeout@lon log.radius=no_reply"; @ is the vantage, % the
// client and /gateway another gateway than gw.
func parse(line string, now time.Time) []Evidence {
	var out []Evidence
	for _, word := range strings.Fields(line) {
		ev := Evidence{Gateway: "gw", At: now}
		word, gateway, other := strings.Cut(word, "/")
		if other {
			ev.Gateway = gateway
		}
		word, ev.Peer, _ = strings.Cut(word, "%")
		word, ev.Vantage, _ = strings.Cut(word, "@")
		ev.Signal, ev.Value, _ = strings.Cut(word, "=")
		out = append(out, ev)
	}
	return out
}

func (b *bench) tell(line string) {
	b.t.Helper()
	for _, ev := range parse(line, b.now) {
		if b.trace > 0 {
			ev.TraceID[0] = b.trace
		}
		require.Equal(b.t, Accepted, b.e.Observe(b.now, &ev), line)
	}
}

// rounds tells the evidence and evaluates n times, 10 s apart.
func (b *bench) rounds(n int, line string) {
	b.t.Helper()
	for range n {
		b.now = b.now.Add(10 * time.Second)
		b.tell(line)
		b.e.Evaluate(b.now)
	}
}

func (b *bench) verdict() Verdict {
	b.t.Helper()
	v, ok := b.e.Verdict("gw")
	require.True(b.t, ok)
	return v
}

func (b *bench) expect(state State, cause string) Verdict {
	b.t.Helper()
	v := b.verdict()
	assert.Equal(b.t, state.String(), v.State.String(), "%s %v", v.Cause, lines(v.Evidence))
	assert.Equal(b.t, cause, v.Cause, "%v", lines(v.Evidence))
	return v
}

func lines(evidence []Contribution) []string {
	var out []string
	for _, c := range evidence {
		out = append(out, c.Role.String()+" "+c.Text+" "+c.Finding.String())
	}
	return out
}

func (b *bench) kinds() []string {
	var out []string
	for _, ev := range b.events {
		subject := ""
		if ev.Verdict != nil {
			subject = ev.Verdict.Gateway + " " + ev.Verdict.State.String()
		}
		if ev.Incident != nil {
			subject = ev.Incident.Subject + " " + ev.Incident.State.String()
		}
		out = append(out, ev.Kind.String()+" "+subject)
	}
	return out
}

// works is a gateway that two vantages and every regular source find well.
const works = `probe.tcp=ok@lon probe.sccrp=ok@lon probe.ocrp=ok@lon probe.gre_rx=ok@lon probe.lcp=ok@lon probe.auth=ok@lon
	probe.mppe=ok@lon probe.ipcp=ok@lon probe.data=ok@lon probe.latency=ok@lon probe.reference=ok@lon
	probe.tcp=ok@ams probe.sccrp=ok@ams probe.ocrp=ok@ams probe.gre_rx=ok@ams probe.lcp=ok@ams probe.auth=ok@ams
	probe.mppe=ok@ams probe.ipcp=ok@ams probe.data=ok@ams probe.latency=ok@ams probe.reference=ok@ams
	snmp.agent=ok snmp.daemon=ok snmp.load=ok snmp.pool=ok snmp.interface=ok
	netflow.traffic=ok netflow.gre=ok log.activity=ok log.sessions=ok log.lcp=ok log.auth=ok
	radius.auth=ok radius.latency=ok`

// stages are what a session of the probe goes through, in this order.
var stages = []string{"tcp", "sccrp", "ocrp", "gre_rx", "lcp", "auth", "mppe", "ipcp", "data"}

// fails is a probe from each vantage that gets to a stage, and fails there with a
// value: what is before is ok, what follows is not told.
func fails(stage, value string, vantages ...string) string {
	var b strings.Builder
	for _, v := range vantages {
		for _, s := range stages {
			if s == stage {
				b.WriteString("probe." + s + "=" + value + "@" + v + " ")
				break
			}
			b.WriteString("probe." + s + "=ok@" + v + " ")
		}
	}
	return b.String()
}
