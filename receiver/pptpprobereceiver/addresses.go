package pptpprobereceiver

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
)

// maxAddresses bounds the addresses of one name that are remembered. The counters
// of one that has not been seen for the longest time begin anew if it comes back.
const maxAddresses = 64

// addressGroup is a target with several addresses, each of which is reported as
// a target of its own.
type addressGroup struct {
	r      *probeReceiver
	config *TargetConfig
	from   VantageConfig
	name   *probeTarget // stands for an address as long as none is known, and rests for all

	targets map[netip.Addr]*probeTarget
	used    []netip.Addr // of targets, the least recent first
}

// sessions runs a session with each address, and reports them.
func (g *addressGroup) sessions(ctx context.Context, probe prober) {
	results := probe.RunAll(ctx, g.name.probe)
	refused := slices.IndexFunc(results, func(r *pptpprobe.Result) bool {
		return r.Failure != nil && r.Failure.RefusesCredentials()
	})
	all := pmetric.NewMetrics()
	for i, res := range results {
		if i > 0 { // the scheduler knows of the first
			g.r.telemetry.sessionStarted(0)
		}
		if ctx.Err() != nil && !res.OK() {
			g.r.telemetry.sessionCancelled()
			continue
		}
		for _, t := range g.of(res) {
			md := g.r.ended(t, res, refused >= 0)
			if md != (pmetric.Metrics{}) {
				md.ResourceMetrics().MoveAndAppendTo(all.ResourceMetrics())
			}
		}
	}
	if refused >= 0 { // one account: what one address refuses, all must not be asked again
		g.name.rest.begin(time.Now(), results[refused].Failure, g.r.cfg.RejectedInterval, all)
	} else {
		g.name.rest.begin(time.Now(), nil, 0, all)
	}
}

// of returns the targets that a result speaks of: that of its address, or where
// the name has none, all that were known, so that none of them falls silent.
func (g *addressGroup) of(res *pptpprobe.Result) []*probeTarget {
	if _, err := netip.ParseAddr(g.name.probe.Host); err == nil {
		return []*probeTarget{g.name} // it is an address itself
	}
	if res.PeerAddr.IsValid() {
		return []*probeTarget{g.target(res.PeerAddr)}
	}
	if len(g.used) == 0 {
		return []*probeTarget{g.name}
	}
	known := make([]*probeTarget, len(g.used))
	for i, a := range g.used {
		known[i] = g.targets[a]
	}
	return known
}

func (g *addressGroup) target(a netip.Addr) *probeTarget {
	t := g.targets[a]
	if t == nil {
		if len(g.used) == maxAddresses {
			delete(g.targets, g.used[0])
			g.used = g.used[1:]
		}
		t = g.r.newTarget(g.config, g.from, a)
		g.targets[a] = t
	} else if i := slices.Index(g.used, a); i >= 0 {
		g.used = slices.Delete(g.used, i, i+1)
	}
	g.used = append(g.used, a)
	return t
}

// vantages are where to look from, at least one.
func (c *Config) vantages() []VantageConfig {
	if len(c.Vantages) == 0 {
		return []VantageConfig{{Name: c.Vantage}}
	}
	return c.Vantages
}
