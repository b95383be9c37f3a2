package greflowreceiver

import (
	"net/netip"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/greflowreceiver/internal/metadata"
)

// resources makes those of gateways. It is not changed once made, and
// safe for concurrent use.
type resources struct {
	cfg  metadata.ResourceAttributesConfig
	self string // what tells this receiver from others that report about the same gateways
	byID map[string]*GatewayConfig
}

func newResources(cfg *Config, self component.ID) *resources {
	v := &resources{cfg: cfg.Metrics.ResourceAttributes, self: self.String(), byID: make(map[string]*GatewayConfig)}
	for i := range cfg.Gateways {
		v.byID[cfg.Gateways[i].ID] = &cfg.Gateways[i]
	}
	return v
}

// resource is that of a gateway.
func (v *resources) resource(id *detect.GatewayID) pcommon.Resource {
	rb := v.builder()
	rb.SetPptpGatewayID(id.ID)
	rb.SetServiceInstanceID(id.ID + "@" + v.self)
	if id.Learned {
		rb.SetServerAddress(id.ID)
		return rb.Emit()
	}
	g := v.byID[id.ID]
	if g == nil {
		return rb.Emit()
	}
	if g.Name != "" {
		rb.SetPptpGatewayName(g.Name)
	}
	if g.Site != "" {
		rb.SetPptpGatewaySite(g.Site)
	}
	if len(g.Addresses) == 1 {
		if p, err := parsePrefix(g.Addresses[0]); err == nil && p.IsSingleIP() {
			rb.SetServerAddress(p.Addr().String())
		}
	}
	return rb.Emit()
}

// own is the resource of what is about no one gateway.
func (v *resources) own() pcommon.Resource {
	rb := v.builder()
	rb.SetServiceInstanceID(v.self)
	return rb.Emit()
}

func (v *resources) builder() *metadata.ResourceBuilder {
	rb := metadata.NewResourceBuilder(v.cfg)
	rb.SetNetworkProtocolNamePptp()
	rb.SetServiceName("pptp")
	return rb
}

// gateways is what the detector is told.
func (c *Config) gateways() []detect.Gateway {
	out := make([]detect.Gateway, 0, len(c.Gateways))
	for i := range c.Gateways {
		g := &c.Gateways[i]
		out = append(out, detect.Gateway{ID: g.ID, Name: g.Name, Addresses: parsePrefixes(g.Addresses)})
	}
	return out
}

// gatewayPrefixes are the addresses of all gateways that are configured.
func (c *Config) gatewayPrefixes() (out []netip.Prefix) {
	for i := range c.Gateways {
		out = append(out, parsePrefixes(c.Gateways[i].Addresses)...)
	}
	return out
}
