package snmppppreceiver

import (
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
)

// maxLabels bounds the parts of one measure: they come from the agent.
const maxLabels = 1000

// sink is where a measure goes. Of one without label the parts are added up.
type sink struct {
	label  bool
	record func(r *recorder, label string, v float64)
}

// each is a sink for every part, all one for their sum.
func each(f func(r *recorder, label string, v float64)) sink { return sink{label: true, record: f} }
func all(f func(r *recorder, v int64)) sink {
	return sink{record: func(r *recorder, _ string, v float64) { f(r, int64(v)) }}
}

// gaugeSinks are the measures that go up and down. Those that tell of sessions,
// tunnels and processes are joined with what else does, in the files of these names.
var gaugeSinks = map[string]sink{
	"sessions.max": all(func(r *recorder, v int64) { r.mb.RecordPptpSessionsMaxDataPoint(r.ts, v) }),
	"sessions.all": each(func(r *recorder, l string, v float64) {
		r.mb.RecordPppSessionsDataPoint(r.ts, int64(v), labelled(l)...)
	}),
	"users.active":    all(func(r *recorder, v int64) { r.mb.RecordPppUsersDataPoint(r.ts, v) }),
	"tunnels.max":     all(func(r *recorder, v int64) { r.mb.RecordPptpTunnelsMaxDataPoint(r.ts, v) }),
	"auth.declined":   all(func(r *recorder, v int64) { r.mb.RecordPptpAuthDeclinedDataPoint(r.ts, v) }),
	"auth.round_trip": each(func(r *recorder, l string, v float64) { r.mb.RecordPptpAuthRoundTripDataPoint(r.ts, v, server(l)...) }),
	"pool.used": each(func(r *recorder, l string, v float64) {
		r.mb.RecordPptpIPPoolUsageDataPoint(r.ts, int64(v), l, metadata.AttributePptpIPPoolStateUsed)
	}),
	"pool.free": each(func(r *recorder, l string, v float64) {
		r.mb.RecordPptpIPPoolUsageDataPoint(r.ts, int64(v), l, metadata.AttributePptpIPPoolStateFree)
	}),
	"pool.high_water": each(func(r *recorder, l string, v float64) { r.mb.RecordPptpIPPoolUsageMaxDataPoint(r.ts, int64(v), l) }),
	"links.opened": each(func(r *recorder, l string, v float64) {
		r.mb.RecordPppLinksDataPoint(r.ts, int64(v), metadata.AttributePppLinkStateOpened, l)
	}),
	"cpu.utilization": each(func(r *recorder, l string, v float64) {
		r.mb.RecordSystemCPUUtilizationDataPoint(r.ts, v, labelled(l)...)
	}),
	"cpu.load":    each(func(r *recorder, l string, v float64) { r.mb.RecordSystemCPULoadAverageDataPoint(r.ts, v, l) }),
	"memory.used": each((*recorder).memoryUsed),
	"memory.free": each(func(r *recorder, l string, v float64) {
		r.mb.RecordSystemMemoryUsageDataPoint(r.ts, int64(v), metadata.AttributeSystemMemoryStateFree, labelled(l)...)
	}),
	"memory.total": each(func(r *recorder, l string, v float64) {
		r.mb.RecordSystemMemoryLimitDataPoint(r.ts, int64(v), labelled(l)...)
	}),
	"process.min": each(func(r *recorder, l string, v float64) {
		r.mb.RecordPptpProcessLimitDataPoint(r.ts, int64(v), metadata.AttributePptpProcessBoundMin, l)
	}),
	"process.max": each(func(r *recorder, l string, v float64) {
		r.mb.RecordPptpProcessLimitDataPoint(r.ts, int64(v), metadata.AttributePptpProcessBoundMax, l)
	}),
	"process.alert":   each(func(r *recorder, l string, v float64) { r.mb.RecordPptpProcessAlertDataPoint(r.ts, one(v != 0), l) }),
	"daemon.uptime":   each(func(r *recorder, l string, v float64) { r.mb.RecordPptpDaemonUptimeDataPoint(r.ts, v, l) }),
	"tcp.established": all(func(r *recorder, v int64) { r.mb.RecordTCPConnectionsEstablishedDataPoint(r.ts, v) }),
	"extend.result":   each(func(r *recorder, l string, v float64) { r.mb.RecordSnmpExtendResultDataPoint(r.ts, v, labelled(l)...) }),
}

