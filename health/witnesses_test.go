package health

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever a single observation says, of whatever signal: it opens nothing, unless the codebook calls it sure.
func TestOneObservationOpensNoIncident(t *testing.T) {
	sure := map[string]bool{}
	for _, s := range DefaultCodebook().signals {
		sure[s.name] = s.sure
	}
	for _, s := range DefaultCodebook().Signals() {
		if s.Derived {
			continue
		}
		for _, value := range append([]string{"bad"}, s.Values...) {
			t.Run(s.Name+"="+value, func(t *testing.T) {
				b := newBench(t, Config{})
				b.rounds(4, works)
				said := s.Name + "=" + value
				if s.Vantages {
					said += "@lon"
				}
				b.now = b.now.Add(1) // of no session that did more
				b.tell(said)
				b.rounds(30, works)
				if !sure[s.Name] {
					assert.Equal(t, []string{"verdict_changed gw healthy"}, b.kinds())
				}
			})
		}
	}
}

func TestHowOftenItMustBeSeen(t *testing.T) {
	const well = "snmp.agent=ok "
	for name, c := range map[string]struct {
		rounds []string
		cause  string
	}{
		"two of three rounds of one alone": {[]string{"probe.data=lost@lon", "probe.data=ok@lon", "probe.data=lost@lon"}, ""},
		"three rounds of one alone":        {[]string{"probe.data=lost@lon", "probe.data=lost@lon", "probe.data=lost@lon"}, "data_plane_loss"},
		"two rounds of two vantages":       {[]string{both("data", "lost"), both("data", "lost")}, "data_plane_loss"},
		"two rounds that differ":           {[]string{both("data", "lost"), both("data", "large_lost")}, ""},
		"an event":                         {[]string{"log.gre_socket=failed"}, ""},
		"two events":                       {[]string{"log.gre_socket=failed", "log.gre_socket=failed"}, "gre_init_failure"},
		"an event and who suffers":         {[]string{"log.pool=exhausted", both("ipcp", "no_address"), both("ipcp", "no_address")}, "ip_pool_exhausted"},
		"an event that is sure":            {[]string{"radius.stops=mass"}, "mass_disconnect"},
		"a signal of three rounds, twice":  {[]string{"radius.latency=slow", "radius.latency=slow"}, ""},
		"a signal of three rounds":         {[]string{"radius.latency=slow", "radius.latency=slow", "radius.latency=slow"}, "auth_backend_slow"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Config{})
			b.rounds(3, well)
			for _, line := range c.rounds {
				b.rounds(1, well+line)
			}
			b.rounds(3, well)
			assert.Equal(t, c.cause, b.verdict().Cause)
		})
	}
}

func TestCountsOfClientsNeedTwoRounds(t *testing.T) {
	b := newBench(t, Config{})
	count := func(bad uint32) {
		b.rounds(1, both("data", "ok"))
		ev := Evidence{Gateway: "gw", Signal: "log.auth", Value: "rejected", Bad: bad, Total: 20, At: b.now}
		require.Equal(t, Accepted, b.e.Observe(b.now, &ev))
	}
	count(0)
	count(20)
	b.rounds(4, both("data", "ok"))
	b.expect(Healthy, "")
	count(20)
	b.rounds(4, both("data", "ok"))
	b.expect(Degraded, "auth_rejects_surge")
}

// A session that got further shows that the stages before work, whatever is said of them.
func TestAStageThatWasPassedDidNotFail(t *testing.T) {
	b := newBench(t, Config{})
	b.rounds(6, "probe.tcp=refused@lon probe.sccrp=ok@lon")
	b.expect(Healthy, "")
	b.rounds(6, "probe.tcp=refused@lon")
	b.expect(Down, "control_port_down")
}

func TestRoundsAndSureAreOfTheCodebook(t *testing.T) {
	book, err := DefaultCodebook().Extend("own.yaml", []byte("signals: {snmp.interface: {rounds: 3}, log.gre_socket: {sure: true}}"))
	require.NoError(t, err)
	b := newBench(t, Config{Codebook: book})
	b.rounds(2, "snmp.agent=ok")
	b.rounds(1, "snmp.agent=ok log.gre_socket=failed")
	b.rounds(4, "snmp.agent=ok")
	b.expect(Down, "gre_init_failure")
	assert.Zero(t, DefaultCodebook().signals[book.signalByID["snmp.interface"]].rounds, "an engine does not change the book")
}

// A server that answers the checks and not the gateway does not take the gateway's requests for good ones.
func TestAServerThatAnswersOthersOnly(t *testing.T) {
	const silent = "log.radius=no_reply "
	b := newBench(t, Config{})
	b.rounds(6, both("auth", "timeout")+silent+"radius.auth=ok radius.latency=ok")
	b.expect(Down, "radius_secret_or_message_authenticator")
	for name, c := range map[string]struct{ evidence, cause string }{
		"nobody is answered":     {silent + "radius.auth=timeout", "auth_backend_down"},
		"nobody asks the server": {silent, "auth_backend_down"},
		"it is late":             {silent + "radius.auth=ok radius.latency=slow", "auth_backend_slow"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Config{})
			b.rounds(8, both("auth", "timeout")+c.evidence)
			assert.Equal(t, c.cause, b.verdict().Cause)
		})
	}
}
