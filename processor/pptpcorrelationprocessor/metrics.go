package pptpcorrelationprocessor

import (
	"maps"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/internal/inventory"
	"github.com/otelcol-pptp/otelcol-pptp/processor/pptpcorrelationprocessor/internal/metadata"
)

// causeShown is how long a cause that has passed is reported as 0.
const causeShown = time.Hour

// metricsMaker turns verdicts into metrics. It is not safe for concurrent use.
type metricsMaker struct {
	c      *correlator
	mb     *metadata.MetricsBuilder
	causes map[string]map[string]time.Time // of each gateway, when it last had a cause
}

func newMetricsMaker(c *correlator, mb *metadata.MetricsBuilder) *metricsMaker {
	return &metricsMaker{c: c, mb: mb, causes: make(map[string]map[string]time.Time)}
}

// sources are those that evidence can be from, as attributes.
var sources = map[health.Source]metadata.AttributePptpEvidenceSource{
	health.Probe: metadata.AttributePptpEvidenceSourceProbe, health.SNMP: metadata.AttributePptpEvidenceSourceSnmp,
	health.NetFlow: metadata.AttributePptpEvidenceSourceNetflow, health.Log: metadata.AttributePptpEvidenceSourceLog,
	health.RADIUS: metadata.AttributePptpEvidenceSourceRadius, health.ChangeRecord: metadata.AttributePptpEvidenceSourceChange,
}

// make returns the metrics of verdicts.
func (m *metricsMaker) make(now time.Time, list []verdict) pmetric.Metrics {
	ts := pcommon.NewTimestampFromTime(now)
	for i := range list {
		m.record(now, ts, &list[i])
		m.mb.EmitForResource(metadata.WithResource(m.c.resource(list[i].Gateway)))
	}
	return m.mb.Emit()
}

func (m *metricsMaker) record(now time.Time, ts pcommon.Timestamp, v *verdict) {
	for _, name := range health.StateNames() {
		m.mb.RecordPptpGatewayStatusDataPoint(ts, one(name == v.State.String()), metadata.MapAttributePptpGatewayState[name])
	}
	m.recordCauses(now, ts, v)
	m.mb.RecordPptpGatewayVerdictConfidenceDataPoint(ts, v.Confidence)
	m.mb.RecordPptpGatewayVerdictSeverityDataPoint(ts, int64(v.Severity))
	m.mb.RecordPptpGatewayVerdictTransitionsDataPoint(ts, int64(v.Transitions))
	m.mb.RecordPptpGatewayEvidenceCoverageDataPoint(ts, v.Coverage)
	m.mb.RecordPptpGatewayIncidentsDataPoint(ts, one(v.IncidentID != ""))
	m.mb.RecordPptpGatewayMaintenanceDataPoint(ts, one(v.Maintenance != ""))
	for source, age := range v.ages {
		m.mb.RecordPptpGatewayEvidenceAgeDataPoint(ts, max(0, age).Seconds(), sources[source])
	}
}

// recordCauses records the cause, and as 0 those that the gateway had within the last hour.
func (m *metricsMaker) recordCauses(now time.Time, ts pcommon.Timestamp, v *verdict) {
	had := m.causes[v.Gateway]
	if v.Cause != "" {
		if had == nil {
			had = make(map[string]time.Time)
			m.causes[v.Gateway] = had
		}
		had[v.Cause] = now
	}
	for cause := range had {
		m.mb.RecordPptpGatewayCauseStatusDataPoint(ts, one(cause == v.Cause), cause)
	}
}

// forget drops causes that are no longer shown, also of gateways that are gone.
func (m *metricsMaker) forget(now time.Time) {
	for id, had := range m.causes {
		maps.DeleteFunc(had, func(_ string, last time.Time) bool { return now.Sub(last) > causeShown })
		if len(had) == 0 {
			delete(m.causes, id)
		}
	}
}

// resource is that of a gateway.
func (c *correlator) resource(id string) pcommon.Resource {
	rb := metadata.NewResourceBuilder(c.cfg.Metrics.ResourceAttributes)
	rb.SetServiceName("pptp")
	rb.SetPptpGatewayID(id)
	rb.SetServiceInstanceID(id + "@" + c.id.String())
	if g := c.index.ID(id); g != nil {
		setInventory(rb, g)
	}
	return rb.Emit()
}

func setInventory(rb *metadata.ResourceBuilder, g *inventory.Gateway) {
	for _, a := range []struct {
		set   func(string)
		value string
	}{
		{rb.SetPptpGatewayName, g.Name}, {rb.SetPptpGatewaySite, g.Site},
		{rb.SetPptpRadiusDomain, strings.Join(g.RADIUS, ",")}, {rb.SetPptpCorrelationGroup, g.Group},
	} {
		if a.value != "" {
			a.set(a.value)
		}
	}
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
