//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package greflowreceiver listens for NetFlow, IPFIX and sFlow, and reports for
// each PPTP gateway whether the GRE traffic of its clients goes both ways.
package greflowreceiver
