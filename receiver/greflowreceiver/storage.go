package greflowreceiver

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// templatesKey is where the templates are kept.
const templatesKey = "templates"

// keeper keeps the templates of exporters over a restart: some send them every
// half hour only, and their data cannot be read until then.
type keeper struct {
	client storage.Client // nil: nothing is kept
}

// open finds the storage that is configured, if any, and gives the engine what
// is in it. That nothing can be read from it is said, and no reason to stop.
func (k *keeper) open(ctx context.Context, r *flowReceiver, host component.Host, now time.Time) error {
	id := r.cfg.Storage
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
	var err error
	if k.client, err = s.GetClient(ctx, component.KindReceiver, r.id, ""); err != nil {
		return fmt.Errorf("storage: opening %q: %w", id, err)
	}
	saved, err := k.client.Get(ctx, templatesKey)
	if err == nil && len(saved) > 0 {
		err = r.engine.Load(bytes.NewReader(saved), now)
	}
	if err != nil {
		r.logger.Warn("Starting without the templates that were kept: data is read when exporters send theirs", zap.Error(err))
	}
	return nil
}

// save keeps what the engine knows now.
func (k *keeper) save(ctx context.Context, r *flowReceiver) {
	if k.client == nil {
		return
	}
	var b bytes.Buffer
	err := r.engine.Save(&b)
	if err == nil {
		err = k.client.Set(ctx, templatesKey, b.Bytes())
	}
	if err != nil {
		err = fmt.Errorf("storage: keeping templates in %q: %w", r.cfg.Storage, err)
		r.logger.Warn("Templates will be missing after a restart", zap.Error(err))
	}
	r.status.set(faultStorage, err)
}

func (k *keeper) close(ctx context.Context) error {
	if k.client == nil {
		return nil
	}
	if err := k.client.Close(ctx); err != nil {
		return fmt.Errorf("storage: closing: %w", err)
	}
	return nil
}
