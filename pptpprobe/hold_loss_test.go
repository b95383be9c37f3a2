package pptpprobe

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
)

func TestHoldLost(t *testing.T) {
	ras := func(n byte) string { return "\xA1\xA2\xA3\xA4\x00\x3C\xCD\x74\x00\x00\x02" + string(rune(n)) }
	tests := []struct {
		name   string
		change func(*fakeGateway, *Target)
		do     func(*held, *fakeSession)
		want   Cause
		within time.Duration
		check  func(*testing.T, *Failure)
	}{
		{name: "disconnected", do: func(_ *held, s *fakeSession) {
			s.say(control.CallDisconnectNotify{CallID: s.server, Result: 1})
		}, want: CauseHoldCallDisconnected, within: 2 * time.Second, check: func(t *testing.T, f *Failure) { assert.Equal(t, 1, f.ResultCode) }},
		{name: "accel-ppp: an empty Terminate-Request, then a disconnect", do: func(_ *held, s *fakeSession) {
			s.send(ppp.LCP, ppp.TermReq, "")
			s.say(control.CallDisconnectNotify{CallID: s.client, Result: 3})
		}, want: CauseHoldCallDisconnected, within: 2 * time.Second, check: func(t *testing.T, f *Failure) { assert.Equal(t, 3, f.ResultCode) }},
		{name: "an empty Terminate-Request alone", do: func(_ *held, s *fakeSession) {
			s.send(ppp.LCP, ppp.TermReq, "")
		}, want: CausePPPTerminatedByPeer, within: 2 * time.Second},
		{name: "idle", do: func(_ *held, s *fakeSession) {
			s.send(ppp.LCP, ppp.TermReq, "Link inactive")
		}, want: CauseHoldIdleTimeout, within: time.Second, check: func(t *testing.T, f *Failure) { assert.Equal(t, "Link inactive", f.TerminateReason) }},
		{name: "session time", do: func(_ *held, s *fakeSession) {
			s.send(ppp.LCP, ppp.TermReq, "Connect time expired")
			s.say(control.CallDisconnectNotify{CallID: s.server, Result: 3})
		}, want: CauseHoldSessionTimeout, within: time.Second},
		{name: "a reason that overtakes nothing: it comes behind the disconnect", do: func(h *held, s *fakeSession) {
			s.say(control.CallDisconnectNotify{CallID: s.server, Result: 3})
			h.pass(100 * time.Millisecond)
			s.send(ppp.LCP, ppp.TermReq, "Traffic limit")
		}, want: CauseHoldTrafficLimit, within: time.Second},
		{name: "with a reason of its own", do: func(_ *held, s *fakeSession) {
			s.send(ppp.LCP, ppp.TermReq, "User request")
			s.say(control.CallDisconnectNotify{CallID: s.server, Result: 3})
		}, want: CausePPPTerminatedByPeer, within: 2 * time.Second, check: func(t *testing.T, f *Failure) { assert.Equal(t, "User request", f.TerminateReason) }},
		{name: "with a Windows error", do: func(_ *held, s *fakeSession) {
			s.send(ppp.LCP, ppp.TermReq, ras(0x74)) // 628
			s.say(control.CallDisconnectNotify{CallID: s.server, Result: 3})
		}, want: CausePPPTerminatedByPeer, within: 2 * time.Second, check: func(t *testing.T, f *Failure) { assert.EqualValues(t, 628, f.RAS) }},
		{name: "they hear nothing of us", do: func(_ *held, s *fakeSession) {
			s.send(ppp.LCP, ppp.TermReq, "Peer not responding")
		}, want: CauseLCPEchoTimeout, within: time.Second},
		{name: "stopped", do: func(_ *held, s *fakeSession) {
			s.say(control.StopRequest{Reason: 3})
		}, want: CauseControlStoppedByPeer, within: 2 * time.Second, check: func(t *testing.T, f *Failure) { assert.Equal(t, 3, f.ResultCode) }},
		{name: "control connection closed, GRE goes on", do: func(_ *held, s *fakeSession) {
			_ = s.conn.Close()
		}, want: CauseHoldControlLost, within: 4 * time.Second},
		{name: "control connection closed, GRE gone as well", do: func(h *held, s *fakeSession) {
			h.g.greSilent.Store(true)
			_ = s.conn.Close()
		}, want: CauseControlStoppedByPeer, within: 4 * time.Second},
		{name: "disconnected, then closed", do: func(_ *held, s *fakeSession) {
			s.say(control.CallDisconnectNotify{CallID: s.server, Result: 1})
			_ = s.conn.Close()
		}, want: CauseHoldCallDisconnected, within: 2 * time.Second},
		{name: "GRE silent", do: func(h *held, _ *fakeSession) {
			h.g.greSilent.Store(true)
		}, want: CauseHoldDataLost, within: 62 * time.Second},
		{name: "GRE silent, with intervals of its own", change: func(_ *fakeGateway, tg *Target) {
			tg.Hold.EchoInterval, tg.Hold.EchoFailure = time.Second, 1
		}, do: func(h *held, _ *fakeSession) {
			h.g.greSilent.Store(true)
		}, want: CauseHoldDataLost, within: 4 * time.Second},
		{name: "LCP echoes unanswered", change: func(g *fakeGateway, _ *Target) { g.ackOnly.Store(true) }, do: func(h *held, _ *fakeSession) {
			h.g.echoSilent.Store(true)
		}, want: CauseLCPEchoTimeout, within: 62 * time.Second},
		{name: "control echoes unanswered", do: func(h *held, _ *fakeSession) {
			h.g.controlSilent.Store(true)
		}, want: CauseControlEchoTimeout, within: 121 * time.Second},
		{name: "everything silent", do: func(h *held, _ *fakeSession) {
			h.g.controlSilent.Store(true)
			h.g.greSilent.Store(true)
		}, want: CauseControlEchoTimeout, within: 125 * time.Second},
		{name: "not PPTP any more", do: func(_ *held, s *fakeSession) {
			_, _ = s.conn.Write(make([]byte, 64))
		}, want: CauseControlInvalidReply, within: time.Second},
		{name: "asked again, and refused", do: func(h *held, s *fakeSession) {
			no := "E=691 R=0 V=3"
			h.g.verdict.Store(&no)
			s.send(ppp.CHAP, 1, "\x100123456789abcdefgw")
		}, want: CauseAuthRejected, within: time.Second},
		{name: "renegotiated, and no verdict any more", do: func(h *held, s *fakeSession) {
			h.g.authSilent.Store(true)
			s.negotiate()
		}, want: CauseAuthTimeout, within: 61 * time.Second},
		{name: "renegotiated, and no address any more", do: func(h *held, s *fakeSession) {
			h.g.ipcpSilent.Store(true)
			s.negotiate()
		}, want: CauseIPCPTimeout, within: time.Minute},
		{name: "renegotiated, and no LCP any more", do: func(h *held, s *fakeSession) {
			h.g.lcpSilent.Store(true)
			s.negotiate()
		}, want: CauseLCPTimeout, within: time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := holdSession(t, tt.change)
				h.pass(5 * time.Second)
				start := time.Now()
				tt.do(h, h.g.session(0))
				f := h.requireLost(tt.want)
				at := h.last().At
				assert.LessOrEqual(t, at.Sub(start), tt.within)
				assert.NotEmpty(t, f.Detail)
				if tt.check != nil {
					tt.check(t, f)
				}
				synctest.Wait()
			})
		})
	}
}

