// Package tunnel is an IPv4 host that lives in user space, at the end of a
// point-to-point link such as PPP.
//
// It gives a measuring client what it needs to use the network behind a
// gateway - ICMP echo, TCP, UDP, name resolution and HTTP - without a kernel
// interface, a route or a privilege: packets leave through a function and come
// in through [Tunnel.Deliver]. Nothing in the package ever uses the host's own
// network, so what was measured was measured through the tunnel.
//
// TCP and UDP are gVisor's netstack. The stack is made by the first Dial or
// Listen, so a session that only answers and sends echoes holds no stack and
// one goroutine, some 5 KiB. The stack takes 23 KiB more on two processors and
// 2.4 KiB for each further one, because it starts a goroutine of TCP for each of
// GOMAXPROCS. ICMP echo does not use the stack at all: the requests are
// built here, stamped immediately before they are sent and matched as they
// arrive.
//
// The same package serves the other end of the link: a simulated gateway uses
// [WithPromiscuous] to offer services on any number of addresses behind it and
// [WithEchoReplies] to answer pings.
//
// # Limits
//
// What the peer sends is not trusted. Every queue has a bound: 64 packets wait
// to be sent, 64 echo requests can be outstanding, 4 datagrams of at most 8 KiB
// can be in reassembly, each for 15 s, and the buffers of a connection are those
// of [WithTCPBuffers]. What exceeds a bound is dropped and counted in [Stats].
package tunnel
