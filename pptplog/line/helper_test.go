package line

import "net/netip"

func address(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
