package snapshot

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
)

type addr = netip.Addr

func (b *builder) session(index string, cells []profile.Cell) Session {
	s := Session{Key: index, Protocol: "pptp", State: StateUp}
	for _, c := range cells {
		switch c.Field {
		case "id":
			s.Key = c.Text
		case "user":
			s.User = c.Text
		case "group":
			s.Group = c.Text
		case "protocol":
			s.Protocol = c.Text
		case "state":
			s.State = SessionState(c.Text)
		case "peer":
			s.Peer = c.Addr
		case "address":
			s.Address = c.Addr
		case "interface":
			s.Interface = c.Text
		case "if_index":
			s.IfIndex = number32(c.Num)
		case "calling":
			s.CallingID = c.Text
		case "called":
			s.CalledID = c.Text
		case "duration":
			s.Duration = seconds(c.Num)
		case "started": // sysUpTime when it began
			s.Duration = max(b.Agent.Uptime-seconds(c.Num), 0)
		case "encryption":
			s.Encryption = c.Text
		case "mtu":
			s.MTU = number32(c.Num)
		case "end_reason":
			s.EndReason = c.Text
		case "keepalive_failures":
			if s.Link == nil {
				s.Link = &Link{}
			}
			s.Link.KeepaliveFailures = counter(c)
		default:
			if !s.Traffic.set(c) {
				if s.GRE == nil {
					s.GRE = &GRE{}
				}
				s.GRE.set(c)
			}
		}
	}
	if s.Duration > 0 {
		s.Started = b.Time.Add(-s.Duration)
	}
	return s
}

func (t *Traffic) set(c profile.Cell) bool {
	switch c.Field {
	case "octets_in":
		t.OctetsIn = counter(c)
	case "octets_out":
		t.OctetsOut = counter(c)
	case "packets_in":
		t.PacketsIn = counter(c)
	case "packets_out":
		t.PacketsOut = counter(c)
	case "errors_in":
		t.ErrorsIn = counter(c)
	case "errors_out":
		t.ErrorsOut = counter(c)
	case "drops_in":
		t.DropsIn = counter(c)
	case "drops_out":
		t.DropsOut = counter(c)
	default:
		return false
	}
	return true
}

func (g *GRE) set(c profile.Cell) {
	switch c.Field {
	case "ack_timeouts":
		g.AckTimeouts = counter(c)
	case "out_of_window":
		g.OutOfWindow = counter(c)
	case "out_of_sequence":
		g.OutOfSequence = counter(c)
	case "zlb_in":
		g.ZLBIn = counter(c)
	case "zlb_out":
		g.ZLBOut = counter(c)
	}
}

func (b *builder) tunnel(from, index string, cells []profile.Cell) Tunnel {
	t := Tunnel{Key: index, Profile: from, Protocol: "pptp", State: StateUp}
	for _, c := range cells {
		switch c.Field {
		case "id":
			t.Key = c.Text
		case "protocol":
			t.Protocol = c.Text
		case "state":
			t.State = SessionState(c.Text)
		case "peer":
			t.Peer = c.Addr
		case "peer_name":
			t.PeerName = c.Text
		case "local":
			t.Local = c.Addr
		case "sessions":
			t.Sessions = number32(c.Num)
		case "last_error":
			t.LastError = c.Text
		case "duration":
			t.Started = b.Time.Add(-seconds(c.Num))
		}
	}
	return t
}

func (b *builder) failure(index string, cells []profile.Cell) Failure {
	f := Failure{Key: index, Count: 1}
	for _, c := range cells {
		switch c.Field {
		case "id":
			f.Key = c.Text
		case "user":
			f.User = c.Text
		case "peer":
			f.Peer = c.Addr
		case "type":
			f.Type = c.Text
		case "reason":
			f.Reason = c.Text
		case "count":
			f.Count = c.Count
		case "time": // sysUpTime when it happened
			if ago := b.Agent.Uptime - seconds(c.Num); ago >= 0 {
				f.Time = b.Time.Add(-ago)
			}
		}
	}
	return f
}

func (b *builder) process(t *profile.CompiledTable, index string, cells []profile.Cell) {
	pid, _ := strconv.ParseUint(index, 10, 32)
	p := Process{PID: uint32(pid)}
	var path, parameters string
	for _, c := range cells {
		switch c.Field {
		case "name":
			p.Name = c.Text
		case "path":
			path = c.Text
		case "parameters":
			parameters = c.Text
		case "status":
			p.Status = c.Text
		case "cpu":
			p.CPU = seconds(c.Num)
		case "memory":
			p.Memory = uint64(max(c.Num, 0))
		}
	}
	m := t.Recognise(p.Name+"|"+path+"|"+parameters, 0)
	if m.As == "" || m.As == "ignore" {
		return
	}
	if m.Name != "" {
		p.Name = m.Name
	}
	p.Role = ProcessRole(m.As)
	p.Peer, _ = netip.ParseAddr(m.Peer)
	p.Address, _ = netip.ParseAddr(m.Address)
	b.Processes = append(b.Processes, p)
}

// poptop says whether pptpd is among the processes: it has one for each client.
func (b *builder) poptop() bool {
	return slices.ContainsFunc(b.Processes, func(p Process) bool { return p.Role == RoleSession || p.Name == "pptpd" })
}

// processSessions are the sessions that the processes of poptop tell: one pptpctrl
// each, with the pppd that has the same peer for the assigned address.
func (b *builder) processSessions() []Session {
	var list []Session
	links := map[addr][]Process{}
	for _, p := range b.Processes {
		if p.Role == RoleLink && p.Peer.IsValid() {
			links[p.Peer] = append(links[p.Peer], p)
		}
	}
	for _, p := range b.Processes {
		if p.Role != RoleSession {
			continue
		}
		s := Session{Key: strconv.Itoa(int(p.PID)) + "/" + p.Peer.String(), Protocol: "pptp", State: StateStarting, Peer: p.Peer}
		// A control connection without pppd has not come to a call yet.
		if l := links[p.Peer]; len(l) > 0 {
			s.State, s.Address = StateUp, l[0].Address
			links[p.Peer] = l[1:]
		}
		list = append(list, s)
	}
	return list
}

func (b *builder) connection(t *profile.CompiledTable, cells []profile.Cell) {
	var state string
	var peer addr
	port := float64(t.LocalPort)
	for _, c := range cells {
		switch c.Field {
		case "state":
			state = c.Text
		case "peer":
			peer = c.Addr
		case "local_port":
			port = c.Num
		}
	}
	if t.LocalPort != 0 && port != float64(t.LocalPort) {
		return
	}
	if b.Control == nil {
		b.Control = &Control{Port: t.LocalPort, Connections: map[string]int{}}
	}
	if state == "listen" {
		b.Control.Listening = true
		return
	}
	b.Control.Connections[state]++
	if state == "established" && peer.IsValid() {
		b.Control.Peers = append(b.Control.Peers, peer)
	}
}

// linkSource counts the links of a table of PPP states, for comparison.
func (b *builder) linkSource(r *TableRead, l list) {
	n := map[SessionState]int{}
	for row := range r.Data.Rows() {
		cells, keep, _ := r.Table.Row(r.Data, row, b.cells)
		b.cells = cells
		if !keep {
			continue
		}
		state := StateUnknown
		for _, c := range cells {
			if c.Field == "ipcp" {
				state = StateStarting
				if c.Text == "opened" {
					state = StateUp
				}
			}
		}
		n[state]++
	}
	b.Sources = append(b.Sources, Source{Profile: l.profile, Table: l.table, Sessions: n, Complete: l.complete})
}
