// Package snmp runs the SNMP agent of net-snmp for tests: a private snmpd in the
// foreground, on loopback, at a port of its own, with a configuration, users and
// tables that the test chooses. Tables of other vendors come out of files, through
// snmpd's pass_persist.
//
// Tests with it have the build tag real. They take snmpd from SNMPD, from the path, or
// out of the root file system of testbed/uml. An agent that needs nothing is in
// package agent.
package snmp
