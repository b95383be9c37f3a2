package session

// Stats counts what a [Tracker] does. All but the first two only grow.
type Stats struct {
	// Sessions are the control connections, pppds and sessions of other daemons that are
	// followed now, of at most MaxSessions; Hosts those of MaxHosts.
	Sessions, Hosts int

	Opened, Established uint64
	// Ended counts by [Outcome].
	Ended [len(outcomes)]uint64

	// Evicted and Expired were given up: there were too many, or nothing was heard of them.
	Evicted, Expired, HostsEvicted uint64
	// Conflicts are lines that contradict what is known of the session that they name.
	Conflicts uint64
	// Late are lines about sessions that were over; Unattributed are lines of nobody
	// knows which session.
	Late, Unattributed uint64
	// Foreign are pppds that no control connection had anything to do with, and Client
	// lines of programs in the role of a client.
	Foreign, Client uint64
	// Partial are sessions that ended and of which too little had been seen.
	Partial uint64
	// Repeated are lines that said again what another one had said.
	Repeated uint64
}

// Stats returns the counts since New.
func (t *Tracker) Stats() Stats {
	s := t.stats
	s.Sessions, s.Hosts = t.records.n, len(t.hosts)
	return s
}
