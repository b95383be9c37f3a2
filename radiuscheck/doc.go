// Package radiuscheck checks RADIUS servers the way the NAS of a PPTP gateway uses them,
// and says what is wrong.
//
// A [Checker] is for one server. A round of it asks with every method of its [Config]:
// Status-Server (RFC 5997), and Access-Requests with PAP, CHAP or MS-CHAPv2. Of the
// last, the answer must prove that the server knows the password (RFC 2759), and must
// carry the keys without which MPPE, and so most PPTP clients, cannot work (RFC 2548).
// Every [Result] has at most one [Failure], whose cause is one of [Causes].
//
// Requests are sent again as a NAS would; how often is told, and never hidden in the
// time that the server took. Replies that are forged, late, doubled or replayed are
// counted, and nothing else is done with them.
//
// A host name may stand for several addresses. They are asked in the order of the
// system's resolver until one answers, which then has all requests, for as long as it does.
//
// A password that was rejected is not tried again before [Config].RejectedInterval has
// passed, so that a check never locks an account that it is to watch.
//
// The layers below can be used by themselves: package packet is the wire format,
// exchange the state of a client without socket and clock, freeradius the statistics of
// that server, accounting the other direction.
package radiuscheck
