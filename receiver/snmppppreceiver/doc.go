//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package snmppppreceiver polls the SNMP agents of PPTP gateways, and reports
// what they know of PPP sessions and tunnels as metrics, and what has changed
// as log events.
package snmppppreceiver
