// Package chap authenticates the calling side of a PPP link: PAP (RFC 1334),
// CHAP with MD5 (RFC 1994), MS-CHAPv1 (RFC 2433) and MS-CHAPv2 (RFC 2759).
//
// It has three independent parts: the hash functions of the RFCs, the codec of
// the packets, and [Peer], the state machine of the side that proves who it is.
// Peer has no clock, no socket and no goroutine: the caller passes packets and
// the time in, and takes packets and events out.
//
// These protocols are weak by today's measure (PAP sends the password in the
// clear, the others allow an offline search for it). The package exists to speak
// to gateways that know nothing better, not to recommend them.
package chap
