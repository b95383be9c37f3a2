package tunnel

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPing(t *testing.T) {
	w := gatewayWire(t)
	for name, tc := range map[string]struct {
		dst  netip.Addr
		size int
		df   bool
	}{
		"empty":              {gatewayAddr, 0, false},
		"shorter than token": {gatewayAddr, 3, false},
		"usual":              {gatewayAddr, 56, false},
		"df":                 {gatewayAddr, 56, true},
		"full mtu":           {gatewayAddr, testMTU - 28, true},
		"behind the gateway": {serviceAddr, 56, true},
		"4in6":               {netip.AddrFrom16(gatewayAddr.As16()), 8, false},
	} {
		t.Run(name, func(t *testing.T) {
			var sent []byte
			w.filter(func(p []byte) bool { sent = append([]byte(nil), p...); return true }, nil)
			reply, err := w.client.Ping(testContext(t), tc.dst, 7, tc.size, tc.df)
			require.NoError(t, err)
			assert.Equal(t, tc.dst.Unmap(), reply.From)
			assert.Equal(t, tc.size, reply.Size)
			assert.EqualValues(t, defaultTTL, reply.TTL)
			assert.Positive(t, reply.RTT)
			h, ok := parseIPv4(sent)
			require.True(t, ok)
			assert.Equal(t, tc.df, h.df)
			assert.Len(t, sent, 28+tc.size)
		})
	}
}

func TestPingRefuses(t *testing.T) {
	w := gatewayWire(t)
	for name, tc := range map[string]struct {
		dst  netip.Addr
		size int
		want error
	}{
		"larger than the mtu": {gatewayAddr, testMTU - 27, syscall.EMSGSIZE},
		"negative size":       {gatewayAddr, -1, syscall.EINVAL},
		"ipv6":                {netip.IPv6Loopback(), 8, syscall.EAFNOSUPPORT},
		"zero address":        {netip.Addr{}, 8, syscall.EAFNOSUPPORT},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.client.Ping(testContext(t), tc.dst, 1, tc.size, true)
			require.ErrorIs(t, err, tc.want)
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := w.client.Ping(ctx, gatewayAddr, 1, 8, false)
	require.ErrorIs(t, err, context.Canceled)
	w.client.Close()
	_, err = w.client.Ping(context.Background(), gatewayAddr, 1, 8, false)
	require.ErrorIs(t, err, net.ErrClosed)
}

// The round-trip time is that of the wire: it has neither the time in the
// queue nor that of scheduling.
func TestPingTimeIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var client *Tunnel
		var busy = true
		client, err := New(clientAddr, testMTU, func(p []byte) {
			if busy { // the first packet holds up the queue
				busy = false
				<-time.After(time.Second)
				return
			}
			reply := echoReplyTo(p)
			time.AfterFunc(30*time.Millisecond, func() { client.Deliver(reply) })
		})
		require.NoError(t, err)
		defer client.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		blocked := make(chan error)
		go func() {
			_, err := client.Ping(ctx, gatewayAddr, 1, 8, false)
			blocked <- err
		}()
		synctest.Wait()
		start := time.Now()
		reply, err := client.Ping(t.Context(), gatewayAddr, 2, 8, false)
		require.NoError(t, err)
		assert.Equal(t, 30*time.Millisecond, reply.RTT)
		assert.Equal(t, 1030*time.Millisecond, time.Since(start))
		require.ErrorIs(t, <-blocked, context.DeadlineExceeded)
		assert.Equal(t, 1500*time.Millisecond, time.Since(start))
	})
}

// echoReplyTo answers a request as the other end would.
func echoReplyTo(request []byte) []byte {
	h, _ := parseIPv4(request)
	m, _ := parseEcho(request[h.headerLen:])
	return packet(ipv4Header{src: h.dst, dst: h.src, ttl: 60, protocol: protocolICMP}, appendEcho(nil, icmpEchoReply, m))
}

func TestPingICMPErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		typ, code uint8
		mtu       uint16
		quote     int // bytes of the request that the router quotes
		want      error
		text      string
	}{
		"network unreachable":     {3, 0, 0, 28, syscall.ENETUNREACH, "network unreachable"},
		"host unreachable":        {3, 1, 0, 28, syscall.EHOSTUNREACH, "host unreachable"},
		"protocol unreachable":    {3, 2, 0, 28, syscall.ECONNREFUSED, "protocol or port unreachable"},
		"fragmentation needed":    {3, 4, 1300, 28, syscall.EMSGSIZE, "fragmentation needed, mtu 1300"},
		"fragmentation needed, 0": {3, 4, 0, 84, syscall.EMSGSIZE, "fragmentation needed"},
		"prohibited":              {3, 13, 0, 84, syscall.EHOSTUNREACH, "host unreachable"},
		"time exceeded":           {11, 0, 0, 30, syscall.EHOSTUNREACH, "time exceeded"},
		"parameter problem":       {12, 0, 0, 28, nil, "parameter problem"},
	} {
		t.Run(name, func(t *testing.T) {
			w := gatewayWire(t)
			w.filter(func(p []byte) bool {
				go w.client.Deliver(icmpError(tc.typ, tc.code, tc.mtu, p[:tc.quote]))
				return false
			}, nil)
			_, err := w.client.Ping(testContext(t), gatewayAddr, 9, 56, true)
			var icmp *ICMPError
			require.ErrorAs(t, err, &icmp)
			assert.Equal(t, ICMPError{Type: tc.typ, Code: tc.code, From: routerAddr, MTU: int(tc.mtu)}, *icmp)
			assert.ErrorContains(t, err, tc.text)
			if tc.want != nil {
				assert.ErrorIs(t, err, tc.want)
			} else {
				assert.NoError(t, icmp.Unwrap())
			}
		})
	}
}

