//go:build real && linux

package uml_test

import (
	"context"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/uml"
)

// Every fault is called by its name, by the probe and by the gateway's log alone, and the gateway is whole again
// afterwards.
func TestProbeFaults(t *testing.T) {
	gw := uml.StartGateway(t, uml.Options{Env: []string{"UML_ROUTER=1", "UML_RADIUS=1"}})
	awaitLog(t, gw)
	p := newProbe(t)
	var logs logJudge
	for _, v := range verdicts {
		t.Run(v.title(), func(t *testing.T) {
			tg := bare(gw.Address(t, v.policy()))
			for _, f := range v.target {
				f(&tg)
			}
			mark := gw.Mark(t)
			undo, r := v.run(t, gw, p, tg)
			requireVerdict(t, v.want, r)
			if v.says != "" {
				assert.Contains(t, r.Failure.Detail, v.says)
			}
			for _, c := range v.warn {
				assert.True(t, warns(r, c), "%s is missing: %s", c, summary(r))
			}
			undo()
			gw.WaitIdle(t, idle)
			if v.fault.Apply != "" { // something was broken
				requireVerdict(t, "", run(t, p, bare(gw.Address(t, v.whole()))))
				gw.WaitIdle(t, idle)
			}
			logs.judge(t, gw, mark, v, r)
		})
	}
	logs.require(t)
}

// run runs the session that the fault is to hit.
func (v verdict) run(t *testing.T, gw *uml.Gateway, p *pptpprobe.Probe, tg pptpprobe.Target) (undo func(), r *pptpprobe.Result) {
	undo = func() {}
	if v.fault.Apply != "" && !v.during {
		undo = gw.Inject(t, v.fault)
	}
	if tg.Hold == nil {
		return undo, run(t, p, tg)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // of a session that nothing ends
	defer cancel()
	s := hold(ctx, p, tg)
	if s.established() && v.during {
		undo = gw.Inject(t, v.fault)
	}
	r = s.end()
	t.Log(summary(r))
	return undo, r
}

// heldSession is a session that runs until its context or something else ends it.
type heldSession struct {
	up     chan struct{}
	over   chan struct{}
	result *pptpprobe.Result // when over
}

func hold(ctx context.Context, p *pptpprobe.Probe, tg pptpprobe.Target) *heldSession {
	s := &heldSession{up: make(chan struct{}), over: make(chan struct{})}
	tg.Hold.Report = func(r pptpprobe.HoldReport) {
		if r.Kind == pptpprobe.HoldEstablished {
			close(s.up)
		}
	}
	go func() {
		defer close(s.over)
		s.result = p.Run(ctx, tg)
	}()
	return s
}

// established waits until the session is up; false: it will never be.
func (s *heldSession) established() bool {
	select {
	case <-s.up:
		return true
	case <-s.over:
		return false
	}
}

func (s *heldSession) end() *pptpprobe.Result {
	<-s.over
	return s.result
}

// A router with masquerading between the gateway and two callers. The second one calls while the first one's session is
// up, if it comes up.
func TestProbeNAT(t *testing.T) {
	gw := uml.StartGateway(t, uml.Options{Env: []string{"UML_ROUTER=1"}})
	p := newProbe(t)
	for _, v := range natVerdicts {
		t.Run(v.fault.Name, func(t *testing.T) {
			undo := gw.Inject(t, v.fault)
			first := bare(uml.BehindIP)
			greBudget(4 * time.Second)(&first)
			second := first
			first.LocalAddr, second.LocalAddr = netip.MustParseAddr(uml.HostIP), netip.MustParseAddr(uml.Host2IP)
			held(&first)
			ctx, hangUp := context.WithTimeout(t.Context(), time.Minute)
			defer hangUp()
			s := hold(ctx, p, first)
			s.established()
			r2 := run(t, p, second)
			hangUp()
			r1 := s.end()
			t.Log(summary(r1))
			requireVerdict(t, v.first, r1)
			requireVerdict(t, v.second, r2)
			for _, c := range v.warn {
				assert.True(t, warns(r1, c), "%s is missing: %s", c, summary(r1))
			}
			undo()
			gw.WaitIdle(t, idle)
			requireVerdict(t, "", run(t, p, second))
			gw.WaitIdle(t, idle)
		})
	}
}

// The pool is empty: poptop then accepts nobody any more, and says nothing.
func TestProbePoolFull(t *testing.T) {
	gw := uml.StartGateway(t, uml.Options{})
	p := newProbe(t)
	tg := bare(gw.Address(t, uml.PolicyOneCall))
	first := tg
	held(&first)
	ctx, hangUp := context.WithTimeout(t.Context(), time.Minute)
	defer hangUp()
	s := hold(ctx, p, first)
	require.True(t, s.established())
	second := tg
	budget(3 * time.Second)(&second)
	requireCause(t, pptpprobe.CauseControlSCCRPTimeout, run(t, p, second))
	hangUp()
	requireVerdict(t, "", s.end())
	gw.WaitIdle(t, idle)
	requireVerdict(t, "", run(t, p, tg))
}

// README.md tells people what the tables say, and no fault is without a verdict.
func TestReadmeHasTheVerdicts(t *testing.T) {
	content, err := os.ReadFile("README.md")
	require.NoError(t, err)
	row := func(name string, all ...pptpprobe.Cause) {
		t.Helper()
		_, line, found := strings.Cut(string(content), "\n| "+name+" |")
		assert.True(t, found, "no row for %q", name)
		line, _, _ = strings.Cut(line, "\n")
		for _, c := range all {
			if c != "" {
				assert.Contains(t, line, "`"+string(c)+"`", name)
			}
		}
	}
	seen := map[string]bool{uml.DelayLoss.Name: true} // TestProbeDelayAndLoss
	for _, v := range verdicts {
		row(v.title(), append(v.warn, v.want)...)
		seen[v.fault.Name] = true
	}
	for _, v := range natVerdicts {
		row(v.fault.Name, append(v.warn, v.first, v.second)...)
		seen[v.fault.Name] = true
	}
	for _, f := range uml.Faults() {
		assert.True(t, seen[f.Name], "no verdict about %q", f.Name)
	}
}
