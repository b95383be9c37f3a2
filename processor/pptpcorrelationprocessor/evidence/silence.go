package evidence

import (
	"path"
	"time"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// Regular says that a signal comes at intervals, so that its silence is evidence. What was
// never heard of says nothing: silence counts from the first time on.
type Regular struct {
	// Signal is one of the codebook, such as log.activity or netflow.traffic.
	Signal string `mapstructure:"signal"`
	// Value is what silence is; empty: the first kind of bad of the signal.
	Value string `mapstructure:"value"`
	// After is how long nothing must have come.
	After time.Duration `mapstructure:"after"`
	// Gateways are patterns of ids; none is all.
	Gateways []string `mapstructure:"gateways"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// silence is what waits to be heard again.
type silence struct {
	gateway, vantage string
	signal           string
	source           health.Source
	heard            int64 // arrival
}

// forgetSilence is after how many times its limit what is silent is no longer expected.
const forgetSilence = 100

func (c *compiler) regulars(list []Regular, out map[string]*Regular) {
	for i := range list {
		g := &list[i]
		item := itemName("regular", i)
		if !c.signal(item, g.Signal) {
			continue
		}
		if g.Value == "" {
			g.Value = "bad"
			if own := c.signals[g.Signal].Values; len(own) > 0 {
				g.Value = own[0]
			}
		}
		c.value(item+".value", g.Signal, g.Value)
		if g.After < 10*time.Second || g.After > 7*24*time.Hour {
			c.fail(item, ".after: %s is not in [10s, 168h]", g.After)
		}
		for _, p := range g.Gateways {
			if _, err := path.Match(p, ""); err != nil {
				c.fail(item, ".gateways: %q: %v", p, err)
			}
		}
		out[g.Signal] = g
	}
}

// heard notes that a signal that is expected has come.
func (r *Reader) heard(ev *health.Evidence) {
	if len(r.regular) == 0 || ev.Value == "unknown" {
		return
	}
	g := r.regular[ev.Signal]
	if g == nil || !covers(g.Gateways, ev.Gateway) {
		return
	}
	k := key(fnvOffset).with(ev.Gateway).with(ev.Signal).with(ev.Vantage)
	s := r.silent[k]
	if s == nil {
		if len(r.silent) >= r.config.MaxSessions {
			r.stats.Dropped[DroppedSessions]++
			return
		}
		s = &silence{gateway: clone(ev.Gateway), vantage: clone(ev.Vantage), signal: g.Signal, source: ev.Source}
		r.silent[k] = s
	}
	s.heard = r.now.UnixNano()
}

// tellSilence tells what has fallen silent.
func (r *Reader) tellSilence() {
	for k, s := range r.silent {
		g := r.regular[s.signal]
		gone := r.now.UnixNano() - s.heard
		switch {
		case gone < 0: // the clock was set back
			s.heard = r.now.UnixNano()
		case gone > forgetSilence*int64(g.After):
			delete(r.silent, k)
			r.stats.Forgotten++
		case gone >= int64(g.After):
			r.stats.Evidence++
			r.scratch = health.Evidence{Gateway: s.gateway, Signal: s.signal, Source: s.source, Vantage: s.vantage, Value: g.Value, At: r.now}
			r.yield(&r.scratch)
		}
	}
}

func covers(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, err := path.Match(p, name); err == nil && ok {
			return true
		}
	}
	return len(patterns) == 0
}
