package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// state is what a monitoring plugin reports.
type state string

// The states of the plugins for Nagios, Icinga and their kin.
const (
	stateOK       state = "OK"
	stateWarning  state = "WARNING"
	stateCritical state = "CRITICAL"
	stateUnknown  state = "UNKNOWN"
)

func (s state) exitCode() int {
	return slices.Index([]state{stateOK, stateWarning, stateCritical, stateUnknown}, s)
}

// threshold is a range in the syntax of monitoring plugins: "10" alerts outside
// of 0 to 10, "5:" below 5, "~:10" above 10, "5:10" outside of both, and
// "@5:10" inside.
type threshold struct {
	text     string
	low      float64
	high     float64
	isInside bool // alert inside
}

func parseThreshold(s string) (threshold, error) {
	t := threshold{text: s, high: math.Inf(1)}
	bad := fmt.Errorf("%q is not a range of seconds; use for example 5, 1:5, ~:5, 5: or @1:5", s)
	body, inside := strings.CutPrefix(s, "@")
	t.isInside = inside
	low, high, isPair := strings.Cut(body, ":")
	if !isPair {
		low, high = "", body
		if high == "" {
			return t, bad
		}
	}
	var err error
	switch low {
	case "":
	case "~":
		t.low = math.Inf(-1)
	default:
		if t.low, err = strconv.ParseFloat(low, 64); err != nil {
			return t, bad
		}
	}
	if high != "" {
		if t.high, err = strconv.ParseFloat(high, 64); err != nil {
			return t, bad
		}
	}
	if low == "" && high == "" || math.IsNaN(t.low) || math.IsNaN(t.high) || t.low > t.high {
		return t, bad
	}
	return t, nil
}

// alerts says whether d is where it should not be; no threshold never alerts.
func (t *threshold) alerts(d time.Duration) bool {
	if t == nil {
		return false
	}
	v := d.Seconds()
	return (v >= t.low && v <= t.high) == t.isInside
}

func (t *threshold) String() string {
	if t == nil {
		return ""
	}
	return t.text
}

// nagios returns the state and the one line of a monitoring plugin.
func (s *session) nagios(warning, critical *threshold) (state, string) {
	st, text := s.state(warning, critical)
	return st, fmt.Sprintf("PPTP %s - %s|%s", st, pluginText(text), strings.Join(s.performance(warning, critical), " "))
}

func (s *session) state(warning, critical *threshold) (state, string) {
	switch s.verdict() {
	case verdictFailed:
		f := s.res.Failure
		return stateCritical, fmt.Sprintf("%s: %s in stage %s: %s", s.endpoint(), causeName(f), f.Stage, s.clean(f.Detail))
	case verdictLocal:
		f := s.res.Failure
		return stateUnknown, fmt.Sprintf("%s: no verdict, %s in stage %s: %s", s.endpoint(), causeName(f), f.Stage, s.clean(f.Detail))
	case verdictInterrupted:
		return stateUnknown, fmt.Sprintf("%s: interrupted in stage %s", s.endpoint(), s.res.Failure.Stage)
	case verdictOK:
	}
	text := s.success()
	if n := &s.res.Negotiated; s.passed(pptpprobe.StageCCP) && n.Auth != 0 {
		text += fmt.Sprintf(", %s, encryption %s", n.Auth, s.encryption())
	}
	for _, x := range s.res.Warnings {
		if !isNote(x.Cause) {
			text += fmt.Sprintf("; %s: %s", x.Cause, s.clean(x.Detail))
		}
	}
	switch total := s.res.Duration; {
	case critical.alerts(total):
		return stateCritical, fmt.Sprintf("%s; critical: %s", text, critical)
	case warning.alerts(total):
		return stateWarning, fmt.Sprintf("%s; warning: %s", text, warning)
	case slices.ContainsFunc(s.res.Warnings, func(x pptpprobe.Warning) bool { return !isNote(x.Cause) }):
		return stateWarning, text
	}
	return stateOK, text
}

// performance is the performance data: the whole session, each stage that ran,
// and each check.
func (s *session) performance(warning, critical *threshold) []string {
	data := []string{fmt.Sprintf("total=%s;%s;%s;0", pluginSeconds(s.res.Duration), warning, critical)}
	add := func(label string, d time.Duration) {
		data = append(data, fmt.Sprintf("%s=%s;;;0", label, pluginSeconds(d)))
	}
	if s.res.Connect > 0 {
		add("connect", s.res.Connect)
	}
	for _, r := range s.res.Stages {
		if r.Outcome != pptpprobe.OutcomeSkipped {
			add(string(r.Stage), r.Duration)
		}
	}
	number := make(map[string]int)
	for i := range s.res.Checks {
		c := &s.res.Checks[i]
		// By number: a URL may have characters that labels must not have.
		kind := c.Check.Kind.String()
		number[kind]++
		label := kind + strconv.Itoa(number[kind])
		add(label, c.Duration)
		if p := c.Ping; p != nil {
			if len(p.RTTs) > 0 {
				add(label+"_rta", average(p.RTTs))
			}
			data = append(data, fmt.Sprintf("%s_loss=%.0f%%;;;0;100", label, 100*p.Loss()))
		}
		if t := c.Throughput; t != nil {
			data = append(data, fmt.Sprintf("%s_rate=%.0f;;;0", label, t.Rate())) // bytes a second
		}
		if m := c.MTU; m != nil {
			data = append(data, fmt.Sprintf("%s_path=%dB;;;0", label, m.Path))
		}
	}
	return data
}

func pluginSeconds(d time.Duration) string { return fmt.Sprintf("%.6fs", d.Seconds()) }

// pluginText is a text without what divides it from performance data and further lines.
func pluginText(t string) string {
	return strings.NewReplacer("|", "/", "\n", " ", "\r", " ").Replace(t)
}
