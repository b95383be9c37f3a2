package greflow

import (
	"fmt"
	"net/netip"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/netflow"
	"github.com/otelcol-pptp/otelcol-pptp/greflow/sflow"
)

// Config is how an [Engine] works. The zero value of a field is its default.
type Config struct {
	// Exporters are those whose datagrams are taken; none: all.
	Exporters []netip.Prefix

	NetFlow netflow.Config
	SFlow   sflow.Config
	// Detect has the gateways. Its OnChange is not used, see Engine.Changes.
	Detect detect.Config

	// MaxChanges is how many changes are kept until Engine.Changes takes them. When
	// there are more, the oldest are lost, and counted. 0 keeps none.
	MaxChanges int

	// OnRecord and OnNote, if set, are called with what the decoders find, before the
	// detector is. They must be quick, must neither keep nor change the record, and not call the
	// engine, which is locked meanwhile.
	OnRecord func(*flow.Record)
	OnNote   func(flow.Note)
}

// Validate says what cannot be.
func (c *Config) Validate() error {
	for i, p := range c.Exporters {
		if !p.IsValid() || p.Addr().Is4In6() {
			return fmt.Errorf("exporters[%d]: %s is not an IPv4 or IPv6 prefix; use for example 192.0.2.0/24", i, p)
		}
	}
	if c.MaxChanges < 0 {
		return fmt.Errorf("max_changes: %d is negative; use 0 to keep none", c.MaxChanges)
	}
	return c.Detect.Validate()
}

// allowList says whose datagrams are taken. The usual entry is a single address.
type allowList struct {
	single map[netip.Addr]struct{}
	wide   []netip.Prefix
}

func newAllowList(prefixes []netip.Prefix) *allowList {
	if len(prefixes) == 0 {
		return nil
	}
	l := &allowList{single: make(map[netip.Addr]struct{})}
	for _, p := range prefixes {
		if p.IsSingleIP() {
			l.single[p.Addr()] = struct{}{}
			continue
		}
		l.wide = append(l.wide, p)
	}
	return l
}

// allows is true for everyone when there is no list.
func (l *allowList) allows(a netip.Addr) bool {
	if l == nil {
		return true
	}
	if _, ok := l.single[a]; ok {
		return true
	}
	for _, p := range l.wide {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
