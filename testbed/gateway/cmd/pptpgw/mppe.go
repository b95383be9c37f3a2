package main

import (
	"fmt"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/mppe"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
)

// parseMPPE reads "require,40,128,stateful".
func parseMPPE(s string) (gateway.MPPEConfig, error) {
	var c gateway.MPPEConfig
	for word := range strings.SplitSeq(s, ",") {
		switch strings.TrimSpace(word) {
		case "prefer":
			c.Mode = gateway.MPPEPrefer
		case "require":
			c.Mode = gateway.MPPERequire
		case "refuse":
			c.Mode = gateway.MPPERefuse
		case "40":
			c.Strengths = append(c.Strengths, mppe.Bits40)
		case "56":
			c.Strengths = append(c.Strengths, mppe.Bits56)
		case "128":
			c.Strengths = append(c.Strengths, mppe.Bits128)
		case "stateful":
			c.Stateful = true
		default:
			return c, fmt.Errorf("-mppe: %q is unknown; use prefer, require or refuse, and 40, 56, 128, stateful", word)
		}
	}
	return c, nil
}
