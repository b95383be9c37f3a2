package snapshot

import (
	"errors"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/profile"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"
)

// row is a row of a built-in table: values by the number of the column, or by the OID.
type row struct {
	index string
	cells map[string]walk.Value
}

func num(n uint64) walk.Value  { return walk.Number(walk.TypeInt, n) }
func text(s string) walk.Value { return walk.Text(walk.TypeString, s) }

// read is a table of a built-in profile as if it had been read.
func read(t *testing.T, name, table string, rows ...row) TableRead {
	p := profile.Default().Get(name)
	require.NotNil(t, p)
	for _, tab := range p.Tables {
		if tab.Name != table {
			continue
		}
		r := TableRead{Profile: p, Table: tab, Data: walk.NewTable(len(tab.Columns))}
		for _, x := range rows {
			for i, c := range tab.Columns {
				r.Data.Set(x.index, i, x.cells[c.OID])
			}
		}
		return r
	}
	t.Fatal("no such table")
	return TableRead{}
}

// iface is a row of ifTable.
func iface(index int, name string, typ, oper uint64) row {
	return row{strconv.Itoa(index), map[string]walk.Value{"2": text(name), "3": num(typ), "8": num(oper), "9": walk.Number(walk.TypeTicks, 100)}}
}

func build(options Options, last string, tables ...TableRead) *Snapshot {
	return Build(Input{Time: t0, Agent: Agent{Uptime: time.Hour}, Tables: tables, Options: options, LastSource: last})
}

func control(t *testing.T, established int) TableRead {
	r := read(t, "tcp-conn", "connections")
	r.Data.Set("0.0.0.0.1723.0.0.0.0.0", 0, num(2))
	for i := range established {
		r.Data.Set("192.0.2.1.1723.203.0.113."+strconv.Itoa(i+1)+".5000", 0, num(5))
	}
	return r
}

func process(pid int, name, path, parameters string) row {
	return row{strconv.Itoa(pid), map[string]walk.Value{"2": text(name), "4": text(path), "5": text(parameters), "7": num(2)}}
}

// TestInterfaces are interfaces of real devices, and what they are.
func TestInterfaces(t *testing.T) {
	for _, tc := range []struct {
		name string
		typ  uint64
		want string // protocol; empty: not ours
		user string
	}{
		{"<pptp-alice>", 23, "pptp", "alice"},
		{"<pptp-alice-1>", 23, "pptp", "alice"},
		{"<pptp-a-b>", 23, "pptp", "a-b"},
		{"<pppoe-carol>", 23, "", ""},
		{"<l2tp-x>", 23, "", ""},
		{"ppp0", 23, "ppp", ""},
		{"ppp15056", 23, "ppp", ""},
		{"ng0", 53, "ppp", ""},
		{"Virtual-Access3", 23, "ppp", ""},
		{"Vi3", 23, "ppp", ""},
		{"Virtual-Template0", 23, "", ""},
		{"WAN Miniport (PPTP)", 131, "", ""},
		{"Dialer1", 23, "", ""},
		{"Aux0/0/1", 23, "", ""},
		{"AUX", 23, "", ""},
		{"HDLC", 23, "", ""},
		{"GE3", 23, "unknown", ""},
		{"eth0", 23, "unknown", ""},
		{"eth0", 6, "", ""},
		{"gre0", 131, "", ""},
		{"gretap0", 131, "", ""},
		{"gre1", 131, "tunnel", ""},
		{"PPTP", 1, "", ""},
		{"pptp-client-1", 23, "pptp", ""},
		{"tun0", 23, "unknown", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := build(Options{}, "", read(t, "if-mib", "interfaces", iface(7, tc.name, tc.typ, 1)))
			if tc.want == "" {
				assert.Empty(t, s.Interfaces)
				assert.Empty(t, s.Sessions)
				return
			}
			require.Len(t, s.Interfaces, 1)
			assert.Equal(t, tc.want, s.Interfaces[0].Protocol)
			assert.Equal(t, tc.user, s.Interfaces[0].User)
			assert.Equal(t, tc.want == "pptp", len(s.Sessions) == 1)
		})
	}
}

