package tunnel

import (
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

// acceptBacklog bounds the connections that wait for Accept.
const acceptBacklog = 64

// ListenTCP accepts connections that come in through the tunnel. The address is
// the tunnel's own, 0.0.0.0 for each that it accepts packets for, or with
// WithPromiscuous any other; a port of 0 chooses a free one.
func (t *Tunnel) ListenTCP(addr netip.AddrPort) (net.Listener, error) {
	wq := new(waiter.Queue)
	ep, err := t.bind(tcp.ProtocolNumber, wq, addr)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: netAddr("tcp", addr), Err: err}
	}
	return &listener{newSocket(t, "tcp", ep, wq)}, nil
}

// ListenUDP makes a UDP socket with a fixed local address, under the rules of
// ListenTCP. What it sends comes from that address, and from the tunnel's own
// when that is 0.0.0.0, so a service on many addresses needs a socket for each.
func (t *Tunnel) ListenUDP(addr netip.AddrPort) (net.PacketConn, error) {
	wq := new(waiter.Queue)
	ep, err := t.bind(udp.ProtocolNumber, wq, addr)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: "udp", Addr: netAddr("udp", addr), Err: err}
	}
	return &udpConn{socket: newSocket(t, "udp", ep, wq)}, nil
}

// bind makes an endpoint with a local address; one of TCP listens.
func (t *Tunnel) bind(transport tcpip.TransportProtocolNumber, wq *waiter.Queue, addr netip.AddrPort) (ep tcpip.Endpoint, err error) {
	a := addr.Addr().Unmap()
	switch {
	case !a.Is4():
		return nil, syscall.EAFNOSUPPORT
	case !a.IsUnspecified() && a != t.local && !(t.opts.promiscuous && unicast(a)):
		return nil, syscall.EADDRNOTAVAIL
	}
	err = t.withStack(func(s *stack.Stack) error {
		var failure tcpip.Error
		if ep, failure = s.NewEndpoint(transport, ipv4.ProtocolNumber, wq); failure != nil {
			return socketError("socket", failure)
		}
		if failure = ep.Bind(toFullAddress(netip.AddrPortFrom(a, addr.Port()))); failure != nil {
			ep.Close()
			return socketError("bind", failure)
		}
		if transport == udp.ProtocolNumber {
			return nil
		}
		if failure = ep.Listen(acceptBacklog); failure != nil {
			ep.Close()
			return socketError("listen", failure)
		}
		return nil
	})
	return ep, err
}

// listener is a net.Listener.
type listener struct{ *socket }

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	var ep tcpip.Endpoint
	var wq *waiter.Queue
	err := l.wait("accept", l.read, waiter.ReadableEvents, func() (err tcpip.Error) {
		ep, wq, err = l.ep.Accept(nil)
		return err
	})
	if err != nil {
		return nil, l.opError("accept", nil, err)
	}
	return &tcpConn{newSocket(l.tunnel, "tcp", ep, wq)}, nil
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return l.LocalAddr() }
