package pptpprobe

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

// The back-off of a [Runner].
const (
	backoffFirst = 5 * time.Second
	backoffMost  = 5 * time.Minute
	// rejectedPause is the least time between two logins with credentials that the
	// gateway has refused: more often, it may lock the account.
	rejectedPause = 5 * time.Minute
)

// Runner keeps one target's session up: it runs it, and after its end again. It
// is made for targets with [Target.Hold].
type Runner struct {
	// Run runs one session, as [Probe.Run] does.
	Run    func(context.Context, Target) *Result
	Target Target

	// BackoffMin and BackoffMax bound the pause before the next session. It is
	// between once and twice BackoffMin after the first end, at random, so that
	// sessions lost together do not come back together; it doubles with every end
	// until a session has been held for BackoffMax, and never exceeds BackoffMax.
	// Zero values are 5 s and 5 min.
	BackoffMin, BackoffMax time.Duration
	// Rejected is the pause after the gateway refused the credentials, or could not
	// prove itself; 0 and everything below 5 min are 5 min. BackoffMax does not apply.
	Rejected time.Duration

	// Before is called before each session, to wait for a turn for example; an
	// error ends the runner. Nil: sessions start at once.
	Before func(context.Context) error
	// Ended is told of the end of each session, and when the next is to begin;
	// zero: not at all. Nil: nobody is told.
	Ended func(r *Result, next time.Time)

	random func() float64 // in [0,1); nil: math/rand
}

// Loop runs sessions until ctx ends, and then waits for the teardown of the last
// one. It returns early with the error of Before, or that of a target that is not valid.
func (r *Runner) Loop(ctx context.Context) error {
	if err := r.Target.Validate(); err != nil {
		return err
	}
	failures := 0
	for {
		if r.Before != nil {
			if err := r.Before(ctx); err != nil {
				return err
			}
		}
		res := r.Run(ctx, r.Target)
		select {
		case <-ctx.Done():
			r.ended(res, time.Time{})
			return nil
		default:
		}
		if res.heldFor() >= r.max() {
			failures = 0
		}
		pause := r.pause(res.Failure, failures)
		failures++
		timer := time.NewTimer(pause)
		r.ended(res, time.Now().Add(pause))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

func (r *Runner) ended(res *Result, next time.Time) {
	if r.Ended != nil {
		r.Ended(res, next)
	}
}

func (r *Runner) min() time.Duration {
	if r.BackoffMin > 0 {
		return r.BackoffMin
	}
	return backoffFirst
}

func (r *Runner) max() time.Duration {
	if r.BackoffMax > 0 {
		return max(r.BackoffMax, r.min())
	}
	return max(backoffMost, r.min())
}

// pause is the time until the next session after that many ends in a row.
func (r *Runner) pause(f *Failure, failures int) time.Duration {
	if f != nil && f.RefusesCredentials() {
		return max(r.Rejected, rejectedPause)
	}
	random := r.random
	if random == nil {
		random = rand.Float64
	}
	base, most := r.min(), max(r.max()/2, r.min())
	for n := 0; n < failures && base < most; n++ {
		base = min(2*base, most)
	}
	return min(max(base+time.Duration(random()*float64(base)), r.min()), r.max())
}

// RefusesCredentials says that f is a verdict on the credentials: trying the same
// ones again soon changes nothing, and may lock the account.
func (f *Failure) RefusesCredentials() bool { return slices.Contains(credentialCauses, f.Cause) }

// credentialCauses are verdicts on the credentials: trying them again changes
// nothing, and may lock the account.
var credentialCauses = []Cause{
	CauseAuthRejected, CauseAuthRetryOffered, CauseAuthRestrictedHours, CauseAuthAccountDisabled,
	CauseAuthPasswordExpired, CauseAuthNoDialinPermission, CauseAuthPasswordChangeFailed,
	CauseAuthMutualFailed, CauseAuthTerminated,
}

// heldFor is how long the session was up.
func (r *Result) heldFor() time.Duration {
	st, ok := r.Stage(StageHold)
	if !ok {
		return 0
	}
	return st.Duration
}