// A reply that comes after all ends the doubt.
func TestHoldSilenceThatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := holdSession(t, nil)
		h.g.controlSilent.Store(true)
		h.g.greSilent.Store(true)
		h.pass(70 * time.Second) // echoes were given up, the control connection is being asked
		h.g.controlSilent.Store(false)
		h.g.greSilent.Store(false)
		h.pass(20 * time.Second)
		select {
		case <-h.done:
			require.Failf(t, "ended", "%+v", h.result.Failure)
		default:
		}
		h.cancel()
		<-h.done
	})
}

func TestHoldReplaced(t *testing.T) {
	end := func(s *fakeSession) {
		s.send(ppp.LCP, ppp.TermReq, "")
		s.say(control.CallDisconnectNotify{CallID: s.client, Result: 3})
	}
	second := func(h *held, user string) {
		h.t.Helper()
		tg := h.g.target(nil)
		tg.Username = user
		require.Nil(h.t, h.p.Run(context.Background(), tg).Failure)
	}
	t.Run("by another session of ours", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := holdSession(t, func(g *fakeGateway, _ *Target) {
				g.accepted = func(s *fakeSession) {
					if s != g.session(0) {
						end(g.session(0))
					}
				}
			})
			second(h, "PROBE")
			f := h.requireLost(CauseHoldReplaced)
			assert.Equal(t, 3, f.ResultCode)
			assert.Contains(t, f.Detail, "another session of this probe")
		})
	})
	t.Run("the server ends the old one first", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := holdSession(t, nil)
			end(h.g.session(0))
			second(h, "probe")
			h.requireLost(CauseHoldReplaced)
		})
	})
	t.Run("closed without a word", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := holdSession(t, nil)
			second(h, "probe")
			_ = h.g.session(0).conn.Close()
			h.requireLost(CauseHoldReplaced)
		})
	})
	t.Run("not by another user", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := holdSession(t, nil)
			second(h, "somebody")
			end(h.g.session(0))
			h.requireLost(CauseHoldCallDisconnected)
		})
	})
	t.Run("not by a login of long ago", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := holdSession(t, nil)
			second(h, "probe")
			h.pass(time.Minute)
			end(h.g.session(0))
			h.requireLost(CauseHoldCallDisconnected)
		})
	})
	t.Run("not if it says another reason", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := holdSession(t, nil)
			second(h, "probe")
			h.g.session(0).send(ppp.LCP, ppp.TermReq, "Link inactive")
			h.requireLost(CauseHoldIdleTimeout)
		})
	})
}

