package pptpprobe

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/control"
)

// play runs a session in virtual time against a server that answers each
// control message with what reply returns; nil closes the connection, an empty
// slice says nothing.
func play(t *testing.T, change func(*fakePath, *Target), reply func(m control.Message) []byte) *Result {
	t.Helper()
	var r *Result
	synctest.Test(t, func(t *testing.T) {
		f, p := newFakePath()
		tg := f.target(DepthNetwork)
		if change != nil {
			change(f, &tg)
		}
		if f.dialErr == nil {
			go f.serve(reply)
		}
		r = p.Run(context.Background(), tg)
		require.NoError(t, p.Close())
		synctest.Wait()
	})
	return r
}

// polite is a server without faults on the control connection, and without GRE.
func polite(m control.Message) []byte {
	switch m := m.(type) {
	case *control.StartRequest:
		return control.StartReply{Version: 0x100, Result: 1, HostName: "gw", Vendor: "fake\x01"}.AppendTo(nil)
	case *control.OutgoingCallRequest:
		return control.OutgoingCallReply{CallID: 0, PeerCallID: m.CallID, Result: 1}.AppendTo(nil)
	case *control.EchoRequest:
		return control.EchoReply{Identifier: m.Identifier, Result: 1}.AppendTo(nil)
	case *control.CallClearRequest:
		return control.CallDisconnectNotify{CallID: m.CallID, Result: 4}.AppendTo(nil)
	case *control.StopRequest:
		return control.StopReply{Result: 1}.AppendTo(nil)
	}
	return []byte{}
}

func requireFailure(t *testing.T, r *Result, stage Stage, cause Cause) {
	t.Helper()
	require.NotNil(t, r.Failure)
	assert.Equal(t, cause, r.Failure.Cause, r.Failure.Detail)
	assert.Equal(t, stage, r.Failure.Stage)
	last := r.Stages[len(r.Stages)-1]
	if last.Stage == StageTeardown {
		last = r.Stages[len(r.Stages)-2]
	}
	assert.Equal(t, stage, last.Stage)
	assert.Equal(t, OutcomeFailed, last.Outcome)
}

func TestInvalidTargetIsNotContacted(t *testing.T) {
	_, p := newFakePath()
	r := p.Run(context.Background(), Target{Host: "", Depth: DepthControl})
	require.NotNil(t, r.Failure)
	assert.Empty(t, r.Failure.Cause)
	assert.ErrorContains(t, r.Failure.Err, "host: is empty")
	assert.Empty(t, r.Stages)
	assert.False(t, r.OK())
}

func TestNoGREAtAllEndsInOrder(t *testing.T) {
	r := play(t, nil, polite)
	requireFailure(t, r, StageGRE, CauseGRENoReply)
	assert.Equal(t, Server{Vendor: "fake.", HostName: "gw", Version: 0x100}, r.Server, "control characters never reach a log")
	assert.True(t, r.CallConnected)
	assert.Zero(t, r.PeerCallID, "a valid call id")
	st, ok := r.Stage(StageGRE)
	require.True(t, ok)
	assert.Equal(t, 10*time.Second, st.Duration)
	assert.Equal(t, 5, st.Attempts, "1 s, 1 s, then 3 s")
	assert.Equal(t, 4, st.Retransmits)
	for _, w := range r.Warnings {
		assert.NotContains(t, w.Cause, "teardown", "the server answered everything")
	}
}

func TestSilentServerCostsItsBudget(t *testing.T) {
	r := play(t, nil, func(control.Message) []byte { return []byte{} })
	requireFailure(t, r, StageControl, CauseControlSCCRPTimeout)
	assert.Equal(t, 12*time.Second, r.Duration)
}

func TestDeadlineNamesTheStage(t *testing.T) {
	r := play(t, func(_ *fakePath, tg *Target) { tg.Timeout = 5 * time.Second }, polite)
	requireFailure(t, r, StageGRE, CauseLocalDeadline)
	assert.Equal(t, "the time-out of 5s was over in stage gre", r.Failure.Detail)
}

func TestCancelTearsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, p := newFakePath()
		ctx, cancel := context.WithCancel(context.Background())
		var seen []control.MessageType
		go f.serve(func(m control.Message) []byte {
			seen = append(seen, m.Type())
			return polite(m)
		})
		time.AfterFunc(3*time.Second, cancel)
		r := p.Run(ctx, f.target(DepthNetwork))
		requireFailure(t, r, StageGRE, CauseLocalDeadline)
		assert.Contains(t, r.Failure.Detail, "cancelled")
		synctest.Wait()
		assert.Equal(t, []control.MessageType{
			control.TypeStartRequest, control.TypeOutgoingCallRequest, control.TypeSetLinkInfo,
			control.TypeCallClearRequest, control.TypeStopRequest,
		}, seen)
		assert.Zero(t, p.Stats().Sessions)
	})
}

