package snmppppreceiver

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-pptp/otelcol-pptp/receiver/snmppppreceiver/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/snmpppp/snapshot"
)

// numTraffic is how many kinds of counters there are, each in two directions.
const numTraffic = 4

// directions are those of the gateway.
var directions = [2]metadata.AttributeNetworkIoDirection{metadata.AttributeNetworkIoDirectionReceive, metadata.AttributeNetworkIoDirectionTransmit}

// The functions of the builder that record the kinds of traffic.
type (
	recordSessions  func(*metadata.MetricsBuilder, pcommon.Timestamp, int64, metadata.AttributeNetworkIoDirection, metadata.AttributePptpTrafficSource)
	recordSession   func(*metadata.MetricsBuilder, pcommon.Timestamp, int64, metadata.AttributeNetworkIoDirection, ...metadata.MetricAttributeOption)
	recordInterface func(*metadata.MetricsBuilder, pcommon.Timestamp, int64, metadata.AttributeNetworkIoDirection, string)
)

// trafficKinds are the kinds of counters, by the names of their totals without the
// prefix.
var trafficKinds = [numTraffic]struct {
	in, out    string
	sessions   recordSessions
	session    recordSession
	interfaces recordInterface
}{
	{"octets_in", "octets_out", (*metadata.MetricsBuilder).RecordPptpSessionsIoDataPoint, (*metadata.MetricsBuilder).RecordPptpSessionIoDataPoint,
		(*metadata.MetricsBuilder).RecordSystemNetworkIoDataPoint},
	{"packets_in", "packets_out", (*metadata.MetricsBuilder).RecordPptpSessionsPacketsDataPoint, (*metadata.MetricsBuilder).RecordPptpSessionPacketsDataPoint,
		(*metadata.MetricsBuilder).RecordSystemNetworkPacketCountDataPoint},
	{"errors_in", "errors_out", (*metadata.MetricsBuilder).RecordPptpSessionsErrorsDataPoint, (*metadata.MetricsBuilder).RecordPptpSessionErrorsDataPoint,
		(*metadata.MetricsBuilder).RecordSystemNetworkErrorsDataPoint},
	{"drops_in", "drops_out", (*metadata.MetricsBuilder).RecordPptpSessionsDroppedDataPoint, (*metadata.MetricsBuilder).RecordPptpSessionDroppedDataPoint,
		(*metadata.MetricsBuilder).RecordSystemNetworkPacketDroppedDataPoint},
}

// valid lists which counters there are, in the order of trafficKinds, in before out.
func valid(t *snapshot.Traffic) [2 * numTraffic]bool {
	return [2 * numTraffic]bool{t.OctetsIn.Valid, t.OctetsOut.Valid, t.PacketsIn.Valid, t.PacketsOut.Valid,
		t.ErrorsIn.Valid, t.ErrorsOut.Valid, t.DropsIn.Valid, t.DropsOut.Valid}
}

// note adds the counters that t has to those that are known.
func note(known *[2 * numTraffic]bool, t *snapshot.Traffic) {
	for k, ok := range valid(t) {
		known[k] = known[k] || ok
	}
}

// values lists counters in the same order.
func values(t *snapshot.TrafficTotal) [2 * numTraffic]uint64 {
	return [2 * numTraffic]uint64{t.OctetsIn, t.OctetsOut, t.PacketsIn, t.PacketsOut, t.ErrorsIn, t.ErrorsOut, t.DropsIn, t.DropsOut}
}

// traffic records what all sessions sent and received, as the gateway itself adds
// it up, or else as the sessions that were seen do; and the same of interfaces.
func (r *recorder) traffic() {
	for i := range r.s.Sessions {
		note(&r.m.traffic, &r.s.Sessions[i].Traffic)
	}
	for i := range r.s.Interfaces {
		note(&r.m.ifaces, &r.s.Interfaces[i].Traffic)
	}
	totals := make(map[string]int64)
	interfaces := make(map[string]struct{})
	for i := range r.r.delta.Totals {
		t := &r.r.delta.Totals[i]
		if n, ok := strings.CutPrefix(t.Name, "interfaces."); ok {
			totals[n+" "+t.Label] = int64(t.Value)
			interfaces[t.Label] = struct{}{}
			continue
		}
		totals[t.Name] += int64(t.Value) // the gateway's own may have several parts
	}
	for k := range trafficKinds {
		kind := &trafficKinds[k]
		for way, name := range [2]string{kind.in, kind.out} {
			if n, ok := totals["payload."+name]; ok {
				kind.sessions(r.mb, r.ts, n, directions[way], metadata.AttributePptpTrafficSourceGateway)
			} else if r.m.traffic[2*k+way] {
				kind.sessions(r.mb, r.ts, totals["sessions."+name], directions[way], metadata.AttributePptpTrafficSourceSessions)
			}
			for protocol := range interfaces {
				if !r.m.ifaces[2*k+way] {
					break
				}
				kind.interfaces(r.mb, r.ts, totals[name+" "+protocol], directions[way], protocol)
			}
		}
	}
}