func TestOperStatus(t *testing.T) {
	for oper, want := range map[uint64]int{1: 1, 2: 0, 3: 0, 4: 1, 5: 0, 6: 0, 7: 0} {
		s := build(Options{}, "", read(t, "if-mib", "interfaces", iface(7, "<pptp-alice>", 23, oper)))
		assert.Len(t, s.Sessions, want, "oper %d", oper)
		assert.Len(t, s.Interfaces, 1)
	}
}

// Rows of the past, and the same name twice: one session, that of the newest row.
func TestDuplicateNames(t *testing.T) {
	s := build(Options{AssumePPTP: true}, "", read(t, "if-mib", "interfaces",
		iface(5, "ppp0", 23, 2), iface(9, "ppp0", 23, 1), iface(12, "ppp1", 23, 1), iface(14, "ppp1", 23, 1), iface(8, "ppp2", 23, 2)))
	require.Len(t, s.Sessions, 2)
	assert.Equal(t, "9/ppp0", s.Sessions[0].Key)
	assert.Equal(t, "14/ppp1", s.Sessions[1].Key)
}

func TestIncludeExclude(t *testing.T) {
	rows := read(t, "if-mib", "interfaces", iface(5, "vpn-a", 1, 1), iface(6, "<pptp-alice>", 23, 1), iface(7, "vpn-b", 1, 1))
	s := build(Options{
		Include: []*regexp.Regexp{regexp.MustCompile("^vpn-")}, Exclude: []*regexp.Regexp{regexp.MustCompile("b$|alice")},
	}, "", rows)
	require.Len(t, s.Sessions, 1)
	assert.Equal(t, "vpn-a", s.Sessions[0].Interface)
	assert.Len(t, s.Interfaces, 1)
}

// TestConfirmed: ppp0 may be of anything. It is a PPTP session if something else says
// that there are as many.
func TestConfirmed(t *testing.T) {
	ppp := read(t, "if-mib", "interfaces", iface(5, "ppp0", 23, 1), iface(6, "ppp1", 23, 1))
	none := read(t, "if-mib", "interfaces")
	poptop := func(clients int) TableRead {
		rows := []row{process(1, "pptpd", "/usr/sbin/pptpd", ""), process(2, "sshd", "/usr/sbin/sshd", "")}
		for i := range clients {
			peer := "203.0.113." + strconv.Itoa(i+1)
			rows = append(rows, process(10+i, "pptpctrl", "pptpd ["+peer+"]  ", ""),
				process(20+i, "pppd", "/usr/sbin/pppd", "local file x 115200 10.0.0.1:10.0.0."+strconv.Itoa(i+2)+" ipparam "+peer+" plugin y"))
		}
		return read(t, "hr-processes", "processes", rows...)
	}
	accel := read(t, "hr-processes", "processes", process(1, "accel-pppd", "/usr/sbin/accel-pppd", "-d"))
	const interfaces, processes, connections = SourceInterfaces, SourceProcesses, SourceConnections
	failing := read(t, "hr-processes", "processes")
	failing.Err = &walk.Error{Kind: walk.KindTimeout}
	for _, tc := range []struct {
		name     string
		last     string
		tables   []TableRead
		source   string
		sessions int
	}{
		{"nothing else known", "", []TableRead{ppp}, "", 0},
		{"assumed", "", nil, interfaces, 2},
		{"as many connections", "", []TableRead{ppp, control(t, 2)}, interfaces, 2},
		{"fewer connections", "", []TableRead{ppp, control(t, 1)}, connections, 1},
		{"no connection", "", []TableRead{ppp, control(t, 0)}, connections, 0},
		{"as many processes", "", []TableRead{ppp, poptop(2)}, interfaces, 2},
		{"fewer processes", "", []TableRead{ppp, poptop(1)}, processes, 1},
		{"fewer processes for a moment", interfaces, []TableRead{ppp, poptop(1)}, interfaces, 2},
		{"interfaces that the agent hides", "", []TableRead{none, poptop(3)}, processes, 3},
		{"a session whose interface is not up yet", interfaces, []TableRead{none, poptop(1)}, interfaces, 0},
		{"processes that could not be read", interfaces, []TableRead{ppp, failing}, interfaces, 2},
		{"processes stay the source", processes, []TableRead{ppp, poptop(2)}, processes, 2},
		{"pptpd killed", processes, []TableRead{none, read(t, "hr-processes", "processes")}, processes, 0},
		{"other daemons have no process for each client", "", []TableRead{ppp, accel, control(t, 2)}, interfaces, 2},
		{"other daemons, not to be told", "", []TableRead{ppp, accel}, "", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			options := Options{}
			if tc.tables == nil {
				tc.tables, options.AssumePPTP = []TableRead{ppp}, true
			}
			s := build(options, tc.last, tc.tables...)
			assert.Equal(t, tc.source, s.Source)
			assert.Len(t, s.Sessions, tc.sessions)
			for _, x := range s.Sessions {
				assert.Equal(t, "pptp", x.Protocol)
			}
		})
	}
}

