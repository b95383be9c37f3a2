package tunnel

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"gvisor.dev/gvisor/pkg/tcpip"
)

var (
	clientAddr  = netip.MustParseAddr("10.99.0.2")
	gatewayAddr = netip.MustParseAddr("10.99.0.1")
	serviceAddr = netip.MustParseAddr("192.0.2.80") // behind the gateway
	routerAddr  = netip.MustParseAddr("198.51.100.7")
)

const testMTU = 1396

func TestMain(m *testing.M) {
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	// Endpoints that were closed but still wait for their peer: a tunnel that
	// has closed must have none.
	if n := len(tcpip.GetDanglingEndpoints()); n != 0 && code == 0 {
		fmt.Fprintln(os.Stderr, "dangling endpoints:", n)
		code = 1
	}
	os.Exit(code)
}

// wire is two tunnels back to back. The filters see each packet, may change it
// and say whether it arrives.
type wire struct {
	client, gateway *Tunnel

	mu       sync.Mutex
	up, down func(packet []byte) bool
	largest  atomic.Int64
}

func newWire(tb testing.TB, clientOpts, gatewayOpts []Option) *wire {
	tb.Helper()
	w := &wire{}
	var err error
	w.client, err = New(clientAddr, testMTU, func(p []byte) {
		if w.arrives(&w.up, p) {
			w.gateway.Deliver(p)
		}
	}, clientOpts...)
	require.NoError(tb, err)
	w.gateway, err = New(gatewayAddr, testMTU, func(p []byte) {
		if w.arrives(&w.down, p) {
			w.client.Deliver(p)
		}
	}, gatewayOpts...)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		w.client.Close()
		w.gateway.Close()
	})
	return w
}

// gatewayWire is a client and a gateway as the testbed makes them.
func gatewayWire(tb testing.TB) *wire {
	tb.Helper()
	return newWire(tb, nil, []Option{WithPromiscuous(), WithEchoReplies(nil)})
}

func (w *wire) filter(up, down func([]byte) bool) {
	w.mu.Lock()
	w.up, w.down = up, down
	w.mu.Unlock()
}

func (w *wire) arrives(filter *func([]byte) bool, p []byte) bool {
	if n := int64(len(p)); n > w.largest.Load() {
		w.largest.Store(n)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return *filter == nil || (*filter)(p)
}

func drop([]byte) bool { return false }

func testContext(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	tb.Cleanup(cancel)
	return ctx
}

// icmpError builds an error message about a packet, as a router would.
func icmpError(typ, code uint8, mtu uint16, quoted []byte) []byte {
	msg := make([]byte, icmpHeaderLen, 64)
	msg[0], msg[1], msg[6], msg[7] = typ, code, byte(mtu>>8), byte(mtu)
	msg = append(msg, quoted...)
	sum := checksum(msg)
	msg[2], msg[3] = byte(sum>>8), byte(sum)
	src := netip.AddrFrom4([4]byte(quoted[12:16]))
	return append(appendIPv4(nil, &ipv4Header{src: routerAddr, dst: src, ttl: 60, protocol: protocolICMP}, len(msg)), msg...)
}

// packet builds a packet with a payload.
func packet(h ipv4Header, payload []byte) []byte {
	return append(appendIPv4(nil, &h, len(payload)), payload...)
}
