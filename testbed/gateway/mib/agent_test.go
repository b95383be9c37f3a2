package mib

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-pptp/otelcol-pptp/snmpppp"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/snmp/agent"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// poll is what the project's own poller makes of an agent.
func poll(t *testing.T, addr netip.AddrPort) *snapshot.Snapshot {
	t.Helper()
	p, err := snmpppp.New(snmpppp.Target{
		ID: "gw", Host: addr.Addr().String(), Port: addr.Port(), Auth: snmpppp.Auth{Version: snmpppp.V2c, Community: "public"},
	})
	require.NoError(t, err)
	s, err := p.Poll(context.Background())
	require.NoError(t, err)
	return s
}

func listening(t *testing.T, s *snapshot.Snapshot) bool {
	t.Helper()
	return s.Control != nil && s.Control.Listening
}

func TestSessions(t *testing.T) {
	s := state{
		listens: true, uptime: time.Hour, units: units{},
		gateway: gateway.Config{Listen: netip.MustParseAddrPort("127.0.0.2:1723"), LocalIP: netip.MustParseAddr("10.99.0.1")},
		sessions: []gateway.Session{
			{
				Number: 1, Client: netip.MustParseAddrPort("127.0.0.11:40001"), CallID: 1, Address: netip.MustParseAddr("10.99.0.2"),
				Last: gateway.EventEstablished, BytesIn: 5_000_000_000, BytesOut: 600,
			},
			{Number: 2, Client: netip.MustParseAddrPort("127.0.0.12:40002"), CallID: 2, Last: gateway.EventCallUp},
			{Number: 3, Client: netip.MustParseAddrPort("127.0.0.13:40003"), Last: gateway.EventConnected},
		},
	}
	a, err := agent.Start(build(&s), agent.Config{})
	require.NoError(t, err)
	defer a.Close()
	got := poll(t, a.Addr())
	assert.True(t, got.Complete())
	assert.True(t, listening(t, got))
	states := map[string]snapshot.SessionState{}
	for _, session := range got.Sessions {
		states[session.Peer.String()] = session.State
	}
	assert.Equal(t, map[string]snapshot.SessionState{
		"127.0.0.11": snapshot.StateUp, "127.0.0.12": snapshot.StateUp, "127.0.0.13": snapshot.StateStarting,
	}, states, "the list of processes does not tell a session that waits for GRE from one that works")
	require.Len(t, got.Interfaces, 1)
	assert.Equal(t, "ppp0", got.Interfaces[0].Name)

	s.listens, s.sessions = false, nil
	a.Set(build(&s))
	got = poll(t, a.Addr())
	assert.False(t, listening(t, got))
	assert.Empty(t, got.Sessions)
}

func TestUnits(t *testing.T) {
	up := func(numbers ...uint64) (list []gateway.Session) {
		for _, n := range numbers {
			list = append(list, gateway.Session{Number: n, Address: netip.MustParseAddr("10.99.0.2"), Last: gateway.EventEstablished})
		}
		return list
	}
	u := units{}
	u.follow(up(1, 2, 3))
	assert.Equal(t, units{1: 0, 2: 1, 3: 2}, u)
	u.follow(up(3, 1, 4))
	assert.Equal(t, units{1: 0, 3: 2, 4: 1}, u, "what is up keeps its number")
	ended := up(1)
	ended[0].Last = gateway.EventCallDown
	u.follow(ended)
	assert.Empty(t, u)
}

// The agent follows a gateway that runs.
func TestAgentFollows(t *testing.T) {
	gw, err := gateway.Start(context.Background(), gateway.Config{Listen: netip.MustParseAddrPort("127.0.53.2:0"), NoGRE: true})
	require.NoError(t, err)
	defer gw.Close()
	a, err := Start(gw, Config{Address: netip.MustParseAddrPort("127.0.53.2:0"), Community: "public", LocalIP: netip.MustParseAddr("10.99.0.1")})
	require.NoError(t, err)
	defer a.Close()
	assert.Empty(t, poll(t, a.Addr()).Sessions)

	client, err := net.Dial("tcp", gw.Addr().String())
	require.NoError(t, err)
	defer client.Close()
	assert.Eventually(t, func() bool { return len(poll(t, a.Addr()).Sessions) == 1 }, 20*time.Second, 100*time.Millisecond)

	gw.SetFaults(gateway.Faults{TCPRefuse: true})
	assert.Eventually(t, func() bool { return !listening(t, poll(t, a.Addr())) }, 20*time.Second, 100*time.Millisecond)

	_, err = Start(gw, Config{Address: a.Addr()})
	assert.ErrorContains(t, err, "start the SNMP agent")
}
