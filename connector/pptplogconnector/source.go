package pptplogconnector

import (
	"maps"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-pptp/otelcol-pptp/connector/pptplogconnector/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/internal/inventory"
)

// maxHost bounds the name of a host.
const maxHost = 200

// source is a host whose log is read.
type source struct {
	key      string // what the engine calls it
	gateway  string
	resource pcommon.Resource
	counts   counts

	configured bool      // the inventory or the resource names its gateway
	touched    time.Time // when a line of it was last read
}

// hosts are the sources, found by what lines and resources say of them. There are at most
// max names: anybody who can write to a syslog port can invent some.
type hosts struct {
	index   *inventory.Index
	id      string
	max     int
	forget  func(key string) // called before a source is forgotten
	builder *metadata.ResourceBuilder
	byName  map[hostName]*source
	byKey   map[string]*source
}

// hostName is the gateway that a resource names, if it does, the host, and where the
// record came from: hosts may have the name that they were delivered with.
type hostName struct{ gateway, host, address string }

func newHosts(cfg *Config, id component.ID) *hosts {
	return &hosts{
		index: inventory.NewIndex(cfg.Gateways), id: id.String(), max: cfg.MaxHosts,
		builder: metadata.NewResourceBuilder(cfg.Metrics.ResourceAttributes),
		byName:  make(map[hostName]*source), byKey: make(map[string]*source),
	}
}

// find returns the source of a line of host: gateway is that of the resource, address where
// the record came from. nil: there are too many.
func (h *hosts) find(gateway, host, address string) *source {
	host, address = host[:min(len(host), maxHost)], address[:min(len(address), maxHost)]
	name := hostName{gateway, host, address}
	if s, ok := h.byName[name]; ok {
		return s
	}
	if len(h.byName) >= h.max && !h.evict() {
		return nil
	}
	for _, n := range []string{host, address} {
		if gateway != "" {
			break
		}
		if g := h.index.Find(n); g != nil {
			gateway = g.ID
		}
	}
	configured := gateway != ""
	if gateway == "" {
		gateway = host
	}
	if gateway == "" {
		gateway = "unknown"
	}
	s := &source{key: gateway + "\x00" + host, gateway: gateway, configured: configured}
	if known, ok := h.byKey[s.key]; ok {
		s = known
	} else {
		s.resource = h.newResource(gateway, host)
		h.byKey[s.key] = s
	}
	h.byName[hostName{strings.Clone(name.gateway), strings.Clone(host), strings.Clone(address)}] = s
	return s
}

// evict forgets the source that was silent for longest, of those that nobody has
// configured.
func (h *hosts) evict() bool {
	var s *source
	for _, x := range h.byKey {
		if !x.configured && (s == nil || x.touched.Before(s.touched)) {
			s = x
		}
	}
	if s == nil {
		return false
	}
	h.forget(s.key)
	delete(h.byKey, s.key)
	maps.DeleteFunc(h.byName, func(_ hostName, x *source) bool { return x == s })
	return true
}

func (h *hosts) newResource(gateway, host string) pcommon.Resource {
	if host != "" {
		h.builder.SetHostName(strings.Clone(host))
	}
	h.builder.SetNetworkProtocolNamePptp()
	h.builder.SetPptpGatewayID(gateway)
	h.builder.SetServiceInstanceID(gateway + "@" + h.id)
	h.builder.SetServiceName("pptp")
	return h.builder.Emit()
}
