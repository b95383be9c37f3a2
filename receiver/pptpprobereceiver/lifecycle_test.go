package pptpprobereceiver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-pptp/otelcol-pptp/pptpprobe"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/pptpprobereceiver/internal/metadata"
)

func TestStatusOnlyWhenItChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		results := []func() *pptpprobe.Result{goodResult, goodResult, permissionResult, permissionResult, greResult, goodResult, permissionResult}
		probe := &fakeProber{results: func(n int, _ pptpprobe.Target) *pptpprobe.Result { return results[n]() }}
		r, err := probe.factory().CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type),
			targets(defaultConfig(), "vpn1.example.com"), consumertest.NewNop())
		require.NoError(t, err)
		host := newStatusHost()
		require.NoError(t, r.Start(t.Context(), host))
		pass(time.Duration(len(results)) * time.Minute)
		require.NoError(t, r.Shutdown(t.Context()))
		assert.Equal(t, []componentstatus.Status{
			componentstatus.StatusStarting,
			componentstatus.StatusOK,
			componentstatus.StatusRecoverableError,
			componentstatus.StatusOK, // the gateway fails, but this host can probe again
			componentstatus.StatusRecoverableError,
			componentstatus.StatusStopping, componentstatus.StatusStopped,
		}, host.statuses())
		assert.ErrorContains(t, host.events[2].Err(), pptpprobe.PrivilegeHint())
		assert.ErrorContains(t, host.events[2].Err(), "vpn1.example.com")
	})
}

func TestShutdownEndsSessionsWithoutReportingThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := always(goodResult)
		probe.takes = 20 * time.Second
		var logs consumertest.LogsSink
		r, err := probe.factory().CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type),
			targets(defaultConfig(), "vpn1.example.com"), &logs)
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
		pass(10 * time.Second)
		require.NoError(t, r.Shutdown(t.Context()))
		require.NoError(t, r.Shutdown(t.Context()), "twice")
		assert.Empty(t, logs.AllLogs(), "our shutdown is not the gateway's failure")
		_, closed := probe.count()
		assert.Equal(t, 1, closed)
	})
}

// stubborn ends its sessions only when it is told to.
type stubborn struct {
	fakeProber
	release chan struct{}
}

func (s *stubborn) Run(context.Context, pptpprobe.Target) *pptpprobe.Result {
	<-s.release
	return goodResult()
}

func TestShutdownHonoursItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := &stubborn{release: make(chan struct{})}
		f := newFactory(newProbePool(func() prober { return probe }))
		var logs consumertest.LogsSink
		r, err := f.CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), targets(defaultConfig(), "vpn1.example.com"), &logs)
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
		pass(10 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, r.Shutdown(ctx), context.DeadlineExceeded)
		_, closed := probe.count()
		assert.Zero(t, closed, "not while a session uses it")

		close(probe.release)
		synctest.Wait()
		_, closed = probe.count()
		assert.Equal(t, 1, closed)
		assert.Empty(t, logs.AllLogs(), "nothing is passed on after Shutdown")
	})
}

func TestShutdownWithoutStart(t *testing.T) {
	f := always(goodResult).factory()
	r, err := f.CreateTraces(t.Context(), receivertest.NewNopSettings(metadata.Type), targets(defaultConfig(), "vpn1.example.com"), consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, r.Shutdown(t.Context()))
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestProbeIsSharedByAllReceivers(t *testing.T) {
	created := 0
	probe := always(goodResult)
	pool := newProbePool(func() prober { created++; return probe })
	a, releaseA := pool.acquire()
	b, releaseB := pool.acquire()
	assert.Same(t, a, b)
	require.NoError(t, releaseA())
	_, closed := probe.count()
	assert.Zero(t, closed)
	require.NoError(t, releaseB())
	_, closed = probe.count()
	assert.Equal(t, 1, closed)

	_, release := pool.acquire()
	assert.Equal(t, 2, created, "a new one after the last was given back")
	require.NoError(t, release())
}
