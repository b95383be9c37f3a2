package tunnel

import (
	"context"
	"io"
	"net/netip"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkNew is the cost of a tunnel that makes no stack, and of one that
// does.
func BenchmarkNew(b *testing.B) {
	b.Run("ping only", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			t, err := New(clientAddr, testMTU, func([]byte) {})
			require.NoError(b, err)
			t.Close()
		}
	})
	b.Run("with stack", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			t, err := New(clientAddr, testMTU, func([]byte) {})
			require.NoError(b, err)
			require.NoError(b, t.makeStack())
			t.Close()
		}
	})
}

// BenchmarkMemory reports what a held session costs: heap and goroutine stacks
// of 200 tunnels. The budget is 64 KiB with a stack. The stack starts one
// goroutine of TCP for each of GOMAXPROCS. With a connection, the gateway's end
// of it is in the figure too.
func BenchmarkMemory(b *testing.B) {
	const count = 200
	for name, use := range map[string]func(*testing.B, *wire){
		"ping only":  func(b *testing.B, w *wire) { _, _ = w.client.Ping(b.Context(), gatewayAddr, 1, 56, false) },
		"with stack": func(b *testing.B, w *wire) { require.NoError(b, w.client.makeStack()) },
		"with connection": func(b *testing.B, w *wire) {
			c, err := w.client.DialTCP(b.Context(), service)
			require.NoError(b, err)
			_, err = c.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
			require.NoError(b, err)
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				// All clients talk to one gateway, whose share vanishes in 200.
				clients := make([]*wire, count)
				gateway := make(map[netip.Addr]*Tunnel, count)
				server, err := New(gatewayAddr, testMTU, func(p []byte) {
					gateway[netip.AddrFrom4([4]byte(p[16:20]))].Deliver(p)
				}, WithPromiscuous(), WithEchoReplies(nil))
				require.NoError(b, err)
				l, err := server.ListenTCP(service)
				require.NoError(b, err)
				go func() {
					for {
						if _, err := l.Accept(); err != nil {
							return
						}
					}
				}()
				before := used()
				for i := range clients {
					w := &wire{gateway: server}
					addr := netip.AddrFrom4([4]byte{10, 98, 0, byte(i + 1)})
					w.client, err = New(addr, testMTU, server.Deliver)
					require.NoError(b, err)
					gateway[addr] = w.client
					clients[i] = w
				}
				for _, w := range clients {
					use(b, w)
				}
				b.ReportMetric(float64(used()-before)/count, "B/tunnel")
				for _, w := range clients {
					w.client.Close()
				}
				_ = l.Close()
				server.Close()
			}
		})
	}
}

func used() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// BenchmarkThroughput is one connection between two tunnels: both stacks and
// all copies.
func BenchmarkThroughput(b *testing.B) {
	w := gatewayWire(b)
	client, server := connect(b, w)
	go func() { _, _ = io.Copy(io.Discard, server) }()
	data := make([]byte, 64<<10)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := client.Write(data)
		require.NoError(b, err)
	}
}

// BenchmarkPing is a request and its reply, through both tunnels.
func BenchmarkPing(b *testing.B) {
	w := gatewayWire(b)
	b.ReportAllocs()
	for b.Loop() {
		_, err := w.client.Ping(context.Background(), gatewayAddr, 1, 56, false)
		require.NoError(b, err)
	}
}

// BenchmarkDeliverUnwanted is a packet that is of no use.
func BenchmarkDeliverUnwanted(b *testing.B) {
	t, err := New(clientAddr, testMTU, func([]byte) {})
	require.NoError(b, err)
	defer t.Close()
	p := packet(ipv4Header{src: gatewayAddr, dst: clientAddr, ttl: 9, protocol: 47}, make([]byte, 500))
	b.ReportAllocs()
	for b.Loop() {
		t.Deliver(p)
	}
}
