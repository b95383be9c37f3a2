// Package gre speaks the Enhanced GRE of PPTP (RFC 2637 section 4): the codec of
// its packets, and for each call an [Endpoint] that numbers what is sent, puts
// what is received in order, acknowledges it, and measures loss, reordering and
// round-trip time.
//
// The package does no I/O and has no clock: time is passed in. Sending and
// receiving in order allocate nothing.
//
// RFC 2637 section 4.2 has a sliding window. An Endpoint sends acknowledgements,
// since some peers stop without them, but never waits for any: the peers built on
// the Linux kernel acknowledge only when they happen to have data to send.
package gre
