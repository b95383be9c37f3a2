package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

const made = "<!-- Made by scripts/runbook: change the codebook (health/codebook.yaml) or scripts/runbook/*.yaml and run `make generate`. -->\n\n"

// generate returns the content of docs/runbook by file name.
func generate(rules string) (map[string][]byte, error) {
	groups, err := loadPages()
	if err != nil {
		return nil, err
	}
	notes, err := loadNotes()
	if err != nil {
		return nil, err
	}
	alerts, err := loadAlerts(rules)
	if err != nil {
		return nil, err
	}
	causes := causesByName()
	files := map[string][]byte{
		"README.md":  index(groups, causes, alerts),
		"alerts.md":  alertPage(notes, alerts),
		"signals.md": signalPage(causes),
	}
	for _, g := range groups {
		for name, p := range g.Causes {
			c, ok := causes[name]
			if !ok {
				return nil, fmt.Errorf("pages: %s is no cause of the codebook", name)
			}
			files[name+".md"] = causePage(c, p, tell(alerts, name))
			delete(causes, name)
		}
	}
	if len(causes) > 0 {
		return nil, fmt.Errorf("pages: no page for %s", strings.Join(slices.Sorted(maps.Keys(causes)), ", "))
	}
	return files, nil
}

func causePage(c health.Cause, p page, alerts []alert) []byte {
	var b bytes.Buffer
	b.WriteString(made)
	fmt.Fprintf(&b, "# %s\n\n", c.Title)
	fmt.Fprintf(&b, "`%s` · state **%s** · severity **%s**%s\n\n%s\n\n**In short:** %s\n", c.Name, c.State, c.Severity, alertList(alerts), p.Means, c.Hint)

	b.WriteString("\n## What to check\n")
	for _, k := range p.Check {
		fmt.Fprintf(&b, "\n**%s**\n\n", k.On)
		if k.Run != "" {
			fmt.Fprintf(&b, "```%s\n%s\n```\n\n", language(k.On), strings.TrimSpace(k.Run))
		}
		fmt.Fprintf(&b, "%s\n", k.Look)
	}
	bullets(&b, "What to do", p.Do)
	bullets(&b, "Beware", p.Traps)

	b.WriteString("\n## Which signals tell\n")
	signals := signalsByName()
	for _, part := range []struct {
		head  string
		lines []string
	}{
		{"All of this must hold; what is not known lowers the confidence", c.Required},
		{"This makes it likelier", c.Supporting},
		{"This speaks against it", c.Contradicting},
	} {
		if len(part.lines) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s:\n\n", part.head)
		for _, l := range part.lines {
			fmt.Fprintf(&b, "- %s\n", plain(l, signals))
		}
	}
	if c.Name == "unknown" {
		b.WriteString("\nNone in particular: stages of sessions are bad, and no other cause is likely enough.\n")
	}
	if len(c.Explains) > 0 {
		fmt.Fprintf(&b, "\nIt explains, so these are not told beside it: `%s`.\n", strings.Join(c.Explains, "`, `"))
	}
	b.WriteString("\n[All causes](README.md) · [signals](signals.md) · [other alerts](alerts.md)\n")
	return b.Bytes()
}

// language is what to colour commands as; those of network devices have no name that viewers know.
func language(on string) string {
	for prefix, l := range map[string]string{
		"RouterOS": "text", "Cisco": "text", "Windows": "powershell", "Active Directory": "powershell", "Prometheus": "promql",
	} {
		if strings.HasPrefix(on, prefix) {
			return l
		}
	}
	return "sh"
}

func alertList(alerts []alert) string {
	var out strings.Builder
	for _, a := range alerts {
		fmt.Fprintf(&out, " · alert `%s` (%s)", a.Name, a.Severity)
	}
	return out.String()
}

func bullets(b *bytes.Buffer, head string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n", head)
	for _, l := range lines {
		fmt.Fprintf(b, "- %s\n", l)
	}
}

func index(groups []group, causes map[string]health.Cause, alerts []alert) []byte {
	var b bytes.Buffer
	b.WriteString(made)
	b.WriteString(`# Runbook

A page for each root cause that a verdict can name, in the order of the stages of a session. What states, severities and
confidence mean is in [verdicts](../verdicts.md). [Signals](signals.md) lists what can be observed, and [other
alerts](alerts.md) are those that are about no single cause.
`)
	for _, g := range groups {
		fmt.Fprintf(&b, "\n## %s\n\n| cause | | state | severity | alert |\n|---|---|---|---|---|\n", g.Title)
		for _, c := range health.DefaultCodebook().Causes() {
			if _, ok := g.Causes[c.Name]; !ok {
				continue
			}
			var names []string
			for _, a := range tell(alerts, c.Name) {
				names = append(names, "`"+a.Name+"`")
			}
			if len(names) == 0 {
				names = []string{"`PPTPOtherCause`"}
			}
			fmt.Fprintf(&b, "| [`%s`](%[1]s.md) | %s | %s | %s | %s |\n", c.Name, causes[c.Name].Title, c.State, c.Severity, strings.Join(names, ", "))
		}
	}
	return b.Bytes()
}

func alertPage(notes map[string]note, alerts []alert) []byte {
	var b bytes.Buffer
	b.WriteString(made)
	b.WriteString("# Alerts that are about no single cause\n\nAlerts about a cause have [its page](README.md).\n")
	for _, a := range alerts {
		n, ok := notes[a.Name]
		if !ok {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\nSeverity **%s**. %s\n\n", a.Name, a.Severity, n.Means)
		for _, l := range n.Do {
			fmt.Fprintf(&b, "- %s\n", l)
		}
		fmt.Fprintf(&b, "\n```promql\n%s\n```\n", strings.TrimSpace(a.Expr))
	}
	return b.Bytes()
}

func signalPage(causes map[string]health.Cause) []byte {
	used := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(causes)) {
		c := causes[name]
		for _, line := range slices.Concat(c.Required, c.Supporting, c.Contradicting) {
			for _, t := range terms(line) {
				if l := used[t.signal]; len(l) == 0 || l[len(l)-1] != name {
					used[t.signal] = append(l, name)
				}
			}
		}
	}
	var b bytes.Buffer
	b.WriteString(made)
	b.WriteString("# Signals\n\nWhat evidence can be about. Each is good, bad or unknown; most have several ways to be bad. Seen from several vantages, a signal\nis bad when enough of them see it. The causes are those for or against which it speaks.\n\n")
	b.WriteString("| signal | is about | bad as | from several vantages | causes |\n|---|---|---|---|---|\n")
	for _, s := range health.DefaultCodebook().Signals() {
		var links []string
		for _, c := range used[s.Name] {
			links = append(links, fmt.Sprintf("[%s](%[1]s.md)", c))
		}
		vantages := ""
		if s.Vantages {
			vantages = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", s.Name, s.Says, strings.ReplaceAll(strings.Join(s.Values, ", "), "_", " "), vantages, strings.Join(links, ", "))
	}
	return b.Bytes()
}
