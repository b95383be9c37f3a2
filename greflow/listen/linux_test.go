package listen

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestKernelDrops fills a tiny buffer while the handler is busy: each datagram is
// either received or counted as dropped.
func TestKernelDrops(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	last := make(chan struct{}, 100)
	first := true
	l, err := Open(t.Context(), Config{Addresses: []string{free()}, ReceiveBuffer: 4096}, func(_ netip.AddrPort, _ time.Time, b []byte) {
		if first {
			first = false
			close(entered)
			<-leave
		}
		if string(b) == "last" {
			last <- struct{}{}
		}
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	conn := dial(t, l, "127.77.41.2")
	sent := uint64(1)
	send(t, conn, "first")
	<-entered
	for range 300 {
		send(t, conn, "no room")
		sent++
	}
	close(leave)
	// What is dropped is told with the next that is not, and that is the last one only
	// when the reader has made room.
	for done := false; !done; {
		send(t, conn, "last")
		sent++
		select {
		case <-last:
			done = true
		case <-time.After(10 * time.Millisecond):
		}
	}
	stats := l.Stats()
	assert.Greater(t, stats.KernelDrops, uint64(250))
	assert.Equal(t, sent, stats.Datagrams+stats.KernelDrops)
}

func TestReceiveBuffer(t *testing.T) {
	read := func(l *Listener) (value int) {
		require.NoError(t, control(l.sockets[0].conn, func(fd uintptr) (err error) {
			value, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
			return err
		}))
		return value
	}
	untouched, _ := open(t, Config{Addresses: []string{free()}})
	asked, _ := open(t, Config{Addresses: []string{free()}, ReceiveBuffer: 64 << 10, Sockets: 2})
	// More than any machine lets without privilege: what there is then is told.
	much, _ := open(t, Config{Addresses: []string{free()}, ReceiveBuffer: 1 << 29})

	assert.Equal(t, read(untouched)/2, untouched.Sockets()[0].ReceiveBuffer)
	for _, s := range asked.Sockets() {
		assert.Equal(t, 64<<10, s.ReceiveBuffer)
	}
	assert.Equal(t, read(much)/2, much.Sockets()[0].ReceiveBuffer)
	assert.Positive(t, much.Sockets()[0].ReceiveBuffer)
}

func TestReadAllocatesNothing(t *testing.T) {
	done := make(chan struct{}, 1)
	l, err := Open(t.Context(), Config{Addresses: []string{free()}},
		func(netip.AddrPort, time.Time, []byte) { done <- struct{}{} })
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	conn := dial(t, l, "127.77.41.2")
	data := make([]byte, 1400)
	assert.Zero(t, testing.AllocsPerRun(200, func() {
		if _, err := conn.Write(data); err != nil {
			t.Fatal(err)
		}
		<-done
	}))
}

// TestReadError has a socket that cannot be read: it rests between tries, and is
// not in the way of Close.
func TestReadError(t *testing.T) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(host)})
	require.NoError(t, err)
	noSocket, in, err := os.Pipe()
	require.NoError(t, err)
	defer func() { require.NoError(t, errors.Join(noSocket.Close(), in.Close())) }()
	b, err := newBatch(conn)
	require.NoError(t, err)
	b.conn, err = noSocket.SyscallConn()
	require.NoError(t, err)

	l := &Listener{closing: make(chan struct{}), sockets: []*socket{{conn: conn, batch: b}}}
	l.close = sync.OnceValue(l.stop)
	l.readers.Go(func() { l.read(l.sockets[0]) })
	require.Eventually(t, func() bool { return l.Stats().ReadErrors > 0 }, 30*time.Second, time.Millisecond)
	require.NoError(t, l.Close())
	assert.ErrorIs(t, b.err, unix.ENOTSOCK)
}
