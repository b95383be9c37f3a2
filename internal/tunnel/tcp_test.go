package tunnel

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"
)

var service = netip.AddrPortFrom(serviceAddr, 8080)

// connect makes a connection from the client to a service behind the gateway.
func connect(tb testing.TB, w *wire) (client, server net.Conn) {
	tb.Helper()
	l, err := w.gateway.ListenTCP(service)
	require.NoError(tb, err)
	defer l.Close()
	client, err = w.client.DialTCP(testContext(tb), service)
	require.NoError(tb, err)
	server, err = l.Accept()
	require.NoError(tb, err)
	return client, server
}

func TestConnIsANetConn(t *testing.T) {
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		w := gatewayWire(t)
		c1, c2 := connect(t, w)
		return c1, c2, func() {
			w.client.Close()
			w.gateway.Close()
		}, nil
	})
}

func TestDialTCP(t *testing.T) {
	w := gatewayWire(t)
	var syn []byte
	w.filter(func(p []byte) bool {
		if syn == nil {
			syn = append([]byte(nil), p...)
		}
		return true
	}, nil)
	client, server := connect(t, w)
	assert.Equal(t, service.String(), client.RemoteAddr().String())
	assert.Equal(t, service.String(), server.LocalAddr().String())
	assert.Equal(t, client.LocalAddr().String(), server.RemoteAddr().String())
	assert.Equal(t, clientAddr, client.LocalAddr().(*net.TCPAddr).AddrPort().Addr())

	options := tcpOptions(syn[ipv4HeaderLen:])
	assert.EqualValues(t, testMTU-40, binary.BigEndian.Uint16(options[2]), "maximum segment size")
	assert.Contains(t, options, uint8(4), "SACK permitted")

	data := make([]byte, 200<<10)
	for i := range data {
		data[i] = byte(i >> 3)
	}
	go func() {
		_, err := client.Write(data)
		assert.NoError(t, err)
		assert.NoError(t, client.(*tcpConn).CloseWrite())
	}()
	got, err := io.ReadAll(server)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, got))
	_, err = server.Write([]byte("half closed"))
	require.NoError(t, err)
	require.NoError(t, server.Close())
	got, err = io.ReadAll(client)
	require.NoError(t, err)
	assert.Equal(t, "half closed", string(got))
	require.NoError(t, client.Close())
	assert.ErrorIs(t, client.Close(), net.ErrClosed)
	assert.LessOrEqual(t, w.largest.Load(), int64(testMTU), "the mtu is respected")
	assert.Greater(t, w.largest.Load(), int64(testMTU-optionRoom), "and used")
}

// optionRoom is what the stack keeps free in each segment for TCP options.
const optionRoom = 40

func tcpOptions(segment []byte) map[uint8][]byte {
	all := map[uint8][]byte{}
	for o := segment[20 : segment[12]>>4*4]; len(o) > 0; {
		switch o[0] {
		case 0:
			return all
		case 1:
			o = o[1:]
		default:
			all[o[0]] = o[2:o[1]]
			o = o[o[1]:]
		}
	}
	return all
}

func TestTCPSurvivesLoss(t *testing.T) {
	w := gatewayWire(t)
	client, server := connect(t, w)
	rnd := rand.New(rand.NewPCG(1, 2))
	lossy := func([]byte) bool { return rnd.IntN(100) >= 5 }
	w.filter(lossy, lossy)
	data := bytes.Repeat([]byte("0123456789abcdef"), 16<<10)
	go func() {
		_, err := client.Write(data)
		assert.NoError(t, err)
		assert.NoError(t, client.(*tcpConn).CloseWrite())
	}()
	got, err := io.ReadAll(server)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, got))
}

