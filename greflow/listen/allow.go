package listen

import "net/netip"

// allowList is a set of prefixes. It is asked once for each length that occurs in it.
type allowList struct {
	prefixes     map[netip.Prefix]struct{}
	bits4, bits6 []int
}

func newAllowList(prefixes []netip.Prefix) *allowList {
	a := &allowList{prefixes: make(map[netip.Prefix]struct{}, len(prefixes))}
	seen := map[[2]int]bool{}
	for _, p := range prefixes {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		p = p.Masked()
		a.prefixes[p] = struct{}{}
		if key := [2]int{p.Addr().BitLen(), p.Bits()}; !seen[key] {
			seen[key] = true
			if p.Addr().Is4() {
				a.bits4 = append(a.bits4, p.Bits())
			} else {
				a.bits6 = append(a.bits6, p.Bits())
			}
		}
	}
	return a
}

// has says whether the address, neither IPv4-mapped nor with a zone, may send. An
// empty list allows all.
func (a *allowList) has(addr netip.Addr) bool {
	bits := a.bits6
	if addr.Is4() {
		bits = a.bits4
	}
	for _, n := range bits {
		if p, err := addr.Prefix(n); err == nil {
			if _, ok := a.prefixes[p]; ok {
				return true
			}
		}
	}
	return len(a.prefixes) == 0
}
