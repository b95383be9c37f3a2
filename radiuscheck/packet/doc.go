// Package packet reads and writes RADIUS packets (RFC 2865, RFC 2866, RFC 2868,
// RFC 2869, RFC 5997), and checks what protects them.
//
// It knows the wire only: no socket, no clock, no state between packets. A [Packet]
// that [Parse] returns is a view of the caller's bytes. Requests are written by a
// [Builder], which puts Message-Authenticator first, as the defence against forged
// replies that are built by MD5 collision (CVE-2024-3596) wants it.
package packet
