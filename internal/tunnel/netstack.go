package tunnel

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

const (
	nic = 1

	// queueLen bounds the packets that wait for send. It holds a whole send
	// buffer of one connection and what else is going on.
	queueLen = 64

	udpBuffer = 32 << 10

	// A session lives for seconds and takes its addresses with it, so there is
	// no later connection that TIME-WAIT would protect (RFC 9293 §3.6.1), but
	// an endpoint that waits for it holds the whole stack.
	timeWait = time.Second
	linger   = 5 * time.Second
)

// link is the interface of the stack: a queue that the pump empties.
type link struct {
	*channel.Endpoint
	dropped atomic.Uint64
}

// WritePackets implements stack.LinkWriter.
func (l *link) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	n, err := l.Endpoint.WritePackets(pkts)
	l.dropped.Add(uint64(pkts.Len() - n))
	return n, err
}

// enqueue copies a whole packet into the queue; false: it is full.
func (l *link) enqueue(packet []byte) bool {
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(packet)})
	defer pkt.DecRef()
	var list stack.PacketBufferList
	list.PushBack(pkt)
	n, err := l.WritePackets(list)
	return n == 1 && err == nil
}

// inject copies a packet into the stack, if there is one.
func (l *link) inject(packet []byte) {
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(packet)})
	l.InjectInbound(header.IPv4ProtocolNumber, pkt)
	pkt.DecRef()
}

// randSource is the runtime's generator as the stack wants it; the standard
// one costs 5 KiB a stack.
type randSource struct{}

func (randSource) Int63() int64 { return rand.Int64() } //nolint:gosec // ports and the like inside the tunnel, not secrets
func (randSource) Seed(int64)   {}

// newStack makes the TCP/IP stack of a tunnel.
func newStack(l *link, local netip.Addr, o *options) (*stack.Stack, error) {
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol},
		RandSource:         randSource{},
		// No packet filter: without rules the stack never looks at the tables,
		// and the default ones, which accept everything, take 6 KiB.
		IPTables: &stack.IPTables{},
	})
	if err := configure(s, l, local, o); err != nil {
		s.Destroy()
		return nil, err
	}
	return s, nil
}

func configure(s *stack.Stack, l *link, local netip.Addr, o *options) error {
	sack := tcpip.TCPSACKEnabled(true)
	receive := tcpip.TCPReceiveBufferSizeRangeOption{Min: minBuffer, Default: max(minBuffer, o.receive/2), Max: o.receive}
	send := tcpip.TCPSendBufferSizeRangeOption{Min: minBuffer, Default: o.send, Max: o.send}
	wait, fin := tcpip.TCPTimeWaitTimeoutOption(timeWait), tcpip.TCPLingerTimeoutOption(linger)
	for _, option := range []tcpip.SettableTransportProtocolOption{&sack, &receive, &send, &wait, &fin} {
		if err := s.SetTransportProtocolOption(tcp.ProtocolNumber, option); err != nil {
			return fmt.Errorf("set tcp option %T: %s", option, err)
		}
	}
	for _, option := range []any{
		tcpip.ReceiveBufferSizeOption{Min: minBuffer, Default: udpBuffer, Max: udpBuffer},
		tcpip.SendBufferSizeOption{Min: minBuffer, Default: udpBuffer, Max: udpBuffer},
	} {
		if err := s.SetOption(option); err != nil {
			return fmt.Errorf("set stack option %T: %s", option, err)
		}
	}

	if err := s.CreateNIC(nic, l); err != nil {
		return fmt.Errorf("create interface: %s", err)
	}
	address := tcpip.ProtocolAddress{
		Protocol:          ipv4.ProtocolNumber,
		AddressWithPrefix: tcpip.AddrFrom4(local.As4()).WithPrefix(),
	}
	if err := s.AddProtocolAddress(nic, address, stack.AddressProperties{}); err != nil {
		return fmt.Errorf("add address %s: %s", local, err)
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic}})
	if !o.promiscuous {
		return nil
	}
	if err := s.SetPromiscuousMode(nic, true); err != nil {
		return fmt.Errorf("accept every address: %s", err)
	}
	if err := s.SetSpoofing(nic, true); err != nil {
		return fmt.Errorf("use every address: %s", err)
	}
	return nil
}

// closeStack ends all connections and goroutines of a stack. Connections are
// reset, and the resets are in the link's queue when it returns.
func closeStack(s *stack.Stack) {
	s.Close()
	s.TransportProtocolInstance(tcp.ProtocolNumber).Wait()
	// A connection that was being accepted while the first Close ran is not in
	// the list that it went through. Now nothing makes new ones. (Stack.Wait
	// would wait for such a connection for ever.)
	s.Close()
	s.RemoveNIC(nic)
}
