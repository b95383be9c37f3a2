// Package greflow watches PPTP through flow exports: datagrams of NetFlow v5,
// NetFlow v9, IPFIX and sFlow v5 go in, changes of the state of clients and
// gateways come out.
//
// An [Engine] joins what the packages below do, each on its own: netflow and
// sflow decode, detect tells blackholes, listen has the sockets. It has no clock,
// no goroutine and no socket of its own, and is safe for concurrent use.
package greflow
