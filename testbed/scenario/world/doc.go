// Package world is PPTP gateways as they are: hosts, daemons, networks, RADIUS servers, and the clients that call
// them. It says what happens, and what each party to it could see; it knows nothing of verdicts, or of what observers make of it.
//
// A fault is a change of the physical state ([Faults]): a filter that drops GRE, a pool that is empty, a server that
// is slow. What a caller, a log, an exporter or a RADIUS server then sees follows from going through a call step by step
// ([Gateway.call]), as RFC 2637 and what is published about poptop, pppd and accel-ppp say that it goes. The same
// way of looking makes what happened and what was seen agree with each other, as they do in a network.
//
// Time comes in steps of [Step], and chance from a generator with a seed: the same seed is the same world.
package world
