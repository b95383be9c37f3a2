package tunnel

import (
	"context"
	"net"
	"net/netip"
	"syscall"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// DialTCP connects through the tunnel. Errors are *net.OpError; errors.Is finds
// in them ECONNREFUSED (a reset, or "port unreachable"), EHOSTUNREACH and
// ENETUNREACH (what routers report), ETIMEDOUT (the stack gave up, after some
// two minutes), the context's own error, and net.ErrClosed.
func (t *Tunnel) DialTCP(ctx context.Context, dst netip.AddrPort) (net.Conn, error) {
	s, err := t.dialTCP(ctx, dst)
	if err != nil {
		return nil, dialError("tcp", dst, err)
	}
	return &tcpConn{s}, nil
}

func (t *Tunnel) dialTCP(ctx context.Context, dst netip.AddrPort) (*socket, error) {
	dst, err := destination(dst)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	wq := new(waiter.Queue)
	entry, ready := waiter.NewChannelEntry(waiter.WritableEvents | waiter.EventErr | waiter.EventHUp)
	wq.EventRegister(&entry)
	defer wq.EventUnregister(&entry)
	ep, err := t.connect(tcp.ProtocolNumber, wq, dst)
	if err != nil {
		return nil, err
	}

	select {
	case <-ready:
	case <-ctx.Done():
		ep.Close()
		return nil, ctx.Err()
	}
	if failure := ep.LastError(); failure != nil {
		ep.Close()
		return nil, socketError("connect", failure)
	}
	return newSocket(t, "tcp", ep, wq), nil
}

// DialUDP makes a UDP socket that talks to dst alone; nothing is sent yet. An
// ICMP "port unreachable" for what it sends is ECONNREFUSED from the next Read
// or Write.
func (t *Tunnel) DialUDP(ctx context.Context, dst netip.AddrPort) (net.Conn, error) {
	addr, err := destination(dst)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, dialError("udp", dst, err)
	}
	wq := new(waiter.Queue)
	ep, err := t.connect(udp.ProtocolNumber, wq, addr)
	if err != nil {
		return nil, dialError("udp", dst, err)
	}
	return &udpConn{socket: newSocket(t, "udp", ep, wq), connected: true}, nil
}

// connect makes an endpoint and starts to connect it.
func (t *Tunnel) connect(transport tcpip.TransportProtocolNumber, wq *waiter.Queue, dst netip.AddrPort) (ep tcpip.Endpoint, err error) {
	err = t.withStack(func(s *stack.Stack) error {
		var failure tcpip.Error
		if ep, failure = s.NewEndpoint(transport, ipv4.ProtocolNumber, wq); failure != nil {
			return socketError("socket", failure)
		}
		failure = ep.Connect(toFullAddress(dst))
		if _, started := failure.(*tcpip.ErrConnectStarted); failure == nil || started {
			return nil
		}
		ep.Close()
		return socketError("connect", failure)
	})
	return ep, err
}

// destination checks where to send.
func destination(dst netip.AddrPort) (netip.AddrPort, error) {
	a := dst.Addr().Unmap()
	switch {
	case !a.Is4():
		return dst, syscall.EAFNOSUPPORT
	case !unicast(a):
		return dst, syscall.ENETUNREACH
	case dst.Port() == 0:
		return dst, syscall.EADDRNOTAVAIL
	}
	return netip.AddrPortFrom(a, dst.Port()), nil
}

func dialError(network string, dst netip.AddrPort, err error) error {
	return &net.OpError{Op: "dial", Net: network, Addr: netAddr(network, dst), Err: err}
}
