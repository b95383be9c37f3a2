package pptpprobe

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

// held is a session that is held in virtual time.
type held struct {
	t       *testing.T
	g       *fakeGateway
	p       *Probe
	mu      sync.Mutex
	reports []HoldReport
	result  *Result
	cancel  context.CancelFunc
	done    chan struct{}
}

// holdSession holds a session until the test ends it. It returns when the
// session is up and has had its first echo.
func holdSession(t *testing.T, change func(*fakeGateway, *Target)) *held {
	t.Helper()
	h := &held{t: t, done: make(chan struct{})}
	h.g, h.p = newFakeGateway()
	tg := h.g.target(&Hold{})
	if change != nil {
		change(h.g, &tg)
	}
	tg.Hold.Report = func(r HoldReport) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.reports = append(h.reports, r)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	go func() {
		h.result = h.p.Run(ctx, tg)
		close(h.done)
	}()
	h.pass(time.Second)
	require.Equal(t, []HoldKind{HoldEstablished}, h.kinds())
	return h
}

// pass lets d of virtual time pass.
func (h *held) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// end waits for the end of the session.
func (h *held) end() *Result {
	h.t.Helper()
	select {
	case <-h.done:
	case <-time.After(10 * time.Minute): // virtual
		require.Fail(h.t, "the session goes on")
	}
	require.NoError(h.t, h.p.Close())
	assert.Zero(h.t, h.p.Stats().Sessions)
	return h.result
}

// stop ends the session as its caller does.
func (h *held) stop() *Result { h.cancel(); return h.end() }

func (h *held) all() []HoldReport {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.reports)
}

func (h *held) last() HoldReport {
	all := h.all()
	return all[len(all)-1]
}

func (h *held) kinds() (kinds []HoldKind) {
	for _, r := range h.all() {
		if r.Kind != HoldStatusReport {
			kinds = append(kinds, r.Kind)
		}
	}
	return kinds
}

func (h *held) of(kind HoldKind) (out []HoldReport) {
	for _, r := range h.all() {
		if r.Kind == kind {
			out = append(out, r)
		}
	}
	return out
}

// requireLost wants the session to have been lost for that cause, in all places.
func (h *held) requireLost(cause Cause) *Failure {
	h.t.Helper()
	r := h.end()
	requireFailure(h.t, r, StageHold, cause)
	assert.Equal(h.t, cause.Hint(), r.Failure.Hint)
	last := h.last()
	require.Equal(h.t, HoldLost, last.Kind)
	require.NotNil(h.t, last.Failure)
	assert.Equal(h.t, *r.Failure, *last.Failure)
	return r.Failure
}

func TestHoldUntilCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := holdSession(t, func(g *fakeGateway, _ *Target) { g.delay.Store(int64(20 * time.Millisecond)) })
		up := h.all()[0]
		require.NotNil(t, up.Session)
		assert.Equal(t, "10.99.0.2", up.Session.Negotiated.LocalIP.String())
		assert.Positive(t, up.Session.Connect)
		_, ok := up.Session.Stage(StageIPCP)
		assert.True(t, ok)
		_, ok = up.Session.Stage(StageHold)
		assert.False(t, ok, "it is the way there")

		h.pass(time.Hour)
		assert.Equal(t, []HoldKind{HoldEstablished}, h.kinds())
		statuses := h.of(HoldStatusReport)
		require.Len(t, statuses, 60)
		for i, r := range statuses {
			assert.Equal(t, time.Minute, r.At.Sub(r.Status.Since), i)
			want := 4
			if i == 0 {
				want++ // the one at the beginning
			}
			assert.EqualValues(t, want, r.Status.EchoSent, i)
			assert.Zero(t, r.Status.Loss())
			assert.Equal(t, 20*time.Millisecond, r.Status.LCPEcho.Max)
			assert.Positive(t, r.Status.GRE.Rx.Packets)
			assert.Less(t, r.Status.GRE.Rx.Packets, uint64(20), "of this minute alone")
		}
		r := h.stop()
		require.Nil(t, r.Failure)
		st, ok := r.Stage(StageHold)
		require.True(t, ok)
		assert.Equal(t, OutcomeOK, st.Outcome)
		assert.InDelta(t, float64(time.Hour), float64(st.Duration), float64(2*time.Second))
		require.NotNil(t, r.Hold)
		assert.Equal(t, r.Hold.LCPEcho.Count, r.Hold.EchoSent)
		assert.Greater(t, r.Hold.LCPEcho.Count, uint64(239))
		assert.Zero(t, r.Hold.EchoLost)
		assert.GreaterOrEqual(t, r.Hold.ControlEcho.Count, uint64(58), "one for each minute of silence")
		assert.Len(t, r.LCPEchoRTTs, maxKeptRTTs, "the last ones")
		_, ok = r.Stage(StageTeardown)
		assert.True(t, ok)
		assert.Empty(t, warned(r, "teardown"))
	})
}

