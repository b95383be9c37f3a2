package walk

import (
	"errors"
	"slices"
)

// Kind is what went wrong, out of a closed list: a receiver can use it as the value
// of the attribute error.type.
type Kind string

// The kinds of errors.
const (
	KindTimeout        Kind = "timeout"              // no answer in time; a wrong community looks the same, because agents stay silent
	KindRefused        Kind = "refused"              // ICMP port unreachable, or a TCP reset
	KindUnreachable    Kind = "unreachable"          // no way to the host
	KindResolve        Kind = "resolve"              // the name has no address
	KindCanceled       Kind = "canceled"             // the caller's context ended
	KindBudget         Kind = "budget_exceeded"      // the time or the number of requests for one poll is used up
	KindUnknownUser    Kind = "unknown_user"         // usmStatsUnknownUserNames
	KindWrongDigest    Kind = "wrong_digest"         // usmStatsWrongDigests, or an answer that is not authentic: the passphrase or protocol is wrong
	KindNotInTime      Kind = "not_in_time_window"   // usmStatsNotInTimeWindows, twice
	KindDecryption     Kind = "decryption"           // usmStatsDecryptionErrors, or an answer that cannot be decrypted
	KindSecurityLevel  Kind = "unsupported_security" // usmStatsUnsupportedSecLevels, or an unknown security model
	KindUnknownEngine  Kind = "unknown_engine_id"    // usmStatsUnknownEngineIDs, twice, or an engine id that is none
	KindUnknownContext Kind = "unknown_context"      // snmpUnknownContexts, snmpUnavailableContexts
	KindAccess         Kind = "access_denied"        // noAccess or authorizationError: the view of the user does not hold the object
	KindAgent          Kind = "agent_error"          // genErr and the like
	KindTooBig         Kind = "too_big"              // tooBig, even for one object
	KindMalformed      Kind = "malformed"            // an answer that does not parse, or answers another request
	KindEmpty          Kind = "empty_response"       // an answer without a variable
	KindNonIncreasing  Kind = "non_increasing"       // an OID that is not after the one before: the agent loops
	KindTooManyRows    Kind = "too_many_rows"        // the bound of rows is reached
	KindWrongType      Kind = "wrong_type"           // cells whose type is not the one of the object
	KindIncomplete     Kind = "incomplete"           // fewer rows than the agent's own count of them
	KindForbidden      Kind = "forbidden"            // not sent: a forbidden subtree
	KindUnsupported    Kind = "unsupported"          // the agent has none of the tables
)

var kinds = []Kind{KindTimeout, KindRefused, KindUnreachable, KindResolve, KindCanceled, KindBudget, KindUnknownUser,
	KindWrongDigest, KindNotInTime, KindDecryption, KindSecurityLevel, KindUnknownEngine, KindUnknownContext, KindAccess,
	KindAgent, KindTooBig, KindMalformed, KindEmpty, KindNonIncreasing, KindTooManyRows, KindWrongType, KindIncomplete,
	KindForbidden, KindUnsupported}

// Kinds lists all kinds of errors.
func Kinds() []Kind { return slices.Clone(kinds) }

// Fatal says whether the rest of a poll is pointless after an error of this kind:
// the agent, or the way to it, is what failed, not one table.
func (k Kind) Fatal() bool {
	switch k {
	case KindRefused, KindUnreachable, KindResolve, KindCanceled, KindBudget, KindUnknownUser, KindWrongDigest, KindNotInTime,
		KindDecryption, KindSecurityLevel, KindUnknownEngine, KindUnknownContext:
		return true
	}
	return false
}

// Error is the one type of error of a poll. Its text names no secret: no community,
// no passphrase, and no value that an agent sent.
type Error struct {
	Kind Kind
	What string // the table, the scalar or the request in question, for people
	Err  error  // the cause; may be nil
}

func (e *Error) Error() string {
	s := string(e.Kind)
	if e.What != "" {
		s = e.What + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is(err, &Error{Kind: k}) compare kinds.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error) // errors.Is unwraps: this compares one link
	return ok && t.Kind == e.Kind && t.What == "" && t.Err == nil
}

// KindOf returns the kind of err: the empty string for nil, malformed for an error
// that is not an [Error].
func KindOf(err error) Kind {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind
	}
	return KindMalformed
}
