package observe

import (
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/scenario/world"
)

// SNMP is an snmp_ppp that polls one agent.
type SNMP struct {
	Gateway  *world.Gateway
	Interval time.Duration
	Offset   time.Duration
	Timeouts float64 // share of polls that are lost

	errors, packets float64
	started         time.Time
	missing         bool
}

// Look polls when it is time to.
func (s *SNMP) Look(w *world.World, to *Telemetry) {
	g := s.Gateway
	s.packets += float64(20 * g.Seen.Up)
	s.errors += g.Errors * float64(20*g.Seen.Up)
	if !w.Now.Add(s.Offset).Truncate(s.Interval).After(w.Now.Add(s.Offset-world.Step)) || w.Blind {
		return
	}
	m := to.metrics(w.Now, s.resource()...)
	if g.Off || g.Cut || g.AgentMute || w.Rand.Float64() < s.Timeouts {
		m.state("snmp.agent.up", 0, "error.type", "timeout")
		to.events(s.resource()...).event("snmp.agent.failed", w.Now, "error.type", "timeout")
		return
	}
	m.state("snmp.agent.up", 1)
	m.gauge("snmp.agent.uptime", w.Now.Sub(g.Booted).Seconds())
	name := [...]string{"pptpd", "accel-pppd", "mpd5"}[g.Software]
	processes := 1.0
	if g.Daemon == world.Dead {
		processes = 0
	}
	m.state("system.process.count", processes, "process.executable.name", name)
	if processes > 0 {
		m.gauge("pptp.daemon.uptime", w.Now.Sub(g.Started).Seconds(), "process.executable.name", name)
	}
	m.gauge("system.cpu.utilization", min(1, g.CPU*(0.95+0.1*w.Rand.Float64())))
	m.gauge("system.cpu.load_average", 4*g.CPU*g.CPU, "system.cpu.load_average.minutes", "1")
	m.state("system.memory.usage", 5e8, "system.memory.state", "used")
	m.gauge("system.memory.limit", 2e9)
	m.state("pptp.sessions", float64(g.Seen.Up+g.Squatters), "pptp.session.source", "if-mib", "pptp.session.state", "up")
	m.gauge("pptp.sessions.max", float64(g.Slots))
	m.state("pptp.ip_pool.usage", float64(min(g.Pool, g.Seen.Up+g.GhostIPs)), "pptp.ip_pool.name", "pool", "pptp.ip_pool.state", "used")
	m.state("pptp.ip_pool.usage", float64(max(0, g.Pool-g.Seen.Up-g.GhostIPs)), "pptp.ip_pool.name", "pool", "pptp.ip_pool.state", "free")
	m.count("pptp.sessions.packets", s.packets, "network.io.direction", "receive")
	m.count("pptp.sessions.errors", s.errors, "network.io.direction", "receive")
	m.count("pptp.sessions.dropped", 0, "network.io.direction", "receive")
	s.changes(w, to, name, processes == 0)
}

func (s *SNMP) resource() []string {
	return []string{"service.name", "pptp", "pptp.gateway.id", s.Gateway.ID, "server.address", s.Gateway.Addr.String()}
}

// changes are the events of what is different from the poll before.
func (s *SNMP) changes(w *world.World, to *Telemetry, name string, missing bool) {
	g := s.Gateway
	e := to.events(s.resource()...)
	if missing && !s.missing {
		e.event("pptp.daemon.missing", w.Now, "process.executable.name", name)
	}
	restarted := !s.started.IsZero() && g.Started.After(s.started)
	switch {
	case restarted && g.Booted.After(s.started):
		r := e.event("pptp.gateway.restarted", w.Now)
		r.Attributes().PutBool("pptp.gateway.host_restarted", true)
	case restarted && s.missing:
		e.event("pptp.daemon.returned", w.Now, "process.executable.name", name)
	case restarted:
		e.event("pptp.daemon.restarted", w.Now, "process.executable.name", name)
	}
	s.started, s.missing = g.Started, missing
}