func TestDialTCPErrors(t *testing.T) {
	dst := netip.AddrPortFrom(serviceAddr, 81)
	answer := func(w *wire, code uint8) func([]byte) bool {
		return func(p []byte) bool {
			w.client.Deliver(icmpError(icmpUnreachable, code, 0, p[:28]))
			return false
		}
	}
	for name, tc := range map[string]struct {
		dst     netip.AddrPort
		up      func(*wire) func([]byte) bool
		timeout time.Duration
		want    error
	}{
		"refused by a reset":          {dst: dst, want: syscall.ECONNREFUSED},
		"refused by port unreachable": {dst: dst, want: syscall.ECONNREFUSED, up: func(w *wire) func([]byte) bool { return answer(w, 3) }},
		"protocol unreachable":        {dst: dst, want: syscall.ECONNREFUSED, up: func(w *wire) func([]byte) bool { return answer(w, 2) }},
		"host unreachable":            {dst: dst, want: syscall.EHOSTUNREACH, up: func(w *wire) func([]byte) bool { return answer(w, 1) }},
		"source route failed":         {dst: dst, want: syscall.EHOSTUNREACH, up: func(w *wire) func([]byte) bool { return answer(w, 5) }},
		"host unknown":                {dst: dst, want: syscall.EHOSTUNREACH, up: func(w *wire) func([]byte) bool { return answer(w, 7) }},
		"administratively prohibited": {dst: dst, want: syscall.EHOSTUNREACH, up: func(w *wire) func([]byte) bool { return answer(w, 13) }},
		"network unreachable":         {dst: dst, want: syscall.ENETUNREACH, up: func(w *wire) func([]byte) bool { return answer(w, 0) }},
		"no answer":                   {dst: dst, want: context.DeadlineExceeded, timeout: 20 * time.Millisecond, up: func(*wire) func([]byte) bool { return drop }},
		"no time left":                {dst: dst, want: context.DeadlineExceeded, timeout: -1},
		"ipv6":                        {dst: netip.MustParseAddrPort("[2001:db8::1]:80"), want: syscall.EAFNOSUPPORT},
		"no address":                  {want: syscall.EAFNOSUPPORT},
		"unspecified":                 {dst: netip.MustParseAddrPort("0.0.0.0:80"), want: syscall.ENETUNREACH},
		"no port":                     {dst: netip.MustParseAddrPort("192.0.2.1:0"), want: syscall.EADDRNOTAVAIL},
	} {
		t.Run(name, func(t *testing.T) {
			w := gatewayWire(t)
			if tc.up != nil {
				w.filter(tc.up(w), nil)
			}
			if tc.timeout == 0 {
				tc.timeout = 30 * time.Second
			}
			ctx, cancel := context.WithTimeout(context.Background(), tc.timeout)
			defer cancel()
			c, err := w.client.DialTCP(ctx, tc.dst)
			require.ErrorIs(t, err, tc.want)
			assert.Nil(t, c)
			var op *net.OpError
			require.ErrorAs(t, err, &op)
			assert.Equal(t, "dial", op.Op)
			assert.Equal(t, errors.Is(tc.want, context.DeadlineExceeded), op.Timeout())
		})
	}
}

func TestCloseWhileDialing(t *testing.T) {
	w := gatewayWire(t)
	sent := make(chan struct{}, 8)
	w.filter(func([]byte) bool { sent <- struct{}{}; return false }, nil)
	done := make(chan error)
	go func() {
		_, err := w.client.DialTCP(context.Background(), service)
		done <- err
	}()
	<-sent
	w.client.Close()
	require.ErrorIs(t, <-done, net.ErrClosed)
	w.client.Close()
	_, err := w.client.DialTCP(context.Background(), service)
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = w.client.DialUDP(context.Background(), service)
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = w.client.ListenTCP(netip.AddrPortFrom(clientAddr, 0))
	require.ErrorIs(t, err, net.ErrClosed)
	w.client.Deliver(make([]byte, 60))
}

func TestCloseResetsConnections(t *testing.T) {
	w := gatewayWire(t)
	client, server := connect(t, w)
	reading := make(chan error)
	go func() {
		_, err := client.Read(make([]byte, 1))
		reading <- err
	}()
	w.client.Close()
	require.ErrorIs(t, <-reading, net.ErrClosed)
	_, err := client.Write([]byte("x"))
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = server.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.NoError(t, client.Close())
	require.NoError(t, server.Close())
}

