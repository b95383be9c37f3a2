// Package accounting follows the sessions of a NAS by the RADIUS accounting that it
// sends (RFC 2866, RFC 2869), and says what is odd about them.
//
// It has three layers, each usable without the next:
//
//   - packet: [Parse] reads an Accounting-Request into a [Record], [Verifier] checks
//     the authenticator and makes the answer. No state, no allocation.
//   - state: [Tracker] takes records and the time, keeps the sessions, and tells what
//     happens through the callbacks of its [Config]. No clock, goroutine or socket.
//   - I/O: [Server] is a UDP socket in front of a Tracker. It answers, or is silent as
//     the target of a tee.
//
// What is sent by somebody who does not know the secret is dropped and counted before
// anything of it is looked at, and never answered; an answer is never longer than what
// it answers. The secret is the only protection that RADIUS accounting has: whoever can
// see the packets can send them again. A copy within [Config].DuplicateWindow changes nothing.
//
// # Names of people
//
// Records, sessions and callbacks carry user names and addresses as the NAS sent them. The package
// writes them nowhere. Who passes them on must hash or drop them first.
package accounting
