// Package gateway is a simulated PPTP gateway for tests and demonstrations: the
// server's (PAC's) side of RFC 2637 over a real TCP listener and a real raw GRE
// socket, with PPP, authentication, MPPE, an address pool, and a few services
// behind the tunnel: ICMP echo on any address, DNS, HTTP, TCP and UDP echo.
//
// What it does wrong is switched with [Faults], also while sessions are up; a
// catalog of named faults ([Catalog], [FaultByName]) has one for nearly every
// failure a client can meet. What it sees goes to Config.Observe, so that a test
// can assert that the client under test behaved and left nothing behind.
//
// It is no VPN server: passwords are in memory, nothing is forwarded to a real
// network, and it does on purpose what no gateway should do.
//
// In here, three layers: the session (control connection, call, PPP link) is a
// state machine without clock, socket or goroutine; conn.go and gateway.go do the
// I/O; services.go and what it calls is the world behind the tunnel.
package gateway
