package poptop

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptplog/event"
	"github.com/otelcol-pptp/otelcol-pptp/pptplog/line"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
)

var (
	begin  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	client = netip.MustParseAddrPort("198.51.100.7:40000")
	config = Config{Host: "gw1", LocalIP: netip.MustParseAddr("10.99.0.1"), Started: begin}
)

// life is the events of a session, a second apart.
func life(events ...gateway.Event) []gateway.Event {
	for i := range events {
		events[i].At, events[i].Session, events[i].Client = begin.Add(time.Duration(i)*time.Second), 1, client
	}
	return events
}

func is(k gateway.EventKind, detail string) gateway.Event {
	return gateway.Event{Kind: k, Detail: detail}
}

// up is a session until it has an address.
func up(then ...gateway.Event) []gateway.Event {
	return life(append([]gateway.Event{
		is(gateway.EventConnected, ""), is(gateway.EventStarted, `client "a" "b"`), is(gateway.EventCallUp, ""),
		is(gateway.EventLCPUp, "mschap_v2"), is(gateway.EventAuthOK, "mschap_v2"), is(gateway.EventEncrypted, "128 bit stateless"),
		{Kind: gateway.EventEstablished, Address: netip.MustParseAddr("10.99.0.2")},
	}, then...)...)
}

func closed(reason string) gateway.Event {
	return gateway.Event{Kind: gateway.EventClosed, Teardown: gateway.Teardown{Reason: reason}}
}

// Every line is one that the parser of the real programs' logs knows.
func TestLines(t *testing.T) {
	opened := "session_open call_start ppp_start ppp_ifname ppp_connect"
	working := opened + " auth_ok mppe_ok ip_assigned"
	ended := " session_stats ppp_end child_link session_close"
	for name, test := range map[string]struct {
		events []gateway.Event
		want   string
	}{
		"a session that the client ends": {
			up(is(gateway.EventTerminated, "User request"), is(gateway.EventCallDown, "cleared by client"), closed("stopped by client")),
			working + " term_by_peer" + ended,
		},
		"one whose client does not say that it ends": {
			up(is(gateway.EventCallDown, "client closed the connection"), closed("client closed the connection")),
			working + " hangup session_stats ppp_end control_lost child_link session_close",
		},
		"no answer over GRE, and the client gives up": {
			life(is(gateway.EventConnected, ""), is(gateway.EventCallUp, ""), is(gateway.EventCallDown, "cleared by client"), closed("stopped by client")),
			opened + " hangup ppp_end child_link session_close",
		},
		"no answer over GRE, and pppd gives up": {
			life(is(gateway.EventConnected, ""), is(gateway.EventCallUp, ""), is(gateway.EventCallDown, "LCP timeout"), closed("LCP timeout")),
			opened + " lcp_timeout ppp_end child_link session_close",
		},
		"a wrong password": {
			life(is(gateway.EventConnected, ""), is(gateway.EventCallUp, ""), is(gateway.EventLCPUp, "mschap_v2"),
				is(gateway.EventAuthFailed, `mschap_v2, user "bob": E=691`), is(gateway.EventTerminating, "Authentication failed"),
				is(gateway.EventCallDown, "Authentication failed"), closed("Authentication failed")),
			opened + " auth_fail ppp_end child_link session_close",
		},
		"a client that is gone": {
			up(is(gateway.EventTerminating, "Peer not responding"), is(gateway.EventCallDown, "Peer not responding"), closed("")),
			working + " echo_timeout" + ended,
		},
		"a client without encryption": {
			up(is(gateway.EventTerminating, "MPPE required but peer refused"), is(gateway.EventCallDown, ""), closed("")),
			working + " mppe_fail" + ended,
		},
		"pppd dies": {
			life(is(gateway.EventConnected, ""), is(gateway.EventCallUp, ""), is(gateway.EventCallDown, "the daemon has died"), closed("the daemon has died")),
			opened + " pppd_exited child_link session_close",
		},
		"no room": {
			life(is(gateway.EventConnected, ""), is(gateway.EventRefused, "OCRP result 4 error 0"), closed("")),
			"session_open no_call_slots session_close",
		},
		"no answer of the client": {
			up(is(gateway.EventCallDown, "no Echo-Reply"), closed("no Echo-Reply")),
			working + " hangup session_stats ppp_end control_timeout child_link session_close",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			l := New(&out, config)
			for _, e := range test.events {
				l.Observe(e)
			}
			require.NoError(t, l.Err())
			assert.Equal(t, "daemon_start daemon_capacity "+test.want, strings.Join(types(t, out.String()), " "), out.String())
			assert.Empty(t, l.sessions)
			assert.Empty(t, l.units)
		})
	}
}

