package listen

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReceive(t *testing.T) {
	l, out := open(t, Config{Addresses: []string{free()}})
	conn := dial(t, l, "127.77.41.2")
	before := time.Now()
	for _, data := range []string{"a", "", strings.Repeat("x", 1400), strings.Repeat("y", 60_000)} {
		send(t, conn, data)
		g := receive(t, out)
		assert.Equal(t, data, g.data)
		assert.Equal(t, conn.LocalAddr().(*net.UDPAddr).AddrPort(), g.from)
		assert.WithinRange(t, g.arrival, before, time.Now())
	}
	assert.Equal(t, Stats{Datagrams: 4, Bytes: 61_401}, l.Stats())
}

func TestAddresses(t *testing.T) {
	ipv6(t)
	local := netip.MustParseAddr(host)
	for _, tt := range []struct {
		name, address, from string
		want                netip.Addr
	}{
		{"IPv4", free(), "127.77.41.2", local},
		{"all of IPv4", "0.0.0.0:0", "127.77.41.2", netip.IPv4Unspecified()},
		{"IPv6", "[::1]:0", "::1", netip.IPv6Loopback()},
		{"all", ":0", "127.77.41.2", netip.IPv6Unspecified()},
		{"a name", "localhost:0", "127.77.41.2", netip.MustParseAddr("127.0.0.1")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, out := open(t, Config{Addresses: []string{tt.address}, Sockets: 2})
			sockets := l.Sockets()
			require.Len(t, sockets, 2)
			assert.Equal(t, tt.want, sockets[0].Address.Addr())
			assert.Equal(t, sockets[0].Address, sockets[1].Address)
			send(t, dial(t, l, tt.from), "x")
			assert.Equal(t, netip.MustParseAddr(tt.from), receive(t, out).from.Addr(), "never IPv4-mapped")
		})
	}
}

func TestSeveralAddresses(t *testing.T) {
	l, out := open(t, Config{Addresses: []string{free(), net.JoinHostPort("127.77.41.9", "0")}})
	require.Len(t, l.Sockets(), 2)
	for _, s := range l.Sockets() {
		conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(s.Address))
		require.NoError(t, err)
		send(t, conn, s.Address.String())
		assert.Equal(t, s.Address.String(), receive(t, out).data)
		require.NoError(t, conn.Close())
	}
}

func TestAllowListComesFirst(t *testing.T) {
	l, out := open(t, Config{Addresses: []string{free()}, Allow: []netip.Prefix{netip.MustParsePrefix("127.77.41.4/31"), netip.MustParsePrefix("2001:db8::/32")}})
	good, bad := dial(t, l, "127.77.41.5"), dial(t, l, "127.77.41.6")
	for range 3 {
		send(t, bad, "denied")
	}
	send(t, good, "allowed") // after them, in the same socket
	assert.Equal(t, "allowed", receive(t, out).data)
	assert.Equal(t, Stats{Datagrams: 1, Bytes: 7, Denied: 3}, l.Stats())
	assert.Empty(t, out)
}

func TestAllowList(t *testing.T) {
	list := func(prefixes ...string) *allowList {
		var all []netip.Prefix
		for _, p := range prefixes {
			all = append(all, netip.MustParsePrefix(p))
		}
		return newAllowList(all)
	}
	mixed := list("192.0.2.17/24", "198.51.100.1/32", "2001:db8::/32", "10.0.0.0/24", "10.1.0.0/24")
	for _, tt := range []struct {
		name string
		list *allowList
		addr string
		want bool
	}{
		{"empty allows all", list(), "192.0.2.1", true},
		{"empty allows all of IPv6", list(), "::1", true},
		{"in a prefix with host bits", mixed, "192.0.2.1", true},
		{"beside it", mixed, "192.0.3.1", false},
		{"one address", mixed, "198.51.100.1", true},
		{"not that address", mixed, "198.51.100.2", false},
		{"second of a length", mixed, "10.1.0.200", true},
		{"IPv6", mixed, "2001:db8:1::1", true},
		{"other IPv6", mixed, "2001:db9::1", false},
		{"IPv4 prefixes are none of IPv6", list("0.0.0.0/0"), "::1", false},
		{"all of IPv6 is none of IPv4", list("::/0"), "192.0.2.1", false},
		{"all of IPv4", list("0.0.0.0/0"), "192.0.2.1", true},
		{"IPv4-mapped prefix", list("::ffff:192.0.2.0/120"), "192.0.2.1", true},
		{"no exporter", mixed, "0.0.0.0", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, tt.list.has(netip.MustParseAddr(tt.addr)))
		})
	}
}

