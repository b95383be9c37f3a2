package tunnel

import (
	"bytes"
	"net"
	"net/netip"
	"syscall"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// udpConn is a UDP socket. It is both a net.Conn and a net.PacketConn, for the
// standard resolver takes a connection that is not the latter for TCP.
type udpConn struct {
	*socket
	connected bool
}

// Read implements net.Conn.
func (c *udpConn) Read(b []byte) (int, error) {
	n, _, err := c.receive(b)
	return n, err
}

// ReadFrom implements net.PacketConn.
func (c *udpConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.receive(b)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

func (c *udpConn) receive(b []byte) (n int, from netip.AddrPort, err error) {
	err = c.wait("read", c.read, waiter.ReadableEvents, func() tcpip.Error {
		w := tcpip.SliceWriter(b)
		result, err := c.ep.Read(&w, tcpip.ReadOptions{NeedRemoteAddr: true})
		n, from = result.Count, fromFullAddress(result.RemoteAddr)
		return err
	})
	return n, from, c.opError("read", c.RemoteAddr(), err)
}

// Write implements net.Conn.
func (c *udpConn) Write(b []byte) (int, error) {
	return c.transmit(b, tcpip.WriteOptions{}, c.RemoteAddr())
}

// WriteTo implements net.PacketConn.
func (c *udpConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	if c.connected {
		return 0, c.opError("write", addr, net.ErrWriteToConnected)
	}
	to, ok := addr.(*net.UDPAddr)
	if !ok {
		return 0, c.opError("write", addr, syscall.EINVAL)
	}
	dst, err := destination(to.AddrPort())
	if err != nil {
		return 0, c.opError("write", addr, err)
	}
	full := toFullAddress(dst)
	return c.transmit(b, tcpip.WriteOptions{To: &full}, addr)
}

func (c *udpConn) transmit(b []byte, options tcpip.WriteOptions, to net.Addr) (int, error) {
	var n int64
	err := c.wait("write", c.write, waiter.WritableEvents, func() (err tcpip.Error) {
		n, err = c.ep.Write(bytes.NewReader(b), options)
		return err
	})
	return int(n), c.opError("write", to, err)
}