func TestProcesses(t *testing.T) {
	s := build(Options{}, "", read(t, "hr-processes", "processes",
		process(10, "pptpctrl", "pptpd [203.0.113.7]   ", ""),
		process(11, "pptpctrl", "pptpd [2001:db8::7]", ""),
		process(12, "pptpctrl", "/usr/sbin/pptpctrl", "15 0"),
		process(13, "pppd", "/usr/sbin/pppd", "local file /etc/ppp/pptpd-options 115200 192.168.0.1:192.168.0.234 ipparam 203.0.113.7 plugin x"),
		process(14, "pppd", "/usr/sbin/pppd", "call dsl-provider"),
		process(15, "bash", "/bin/bash", "-c pptpd"),
		process(16, "accel-pppd", "/usr/sbin/accel-pppd", "-c /etc/accel-ppp.conf")))
	roles := map[uint32]ProcessRole{}
	for _, p := range s.Processes {
		roles[p.PID] = p.Role
	}
	assert.Equal(t, map[uint32]ProcessRole{10: RoleSession, 11: RoleSession, 12: RoleSession, 13: RoleLink, 16: RoleDaemon}, roles)
	require.Len(t, s.Sessions, 3)
	assert.Equal(t, StateUp, s.Sessions[0].State)
	assert.Equal(t, "192.168.0.234", s.Sessions[0].Address.String())
	assert.Equal(t, StateStarting, s.Sessions[1].State, "no pppd yet")
}

// TestSources: a table that failed stays the source of sessions, and says so.
func TestSources(t *testing.T) {
	vpdn := read(t, "cisco-vpdn", "sessions", row{"3.1.2", map[string]walk.Value{"2": text("alice"), "3": num(16)}})
	ifs := read(t, "if-mib", "interfaces", iface(7, "<pptp-x>", 23, 1))
	failed := func(err error) TableRead {
		r := read(t, "cisco-vpdn", "sessions")
		r.Err = err
		return r
	}
	s := build(Options{}, "", vpdn, ifs)
	assert.Equal(t, "cisco-vpdn/sessions", s.Source)
	assert.True(t, s.SessionsComplete)
	assert.Len(t, s.Sources, 2)

	s = build(Options{}, "if-mib/interfaces", vpdn, ifs)
	assert.Equal(t, "cisco-vpdn/sessions", s.Source, "a vendor's table is better")

	s = build(Options{}, "", failed(&walk.Error{Kind: walk.KindTimeout}), ifs)
	assert.Equal(t, "cisco-vpdn/sessions", s.Source)
	assert.False(t, s.SessionsComplete)
	assert.Equal(t, walk.KindTimeout, s.Partial[0].Kind)

	s = build(Options{}, "", failed(&walk.Error{Kind: walk.KindAccess}), ifs)
	assert.Equal(t, "if-mib/interfaces", s.Source, "what may not be seen is passed over")
	assert.True(t, s.SessionsComplete)

	r := ifs
	r.Err = errors.New("x")
	s = build(Options{}, "", r)
	assert.False(t, s.SessionsComplete)
}

