package main

import (
	"math"
	"sort"
	"time"
)

// counts are of one cause.
type counts struct{ tp, fp, fn int }

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func (c counts) precision() float64 { return ratio(c.tp, c.tp+c.fp) }
func (c counts) recall() float64    { return ratio(c.tp, c.tp+c.fn) }

func (c counts) f1() float64 {
	if c.tp == 0 {
		return 0
	}
	return 2 * c.precision() * c.recall() / (c.precision() + c.recall())
}

// score is what a set of trials says.
type score struct {
	trials    []*trial
	causes    map[string]*counts
	confusion map[[2]string]int // truth, told
	rightTop1 int
	rightTop2 int
	faults    int
}

// scoreOf scores trials of one fault each; say is what is taken for the verdict.
func scoreOf(trials []*trial, say func(*trial) string) *score {
	s := &score{trials: trials, causes: make(map[string]*counts), confusion: make(map[[2]string]int)}
	of := func(name string) *counts {
		if s.causes[name] == nil {
			s.causes[name] = &counts{}
		}
		return s.causes[name]
	}
	for _, t := range trials {
		said := say(t)
		if t.truth != "" {
			s.faults++
			of(t.truth)
		}
		switch {
		case said == t.truth && said != "":
			of(t.truth).tp++
			s.rightTop1++
		case said != t.truth:
			if t.truth != "" {
				of(t.truth).fn++
			}
			if said != "" {
				of(said).fp++
			}
			s.confusion[[2]string{t.truth, said}]++
		}
		if t.truth != "" && (said == t.truth || len(t.also) > 0 && contains(t.also, t.truth)) {
			s.rightTop2++
		}
	}
	return s
}

func contains(list []string, what string) bool {
	for _, x := range list {
		if x == what {
			return true
		}
	}
	return false
}

// macroF1 is the mean over the causes that were there.
func (s *score) macroF1() float64 {
	sum, n := 0.0, 0
	for _, name := range s.names() {
		if c := s.causes[name]; c.tp+c.fn > 0 {
			sum += c.f1()
			n++
		}
	}
	return sum / max(1, float64(n))
}

func (s *score) names() []string {
	out := make([]string, 0, len(s.causes))
	for name := range s.causes {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

// brier is the mean square of what confidence was off by.
func brier(trials []*trial) float64 {
	sum, n := 0.0, 0
	for _, t := range trials {
		if t.told == "" {
			continue
		}
		right := 0.0
		if t.right() {
			right = 1
		}
		sum += (t.confidence - right) * (t.confidence - right)
		n++
	}
	return sum / max(1, float64(n))
}

// bin is verdicts of about the same confidence.
type bin struct {
	from, to   float64
	n          int
	confidence float64
	right      float64
}

func reliability(trials []*trial) []bin {
	edges := []float64{0, 0.35, 0.5, 0.65, 0.8, 0.9, 1}
	var bins []bin
	for i := range len(edges) - 1 {
		b := bin{from: edges[i], to: edges[i+1]}
		for _, t := range trials {
			if t.told == "" || t.confidence < b.from || t.confidence >= b.to && b.to < 1 {
				continue
			}
			b.n++
			b.confidence += t.confidence
			if t.right() {
				b.right++
			}
		}
		if b.n > 0 {
			b.confidence, b.right = b.confidence/float64(b.n), b.right/float64(b.n)
			bins = append(bins, b)
		}
	}
	return bins
}

// percentile of times; never are left out.
func percentile(trials []*trial, of func(*trial) time.Duration, p float64) time.Duration {
	var all []time.Duration
	for _, t := range trials {
		if d := of(t); t.truth != "" && d >= 0 {
			all = append(all, d)
		}
	}
	if len(all) == 0 {
		return 0
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	return all[min(len(all)-1, int(math.Ceil(p*float64(len(all))))-1)]
}
