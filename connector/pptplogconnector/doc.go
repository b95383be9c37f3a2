//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package pptplogconnector reads what PPTP gateways log, and tells what became of every
// session, as log events and as metrics.
package pptplogconnector
