package gateway

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-pptp/otelcol-pptp/internal/tunnel"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/privilege"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second // for what takes milliseconds on an idle machine

// startGateway starts a gateway on a loopback address; raw says that GRE is
// needed: without CAP_NET_RAW the test is skipped then, but never in CI.
func startGateway(t *testing.T, raw bool, cfg Config) *Gateway {
	t.Helper()
	if !cfg.Listen.IsValid() {
		cfg.Listen = netip.MustParseAddrPort("127.0.0.2:0")
	}
	cfg.Users = map[string]string{testUser: testPassword}
	cfg.NoGRE = !raw
	if raw {
		privilege.RawGRE(t)
	}
	gw, err := Start(context.Background(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, gw.Close())
		s := gw.Stats()
		assert.Zero(t, s.ActiveSessions)
		assert.Zero(t, s.ActiveCalls)
		assert.Zero(t, s.AddressesInUse)
		assert.Equal(t, s.Connections, s.Closed)
	})
	return gw
}

// wireClient is a testClient on real sockets.
type wireClient struct {
	t   *testing.T
	c   *testClient
	mu  sync.Mutex
	tcp *net.TCPConn
	gre greSocket
	tun *tunnel.Tunnel
	end chan struct{}
	wg  sync.WaitGroup
}

func dialWire(t *testing.T, gw *Gateway, callID uint16, cfg ppp.Config) *wireClient {
	t.Helper()
	tcp, err := net.DialTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, net.TCPAddrFromAddrPort(gw.Addr()))
	require.NoError(t, err)
	w := &wireClient{t: t, c: newTestClient(callID, cfg), tcp: tcp, end: make(chan struct{})}
	local, remote := netip.MustParseAddr("127.0.0.1"), gw.Addr().Addr()
	w.c.sendControl = func(b []byte) { _, _ = tcp.Write(b) }
	w.c.sendGRE = func(b []byte) { _ = w.gre.send(b, local, remote) }
	w.gre, err = openGRE(local)
	require.NoError(t, err)
	w.gre.start(func(b []byte) {
		p, ok := parseIPv4(b)
		if !ok || p.src != remote {
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.c.receiveGRE(time.Now(), p.payload)
		w.deliver()
	})
	w.wg.Go(w.readTCP)
	w.wg.Go(w.ticks)
	t.Cleanup(w.close)
	w.do(func(c *testClient) { c.start(time.Now()) })
	return w
}

func (w *wireClient) do(f func(*testClient)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w.c)
}

func (w *wireClient) readTCP() {
	buf := make([]byte, 1024)
	for {
		n, err := w.tcp.Read(buf)
		w.do(func(c *testClient) {
			c.receiveControl(time.Now(), buf[:n])
			if err != nil {
				c.log = append(c.log, "eof")
			}
		})
		if err != nil {
			return
		}
	}
}

func (w *wireClient) ticks() {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-w.end:
			return
		case now := <-ticker.C:
			w.do(func(c *testClient) { c.tick(now); w.deliver() })
		}
	}
}

// deliver gives what came to the IP stack.
func (w *wireClient) deliver() {
	if w.tun == nil {
		return
	}
	for _, p := range w.c.received {
		w.tun.Deliver(p)
	}
	w.c.received = nil
}

// sees waits for an event of the client.
func (w *wireClient) sees(event string) {
	w.t.Helper()
	seen := func() (ok bool) { w.do(func(c *testClient) { ok = c.has(event) }); return ok }
	if !assert.Eventually(w.t, seen, patience, 2*time.Millisecond, event) {
		w.do(func(c *testClient) { w.t.Fatalf("no %q in %v", event, c.log) })
	}
}

