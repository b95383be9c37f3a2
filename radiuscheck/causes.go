package radiuscheck

// Cause is why a check failed, or what is to be said about one that did not: the
// error.type of the telemetry.
type Cause string

// The causes.
const (
	Timeout                      Cause = "radius.timeout"
	Unreachable                  Cause = "radius.unreachable"
	Rejected                     Cause = "radius.rejected"
	BadAuthenticator             Cause = "radius.bad_authenticator"
	NoMPPEKeys                   Cause = "radius.no_mppe_keys"
	MPPEKeysUndecryptable        Cause = "radius.mppe_keys_undecryptable"
	MutualFailed                 Cause = "radius.mutual_failed"
	MessageAuthenticatorRequired Cause = "radius.message_authenticator_required"
	MessageAuthenticatorMissing  Cause = "radius.message_authenticator_missing"
	Malformed                    Cause = "radius.malformed"
	Challenge                    Cause = "radius.challenge"
	// Slow and Unsupported are warnings: the server answers.
	Slow        Cause = "radius.slow"
	Unsupported Cause = "radius.unsupported"
)

// Causes returns all causes.
func Causes() []Cause {
	return []Cause{
		Timeout, Unreachable, Rejected, BadAuthenticator, NoMPPEKeys, MPPEKeysUndecryptable, MutualFailed,
		MessageAuthenticatorRequired, MessageAuthenticatorMissing, Malformed, Challenge, Slow, Unsupported,
	}
}

// hints say what to do about a cause.
var hints = map[Cause]string{
	Timeout: "Look whether the server runs and whether it knows this host as a client: it drops what comes from unknown clients, " +
		"and what is signed with another secret, without a word.",
	Unreachable:                  "Bring the server or the way to it back; look at name, port, routes and firewalls.",
	Rejected:                     "Set the right password for the check's account, and look in the server's log for why it rejects.",
	BadAuthenticator:             "Set the same shared secret at the server and here; if it is the same, look for who else answers.",
	NoMPPEKeys:                   "Let the server send MS-MPPE-Send-Key and MS-MPPE-Recv-Key (FreeRADIUS: use_mppe = yes in the module mschap), or no client gets MPPE.",
	MPPEKeysUndecryptable:        "Look for a proxy that changes the reply, and for secrets that differ between proxies.",
	MutualFailed:                 "The server accepts without proof that it knows the password; look for a proxy or a policy that accepts everybody.",
	MessageAuthenticatorRequired: "The server drops Access-Requests without Message-Authenticator. Gateways that do not send it cannot log anybody in: let them send it, or let the server accept them without (FreeRADIUS: require_message_authenticator = no).",
	MessageAuthenticatorMissing:  "Let the server sign its replies; without that, they can be forged (CVE-2024-3596).",
	Malformed:                    "Look at what answers at this address and port.",
	Challenge:                    "The account has a second factor, which PPTP cannot ask for; give the check an account without one.",
	Slow:                         "Look at the database or directory behind the server.",
	Unsupported:                  "Switch Status-Server on (FreeRADIUS: status_server = yes), or leave status out of methods.",
}

// keysDiffer is for timeouts next to which other replies show the reason.
const keysDiffer = "The shared secret is not the same at the server and here: it answers what is not signed, with a secret that is not ours, and is silent to what is."

// noAddress is for names that cannot be resolved, deadAddress for answers that came after
// other addresses of the name had been waited for.
const (
	noAddress   = "Look at the name's record and at the resolver of this host; a server that is given by its address is checked without them."
	deadAddress = "Bring the addresses that are silent back, or take them out of the name: who asks them waits."
)

// behind is for logins without answer next to a Status-Server that has one, wantsSigned
// for such logins without Message-Authenticator.
const (
	behind      = "The server answers Status-Server, so it runs and the secret is right. Look at the database or directory behind it, and in its log."
	wantsSigned = " Or it drops what has no Message-Authenticator, which message_authenticator: compare would show."
)

// Failure is one cause with its evidence.
type Failure struct {
	Cause  Cause
	Detail string // what was seen
	Hint   string // what to do about it
}

func failure(c Cause, detail string) *Failure {
	return &Failure{Cause: c, Detail: detail, Hint: hints[c]}
}
