// Package pptpprobe runs synthetic PPTP sessions: a complete userspace client
// that connects, calls, exchanges GRE, negotiates PPP, authenticates, encrypts,
// gets an address and sends traffic through the tunnel, measures every stage,
// and names the one cause if a stage fails.
//
// A [Probe] owns one raw GRE socket, shared by all its sessions; [Probe.Run]
// runs one session and always returns a [Result]. No kernel interface, route or
// firewall rule is touched; the only privilege needed is CAP_NET_RAW, and none
// for [DepthControl].
//
// With [Target.Hold], a session that has reached its depth is kept up and
// watched; a [Runner] establishes it again after its loss.
//
// Sessions are torn down in order whatever happened in them: LCP
// Terminate-Request, Call-Clear-Request, Stop-Control-Connection-Request.
package pptpprobe
