package main

import (
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/scenario/world"
)

// run is a set of trials with a name.
type run struct {
	name   string
	trials []*trial
}

// evaluation is all that is measured.
type evaluation struct {
	n                                        int
	all, noise, flap, two, maintained, mixed run
	healthy                                  run
	less                                     []run // with fewer sources
	replay                                   *replayed
	days, gateways                           int
}

// evaluate runs everything with the seeds for publishing, and writes the report.
func evaluate(n, days, gateways int, out string) error {
	causes := world.Causes()
	e := &evaluation{
		n: n, days: days, gateways: gateways,
		all:        run{"all sources", trialsOf(published, n, kind{have: everything}, causes...)},
		healthy:    run{"nothing wrong", trialsOf(published, 5*n, kind{have: everything}, "")},
		noise:      run{"with noise", trialsOf(published, n, kind{have: everything, noise: noisy}, append(causes, "")...)},
		flap:       run{"faults that come and go", trialsOf(published, 2, kind{have: everything, flapping: true}, causes...)},
		maintained: run{"in maintenance", trialsOf(published, 2, kind{have: everything, maintenance: true}, causes...)},
		mixed:      run{"one source missing at random", trialsOf(published, n, kind{have: everything, mixed: true}, causes...)},
		two:        run{"two faults at once", pairs(published, max(2, n/2), kind{have: everything})},
	}
	for _, s := range []sources{
		{probe: true}, {probe: true, snmp: true}, {probe: true, flows: true}, {probe: true, logs: true}, {probe: true, radius: true},
		{snmp: true, flows: true, logs: true, radius: true}, {probe: true, snmp: true, flows: true, radius: true},
		{probe: true, snmp: true, flows: true, logs: true}, {probe: true, snmp: true, flows: true},
	} {
		e.less = append(e.less, run{s.String(), trialsOf(published, n, kind{have: s}, causes...)})
	}
	var every []*trial
	for _, r := range append([]run{e.all, e.healthy, e.noise, e.flap, e.maintained, e.mixed, e.two}, e.less...) {
		every = append(every, r.trials...)
	}
	fmt.Fprintf(os.Stderr, "%d trials\n", len(every))
	if err := runAll(every); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d healthy gateways for %d days\n", gateways, days)
	var err error
	if e.replay, err = replay(published, days, gateways); err != nil {
		return err
	}
	text := e.report()
	fmt.Print(text)
	return os.WriteFile(out, []byte(text), 0o644)
}

func toldOf(t *trial) string { return t.told }

// seconds and ticks of a time.
func took(d time.Duration) string {
	return fmt.Sprintf("%.0f s (%d)", d.Seconds(), int(d/world.Step))
}

func (e *evaluation) report() string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	line("%s", preface)
	all := scoreOf(e.all.trials, toldOf)
	e.summary(line, all)
	e.perCause(line, all)
	e.confusion(line, all)
	e.degradation(line)
	e.special(line)
	e.calibration(line)
	e.wellness(line)
	line("%s", epilogue)
	return b.String()
}

