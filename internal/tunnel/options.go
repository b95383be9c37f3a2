package tunnel

import "net/netip"

// Defaults of a connection's buffers. A window of 64 KiB carries 5 Mbit/s at a
// round-trip time of 100 ms; the memory is used only for what the application
// has not read or the peer has not acknowledged.
const (
	DefaultReceiveBuffer = 64 << 10
	DefaultSendBuffer    = 32 << 10

	minBuffer = 4 << 10
	maxBuffer = 4 << 20
)

// Option changes what New makes.
type Option func(*options)

type options struct {
	promiscuous bool
	echo        bool
	echoMatch   func(netip.Addr) bool
	receive     int
	send        int
}

// WithPromiscuous accepts packets for every unicast address, and lets
// ListenTCP and ListenUDP use any address: the tunnel is then a whole network,
// not a host. Connections to ports nobody listens on are refused, on every
// address.
func WithPromiscuous() Option {
	return func(o *options) { o.promiscuous = true }
}

// WithEchoReplies answers ICMP echo requests. match chooses the destinations
// that answer; it is called from Deliver and must be safe for concurrent use.
// With a nil match these are the tunnel's own address and, with
// WithPromiscuous, every other one. Without this option echo requests are
// dropped.
func WithEchoReplies(match func(dst netip.Addr) bool) Option {
	return func(o *options) { o.echo, o.echoMatch = true, match }
}

// WithTCPBuffers sets the most bytes a TCP connection buffers for the
// application to read and for the peer to acknowledge, each 4 KiB to 4 MiB;
// values outside are brought to the nearest bound. The receive buffer limits
// the throughput to one buffer a round-trip time.
func WithTCPBuffers(receive, send int) Option {
	return func(o *options) {
		o.receive = min(max(receive, minBuffer), maxBuffer)
		o.send = min(max(send, minBuffer), maxBuffer)
	}
}