func warned(r *Result, stage string) (out []Cause) {
	for _, w := range r.Warnings {
		if string(w.Stage) == stage {
			out = append(out, w.Cause)
		}
	}
	return out
}

// The time-out of the target is for the way to its depth, not for the hold.
func TestHoldOutlivesTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := holdSession(t, func(_ *fakeGateway, tg *Target) { tg.Timeout = 5 * time.Second })
		h.pass(time.Minute)
		require.Nil(t, h.stop().Failure)
	})
	synctest.Test(t, func(t *testing.T) {
		g, p := newFakeGateway()
		g.lcpSilent.Store(true)
		tg := g.target(&Hold{})
		tg.Timeout = 5 * time.Second
		requireFailure(t, p.Run(context.Background(), tg), StageGRE, CauseLocalDeadline)
	})
}

func TestHoldRenegotiated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := holdSession(t, nil)
		h.g.session(0).negotiate()
		h.pass(time.Minute)
		h.g.session(0).send(ppp.IPCP, ppp.ConfReq, fakePeerOption)
		h.pass(time.Minute)
		require.Equal(t, []HoldKind{HoldEstablished, HoldRenegotiated, HoldRenegotiated}, h.kinds())
		assert.Equal(t, "lcp", h.of(HoldRenegotiated)[0].Detail)
		assert.Equal(t, "ipcp", h.of(HoldRenegotiated)[1].Detail)
		r := h.stop()
		require.Nil(t, r.Failure)
		assert.Equal(t, 2, r.Hold.Renegotiated)
		assert.Zero(t, r.Hold.Reauthenticated, "a part of the renegotiation")
		assert.Zero(t, r.Hold.EchoLost)
	})
}

func TestHoldReauthenticated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := holdSession(t, nil)
		for range 3 {
			h.g.session(0).send(ppp.CHAP, 1, "\x100123456789abcdefgw")
			h.pass(time.Minute)
		}
		require.Equal(t, []HoldKind{HoldEstablished, HoldReauthenticated, HoldReauthenticated, HoldReauthenticated}, h.kinds())
		assert.Equal(t, "chap_md5", h.of(HoldReauthenticated)[0].Detail)
		assert.Equal(t, 3, h.stop().Hold.Reauthenticated)
	})
}

// A gateway that negotiates without end is counted, and not told of each time.
func TestHoldRenegotiatedWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := holdSession(t, nil)
		for range 1000 {
			h.g.session(0).send(ppp.IPCP, ppp.ConfReq, fakePeerOption)
			h.pass(10 * time.Millisecond)
		}
		r := h.stop()
		assert.GreaterOrEqual(t, r.Hold.Renegotiated, 300)
		assert.LessOrEqual(t, len(h.of(HoldRenegotiated)), maxHoldQueue+11)
	})
}

func TestHoldValidate(t *testing.T) {
	good := Target{Host: "192.0.2.1", Depth: DepthNetwork, Username: "probe"}
	for name, tt := range map[string]struct {
		change func(*Target)
		want   string
	}{
		"good":     {func(t *Target) { t.Hold = &Hold{} }, ""},
		"shallow":  {func(t *Target) { t.Depth, t.Hold = DepthAuth, &Hold{} }, "hold: depth auth has no session to hold"},
		"negative": {func(t *Target) { t.Hold = &Hold{EchoInterval: -1} }, "must not be negative"},
		"loss":     {func(t *Target) { t.Hold = &Hold{DegradedLoss: 1.5} }, "1.5 is not a share"},
	} {
		t.Run(name, func(t *testing.T) {
			target := good
			tt.change(&target)
			err := target.Validate()
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
		})
	}
	original := &Hold{}
	target := good
	target.Hold = original
	completed := target.withDefaults()
	assert.Equal(t, Hold{}, *original, "the caller's")
	assert.Equal(t, 15*time.Second, completed.Hold.EchoInterval)
	assert.Equal(t, 3, completed.Hold.EchoFailure)
	assert.Equal(t, time.Minute, completed.Hold.ControlEcho)
}
