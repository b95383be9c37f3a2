// The scenario command measures how good the verdicts are: it runs faults in simulated gateways, feeds what the
// collector's components would tell of them through the table and the engine of the correlation, and compares what is
// said with what was done. It writes docs/evaluation.md.
//
// Everything in it is computed: the same version gives the same figures.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/testbed/scenario/world"
)

func main() {
	tune := flag.Bool("tune", false, "use the seeds for tuning, print what is wrong, and write nothing")
	n := flag.Int("n", 20, "trials of each cause")
	only := flag.String("cause", "", "with -tune: only this cause")
	with := flag.String("sources", "", "with -tune: of probe,snmp,flows,logs,radius; empty: all")
	loud := flag.Bool("noise", false, "with -tune: with noise")
	days := flag.Int("days", 7, "simulated days of the healthy replay")
	gateways := flag.Int("gateways", 100, "gateways of the healthy replay")
	well := flag.Bool("replay", false, "with -tune: only the healthy replay")
	out := flag.String("o", "docs/evaluation.md", "where to write")
	flag.Parse()
	var err error
	if *tune && *well {
		err = tuneReplay(*days, *gateways)
	} else if *tune {
		err = tuneOn(*n, *only, *with, *loud)
	} else {
		err = evaluate(*n, *days, *gateways, *out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// tuneOn runs trials with the seeds for tuning and prints those that went wrong.
func tuneOn(n int, only, with string, loud bool) error {
	k := kind{have: everything}
	if with != "" {
		k.have = sources{}
		for _, name := range strings.Split(with, ",") {
			at := map[string]*bool{"probe": &k.have.probe, "snmp": &k.have.snmp, "flows": &k.have.flows, "logs": &k.have.logs, "radius": &k.have.radius}[name]
			if at == nil {
				return fmt.Errorf("-sources: %q is none of probe, snmp, flows, logs, radius", name)
			}
			*at = true
		}
	}
	if loud {
		k.noise = noisy
	}
	causes := append(world.Causes(), "")
	if only != "" {
		causes = []string{only}
	}
	began := time.Now()
	trials := trialsOf(tuning, n, k, causes...)
	if err := runAll(trials); err != nil {
		return err
	}
	for _, t := range trials {
		if t.told != t.truth || t.falsely > 0 || only != "" {
			fmt.Printf("%-34s told %-34s false %d  seed %d  %s  also %v\n    %s\n", t.truth, t.told, t.falsely, t.seed, t.says, t.also, strings.Join(t.log, " | "))
		}
	}
	s := scoreOf(trials, func(t *trial) string { return t.told })
	for _, name := range s.names() {
		c := s.causes[name]
		fmt.Printf("%-40s P %.2f R %.2f F1 %.2f\n", name, c.precision(), c.recall(), c.f1())
	}
	falsely, hours := 0, 0.0
	for _, t := range trials {
		falsely, hours = falsely+t.falsely, hours+t.hours
	}
	visible := observable(k.have)
	trials = slices.DeleteFunc(trials, func(t *trial) bool { return !slices.Contains(visible, t.truth) })
	fmt.Printf("macro-F1 %.3f, of observable causes %.3f, top-2 %.3f, right cause after %s, %.2f false incidents a gateway-hour, in %s\n", s.macroF1(),
		scoreOf(trials, toldOf).macroF1(), ratio(s.rightTop2, s.faults), took(percentile(trials, func(t *trial) time.Duration { return t.detect }, 0.5)),
		float64(falsely)/hours, time.Since(began).Round(time.Second))
	return nil
}

// tuneReplay runs healthy gateways with the seeds for tuning and prints what was told of them.
func tuneReplay(days, gateways int) error {
	began := time.Now()
	r, err := replay(tuning, days, gateways)
	if err != nil {
		return err
	}
	fmt.Println(strings.Join(r.told, "\n"))
	fmt.Printf("%d incidents in %.0f gateway-days, %d client verdicts; alerts %d, votes %d; %d pieces, %s\n",
		r.incidents, r.days, r.clients, r.alerts, r.votes, r.pieces, time.Since(began).Round(time.Second))
	return nil
}
