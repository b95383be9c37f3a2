// Package observe looks at gateways of package world as the components of the collector do, and tells what
// they would: the metrics and events of pptp_probe, snmp_ppp, gre_flow, pptp_log and radius, under their names.
//
// An observer knows of the world what its component could: a probe calls, an SNMP agent is asked, flow
// records go through the detector of greflow, log lines arrive when they arrive.
package observe
