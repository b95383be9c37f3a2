package tunnel

import (
	"context"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUDP(t *testing.T) {
	w := gatewayWire(t)
	server, err := w.gateway.ListenUDP(netip.AddrPortFrom(serviceAddr, 53))
	require.NoError(t, err)
	client, err := w.client.DialUDP(testContext(t), netip.AddrPortFrom(serviceAddr, 53))
	require.NoError(t, err)

	for _, size := range []int{0, 512, 4000} { // 4000 is cut into fragments and put together again
		sent := make([]byte, size)
		_, err = client.Write(sent)
		require.NoError(t, err)
		b := make([]byte, 8<<10)
		n, from, err := server.ReadFrom(b)
		require.NoError(t, err)
		assert.Equal(t, size, n)
		assert.Equal(t, client.LocalAddr().String(), from.String())
		_, err = server.WriteTo(b[:n], from)
		require.NoError(t, err)
		n, err = client.Read(b)
		require.NoError(t, err)
		assert.Equal(t, size, n)
	}
	assert.LessOrEqual(t, w.largest.Load(), int64(testMTU))
	assert.Equal(t, "192.0.2.80:53", client.RemoteAddr().String())
	assert.Equal(t, "192.0.2.80:53", server.LocalAddr().String())

	_, err = client.(net.PacketConn).WriteTo([]byte("x"), client.RemoteAddr())
	require.ErrorIs(t, err, net.ErrWriteToConnected)
	_, err = server.WriteTo([]byte("x"), &net.TCPAddr{})
	require.ErrorIs(t, err, syscall.EINVAL)
	_, err = server.WriteTo([]byte("x"), &net.UDPAddr{IP: net.IPv6loopback, Port: 1})
	require.ErrorIs(t, err, syscall.EAFNOSUPPORT)
	_, err = client.Write(make([]byte, 70000))
	require.ErrorIs(t, err, syscall.EMSGSIZE)
	_, err = server.(net.Conn).Write([]byte("x"))
	require.ErrorIs(t, err, syscall.ENOTCONN)

	require.NoError(t, server.SetReadDeadline(time.Now().Add(5*time.Millisecond)))
	_, _, err = server.ReadFrom(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, server.SetReadDeadline(time.Time{}))
	reading := make(chan error)
	go func() {
		_, _, err := server.ReadFrom(make([]byte, 1))
		reading <- err
	}()
	require.NoError(t, server.Close())
	require.ErrorIs(t, <-reading, net.ErrClosed)
	require.NoError(t, client.Close())
}

// A query to a server that is not there fails at once, not at the deadline.
func TestUDPRefused(t *testing.T) {
	w := gatewayWire(t)
	client, err := w.client.DialUDP(testContext(t), netip.AddrPortFrom(serviceAddr, 54))
	require.NoError(t, err)
	_, err = client.Write([]byte("query"))
	require.NoError(t, err)
	require.NoError(t, client.SetReadDeadline(time.Now().Add(30*time.Second)))
	_, err = client.Read(make([]byte, 16))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}

func TestDialUDPErrors(t *testing.T) {
	w := gatewayWire(t)
	_, err := w.client.DialUDP(context.Background(), netip.MustParseAddrPort("[::1]:53"))
	require.ErrorIs(t, err, syscall.EAFNOSUPPORT)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = w.client.DialUDP(ctx, netip.AddrPortFrom(serviceAddr, 53))
	require.ErrorIs(t, err, context.Canceled)
}