func TestNoPermission(t *testing.T) {
	deny := func(f *fakePath, _ *Target) { f.openErr = syscall.EPERM }
	r := play(t, deny, polite)
	requireFailure(t, r, StageCall, CauseLocalNoPermission)
	assert.Contains(t, r.Failure.Hint, PrivilegeHint())
	assert.Contains(t, PrivilegeHint(), "setcap cap_net_raw+ep")

	r = play(t, func(f *fakePath, tg *Target) { deny(f, tg); tg.Depth = DepthControl }, polite)
	assert.True(t, r.OK(), "the control connection needs no privilege")
}

func TestGRESocketBroken(t *testing.T) {
	r := play(t, func(f *fakePath, _ *Target) { f.openErr = syscall.EMFILE }, polite)
	requireFailure(t, r, StageCall, CauseGRESendError)
	r = play(t, func(f *fakePath, _ *Target) { f.sendErr = syscall.ENETUNREACH }, polite)
	requireFailure(t, r, StageGRE, CauseGRESendError)
	assert.ErrorIs(t, r.Failure.Err, syscall.ENETUNREACH)
}

func TestConnectErrors(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want Cause
	}{
		{syscall.ECONNREFUSED, CauseTCPRefused},
		{syscall.ETIMEDOUT, CauseTCPTimeout},
		{context.DeadlineExceeded, CauseTCPTimeout},
		{syscall.EHOSTUNREACH, CauseTCPUnreachable},
		{syscall.ENETUNREACH, CauseTCPUnreachable},
		{syscall.EADDRNOTAVAIL, CauseTCPUnreachable},
	} {
		t.Run(tt.err.Error(), func(t *testing.T) {
			r := play(t, func(f *fakePath, _ *Target) { f.dialErr = &net.OpError{Op: "dial", Err: tt.err} }, nil)
			requireFailure(t, r, StageTCP, tt.want)
			require.ErrorIs(t, r.Failure.Err, tt.err)
		})
	}
}

func TestLimits(t *testing.T) {
	t.Run("sessions", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f, p := newFakePath()
			p.opts.MaxSessions = 1
			require.True(t, p.reg.add(&session{res: &Result{PeerAddr: serverB, CallID: 1}}, 1))
			go f.serve(polite)
			requireFailure(t, p.Run(context.Background(), f.target(DepthGRE)), StageCall, CauseLocalCallIDExhausted)
		})
	})
	t.Run("call ids", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f, p := newFakePath()
			all := make(map[uint16]time.Time)
			for id := range 1 << 16 {
				all[uint16(id)] = time.Time{}
			}
			p.ids.used[fakeServer] = all
			go f.serve(polite)
			requireFailure(t, p.Run(context.Background(), f.target(DepthGRE)), StageControl, CauseLocalCallIDExhausted)
			synctest.Wait()
		})
	})
}

func TestClosedProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, p := newFakePath()
		require.NoError(t, p.Close())
		go f.serve(polite)
		r := p.Run(context.Background(), f.target(DepthGRE))
		requireFailure(t, r, StageCall, CauseGRESendError)
		require.ErrorIs(t, r.Failure.Err, net.ErrClosed)
	})
}

// ICMP errors for our GRE packets end the session after a moment, and name who sent them.
func TestICMPEndsTheSessionEarly(t *testing.T) {
	router := netip.MustParseAddr("198.51.100.1")
	r := play(t, func(f *fakePath, _ *Target) {
		f.onGRE = func(packet []byte) {
			go f.failed(greError{To: fakeServer, HasCallID: true, CallID: 0, ICMPError: ICMPError{Type: 3, Code: 13, From: router}})
		}
	}, polite)
	requireFailure(t, r, StageGRE, CauseGREAdminProhibited)
	require.NotNil(t, r.Failure.ICMP)
	assert.Equal(t, router, r.Failure.ICMP.From)
	assert.Less(t, r.Duration, 4*time.Second)
	assert.NotEmpty(t, r.ICMPErrors)
}

// A packet for our call from another address, and one of the server for a call that is nobody's.
func TestStrays(t *testing.T) {
	other := netip.MustParseAddr("192.0.2.77")
	r := play(t, func(f *fakePath, _ *Target) {
		f.onGRE = func([]byte) {
			go func() {
				f.mu.Lock()
				deliver := f.deliver
				f.mu.Unlock()
				var packet [16]byte
				packet[0], packet[1], packet[2], packet[3] = 0x30, 1, 0x88, 0x0b
				for call := range 1 << 16 {
					packet[6], packet[7] = byte(call>>8), byte(call)
					deliver(packet[:], other, fakeLocal)
				}
				deliver(packet[:4], fakeServer, fakeLocal)
			}()
		}
	}, polite)
	requireFailure(t, r, StageGRE, CauseGREWrongSource)
	assert.Contains(t, r.Failure.Detail, other.String())
}
