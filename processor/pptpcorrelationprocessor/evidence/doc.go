// Package evidence reads what metrics and log events say of the health of PPTP gateways: OTLP
// data in, [health.Evidence] out. It needs no running collector.
//
//	r, err := evidence.NewReader(evidence.Config{Gateways: gateways})
//	engine, err := health.New(health.Config{Gateways: evidence.HealthGateways(gateways), OnEvent: ...})
//	observe := func(ev *health.Evidence) { engine.Observe(now, ev) }
//
//	r.Metrics(now, md, observe)
//	r.Logs(now, ld, observe)
//	r.Tick(now, observe) // before each engine.Evaluate(now)
//
// What is read is a table, evidence.yaml: the name of a metric or event and attributes, to a signal of
// the codebook and one of its values. [Config].Rules adds to it. What a probe's session says of each of
// its stages, and what many sessions say together, needs memory, which the reader has: it is not
// safe for concurrent use.
package evidence
