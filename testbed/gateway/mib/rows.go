// Package mib shows the simulated gateway through an SNMP agent, as net-snmp shows a Linux
// host with poptop: its processes, interfaces and connections.
package mib

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
)

// Where the tables are: IF-MIB, TCP-MIB, HOST-RESOURCES-MIB, UCD-SNMP-MIB.
const (
	system      = "1.3.6.1.2.1.1."
	ifNumber    = "1.3.6.1.2.1.2.1.0"
	ifEntry     = "1.3.6.1.2.1.2.2.1."
	ifXEntry    = "1.3.6.1.2.1.31.1.1.1."
	tcpInfo     = "1.3.6.1.2.1.6."
	connection  = "1.3.6.1.2.1.6.19.1.7.1.4."
	listener    = "1.3.6.1.2.1.6.20.1.4.1.4."
	hrUptime    = "1.3.6.1.2.1.25.1.1.0"
	hrProcesses = "1.3.6.1.2.1.25.1.6.0"
	hrSWRun     = "1.3.6.1.2.1.25.4.2.1."
	hrSWRunPerf = "1.3.6.1.2.1.25.5.1.1."
	ucd         = "1.3.6.1.4.1.2021."
	engine      = "1.3.6.1.6.3.10.2.1."
)

const (
	managerPID = 900
	typePPP    = 23            // IANAifType
	firstIndex = 10            // of the interfaces of sessions
	daemonsUp  = 3 * time.Hour // when the agent shows its first row
	hostUp     = 72 * time.Hour
)

// state is the gateway at one moment.
type state struct {
	sessions []gateway.Session
	listens  bool // the daemon is there
	gateway  gateway.Config
	uptime   time.Duration // of the agent
	units    units
}

// units are the numbers of the interfaces: the lowest that is free, for as long as the session is up.
type units map[uint64]int // by session

// follow gives numbers to new sessions, and takes back those of sessions that have ended.
func (u units) follow(sessions []gateway.Session) {
	taken := make(map[int]bool)
	for number, unit := range u {
		if slices.ContainsFunc(sessions, func(s gateway.Session) bool { return s.Number == number && hasInterface(&s) }) {
			taken[unit] = true
		} else {
			delete(u, number)
		}
	}
	for i := range sessions {
		if _, has := u[sessions[i].Number]; has || !hasInterface(&sessions[i]) {
			continue
		}
		unit := 0
		for taken[unit] {
			unit++
		}
		taken[unit] = true
		u[sessions[i].Number] = unit
	}
}

type rows struct{ agent.Rows }

func (r *rows) text(oid string, v string) { r.Add(oid, agent.String, v) }
func (r *rows) integer(oid string, v int) { r.Add(oid, agent.Integer, int64(v)) }
func (r *rows) gauge(oid string, v int)   { r.Add(oid, agent.Gauge32, int64(v)) }
func (r *rows) ticks(oid string, d time.Duration) {
	r.Add(oid, agent.TimeTicks, int64(d/(10*time.Millisecond)))
}

