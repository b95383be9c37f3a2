package profile

import (
	"maps"
	"slices"
)

// Measure is the meaning of a number that is not part of a session, an interface or
// another row.
type Measure struct {
	Name string
	// Unit in the notation of UCUM.
	Unit string
	// Counter: the value only grows, or starts again. Agents' types are not to be
	// believed: totals come as Gauge32, and current numbers as Counter32.
	Counter bool
	Help    string
}

var measures = index([]Measure{
	{"sessions.active", "{session}", false, "PPTP sessions that are up"},
	{"sessions.starting", "{session}", false, "PPTP sessions that are being set up"},
	{"sessions.closing", "{session}", false, "PPTP sessions that are being closed"},
	{"sessions.max", "{session}", false, "most PPTP sessions at a time since the start of the agent, or the limit of them"},
	{"sessions.opened", "{session}", true, "PPTP sessions opened since the start of the agent"},
	{"sessions.failed", "{session}", true, "PPTP sessions that could not be set up"},
	{"sessions.all", "{session}", false, "sessions of all protocols; the label tells which part of them"},
	{"sessions.all.opened", "{session}", true, "sessions of all protocols opened since the start of the agent"},
	{"sessions.all.closed", "{session}", true, "sessions of all protocols closed by an administrator or the gateway"},
	{"users.active", "{user}", false, "users with a session of any protocol"},
	{"tunnels.active", "{tunnel}", false, "PPTP tunnels that are up"},
	{"tunnels.max", "{tunnel}", false, "most PPTP tunnels at a time, or the limit of them"},
	{"tunnels.opened", "{tunnel}", true, "PPTP tunnels opened since the start of the agent"},
	{"tunnels.failed", "{tunnel}", true, "PPTP tunnels that could not be set up"},
	{"connections.attempted", "{request}", true, "requests for a connection"},
	{"connections.succeeded", "{request}", true, "requests for a connection that succeeded"},
	{"connections.failed", "{request}", true, "requests for a connection that failed; the label tells why"},
	{"connections.denied", "{request}", true, "users denied"},
	{"auth.requests", "{request}", true, "requests to an authentication server"},
	{"auth.accepted", "{request}", true, "requests that an authentication server accepted"},
	{"auth.rejected", "{request}", true, "requests that an authentication server rejected, or users not authenticated"},
	{"auth.timeouts", "{request}", true, "requests to an authentication server that timed out"},
	{"auth.retransmits", "{request}", true, "requests to an authentication server sent again"},
	{"auth.errors", "{request}", true, "answers of an authentication server that were of no use"},
	{"auth.declined", "{session}", false, "sessions declined by authentication lately; the agent resets it at will"},
	{"auth.round_trip", "s", false, "round-trip time of the last answer of an authentication server"},
	{"acct.requests", "{request}", true, "requests to an accounting server"},
	{"acct.responses", "{request}", true, "answers of an accounting server"},
	{"acct.timeouts", "{request}", true, "requests to an accounting server that timed out"},
	{"acct.retransmits", "{request}", true, "requests to an accounting server sent again"},
	{"pool.used", "{address}", false, "addresses of a pool in use"},
	{"pool.free", "{address}", false, "addresses of a pool that are free"},
	{"pool.high_water", "{address}", false, "most addresses of a pool in use at a time"},
	{"gre.ack_timeouts", "{packet}", true, "acknowledgements of GRE packets that came too late"},
	{"gre.out_of_window", "{packet}", true, "GRE packets outside of the window"},
	{"gre.out_of_sequence", "{packet}", true, "GRE packets out of sequence"},
	{"control.octets_in", "By", true, "octets of control messages received"},
	{"control.octets_out", "By", true, "octets of control messages sent"},
	{"control.packets_in", "{packet}", true, "control messages received"},
	{"control.packets_out", "{packet}", true, "control messages sent"},
	{"control.drops_in", "{packet}", true, "control messages received and discarded"},
	{"control.errors", "{error}", true, "errors of control connections; the label tells of what kind"},
	{"payload.octets_in", "By", true, "octets received in all PPTP sessions"},
	{"payload.octets_out", "By", true, "octets sent in all PPTP sessions"},
	{"payload.packets_in", "{packet}", true, "packets received in all PPTP sessions"},
	{"payload.packets_out", "{packet}", true, "packets sent in all PPTP sessions"},
	{"payload.drops_in", "{packet}", true, "packets received in all PPTP sessions and discarded"},
	{"payload.errors_in", "{packet}", true, "packets received in all PPTP sessions with an error"},
	{"links.opened", "{link}", false, "PPP links of the whole device with this protocol opened; the label is the protocol"},
	{"cpu.utilization", "1", false, "share of a CPU in use, 0 to 1; the label is the CPU or the time that it is an average of"},
	{"cpu.load", "1", false, "load average; the label is the time in minutes"},
	{"cpu.time", "s", true, "time that the CPUs spent in a state, which is the label"},
	{"memory.used", "By", false, "memory in use; the label is the part of it"},
	{"memory.free", "By", false, "memory that is free; the label is the part of it"},
	{"memory.total", "By", false, "memory of the device"},
	{"process.count", "{process}", false, "processes of a name that the agent watches; the label is the name"},
	{"process.min", "{process}", false, "processes of a name that there should be at least"},
	{"process.max", "{process}", false, "processes of a name that there should be at most"},
	{"process.alert", "1", false, "1 if the agent finds the number of processes of a name wrong"},
	{"daemon.uptime", "s", false, "seconds since the daemon was started"},
	{"tcp.established", "{connection}", false, "TCP connections of the whole device"},
	{"tcp.accepted", "{connection}", true, "TCP connections of the whole device that came from outside"},
	{"tcp.attempts_failed", "{connection}", true, "TCP connections of the whole device that could not be set up"},
	{"tcp.resets", "{connection}", true, "established TCP connections of the whole device that were reset"},
	{"extend.result", "1", false, "number that a command of the operator returned; the label is its name"},
})

func index(list []Measure) map[string]Measure {
	m := make(map[string]Measure, len(list))
	for _, x := range list {
		m[x.Name] = x
	}
	return m
}

// Measures lists all measures, by name.
func Measures() []Measure {
	list := make([]Measure, 0, len(measures))
	for _, name := range slices.Sorted(maps.Keys(measures)) {
		list = append(list, measures[name])
	}
	return list
}

// MeasureOf returns the measure of a name.
func MeasureOf(name string) (Measure, bool) {
	m, ok := measures[name]
	return m, ok
}
