package snapshot

import (
	"cmp"
	"slices"
	"strings"
)

// Sources of sessions that are not a vendor's table.
const (
	SourceInterfaces  = "if-mib/interfaces"      // PPP interfaces
	SourceProcesses   = "hr-processes/processes" // processes of poptop
	SourceConnections = "tcp/connections"        // control connections: the last resort
)

// vendorPriority is the least priority of sources that know sessions, and not only
// what they are made of.
const vendorPriority = 50

// chooseSessions takes the sessions of the source with the highest priority. A source
// that failed stays the source: what another one says is not a change of the gateway.
// Only one that the agent denies is passed over.
func (b *builder) chooseSessions() {
	slices.SortStableFunc(b.lists, func(x, y list) int {
		return cmp.Or(cmp.Compare(y.priority, x.priority), strings.Compare(x.profile, y.profile))
	})
	// Without a vendor's table the one that sees more is believed first. After that it
	// stays what it is, because only snapshots of one source can be compared.
	if b.in.LastSource == "" && len(b.lists) > 0 && b.lists[0].priority < vendorPriority {
		slices.SortStableFunc(b.lists, func(x, y list) int {
			return cmp.Or(cmp.Compare(min(y.priority, 1), min(x.priority, 1)), cmp.Compare(len(y.sessions), len(x.sessions)))
		})
	}
	if last := slices.IndexFunc(b.lists, func(l list) bool { return l.name() == b.in.LastSource }); last > 0 &&
		b.lists[last].priority > 0 && b.lists[0].priority < vendorPriority {
		b.lists[0], b.lists[last] = b.lists[last], b.lists[0]
	}
	chosen := false
	for _, l := range b.lists {
		n := map[SessionState]int{}
		for i := range l.sessions {
			n[l.sessions[i].State]++
		}
		b.Sources = append(b.Sources, Source{Profile: l.profile, Table: l.table, Sessions: n, Complete: l.complete})
		if chosen || l.priority == 0 || l.denied {
			continue
		}
		chosen = true
		b.Sessions, b.SessionsComplete = l.sessions, l.complete
		b.Source = l.name()
	}
	if !chosen {
		b.connectionSessions()
	}
	b.joinInterfaces()
	slices.SortFunc(b.Sources, func(x, y Source) int {
		return cmp.Or(strings.Compare(x.Profile, y.Profile), strings.Compare(x.Table, y.Table))
	})
}

// connectionSessions is the last resort: a control connection is taken for a session.
func (b *builder) connectionSessions() {
	if b.Control == nil {
		return
	}
	b.Source, b.SessionsComplete = SourceConnections, true
	for _, p := range b.Partial {
		if strings.HasPrefix(p.Profile, "tcp") {
			b.SessionsComplete = false
		}
	}
	for _, peer := range b.Control.Peers {
		b.Sessions = append(b.Sessions, Session{Key: peer.String(), Protocol: "pptp", State: StateUnknown, Peer: peer})
	}
}

// joinInterfaces adds what the interface of a session knows and its source does not.
func (b *builder) joinInterfaces() {
	byName := make(map[string]*Interface, len(b.Interfaces))
	for i := range b.Interfaces {
		byName[b.Interfaces[i].Name] = &b.Interfaces[i]
	}
	for n := range b.Sessions {
		s := &b.Sessions[n]
		i := b.ifs.byIndex[s.IfIndex]
		if i == nil || s.IfIndex == 0 {
			if i = byName[s.Interface]; i == nil || s.Interface == "" {
				continue
			}
		}
		s.Traffic.fill(&i.Traffic)
		fill(&s.Interface, i.Name)
		fill(&s.IfIndex, i.Index)
		fill(&s.MTU, i.MTU)
		if s.Link == nil {
			s.Link = i.Link
		}
	}
}
