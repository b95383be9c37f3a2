package greflowreceiver

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/greflowreceiver/internal/metadata"
)

// metricsMaker turns what is known of gateways into metrics. It is not safe for
// concurrent use.
type metricsMaker struct {
	mb        *metadata.MetricsBuilder
	resources *resources
}

func newMetricsMaker(cfg *Config, set receiver.Settings, v *resources) *metricsMaker {
	return &metricsMaker{mb: metadata.NewMetricsBuilder(cfg.Metrics, set), resources: v}
}

// begin sets the start of the cumulative series.
func (m *metricsMaker) begin(start time.Time) {
	m.mb.Reset(metadata.WithStartTime(pcommon.NewTimestampFromTime(start)))
}

// directions are those of the detector, as attributes.
var directions = [...]metadata.AttributePptpFlowDirection{
	detect.ToGateway: metadata.AttributePptpFlowDirectionClientToGateway,
	detect.ToClient:  metadata.AttributePptpFlowDirectionGatewayToClient,
}

// make returns the metrics of all gateways at the given time. They are empty if
// there is no gateway, or the user wants none of them.
func (m *metricsMaker) make(now time.Time, gateways []detect.GatewaySummary) pmetric.Metrics {
	ts := pcommon.NewTimestampFromTime(now)
	for i := range gateways {
		m.record(ts, &gateways[i])
		m.mb.EmitForResource(metadata.WithResource(m.resources.resource(&gateways[i].Gateway)))
	}
	return m.mb.Emit()
}

func (m *metricsMaker) record(ts pcommon.Timestamp, g *detect.GatewaySummary) {
	blackholed := 0
	for s := range detect.State(detect.NumStates) {
		state := metadata.MapAttributePptpFlowState[s.String()]
		m.mb.RecordPptpFlowPairsDataPoint(ts, int64(g.Pairs[s]), state)
		m.mb.RecordPptpFlowGatewayStatusDataPoint(ts, one(s == g.State), state)
		if s.Blackholed() {
			blackholed += g.Pairs[s]
		}
	}
	for way, direction := range directions {
		m.mb.RecordPptpFlowGrePacketsDataPoint(ts, int64(g.ScaledPackets[way]), direction)
		m.mb.RecordPptpFlowGreIoDataPoint(ts, int64(g.ScaledBytes[way]), direction)
	}
	m.mb.RecordPptpFlowControlSessionsDataPoint(ts, int64(g.ControlSessions))
	m.mb.RecordPptpFlowPartialPairsDataPoint(ts, int64(g.Partial))
	if g.Judged > 0 {
		m.mb.RecordPptpFlowBlackholedShareDataPoint(ts, g.Share)
	}
	if blackholed > 0 {
		// The share is the sum of their confidences over the judged pairs.
		m.mb.RecordPptpFlowConfidenceDataPoint(ts, min(1, g.Share*float64(g.Judged)/float64(blackholed)))
	}
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
