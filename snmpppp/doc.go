// Package snmpppp asks the SNMP agents of PPTP gateways what they know of PPP
// sessions and tunnels.
//
// The exported API of this package and of its subpackages profile and snapshot is
// complete: a receiver can be built on it.
//
//   - [Target] is an agent, with [Target.Validate] and defaults; [Auth] are its
//     credentials for SNMPv1, v2c and v3.
//   - [Poller] polls one agent: [Poller.Poll] returns a [snapshot.Snapshot]. It finds
//     out by itself what the agent offers, and remembers it.
//   - [snapshot.Tracker] follows the snapshots of an agent: its Observe returns a
//     [snapshot.Delta] with the events of sessions and of the gateway, and counters
//     that only grow, with the time of their start.
//   - [Fleet] polls thousands of agents, each at its own interval, with a bound of polls
//     at the same time, and calls back with a [Result] for each.
//   - Every failure is an [*Error] with a [Kind] out of the closed list [Kinds].
//   - What to ask for is in profiles (package profile): those of the module, and those
//     that a user adds.
//
// Nothing is ever written to an agent. Secrets and controls that some agents show are
// not read: see package oid.
//
// # Layers
//
// Package oid and package walk read objects and tables over an interface of one
// method; they have no socket. Package profile and package snapshot turn what was read
// into one form for all vendors; they have no clock. This package has sockets, time
// and goroutines.
package snmpppp
