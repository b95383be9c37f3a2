//go:build linux

package pptpprobe_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-pptp/otelcol-pptp/pptp/ppp"
	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/gateway"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/privilege"
)

// holdFaults are the faults that only a held session shows, and those that end
// one. "" is a session that goes on.
var holdFaults = map[string]struct {
	faults gateway.Faults
	want   pptpprobe.Cause
}{
	"control.echo_timeout": {
		faults: gateway.Faults{EchoSilent: true, LCPEchoSilent: true},
		want:   "", // virtual time has the two minutes that it takes
	},
	"lcp.echo_timeout":       {faults: gateway.Faults{LCPEchoSilent: true}, want: pptpprobe.CauseLCPEchoTimeout},
	"hold.data_lost":         {faults: gateway.Faults{GRESilentAfter: 50 * time.Millisecond}, want: pptpprobe.CauseHoldDataLost},
	"hold.control_lost":      {faults: gateway.Faults{ControlEndAfter: 50 * time.Millisecond}, want: pptpprobe.CauseHoldControlLost},
	"hold.call_disconnected": {faults: gateway.Faults{DisconnectAfter: 50 * time.Millisecond, DisconnectCode: 3}, want: pptpprobe.CauseHoldCallDisconnected},
	"hold.idle_timeout": {
		faults: gateway.Faults{TerminateAt: gateway.AtRunning, TerminateText: "Link inactive", TerminateAfter: 50 * time.Millisecond},
		want:   pptpprobe.CauseHoldIdleTimeout,
	},
	"hold.session_timeout": {
		faults: gateway.Faults{TerminateAt: gateway.AtRunning, TerminateText: "Connect time expired", TerminateAfter: 50 * time.Millisecond},
		want:   pptpprobe.CauseHoldSessionTimeout,
	},
	"hold.traffic_limit": {
		faults: gateway.Faults{TerminateAt: gateway.AtRunning, TerminateText: "Traffic limit", TerminateAfter: 50 * time.Millisecond},
		want:   pptpprobe.CauseHoldTrafficLimit,
	},
	"ppp.terminated_by_peer": {
		faults: gateway.Faults{TerminateAt: gateway.AtRunning, TerminateRAS: 628, TerminateAfter: 50 * time.Millisecond},
		want:   pptpprobe.CausePPPTerminatedByPeer,
	},
	"control.stopped_by_peer": {faults: gateway.Faults{StopAfter: 50 * time.Millisecond, StopReason: 3}, want: pptpprobe.CauseControlStoppedByPeer},
}

// holdTarget is held with short intervals.
func holdTarget(to netip.AddrPort, report func(pptpprobe.HoldReport)) pptpprobe.Target {
	t := catalogTarget(to)
	t.Checks = []pptpprobe.Check{{Kind: pptpprobe.CheckICMP, Count: 2, Interval: 20 * time.Millisecond, Timeout: 2 * time.Second}}
	t.Hold = &pptpprobe.Hold{
		EchoInterval: 300 * time.Millisecond, EchoFailure: 5, ControlEcho: 500 * time.Millisecond,
		CheckInterval: 700 * time.Millisecond, ReportInterval: 400 * time.Millisecond, Report: report,
	}
	return t
}

// TestHoldCatalog holds one session against each fault at a time.
func TestHoldCatalog(t *testing.T) {
	privilege.RawGRE(t)
	probe := pptpprobe.New(pptpprobe.Options{})
	t.Cleanup(func() { assert.NoError(t, probe.Close()) })
	var wg sync.WaitGroup
	results := make(map[string]*pptpprobe.Result)
	var mu sync.Mutex
	n := byte(0)
	for name, f := range holdFaults {
		n++
		gw := startGateway(t, gateway.Config{
			Listen: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 80, n}), 1723),
			MPPE:   gateway.MPPEConfig{Mode: gateway.MPPERequire},
		})
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		target := holdTarget(gw.Addr(), func(r pptpprobe.HoldReport) {
			switch {
			case r.Kind == pptpprobe.HoldEstablished:
				gw.SetFaults(f.faults)
			case r.Kind == pptpprobe.HoldStatusReport && f.want == "" && r.Status.EchoLost > 0:
				cancel()
			}
		})
		if f.want == "" {
			target.Hold.ControlEcho = time.Hour
			target.Hold.EchoFailure = 1000
		}
		wg.Go(func() {
			r := probe.Run(ctx, target)
			mu.Lock()
			defer mu.Unlock()
			results[name] = r
		})
	}
	wg.Wait()
	for name, f := range holdFaults {
		t.Run(name, func(t *testing.T) {
			r := results[name]
			st, ok := r.Stage(pptpprobe.StageHold)
			require.True(t, ok, describe(r))
			require.NotNil(t, r.Hold)
			if f.want == "" {
				require.Nil(t, r.Failure, describe(r))
				assert.Equal(t, pptpprobe.OutcomeOK, st.Outcome)
				assert.NotZero(t, r.Hold.EchoLost)
				return
			}
			require.NotNil(t, r.Failure, describe(r))
			assert.Equal(t, f.want, r.Failure.Cause, describe(r))
			assert.Equal(t, pptpprobe.StageHold, r.Failure.Stage)
			assert.Equal(t, pptpprobe.OutcomeFailed, st.Outcome)
			app, ok := r.Stage(pptpprobe.StageApp)
			require.True(t, ok)
			assert.Equal(t, pptpprobe.OutcomeOK, app.Outcome)
		})
	}
}

