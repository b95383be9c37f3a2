package main

import (
	"fmt"
	"strings"
)

// Colours mean the same everywhere.
const (
	good, dim, note, ill, bad = "green", "#5a6375", "blue", "orange", "red"
	announced, restless       = "purple", "yellow"
)

// states are in the order in which they are worse, so that a value on a line can be any of them.
var states = []mappingResult{
	{Text: "healthy", Color: good}, {Text: "unknown", Color: dim}, {Text: "maintenance", Color: announced},
	{Text: "flapping", Color: restless}, {Text: "degraded", Color: ill}, {Text: "down", Color: bad},
}

// stateOf is a query for the number of the state in states, by gateway.
func stateOf(selector string) string {
	parts := make([]string, len(states))
	for i, s := range states {
		parts[i] = fmt.Sprintf(`%d + 0 * max by (pptp_gateway_id) (pptp_gateway_status{%s, pptp_gateway_state=%q} == 1)`, i, selector, s.Text)
	}
	return strings.Join(parts, " or ")
}

var severities = values(
	mappingResult{Text: "none", Color: good}, mappingResult{Text: "info", Color: note}, mappingResult{Text: "warning", Color: restless},
	mappingResult{Text: "major", Color: ill}, mappingResult{Text: "critical", Color: bad},
)

var upDown = values(mappingResult{Text: "fails", Color: bad}, mappingResult{Text: "works", Color: good})

// present shows what is, and leaves out what is not.
var present = values(mappingResult{Text: " ", Color: "transparent"}, mappingResult{Text: "now", Color: ill})

var yesNo = values(mappingResult{Text: "no", Color: good}, mappingResult{Text: "yes", Color: announced})

// confidence is bad when low: what a verdict says is then to be doubted.
var confidence = at(bad, 0.5, restless, 0.8, good)

// ofGateways selects by the variable gateway.
const ofGateways = `pptp_gateway_id=~"$gateway"`

// rate is over as long as the resolution wants it.
func rate(by, metric string) string {
	return fmt.Sprintf("sum by (%s) (rate(%s[$__rate_interval]))", by, metric)
}

// quantile is of a histogram, by labels.
func quantile(q, by, metric string) string {
	if by != "" {
		by = ", " + by
	}
	return fmt.Sprintf("histogram_quantile(%s, sum by (le%s) (rate(%s[$__rate_interval])))", q, by, metric)
}
