package snmpppp

import "github.com/otelcol-pptp/otelcol-pptp/snmpppp/walk"

// Error is the error of every function of this package that talks to an agent. Its
// Kind is out of the closed list [Kinds], and can be the value of error.type. Its text
// holds no secret and no value that an agent sent.
type Error = walk.Error

// Kind is what went wrong; the constants are in package walk.
type Kind = walk.Kind

// Kinds lists all kinds of errors.
func Kinds() []Kind { return walk.Kinds() }

// KindOf returns the kind of an error, and the empty string for nil.
func KindOf(err error) Kind { return walk.KindOf(err) }
