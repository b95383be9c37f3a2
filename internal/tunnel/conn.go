package tunnel

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// socket is what connections and listeners have in common: an endpoint of the
// stack, and how to wait for it.
type socket struct {
	tunnel      *Tunnel
	network     string // "tcp" or "udp"
	ep          tcpip.Endpoint
	wq          *waiter.Queue
	closed      chan struct{}
	closing     sync.Once
	read, write *deadline
}

func newSocket(t *Tunnel, network string, ep tcpip.Endpoint, wq *waiter.Queue) *socket {
	return &socket{
		tunnel: t, network: network, ep: ep, wq: wq,
		closed: make(chan struct{}), read: newDeadline(), write: newDeadline(),
	}
}

// wait calls op until it does not want to wait any more. Every error but
// io.EOF is that of package net.
func (s *socket) wait(call string, d *deadline, events waiter.EventMask, op func() tcpip.Error) error {
	if err := s.ended(d); err != nil {
		return err
	}
	err := op()
	if wouldBlock(err) {
		entry, ready := waiter.NewChannelEntry(events | waiter.EventErr | waiter.EventHUp)
		s.wq.EventRegister(&entry)
		defer s.wq.EventUnregister(&entry)
		for {
			// Again, for what came before the registration.
			if err = op(); !wouldBlock(err) {
				break
			}
			select {
			case <-ready:
			case <-d.done():
				return os.ErrDeadlineExceeded
			case <-s.closed:
				return net.ErrClosed
			}
		}
	}
	if err == nil {
		return nil
	}
	if ended := s.ended(nil); ended != nil {
		return ended
	}
	if _, ok := err.(*tcpip.ErrClosedForReceive); ok {
		return io.EOF
	}
	return socketError(call, err)
}

func (s *socket) ended(d *deadline) error {
	select {
	case <-s.closed:
		return net.ErrClosed
	case <-s.tunnel.ctx.Done():
		return net.ErrClosed
	default:
	}
	if d != nil {
		select {
		case <-d.done():
			return os.ErrDeadlineExceeded
		default:
		}
	}
	return nil
}

// opError is how package net reports errors; nil and io.EOF stay what they are.
func (s *socket) opError(op string, remote net.Addr, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return &net.OpError{Op: op, Net: s.network, Source: s.LocalAddr(), Addr: remote, Err: err}
}

// Close implements net.Conn. A TCP connection sends what it has buffered and
// then its FIN, unless the tunnel closes before.
func (s *socket) Close() error {
	err := net.ErrClosed
	s.closing.Do(func() {
		close(s.closed)
		s.ep.Close()
		s.read.set(time.Time{})
		s.write.set(time.Time{})
		err = nil
	})
	if err != nil {
		return s.opError("close", nil, err)
	}
	return nil
}

// LocalAddr implements net.Conn.
func (s *socket) LocalAddr() net.Addr { return s.addr(s.ep.GetLocalAddress()) }

// RemoteAddr implements net.Conn.
func (s *socket) RemoteAddr() net.Addr { return s.addr(s.ep.GetRemoteAddress()) }

func (s *socket) addr(a tcpip.FullAddress, err tcpip.Error) net.Addr {
	if err != nil {
		return nil
	}
	return netAddr(s.network, fromFullAddress(a))
}

// SetDeadline implements net.Conn.
func (s *socket) SetDeadline(at time.Time) error {
	s.read.set(at)
	s.write.set(at)
	return nil
}

// SetReadDeadline implements net.Conn.
func (s *socket) SetReadDeadline(at time.Time) error {
	s.read.set(at)
	return nil
}

// SetWriteDeadline implements net.Conn.
func (s *socket) SetWriteDeadline(at time.Time) error {
	s.write.set(at)
	return nil
}

// tcpConn is a TCP connection.
type tcpConn struct{ *socket }

// Read implements net.Conn.
func (c *tcpConn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	var n int
	err := c.wait("read", c.read, waiter.ReadableEvents, func() tcpip.Error {
		w := tcpip.SliceWriter(b)
		result, err := c.ep.Read(&w, tcpip.ReadOptions{})
		n = result.Count
		return err
	})
	if n > 0 {
		c.ep.ModerateRecvBuf(n)
	}
	return n, c.opError("read", c.RemoteAddr(), err)
}

// Write implements net.Conn.
func (c *tcpConn) Write(b []byte) (int, error) {
	written := 0
	for written < len(b) {
		err := c.wait("write", c.write, waiter.WritableEvents, func() tcpip.Error {
			n, err := c.ep.Write(bytes.NewReader(b[written:]), tcpip.WriteOptions{})
			written += int(n)
			return err
		})
		if err != nil {
			return written, c.opError("write", c.RemoteAddr(), err)
		}
	}
	return written, nil
}

// CloseWrite sends the FIN; the connection can still be read.
func (c *tcpConn) CloseWrite() error {
	if err := c.ep.Shutdown(tcpip.ShutdownWrite); err != nil {
		return c.opError("close", c.RemoteAddr(), socketError("shutdown", err))
	}
	return nil
}

func toFullAddress(a netip.AddrPort) tcpip.FullAddress {
	full := tcpip.FullAddress{NIC: nic, Port: a.Port()}
	if !a.Addr().IsUnspecified() {
		full.Addr = tcpip.AddrFrom4(a.Addr().As4())
	}
	return full
}

func fromFullAddress(a tcpip.FullAddress) netip.AddrPort {
	ip := netip.IPv4Unspecified()
	if a.Addr.Len() == 4 {
		ip = netip.AddrFrom4(a.Addr.As4())
	}
	return netip.AddrPortFrom(ip, a.Port)
}

func netAddr(network string, a netip.AddrPort) net.Addr {
	if network == "udp" {
		return net.UDPAddrFromAddrPort(a)
	}
	return net.TCPAddrFromAddrPort(a)
}