// build is what the agent has.
func build(s *state) *agent.Rows {
	r := &rows{}
	r.text(system+"1.0", "Linux gateway 6.1.0 (simulated)")
	r.Add(system+"2.0", agent.OID, "1.3.6.1.4.1.8072.3.2.10")
	r.ticks(system+"3.0", s.uptime)
	r.text(system+"5.0", "gateway")
	r.text(engine+"1.0", "\x80\x00\x1f\x88\x80testbed")
	r.integer(engine+"2.0", 1)
	r.integer(engine+"3.0", int(s.uptime/time.Second))
	r.ticks(hrUptime, hostUp+s.uptime)
	r.resources(s)

	slices.SortFunc(s.sessions, func(a, b gateway.Session) int { return cmp.Compare(a.Number, b.Number) })
	s.units.follow(s.sessions)
	processes, interfaces := 0, 0
	process := func(pid int, name, path, parameters string) {
		processes++
		r.process(pid, name, path, parameters)
	}
	process(1, "systemd", "/sbin/init", "")
	if s.listens {
		process(managerPID, "pptpd", "/usr/sbin/pptpd", "--fg")
		r.gauge(listener+fmt.Sprintf("%s.%d", s.gateway.Listen.Addr(), s.gateway.Listen.Port()), managerPID)
	}
	for i := range s.sessions {
		one := &s.sessions[i]
		pid, peer := managerPID+100+2*int(one.Number), one.Client.Addr()
		// pptpctrl pads its title to the length of the old one.
		process(pid, "pptpctrl", fmt.Sprintf("pptpd [%s]   ", peer), "")
		r.integer(connection+fmt.Sprintf("%s.%d.1.4.%s.%d", s.gateway.Listen.Addr(), s.gateway.Listen.Port(), peer, one.Client.Port()), 5)
		if hasPPPD(one.Last) {
			process(pid+1, "pppd", "/usr/sbin/pppd", fmt.Sprintf("local file /etc/ppp/pptpd-options 115200 %s:%s ipparam %s plugin "+
				"/usr/lib/pptpd/pptpd-logwtmp.so", s.gateway.LocalIP, address(one), peer))
		}
		if hasInterface(one) {
			interfaces++
			r.link(firstIndex+int(one.Number), s.units[one.Number], one)
		}
	}
	r.gauge(hrProcesses, processes)
	r.integer(ifNumber, interfaces)
	r.gauge(tcpInfo+"9.0", len(s.sessions))
	r.Sort()
	return &r.Rows
}

// hasPPPD tells whether a session has come to a call that goes on.
func hasPPPD(last gateway.EventKind) bool {
	switch last {
	case gateway.EventConnected, gateway.EventStarted, gateway.EventRefused, gateway.EventCallDown, gateway.EventClosed:
		return false
	}
	return true
}

// hasInterface tells whether a session has an address.
func hasInterface(s *gateway.Session) bool { return s.Address.IsValid() && hasPPPD(s.Last) }

// address is what pptpd has given to the pppd of a session: the one of the pool, or nothing yet.
func address(s *gateway.Session) string {
	if s.Address.IsValid() {
		return s.Address.String()
	}
	return ""
}

func (r *rows) process(pid int, name, path, parameters string) {
	at := func(column int) string { return fmt.Sprintf("%s%d.%d", hrSWRun, column, pid) }
	r.integer(at(1), pid)
	r.text(at(2), name)
	r.text(at(4), path)
	r.text(at(5), parameters)
	r.integer(at(6), 4) // application
	r.integer(at(7), 2) // runnable
	r.integer(fmt.Sprintf("%s1.%d", hrSWRunPerf, pid), 1)
	r.integer(fmt.Sprintf("%s2.%d", hrSWRunPerf, pid), 2800)
}

// link is the interface of a session.
func (r *rows) link(index, unit int, s *gateway.Session) {
	at := func(column int) string { return fmt.Sprintf("%s%d.%d", ifEntry, column, index) }
	x := func(column int) string { return fmt.Sprintf("%s%d.%d", ifXEntry, column, index) }
	name := fmt.Sprintf("ppp%d", unit)
	r.integer(at(1), index)
	r.text(at(2), name)
	r.integer(at(3), typePPP)
	r.integer(at(4), 1396)
	r.gauge(at(5), 0)
	r.integer(at(7), 1)
	r.integer(at(8), 1)
	r.Add(at(10), agent.Counter32, int64(uint32(s.BytesIn)))
	r.Add(at(16), agent.Counter32, int64(uint32(s.BytesOut)))
	r.text(x(1), name)
	r.Add(x(6), agent.Counter64, s.BytesIn)
	r.Add(x(10), agent.Counter64, s.BytesOut)
}

// resources is what UCD-SNMP-MIB says of an idle host.
func (r *rows) resources(s *state) {
	count, alert := 0, 1
	if s.listens {
		count, alert = 1, 0
	}
	r.text(ucd+"2.1.2.1", "pptpd")
	r.integer(ucd+"2.1.3.1", 1)
	r.integer(ucd+"2.1.4.1", 0)
	r.integer(ucd+"2.1.5.1", count)
	r.integer(ucd+"2.1.100.1", alert)
	r.integer(ucd+"4.5.0", 1_000_000) // KiB
	r.integer(ucd+"4.6.0", 600_000)
	for i := range 3 {
		r.integer(fmt.Sprintf("%s10.1.5.%d", ucd, i+1), 5)
	}
}
