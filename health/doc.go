// Package health makes one verdict per PPTP gateway out of evidence from probes,
// SNMP, flow records, logs and RADIUS: whether it works, and if not, why, how sure
// that is, and what speaks for and against it.
//
// # Use
//
// An [Engine] is fed with [Engine.Observe] and asked to judge by [Engine.Evaluate],
// every [Config].Interval. It tells changes through [Config].OnEvent, and how all
// gateways are through [Engine.Verdicts]. It has no clock, no goroutine and no lock:
// time is passed in, and callers that share an engine guard it.
//
//	Observe(now, *Evidence) Outcome     one observation; counted by its outcome
//	Evaluate(now)                       verdicts, events, incidents
//	Verdict(id), Verdicts(yield)        each with its contributions
//	Incidents(), EvidenceAge(id, now), Stats()
//	AddWindow(w), RemoveWindow(name)    maintenance while running
//	Save(w), Load(r, now)               what a restart must not lose
//
// What evidence can be about, and which causes it speaks for, is in the [Codebook]: a YAML
// file that a person can read ([DefaultYAML]) and extend ([Codebook.Extend]).
// [Codebook.Signals] and [Codebook.Causes] list it for those who map telemetry to
// evidence, or write documentation.
//
// # From evidence to a verdict
//
// Of each signal, source and vantage the newest three rounds are kept. Evidence counts for its
// time to live; after that the signal is unknown, never ok. A stage that was not
// reached since an earlier one failed is unknown, too, and one that the same session got past did
// not fail. What comes at intervals is bad when two of its last three rounds are. Of the
// vantages of a probe half must see a failure, two at least. With one vantage that one is
// believed, but causes in the network stay below a confidence of 0.7. A vantage to which most gateways fail, while others see them work, is
// itself the culprit, and not listened to. For other signals the majority of the sources
// counts, and a draw says nothing.
//
// No single observation opens an incident. Two must speak for a cause, of the same signal or
// of several, and all three rounds of a signal that speaks alone; the codebook says which
// events are sure by themselves.
//
// The score of a cause is its prior, times a noisy-or of the evidence that speaks for it,
// times what each contradiction leaves; see the head of the codebook. Causes for which the
// same evidence speaks compete; what another cause explains is not told beside it. The confidence
// grows with the share of the cause's evidence that is known (coverage) and with the
// distance to the next cause (margin).
//
// A state changes only when several evaluations agree, or two sources do; a cause only when another
// is clearly likelier, twice. Gateways that change too often are flapping.
// Gateways that share something - a RADIUS server, a vantage - and fail likewise point to one
// incident by [Verdict].ExplainedBy.
//
// # Bounds
//
// Gateways, items of each, vantages and added windows have a bound, and [Stats] shows how full
// they are and what had to go. As long as nothing overflows, the same evidence gives
// the same verdicts, whatever its order.
package health
