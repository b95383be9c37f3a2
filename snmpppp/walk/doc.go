// Package walk reads scalars and tables of an SNMP agent through a [Requester], and
// trusts the agent in nothing: it checks every OID that it sends against the
// forbidden subtrees of package oid, every one that comes back for its place and
// order, bounds rows and requests, and adapts the size of requests to what the agent
// can answer.
//
// It has no socket, no goroutine and no clock.
package walk
