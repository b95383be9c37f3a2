// Package listen receives flow exports over UDP.
//
// A [Listener] has one or several sockets on each address, reads datagrams many at
// a time, and hands them to one function. There is no queue but the receive
// buffer of the socket: what a slow function costs shows there, as drops that the
// kernel counts and [Stats] tells.
//
// Datagrams are many at a time, and drops known, on Linux only.
package listen
