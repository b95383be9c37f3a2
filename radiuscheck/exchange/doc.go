// Package exchange is the state of a RADIUS client: which requests are open, when to
// send one again, and what each packet that comes back is.
//
// It has neither a socket nor a clock; both are the caller's. A [Book] belongs to one
// socket and remembers the last requests under each Identifier, so that it can tell an
// answer from one that comes late, twice, from long ago, or from somebody else. An
// [Exchange] is one request with its retransmissions.
//
// An answer to a request that was sent more than once may be to any of the
// transmissions: the same bytes must be sent again (RFC 5080, section 2.2.1), so
// nothing tells them apart. The time that a server took is therefore known only if
// there was one transmission, or if each was a request of its own.
package exchange
