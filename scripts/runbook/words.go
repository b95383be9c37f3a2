package main

import (
	"fmt"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// condition is a signal and the values that meet it, as the codebook writes them.
type condition struct {
	signal string
	values []string
}

// terms reads a line of evidence: "probe.tcp: timeout or unreachable; or log.daemon: exited".
func terms(line string) []condition {
	var out []condition
	for _, part := range strings.Split(line, "; or ") {
		signal, values, _ := strings.Cut(part, ": ")
		out = append(out, condition{signal, strings.Split(values, " or ")})
	}
	return out
}

// words of values that do not speak for themselves.
var words = map[string]string{
	"ok":        "good",
	"bad":       "bad in any way",
	"partial":   "bad from some vantages only",
	"any_ok":    "good from at least one vantage",
	"few_peers": "bad for very few clients only",
}

// plain says a line of evidence in words: what is observed, how it has to be, and the signal's name for those who look it up.
func plain(line string, signals map[string]health.Signal) string {
	var parts []string
	for _, c := range terms(line) {
		var values []string
		for _, v := range c.values {
			if w, ok := words[v]; ok {
				v = w
			}
			values = append(values, strings.ReplaceAll(v, "_", " "))
		}
		parts = append(parts, fmt.Sprintf("%s: **%s** (`%s`)", signals[c.signal].Says, strings.Join(values, "** or **"), c.signal))
	}
	return strings.Join(parts, ", *or* ")
}
