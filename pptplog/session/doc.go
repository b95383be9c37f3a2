// Package session joins the events of a log to sessions: a client's control
// connection, the call, PPP, and how it ended.
//
// What one session is about is spread over lines of several processes that write
// at the same time, and a line says of its writer no more than a process id. A
// [Tracker] follows processes, finds out which pppd works for which control
// connection, and tells of sessions that were opened, established, and closed or
// failed. It has no clock, no goroutine and no memory that grows without bound.
//
// # Which pppd belongs to which control connection
//
// poptop writes it down when all is over ("Reaping child PPP[4711]"); what pppd
// logged until then is kept as facts, not as lines. Until then there are signs,
// each with its own confidence:
//
//	1.0   the parent names its child
//	0.9   the calling number that pppd was given is the address of just one open
//	      session without a pppd
//	0.7   pppd was started within 5 seconds after just one call, and its pid
//	      follows closely
//	0.6   the calling number fits several sessions: the nearest pid
//	0.5   as 0.7, but there are several calls
//
// A stronger sign replaces a weaker one. What contradicts it is refused: a calling
// number that is not the session's address, a child that another parent has named.
// A pppd without a parent (of PPPoE, L2TP, or a client) is nobody's session.
//
// # What is said of a failure
//
// Only what the lines prove: a cause out of the closed list that the other sources of
// evidence use, such as auth.rejected, or else [Unknown], with the stage that
// was reached. Causes that other programs suffer from a first one are left out: a
// RADIUS server that does not answer makes pppd say that the user was refused.
package session
