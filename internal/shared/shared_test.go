package shared

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
)

type config struct{ _ int }

type instance struct {
	startErr, stopErr error
	starts, stops     int
	host              component.Host
}

func (i *instance) Start(_ context.Context, h component.Host) error {
	i.starts++
	i.host = h
	return i.startErr
}

func (i *instance) Shutdown(context.Context) error {
	i.stops++
	return i.stopErr
}

// reportingHost remembers the status events it is told.
type reportingHost struct {
	component.Host
	mu   sync.Mutex
	seen []componentstatus.Status
}

func newHost() *reportingHost { return &reportingHost{Host: componenttest.NewNopHost()} }

func (h *reportingHost) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen = append(h.seen, e.Status())
}

func TestOneInstancePerKey(t *testing.T) {
	var m Map[*config, *instance]
	a, b := &config{}, &config{}
	created := 0
	create := func() (*instance, error) { created++; return &instance{}, nil }

	first, err := m.LoadOrCreate(a, create)
	require.NoError(t, err)
	second, err := m.LoadOrCreate(a, create)
	require.NoError(t, err)
	other, err := m.LoadOrCreate(b, create)
	require.NoError(t, err)

	assert.Same(t, first, second)
	assert.NotSame(t, first, other)
	assert.Equal(t, 2, created)
	assert.Equal(t, 2, m.Len())
}

func TestCreateErrorStoresNothing(t *testing.T) {
	var m Map[*config, *instance]
	boom := errors.New("boom")
	_, err := m.LoadOrCreate(&config{}, func() (*instance, error) { return nil, boom })
	require.ErrorIs(t, err, boom)
	assert.Zero(t, m.Len())
}

func TestStartsAndStopsOnce(t *testing.T) {
	var m Map[*config, *instance]
	in := &instance{}
	c, err := m.LoadOrCreate(&config{}, func() (*instance, error) { return in, nil })
	require.NoError(t, err)
	assert.Same(t, in, c.Unwrap())

	metrics, logs := newHost(), newHost()
	require.NoError(t, c.Start(t.Context(), metrics))
	require.NoError(t, c.Start(t.Context(), logs))
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()), "a host that takes no status")
	assert.Equal(t, 1, in.starts)

	require.NoError(t, c.Shutdown(t.Context()))
	require.NoError(t, c.Shutdown(t.Context()))
	assert.Equal(t, 1, in.stops)
	assert.Zero(t, m.Len())

	want := []componentstatus.Status{componentstatus.StatusStarting, componentstatus.StatusStopping, componentstatus.StatusStopped}
	assert.Equal(t, want, metrics.seen)
	assert.Equal(t, want, logs.seen, "the second pipeline is told what it missed")
}

func TestStartErrorReachesEveryPipeline(t *testing.T) {
	var m Map[*config, *instance]
	boom := errors.New("boom")
	c, err := m.LoadOrCreate(&config{}, func() (*instance, error) { return &instance{startErr: boom}, nil })
	require.NoError(t, err)

	metrics, logs := newHost(), newHost()
	require.ErrorIs(t, c.Start(t.Context(), metrics), boom)
	require.ErrorIs(t, c.Start(t.Context(), logs), boom)
	want := []componentstatus.Status{componentstatus.StatusStarting, componentstatus.StatusPermanentError}
	assert.Equal(t, want, metrics.seen)
	assert.Equal(t, want, logs.seen)
	require.NoError(t, c.Shutdown(t.Context()))
}

func TestShutdownWithoutStartLeavesTheMap(t *testing.T) {
	var m Map[*config, *instance]
	in := &instance{}
	key := &config{}
	c, err := m.LoadOrCreate(key, func() (*instance, error) { return in, nil })
	require.NoError(t, err)
	require.NoError(t, c.Shutdown(t.Context()))
	assert.Equal(t, 1, in.stops)
	assert.Zero(t, m.Len())

	again, err := m.LoadOrCreate(key, func() (*instance, error) { return &instance{}, nil })
	require.NoError(t, err)
	assert.NotSame(t, c, again)
}

func TestShutdownErrorIsReported(t *testing.T) {
	var m Map[*config, *instance]
	boom := errors.New("boom")
	c, err := m.LoadOrCreate(&config{}, func() (*instance, error) { return &instance{stopErr: boom}, nil })
	require.NoError(t, err)
	host := newHost()
	require.NoError(t, c.Start(t.Context(), host))
	require.ErrorIs(t, c.Shutdown(t.Context()), boom)
	assert.Equal(t, componentstatus.StatusPermanentError, host.seen[len(host.seen)-1])
}

func TestStatusFansOutAndReplayIsBounded(t *testing.T) {
	var m Map[*config, *instance]
	in := &instance{}
	c, err := m.LoadOrCreate(&config{}, func() (*instance, error) { return in, nil })
	require.NoError(t, err)
	metrics := newHost()
	require.NoError(t, c.Start(t.Context(), metrics))
	for range 2 * replayed {
		componentstatus.ReportStatus(in.host, componentstatus.NewRecoverableErrorEvent(errors.New("x")))
		componentstatus.ReportStatus(in.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
	late := newHost()
	require.NoError(t, c.Start(t.Context(), late))
	assert.Len(t, metrics.seen, 1+4*replayed)
	assert.Equal(t, metrics.seen[len(metrics.seen)-replayed:], late.seen)
	assert.Empty(t, in.host.GetExtensions(), "the host's other methods are passed through")
	require.NoError(t, c.Shutdown(t.Context()))
}
