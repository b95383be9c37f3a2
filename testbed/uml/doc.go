// Package uml runs real PPTP gateways for tests: poptop, pppd and the kernel's MPPE, with net-snmp, pmacct, rsyslog and
// FreeRADIUS around them, in User-Mode Linux guests, and the real pptp-linux client in another guest.
//
// A package that uses it calls [Main] from TestMain. Main runs the test binary again in a network namespace of its own,
// which has a bridge for the guests and no route out, and removes all of it when the tests have ended, however they
// ended. Inside, tests boot guests with [StartGateway] and [StartClient], run scripts in them, read their logs from the
// host, and break them with [Gateway.Inject].
//
// It needs root, and what setup.sh installs. Where that is missing the tests skip, with one line that says what; with
// CI=true in the environment they fail instead.
package uml
