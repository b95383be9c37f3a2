package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/internal/tunnel"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/gre"
)

func mustFault(t *testing.T, name string) Faults {
	t.Helper()
	f, ok := FaultByName(name)
	require.True(t, ok, name)
	return f
}

// askStart dials and says SCCRQ; it returns what comes back within d.
func askStart(t *testing.T, gw *Gateway, d time.Duration) (control.Message, error) {
	t.Helper()
	c, err := net.DialTimeout("tcp4", gw.Addr().String(), d)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	require.NoError(t, c.SetDeadline(time.Now().Add(d)))
	_, err = c.Write(control.StartRequest{Version: control.ProtocolVersion}.AppendTo(nil))
	require.NoError(t, err)
	b := make([]byte, 156)
	if _, err = io.ReadFull(c, b); err != nil {
		return nil, err
	}
	return control.Parse(b)
}

// TestListenerFaults switches the faults of the TCP listener while it runs.
func TestListenerFaults(t *testing.T) {
	gw := startGateway(t, false, Config{})
	works := func() {
		t.Helper()
		m, err := askStart(t, gw, patience)
		require.NoError(t, err)
		assert.Equal(t, control.ResultOK, m.(*control.StartReply).Result)
	}
	works()
	for _, tt := range []struct {
		fault   string
		timeout bool
	}{
		{"tcp.refused", false}, {"tcp.timeout", true}, {"accept_stalled", true},
		{"tcp.closed_after_connect", false}, {"control.sccrp_timeout", true},
	} {
		gw.SetFaults(mustFault(t, tt.fault))
		_, err := askStart(t, gw, 300*time.Millisecond)
		require.Error(t, err, tt.fault)
		var timeout net.Error
		assert.Equal(t, tt.timeout, errors.As(err, &timeout) && timeout.Timeout(), "%s: %v", tt.fault, err)
		assert.Equal(t, tt.fault == "tcp.refused", errors.Is(err, syscall.ECONNREFUSED), "%s: %v", tt.fault, err)
		gw.SetFaults(Faults{})
		works()
	}
}

func TestListenerFaultsAtClose(t *testing.T) {
	for _, name := range []string{"tcp.refused", "tcp.timeout", "accept_stalled"} {
		gw := startGateway(t, false, Config{Faults: mustFault(t, name)})
		require.NoError(t, gw.Close(), name)
		gw.SetFaults(Faults{}) // after the end: nothing happens
		_, err := askStart(t, gw, patience)
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	}
}

// TestICMPFaults: GRE is answered with an ICMP error that names the packet.
func TestICMPFaults(t *testing.T) {
	for name, code := range map[string]uint8{"gre.proto_unreachable": 2, "gre.admin_prohibited": 13, "gre.host_unreachable": 1} {
		t.Run(name, func(t *testing.T) {
			gw := startGateway(t, true, Config{Faults: mustFault(t, name)})
			icmp, err := net.ListenIP("ip4:icmp", &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)})
			require.NoError(t, err)
			defer func() { _ = icmp.Close() }()
			dialWire(t, gw, 77, clientConfig())
			require.NoError(t, icmp.SetReadDeadline(time.Now().Add(patience)))
			b := make([]byte, 1500)
			for {
				n, from, err := icmp.ReadFrom(b)
				require.NoError(t, err)
				if from.String() != gw.Addr().Addr().String() || n < 36 || b[0] != icmpUnreachable {
					continue // somebody else's
				}
				assert.Equal(t, code, b[1])
				assert.Zero(t, checksum(0, b[:n]))
				assert.Equal(t, byte(protoGRE), b[8+9], "the quoted packet is GRE")
				return
			}
		})
	}
}

func TestGREFromAnotherSource(t *testing.T) {
	gw := startGateway(t, true, Config{Faults: mustFault(t, "gre.wrong_source")})
	sources := make(chan netip.Addr, 16)
	spy, err := openGRE(netip.MustParseAddr("127.0.0.1"))
	require.NoError(t, err)
	defer func() { _ = spy.close() }()
	const call = 78
	spy.start(func(b []byte) {
		ip, ok := parseIPv4(b)
		if !ok {
			return
		}
		// Other tests on this host send GRE to the same address.
		if p, err := gre.Parse(ip.payload); err == nil && p.CallID == call {
			select {
			case sources <- ip.src:
			default:
			}
		}
	})
	w := dialWire(t, gw, call, clientConfig())
	w.sees("control connected")
	select {
	case from := <-sources:
		assert.Equal(t, "127.0.0.9", from.String())
	case <-time.After(patience):
		t.Fatal("no GRE came")
	}
}

