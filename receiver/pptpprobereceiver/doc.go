//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package pptpprobereceiver runs synthetic PPTP sessions on a schedule and
// reports each as metrics, log events and a trace.
package pptpprobereceiver
