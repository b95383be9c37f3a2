package greflowreceiver

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/internal/privacy"
	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
)

// The bounds of what may be configured.
const (
	minInterval = time.Second
	maxSockets  = 64
	minBuffer   = 4096
	maxBuffer   = 1 << 30
	week        = 7 * 24 * time.Hour
)

// problems collects what is wrong, each with key, value and remedy.
type problems []error

func (p *problems) add(key, format string, a ...any) {
	*p = append(*p, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, a...)))
}

// within adds a problem if value is not in [low, high].
func within[T cmp.Ordered](p *problems, key string, value, low, high T) {
	if !(value >= low && value <= high) { // so that NaN is outside
		p.add(key, "%v is out of range; use %v to %v", value, low, high)
	}
}

// Validate implements [confmap.Validator]. It reports everything that is wrong,
// not just the first.
func (c *Config) Validate() error {
	var p problems
	c.validateListeners(&p)
	for i, s := range c.Exporters {
		if _, err := parsePrefix(s); err != nil {
			p.add(fmt.Sprintf("exporters[%d]", i), "%q is neither an address nor a prefix; use for example 192.0.2.1 or 192.0.2.0/24", s)
		}
	}
	c.validateGateways(&p)
	within(&p, "collection_interval", c.CollectionInterval, minInterval, 24*time.Hour)
	within(&p, "save_interval", c.SaveInterval, minInterval, 24*time.Hour)
	if !slices.Contains(privacy.Modes, c.ClientAddress) {
		p.add("client_address", "%q is unknown; %s", c.ClientAddress, suggest.OneOf(c.ClientAddress, privacy.Modes))
	}
	if c.HashKey != "" && c.ClientAddress != privacy.Hash {
		p.add("hash_key", "is given, but client_address is %s; use client_address: hash, or leave the key out", c.ClientAddress)
	}
	within(&p, "flows::queue_size", c.Flows.QueueSize, 1, 1_000_000)
	c.Detection.validate(&p)
	c.Limits.validate(&p)
	return errors.Join(p...)
}

func (c *Config) validateListeners(p *problems) {
	if len(c.Listeners) == 0 {
		p.add("listeners", "is empty; give at least one, such as {endpoint: %s}, or leave it out", defaultEndpoint)
	}
	seen := make(map[string]int)
	for i := range c.Listeners {
		l, key := &c.Listeners[i], fmt.Sprintf("listeners[%d]::", i)
		_, port, err := net.SplitHostPort(l.Endpoint)
		if _, err2 := strconv.ParseUint(port, 10, 16); err != nil || err2 != nil {
			p.add(key+"endpoint", "%q is not host:port; use for example %s or 192.0.2.10:2055", l.Endpoint, defaultEndpoint)
		} else if first, ok := seen[l.Endpoint]; ok && port != "0" {
			p.add(key+"endpoint", "%q is that of listeners[%d] too; remove one, or raise its sockets", l.Endpoint, first)
		}
		seen[l.Endpoint] = i
		within(p, key+"sockets", l.Sockets, 1, maxSockets)
		within(p, key+"receive_buffer", l.ReceiveBuffer, minBuffer, maxBuffer)
	}
}

func (c *Config) validateGateways(p *problems) {
	if len(c.Gateways) == 0 && !c.LearnGateways {
		p.add("gateways", "is empty, so nothing would be watched; list them, such as {id: gw-1, addresses: [192.0.2.1]}, or use learn_gateways: true")
	}
	ids, owners := make(map[string]int), make(map[netip.Prefix]int)
	for i := range c.Gateways {
		g, key := &c.Gateways[i], fmt.Sprintf("gateways[%d]", i)
		if g.ID == "" {
			p.add(key+"::id", "is empty; use the id that the other receivers have for this gateway")
		} else if first, ok := ids[g.ID]; ok {
			p.add(key+"::id", "%q is that of gateways[%d] too; give one of them all the addresses", g.ID, first)
		}
		ids[g.ID] = i
		if len(g.Addresses) == 0 {
			p.add(key+"::addresses", "is empty; give those on which %q takes PPTP, as the exporters see them", g.ID)
		}
		for j, s := range g.Addresses {
			key := fmt.Sprintf("%s::addresses[%d]", key, j)
			prefix, err := parsePrefix(s)
			if err != nil {
				p.add(key, "%q is neither an address nor a prefix; use for example 192.0.2.1 or 192.0.2.0/28", s)
				continue
			}
			if first, ok := owners[prefix]; ok && first != i {
				p.add(key, "%q is that of gateways[%d] too; an address belongs to one gateway", s, first)
			}
			owners[prefix] = i
		}
	}
}

func (d *DetectionConfig) validate(p *problems) {
	for _, v := range []struct {
		key       string
		value     time.Duration
		low, high time.Duration
	}{
		{"active_timeout", d.ActiveTimeout, time.Second, week},
		{"idle_timeout", d.IdleTimeout, time.Second, week},
		{"export_lag", d.ExportLag, time.Second, time.Hour},
		{"min_window", d.MinWindow, time.Second, 24 * time.Hour},
		{"control_window", d.ControlWindow, time.Second, 24 * time.Hour},
		{"setup_grace", d.SetupGrace, time.Second, 24 * time.Hour},
		{"orphan_after", d.OrphanAfter, time.Second, 24 * time.Hour},
		{"echo_interval", d.EchoInterval, time.Second, 24 * time.Hour},
		{"visibility", d.Visibility, time.Minute, 52 * week},
		{"evaluation_interval", d.EvaluationInterval, time.Second, time.Hour},
	} {
		within(p, "detection::"+v.key, v.value, v.low, v.high)
	}
	within(p, "detection::false_alarm", d.FalseAlarm, 1e-15, 0.1)
	within(p, "detection::passes", d.Passes, 1, 5)
	within(p, "detection::gateway_share", d.GatewayShare, 0.01, 1)
	within(p, "detection::gateway_pairs", d.GatewayPairs, 1, 1_000_000)
}

func (l *LimitsConfig) validate(p *problems) {
	for _, v := range []struct {
		key              string
		value, low, high int
	}{
		{"exporters", l.Exporters, 1, 65_534},
		{"templates", l.Templates, 1, 65_280}, // 256 to 65535, as many as there are IDs
		{"template_fields", l.TemplateFields, 1, 16_384},
		{"pending_bytes", l.PendingBytes, 1, 64 << 20},
		{"sflow_sources", l.SFlowSources, 1, 16_000_000},
		{"gateways", l.Gateways, 1, 100_000},
		{"pairs", l.Pairs, 64, 16_000_000},
		{"candidates", l.Candidates, 1, 16_000_000},
		{"events", l.Events, 1, 1_000_000},
	} {
		within(p, "limits::"+v.key, v.value, v.low, v.high)
	}
	within(p, "limits::template_memory", l.TemplateMemory, 1<<20, 64<<30)
	within(p, "limits::template_age", l.TemplateAge, time.Minute, 52*week)
	within(p, "limits::pending_age", l.PendingAge, time.Second, 24*time.Hour)
}