// TestServiceFaults switches the faults behind the tunnel in one session.
func TestServiceFaults(t *testing.T) {
	gw := startGateway(t, true, Config{})
	w := dialWire(t, gw, 79, clientConfig())
	tun := w.stack()
	resolver := tun.Resolver([]netip.Addr{gw.cfg.LocalIP})
	web := &http.Client{Transport: tun.HTTPTransport()}
	get := func(d time.Duration) (int, error) {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://10.99.0.1/", http.NoBody)
		require.NoError(t, err)
		res, err := web.Do(r)
		if err != nil {
			return 0, err
		}
		defer web.CloseIdleConnections()
		defer func() { _ = res.Body.Close() }()
		_, err = io.Copy(io.Discard, res.Body)
		return res.StatusCode, err
	}
	resolve := func(d time.Duration) error {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		_, err := resolver.LookupNetIP(ctx, "ip4", "www.pptp.test")
		return err
	}
	const short = 300 * time.Millisecond

	for _, name := range []string{"app.dns_error", "dns_nxdomain", "dns_refused"} {
		gw.SetFaults(mustFault(t, name))
		var dns *net.DNSError
		require.ErrorAs(t, resolve(patience), &dns, name)
		assert.False(t, dns.IsTimeout, name)
	}
	gw.SetFaults(mustFault(t, "app.dns_timeout"))
	assert.Error(t, resolve(short))

	gw.SetFaults(mustFault(t, "app.tcp_refused"))
	_, err := get(patience)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	gw.SetFaults(mustFault(t, "app.tcp_timeout"))
	_, err = get(short)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	gw.SetFaults(mustFault(t, "app.http_status"))
	status, err := get(patience)
	require.NoError(t, err)
	assert.Equal(t, 503, status)
	gw.SetFaults(mustFault(t, "app.http_timeout"))
	status, err = get(short)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, 200, status, "the head of the answer came")

	gw.SetFaults(Faults{})
	require.NoError(t, resolve(patience))
	status, err = get(patience)
	require.NoError(t, err)
	assert.Equal(t, 200, status)
	w.teardown()
}

// TestHoldFaultsReachRunningSessions: SetFaults is for sessions that are up, too.
func TestHoldFaultsReachRunningSessions(t *testing.T) {
	gw := startGateway(t, true, Config{})
	w := dialWire(t, gw, 80, clientConfig())
	w.sees(up)
	gw.SetFaults(Faults{DisconnectAfter: 10 * time.Millisecond})
	w.sees("control disconnected")
}

func TestReplacedByANewerSession(t *testing.T) {
	gw := startGateway(t, true, Config{Faults: Faults{ReplaceSession: true}})
	first := dialWire(t, gw, 81, clientConfig())
	first.sees(up)
	second := dialWire(t, gw, 82, clientConfig())
	second.sees(up)
	first.sees("Terminated")
	first.sees("control disconnected")
	second.teardown()
}

// TestManySessions has sessions side by side, on one address, with a bad path.
func TestManySessions(t *testing.T) {
	const n = 20
	gw := startGateway(t, true, Config{Faults: Faults{GRELoss: 0.05, GRELossIn: 0.05, GREReorder: 0.1, GREDuplicate: 0.1}})
	clients := make([]*wireClient, n)
	tuns := make([]*tunnel.Tunnel, n)
	for i := range clients {
		clients[i] = dialWire(t, gw, uint16(2000+i), clientConfig())
	}
	for i, w := range clients {
		tuns[i] = w.stack()
	}
	assert.Equal(t, n, gw.Stats().AddressesInUse)
	gw.SetFaults(Faults{})
	for i, w := range clients {
		// The gateway may still wait for an Ack that was lost, so the first may be too early.
		assert.Eventually(t, func() bool {
			ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
			defer cancel()
			_, err := tuns[i].Ping(ctx, gw.cfg.LocalIP, 1, 56, false)
			return err == nil
		}, patience, time.Millisecond)
		w.teardown()
	}
}

func TestCloseEndsSessions(t *testing.T) {
	gw := startGateway(t, true, Config{})
	w := dialWire(t, gw, 83, clientConfig())
	w.sees(up)
	require.NoError(t, gw.Close())
	w.sees("control disconnected")
	w.sees("control stop requested")
}

func TestContextEndsTheGateway(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	gw, err := Start(ctx, Config{Listen: netip.MustParseAddrPort("127.0.0.2:0"), NoGRE: true})
	require.NoError(t, err)
	cancel()
	assert.NoError(t, gw.Close())
	_, err = askStart(t, gw, patience)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
}
