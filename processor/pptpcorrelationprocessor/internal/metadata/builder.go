// Package metadata holds what is generated from metadata.yaml, and what the generator leaves out.
package metadata

import (
	"time"

	"go.opentelemetry.io/collector/filter"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"
)

// NewMetricsBuilder is what the generator writes for receivers and not for processors. It must name
// every metric and resource attribute; the generated test fails for a metric that is forgotten.
func NewMetricsBuilder(mbc MetricsBuilderConfig, settings processor.Settings, options ...MetricBuilderOption) *MetricsBuilder {
	mb := &MetricsBuilder{
		config:                              mbc,
		startTime:                           pcommon.NewTimestampFromTime(time.Now()),
		metricsBuffer:                       pmetric.NewMetrics(),
		buildInfo:                           settings.BuildInfo,
		metricPptpGatewayCauseStatus:        newMetricPptpGatewayCauseStatus(mbc.Metrics.PptpGatewayCauseStatus),
		metricPptpGatewayEvidenceAge:        newMetricPptpGatewayEvidenceAge(mbc.Metrics.PptpGatewayEvidenceAge),
		metricPptpGatewayEvidenceCoverage:   newMetricPptpGatewayEvidenceCoverage(mbc.Metrics.PptpGatewayEvidenceCoverage),
		metricPptpGatewayIncidents:          newMetricPptpGatewayIncidents(mbc.Metrics.PptpGatewayIncidents),
		metricPptpGatewayMaintenance:        newMetricPptpGatewayMaintenance(mbc.Metrics.PptpGatewayMaintenance),
		metricPptpGatewayStatus:             newMetricPptpGatewayStatus(mbc.Metrics.PptpGatewayStatus),
		metricPptpGatewayVerdictConfidence:  newMetricPptpGatewayVerdictConfidence(mbc.Metrics.PptpGatewayVerdictConfidence),
		metricPptpGatewayVerdictSeverity:    newMetricPptpGatewayVerdictSeverity(mbc.Metrics.PptpGatewayVerdictSeverity),
		metricPptpGatewayVerdictTransitions: newMetricPptpGatewayVerdictTransitions(mbc.Metrics.PptpGatewayVerdictTransitions),
		resourceAttributeIncludeFilter:      make(map[string]filter.Filter),
		resourceAttributeExcludeFilter:      make(map[string]filter.Filter),
	}
	ra := &mbc.ResourceAttributes
	for name, rac := range map[string]*ResourceAttributeConfig{
		"pptp.correlation.group": &ra.PptpCorrelationGroup, "pptp.gateway.id": &ra.PptpGatewayID,
		"pptp.gateway.name": &ra.PptpGatewayName, "pptp.gateway.site": &ra.PptpGatewaySite,
		"pptp.radius.domain": &ra.PptpRadiusDomain, "service.instance.id": &ra.ServiceInstanceID, "service.name": &ra.ServiceName,
	} {
		if rac.MetricsInclude != nil {
			mb.resourceAttributeIncludeFilter[name] = filter.CreateFilter(rac.MetricsInclude)
		}
		if rac.MetricsExclude != nil {
			mb.resourceAttributeExcludeFilter[name] = filter.CreateFilter(rac.MetricsExclude)
		}
	}
	for _, op := range options {
		op.apply(mb)
	}
	return mb
}
