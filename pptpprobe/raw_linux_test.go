package pptpprobe

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/privilege"
)

// receiver is a raw socket of a test that sees whole packets.
func receiver(t *testing.T, protocol int, at netip.Addr) func() []byte {
	t.Helper()
	privilege.RawGRE(t)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	require.NoError(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: at.As4()}))
	require.NoError(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}))
	return func() []byte {
		buf := make([]byte, 2048)
		n, _, err := unix.Recvfrom(fd, buf, 0)
		require.NoError(t, err)
		return buf[:n]
	}
}

type delivery struct {
	packet   []byte
	from, to netip.Addr
}

func TestRawSocket(t *testing.T) {
	ours, theirs := netip.MustParseAddr("127.0.90.1"), netip.MustParseAddr("127.0.90.2")
	receive := receiver(t, protoGRE, theirs)
	got := make(chan delivery, 16)
	s, err := openRaw(func(p []byte, from, to netip.Addr) {
		if to == ours {
			got <- delivery{append([]byte(nil), p...), from, to}
		}
	}, func(greError) {})
	require.NoError(t, err)

	packet := []byte("\x20\x01\x88\x0b\x00\x00\x12\x34")
	require.NoError(t, s.Send(packet, ours, theirs))
	ip := receive()
	assert.Equal(t, ours.AsSlice(), ip[12:16], "the source is the address of the control connection")
	assert.Zero(t, binary.BigEndian.Uint16(ip[6:])&0x4000, "DF would turn a small MTU on the way into a blackhole")
	assert.Equal(t, packet, ip[20:])

	// and back: the kernel gives raw sockets the IP header too
	require.NoError(t, s.Send(packet, theirs, ours))
	d := <-got
	assert.Equal(t, delivery{packet, theirs, ours}, d)

	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	select {
	case err := <-closed:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("the reader did not end")
	}
	require.Error(t, s.Send(packet, ours, theirs))
}

func TestRawSocketIgnoresWhatIsNotIPv4(t *testing.T) {
	r := &rawSocket{deliver: func([]byte, netip.Addr, netip.Addr) { t.Error("delivered") }}
	for _, b := range [][]byte{nil, make([]byte, 19), make([]byte, 20), append([]byte{0x4f}, make([]byte, 30)...), append([]byte{0x44}, make([]byte, 30)...)} {
		r.packet(b)
	}
}

// extended is a sock_extended_err and who sent it, in a control message.
func extended(origin, typ, code uint8, info uint32, from netip.Addr) []byte {
	b := make([]byte, unix.CmsgSpace(32))
	binary.NativeEndian.PutUint64(b, uint64(unix.CmsgLen(32)))
	binary.NativeEndian.PutUint32(b[8:], unix.SOL_IP)
	binary.NativeEndian.PutUint32(b[12:], unix.IP_RECVERR)
	d := b[unix.CmsgLen(0):]
	d[4], d[5], d[6] = origin, typ, code
	binary.NativeEndian.PutUint32(d[8:], info)
	binary.NativeEndian.PutUint16(d[16:], unix.AF_INET)
	a := from.As4()
	copy(d[20:], a[:])
	return b
}

func TestParseICMPError(t *testing.T) {
	from := netip.MustParseAddr("192.0.2.9")
	var e ICMPError
	require.True(t, parseICMPError(extended(unix.SO_EE_ORIGIN_ICMP, 3, 13, 0, from), &e))
	assert.Equal(t, ICMPError{Type: 3, Code: 13, From: from, At: e.At}, e)
	e = ICMPError{}
	require.True(t, parseICMPError(extended(unix.SO_EE_ORIGIN_ICMP, 3, 4, 1400, from), &e))
	assert.Equal(t, 1400, e.MTU)
	assert.False(t, parseICMPError(extended(unix.SO_EE_ORIGIN_LOCAL, 3, 4, 1400, from), &e), "an error of this host")
	assert.False(t, parseICMPError(nil, &e))
	assert.False(t, parseICMPError([]byte{1, 2, 3}, &e))
}

func FuzzParseICMPError(f *testing.F) {
	f.Add(extended(unix.SO_EE_ORIGIN_ICMP, 3, 4, 1400, netip.MustParseAddr("192.0.2.9")))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, oob []byte) {
		var e ICMPError
		if parseICMPError(oob, &e) && e.describe() == "" {
			t.Error("an error without words")
		}
	})
}