func TestCounts(t *testing.T) {
	rows := []row{}
	for i := range 200 {
		rows = append(rows, row{"3.1." + strconv.Itoa(i), map[string]walk.Value{"3": num(16)}})
	}
	for _, tc := range []struct {
		before, after uint64
		complete      bool
	}{{200, 200, true}, {203, 203, true}, {210, 198, true}, {198, 260, true}, {0, 0, true}, {250, 250, false}, {300, 250, false}} {
		r := read(t, "cisco-vpdn", "sessions", rows...)
		r.Before, r.After = num(tc.before), num(tc.after)
		s := build(Options{}, "", r)
		assert.Equal(t, tc.complete, s.SessionsComplete, tc)
		assert.Len(t, s.Sessions, 200)
		if !tc.complete {
			assert.Equal(t, walk.KindIncomplete, s.Partial[0].Kind)
		}
	}
}

// A session takes from its interface what its own table does not know.
func TestJoin(t *testing.T) {
	i := iface(7, "Virtual-Access3", 23, 1)
	i.cells["4"] = num(1400)
	i.cells["14"] = walk.Number(walk.TypeCounter, 5)
	i.cells["1.3.6.1.2.1.31.1.1.1.6"] = walk.Number(walk.TypeCounter64, 99)
	s := build(Options{}, "", read(t, "if-mib", "interfaces", i),
		read(t, "ppp-ip", "links", row{"7", map[string]walk.Value{"1": num(1)}}),
		read(t, "cisco-vpdn", "sessions", row{"3.1.2", map[string]walk.Value{"3": num(16), "11": num(7), "8": walk.Number(walk.TypeCounter, 50)}},
			row{"3.1.3", map[string]walk.Value{"3": num(16), "11": num(0)}}))
	require.Len(t, s.Sessions, 2)
	x := s.Sessions[0]
	assert.Equal(t, "Virtual-Access3", x.Interface)
	assert.Equal(t, uint32(1400), x.MTU)
	assert.Equal(t, Counter{Value: 50, Valid: true, Wraps: true}, x.Traffic.OctetsIn)
	assert.Equal(t, uint64(5), x.Traffic.ErrorsIn.Value)
	assert.Equal(t, "opened", x.Link.IPCP)
	assert.Nil(t, s.Sessions[1].Link)
}

func TestLinkOfDownInterface(t *testing.T) {
	link := row{"7", map[string]walk.Value{"6": num(255), "7": num(255)}}
	for oper, want := range map[uint64]uint32{1: 255, 2: 0} {
		s := build(Options{}, "", read(t, "if-mib", "interfaces", iface(7, "ppp0", 23, oper)), read(t, "ppp-lcp", "links", link))
		assert.Equal(t, want, s.Interfaces[0].Link.LocalMRU)
	}
}

// RouterOS counts interfaces that it leaves out of ifTable; its own table has them all.
func TestHiddenInterfaces(t *testing.T) {
	short := read(t, "if-mib", "interfaces", iface(1, "ether1", 6, 1))
	short.Before, short.After = num(30), num(30)
	s := build(Options{}, "", short)
	assert.False(t, s.SessionsComplete)
	assert.False(t, s.InterfacesComplete)
	var rows []row
	for i := range 30 {
		rows = append(rows, row{strconv.Itoa(i + 2), map[string]walk.Value{"2": text("<pptp-u" + strconv.Itoa(i) + ">")}})
	}
	own := read(t, "mikrotik", "interfaces", rows...)
	s = build(Options{}, "", short, own)
	assert.True(t, s.SessionsComplete)
	assert.True(t, s.InterfacesComplete)
	assert.Len(t, s.Sessions, 30)
	own.Err = &walk.Error{Kind: walk.KindTimeout}
	assert.False(t, build(Options{}, "", short, own).SessionsComplete)
}
