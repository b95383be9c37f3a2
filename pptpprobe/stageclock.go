package pptpprobe

import (
	"slices"
	"time"
)

// stageClock writes the stages of a result as they begin and end.
type stageClock struct {
	res  *Result
	open bool
	// count tells the attempts and retransmissions of the running stage so far.
	count func() (attempts, retransmits int)
}

// begin starts a stage; the one before it must have ended.
func (c *stageClock) begin(s Stage, now time.Time) {
	c.res.Stages = append(c.res.Stages, StageResult{Stage: s, Start: now, Outcome: OutcomeOK, Attempts: 1})
	c.open, c.count = true, nil
}

// current is the running stage, or the last one.
func (c *stageClock) current() Stage {
	if len(c.res.Stages) == 0 {
		return StageDNS
	}
	return c.res.Stages[len(c.res.Stages)-1].Stage
}

// done ends the running stage well.
func (c *stageClock) done(now time.Time) { c.close(now, OutcomeOK) }

// skip notes a stage that was not needed.
func (c *stageClock) skip(s Stage, now time.Time) {
	c.res.Stages = append(c.res.Stages, StageResult{Stage: s, Start: now, Outcome: OutcomeSkipped})
}

// end ends the last stage; f is why the session failed, or nil. When one
// packet of the server completes a stage and fails the next, that one is added.
func (c *stageClock) end(now time.Time, f *Failure) {
	if f == nil {
		c.close(now, OutcomeOK)
		return
	}
	if slices.Index(stageOrder, f.Stage) <= slices.Index(stageOrder, c.current()) {
		f.Stage = c.current()
		c.close(now, OutcomeFailed)
		return
	}
	c.close(now, OutcomeOK)
	c.begin(f.Stage, now)
	c.close(now, OutcomeFailed)
}

var stageOrder = []Stage{
	StageDNS, StageTCP, StageControl, StageCall, StageGRE, StageLCP, StageAuth,
	StageCCP, StageIPCP, StageApp, StageHold, StageTeardown,
}

func (c *stageClock) close(now time.Time, o Outcome) {
	if !c.open {
		return
	}
	c.open = false
	sr := &c.res.Stages[len(c.res.Stages)-1]
	sr.Outcome, sr.Duration = o, now.Sub(sr.Start)
	if c.count != nil {
		sr.Attempts, sr.Retransmits = c.count()
	}
}