func TestConnDeadlines(t *testing.T) {
	w := gatewayWire(t)
	client, _ := connect(t, w)
	require.NoError(t, client.SetReadDeadline(time.Now().Add(-time.Second)))
	_, err := client.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, client.SetReadDeadline(time.Now().Add(time.Hour)))
	require.NoError(t, client.SetReadDeadline(time.Now().Add(5*time.Millisecond)))
	_, err = client.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, client.SetDeadline(time.Time{}))
	n, err := client.Read(nil)
	require.NoError(t, err)
	assert.Zero(t, n)

	// A peer that does not read stops the writer, until its deadline.
	require.NoError(t, client.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
	n, err = client.Write(make([]byte, 1<<20))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	assert.Positive(t, n)
	assert.LessOrEqual(t, n, DefaultReceiveBuffer+DefaultSendBuffer+64<<10, "buffers are bounded")
	require.NoError(t, client.Close())
}

// A "fragmentation needed" lowers the segment size, a forged or an old one that
// tells next to nothing does not lower it to nothing.
func TestFragmentationNeeded(t *testing.T) {
	for name, tc := range map[string]struct {
		mtu  uint16
		want int64
	}{
		"usual":          {1200, 1200},
		"none (RFC 792)": {0, minPathMTU},
		"absurd":         {69, minPathMTU},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := gatewayWire(t)
			client, server := connect(t, w)
			var told bool
			var largest int64
			w.filter(func(p []byte) bool {
				if !told && len(p) > 1200 {
					told = true
					quoted := append([]byte(nil), p[:28]...)
					go w.client.Deliver(icmpError(icmpUnreachable, codeFragmentationNeeded, tc.mtu, quoted))
					return false
				}
				if told && len(p) > int(tc.want) {
					return false // the path, from now on
				}
				if told {
					largest = max(largest, int64(len(p)))
				}
				return true
			}, nil)
			data := make([]byte, 64<<10)
			go func() {
				_, err := client.Write(data)
				assert.NoError(t, err)
				assert.NoError(t, client.Close())
			}()
			got, err := io.ReadAll(server)
			require.NoError(t, err)
			assert.Len(t, got, len(data))
			w.mu.Lock()
			defer w.mu.Unlock()
			assert.Greater(t, largest, tc.want-optionRoom)
		})
	}
}

func TestListen(t *testing.T) {
	w := gatewayWire(t)
	for name, tc := range map[string]struct {
		tunnel *Tunnel
		addr   string
		want   error
	}{
		"own address":                  {w.client, "10.99.0.2:80", nil},
		"every address":                {w.client, "0.0.0.0:81", nil},
		"free port":                    {w.client, "10.99.0.2:0", nil},
		"foreign address":              {w.client, "192.0.2.1:80", syscall.EADDRNOTAVAIL},
		"foreign address of a gateway": {w.gateway, "192.0.2.1:80", nil},
		"multicast":                    {w.gateway, "224.0.0.1:80", syscall.EADDRNOTAVAIL},
		"ipv6":                         {w.gateway, "[::1]:80", syscall.EAFNOSUPPORT},
	} {
		t.Run(name, func(t *testing.T) {
			addr := netip.MustParseAddrPort(tc.addr)
			l, err := tc.tunnel.ListenTCP(addr)
			p, errUDP := tc.tunnel.ListenUDP(addr)
			require.ErrorIs(t, err, tc.want)
			require.ErrorIs(t, errUDP, tc.want)
			if tc.want != nil {
				return
			}
			assert.Equal(t, addr.Addr().String(), l.Addr().(*net.TCPAddr).IP.String())
			assert.NotZero(t, l.Addr().(*net.TCPAddr).Port)
			_, err = tc.tunnel.ListenTCP(l.Addr().(*net.TCPAddr).AddrPort())
			require.ErrorIs(t, err, syscall.EADDRINUSE)
			accepting := make(chan error)
			go func() {
				_, err := l.Accept()
				accepting <- err
			}()
			require.NoError(t, l.Close())
			require.ErrorIs(t, <-accepting, net.ErrClosed)
			require.NoError(t, p.Close())
		})
	}
}