// TestHoldWithChecks: encryption, checks again and again, one of which fails, and
// a gateway that challenges anew; none of that ends the session.
func TestHoldWithChecks(t *testing.T) {
	privilege.RawGRE(t)
	gw := startGateway(t, gateway.Config{
		Listen: netip.MustParseAddrPort("127.0.80.100:1723"), MPPE: gateway.MPPEConfig{Mode: gateway.MPPERequire},
		Rechallenge: 800 * time.Millisecond,
	})
	probe := pptpprobe.New(pptpprobe.Options{})
	t.Cleanup(func() { assert.NoError(t, probe.Close()) })
	kinds := make(map[pptpprobe.HoldKind]int)
	var rounds [][]pptpprobe.CheckResult
	var up *pptpprobe.Result
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	target := holdTarget(gw.Addr(), func(r pptpprobe.HoldReport) {
		kinds[r.Kind]++
		switch r.Kind {
		case pptpprobe.HoldEstablished:
			up = r.Session
		case pptpprobe.HoldChecked:
			if rounds = append(rounds, r.Checks); len(rounds) == 4 {
				cancel()
			}
		}
	})
	target.Checks = append(target.Checks, pptpprobe.Check{
		Kind: pptpprobe.CheckICMP, Address: netip.MustParseAddr("198.51.100.7"), Count: 1, Timeout: 200 * time.Millisecond, Name: "nobody",
	})
	gw.SetFaults(gateway.Faults{BeyondSilent: true})
	r := probe.Run(ctx, target)
	require.Nil(t, r.Failure, describe(r))
	assert.Equal(t, 1, kinds[pptpprobe.HoldEstablished])
	assert.NotZero(t, kinds[pptpprobe.HoldReauthenticated])
	assert.NotZero(t, kinds[pptpprobe.HoldStatusReport])
	assert.Zero(t, kinds[pptpprobe.HoldLost])
	require.NotNil(t, up)
	app, ok := up.Stage(pptpprobe.StageApp)
	require.True(t, ok)
	assert.Equal(t, pptpprobe.OutcomeFailed, app.Outcome, "a check failed, not the session")
	require.Len(t, up.Checks, 2)
	assert.Equal(t, ppp.MPPERequire, r.Target.MPPE.Mode)
	for _, checks := range rounds {
		require.Len(t, checks, 2)
		assert.Nil(t, checks[0].Failure)
		require.NotNil(t, checks[1].Failure)
		assert.Equal(t, pptpprobe.CauseAppBeyondUnreachable, checks[1].Failure.Cause)
	}
	require.NotNil(t, r.Hold)
	assert.Equal(t, 4, r.Hold.Checks)
	assert.Equal(t, 4, r.Hold.ChecksFailed)
	assert.Len(t, r.Checks, 2, "the last round")
	apps := 0
	for _, st := range r.Stages {
		if st.Stage == pptpprobe.StageApp {
			apps++
		}
	}
	assert.Equal(t, 1, apps, "the stages do not grow with the rounds")
	require.Eventually(t, func() bool { return gw.Stats().ActiveSessions == 0 }, 5*time.Second, 10*time.Millisecond)
	assert.Equal(t, gw.Stats().Closed, gw.Stats().ClosedClean)
}

// TestHoldReplacedByGateway: two sessions of one user where the gateway allows one.
func TestHoldReplacedByGateway(t *testing.T) {
	privilege.RawGRE(t)
	gw := startGateway(t, gateway.Config{
		Listen: netip.MustParseAddrPort("127.0.80.101:1723"), MPPE: gateway.MPPEConfig{Mode: gateway.MPPERequire},
		Faults: gateway.Faults{ReplaceSession: true},
	})
	probe := pptpprobe.New(pptpprobe.Options{})
	t.Cleanup(func() { assert.NoError(t, probe.Close()) })
	up := make(chan struct{})
	done := make(chan *pptpprobe.Result, 1)
	first := holdTarget(gw.Addr(), func(r pptpprobe.HoldReport) {
		if r.Kind == pptpprobe.HoldEstablished {
			close(up)
		}
	})
	go func() { done <- probe.Run(context.Background(), first) }()
	<-up
	second := holdTarget(gw.Addr(), nil)
	second.Hold = nil
	require.Nil(t, probe.Run(context.Background(), second).Failure)
	r := <-done
	require.NotNil(t, r.Failure)
	assert.Equal(t, pptpprobe.CauseHoldReplaced, r.Failure.Cause, describe(r))
}
