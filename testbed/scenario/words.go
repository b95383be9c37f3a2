package main

// preface and epilogue are what stands around the figures.
const (
	preface = `# How good the verdicts are

<!-- Written by "make eval" (go run ./testbed/scenario). Do not edit. -->

Faults are put into simulated gateways, what the collector's components would tell of them goes through the evidence table and the
engine of ` + "`pptp_correlation`" + `, and what is said is compared with what was done. Nothing here is random from run to run: the same
version gives the same figures.
`

	epilogue = `
## What this is, and what it is not

The model is in [testbed/scenario/world](../testbed/scenario/world). It knows nothing of causes and signals: a fault changes the
physical state - a filter drops GRE in one direction, a pool is empty, a server does not answer - and calls of clients and probes go through
it step by step, as RFC 2637, RFC 1661 and what is known of poptop, pppd, accel-ppp and mpd5 say. The call leaves an error at the caller,
lines in the gateway's log, packets at a flow exporter, and requests at the RADIUS server. The observers in
[testbed/scenario/observe](../testbed/scenario/observe) turn that into the metrics and events of our components; flow records go through the real
detector of gre_flow, and all of it through the real table of evidence. Gateways differ by the seed in software, number of clients and vantages,
intervals, time-outs, depth of the probes, and where the exporter stands; so do the faults.

- **The model and its noise are ours.** What it does not know of real networks, the verdicts were not tested against. The same
  people wrote the model and the codebook, though not one from the other.
- The share of the variants of a fault - a filter at the gateway or further out, one time in ten or in two - is a guess.
- Weights and rules were tuned with seeds of another range. The seeds of these figures were used for nothing else.
- The verdict of a trial is the cause that was told for longest, from the fault to half a minute after it, if that was at least 15 % of
  the time; that the right one was told in the end is not enough.
- Some variants cannot be told apart by anybody, and count as wrong: a filter on the gateway itself that drops GRE both ways looks to its own
  exporter like one that drops what leaves; a probe that sends no large packets does not see that they are lost.
- Components are checked against real ones elsewhere: [testbed/uml](../testbed/uml/README.md) injects faults into real poptop, pppd, snmpd and
  FreeRADIUS, and the built collector must name them.
`
)
