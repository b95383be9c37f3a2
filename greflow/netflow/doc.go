// Package netflow decodes NetFlow v5, NetFlow v9 (RFC 3954) and IPFIX (RFC 7011)
// to [flow.Record], at the speed of memory and without trusting a byte.
//
// A template is compiled, when it arrives, to a plan: where in a record each
// value of interest ends, and a mask of its width. A record is then tested by its
// protocol and ports, and only what is about PPTP is read any further. Nothing is
// allocated for a datagram whose exporter and templates are known.
//
// NetFlow and IPFIX come over unauthenticated UDP, so templates, exporters and
// data that waits for its template are bounded in number, bytes and age.
//
// The package has no clock, no socket and no goroutine.
package netflow
