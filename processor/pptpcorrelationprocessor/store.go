package pptpcorrelationprocessor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelcol-pptp/otelcol-pptp/health"
)

// What is kept. The state of the engine and the events that it led to are written in one batch before the
// events are passed on, and the events are deleted after that. So a crash loses none: those that
// were not passed on are found at the next start, with the same incident ids. Only a crash between passing on
// and deleting makes them come twice, word for word.
const (
	keyState   = "state"
	keyPending = "pending"
	keyWindows = "windows" // names of those from the file: the file may have changed meanwhile
)

// store keeps what a restart must not lose.
type store struct {
	client storage.Client // nil: nothing is kept
	broken bool           // saving failed the last time
}

// open finds the storage that is configured, if any, and takes up what is in it. That nothing can be read from
// it is said, and no reason to stop.
func (c *correlator) open(ctx context.Context, host component.Host) error {
	id := c.cfg.Storage
	if id == nil {
		return nil
	}
	ext, ok := host.GetExtensions()[*id]
	if !ok {
		return fmt.Errorf("storage: extension %q does not run; add it to service::extensions, or leave storage out", id)
	}
	s, ok := ext.(storage.Extension)
	if !ok {
		return fmt.Errorf("storage: extension %q stores nothing; use for example file_storage", id)
	}
	client, err := s.GetClient(ctx, component.KindProcessor, c.id, "")
	if err != nil {
		return fmt.Errorf("storage: opening %q: %w", id, err)
	}
	c.store.client = client
	if err := c.load(ctx); err != nil {
		c.telemetry.failed(failedLoad)
		c.logger.Warn("Starting without what was kept: incidents that are open are opened anew", zap.Error(err))
	}
	return nil
}

// load takes up what was kept.
func (c *correlator) load(ctx context.Context) error {
	state, pending, windows := storage.GetOperation(keyState), storage.GetOperation(keyPending), storage.GetOperation(keyWindows)
	if err := c.store.client.Batch(ctx, state, pending, windows); err != nil {
		return fmt.Errorf("storage: reading %q: %w", c.cfg.Storage, err)
	}
	var errs []error
	if len(pending.Value) > 0 {
		var u plog.ProtoUnmarshaler
		ld, err := u.UnmarshalLogs(pending.Value)
		if err != nil {
			errs = append(errs, fmt.Errorf("storage: events: %w", err))
		} else if ld.LogRecordCount() > 0 {
			c.pending = append(c.pending, ld)
			c.count()
		}
	}
	if len(state.Value) == 0 {
		return errors.Join(errs...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.engine.Load(bytes.NewReader(state.Value), time.Now()); err != nil {
		return errors.Join(append(errs, fmt.Errorf("storage: %w", err))...)
	}
	var names []string
	if err := json.Unmarshal(windows.Value, &names); err == nil {
		for _, name := range names {
			c.windows[name] = true
		}
	}
	c.engine.Verdicts(func(v health.Verdict) bool {
		c.verdicts.set(&v)
		return true
	})
	return errors.Join(errs...)
}

// save keeps the state of the engine and the events that wait.
func (c *correlator) save(ctx context.Context) {
	if c.store.client == nil {
		return
	}
	err := c.saveState(ctx)
	if err != nil && ctx.Err() != nil {
		return // ended while it saved; the end saves again
	}
	switch {
	case err != nil:
		c.telemetry.failed(failedSave)
		if !c.store.broken {
			c.logger.Warn("Incidents will be opened anew after a restart", zap.Error(fmt.Errorf("storage: writing %q: %w", c.cfg.Storage, err)))
		}
	case c.store.broken:
		c.logger.Info("Storage works again")
	}
	c.store.broken = err != nil
}

func (c *correlator) saveState(ctx context.Context) error {
	var b bytes.Buffer
	c.mu.Lock()
	err := c.engine.Save(&b)
	names := make([]string, 0, len(c.windows))
	for name := range c.windows {
		names = append(names, name)
	}
	c.mu.Unlock()
	if err != nil {
		return err
	}
	windows, err := json.Marshal(names)
	if err != nil {
		return err
	}
	var m plog.ProtoMarshaler
	pending, err := m.MarshalLogs(c.waiting())
	if err != nil {
		return err
	}
	return c.store.client.Batch(ctx, storage.SetOperation(keyState, b.Bytes()),
		storage.SetOperation(keyPending, pending), storage.SetOperation(keyWindows, windows))
}

// forgetTold deletes the events that were passed on.
func (c *correlator) forgetTold(ctx context.Context) {
	if c.store.client == nil {
		return
	}
	if err := c.store.client.Delete(context.WithoutCancel(ctx), keyPending); err != nil {
		c.telemetry.failed(failedSave)
		c.logger.Warn("Events that were passed on come again after a restart", zap.Error(fmt.Errorf("storage: %w", err)))
	}
}

func (s *store) close(ctx context.Context) error {
	if s.client == nil {
		return nil
	}
	client := s.client
	s.client = nil
	if err := client.Close(ctx); err != nil {
		return fmt.Errorf("storage: closing: %w", err)
	}
	return nil
}
