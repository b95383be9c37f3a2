// Package inventory is the list of gateways that components share: one file,
// included everywhere as `gateways: ${file:gateways.yaml}`.
package inventory

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// maxID bounds the length of an id: it becomes an attribute of all telemetry.
const maxID = 256

// Gateway is one entry. Each component uses what it needs of it, and no component refuses what
// only another one needs.
type Gateway struct {
	// ID identifies the gateway in all components.
	ID string `mapstructure:"id"`
	// Name is for people.
	Name string `mapstructure:"name"`
	// Addresses are those on which it takes PPTP: addresses, prefixes, or host names.
	Addresses []string `mapstructure:"addresses"`
	// Site is where it is.
	Site string `mapstructure:"site"`
	// RADIUS names the servers that it asks, as the radius receiver calls them.
	RADIUS []string `mapstructure:"radius"`
	// Group names those that are to be correlated by one collector.
	Group string `mapstructure:"group"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Validate says what cannot be in a list of gateways, with the index and field of each fault.
func Validate(list []Gateway) error {
	seen := make(map[string]int, len(list))
	var errs []error
	for i := range list {
		g := &list[i]
		if g.ID == "" || len(g.ID) > maxID {
			errs = append(errs, fmt.Errorf("gateways[%d].id: write a name of 1 to %d bytes, not %q", i, maxID, g.ID))
			continue
		}
		if first, ok := seen[g.ID]; ok {
			errs = append(errs, fmt.Errorf("gateways[%d].id: %q is gateways[%d], too; give each its own", i, g.ID, first))
		}
		seen[g.ID] = i
		for j, a := range g.Addresses {
			if a == "" {
				errs = append(errs, fmt.Errorf("gateways[%d].addresses[%d]: %s: is empty; write an address, a prefix or a host name", i, j, g.ID))
			} else if _, err := netip.ParsePrefix(a); strings.Contains(a, "/") && err != nil {
				errs = append(errs, fmt.Errorf("gateways[%d].addresses[%d]: %s: %q is no prefix, such as 192.0.2.0/28", i, j, g.ID, a))
			}
		}
	}
	return errors.Join(errs...)
}

// Index finds gateways by what telemetry calls them. It does not change once made, and is safe for
// concurrent use.
type Index struct {
	list     []Gateway
	byID     map[string]int
	byName   map[string]int // names and addresses as they are written
	byAddr   map[netip.Addr]int
	prefixes []prefix
	byRADIUS map[string][]int
}

type prefix struct {
	netip.Prefix
	gateway int
}

// NewIndex returns the index of a list, which it keeps. Where two gateways have the same name
// or address, the first has it.
func NewIndex(list []Gateway) *Index {
	x := &Index{
		list: list, byID: make(map[string]int, len(list)), byName: make(map[string]int, 2*len(list)),
		byAddr: make(map[netip.Addr]int), byRADIUS: make(map[string][]int),
	}
	for i := range list {
		g := &list[i]
		put(x.byID, g.ID, i)
		if g.Name != "" {
			put(x.byName, g.Name, i)
		}
		for _, a := range g.Addresses {
			if p, err := netip.ParsePrefix(a); err == nil && !p.IsSingleIP() {
				x.prefixes = append(x.prefixes, prefix{p, i})
			} else if err == nil {
				put(x.byAddr, p.Addr().Unmap(), i)
			} else if ip, err := netip.ParseAddr(a); err == nil {
				put(x.byAddr, ip.Unmap(), i)
			} else {
				put(x.byName, a, i)
			}
		}
		for _, s := range g.RADIUS {
			x.byRADIUS[s] = append(x.byRADIUS[s], i)
		}
	}
	return x
}

func put[K comparable](m map[K]int, key K, i int) {
	if _, ok := m[key]; !ok {
		m[key] = i
	}
}

// ID returns the gateway of an id, or nil.
func (x *Index) ID(id string) *Gateway { return x.at(x.byID, id) }

func (x *Index) at(m map[string]int, key string) *Gateway {
	if i, ok := m[key]; ok {
		return &x.list[i]
	}
	return nil
}

// Find returns the gateway of an id, a name, a host name or an address, or nil. It allocates nothing.
func (x *Index) Find(name string) *Gateway {
	if name == "" {
		return nil
	}
	if g := x.ID(name); g != nil {
		return g
	}
	if g := x.at(x.byName, name); g != nil {
		return g
	}
	if c := name[0]; c != ':' && (c < '0' || c > '9') && !strings.Contains(name, ":") { // no address: spare the error of parsing it
		return nil
	}
	ip, err := netip.ParseAddr(name)
	if err != nil {
		return nil
	}
	ip = ip.Unmap()
	if i, ok := x.byAddr[ip]; ok {
		return &x.list[i]
	}
	for _, p := range x.prefixes {
		if p.Contains(ip) {
			return &x.list[p.gateway]
		}
	}
	return nil
}

// OfRADIUS calls yield for the gateways that ask a RADIUS server.
func (x *Index) OfRADIUS(server string, yield func(*Gateway)) {
	for _, i := range x.byRADIUS[server] {
		yield(&x.list[i])
	}
}
