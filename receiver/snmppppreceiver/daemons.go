package snmppppreceiver

import (
	"maps"
	"slices"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
)

// maxDaemons bounds the names of an agent: they come from the agent.
const maxDaemons = 256

// daemon is what is known of the processes of a name.
type daemon struct {
	count   int
	known   bool          // at the last poll; if not, the rest is what was before
	listed  bool          // in the list of processes, which tells more than a count
	memory  uint64        // octets
	cpu     time.Duration // used since the receiver was started
	expects bool          // one that is meant to run all the time
	pids    []uint32      // of a daemon, sorted
}

// daemonChange is what happened to a daemon.
type daemonChange int

const (
	daemonMissing daemonChange = iota
	daemonReturned
	daemonRestarted
)

// daemons follows the processes of an agent's host.
type daemons struct {
	byName  map[string]*daemon
	cpu     map[uint32]time.Duration // of each process at the last poll
	changes []namedChange            // of the last poll
}

type namedChange struct {
	name   string
	change daemonChange
}

// update takes in a snapshot. What a partial one does not say stays as it was.
func (d *daemons) update(a *agent, s *snapshot.Snapshot) {
	d.changes = d.changes[:0]
	if d.byName == nil {
		d.byName = make(map[string]*daemon)
	}
	before := make(map[string]int, len(d.byName))
	for name, x := range d.byName {
		before[name] = x.count
		x.known = false
	}
	if a.reads(s, profile.KindProcess) && a.whole(s, profile.KindProcess) {
		d.list(s.Processes)
	}
	for i := range s.Measures {
		// What the operator told the agent to watch.
		if m := &s.Measures[i]; m.Name == "process.count" {
			if x := d.get(m.Label); x != nil && !x.listed {
				x.count, x.known, x.expects = int(m.Value), true, true
				if _, known := before[m.Label]; !known && x.count == 0 {
					before[m.Label] = 1 // missing from the beginning
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		switch x := d.byName[name]; {
		case !x.expects:
		case before[name] > 0 && x.count == 0:
			d.changes = append(d.changes, namedChange{name, daemonMissing})
		case before[name] == 0 && x.count > 0:
			d.changes = append(d.changes, namedChange{name, daemonReturned})
		}
	}
}

// get returns the daemon of a name, nil if there are too many.
func (d *daemons) get(name string) *daemon {
	x := d.byName[name]
	if x == nil && len(d.byName) < maxDaemons {
		x = &daemon{}
		d.byName[name] = x
	}
	return x
}

// list takes in the list of processes.
func (d *daemons) list(processes []snapshot.Process) {
	pids := make(map[string][]uint32)
	for name, x := range d.byName {
		if x.listed {
			x.count, x.memory, x.known = 0, 0, true
			pids[name] = x.pids
			x.pids = nil
		}
	}
	cpu := make(map[uint32]time.Duration, len(processes))
	for i := range processes {
		p := &processes[i]
		x := d.get(p.Name)
		if x == nil {
			continue
		}
		x.listed, x.known = true, true
		x.count++
		x.memory += p.Memory
		if p.Role == snapshot.RoleDaemon {
			x.expects = true
			x.pids = append(x.pids, p.PID)
		}
		old, known := d.cpu[p.PID]
		switch {
		case known && p.CPU >= old:
			x.cpu += p.CPU - old
		case d.cpu != nil: // began since the last poll
			x.cpu += p.CPU
		}
		cpu[p.PID] = p.CPU
	}
	d.cpu = cpu
	for _, name := range slices.Sorted(maps.Keys(pids)) {
		now, old := d.byName[name].pids, pids[name]
		if len(now) > 0 && len(old) > 0 && !slices.ContainsFunc(now, func(p uint32) bool { return slices.Contains(old, p) }) {
			d.changes = append(d.changes, namedChange{name, daemonRestarted})
		}
	}
}
