package main

import (
	"bytes"
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/otelcol-pptp/otelcol-pptp/deploy"
	"github.com/otelcol-pptp/otelcol-pptp/health"
)

//go:embed pages/*.yaml alerts.yaml
var data embed.FS

// group is a file of pages: causes that a reader looks for in the same place, in the order of a session.
type group struct {
	Title  string
	Causes map[string]page
}

// page is what is known of a cause beyond the codebook.
type page struct {
	Means string
	Check []check
	Do    []string
	Traps []string
}

// check is a look at something.
type check struct {
	On   string // what to look at, or the product that it applies to
	Run  string // commands or a query, if there are any
	Look string // what the answer tells
}

// note is about an alert without a cause.
type note struct {
	Means string
	Do    []string
}

func loadPages() ([]group, error) {
	entries, err := data.ReadDir("pages")
	if err != nil {
		return nil, fmt.Errorf("list the pages: %w", err)
	}
	groups := make([]group, len(entries))
	for i, e := range entries {
		if err := load("pages/"+e.Name(), &groups[i]); err != nil {
			return nil, err
		}
	}
	return groups, nil
}

func loadNotes() (map[string]note, error) {
	var v struct{ Alerts map[string]note }
	return v.Alerts, load("alerts.yaml", &v)
}

func load(name string, to any) error {
	b, err := data.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// alert is an alert of the rules.
type alert struct {
	Name, Severity, Expr string
	causes               *regexp.Regexp // that it tells; nil: none by name
}

var causeMatcher = regexp.MustCompile(`pptp_root_cause=~?"([^"]*)"`)

// loadAlerts reads the alerts out of the rule files of a folder, in their order.
func loadAlerts(dir string) ([]alert, error) {
	rules, err := deploy.Rules(dir)
	if err != nil {
		return nil, fmt.Errorf("load the alerts: %w", err)
	}
	var out []alert
	for _, r := range rules {
		if r.Alert == "" {
			continue
		}
		a := alert{Name: r.Alert, Expr: r.Expr, Severity: r.Labels["severity"]}
		page := r.Annotations["runbook_url"]
		if m := causeMatcher.FindStringSubmatch(r.Expr); m != nil && (strings.Contains(page, "root_cause") || strings.HasSuffix(page, m[1]+".md")) {
			if a.causes, err = regexp.Compile("^(?:" + m[1] + ")$"); err != nil {
				return nil, fmt.Errorf("%s: %w", r.Alert, err)
			}
		}
		out = append(out, a)
	}
	return out, nil
}

// tell returns the alerts that tell a cause by its name.
func tell(alerts []alert, cause string) []alert {
	return slices.DeleteFunc(slices.Clone(alerts), func(a alert) bool { return a.causes == nil || !a.causes.MatchString(cause) })
}

func causesByName() map[string]health.Cause {
	out := map[string]health.Cause{}
	for _, c := range health.DefaultCodebook().Causes() {
		out[c.Name] = c
	}
	return out
}

func signalsByName() map[string]health.Signal {
	out := map[string]health.Signal{}
	for _, s := range health.DefaultCodebook().Signals() {
		out[s.Name] = s
	}
	return out
}
