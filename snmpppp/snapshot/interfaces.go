package snapshot

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
)

// ifTypePPP is ppp(23) of IANAifType-MIB.
const ifTypePPP = 23

// interfaces joins the tables that have ifIndex as their index. What one table says is
// not overwritten by a later one.
type interfaces struct {
	byIndex    map[uint32]*Interface
	links      map[uint32]*Link
	tables     []*profile.CompiledTable // whose patterns count
	failed     bool                     // one of them could not be read
	rows, want int                      // most rows that one has, and that one should have
}

func (x *interfaces) add(index string, cells []profile.Cell) {
	n, err := strconv.ParseUint(index, 10, 32)
	if err != nil {
		return
	}
	i := x.byIndex[uint32(n)]
	if i == nil {
		i = &Interface{Index: uint32(n)}
		x.byIndex[i.Index] = i
	}
	var descr string
	var low Traffic // the counters of 32 bits, for agents without the others
	for _, c := range cells {
		switch c.Field {
		case "name":
			fill(&i.Name, c.Text)
		case "descr":
			descr = c.Text
		case "alias":
			fill(&i.Alias, c.Text)
		case "type":
			fill(&i.Type, number32(c.Num))
		case "mtu":
			fill(&i.MTU, number32(c.Num))
		case "speed":
			fill(&i.Speed, uint64(max(c.Num, 0)))
		case "admin":
			fill(&i.Admin, c.Text)
		case "oper":
			fill(&i.Oper, c.Text)
		case "last_change":
			fill(&i.LastChange, seconds(c.Num))
		case "discontinuity":
			fill(&i.Discontinuity, seconds(c.Num))
		case "unknown_protocols":
			fill(&i.UnknownProtos, counter(c))
		case "octets_in_32":
			low.OctetsIn = counter(c)
		case "octets_out_32":
			low.OctetsOut = counter(c)
		case "packets_in_32":
			low.PacketsIn = counter(c)
		case "packets_out_32":
			low.PacketsOut = counter(c)
		default:
			var t Traffic
			if t.set(c) {
				i.Traffic.fill(&t)
			}
		}
	}
	i.Traffic.fill(&low)
	fill(&i.Name, descr)
}

// read notes how far a table of interfaces was read. RouterOS leaves interfaces out of
// ifTable, though it counts them, and has all of them in a table of its own.
func (x *interfaces) read(r *TableRead) {
	x.tables = append(x.tables, r.Table)
	x.failed = x.failed || r.Err != nil
	x.rows = max(x.rows, r.Data.Rows())
	x.want = max(x.want, int(r.wanted()))
}

func (x *interfaces) complete() bool { return len(x.tables) > 0 && !x.failed && x.rows >= x.want }

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (t *Traffic) fill(from *Traffic) {
	for i, f := range t.all() {
		if !f.Valid {
			*f = *from.all()[i]
		}
	}
}

// all lists the counters, in the order of [TrafficTotal].
func (t *Traffic) all() [8]*Counter {
	return [8]*Counter{&t.OctetsIn, &t.OctetsOut, &t.PacketsIn, &t.PacketsOut, &t.ErrorsIn, &t.ErrorsOut, &t.DropsIn, &t.DropsOut}
}

func (x *interfaces) link(index string, cells []profile.Cell) {
	n, err := strconv.ParseUint(index, 10, 32)
	if err != nil {
		return
	}
	if x.links == nil {
		x.links = map[uint32]*Link{}
	}
	l := x.links[uint32(n)]
	if l == nil {
		l = &Link{}
		x.links[uint32(n)] = l
	}
	for _, c := range cells {
		switch c.Field {
		case "ipcp":
			fill(&l.IPCP, c.Text)
		case "local_mru":
			fill(&l.LocalMRU, number32(c.Num))
		case "remote_mru":
			fill(&l.RemoteMRU, number32(c.Num))
		case "quality":
			fill(&l.Quality, c.Text)
		case "end_reason":
			fill(&l.EndReason, c.Text)
		case "bad_address":
			l.BadAddress = counter(c)
		case "bad_control":
			l.BadControl = counter(c)
		case "too_long":
			l.TooLong = counter(c)
		case "bad_fcs":
			l.BadFCS = counter(c)
		case "keepalive_failures":
			l.KeepaliveFailures = counter(c)
		}
	}
}