func TestPingIgnoresWhatIsNotItsReply(t *testing.T) {
	var mu sync.Mutex
	var first []byte
	w := gatewayWire(t)
	w.filter(func(p []byte) bool {
		mu.Lock()
		defer mu.Unlock()
		if first == nil {
			first = append([]byte(nil), p...)
			return false
		}
		// A late reply to, and an error about, the request before, which had
		// the same numbers; replies that are short, to others, or broken.
		w.client.Deliver(echoReplyTo(first))
		w.client.Deliver(icmpError(3, 1, 0, first))
		short := append([]byte(nil), p[:28+4]...)
		w.client.Deliver(packet(ipv4Header{src: gatewayAddr, dst: clientAddr, ttl: 1, protocol: protocolICMP},
			appendEcho(nil, icmpEchoReply, echoMessage{id: uint16(p[24])<<8 | uint16(p[25]), seq: 5, data: short[28:]})))
		other := append([]byte(nil), p...)
		other[15]++ // not our address
		w.client.Deliver(icmpError(3, 1, 0, other))
		reply := echoReplyTo(p)
		reply[len(reply)-1] ^= 1
		w.client.Deliver(reply)
		return true
	}, nil)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := w.client.Ping(ctx, gatewayAddr, 5, 56, false)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	reply, err := w.client.Ping(testContext(t), gatewayAddr, 5, 56, false)
	require.NoError(t, err)
	assert.EqualValues(t, defaultTTL, reply.TTL)
	assert.EqualValues(t, 1, w.client.Stats().RxMalformed)
}

func TestPingConcurrent(t *testing.T) {
	w := gatewayWire(t)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			reply, err := w.client.Ping(testContext(t), gatewayAddr, uint16(i%2), 8+i, false)
			assert.NoError(t, err)
			assert.Equal(t, 8+i, reply.Size)
		})
	}
	wg.Wait()
	assert.Empty(t, w.client.pings.waiting)
}

func TestPingBounded(t *testing.T) {
	w := gatewayWire(t)
	w.filter(drop, nil)
	ctx, cancel := context.WithCancel(context.Background())
	errs := make(chan error)
	for i := range maxPings + 1 {
		go func() {
			_, err := w.client.Ping(ctx, gatewayAddr, uint16(i), 8, false)
			errs <- err
		}()
	}
	require.ErrorIs(t, <-errs, ErrTooManyPings)
	cancel()
	for range maxPings {
		err := <-errs
		require.True(t, errors.Is(err, context.Canceled) || errors.Is(err, syscall.ENOBUFS), err)
	}
}

func TestPingQueueFull(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	client, err := New(clientAddr, testMTU, func([]byte) {
		once.Do(func() { close(entered) })
		<-release
	})
	require.NoError(t, err)
	defer client.Close()
	defer close(release)
	require.True(t, client.link.enqueue(make([]byte, 40)))
	<-entered
	for range queueLen {
		require.True(t, client.link.enqueue(make([]byte, 40)))
	}
	_, err = client.Ping(context.Background(), gatewayAddr, 1, 8, false)
	require.ErrorIs(t, err, syscall.ENOBUFS)
	assert.EqualValues(t, 1, client.Stats().TxDropped)
}

func TestPingEndsWithTunnel(t *testing.T) {
	sent := make(chan struct{}, 1)
	client, err := New(clientAddr, testMTU, func([]byte) { sent <- struct{}{} })
	require.NoError(t, err)
	done := make(chan error)
	go func() {
		_, err := client.Ping(context.Background(), gatewayAddr, 1, 8, false)
		done <- err
	}()
	<-sent
	client.Close()
	require.ErrorIs(t, <-done, net.ErrClosed)
}

func TestEchoRepliesAreAnOption(t *testing.T) {
	for name, tc := range map[string]struct {
		opts []Option
		dst  netip.Addr
		want bool
	}{
		"off":                            {nil, gatewayAddr, false},
		"on":                             {[]Option{WithEchoReplies(nil)}, gatewayAddr, true},
		"not for others":                 {[]Option{WithEchoReplies(nil)}, serviceAddr, false},
		"promiscuous":                    {[]Option{WithEchoReplies(nil), WithPromiscuous()}, serviceAddr, true},
		"promiscuous, chosen by address": {[]Option{WithEchoReplies(func(a netip.Addr) bool { return a != serviceAddr }), WithPromiscuous()}, serviceAddr, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, nil, tc.opts)
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if !tc.want {
				w.filter(func(p []byte) bool {
					w.gateway.Deliver(p)
					if w.gateway.Stats().TxPackets == 0 && w.gateway.Stats().RxUnwanted == 1 {
						cancel()
					}
					return false
				}, nil)
			}
			_, err := w.client.Ping(ctx, tc.dst, 1, 8, false)
			if tc.want {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, context.Canceled)
			}
		})
	}
}
