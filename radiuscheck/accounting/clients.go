package accounting

import (
	"net/netip"
	"slices"
)

// clients finds the secret of a sender: single addresses at once, then the prefixes
// from the longest on.
type clients struct {
	single map[netip.Addr][]byte
	wide   []Client
}

func newClients(list []Client) clients {
	c := clients{single: make(map[netip.Addr][]byte)}
	for _, client := range list {
		if client.Prefix.IsSingleIP() {
			c.single[client.Prefix.Addr()] = client.Secret
		} else {
			c.wide = append(c.wide, client)
		}
	}
	slices.SortStableFunc(c.wide, func(a, b Client) int { return b.Prefix.Bits() - a.Prefix.Bits() })
	return c
}

// secret is nil for a sender that is not a client.
func (c *clients) secret(from netip.Addr) []byte {
	if s, ok := c.single[from]; ok {
		return s
	}
	for i := range c.wide {
		if c.wide[i].Prefix.Contains(from) {
			return c.wide[i].Secret
		}
	}
	return nil
}
