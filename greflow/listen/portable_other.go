//go:build !linux

package listen

import (
	"net"
	"net/netip"
	"syscall"
)

const canShare = false

func sharePort(_, _ string, _ syscall.RawConn) error { return nil }

// prepare sets the receive buffer. What the system made of it is not known.
func prepare(conn *net.UDPConn, buffer int) (int, error) {
	if buffer == 0 {
		return 0, nil
	}
	return buffer, conn.SetReadBuffer(buffer)
}

// batch reads one datagram at a time.
type batch struct {
	conn *net.UDPConn
	data [0xFFFF]byte
	n    int
	from netip.AddrPort
}

func newBatch(conn *net.UDPConn) (*batch, error) { return &batch{conn: conn}, nil }

func (b *batch) read() (int, error) {
	n, from, err := b.conn.ReadFromUDPAddrPort(b.data[:])
	if err != nil {
		return 0, err
	}
	b.n, b.from = n, netip.AddrPortFrom(from.Addr().Unmap().WithZone(""), from.Port())
	return 1, nil
}

func (b *batch) message(int) (datagram []byte, from netip.AddrPort, drops uint32) {
	return b.data[:b.n], b.from, 0
}
