package tunnel

import (
	"context"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzDeliver gives hostile packets, each preceded by its length, to a tunnel
// with an open ping, connection, listener and UDP socket. Checksums are put
// right first when fix says so, or nothing would get past them.
func FuzzDeliver(f *testing.F) {
	seed := func(packets ...[]byte) {
		var b []byte
		for _, p := range packets {
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(p))), p...)
		}
		f.Add(b, true)
		f.Add(b, false)
	}
	request := packet(ipv4Header{src: gatewayAddr, dst: clientAddr, ttl: 9, protocol: protocolICMP},
		appendEcho(nil, icmpEchoRequest, echoMessage{id: 1, seq: 2, data: make([]byte, 20)}))
	syn := packet(ipv4Header{src: gatewayAddr, dst: clientAddr, ttl: 9, protocol: 6},
		[]byte{0, 9, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x60, 2, 0xff, 0xff, 0, 0, 0, 0, 2, 4, 5, 0x50})
	datagram := packet(ipv4Header{src: gatewayAddr, dst: clientAddr, ttl: 9, protocol: 17}, []byte{0, 9, 0, 53, 0, 9, 0, 0, 1})
	seed(request)
	seed(echoReplyTo(request))
	seed(syn, syn)
	seed(datagram, icmpError(3, 4, 0, syn), icmpError(3, 3, 0, datagram))
	seed(cut(1, make([]byte, 1000), 504, 1000), cut(1, make([]byte, 1000), 0, 504))
	options := append([]byte(nil), request...)
	options[0] = 0x47
	seed(options)

	client, err := New(clientAddr, testMTU, func([]byte) {}, WithEchoReplies(nil))
	require.NoError(f, err)
	f.Cleanup(client.Close)
	l, err := client.ListenTCP(netip.AddrPortFrom(clientAddr, 80))
	require.NoError(f, err)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	_, err = client.ListenUDP(netip.AddrPortFrom(clientAddr, 53))
	require.NoError(f, err)
	ctx, cancel := context.WithCancel(context.Background())
	f.Cleanup(cancel)
	go func() { _, _ = client.Ping(ctx, gatewayAddr, 2, 20, false) }()
	go func() { _, _ = client.DialTCP(ctx, netip.AddrPortFrom(gatewayAddr, 9)) }()

	f.Fuzz(func(t *testing.T, b []byte, fix bool) {
		for len(b) >= 2 {
			n := min(int(binary.BigEndian.Uint16(b)), len(b)-2)
			p := append([]byte(nil), b[2:2+n]...)
			b = b[2+n:]
			if fix {
				fixChecksums(p)
			}
			client.Deliver(p)
		}
		client.frags.mu.Lock()
		defer client.frags.mu.Unlock()
		if len(client.frags.partial) > maxDatagrams {
			t.Fatal("reassembly is not bounded")
		}
	})
}

// fixChecksums makes addresses, lengths and checksums right where it can.
func fixChecksums(p []byte) {
	if len(p) < ipv4HeaderLen {
		return
	}
	p[0] = 0x40 | p[0]&0x0f
	hlen := int(p[0]&0x0f) * 4
	if hlen < ipv4HeaderLen || hlen > len(p) {
		return
	}
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	gw, cl := gatewayAddr.As4(), clientAddr.As4()
	copy(p[12:], gw[:])
	copy(p[16:], cl[:])
	p[10], p[11] = 0, 0
	binary.BigEndian.PutUint16(p[10:], checksum(p[:hlen]))
	body := p[hlen:]
	at := map[byte]int{protocolICMP: 2, 6: 16, 17: 6}[p[9]]
	if at == 0 || len(body) < at+2 {
		return
	}
	body[at], body[at+1] = 0, 0
	sum := body
	if p[9] != protocolICMP {
		pseudo := append([]byte(nil), p[12:20]...)
		pseudo = append(pseudo, 0, p[9], byte(len(body)>>8), byte(len(body)))
		sum = append(pseudo, body...)
	}
	binary.BigEndian.PutUint16(body[at:], checksum(sum))
}