func TestOneExporterOneSocket(t *testing.T) {
	l, out := open(t, Config{Addresses: []string{free()}, Sockets: 4})
	for i := range 20 {
		conn := dial(t, l, fmt.Sprintf("127.77.41.%d", 10+i))
		for n := range 10 {
			send(t, conn, fmt.Sprint(n))
		}
		for n := range 10 {
			assert.Equal(t, fmt.Sprint(n), receive(t, out).data, "in order")
		}
	}
	busy := 0
	for _, s := range l.sockets {
		if n := s.datagrams.Load(); n > 0 {
			busy++
			assert.Zero(t, n%10, "all of an exporter by one socket")
		}
	}
	assert.Greater(t, busy, 1, "20 exporters are not all with one socket")
}

func TestAddressInUse(t *testing.T) {
	l, _ := open(t, Config{Addresses: []string{free()}, Sockets: 2})
	address := l.Sockets()[0].Address.String()
	for _, sockets := range []int{1, 2} {
		// Two that share ports would share the datagrams without a word.
		_, err := Open(t.Context(), Config{Addresses: []string{free(), address}, Sockets: sockets}, nil)
		require.ErrorIs(t, err, syscall.EADDRINUSE)
		assert.ErrorContains(t, err, fmt.Sprintf("address %q: ", address))
		assert.ErrorContains(t, err, "another process listens there: end it, or take another port")
	}
}

func TestOpenFails(t *testing.T) {
	_, err := Open(t.Context(), Config{Addresses: []string{"192.0.2.1:0"}}, nil)
	require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
	assert.ErrorContains(t, err, "no interface of this host has the address")

	_, err = Open(t.Context(), Config{Addresses: []string{"no port"}}, nil)
	assert.ErrorContains(t, err, `address "no port": `)

	err = explain("0.0.0.0:514", fmt.Errorf("bind: %w", syscall.EACCES))
	assert.EqualError(t, err, `address "0.0.0.0:514": bind: permission denied: ports below 1024 need CAP_NET_BIND_SERVICE: grant it, or take a port from 1024 on`)
}

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"no address", Config{}, "addresses: none given: name at least one host:port, such as 0.0.0.0:2055"},
		{"negative sockets", Config{Addresses: []string{":1"}, Sockets: -1}, "sockets: -1 is not within 1 to 64"},
		{"too many sockets", Config{Addresses: []string{":1"}, Sockets: 65}, "sockets: 65 is not within 1 to 64"},
		{"negative buffer", Config{Addresses: []string{":1"}, ReceiveBuffer: -4}, "receive buffer: -4 is negative: give bytes, or 0 for the system's default"},
		{"invalid prefix", Config{Addresses: []string{":1"}, Allow: []netip.Prefix{{}}}, "allow: a prefix is not valid: write it as 192.0.2.0/24 or 2001:db8::/32"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.EqualError(t, tt.cfg.Validate(), tt.want)
			_, err := Open(t.Context(), tt.cfg, nil)
			require.EqualError(t, err, tt.want)
		})
	}
	assert.NoError(t, Config{Addresses: []string{":1"}, Sockets: 64, ReceiveBuffer: 1 << 20}.Validate())
}

// TestCloseWaits closes while the handler is at work, several times at once.
func TestCloseWaits(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	left := false
	l, err := Open(t.Context(), Config{Addresses: []string{free()}, Sockets: 3}, func(netip.AddrPort, time.Time, []byte) {
		close(entered)
		<-leave
		left = true
	})
	require.NoError(t, err)
	send(t, dial(t, l, "127.77.41.2"), "x")
	<-entered
	var closers sync.WaitGroup
	for range 3 {
		closers.Go(func() {
			assert.NoError(t, l.Close())
			assert.True(t, left, "the handler has returned")
		})
	}
	close(leave)
	closers.Wait()
	assert.NoError(t, l.Close())
	assert.Equal(t, uint64(1), l.Stats().Datagrams, "counters can be read after the end")
}
