// Package radius runs a real FreeRADIUS on loopback, with a configuration of its own and
// a virtual server for each thing that can be wrong with one. The tests need the build
// tag "real", and what setup.sh fetches.
package radius