// types are those of the lines' events, each once where it follows itself, without those that mean nothing.
func types(t *testing.T, text string) (list []string) {
	t.Helper()
	p, err := line.New(line.Config{})
	require.NoError(t, err)
	for s := range strings.Lines(text) {
		var e event.Event
		require.True(t, p.ParseString(&e, s, begin), s)
		assert.NotEqual(t, event.ClassUnclassified, e.Class, s)
		assert.Equal(t, "gw1", e.Host)
		assert.False(t, e.Time.IsZero())
		if e.Type != event.Benign {
			list = append(list, e.Type.String())
		}
	}
	return slices.Compact(list)
}

func TestWhatLinesSay(t *testing.T) {
	var out bytes.Buffer
	l := New(&out, config)
	events := up(is(gateway.EventTerminated, "User request"),
		gateway.Event{Kind: gateway.EventCallDown, Detail: "cleared by client", BytesIn: 300, BytesOut: 4000}, closed("stopped by client"))
	for _, e := range events {
		l.Observe(e)
	}
	for _, want := range []string{
		"2026-03-01T12:00:00.000000+00:00 gw1 pptpd[1002]: CTRL: Client 198.51.100.7 control connection started\n",
		"pppd[1003]: Connect: ppp0 <--> /dev/pts/1\n",
		"pppd[1003]: peer from calling number 198.51.100.7 authorized\n",
		"pppd[1003]: MPPE 128-bit stateless compression enabled\n",
		"pppd[1003]: remote IP address 10.99.0.2\n",
		"pppd[1003]: Connect time 0.0 minutes.\n",
		"pppd[1003]: Sent 4000 bytes, received 300 bytes.\n",
		"pptpd[1002]: CTRL: Reaping child PPP[1003]\n",
	} {
		assert.Contains(t, out.String(), want)
	}
}

// Interfaces are those of sessions that are up, the lowest free one first.
func TestInterfaces(t *testing.T) {
	var out bytes.Buffer
	l := New(&out, config)
	for i, k := range []struct {
		session uint64
		kind    gateway.EventKind
	}{
		{1, gateway.EventConnected}, {1, gateway.EventCallUp}, {2, gateway.EventConnected}, {2, gateway.EventCallUp},
		{1, gateway.EventCallDown}, {3, gateway.EventConnected}, {3, gateway.EventCallUp}, {9, gateway.EventCallUp},
	} {
		l.Observe(gateway.Event{At: begin.Add(time.Duration(i) * time.Second), Kind: k.kind, Session: k.session, Client: client})
	}
	var got []string
	for s := range strings.Lines(out.String()) {
		if _, name, ok := strings.Cut(s, "Using interface "); ok {
			got = append(got, strings.TrimSpace(name))
		}
	}
	assert.Equal(t, []string{"ppp0", "ppp1", "ppp0"}, got, "a session that was not seen to begin is left out")
}

func TestEmptyPool(t *testing.T) {
	var out bytes.Buffer
	c := config
	c.Faults = func() gateway.Faults { return gateway.Faults{IPCPNoAddress: gateway.NoAddressNak} }
	New(&out, c).Observe(gateway.Event{At: begin, Kind: gateway.EventConnected, Session: 1, Client: client})
	assert.Equal(t, []string{"daemon_start", "daemon_capacity", "pool_exhausted", "session_open"}, types(t, out.String()))
}

func TestWrongOption(t *testing.T) {
	var out bytes.Buffer
	c := config
	c.Faults = func() gateway.Faults { return gateway.Faults{DaemonDies: time.Second} }
	l := New(&out, c)
	for _, e := range life(is(gateway.EventConnected, ""), is(gateway.EventCallUp, ""), is(gateway.EventCallDown, "the daemon has died"), closed("the daemon has died")) {
		l.Observe(e)
	}
	assert.Equal(t, strings.Fields("daemon_start daemon_capacity session_open call_start option_error pppd_exited child_link session_close"), types(t, out.String()))
}

type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteError(t *testing.T) {
	assert.ErrorIs(t, New(full{}, config).Err(), errFull)
}