// counterSinks are the measures that only grow.
var counterSinks = map[string]sink{
	"sessions.opened": all(func(r *recorder, v int64) {
		r.mb.RecordPptpSessionSetupsDataPoint(r.ts, v, metadata.AttributePptpSetupResultSuccess)
	}),
	"sessions.failed": all(func(r *recorder, v int64) {
		r.mb.RecordPptpSessionSetupsDataPoint(r.ts, v, metadata.AttributePptpSetupResultFailure)
	}),
	"sessions.all.opened": each(func(r *recorder, l string, v float64) {
		r.mb.RecordPppSessionsOpenedDataPoint(r.ts, int64(v), labelled(l)...)
	}),
	"sessions.all.closed": each(func(r *recorder, l string, v float64) {
		r.mb.RecordPppSessionsClosedDataPoint(r.ts, int64(v), labelled(l)...)
	}),
	"tunnels.opened": all(func(r *recorder, v int64) {
		r.mb.RecordPptpTunnelSetupsDataPoint(r.ts, v, metadata.AttributePptpSetupResultSuccess)
	}),
	"tunnels.failed": all(func(r *recorder, v int64) {
		r.mb.RecordPptpTunnelSetupsDataPoint(r.ts, v, metadata.AttributePptpSetupResultFailure)
	}),
	"connections.attempted": connection(metadata.AttributePptpConnectionResultAttempted),
	"connections.succeeded": connection(metadata.AttributePptpConnectionResultSucceeded),
	"connections.failed":    connection(metadata.AttributePptpConnectionResultFailed),
	"connections.denied":    connection(metadata.AttributePptpConnectionResultDenied),
	"auth.requests":         auth(metadata.AttributePptpAuthResultSent),
	"auth.accepted":         auth(metadata.AttributePptpAuthResultAccepted),
	"auth.rejected":         auth(metadata.AttributePptpAuthResultRejected),
	"auth.timeouts":         auth(metadata.AttributePptpAuthResultTimeout),
	"auth.retransmits":      auth(metadata.AttributePptpAuthResultRetransmitted),
	"auth.errors":           each((*recorder).authErrors),
	"acct.requests":         accounting(metadata.AttributePptpAccountingResultSent),
	"acct.responses":        accounting(metadata.AttributePptpAccountingResultAnswered),
	"acct.timeouts":         accounting(metadata.AttributePptpAccountingResultTimeout),
	"acct.retransmits":      accounting(metadata.AttributePptpAccountingResultRetransmitted),
	"gre.ack_timeouts":      anomaly(metadata.AttributePptpGreAnomalyAckTimeout),
	"gre.out_of_window":     anomaly(metadata.AttributePptpGreAnomalyOutOfWindow),
	"gre.out_of_sequence":   anomaly(metadata.AttributePptpGreAnomalyOutOfSequence),
	"control.octets_in": all(func(r *recorder, v int64) {
		r.mb.RecordPptpControlIoDataPoint(r.ts, v, metadata.AttributeNetworkIoDirectionReceive)
	}),
	"control.octets_out": all(func(r *recorder, v int64) {
		r.mb.RecordPptpControlIoDataPoint(r.ts, v, metadata.AttributeNetworkIoDirectionTransmit)
	}),
	"control.packets_in": all(func(r *recorder, v int64) {
		r.mb.RecordPptpControlPacketsDataPoint(r.ts, v, metadata.AttributeNetworkIoDirectionReceive)
	}),
	"control.packets_out": all(func(r *recorder, v int64) {
		r.mb.RecordPptpControlPacketsDataPoint(r.ts, v, metadata.AttributeNetworkIoDirectionTransmit)
	}),
	"control.drops_in": all(func(r *recorder, v int64) { r.mb.RecordPptpControlDroppedDataPoint(r.ts, v) }),
	"control.errors": each(func(r *recorder, l string, v float64) {
		r.mb.RecordPptpControlErrorsDataPoint(r.ts, int64(v), errorType(l)...)
	}),
	"cpu.time": each((*recorder).cpuTime),
	"tcp.accepted": all(func(r *recorder, v int64) {
		r.mb.RecordTCPConnectionsDataPoint(r.ts, v, metadata.AttributeTCPConnectionResultAccepted)
	}),
	"tcp.attempts_failed": all(func(r *recorder, v int64) {
		r.mb.RecordTCPConnectionsDataPoint(r.ts, v, metadata.AttributeTCPConnectionResultFailed)
	}),
	"tcp.resets": all(func(r *recorder, v int64) {
		r.mb.RecordTCPConnectionsDataPoint(r.ts, v, metadata.AttributeTCPConnectionResultReset)
	}),
}

