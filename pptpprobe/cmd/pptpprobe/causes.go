package main

import (
	"fmt"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/internal/suggest"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// causes is the command that lists the causes, or explains some.
func causes(args []string, env *environment) int {
	var help bool
	operands, err := parse(args, []option{{"h", "help", "", "print this", yes(&help)}})
	if err != nil {
		return usage(env, false, err)
	}
	if help {
		fmt.Fprint(env.stdout, causesHelp)
		return exitOK
	}
	all := pptpprobe.Causes()
	if len(operands) == 0 {
		fmt.Fprint(env.stdout, listCauses(all))
		return exitOK
	}
	var w strings.Builder
	for i, name := range operands {
		found := matching(all, name)
		if i > 0 {
			fmt.Fprintln(&w)
		}
		switch {
		case len(found) == 0:
			return usage(env, false, unknownCause(name, all))
		case len(found) == 1 && string(found[0].Cause) == strings.ToLower(name):
			explain(&w, found[0])
		default:
			w.WriteString(listCauses(found))
		}
	}
	fmt.Fprint(env.stdout, w.String())
	return exitOK
}

// matching returns the cause of that name, or all of that stage.
func matching(all []pptpprobe.CauseInfo, name string) (found []pptpprobe.CauseInfo) {
	name = strings.ToLower(name)
	for _, c := range all {
		stage, _, _ := strings.Cut(string(c.Cause), ".")
		if string(c.Cause) == name || stage == name {
			found = append(found, c)
		}
	}
	return found
}

func unknownCause(name string, all []pptpprobe.CauseInfo) error {
	valid := make([]string, len(all))
	for i, c := range all {
		valid[i] = string(c.Cause)
	}
	if best := suggest.Nearest(name, valid); best != "" {
		return fmt.Errorf("unknown cause %q; did you mean %s? (pptpprobe causes lists all)", name, best)
	}
	return fmt.Errorf("unknown cause %q; pptpprobe causes lists all", name)
}

func listCauses(list []pptpprobe.CauseInfo) string {
	var w strings.Builder
	width := 0
	for _, c := range list {
		width = max(width, len(c.Cause))
	}
	for _, c := range list {
		fmt.Fprintf(&w, "%-*s  %-9s  %s\n", width, c.Cause, c.Severity, c.Observable)
	}
	return w.String()
}

var severities = map[pptpprobe.Severity]string{
	pptpprobe.SeverityFail:       "the session fails",
	pptpprobe.SeverityWarn:       "a warning; the session goes on",
	pptpprobe.SeverityInfo:       "worth a note; the session goes on",
	pptpprobe.SeverityFailOrWarn: "the session fails, or there is a warning, as the options say",
}

func explain(w *strings.Builder, c pptpprobe.CauseInfo) {
	fmt.Fprintf(w, "%s\n", c.Cause)
	do, test := splitHint(c.Hint)
	for _, p := range []fact{{"means", severities[c.Severity]}, {"seen", c.Observable}, {"likely", c.RootCause}, {"do", do}, {"test", test}} {
		if p.value != "" {
			paragraph(w, "  "+p.label, "  "+p.label, p.value)
		}
	}
}
