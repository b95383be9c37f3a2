package snmppppreceiver

import (
	"net"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
)

// agent is an agent at run time. It is used by one poll at a time.
type agent struct {
	name     string
	where    string // host:port, with the name if it says more
	poller   poller
	tracker  *snapshot.Tracker
	profiles *profile.Set
	start    time.Time // of its cumulative series
	identity func(*metadata.ResourceBuilder)
	answered snapshot.Agent // what it last said of itself

	metrics *agentMetrics // nil: metrics are not wired
	daemons daemons
	events  agentEvents
}

func (r *snmpReceiver) newAgent(c *AgentConfig, profiles *profile.Set, start time.Time) (*agent, error) {
	target := c.target(r.cfg, profiles)
	p, err := r.dial(target)
	if err != nil {
		return nil, err
	}
	a := &agent{
		name: target.ID, poller: p, profiles: profiles, start: start,
		tracker: snapshot.NewTracker(snapshot.Tracking{MaxSessions: target.MaxRows}),
		where:   net.JoinHostPort(target.Host, strconv.Itoa(int(target.Port))),
	}
	if a.name != target.Host && a.name != a.where {
		a.where = a.name + " (" + a.where + ")"
	}
	a.identity = r.identityOf(c, target)
	if r.metrics != nil {
		a.metrics = newAgentMetrics()
	}
	return a, nil
}

// identityOf sets what never changes of the resource of an agent.
func (r *snmpReceiver) identityOf(c *AgentConfig, target snmpppp.Target) func(*metadata.ResourceBuilder) {
	instance := target.ID + "@" + r.id.String()
	if r.cfg.Vantage != "" {
		instance += "@" + r.cfg.Vantage
	}
	return func(rb *metadata.ResourceBuilder) {
		rb.SetPptpGatewayID(c.gatewayID(target.Host))
		rb.SetPptpTarget(target.ID)
		if r.cfg.Vantage != "" {
			rb.SetPptpVantage(r.cfg.Vantage)
		}
		rb.SetServerAddress(target.Host)
		rb.SetServerPort(int64(target.Port))
		rb.SetNetworkProtocolNamePptp()
		rb.SetServiceName("pptp")
		rb.SetServiceInstanceID(instance)
	}
}

// resource is that of the agent, with what it last said of itself.
func (a *agent) resource(cfg metadata.ResourceAttributesConfig) pcommon.Resource {
	rb := metadata.NewResourceBuilder(cfg)
	a.identity(rb)
	for _, x := range []struct {
		set   func(string)
		value string
	}{
		{rb.SetHostName, a.answered.Name},
		{rb.SetSnmpAgentDescription, a.answered.Descr},
		{rb.SetSnmpAgentObjectID, a.answered.ObjectID},
	} {
		if x.value != "" {
			x.set(x.value)
		}
	}
	return rb.Emit()
}

// reads says whether the agent's profiles have a table of a kind.
func (a *agent) reads(s *snapshot.Snapshot, of profile.Kind) bool {
	for _, name := range s.Profiles {
		if p := a.profiles.Get(name); p != nil && has(p, of) {
			return true
		}
	}
	return false
}

// whole says whether nothing of a kind is missing in a snapshot.
func (a *agent) whole(s *snapshot.Snapshot, of profile.Kind) bool {
	for i := range s.Partial {
		p := a.profiles.Get(s.Partial[i].Profile)
		if p == nil || has(p, of) { // nil: the rest was not asked for
			return false
		}
	}
	return true
}

func has(p *profile.Compiled, of profile.Kind) bool {
	for _, t := range p.Tables {
		if t.Of == of {
			return true
		}
	}
	return false
}
