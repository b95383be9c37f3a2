package main

import (
	"sort"
	"strings"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// rivals are simpler ways to a verdict, fed with the same evidence: one alert per signal, and a vote of all
// signals. They know what each signal may mean from the codebook, and nothing of priors, contradictions, rounds or dwell.
type rivals struct {
	first map[string]string         // cause that a kind of failure is taken for by the alert about it
	votes map[string][]string       // causes that it speaks for
	rank  map[string]int            // of signals
	now   map[string]map[string]say // by gateway, by signal and who says it
}

// say is the last word about a signal.
type say struct {
	signal, value string
	until         time.Time
}

var rivalBook = bookOfRivals()

type book struct {
	first map[string]string
	votes map[string][]string
	rank  map[string]int
	ttl   map[string]time.Duration
}

// bookOfRivals reads the codebook's lines: "probe.tcp: timeout or unreachable; or log.lcp: bad".
func bookOfRivals() book {
	b := book{first: make(map[string]string), votes: make(map[string][]string), rank: make(map[string]int), ttl: make(map[string]time.Duration)}
	cb := health.DefaultCodebook()
	values := make(map[string][]string)
	for i, s := range cb.Signals() {
		b.rank[s.Name], b.ttl[s.Name], values[s.Name] = i, s.TTL, append([]string{"bad"}, s.Values...)
	}
	for _, c := range cb.Causes() {
		for i, lines := range [][]string{c.Required, c.Supporting} {
			for _, line := range lines {
				for _, part := range strings.Split(line, "; or ") {
					signal, list, _ := strings.Cut(part, ": ")
					for _, v := range strings.Split(list, " or ") {
						kinds := []string{v}
						if v == "bad" || v == "partial" {
							kinds = values[signal]
						}
						for _, kind := range kinds {
							key := signal + "=" + kind
							b.votes[key] = append(b.votes[key], c.Name)
							if _, there := b.first[key]; !there && i == 0 && v != "partial" {
								b.first[key] = c.Name
							}
						}
					}
				}
			}
		}
	}
	return b
}

func newRivals() *rivals {
	return &rivals{first: rivalBook.first, votes: rivalBook.votes, rank: rivalBook.rank, now: make(map[string]map[string]say)}
}

func (r *rivals) observe(now time.Time, ev *health.Evidence) {
	ttl := ev.TTL
	if ttl == 0 {
		ttl = max(rivalBook.ttl[ev.Signal], time.Second)
	}
	value := ev.Value
	if ev.Total > 0 {
		switch {
		case 2*ev.Bad <= ev.Total:
			value = "ok"
		case value == "":
			value = "bad"
		}
	}
	g := r.now[ev.Gateway]
	if g == nil {
		g = make(map[string]say)
		r.now[ev.Gateway] = g
	}
	g[ev.Signal+"@"+ev.Vantage+"%"+ev.Peer] = say{ev.Signal, value, now.Add(ttl)}
}

// judge says what the two would, empty if nothing is wrong.
func (r *rivals) judge(now time.Time, gateway string) (alert, vote string) {
	rank := len(r.rank)
	tally := make(map[string]int)
	g := r.now[gateway]
	for key, s := range g {
		switch {
		case now.After(s.until):
			delete(g, key)
			continue
		case s.value == "ok" || s.value == "unknown":
			continue
		}
		what := s.signal + "=" + s.value
		if cause := r.first[what]; cause != "" && (r.rank[s.signal] < rank || r.rank[s.signal] == rank && cause < alert) {
			alert, rank = cause, r.rank[s.signal]
		}
		for _, cause := range r.votes[what] {
			tally[cause]++
		}
	}
	causes := make([]string, 0, len(tally))
	for cause := range tally {
		causes = append(causes, cause)
	}
	sort.Strings(causes)
	most := 0
	for _, cause := range causes {
		if tally[cause] > most {
			vote, most = cause, tally[cause]
		}
	}
	return alert, vote
}