func (e *evaluation) summary(line func(string, ...any), all *score) {
	ts := e.all.trials
	alert := scoreOf(ts, func(t *trial) string { return t.alert })
	vote := scoreOf(ts, func(t *trial) string { return t.vote })
	line("## In short\n")
	line("| | verdicts | one alert per signal | vote of the signals |")
	line("|---|---|---|---|")
	line("| macro-F1, all sources | **%.3f** | %.3f | %.3f |", all.macroF1(), alert.macroF1(), vote.macroF1())
	line("| right cause | %.1f %% | %.1f %% | %.1f %% |", 100*ratio(all.rightTop1, all.faults), 100*ratio(alert.rightTop1, alert.faults), 100*ratio(vote.rightTop1, vote.faults))
	line("| right cause told, first or beside | %.1f %% | | |", 100*ratio(all.rightTop2, all.faults))
	line("| false in %.0f healthy gateway-days | **%d** | %d | %d |", e.replay.days, e.replay.incidents, e.replay.alerts, e.replay.votes)
	line("")
	line("%d trials of each of %d causes. The two rivals get the same evidence; what is false of them is counted as episodes.\n", e.n, len(world.Causes()))
	line("| time, all sources | median | 95 of 100 |")
	line("|---|---|---|")
	for _, row := range []struct {
		name string
		of   func(*trial) time.Duration
	}{
		{"until anything is told", func(t *trial) time.Duration { return t.ill }},
		{"until the right cause is told", func(t *trial) time.Duration { return t.detect }},
		{"until it is told that all is well again", func(t *trial) time.Duration { return t.recover }},
	} {
		line("| %s | %s | %s |", row.name, took(percentile(ts, row.of, 0.5)), took(percentile(ts, row.of, 0.95)))
	}
	line("")
	line("In brackets: evaluations, 10 s apart. Probes look every 10, 30 or 60 s, one third of the trials each, and have to see a failure")
	line("twice. What is remembered of events - a restart, lines of a log - is remembered for minutes, and so is told for as long.\n")
	incidents, updates, changes, flaps, beside := 0, 0, 0, 0, 0
	for _, t := range ts {
		incidents, updates, changes, beside = incidents+t.opened, updates+t.updated, changes+t.changes, beside+t.falsely
		if t.flaps {
			flaps++
		}
	}
	n := float64(len(ts))
	line("Of a fault, %.2f incidents are opened and %.2f times updated; the cause changes %.2f times, %d of %d gateways were told to be", float64(incidents)/n, float64(updates)/n, float64(changes)/n, flaps, len(ts))
	line("flapping. %d incidents were opened before the fault or at gateways that it did not hit.\n", beside)
}

func (e *evaluation) perCause(line func(string, ...any), s *score) {
	line("## Each cause\n")
	line("| cause | precision | recall | F1 | median time to tell |")
	line("|---|---|---|---|---|")
	for _, name := range world.Causes() {
		c := s.causes[name]
		of := make([]*trial, 0, e.n)
		for _, t := range e.all.trials {
			if t.truth == name {
				of = append(of, t)
			}
		}
		line("| `%s` | %.2f | %.2f | %.2f | %s |", name, c.precision(), c.recall(), c.f1(), took(percentile(of, func(t *trial) time.Duration { return t.detect }, 0.5)))
	}
	line("")
}

func (e *evaluation) confusion(line func(string, ...any), s *score) {
	line("## What is taken for what\n")
	line("| is | told | times | such as |")
	line("|---|---|---|---|")
	var keys [][2]string
	for k := range s.confusion {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		if a, b := s.confusion[keys[i]], s.confusion[keys[j]]; a != b {
			return a > b
		}
		return keys[i][0]+keys[i][1] < keys[j][0]+keys[j][1]
	})
	for _, k := range keys {
		says := ""
		for _, t := range e.all.trials {
			if t.truth == k[0] && t.told == k[1] {
				says = t.says
			}
		}
		told := "nothing"
		if k[1] != "" {
			told = "`" + k[1] + "`"
		}
		line("| `%s` | %s | %d | %s |", k[0], told, s.confusion[k], says)
	}
	line("")
}

// degradation is with fewer sources.
func (e *evaluation) degradation(line func(string, ...any)) {
	line("## With fewer sources\n")
	line("Without the only source that can see a cause nobody can tell it: the daemon's GRE socket is in its log only. So there are two figures,")
	line("of the causes of which these sources see something that the cause cannot be without, and of all %d.\n", len(world.Causes()))
	line("| sources | observable causes | macro-F1 of those | macro-F1 of all |")
	line("|---|---|---|---|")
	for _, r := range append([]run{e.all}, e.less...) {
		visible := observable(r.trials[0].have)
		var seen []*trial
		for _, t := range r.trials {
			if slices.Contains(visible, t.truth) {
				seen = append(seen, t)
			}
		}
		line("| %s | %d | **%.3f** | %.3f |", r.trials[0].have, len(visible), scoreOf(seen, toldOf).macroF1(), scoreOf(r.trials, toldOf).macroF1())
	}
	line("")
	line("One of the others missing at random, as on most sites: macro-F1 of all %.3f.\n", scoreOf(e.mixed.trials, toldOf).macroF1())
}

