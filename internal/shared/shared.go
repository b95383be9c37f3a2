// Package shared lets one instance of a component serve several signals.
//
// The collector creates a receiver once per signal, but hands the same
// configuration pointer to every creation of the same component id. A [Map]
// keyed by that pointer returns one [Component] for all of them: it is started
// once, stopped once, and its status reaches every pipeline it is part of.
package shared

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// replayed is how many status events a pipeline that starts later is told.
const replayed = 5

// Map holds the live instances by key. It is safe for concurrent use. The zero
// value is ready.
type Map[K comparable, V component.Component] struct {
	mu sync.Mutex
	m  map[K]*Component[V]
}

// LoadOrCreate returns the instance of key, created by create if there is none.
// An error of create is returned and nothing is stored.
func (m *Map[K, V]) LoadOrCreate(key K, create func() (V, error)) (*Component[V], error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.m[key]; ok {
		return c, nil
	}
	v, err := create()
	if err != nil {
		return nil, err
	}
	c := &Component[V]{inner: v, remove: func() { m.remove(key) }}
	if m.m == nil {
		m.m = make(map[K]*Component[V])
	}
	m.m[key] = c
	return c, nil
}

// Len returns how many instances are alive.
func (m *Map[K, V]) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.m)
}

func (m *Map[K, V]) remove(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.m, key)
}

// Component starts and stops an instance exactly once, however many pipelines
// share it. It is safe for concurrent use.
type Component[V component.Component] struct {
	inner  V
	remove func()

	mu       sync.Mutex
	host     *fanoutHost // nil: not started
	startErr error
	stopped  bool
}

// Unwrap returns the instance.
func (c *Component[V]) Unwrap() V { return c.inner }

// Start starts the instance with the first call. Later calls add their host to
// those that are told the status, and return what the first start returned: a
// pipeline must not believe that it runs when the shared instance does not.
func (c *Component[V]) Start(ctx context.Context, host component.Host) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.host != nil {
		c.host.add(host)
		return c.startErr
	}
	c.host = &fanoutHost{Host: host}
	c.host.add(host)
	// Reported here and not by the service, which would report it for the first
	// pipeline only.
	c.host.Report(componentstatus.NewEvent(componentstatus.StatusStarting))
	if c.startErr = c.inner.Start(ctx, c.host); c.startErr != nil {
		c.host.Report(componentstatus.NewPermanentErrorEvent(c.startErr))
	}
	return c.startErr
}

// Shutdown stops the instance with the first call, started or not, and removes
// it from its map, so that a later creation with the same key begins anew. For
// a receiver the first call is the right one: receivers are stopped before all
// that is downstream of them.
func (c *Component[V]) Shutdown(ctx context.Context) error {
	c.mu.Lock()
	if c.stopped {
		c.mu.Unlock()
		return nil
	}
	c.stopped = true
	host := c.host
	c.mu.Unlock()

	c.remove()
	if host == nil {
		return c.inner.Shutdown(ctx)
	}
	host.Report(componentstatus.NewEvent(componentstatus.StatusStopping))
	err := c.inner.Shutdown(ctx)
	if err != nil {
		host.Report(componentstatus.NewPermanentErrorEvent(err))
	} else {
		host.Report(componentstatus.NewEvent(componentstatus.StatusStopped))
	}
	return err
}

// fanoutHost passes the status of one instance to all its pipelines.
type fanoutHost struct {
	component.Host

	mu        sync.Mutex
	reporters []componentstatus.Reporter
	last      []*componentstatus.Event
}

var _ componentstatus.Reporter = (*fanoutHost)(nil)

// Report implements [componentstatus.Reporter].
func (h *fanoutHost) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.last) == replayed {
		h.last = append(h.last[:0], h.last[1:]...)
	}
	h.last = append(h.last, e)
	for _, r := range h.reporters {
		r.Report(e)
	}
}

// add lets host, if it wants status, see the last events and all that follow.
func (h *fanoutHost) add(host component.Host) {
	r, ok := host.(componentstatus.Reporter)
	if !ok {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.last {
		r.Report(e)
	}
	h.reporters = append(h.reporters, r)
}
