// Package control speaks the PPTP control connection of RFC 2637: the codec of
// its fifteen messages, a decoder for the TCP stream that carries them, and the
// state machine of the calling side (the PNS).
//
// The package does no I/O and has no clock. A caller owns the TCP connection: it
// hands received bytes to [Client.Receive], writes what [Client.NextMessage]
// returns, and passes the time in.
//
// Two habits of real networks shape it. What is sent has the exact length and
// the plain values that every server accepts, and each message is one TCP write,
// because connection tracking on the way reads only the first message of a
// segment. What is received is read with tolerance, because servers put wrong
// byte orders, wrong ids and unused fields on the wire; only a stream that can
// not be followed any more (a bad magic cookie) is an error.
package control
