// Package foreign tests what somebody else gets who lists a component of ours
// in a manifest of their own: a collector that is built from nothing but that
// manifest, in another module, and that works.
//
// The test compiles a collector and so has the build tag distribution.
package foreign
