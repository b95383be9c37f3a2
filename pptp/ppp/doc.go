// Package ppp is the Point-to-Point Protocol of a PPTP call: the frame, packet and option codec, the option
// negotiation automaton of RFC 1661, and Link, the whole calling side of a link with LCP, authentication (package
// chap), CCP with MPPE (package mppe, RFC 3078) and IPCP (RFC 1332, RFC 1877).
//
// Nothing here has a clock, a socket or a goroutine: time and frames are passed in, frames and events are fetched.
// The Link reports what happens and enforces its Config; what of it counts as a failure is for its owner to say.
//
// Automaton is symmetric: with a Policy of its own it serves the answering side as well.
package ppp
