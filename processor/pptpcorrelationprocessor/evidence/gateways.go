package evidence

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-pptp/otelcol-pptp/health"
	"github.com/otelcol-pptp/otelcol-pptp/internal/inventory"
)

// Attributes that tell which gateway telemetry is about.
const (
	attrGateway = "pptp.gateway.id"
	attrRADIUS  = "pptp.radius.server"
	attrVantage = "pptp.vantage"
	attrTarget  = "pptp.target"
	attrPeer    = "network.peer.address"
)

// byAddress are the attributes by which a gateway without id is found, in this order.
var byAddress = []string{"server.address", attrPeer, "host.name", "host.ip", "net.peer.name"}

// sharedRADIUS is what the codebook calls RADIUS servers that gateways have in common.
const sharedRADIUS = "radius"

// HealthGateways turns the inventory into what the engine wants to know of it.
func HealthGateways(list []inventory.Gateway) []health.Gateway {
	out := make([]health.Gateway, len(list))
	for i := range list {
		out[i] = health.Gateway{ID: list[i].ID}
		if len(list[i].RADIUS) > 0 {
			out[i].Shares = map[string][]string{sharedRADIUS: list[i].RADIUS}
		}
	}
	return out
}

// Gateway returns the id of the gateway that a resource is about, and false if it names none. An
// id that is unknown is a new gateway; the engine decides whether there may be one.
func (r *Reader) Gateway(resource pcommon.Map) (string, bool) {
	if v, ok := resource.Get(attrGateway); ok && v.Str() != "" {
		if g := r.index.Find(v.Str()); g != nil {
			return g.ID, true
		}
		return v.Str(), true
	}
	for _, key := range byAddress {
		if v, ok := resource.Get(key); ok {
			if g := r.index.Find(v.Str()); g != nil {
				return g.ID, true
			}
		}
	}
	return "", false
}

// about fills r.targets with the gateways that a resource is about. What a check of a RADIUS server
// says is about all gateways that ask it.
func (r *Reader) about(resource pcommon.Map) {
	r.targets = r.targets[:0]
	if server, ok := resource.Get(attrRADIUS); ok {
		if _, ok := resource.Get(attrGateway); !ok {
			r.index.OfRADIUS(server.Str(), func(g *inventory.Gateway) { r.targets = append(r.targets, g.ID) })
			return
		}
	}
	id, ok := r.Gateway(resource)
	if !ok {
		return
	}
	if r.index.ID(id) == nil { // the log of a RADIUS server has its host for a gateway
		r.index.OfRADIUS(id, func(g *inventory.Gateway) { r.targets = append(r.targets, g.ID) })
		if len(r.targets) > 0 {
			return
		}
	}
	r.targets = append(r.targets, id)
}

// aboutRule is about, for a rule that says itself which gateway it is.
func (r *Reader) aboutRule(c *compiled, point, resource pcommon.Map) {
	switch {
	case len(c.GatewayAttributes) > 0:
		r.targets = r.targets[:0]
		for _, name := range c.GatewayAttributes {
			v, ok := attribute(name, point, resource)
			if !ok {
				continue
			}
			if g := r.index.Find(v.Str()); g != nil {
				r.targets = append(r.targets, g.ID)
				return
			}
		}
	case c.Gateway != "":
		r.targets = append(r.targets[:0], c.Gateway)
	default:
		r.about(resource)
	}
}
