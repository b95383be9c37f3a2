package tunnel

import (
	"net"
	"net/netip"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip"
)

func TestNewRefuses(t *testing.T) {
	send := func([]byte) {}
	for name, tc := range map[string]struct {
		local string
		mtu   int
		send  func([]byte)
	}{
		"ipv6":        {"2001:db8::1", 1400, send},
		"unspecified": {"0.0.0.0", 1400, send},
		"multicast":   {"224.0.0.5", 1400, send},
		"broadcast":   {"255.255.255.255", 1400, send},
		"small mtu":   {"10.0.0.1", 575, send},
		"large mtu":   {"10.0.0.1", 1501, send},
		"no send":     {"10.0.0.1", 1400, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(netip.MustParseAddr(tc.local), tc.mtu, tc.send)
			require.Error(t, err)
		})
	}
	_, err := New(netip.Addr{}, 1400, send)
	require.Error(t, err)
	tunnel, err := New(netip.MustParseAddr("::ffff:10.0.0.1"), 576, send, WithTCPBuffers(1, 1<<30))
	require.NoError(t, err)
	defer tunnel.Close()
	assert.Equal(t, "10.0.0.1", tunnel.LocalAddr().String())
	assert.Equal(t, 576, tunnel.MTU())
	l, err := tunnel.ListenTCP(netip.AddrPortFrom(tunnel.LocalAddr(), 80))
	require.NoError(t, err, "buffers are brought into their range")
	require.NoError(t, l.Close())
}

func TestDeliverDrops(t *testing.T) {
	syn := func(src, dst netip.Addr) []byte {
		return packet(ipv4Header{src: src, dst: dst, ttl: 9, protocol: 6}, make([]byte, 20))
	}
	change := func(at int, to byte) []byte {
		p := syn(gatewayAddr, clientAddr)
		p[at] = to
		return p
	}
	icmp := func(msg ...byte) []byte {
		if len(msg) >= 8 {
			sum := checksum(msg)
			msg[2], msg[3] = byte(sum>>8), byte(sum)
		}
		return packet(ipv4Header{src: gatewayAddr, dst: clientAddr, ttl: 9, protocol: protocolICMP}, msg)
	}
	type counts struct{ malformed, unwanted uint64 }
	for name, tc := range map[string]struct {
		packet []byte
		want   counts
	}{
		"nothing":               {nil, counts{1, 0}},
		"one byte":              {[]byte{0x45}, counts{1, 0}},
		"truncated header":      {syn(gatewayAddr, clientAddr)[:19], counts{1, 0}},
		"truncated packet":      {syn(gatewayAddr, clientAddr)[:39], counts{1, 0}},
		"ipv6":                  {change(0, 0x65), counts{1, 0}},
		"header length of 16":   {change(0, 0x44), counts{1, 0}},
		"header beyond its end": {change(0, 0x4f), counts{1, 0}},
		"total length of 0":     {change(3, 0), counts{1, 0}},
		"wrong checksum":        {change(8, 77), counts{1, 0}},
		"for someone else":      {syn(gatewayAddr, serviceAddr), counts{0, 1}},
		"from multicast":        {syn(netip.MustParseAddr("224.0.0.1"), clientAddr), counts{0, 1}},
		"from nowhere":          {syn(netip.IPv4Unspecified(), clientAddr), counts{0, 1}},
		"tcp without a stack":   {syn(gatewayAddr, clientAddr), counts{0, 1}},
		"short icmp":            {icmp(8, 0, 0, 0), counts{1, 0}},
		"timestamp request":     {icmp(13, 0, 0, 0, 0, 1, 0, 1), counts{0, 1}},
		"error about nothing":   {icmp(3, 1, 0, 0, 0, 0, 0, 0), counts{1, 0}},
		"echo request":          {icmp(8, 0, 0, 0, 0, 1, 0, 1), counts{0, 1}},
		"reply to nobody":       {icmp(0, 0, 0, 0, 0, 1, 0, 1), counts{0, 0}},
		"time exceeded for tcp": {icmpError(11, 0, 0, syn(clientAddr, gatewayAddr)), counts{0, 1}},
		"padding after the end": {append(icmp(0, 0, 0, 0, 0, 1, 0, 1), 1, 2, 3), counts{0, 0}},
		"error about the ping of another": {
			icmpError(3, 1, 0, packet(ipv4Header{src: clientAddr, dst: gatewayAddr, ttl: 1, protocol: protocolICMP},
				appendEcho(nil, icmpEchoRequest, echoMessage{id: 1, seq: 1}))), counts{0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			tunnel, err := New(clientAddr, testMTU, func([]byte) { t.Error("answered") })
			require.NoError(t, err)
			tunnel.Deliver(tc.packet)
			s := tunnel.Stats()
			tunnel.Close()
			assert.Equal(t, tc.want, counts{s.RxMalformed, s.RxUnwanted})
			assert.EqualValues(t, 1, s.RxPackets)
		})
	}
}

func TestSocketErrors(t *testing.T) {
	for want, errs := range map[error][]tcpip.Error{
		net.ErrClosed:         {&tcpip.ErrAborted{}},
		syscall.ECONNABORTED:  {&tcpip.ErrConnectionAborted{}},
		syscall.ETIMEDOUT:     {&tcpip.ErrTimeout{}},
		syscall.EPIPE:         {&tcpip.ErrClosedForSend{}},
		syscall.ENOBUFS:       {&tcpip.ErrNoBufferSpace{}},
		syscall.EADDRINUSE:    {&tcpip.ErrPortInUse{}, &tcpip.ErrNoPortAvailable{}},
		syscall.EADDRNOTAVAIL: {&tcpip.ErrBadLocalAddress{}},
	} {
		for _, err := range errs {
			assert.ErrorIs(t, socketError("call", err), want, "%T", err)
		}
	}
	assert.EqualError(t, socketError("call", &tcpip.ErrBadBuffer{}), "call: bad buffer")
}