// What was pending when the caller gave up is still the reason.
func TestHoldCancelledWhileEnding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := holdSession(t, nil)
		s := h.g.session(0)
		s.say(control.CallDisconnectNotify{CallID: s.server, Result: 1})
		h.pass(100 * time.Millisecond)
		h.cancel()
		h.requireLost(CauseHoldCallDisconnected)
	})
}

// The negotiation of a held session that never comes to an end.
func TestHoldRestoreHasItsTime(t *testing.T) {
	for name, tt := range map[string]struct {
		seen func(*seen)
		mode ppp.Security
		want Cause
	}{
		"auth": {func(s *seen) { s.lcpUp = true }, ppp.MPPERefuse, CauseAuthTimeout},
		"ccp":  {func(s *seen) { s.lcpUp, s.authUp = true, true }, ppp.MPPERequire, CauseMPPEUnsupportedByServer},
		"ipcp": {func(s *seen) { s.lcpUp, s.authNone = true, true }, ppp.MPPERefuse, CauseIPCPTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			_, p := newFakeGateway()
			s := newSession(p, &Target{MPPE: MPPE{Mode: tt.mode}, Hold: (&Hold{}).withDefaults()})
			s.link = ppp.NewLink(s.linkConfig())
			tt.seen(&s.seen)
			s.failRestore()
			require.NotNil(t, s.fail)
			assert.Equal(t, tt.want, s.fail.Cause)
		})
	}
}

// Nobody answers in a call that the server has ended.
func TestHoldTeardownAfterDisconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := holdSession(t, nil)
		s := h.g.session(0)
		s.say(control.CallDisconnectNotify{CallID: s.server, Result: 1})
		h.pass(500 * time.Millisecond)
		h.g.greSilent.Store(true)
		h.requireLost(CauseHoldCallDisconnected)
		st, ok := h.result.Stage(StageTeardown)
		require.True(t, ok)
		assert.Less(t, st.Duration, time.Second)
		assert.Empty(t, warned(h.result, "teardown"))
	})
}