// special are noise, two faults, maintenance, and faults that come and go.
func (e *evaluation) special(line func(string, ...any)) {
	noise := scoreOf(e.noise.trials, toldOf)
	either, bothTold := 0, 0
	for _, t := range e.two.trials {
		if t.right() {
			either++
		}
		if seen := append([]string{t.told}, t.also...); contains(seen, t.truth) && contains(seen, t.other) {
			bothTold++
		}
	}
	silent, right := 0, 0
	for _, t := range e.maintained.trials {
		if t.silent {
			silent++
		}
		if t.right() {
			right++
		}
	}
	flap := scoreOf(e.flap.trials, toldOf)
	opened, flapping := 0, 0
	for _, t := range e.flap.trials {
		opened += t.opened
		if t.flaps {
			flapping++
		}
	}
	beside := 0
	for _, t := range e.noise.trials {
		beside += t.falsely
	}
	hours := 0.0
	for _, t := range e.noise.trials {
		hours += t.hours
	}
	line("## Noise, and more than one thing at a time\n")
	line("| | |")
	line("|---|---|")
	line("| with noise: macro-F1 | %.3f |", noise.macroF1())
	line("| with noise: false incidents per gateway-hour | %.2f |", float64(beside)/hours)
	line("| two faults at once: told is one of them | %.0f %% |", 100*ratio(either, len(e.two.trials)))
	line("| two faults at once: both are told | %.0f %% |", 100*ratio(bothTold, len(e.two.trials)))
	line("| in maintenance: nothing is opened | %.0f %% |", 100*ratio(silent, len(e.maintained.trials)))
	line("| in maintenance: the verdict below is right | %.0f %% |", 100*ratio(right, len(e.maintained.trials)))
	line("| a minute on, two off: right cause | %.0f %% |", 100*ratio(flap.rightTop1, flap.faults))
	line("| a minute on, two off: incidents of ten minutes | %.1f |", float64(opened)/float64(len(e.flap.trials)))
	line("| a minute on, two off: told to be flapping | %.0f %% |", 100*ratio(flapping, len(e.flap.trials)))
	line("")
	line("Noise flips %.0f %% of what comes at intervals, withholds %.0f %% of the events, invents something before %.0f %% of the evaluations of each", 100*flipped, 100*flipped, 100*spurious)
	line("gateway, which is something every %.0f minutes, delays %.0f %% by up to a", world.Step.Minutes()/spurious, 100*delayed)
	line("minute, doubles %.0f %%, puts %.0f %% out of order, and sets each source's clock wrong by up to %.0f s.\n", 100*duplicated, 100*reordered, skew.Seconds())
}

func (e *evaluation) calibration(line func(string, ...any)) {
	var ts []*trial
	for _, r := range append([]run{e.all, e.noise, e.mixed}, e.less...) {
		ts = append(ts, r.trials...)
	}
	line("## How sure, and how often right\n")
	line("Over all runs above, %d trials: Brier score %.3f with all sources, %.3f over all.\n", len(ts), brier(e.all.trials), brier(ts))
	line("| confidence told | trials | mean confidence | right |")
	line("|---|---|---|---|")
	for _, b := range reliability(ts) {
		line("| %.2f to %.2f | %d | %.2f | %.0f %% |", b.from, b.to, b.n, b.confidence, 100*b.right)
	}
	line("")
}

func (e *evaluation) wellness(line func(string, ...any)) {
	wrong := 0
	for _, t := range e.healthy.trials {
		if t.told != "" || t.falsely > 0 {
			wrong++
		}
	}
	line("## Healthy gateways\n")
	line("%d gateways for %d days, with two vantages each and %d pieces of evidence in all: **%d incidents**, and %d times the note that a", e.gateways, e.days, e.replay.pieces, e.replay.incidents, e.replay.clients)
	line("single client has trouble, which is true. Of %d short trials without a fault, %d had a verdict.\n", len(e.healthy.trials), wrong)
	for _, t := range e.replay.told {
		line("- %s", t)
	}
}
