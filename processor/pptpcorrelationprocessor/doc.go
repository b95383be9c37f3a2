//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package pptpcorrelationprocessor reads evidence of the health of PPTP gateways out of the metrics and
// log events that pass, and adds one verdict for each gateway: whether it works, and if not, why.
package pptpcorrelationprocessor
