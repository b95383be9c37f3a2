package greflowreceiver

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/internal/eventlog"
	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/greflowreceiver/internal/metadata"
)

// logsMaker turns changes and flow records into log records. It is not safe for
// concurrent use.
type logsMaker struct {
	lb        *metadata.LogsBuilder
	resources *resources
	clients   *privacy.Teller
	gateways  []netip.Prefix
}

func newLogsMaker(cfg *Config, set receiver.Settings, v *resources) *logsMaker {
	return &logsMaker{
		lb: metadata.NewLogsBuilder(cfg.Logs, set), resources: v,
		clients: privacy.New(cfg.ClientAddress, privacy.Key(cfg.HashKey)), gateways: cfg.gatewayPrefixes(),
	}
}

// changes returns the events of what has changed, in their order.
func (m *logsMaker) changes(now time.Time, list []detect.Change) plog.Logs {
	out := plog.NewLogs()
	var last string // the gateway of the last one in out
	for i := range list {
		c := &list[i]
		from := metadata.MapAttributePptpFlowPreviousState[c.From.String()]
		to := metadata.MapAttributePptpFlowState[c.To.String()]
		severity := plog.SeverityNumberInfo
		if c.OfGateway() {
			if c.To.Blackholed() {
				severity = plog.SeverityNumberError
			}
			m.lb.RecordPptpFlowGatewayStateChangedEvent(context.Background(), pcommon.NewTimestampFromTime(c.At), from, to, m.gatewayAttrs(c)...)
		} else {
			if c.To.Blackholed() {
				severity = plog.SeverityNumberWarn
			}
			m.lb.RecordPptpFlowPairStateChangedEvent(context.Background(), pcommon.NewTimestampFromTime(c.At), from, to, m.pairAttrs(c)...)
		}
		if m.emit(out, now, severity, c.Summary(), c.Gateway.ID == last, func() pcommon.Resource { return m.resources.resource(&c.Gateway) }) {
			last = c.Gateway.ID
		}
	}
	return out
}

// emit moves what was recorded to out, beside the last one there if that has the
// same resource, and reports false if the user does not want it.
func (m *logsMaker) emit(out plog.Logs, now time.Time, severity plog.SeverityNumber, body string, same bool, resource func() pcommon.Resource) bool {
	var options []metadata.ResourceLogsOption
	if !same {
		options = append(options, metadata.WithLogsResource(resource()))
	}
	return eventlog.Append(out, m.lb.Emit(options...), same, now, severity, body)
}

// attrs collects the attributes of an event.
type attrs []metadata.EventAttributeOption

func (a *attrs) add(o metadata.EventAttributeOption) { *a = append(*a, o) }

func (a *attrs) text(set func(string) metadata.EventAttributeOption, v string) {
	if v != "" {
		a.add(set(v))
	}
}

func (a *attrs) count(set func(int64) metadata.EventAttributeOption, n int) {
	if n > 0 {
		a.add(set(int64(n)))
	}
}

// age adds how long ago something was; negative is never.
func (a *attrs) age(set func(float64) metadata.EventAttributeOption, d time.Duration) {
	if d >= 0 {
		a.add(set(d.Seconds()))
	}
}

func (a *attrs) common(c *detect.Change) {
	a.text(metadata.WithPptpFlowReasonEventAttribute, c.Evidence.Reason.String())
	if !c.Since.IsZero() {
		a.age(metadata.WithPptpFlowPreviousDurationEventAttribute, c.At.Sub(c.Since))
	}
}

func (m *logsMaker) gatewayAttrs(c *detect.Change) []metadata.EventAttributeOption {
	var a attrs
	e := &c.Evidence
	a.common(c)
	a.add(metadata.WithPptpFlowPairsKnownEventAttribute(int64(e.Pairs)))
	a.add(metadata.WithPptpFlowPairsJudgedEventAttribute(int64(e.Judged)))
	a.add(metadata.WithPptpFlowPairsBlackholedEventAttribute(int64(e.Blackholed)))
	if e.Judged > 0 {
		a.add(metadata.WithPptpFlowShareEventAttribute(e.Share))
	}
	if e.Blackholed > 0 {
		a.add(metadata.WithPptpFlowConfidenceEventAttribute(min(1, e.Share*float64(e.Judged)/float64(e.Blackholed))))
	}
	return a
}

func (m *logsMaker) pairAttrs(c *detect.Change) []metadata.EventAttributeOption {
	var a attrs
	e := &c.Evidence
	a.common(c)
	a.text(metadata.WithClientAddressEventAttribute, m.clients.Address(c.Client))
	if c.Gateway.Addr.IsValid() {
		a.add(metadata.WithServerAddressEventAttribute(c.Gateway.Addr.String()))
	}
	a.add(metadata.WithPptpFlowRecordsEventAttribute(int64(e.Records)))
	a.add(metadata.WithPptpFlowExportersEventAttribute(int64(e.Exporters)))
	a.add(metadata.WithPptpFlowControlSessionsEventAttribute(int64(e.ControlSessions)))
	a.age(metadata.WithPptpFlowLastGreClientToGatewayEventAttribute, e.LastGRE[detect.ToGateway])
	a.age(metadata.WithPptpFlowLastGreGatewayToClientEventAttribute, e.LastGRE[detect.ToClient])
	a.age(metadata.WithPptpFlowLastControlClientToGatewayEventAttribute, e.LastControl[detect.ToGateway])
	a.age(metadata.WithPptpFlowLastControlGatewayToClientEventAttribute, e.LastControl[detect.ToClient])
	a.count(metadata.WithPptpFlowCallsClientToGatewayEventAttribute, e.Calls[detect.ToGateway])
	a.count(metadata.WithPptpFlowCallsGatewayToClientEventAttribute, e.Calls[detect.ToClient])
	a.add(metadata.WithPptpFlowWindowEventAttribute(e.Window.Seconds()))
	a.add(metadata.WithPptpFlowDelayEventAttribute(e.Delay.Seconds()))
	a.add(metadata.WithPptpFlowLossEventAttribute(e.Loss))
	if e.Sampling > 0 {
		a.add(metadata.WithPptpFlowSamplingEventAttribute(e.Sampling))
	}
	if e.Partial {
		a.add(metadata.WithPptpFlowPartialVisibilityEventAttribute(true))
	}
	if c.To.Blackholed() {
		a.add(metadata.WithPptpFlowConfidenceEventAttribute(e.Confidence))
		a.add(metadata.WithPptpFlowExpectedEventAttribute(e.Lambda))
		a.add(metadata.WithPptpFlowCountedEventAttribute(e.Packets))
	}
	if c.To == detect.PolicyDrop {
		a.text(metadata.WithPptpFlowDropSourceEventAttribute, dropSource(e.Drop))
		a.add(metadata.WithPptpFlowDropCodeEventAttribute(int64(e.DropCode)))
		a.add(metadata.WithPptpFlowDropDirectionEventAttribute(e.DropWay.String()))
	}
	return a
}

// dropSource names how a device told a drop.
func dropSource(d flow.Drop) string {
	switch d {
	case flow.DropForwarding:
		return "forwarding_status"
	case flow.DropFirewall:
		return "firewall_event"
	case flow.DropSFlow:
		return "sflow_discard"
	case flow.DropICMP:
		return "icmp"
	}
	return ""
}

// isGateway says that a is an address of a gateway that is configured.
func (m *logsMaker) isGateway(a netip.Addr) bool {
	return slices.ContainsFunc(m.gateways, func(p netip.Prefix) bool { return p.Contains(a) })
}