// recognise says what an interface is by its name and type; false: not ours.
func (b *builder) recognise(i *Interface) bool {
	for _, re := range b.in.Options.Exclude {
		if re.MatchString(i.Name) {
			return false
		}
	}
	for _, re := range b.in.Options.Include {
		if re.MatchString(i.Name) {
			i.Protocol = "pptp"
			return true
		}
	}
	for _, t := range b.ifs.tables {
		if m := t.Recognise(i.Name, int(i.Type)); m.As != "" {
			i.Protocol, i.User = m.As, m.User
			return m.As != "ignore"
		}
	}
	if i.Type == ifTypePPP {
		i.Protocol = "unknown"
		return true
	}
	return false
}

// finishInterfaces keeps the PPP and tunnel interfaces, and adds what PPP says.
func (b *builder) finishInterfaces() {
	for _, index := range slices.Sorted(maps.Keys(b.ifs.byIndex)) {
		i := b.ifs.byIndex[index]
		if !b.recognise(i) {
			delete(b.ifs.byIndex, index)
			continue
		}
		if l := b.ifs.links[index]; l != nil {
			// While the link is not up, the negotiated values mean nothing (RFC 1471 section 3).
			if i.Oper != "up" && l.IPCP != "opened" {
				l.LocalMRU, l.RemoteMRU = 0, 0
			}
			i.Link = l
		}
		b.Interfaces = append(b.Interfaces, *i)
	}
	b.InterfacesComplete = b.ifs.complete()
	if len(b.ifs.tables) > 0 {
		pptp, ppp := b.interfaceSessions()
		l := list{profile: "if-mib", table: "interfaces", complete: b.InterfacesComplete, priority: 40, sessions: pptp}
		if !b.confirmed(len(pptp), len(ppp)) {
			// Which of them are PPTP is not to be known: let another source tell.
			if len(ppp) > 0 && len(pptp) == 0 {
				l.priority = 0
			}
			ppp = nil
		}
		for i := range ppp {
			ppp[i].Protocol = "pptp"
		}
		l.sessions = append(l.sessions, ppp...)
		b.lists = append(b.lists, l)
	}
}

// confirmed says whether the interfaces of type PPP that have no telling name are
// PPTP sessions: the processes or the connections of this gateway must account for
// all of them.
func (b *builder) confirmed(pptp, ppp int) bool {
	if b.in.Options.AssumePPTP {
		return true
	}
	n := 0
	for _, p := range b.Processes {
		if p.Role == RoleSession {
			n++
		}
	}
	if b.Control != nil {
		n = max(n, b.Control.Connections["established"])
	}
	if b.in.LastSource == SourceInterfaces { // one process may have ended a moment before its interface
		return n > 0 || b.blind()
	}
	return ppp > 0 && n >= pptp+ppp
}

// blind says whether what could have told more of the interfaces was not read.
func (b *builder) blind() bool {
	return slices.ContainsFunc(b.in.Tables, func(r TableRead) bool {
		return r.Err != nil && (r.Table.Of == profile.KindProcess || r.Table.Of == profile.KindConnection)
	})
}

// interfaceSessions makes sessions of interfaces that are up: of those of PPTP, and of
// those of PPP that may be anything. Rows that agents keep of interfaces of the past
// (net-snmp: 300 s) are down.
func (b *builder) interfaceSessions() (pptp, ppp []Session) {
	byName := map[string]Interface{}
	for _, i := range b.Interfaces {
		if i.Protocol != "pptp" && i.Protocol != "ppp" || i.Oper != "" && i.Oper != "up" && i.Oper != "unknown" {
			continue
		}
		// The same name twice: the newer one has the higher index.
		if old, ok := byName[i.Name]; !ok || old.Index < i.Index {
			byName[i.Name] = i
		}
	}
	ups := slices.SortedFunc(maps.Values(byName), func(x, y Interface) int { return cmp.Compare(x.Index, y.Index) })
	for _, i := range ups {
		s := Session{
			Key: strconv.Itoa(int(i.Index)) + "/" + i.Name, User: i.User, Protocol: i.Protocol, State: StateUp,
			Interface: i.Name, IfIndex: i.Index, MTU: i.MTU, Traffic: i.Traffic, Link: i.Link,
		}
		if i.Oper == "unknown" {
			s.State = StateUnknown
		}
		if i.Link != nil {
			s.EndReason = i.Link.EndReason
			if i.Link.IPCP == "not_opened" {
				s.State = StateStarting
			}
		}
		if i.LastChange > 0 && b.Agent.Uptime > i.LastChange {
			s.Duration = b.Agent.Uptime - i.LastChange
			s.Started = b.Time.Add(-s.Duration)
		}
		if i.Protocol == "pptp" {
			pptp = append(pptp, s)
		} else {
			ppp = append(ppp, s)
		}
	}
	return pptp, ppp
}
