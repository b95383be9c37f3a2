package greflowreceiver

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/flow"
	"github.com/otelcol-pptp/otelcol-pptp/receiver/greflowreceiver/internal/metadata"
	"github.com/otelcol-pptp/otelcol-pptp/testbed/flowexport"
)

// memory is a storage extension, and its one client.
type memory struct {
	storage.Client // a nop client, for what is not used
	mu             sync.Mutex
	data           map[string][]byte
	opening, err   error
	closed         int
}

func (*memory) Start(context.Context, component.Host) error { return nil }
func (*memory) Shutdown(context.Context) error              { return nil }

func (m *memory) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return m, m.opening
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.data[key], m.err
}

func (m *memory) Set(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.data[key] = value
	}
	return m.err
}

func (m *memory) Close(context.Context) error {
	m.closed++
	return m.err
}

type notStorage struct{ component.Component }

func newStored(t *testing.T, ext component.Component) (*flowReceiver, *statusHost) {
	t.Helper()
	cfg := loopback()
	id := component.MustNewID("file_storage")
	cfg.Storage, cfg.SaveInterval = &id, time.Hour
	r, err := newFlowReceiver(receivertest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	host := &statusHost{}
	if ext != nil {
		host.extensions = map[component.ID]component.Component{id: ext}
	}
	return r, host
}

func TestTemplatesOutliveTheReceiver(t *testing.T) {
	m := &memory{data: map[string][]byte{}}
	x := flowexport.Exporter{Version: flow.NetFlow9, Boot: time.Now().Add(-time.Hour)}
	r, host := newStored(t, m)
	require.NoError(t, r.Start(t.Context(), host))
	r.ingest(router, time.Now(), x.Template(nil, time.Now()))
	require.NoError(t, r.Shutdown(t.Context()))
	assert.NotEmpty(t, m.data[templatesKey])

	r, host = newStored(t, m)
	require.NoError(t, r.Start(t.Context(), host))
	now := time.Now()
	r.ingest(router, now, x.Datagram(nil, now, tunnel(1).Flows(nil, now.Add(-time.Minute), now)))
	s := r.engine.Stats()
	assert.Equal(t, uint64(4), s.Detect.Records)
	assert.Zero(t, s.NetFlow.TemplateMisses)
	require.NoError(t, r.Shutdown(t.Context()))
	assert.Equal(t, 2, m.closed)
	assert.NotContains(t, host.statuses(), componentstatus.StatusRecoverableError)
}

func TestStorageThatCannotBeOpened(t *testing.T) {
	tests := []struct {
		name string
		ext  component.Component
		want string
	}{
		{"no extension", nil, `storage: extension "file_storage" does not run; add it to service::extensions, or leave storage out`},
		{"no storage", notStorage{}, `storage: extension "file_storage" stores nothing; use for example file_storage`},
		{"not opened", &memory{opening: assert.AnError}, `storage: opening "file_storage": ` + assert.AnError.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, host := newStored(t, tt.ext)
			require.EqualError(t, r.Start(t.Context(), host), tt.want)
			require.NoError(t, r.Shutdown(t.Context()))
		})
	}
}

// What is kept may be damaged, and the disk full: that is told, and no more.
func TestStorageThatFails(t *testing.T) {
	core, said := observer.New(zap.WarnLevel)
	m := &memory{data: map[string][]byte{templatesKey: []byte("of another program")}}
	r, host := newStored(t, m)
	r.logger = zap.New(core)
	require.NoError(t, r.Start(t.Context(), host))
	assert.Equal(t, 1, said.FilterMessageSnippet("Starting without the templates").Len())

	m.mu.Lock()
	m.err = storage.ErrStorageFull
	m.mu.Unlock()
	r.templates.save(t.Context(), r)
	r.templates.save(t.Context(), r)
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, host.statuses())
	assert.Equal(t, 2, said.FilterMessageSnippet("Templates will be missing").Len())
	m.mu.Lock()
	m.err = nil
	m.mu.Unlock()
	r.templates.save(t.Context(), r)
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, host.statuses())
	m.err = assert.AnError
	require.ErrorContains(t, r.Shutdown(t.Context()), "storage: closing: ")
}
