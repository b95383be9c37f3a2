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