func connection(result metadata.AttributePptpConnectionResult) sink {
	return each(func(r *recorder, l string, v float64) {
		r.mb.RecordPptpConnectionRequestsDataPoint(r.ts, int64(v), result, errorType(l)...)
	})
}

func auth(result metadata.AttributePptpAuthResult) sink {
	return each(func(r *recorder, l string, v float64) {
		r.mb.RecordPptpAuthRequestsDataPoint(r.ts, int64(v), result, server(l)...)
	})
}

func accounting(result metadata.AttributePptpAccountingResult) sink {
	return each(func(r *recorder, l string, v float64) {
		r.mb.RecordPptpAccountingRequestsDataPoint(r.ts, int64(v), result, server(l)...)
	})
}

func anomaly(what metadata.AttributePptpGreAnomaly) sink {
	return all(func(r *recorder, v int64) { r.mb.RecordPptpGreAnomaliesDataPoint(r.ts, v, what) })
}

func labelled(label string) []metadata.MetricAttributeOption {
	return optional(metadata.WithSnmpLabelMetricAttribute, label)
}

func server(label string) []metadata.MetricAttributeOption {
	return optional(metadata.WithPptpAuthServerMetricAttribute, label)
}

// authErrors has the kind of error before the server in its label.
func (r *recorder) authErrors(label string, v float64) {
	kind, who, _ := strings.Cut(label, " ")
	options := append(errorType(kind), server(who)...)
	r.mb.RecordPptpAuthRequestsDataPoint(r.ts, int64(v), metadata.AttributePptpAuthResultError, options...)
}

// memoryUsed knows what is not really in use.
func (r *recorder) memoryUsed(label string, v float64) {
	state := metadata.AttributeSystemMemoryStateUsed
	switch label {
	case "buffers":
		state, label = metadata.AttributeSystemMemoryStateBuffers, ""
	case "cache":
		state, label = metadata.AttributeSystemMemoryStateCached, ""
	}
	r.mb.RecordSystemMemoryUsageDataPoint(r.ts, int64(v), state, labelled(label)...)
}

// cpuModes are what the conventions call the modes of UCD-SNMP-MIB.
var cpuModes = map[string]string{"wait": "iowait", "softirq": "interrupt"}

func (r *recorder) cpuTime(label string, v float64) {
	if mode, ok := cpuModes[label]; ok {
		label = mode
	}
	r.mb.RecordSystemCPUTimeDataPoint(r.ts, v, label)
}

// part is a measure, or a part of one.
type part struct {
	name, label string
	value       float64
}

// gauges records what goes up and down.
func (r *recorder) gauges() {
	list := make([]part, 0, len(r.s.Measures))
	for i := range r.s.Measures {
		m := &r.s.Measures[i]
		// Two profiles may tell the same; they are sorted.
		if !m.Counter && (i == 0 || r.s.Measures[i-1].Name != m.Name || r.s.Measures[i-1].Label != m.Label) {
			list = append(list, part{m.Name, m.Label, m.Value})
		}
	}
	r.parts(gaugeSinks, list)
}

// counters records what only grows.
func (r *recorder) counters() {
	list := make([]part, 0, len(r.r.delta.Totals))
	counted := make(map[string]uint64)
	for i := range r.r.delta.Totals {
		t := &r.r.delta.Totals[i]
		if t.Name == "events" {
			counted[t.Label] = t.Value
			continue
		}
		list = append(list, part{t.Name, t.Label, float64(t.Value) * t.Scale})
	}
	r.parts(counterSinks, list)
	for _, e := range events {
		r.mb.RecordPptpSessionEventsDataPoint(r.ts, int64(counted[e.kind]), e.as)
	}
	r.mb.RecordSnmpAgentRestartsDataPoint(r.ts, int64(counted[string(snapshot.EventRestarted)]))
}

// parts records a list in which the parts of one measure follow each other.
func (r *recorder) parts(sinks map[string]sink, list []part) {
	dropped := 0
	for len(list) > 0 {
		name, n := list[0].name, 1
		for n < len(list) && list[n].name == name {
			n++
		}
		s, ok := sinks[name]
		switch {
		case !ok:
		case s.label:
			dropped += max(0, n-maxLabels)
			for _, p := range list[:min(n, maxLabels)] {
				s.record(r, p.label, p.value)
			}
		default:
			total := 0.0
			for _, p := range list[:n] {
				total += p.value
			}
			s.record(r, "", total)
		}
		list = list[n:]
	}
	r.telemetry.seriesDropped(dropLabels, dropped)
}
