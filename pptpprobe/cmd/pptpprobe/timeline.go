package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// line is a line of the timeline: a stage, or a check in it.
type line struct {
	label, result string
	reached       bool
	start, took   time.Duration // start is from that of the session
	note          string
}

// stages are those of a session, and the depth from which on it has them.
var stages = []struct {
	stage pptpprobe.Stage
	from  pptpprobe.Depth
}{
	{pptpprobe.StageDNS, pptpprobe.DepthControl},
	{pptpprobe.StageTCP, pptpprobe.DepthControl},
	{pptpprobe.StageControl, pptpprobe.DepthControl},
	{pptpprobe.StageCall, pptpprobe.DepthGRE},
	{pptpprobe.StageGRE, pptpprobe.DepthGRE},
	{pptpprobe.StageLCP, pptpprobe.DepthGRE},
	{pptpprobe.StageAuth, pptpprobe.DepthAuth},
	{pptpprobe.StageCCP, pptpprobe.DepthNetwork},
	{pptpprobe.StageIPCP, pptpprobe.DepthNetwork},
	{pptpprobe.StageApp, pptpprobe.DepthApplication},
	{pptpprobe.StageHold, notExpected},
	{pptpprobe.StageTeardown, notExpected},
}

// notExpected is the depth of stages that are shown only if there were any.
const notExpected = pptpprobe.DepthApplication + 1

// lines are the timeline: what was reached, and what should have been.
func (s *session) lines() []line {
	var lines []line
	for _, st := range stages {
		r, reached := s.res.Stage(st.stage)
		if !reached && st.from > s.target.Depth {
			continue
		}
		l := line{label: string(st.stage), result: "-", reached: reached}
		if reached {
			l.result = mark(r.Outcome)
			l.start, l.took = r.Start.Sub(s.res.Start), r.Duration
			l.note = again(r)
		}
		lines = append(lines, l)
		if st.stage != pptpprobe.StageApp {
			continue
		}
		for i := range s.res.Checks {
			lines = append(lines, s.checkLine(&s.res.Checks[i]))
		}
	}
	return lines
}

func (s *session) checkLine(c *pptpprobe.CheckResult) line {
	l := line{label: "  " + s.clean(c.Check.Name), result: mark(pptpprobe.OutcomeOK), reached: true, start: c.Start.Sub(s.res.Start), took: c.Duration}
	if c.Failure != nil {
		l.result = mark(pptpprobe.OutcomeFailed)
	}
	return l
}

// mark is how an outcome is shown; what failed should be seen without colours.
func mark(o pptpprobe.Outcome) string {
	if o == pptpprobe.OutcomeFailed {
		return "FAILED"
	}
	return string(o)
}

// again says how often something had to be repeated.
func again(r pptpprobe.StageResult) string {
	if r.Retransmits == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d requests repeated", r.Retransmits, r.Attempts)
}

const (
	pageWidth    = 80
	maxLabel     = 24
	minBar       = 20
	fixedColumns = 2 + resultWidth + timeWidth + timeWidth + 2 // with the spaces between
	resultWidth  = 8
	timeWidth    = 9
)

// timeline prints the stages: when each began, how long it took, and a bar for both.
func (s *session) timeline(w *strings.Builder, p palette) {
	lines := s.lines()
	label := len("stage")
	for _, l := range lines {
		label = max(label, min(utf8.RuneCountInString(l.label), maxLabel))
	}
	width := max(pageWidth-2-label-fixedColumns, minBar)
	end := took(s.res.Duration)
	fmt.Fprintf(w, "  %s\n", p.dim(fmt.Sprintf("%s  %-*s%*s%*s  0%*s", pad("stage", label), resultWidth, "result", timeWidth, "at ms", timeWidth, "took ms", width-1, end)))
	for _, l := range lines {
		at, took, bar := "", "", ""
		if l.reached {
			at = milliseconds(l.start)
		}
		if l.reached && l.result != string(pptpprobe.OutcomeSkipped) {
			took, bar = milliseconds(l.took), drawBar(l.start, l.took, s.res.Duration, width)
		}
		if l.note != "" {
			bar = pad(bar, width) + "  " + l.note
		}
		text := fmt.Sprintf("%s  %s%*s%*s  %s", pad(l.label, label), p.result(l.result, l.result), resultWidth+timeWidth-len(l.result), at, timeWidth, took, p.result(l.result, bar))
		fmt.Fprintf(w, "  %s\n", strings.TrimRight(text, " "))
	}
}

// pad fills text up, or cuts it down, to width characters.
func pad(text string, width int) string {
	if r := []rune(text); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return text + strings.Repeat(" ", width-utf8.RuneCountInString(text))
}

// drawBar draws from start to start+took on a scale of width characters for
// total; what took no time is one character long.
func drawBar(start, took, total time.Duration, width int) string {
	if total <= 0 {
		return ""
	}
	scale := float64(width) / float64(total)
	from := min(max(int(float64(start)*scale), 0), width-1)
	to := min(max(int(float64(start+took)*scale+0.999), from+1), width)
	return strings.Repeat(" ", from) + strings.Repeat("█", to-from)
}

// palette colours what a terminal shows.
type palette bool

func (p palette) paint(code, text string) string {
	if !p || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p palette) green(t string) string  { return p.paint("32", t) }
func (p palette) red(t string) string    { return p.paint("1;31", t) }
func (p palette) yellow(t string) string { return p.paint("33", t) }
func (p palette) dim(t string) string    { return p.paint("2", t) }

// result paints text in the colour of a result.
func (p palette) result(result, text string) string {
	switch result {
	case string(pptpprobe.OutcomeOK):
		return p.green(text)
	case mark(pptpprobe.OutcomeFailed):
		return p.red(text)
	}
	return p.dim(text)
}

// verdict paints the verdict.
func (p palette) verdict(v verdict, text string) string {
	switch v {
	case verdictOK:
		return p.green(text)
	case verdictFailed:
		return p.red(text)
	}
	return p.yellow(text)
}

// orderedWarnings are the warnings, those that matter first.
func (s *session) orderedWarnings() []pptpprobe.Warning {
	list := slices.Clone(s.res.Warnings)
	slices.SortStableFunc(list, func(a, b pptpprobe.Warning) int { return rank(a.Cause) - rank(b.Cause) })
	return list
}

func rank(c pptpprobe.Cause) int {
	if isNote(c) {
		return 1
	}
	return 0
}
