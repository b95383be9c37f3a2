//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package radiusreceiver checks RADIUS servers as a PPTP gateway uses them, reads the
// statistics of FreeRADIUS, and listens to accounting.
package radiusreceiver
