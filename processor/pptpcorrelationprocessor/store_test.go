package pptpcorrelationprocessor

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
)

// memory is a storage extension that lives as long as the test.
type memory struct {
	component.Component
	mu   sync.Mutex
	data map[string][]byte
	fail error
}

func (m *memory) Start(context.Context, component.Host) error { return nil }
func (m *memory) Shutdown(context.Context) error              { return nil }
func (m *memory) Close(context.Context) error                 { return nil }
func (m *memory) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return m, nil
}

func (m *memory) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	return op.Value, m.Batch(ctx, op)
}

func (m *memory) Set(ctx context.Context, key string, value []byte) error {
	return m.Batch(ctx, storage.SetOperation(key, value))
}

func (m *memory) Delete(ctx context.Context, key string) error {
	return m.Batch(ctx, storage.DeleteOperation(key))
}

func (m *memory) Batch(_ context.Context, ops ...*storage.Operation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	for _, op := range ops {
		switch {
		case op.Type == storage.Get:
			op.Value = m.data[op.Key]
		case op.Type == storage.Set:
			m.data[op.Key] = op.Value
		default:
			delete(m.data, op.Key)
		}
	}
	return nil
}

func (m *memory) copy() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &memory{data: maps.Clone(m.data)}
}

type storageHost struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h *storageHost) GetExtensions() map[component.ID]component.Component { return h.extensions }

var storageID = component.MustNewID("memory")

func hostWith(m *memory) component.Host {
	return &storageHost{componenttest.NewNopHost(), map[component.ID]component.Component{storageID: m}}
}

func storedConfig() *Config {
	cfg := testConfig()
	cfg.Gateways = cfg.Gateways[:1]
	id := storageID
	cfg.Storage = &id
	return cfg
}

// refused lets sessions fail for a while.
func (r *rig) refused(rounds int) {
	for range rounds {
		pass(9 * time.Second)
		r.probe("vpn-1", "lon", "tcp.refused", "tcp")
		r.probe("vpn-1", "ams", "tcp.refused", "tcp")
		pass(time.Second)
	}
}

func opened(list []plog.LogRecord) (ids []string) {
	for _, lr := range list {
		if lr.EventName() == "pptp.gateway.incident.opened" {
			ids = append(ids, attr(lr, "pptp.incident.id"))
		}
	}
	return ids
}

func TestIncidentSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{data: make(map[string][]byte)}
		r := newRig(t, storedConfig(), hostWith(m))
		r.refused(6)
		before := opened(r.events())
		require.Len(t, before, 1)
		killed := m.copy() // what a kill leaves: nothing is written at the end
		r.stop()

		again := newRig(t, storedConfig(), hostWith(killed))
		again.refused(6)
		assert.Empty(t, opened(again.events()), "it is not opened twice")
		for range 30 {
			pass(10 * time.Second)
			again.probe("vpn-1", "lon", "", "")
			again.probe("vpn-1", "ams", "", "")
		}
		synctest.Wait()
		last := again.events()[len(again.events())-1]
		assert.Equal(t, "pptp.gateway.incident.closed", last.EventName())
		assert.Equal(t, before[0], attr(last, "pptp.incident.id"))
		again.stop()
	})
}

// TestKilledBeforeTheEventsWerePassedOn: they were kept before, and come with the next start, as they were.
func TestKilledBeforeTheEventsWerePassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{data: make(map[string][]byte)}
		r := newRig(t, storedConfig(), hostWith(m))
		r.logsSink.refuse(errors.New("the exporter is stuck"))
		r.refused(6)
		require.Empty(t, r.events())
		killed := m.copy()
		r.stop()

		again := newRig(t, storedConfig(), hostWith(killed))
		again.refused(3)
		ids := opened(again.events())
		require.Len(t, ids, 1, "not lost")
		again.stop()
		assert.Len(t, opened(again.events()), 1, "and told once")

		third := newRig(t, storedConfig(), hostWith(killed.copy()))
		third.refused(3)
		assert.Empty(t, opened(third.events()), "and not again after the next restart")
		third.stop()
	})
}

func TestStorageThatFails(t *testing.T) {
	for name, m := range map[string]*memory{
		"fails":            {fail: errors.New("no space left")},
		"holds garbage":    {data: map[string][]byte{keyState: []byte("{"), keyPending: []byte("x"), keyWindows: []byte("[")}},
		"holds an old one": {data: map[string][]byte{keyState: []byte(`{"schema":0}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, storedConfig(), hostWith(m))
				r.refused(6)
				assert.Len(t, opened(r.events()), 1, "it goes on without")
				r.stop()
			})
		})
	}
}

func TestStorageIsNamedInErrors(t *testing.T) {
	r, err := startOne(t, storedConfig(), componenttest.NewNopHost())
	require.ErrorContains(t, err, `storage: extension "memory" does not run`)
	require.NoError(t, r.Shutdown(t.Context()))
	host := &storageHost{componenttest.NewNopHost(), map[component.ID]component.Component{storageID: struct{ component.Component }{}}}
	r, err = startOne(t, storedConfig(), host)
	require.ErrorContains(t, err, `stores nothing`)
	require.NoError(t, r.Shutdown(t.Context()))
}
