//go:build linux

package listen

import (
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// BenchmarkRead fills a socket with datagrams and reads them, in the ways there are.
// The time of an operation is that of both; cpu-ns/datagram is of reading alone, by
// the clock of the thread, which other load on the machine does not move much.
func BenchmarkRead(b *testing.B) {
	const count, size = 1000, 1400
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(host)})
	require.NoError(b, err)
	defer func() { require.NoError(b, conn.Close()) }()
	room, err := prepare(conn, 8<<20)
	require.NoError(b, err)
	if room < count*1300 {
		b.Skipf("receive buffer of %d does not hold %d datagrams: raise net.core.rmem_max to 2 MiB", room, count)
	}
	out, err := net.DialUDP("udp4", nil, conn.LocalAddr().(*net.UDPAddr))
	require.NoError(b, err)
	defer func() { require.NoError(b, out.Close()) }()

	data, buf, oob := make([]byte, size), make([]byte, maxDatagram), make([]byte, unix.CmsgSpace(4))
	fast, err := newBatch(conn)
	require.NoError(b, err)
	var arrival time.Time
	var sender netip.AddrPort
	for _, way := range []struct {
		name string
		read func() (int, error)
	}{
		{"recvmmsg", func() (int, error) {
			n, err := fast.read()
			arrival = time.Now()
			for i := range n {
				_, sender, _ = fast.message(i)
			}
			return n, err
		}},
		{"ReadMsgUDPAddrPort", func() (int, error) {
			_, _, _, from, err := conn.ReadMsgUDPAddrPort(buf, oob)
			arrival, sender = time.Now(), from
			return 1, err
		}},
		{"ReadFromUDPAddrPort_without_drops", func() (int, error) {
			_, from, err := conn.ReadFromUDPAddrPort(buf)
			arrival, sender = time.Now(), from
			return 1, err
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var reading time.Duration
			b.ReportAllocs()
			for b.Loop() {
				for range count {
					if _, err := out.Write(data); err != nil {
						b.Fatal(err)
					}
				}
				begin := threadTime(b)
				for n := 0; n < count; {
					got, err := way.read()
					if err != nil {
						b.Fatal(err)
					}
					n += got
				}
				reading += threadTime(b) - begin
			}
			require.True(b, sender.IsValid() && !arrival.IsZero())
			b.ReportMetric(float64(reading.Nanoseconds())/float64(b.N)/count, "cpu-ns/datagram")
		})
	}
}

func threadTime(b *testing.B) time.Duration {
	var t unix.Timespec
	require.NoError(b, unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t))
	return time.Duration(t.Nano())
}

// BenchmarkLoopback sends and receives at the same time, with no more under way
// than the receive buffer holds.
func BenchmarkLoopback(b *testing.B) {
	const window, size = 64, 1400
	under := make(chan struct{}, window)
	l, err := Open(b.Context(), Config{Addresses: []string{free()}, ReceiveBuffer: 1 << 20}, func(netip.AddrPort, time.Time, []byte) { <-under })
	require.NoError(b, err)
	defer func() { require.NoError(b, l.Close()) }()
	conn := dial(b, l, "127.77.41.2")
	data := make([]byte, size)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		under <- struct{}{}
		if _, err := conn.Write(data); err != nil {
			b.Fatal(err)
		}
	}
	require.Zero(b, l.Stats().KernelDrops)
}