// stack is an IP stack in the tunnel.
func (w *wireClient) stack() *tunnel.Tunnel {
	w.t.Helper()
	w.sees(up)
	var addr netip.Addr
	w.do(func(c *testClient) { addr = c.link.Negotiated().LocalIP })
	tun, err := tunnel.New(addr, 1400, func(p []byte) { w.do(func(c *testClient) { c.sendIP(time.Now(), p) }) })
	require.NoError(w.t, err)
	w.do(func(*testClient) { w.tun = tun })
	return tun
}

// teardown ends the session as it should be ended.
func (w *wireClient) teardown() {
	w.t.Helper()
	now := time.Now()
	w.do(func(c *testClient) { c.link.Close(now, "probe complete"); c.pump(now) })
	w.sees("TerminateAcked")
	w.do(func(c *testClient) { c.control.Clear(now); c.pump(now) })
	w.sees("control disconnected")
	w.do(func(c *testClient) { c.control.Stop(now, control.StopReasonNone); c.pump(now) })
	w.sees("control stop reply")
}

func (w *wireClient) close() {
	select {
	case <-w.end:
		return
	default:
	}
	close(w.end)
	if w.tun != nil {
		w.tun.Close()
	}
	_ = w.tcp.Close()
	_ = w.gre.close()
	w.wg.Wait()
}

// TestWholeSession goes through everything on real sockets, and finds every
// service behind the tunnel.
func TestWholeSession(t *testing.T) {
	var mu sync.Mutex
	var events []Event
	gw := startGateway(t, true, Config{Observe: func(e Event) {
		mu.Lock()
		events = append(events, e)
		mu.Unlock()
	}})
	w := dialWire(t, gw, 1001, clientConfig())
	tun := w.stack()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()

	for _, dst := range []string{"10.99.0.1", "192.0.2.80", "8.8.8.8"} {
		_, err := tun.Ping(ctx, netip.MustParseAddr(dst), 1, 56, false)
		assert.NoError(t, err, "icmp echo of %s", dst)
	}
	web := &http.Client{Transport: tun.HTTPTransport(tunnel.WithLookup(tun.Resolver([]netip.Addr{gw.cfg.LocalIP}).LookupNetIP))}
	for url, want := range map[string]int{
		"http://www.pptp.test/": 200, "http://10.99.0.1/status/404": 404, "http://203.0.113.9/bytes/200000": 200,
	} {
		res, err := web.Get(url)
		require.NoError(t, err, url)
		body, err := io.ReadAll(res.Body)
		assert.NoError(t, err)
		_ = res.Body.Close()
		assert.Equal(t, want, res.StatusCode, url)
		if url == "http://203.0.113.9/bytes/200000" {
			assert.Len(t, body, 200000)
		}
	}
	web.CloseIdleConnections()
	for _, network := range []string{"tcp", "udp"} {
		dial := tun.DialTCP
		if network == "udp" {
			dial = tun.DialUDP
		}
		c, err := dial(ctx, netip.MustParseAddrPort("198.51.100.3:7"))
		require.NoError(t, err)
		_, err = c.Write([]byte("hello"))
		require.NoError(t, err)
		b := make([]byte, 5)
		_, err = io.ReadFull(c, b)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(b), network)
		_ = c.Close()
	}
	_, err := tun.DialTCP(ctx, netip.MustParseAddrPort("10.99.0.1:81"))
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)

	sessions := gw.Sessions()
	require.Len(t, sessions, 1)
	assert.Equal(t, testUser, sessions[0].User)
	assert.Equal(t, "128 bit stateless", sessions[0].Encryption)
	w.teardown()
	w.sees("eof")
	require.NoError(t, gw.Close())
	mu.Lock()
	defer mu.Unlock()
	kinds := make([]EventKind, 0, len(events))
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	assert.Equal(t, []EventKind{EventConnected, EventStarted, EventCallUp, EventLCPUp, EventAuthOK, EventEncrypted,
		EventEstablished, EventTerminated, EventCallDown, EventClosed}, kinds)
	assert.True(t, events[len(events)-1].Teardown.Clean())
	assert.Equal(t, uint64(1), gw.Stats().ClosedClean)
}
