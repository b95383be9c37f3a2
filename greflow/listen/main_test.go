package listen

import (
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// All tests are on addresses of this package's own.
const host = "127.77.41.1"

func free() string { return net.JoinHostPort(host, "0") }

// got is a datagram that a handler was given.
type got struct {
	from    netip.AddrPort
	arrival time.Time
	data    string
}

// open listens until the end of the test, and hands the datagrams on.
func open(tb testing.TB, cfg Config) (*Listener, <-chan got) {
	tb.Helper()
	out := make(chan got, 1000)
	l, err := Open(tb.Context(), cfg, func(from netip.AddrPort, arrival time.Time, b []byte) {
		out <- got{from, arrival, string(b)}
	})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, l.Close()) })
	return l, out
}

// dial makes a socket that sends to the listener's first, from a loopback address.
func dial(tb testing.TB, l *Listener, from string) *net.UDPConn {
	tb.Helper()
	to := l.Sockets()[0].Address
	if to.Addr().IsUnspecified() {
		to = netip.AddrPortFrom(netip.MustParseAddr(host), to.Port())
	}
	conn, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0)), net.UDPAddrFromAddrPort(to))
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

func send(tb testing.TB, conn *net.UDPConn, data string) {
	tb.Helper()
	_, err := conn.Write([]byte(data))
	require.NoError(tb, err)
}

func receive(tb testing.TB, out <-chan got) got {
	tb.Helper()
	select {
	case g := <-out:
		return g
	case <-time.After(30 * time.Second):
		require.FailNow(tb, "nothing was received")
		return got{}
	}
}

// ipv6 skips a test where there is no IPv6, but never in CI.
func ipv6(tb testing.TB) {
	tb.Helper()
	conn, err := net.ListenPacket("udp6", "[::1]:0")
	switch {
	case err == nil:
		_ = conn.Close()
	case os.Getenv("CI") != "":
		tb.Fatalf("CI must have IPv6 on loopback: %v", err)
	default:
		tb.Skipf("needs IPv6 on loopback: %v", err)
	}
}
